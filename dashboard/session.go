package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"

	"shouwang/dashboard/access"
	"shouwang/devices"
)

// me is the signed-in user as the page sees it.
type me struct {
	Username  string             `json:"username"`
	Name      string             `json:"name"`
	Role      access.Role        `json:"role"`
	Areas     []devices.AreaPath `json:"areas" doc:"Roots of what the caller sees; an empty path is everything."`
	Provider  string             `json:"provider"`
	Vendor    string             `json:"vendor"`
	MustEnrol bool               `json:"must_enrol" doc:"An authenticator app must be set up before anything else."`
	// May lists operations, so that the page shows no button that would fail.
	May []string `json:"may" doc:"The operations open to the caller."`
}

func describe(c *access.Caller) me {
	m := me{Username: c.User, Name: c.Name, Role: c.Role, Areas: c.Scope.Areas, Provider: c.Scope.Provider, Vendor: c.Scope.Vendor, MustEnrol: c.MustEnrol, May: []string{}}
	for _, r := range access.Routes() {
		reads := r.Method == http.MethodGet || !c.ReadOnly
		if r.Reach != access.Public && c.MayUse(r) && r.OpenTo(c) && reads && (!c.MustEnrol || r.Settles()) {
			m.May = append(m.May, r.Operation)
		}
	}
	return m
}

type signIn struct {
	Body struct {
		Username string `json:"username" maxLength:"200"`
		Password string `json:"password"`
		Code     string `json:"code,omitempty" maxLength:"40" doc:"Of the authenticator app, or a recovery code: for accounts that have an app. Without it they are answered 401 with the code totp_required."`
	}
	remote, forwarded string
	plain             bool // came without TLS
}

// Resolve notes where the request comes from.
func (in *signIn) Resolve(ctx huma.Context) []error {
	in.remote, in.forwarded, in.plain = ctx.RemoteAddr(), ctx.Header("X-Forwarded-For"), ctx.TLS() == nil
	return nil
}

// address is the one that failed sign-ins count against; of IPv6 the network,
// of which every household has a whole one. A proxy says for whom it asks. Who
// comes without TLS is one if it is on this machine, or if TLS is to end before
// us; nobody else is believed.
func (in *signIn) address(proxied bool) string {
	peer, err := netip.ParseAddrPort(in.remote)
	if err != nil {
		return in.remote
	}
	addr := peer.Addr().Unmap()
	if in.plain && (proxied || addr.IsLoopback()) {
		last := in.forwarded[strings.LastIndexByte(in.forwarded, ',')+1:]
		if client, err := netip.ParseAddr(strings.TrimSpace(last)); err == nil {
			addr = client.Unmap()
		}
	}
	if addr.Is6() {
		network, _ := addr.WithZone("").Prefix(64)
		return network.String()
	}
	return addr.String()
}

type signedIn struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   me
}

type signedOut struct {
	Cookie http.Cookie `header:"Set-Cookie"`
}

// refusals counts sign-ins that were refused.
type refusals struct {
	total *prometheus.CounterVec
	// unknown are those with names no account has, since the last line of the
	// audit log about them: a line for each would let anybody fill the disk.
	unknown atomic.Int64
}

func newRefusals() *refusals {
	return &refusals{total: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "shouwang_dashboard_sign_in_refused_total", Help: "Sign-ins that were refused, by reason.",
	}, []string{"reason"})}
}

func (r *refusals) note(err error) {
	reason := "error"
	switch {
	case errors.Is(err, access.ErrNoAccount):
		reason = "name"
		r.unknown.Add(1)
	case errors.Is(err, access.ErrSignIn):
		reason = "password"
	case errors.Is(err, access.ErrBusy):
		reason = "busy"
	case errors.Is(err, access.ErrCodeNeeded):
		reason = "code_needed"
	case errors.Is(err, access.ErrCode):
		reason = "code"
	default:
		if _, ok := errors.AsType[*access.LockedError](err); ok {
			reason = "locked"
		}
	}
	r.total.WithLabelValues(reason).Inc()
}

// auditRefusals writes one line about all names that no account has.
func (d *Dashboard) auditRefusals(ctx context.Context) {
	if n := d.refused.unknown.Swap(0); n > 0 {
		d.auditAs(ctx, "", "sign-in-refused", "", "", fmt.Sprintf("%d with names that no account has", n))
	}
}

// statusBody is the answer of get-status.
type statusBody struct {
	Version    string     `json:"version"`
	Demo       bool       `json:"demo"`
	Now        time.Time  `json:"now" doc:"The service's clock."`
	DataAsOf   *time.Time `json:"data_as_of" doc:"Receipt time of the newest record that alerting has judged; null before the first."`
	LagSeconds float64    `json:"lag_seconds"`
	Connected  bool       `json:"connected" doc:"Whether ingest is connected to the broker."`
	Event      int64      `json:"event" doc:"The newest event's number."`
	Warnings   []Warning  `json:"warnings" nullable:"false" enum:"telemetry_refused,events_refused,store_damaged,messages_set_aside,canary_silent,notices_failed" doc:"What is wrong with the service itself; empty when nothing is."`
}

func (d *Dashboard) serveSession() {
	limit := func(op *huma.Operation) { op.MaxBodyBytes = 4 << 10 }
	add(d, "sign-in", "Sign in; sets the session cookie", func(ctx context.Context, in *signIn) (*signedIn, error) {
		token, c, err := d.opts.Access.SignIn(ctx, access.Try{
			Address: in.address(d.opts.SecureCookies), Username: in.Body.Username, Password: in.Body.Password, Code: in.Body.Code,
		})
		if err != nil {
			d.refused.note(err)
			if errors.Is(err, access.ErrSignIn) && !errors.Is(err, access.ErrNoAccount) {
				d.auditAs(ctx, in.Body.Username, "sign-in-refused", "", "", "wrong password")
			}
			if errors.Is(err, access.ErrCode) {
				d.auditAs(ctx, in.Body.Username, "sign-in-refused", "", "", "wrong code")
			}
			return nil, err
		}
		d.auditAs(ctx, c.User, "sign-in", c.User, "", "")
		return &signedIn{Cookie: d.cookie(token, 0), Body: describe(c)}, nil
	}, limit)
	add(d, "get-session", "Who is signed in", func(ctx context.Context, _ *struct{}) (*body[me], error) {
		return &body[me]{describe(caller(ctx))}, nil
	})
	add(d, "sign-out", "End the session", func(ctx context.Context, _ *struct{}) (*signedOut, error) {
		if err := d.opts.Access.SignOut(ctx, caller(ctx)); err != nil {
			return nil, err
		}
		d.audit(ctx, "sign-out", caller(ctx).User, "", "")
		return &signedOut{Cookie: d.cookie("", -1)}, nil
	}, status(http.StatusNoContent))
	add(d, "get-status", "How the service is doing, for the page", func(context.Context, *struct{}) (*body[statusBody], error) {
		s := d.opts.State()
		return &body[statusBody]{statusBody{
			Version: d.opts.Version, Demo: d.opts.Demo, Now: time.Now().UTC(), DataAsOf: orNil(s.AsOf),
			LagSeconds: s.Lag.Seconds(), Connected: s.Connected, Event: d.hub.newestEvent(),
			Warnings: append([]Warning{}, s.Warnings...),
		}}, nil
	})
}

// cookie holds the session's token until the browser closes; the store ends the
// session by its own clocks. A negative age deletes it.
func (d *Dashboard) cookie(token string, age int) http.Cookie {
	return http.Cookie{
		Name: cookieName, Value: token, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: d.opts.SecureCookies,
	}
}
