package alerting

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// Run looks every second until ctx ends.
func (e *Escalation) Run(ctx context.Context) error {
	return Repeat(ctx, time.Second, time.Second, &e.Log, "escalation", func(ctx context.Context) error { return e.Step(ctx, time.Now()) })
}

// stepsAtOnce is how many alerts are looked at in one transaction: a thousand that
// ring together must not wait for a thousand writes to the disk.
const stepsAtOnce = 64

// Step takes every step that is due at now. An alert that cannot be written does
// not hold up the others.
func (e *Escalation) Step(ctx context.Context, now time.Time) error {
	now = now.UTC().Truncate(time.Microsecond)
	due, err := e.Book.EscalationsDue(ctx, now)
	if err != nil {
		return fmt.Errorf("escalations due: %w", err)
	}
	var failed []error
	for ids := range slices.Chunk(due, stepsAtOnce) {
		if e.together(ctx, now, ids...) == nil {
			continue
		}
		for _, id := range ids { // one of them fails all: each by itself
			if err := e.together(ctx, now, id); err != nil {
				failed = append(failed, fmt.Errorf("escalate %s: %w", id, err))
			}
		}
	}
	return errors.Join(append(failed, e.takeBack(ctx, now))...)
}

// together takes the steps of some alerts in one transaction.
func (e *Escalation) together(ctx context.Context, now time.Time, ids ...string) error {
	var taken []Severity
	err := e.Book.Tx(ctx, func(tx Tx) error {
		taken = nil
		for _, id := range ids {
			c, err := tx.Alert(id)
			if err != nil {
				return err
			}
			more, err := climb(tx, c, now, termsOf(e.Book, e.Directory, c, now))
			if err != nil {
				return err
			}
			taken = append(taken, more...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, s := range taken {
		e.steps.WithLabelValues(string(s)).Inc()
	}
	return nil
}

// climb takes the steps of one case that are due; each is an event of its own.
// Looked at inside the transaction: somebody may have been quicker.
func climb(tx Tx, c *Case, now time.Time, t *terms) (taken []Severity, err error) {
	if c.State == Open && c.WaitsUntil != nil && !c.WaitsUntil.After(now) {
		if err := morning(tx, c, now, t); err != nil {
			return nil, err
		}
	}
	for c.State == Open && c.EscalateAt != nil && !c.EscalateAt.After(now) {
		if err := take(tx, c, now, t, ""); err != nil {
			return taken, err
		}
		taken = append(taken, c.Severity)
		more, err := skip(tx, c, now, t)
		taken = append(taken, more...)
		if err != nil {
			return taken, err
		}
	}
	if c.State == Open && c.AgainAt != nil && !c.AgainAt.After(now) {
		if err := tellAgain(tx, c, now, t); err != nil {
			return taken, err
		}
	}
	if c.State != Open || c.SeeBy.IsZero() || c.SeeBy.After(now) {
		return taken, nil
	}
	// Where nobody behind can be told either, hurrying helps nobody.
	if !t.later(c.Escalation) {
		c.SeeBy = time.Time{}
		return taken, tx.PutAlert(c)
	}
	if err := take(tx, c, now, t, earlyUnseen); err != nil {
		return taken, err
	}
	more, err := skip(tx, c, now, t)
	return append(append(taken, c.Severity), more...), err
}

// morning ends the wait of a case that came at night: its people are told now.
func morning(tx Tx, c *Case, now time.Time, t *terms) error {
	c.WaitsUntil, c.ClockAt = nil, now
	c.scheduleStep(now, t)
	if err := tx.PutAlert(c); err != nil {
		return err
	}
	return addChange(tx, Change{
		Type: AlertUpdated, At: now, Case: c, Actor: System(), Data: map[string]any{"action": "morning", "rings": true},
	}, func(*Case) *terms { return t }, NoticeOpened)
}
