package alerting

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"shouwang/devices"
)

// DutyCheck is one random test of whether somebody is at a desk (抽查值守).
type DutyCheck struct {
	ID       string           `json:"id"`
	Area     devices.AreaPath `json:"area" doc:"The desk's."`
	Asked    time.Time        `json:"asked_at"`
	Until    time.Time        `json:"until" doc:"An answer after that is none."`
	Answered *time.Time       `json:"answered_at"`
	By       string           `json:"by" doc:"User name of who answered; while nobody has, of who asked by hand."`
}

// DutyCheckStore keeps the tests.
type DutyCheckStore interface {
	// PutDutyCheck enters one; of two with the same id the first is kept.
	PutDutyCheck(ctx context.Context, c DutyCheck) error
	// AnswerDutyCheck notes the first answer and returns ErrNotFound for a test
	// that was not asked yet or lies outside the scope, a *StateError for one that
	// was answered or is over.
	AnswerDutyCheck(ctx context.Context, scope devices.Scope, id string, by Actor, at time.Time) (DutyCheck, error)
	// MissDutyChecks tells of each that is over and was not answered, once.
	MissDutyChecks(ctx context.Context, now time.Time, tell func(DutyCheck) []Notice) error
}

const (
	// DutyCheckTime is how long a desk has to answer.
	DutyCheckTime = 3 * time.Minute
	// dutyChecksADay is how often a desk is asked, on average.
	dutyChecksADay = 2
)

// DutyChecks asks desks at random times whether somebody is there. When it asks is
// drawn hour by hour, so that nobody can know; a restart within an hour draws that
// hour again.
type DutyChecks struct {
	Store DutyCheckStore
	// Desks are the areas that have a desk; Supervisors who is told of a test that
	// nobody answered.
	Desks       func() []devices.AreaPath
	Supervisors func(devices.AreaPath) []string
	// Draw returns a number in [0, n).
	Draw func(n int) int
	Log  zerolog.Logger

	drawn time.Time // the hour drawn last
}

// Run looks every second until ctx ends.
func (d *DutyChecks) Run(ctx context.Context) error {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		err := d.Step(ctx, time.Now())
		if err != nil && ctx.Err() == nil && !failing {
			d.Log.Error().Err(err).Msg("random tests of the desk fail, tried again every second")
		}
		failing = err != nil
	}
}

// Step draws the hour at hand, unless that is done, and tells of the tests that
// nobody answered.
func (d *DutyChecks) Step(ctx context.Context, now time.Time) error {
	now = now.UTC().Truncate(time.Microsecond)
	if hour := now.Truncate(time.Hour); !hour.Equal(d.drawn) {
		for _, area := range d.Desks() {
			if d.Draw(24) >= dutyChecksADay {
				continue
			}
			at := hour.Add(time.Duration(d.Draw(3600)) * time.Second)
			if at.Before(now) {
				continue // the hour had begun when we started
			}
			c := DutyCheck{ID: hour.Format("2006-01-02T15") + " " + string(area), Area: area, Asked: at, Until: at.Add(DutyCheckTime)}
			if err := d.Store.PutDutyCheck(ctx, c); err != nil {
				return fmt.Errorf("draw a test of the desk: %w", err)
			}
		}
		d.drawn = hour
	}
	err := d.Store.MissDutyChecks(ctx, now, func(c DutyCheck) []Notice {
		var list []Notice
		for _, who := range d.Supervisors(c.Area) {
			list = append(list, Notice{
				Key: "duty check " + c.ID + " " + who, Person: who, Reason: NoticeUnattended, Severity: Orange, Area: c.Area, At: now,
				Data: map[string]any{"asked_at": c.Asked},
			})
		}
		return list
	})
	if err != nil {
		return fmt.Errorf("tests of the desk without an answer: %w", err)
	}
	return nil
}

// AskNow is a test that somebody asks for by hand.
func AskNow(area devices.AreaPath, by Actor, now time.Time) DutyCheck {
	now = now.UTC().Truncate(time.Microsecond)
	return DutyCheck{ID: uuid.NewString(), Area: area, Asked: now, Until: now.Add(DutyCheckTime), By: by.User}
}
