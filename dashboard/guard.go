package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// guardedMux is the only way to serve a route: it puts the authorisation table
// before every handler and remembers what was registered.
type guardedMux struct {
	d      *Dashboard
	mux    *http.ServeMux
	table  map[string]access.Route
	served map[string]bool
	errs   []error
}

func newGuardedMux(d *Dashboard) *guardedMux {
	g := &guardedMux{d: d, mux: http.NewServeMux(), table: map[string]access.Route{}, served: map[string]bool{}}
	for _, r := range access.Routes() {
		g.table[r.Pattern()] = r
	}
	return g
}

// HandleFunc serves the pattern, which must be in the table.
func (g *guardedMux) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	route, ok := g.table[pattern]
	if !ok {
		g.errs = append(g.errs, fmt.Errorf("route %q is not in the authorisation table", pattern))
		return
	}
	g.served[pattern] = true
	g.mux.HandleFunc(pattern, g.d.guard(route, h))
}

func (g *guardedMux) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

// check finds routes of the table that nobody serves.
func (g *guardedMux) check(optional bool) error {
	errs := g.errs
	for pattern, route := range g.table {
		if !g.served[pattern] && (optional || !route.Optional) {
			errs = append(errs, fmt.Errorf("route %q of the authorisation table is not served", pattern))
		}
	}
	return errors.Join(errs...)
}

// noSuchAPI answers what no route of the API matches: 405 when the path exists
// for another method.
func (g *guardedMux) noSuchAPI(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
		try := r.Clone(r.Context())
		try.Method = method
		if _, pattern := g.mux.Handler(try); pattern != "/api/" && pattern != "/" {
			allowed = append(allowed, method)
		}
	}
	if len(allowed) > 0 {
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writeProblem(w, newProblem(http.StatusMethodNotAllowed, fmt.Sprintf("%s: only %s is possible here", r.Method, strings.Join(allowed, ", "))))
		return
	}
	writeProblem(w, newProblem(http.StatusNotFound, "there is nothing at this address"))
}

// guard lets through who may use the route.
func (d *Dashboard) guard(route access.Route, next http.HandlerFunc) http.HandlerFunc {
	if route.Reach == access.Public {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if d.isCanary(route, r) {
			next(w, r.WithContext(access.With(r.Context(), &access.Caller{User: canaryUser})))
			return
		}
		c, err := d.identify(r)
		if err != nil {
			if p, ok := errors.AsType[*Problem](d.problem(r.Context(), route.Operation, err)); ok {
				if p.Status == http.StatusUnauthorized {
					w.Header().Set("WWW-Authenticate", `Bearer realm="shouwang"`)
				}
				writeProblem(w, p)
			}
			return
		}
		if !c.MayUse(route) {
			writeProblem(w, newProblem(http.StatusForbidden, fmt.Sprintf("%s is not open to the role %s", route.Operation, c.Role)))
			return
		}
		if !route.OpenTo(c) {
			writeProblem(w, notForTokens(route))
			return
		}
		if c.MustEnrol && !route.Settles() {
			p := newProblem(http.StatusForbidden, "an authenticator app must be set up first")
			p.Code = "totp_enrolment"
			writeProblem(w, p)
			return
		}
		if c.ReadOnly && r.Method != http.MethodGet && r.Method != http.MethodHead {
			writeProblem(w, newProblem(http.StatusForbidden, "this token may only read"))
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		next(w, r.WithContext(access.With(r.Context(), c)))
	}
}

func notForTokens(route access.Route) *Problem {
	which := "tokens"
	if route.By == access.Whole {
		which = "a token that is narrowed or has an end"
	}
	return newProblem(http.StatusForbidden, route.Operation+" is for people who are signed in, not for "+which)
}

// cookieName holds the session's token.
const cookieName = "shouwang_session"

// identify finds out who calls: a bearer token where there is one, else the
// session cookie.
func (d *Dashboard) identify(r *http.Request) (*access.Caller, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		scheme, token, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" {
			return nil, newProblem(http.StatusUnauthorized, "Authorization: must be Bearer and a token")
		}
		return d.opts.Access.ByToken(r.Context(), strings.TrimSpace(token))
	}
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return nil, access.ErrNoSession
	}
	return d.opts.Access.BySession(r.Context(), cookie.Value)
}

func actor(ctx context.Context) alerting.Actor {
	c := caller(ctx)
	return alerting.Actor{User: c.User, Name: c.Name}
}

// audit writes what was done. The change itself is already durable, so that a
// failing audit log is reported and does not turn an acknowledged alert into
// an error on the operator's screen.
func (d *Dashboard) audit(ctx context.Context, action, object string, area devices.AreaPath, detail string) {
	user := ""
	if c := caller(ctx); c != nil {
		user = c.User
	}
	d.auditAs(ctx, user, action, object, area, detail)
}

// audited is a context whose next change is written together with its line of the
// audit log.
func (d *Dashboard) audited(ctx context.Context, action, object string, area devices.AreaPath, detail string) context.Context {
	e := access.Entry{Actor: caller(ctx).User, Action: action, Object: object, Area: area, Detail: cut(detail)}
	return d.opts.Access.Audited(ctx, e, func(err error) {
		d.log.Error().Err(err).Str("action", action).Str("object", object).Msg("audit line lost")
	})
}

func (d *Dashboard) auditAs(ctx context.Context, user, action, object string, area devices.AreaPath, detail string) {
	e := access.Entry{Actor: user, Action: action, Object: object, Area: area, Detail: cut(detail)}
	if err := d.opts.Access.Audit(context.WithoutCancel(ctx), e); err != nil {
		d.log.Error().Err(err).Str("action", action).Str("object", object).Msg("audit line lost")
	}
}
