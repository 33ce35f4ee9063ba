package alerting

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/rs/zerolog"
)

// EscalationOptions are what the escalation needs.
type EscalationOptions struct {
	Book Book
	// Directory tells of residents' tiers; nil leaves out the rules of tiers.
	Directory Directory
	Log       zerolog.Logger
	Metrics   prometheus.Registerer
}

// Escalation takes alerts that nobody acknowledged up the area tree, village to
// town to county. When it is due is kept on the alert, so a restart takes the
// steps that fell into it once, and none twice. That an episode has recovered
// does not stop the clock: somebody must still have seen it.
type Escalation struct {
	EscalationOptions
	steps    *prometheus.CounterVec
	returned prometheus.Counter
}

// NewEscalation makes it; Run lets it work.
func NewEscalation(o EscalationOptions) *Escalation {
	o.Log = o.Log.With().Str("component", "escalation").Logger()
	return &Escalation{o, promauto.With(o.Metrics).NewCounterVec(prometheus.CounterOpts{
		Name: "shouwang_alerting_escalations_total", Help: "Steps up the area tree because nobody acknowledged.",
	}, []string{"severity"}), promauto.With(o.Metrics).NewCounter(prometheus.CounterOpts{
		Name: "shouwang_alerting_returned_total", Help: "Alerts that were acknowledged, left, and went back to the queue.",
	})}
}

// Run looks every second until ctx ends. A step that fails is tried again the
// next second; only the first failure of a row is logged.
func (e *Escalation) Run(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		err := e.Step(ctx, time.Now())
		switch {
		case err == nil && failing:
			e.Log.Info().Msg("escalation works again")
		case err != nil && ctx.Err() != nil:
			return nil //nolint:nilerr // stopped in the middle of a step, which was rolled back
		case err != nil && !failing:
			e.Log.Error().Err(err).Msg("escalation fails, tried again every second")
		}
		failing = err != nil
	}
}

// Step takes every step that is due at now.
func (e *Escalation) Step(ctx context.Context, now time.Time) error {
	now = now.UTC().Truncate(time.Microsecond)
	if err := e.takeBack(ctx, now); err != nil {
		return err
	}
	due, err := e.Book.EscalationsDue(ctx, now)
	if err != nil {
		return fmt.Errorf("escalations due: %w", err)
	}
	for _, id := range due {
		var taken []Severity
		err := e.Book.Tx(ctx, func(tx Tx) error {
			c, err := tx.Alert(id)
			if err != nil {
				return err
			}
			taken, err = climb(tx, c, now, rulesOf(e.Book, e.Directory, c, now))
			return err
		})
		if err != nil {
			return fmt.Errorf("escalate %s: %w", id, err)
		}
		for _, s := range taken {
			e.steps.WithLabelValues(string(s)).Inc()
		}
	}
	return nil
}

// climb takes the steps of one case that are due; each is an event of its own.
func climb(tx Tx, c *Case, now time.Time, r *Rules) (taken []Severity, err error) {
	// Looked at again inside the transaction: somebody may have been quicker.
	for c.State == Open && c.EscalateAt != nil && !c.EscalateAt.After(now) {
		due := *c.EscalateAt
		c.Escalation++
		c.scheduleStep(r)
		path, level := c.level()
		if err := tx.PutAlert(c); err != nil {
			return nil, err
		}
		err := tx.AddEvent(Change{
			Type: AlertEscalated, At: now, Case: c, Actor: System(),
			Data: map[string]any{"step": c.Escalation, "due": due, "area": path, "level": level},
		})
		if err != nil {
			return nil, err
		}
		taken = append(taken, c.Severity)
	}
	return taken, nil
}
