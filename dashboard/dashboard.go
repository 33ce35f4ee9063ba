package dashboard

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"shouwang/dashboard/access"
)

// Dashboard serves the API, the live view and the page.
type Dashboard struct {
	opts    Options
	log     zerolog.Logger
	mux     *guardedMux
	api     huma.API
	hub     *hub
	refused *refusals
	reads   *reads
	turning sync.Mutex // held while changes of state are followed up
	// seenCards are the visits whose cards were shown to whom today.
	seenCards daily
	tests     tests
	handler   http.Handler
}

// New puts the dashboard together; it starts nothing. It fails when a route is
// served that the authorisation table does not have, or the other way round.
func New(opts Options) (*Dashboard, error) {
	d := &Dashboard{opts: opts, log: opts.Log.With().Str("component", "dashboard").Logger(), refused: newRefusals(), reads: newReads()}
	if opts.Metrics != nil {
		if err := opts.Metrics.Register(d.refused.total); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	d.opts.Live = opts.Live.withDefaults()
	if d.opts.Unmasked == nil {
		d.opts.Unmasked = []access.Role{access.Administrator}
	}
	if d.opts.Presence == nil {
		d.opts.Presence = NewPresence()
	}
	if d.opts.State == nil {
		d.opts.State = func() State { return State{} }
	}
	var err error
	if d.hub, err = newHub(d); err != nil {
		return nil, err
	}
	d.mux = newGuardedMux(d)
	d.api = humago.New(d.mux, apiConfig())

	d.serveHealth()
	d.serveSession()
	d.serveFactor()
	d.serveAlerts()
	d.serveActions()
	d.serveCalls()
	d.serveVisits()
	d.serveRounds()
	d.serveReports()
	d.serveSilences()
	d.serveHandovers()
	d.serveField()
	d.serveResidents()
	d.serveResidentStates()
	d.serveReveal()
	d.serveConsents()
	d.serveDevices()
	d.serveRules()
	d.serveRoster()
	d.servePreview()
	d.serveRegistry()
	d.serveErasures()
	d.serveUsers()
	d.serveTelling()
	d.serveAckLink()
	d.serveAudit()
	if opts.Incidents != nil {
		d.serveIncidents()
	}
	d.mux.HandleFunc("GET /api/v1/live", d.serveLive)
	if err := d.servePage(); err != nil {
		return nil, err
	}
	finishOpenAPI(d.api.OpenAPI())
	if err := d.mux.check(opts.Incidents != nil); err != nil {
		return nil, err
	}

	crossSite := http.NewCrossOriginProtection()
	for _, origin := range opts.Origins {
		if err := crossSite.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("origins: %q: %w", origin, err)
		}
	}
	crossSite.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, newProblem(http.StatusForbidden, "a page of another site may not do this"))
	}))
	d.handler = d.withMetrics(secured(opts.SecureCookies, crossSite.Handler(mendTimes(d.mux))))
	return d, nil
}

// Handler answers all requests.
func (d *Dashboard) Handler() http.Handler { return d.handler }

// Server is an HTTP server for Handler with timeouts that fit it; the caller
// gives it a listener, and shuts it down before Run's context ends.
func (d *Dashboard) Server() *http.Server {
	return &http.Server{
		Handler:           d.handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute, // a registry import over a slow line
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
	}
}

// Run follows the event log for the live view and forgets old sessions, until
// the context ends; then all live connections are closed with 1001.
func (d *Dashboard) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.hub.run(ctx) })
	g.Go(func() error { return d.purge(ctx) })
	g.Go(func() error { return d.turns(ctx) })
	if err := g.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func (d *Dashboard) purge(ctx context.Context) error {
	every := time.NewTicker(time.Hour)
	defer every.Stop()
	defer d.auditRefusals(ctx)
	for {
		d.auditRefusals(ctx)
		if err := d.opts.Access.Purge(ctx); err != nil && ctx.Err() == nil {
			d.log.Error().Err(err).Msg("old sessions not forgotten")
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-every.C:
		}
	}
}

// withMetrics counts answers by class and measures how long they took. The
// live connection is left out: it lasts as long as the page is open.
func (d *Dashboard) withMetrics(next http.Handler) http.Handler {
	if d.opts.Metrics == nil {
		return next
	}
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "shouwang_dashboard_request_seconds", Help: "Time to answer an HTTP request, by class of status.",
		Buckets: []float64{.001, .005, .02, .1, .5, 2, 10},
	}, []string{"class"})
	d.opts.Metrics.MustRegister(seconds)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/live" {
			next.ServeHTTP(w, r)
			return
		}
		begin := time.Now()
		s := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(s, r)
		seconds.WithLabelValues(fmt.Sprintf("%dxx", s.status/100)).Observe(time.Since(begin).Seconds())
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// secured adds the headers that keep browsers from doing what the page never
// asks for. tls says that TLS ends before us.
func secured(tls bool, next http.Handler) http.Handler {
	const policy = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
		"media-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(self)")
		if tls || r.TLS != nil {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// caller is who makes the request.
func caller(ctx context.Context) *access.Caller { return access.From(ctx) }
