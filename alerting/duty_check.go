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

// Uncovered is a time in which nobody could be told of a red alert in an area.
type Uncovered struct {
	Area     devices.AreaPath
	From, To time.Time
}

// DutyCheckStore keeps the tests, and the hours in which nobody was there to be
// told.
type DutyCheckStore interface {
	// PutDutyCheck enters one; of two with the same id the first is kept.
	PutDutyCheck(ctx context.Context, c DutyCheck) error
	// AnswerDutyCheck notes the first answer and returns ErrNotFound for a test
	// that was not asked yet or lies outside the scope, a *StateError for one that
	// was answered or is over.
	AnswerDutyCheck(ctx context.Context, scope devices.Scope, id string, by Actor, at time.Time) (DutyCheck, error)
	// MissDutyChecks tells of each that is over and was not answered, once.
	MissDutyChecks(ctx context.Context, now time.Time, tell func(DutyCheck) ([]Notice, error)) error
	// PutUncovered keeps them, each once.
	PutUncovered(ctx context.Context, of []Uncovered) error
}

const (
	// DutyCheckTime is how long a desk has to answer.
	DutyCheckTime = 3 * time.Minute
	// dutyChecksADay is how often a desk is asked, on average.
	dutyChecksADay = 2
)

// DutyChecks asks desks at random times whether somebody is there. When it asks is
// drawn hour by hour, so that nobody can know; a restart within an hour draws that
// hour again. As an hour begins it also keeps for the report where nobody can be
// told in it.
type DutyChecks struct {
	Store DutyCheckStore
	// Desks are the areas that have a desk; Supervisors who is told of a test that
	// nobody answered.
	Desks       func(context.Context) ([]devices.AreaPath, error)
	Supervisors func(context.Context, devices.AreaPath) ([]string, error)
	// Uncovered are the areas in which nobody can be told in the hour from then on.
	Uncovered func(ctx context.Context, from time.Time) ([]Uncovered, error)
	// Draw returns a number in [0, n).
	Draw func(n int) int
	Log  zerolog.Logger

	drawn time.Time // the hour drawn last
}

// Run looks every second until ctx ends.
func (d *DutyChecks) Run(ctx context.Context) error {
	return Repeat(ctx, time.Second, time.Second, &d.Log, "the random test of desks", func(ctx context.Context) error { return d.Step(ctx, time.Now()) })
}

// Step draws the hour at hand, unless that is done, and tells of the tests that
// nobody answered.
func (d *DutyChecks) Step(ctx context.Context, now time.Time) error {
	now = now.UTC().Truncate(time.Microsecond)
	if hour := now.Truncate(time.Hour); !hour.Equal(d.drawn) {
		desks, err := d.Desks(ctx)
		if err != nil {
			return err
		}
		for _, area := range desks {
			if d.Draw(24) >= dutyChecksADay {
				continue
			}
			at := hour.Add(time.Duration(d.Draw(3600)) * time.Second)
			if at.Before(now) {
				continue // the hour had begun when we started
			}
			c := DutyCheck{ID: uuid.NewSHA1(uuid.NameSpaceOID, []byte(hour.Format(time.RFC3339)+" "+string(area))).String(), Area: area, Asked: at, Until: at.Add(DutyCheckTime)}
			if err := d.Store.PutDutyCheck(ctx, c); err != nil {
				return fmt.Errorf("draw a test of the desk: %w", err)
			}
		}
		alone, err := d.Uncovered(ctx, hour)
		if err != nil {
			return err
		}
		if err := d.Store.PutUncovered(ctx, alone); err != nil {
			return fmt.Errorf("keep hours without anybody to tell: %w", err)
		}
		d.drawn = hour
	}
	err := d.Store.MissDutyChecks(ctx, now, func(c DutyCheck) ([]Notice, error) {
		people, err := d.Supervisors(ctx, c.Area)
		if err != nil {
			return nil, err
		}
		list := make([]Notice, 0, len(people))
		for _, who := range people {
			list = append(list, Notice{
				Key: "duty check " + c.ID + " " + who, Person: who, Reason: NoticeUnattended, Severity: Orange, Area: c.Area, At: now,
				Data: map[string]any{"asked_at": c.Asked},
			})
		}
		return list, nil
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
