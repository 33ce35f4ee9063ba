package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"golang.org/x/time/rate"

	"shouwang/devices"
)

// Paced hands writes on at no more than a number of readings a second, so that
// the backlog of an outage does not press a store that has just come back, and
// that others use too. What comes live is far below the limit and does not wait.
type Paced struct {
	to      Writer
	limiter *rate.Limiter
	waited  prometheus.Counter
}

// NewPaced limits to; perSecond of 0 is no limit.
func NewPaced(to Writer, perSecond int, metrics prometheus.Registerer) *Paced {
	f := promauto.With(metrics)
	f.NewGauge(prometheus.GaugeOpts{Name: "shouwang_ingest_drain_limit_readings", Help: "The most readings a second that go to the time series; 0 is no limit."}).Set(float64(perSecond))
	p := &Paced{to: to, waited: f.NewCounter(prometheus.CounterOpts{
		Name: "shouwang_ingest_drain_wait_seconds_total", Help: "Time for which writes to the time series waited for the limit: it grows while a backlog is drained.",
	})}
	if perSecond > 0 {
		p.limiter = rate.NewLimiter(rate.Limit(perSecond), max(perSecond, maxWrite))
	}
	return p
}

// Write implements Writer. It takes at most 5000 readings at once.
func (p *Paced) Write(ctx context.Context, readings []devices.Reading) error {
	if p.limiter != nil {
		began := time.Now()
		if err := p.limiter.WaitN(ctx, len(readings)); err != nil {
			return fmt.Errorf("wait for the drain limit: %w", err)
		}
		if waited := time.Since(began); waited > time.Millisecond {
			p.waited.Add(waited.Seconds())
		}
	}
	return p.to.Write(ctx, readings)
}
