package dashboard

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// checkTimeout bounds one check of readiness.
const checkTimeout = 3 * time.Second

type readiness struct {
	Ready  bool              `json:"ready"`
	Checks map[string]string `json:"checks"` // "ok", or a sentence that anybody may read
}

func (d *Dashboard) serveHealth() {
	d.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	d.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		out := d.readiness(r.Context())
		status := http.StatusOK
		if !out.Ready {
			status = http.StatusServiceUnavailable
		}
		writeJSON(w, status, out)
	})
	gatherer := d.opts.Gatherer
	if gatherer == nil {
		gatherer = prometheus.NewRegistry()
	}
	metrics := promhttp.HandlerFor(gatherer, promhttp.HandlerOpts{})
	d.mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		if !d.mayScrape(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="metrics"`)
			writeProblem(w, newProblem(http.StatusUnauthorized, "metrics are open to this machine, or to the token of the settings"))
			return
		}
		metrics.ServeHTTP(w, r)
	})
	d.mux.HandleFunc("/api/", d.mux.noSuchAPI)
}

func (d *Dashboard) readiness(ctx context.Context) readiness {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	out := readiness{Ready: true, Checks: map[string]string{}}
	for _, c := range d.opts.Checks {
		out.Checks[c.Name] = "ok"
		if err := c.Ready(ctx); err != nil {
			out.Ready, out.Checks[c.Name] = false, "not ready; the service's log says why"
			d.log.Warn().Err(err).Str("check", c.Name).Msg("not ready")
		}
	}
	return out
}

// mayScrape lets a program with the token in, or without a token set, programs
// of this machine that did not come through a proxy.
func (d *Dashboard) mayScrape(r *http.Request) bool {
	if want := d.opts.MetricsToken; want != "" {
		got, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		return subtle.ConstantTimeCompare([]byte(got), []byte(want)) == 1
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}
