package alerting_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/devices"
)

// Whatever people and devices do, in whatever order: nothing breaks, there is at
// most one open alert for a subject and kind, a countdown runs only on what is
// acknowledged, the log says each step, and its chain is whole.
func TestAWalkThroughTheLifeOfAlerts(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := rand.New(rand.NewPCG(seed, 6)) //nolint:gosec // a walk
			var all []alerting.Alert
			for range 350 {
				w.stroll(r, all)
				all = w.alerts(alerting.AlertFilter{Limit: 1000})
				w.sound(all)
			}
			chain, err := w.store.Verify(w.ctx, 0, "")
			w.must(err)
			if !chain.Whole() || chain.Last != w.newest() {
				t.Errorf("%+v", chain)
			}
		})
	}
}

// stroll does one thing that may happen, to one of the alerts or to none.
func (w *world) stroll(r *rand.Rand, all []alerting.Alert) {
	w.t.Helper()
	w.pass(time.Duration(1+r.IntN(600)) * time.Second)
	switch r.IntN(8) {
	case 0:
		w.cries("v/b1", "sos", w.now)
		return
	case 1, 2:
		w.says("v/b1", []devices.Metric{"water", "heart", "life"}[r.IntN(3)], float64(r.IntN(4)))
		return
	case 3:
		w.must(w.climb.Step(w.ctx, w.now))
		w.tick()
		return
	}
	if len(all) == 0 {
		return
	}
	// Mostly one of the newest: the others have been closed for long.
	a := all[r.IntN(min(len(all), 6))]
	b := all[r.IntN(min(len(all), 6))]
	by := []alerting.Actor{zhang, zhao}[r.IntN(2)]
	var err error
	switch r.IntN(14) {
	case 0, 1, 2:
		_, err = w.desk.Ack(w.ctx, a.ID, by)
	case 3:
		_, err = w.desk.Assign(w.ctx, a.ID, by, "zhao")
	case 4:
		_, err = w.desk.Note(w.ctx, a.ID, by, "a note")
	case 5:
		call := alerting.Call{Whom: "resident", Result: []string{"answered", "no_answer"}[r.IntN(2)], Seconds: r.IntN(90)}
		if r.IntN(2) == 0 {
			call.NextCall = w.now.Add(time.Duration(1+r.IntN(200)) * time.Minute)
		}
		_, err = w.desk.Call(w.ctx, a.ID, by, call)
	case 6:
		_, err = w.desk.Escalate(w.ctx, a.ID, by, "help")
	case 7:
		_, err = w.desk.Merge(w.ctx, a.ID, by, b.ID)
	case 8:
		_, err = w.desk.Reopen(w.ctx, a.ID, by, "again")
	case 9:
		_, err = w.desk.Close(w.ctx, a.ID, by, []alerting.Closing{byPhone, unreached}[r.IntN(2)])
	case 10:
		_, err = w.desk.Lower(w.ctx, a.ID, by, []alerting.Severity{"orange", "yellow"}[r.IntN(2)], "is well")
	case 11:
		_, err = w.desk.CreateVisit(w.ctx, by, alerting.NewVisit{Alert: a.ID})
	case 12:
		if a.Visit != nil {
			_, err = w.desk.ReportVisit(w.ctx, a.Visit.ID, by, alerting.Report{UUID: uuid.NewString(), Outcome: alerting.Well})
		}
	case 13:
		if a.Visit != nil {
			_, err = w.desk.CancelVisit(w.ctx, a.Visit.ID, by, "not needed")
		}
	}
	var state *alerting.StateError
	var input *alerting.InputError
	if err != nil && !errors.As(err, &state) && !errors.As(err, &input) {
		w.t.Fatal(err)
	}
}

// sound holds all alerts to what must be true of each.
func (w *world) sound(all []alerting.Alert) {
	w.t.Helper()
	open := map[string]string{}
	for _, a := range all {
		says := fmt.Sprintf("%s %s %s", a.ID, a.Kind, a.State)
		if a.AckDue != nil && a.State != alerting.Acknowledged {
			w.t.Fatalf("%s: a countdown", says)
		}
		if a.State == alerting.Acknowledged && (a.AckedAt == nil || a.Assignee == nil) {
			w.t.Fatalf("%s: by nobody", says)
		}
		// Who has it must not be able to leave it: unless somebody is on the way.
		counts := a.Severity == alerting.Red || a.Severity == alerting.Orange
		if a.State == alerting.Acknowledged && counts && !a.Late && a.AckDue == nil && (a.Visit == nil || !a.Visit.State.Active()) {
			w.t.Fatalf("%s: no countdown", says)
		}
		if a.State == alerting.Closed {
			if a.ClosedAt == nil || a.Outcome == nil || a.NextCall != nil || a.EscalateAt != nil {
				w.t.Fatalf("%s: %+v", says, a)
			}
			continue
		}
		if a.State == alerting.Open && a.AckedAt != nil || a.ClosedAt != nil || a.Outcome != nil {
			w.t.Fatalf("%s: %+v", says, a)
		}
		key := string(a.Kind) + " " + string(a.Subject.Type) + " " + a.Subject.ID
		if other, two := open[key]; two {
			w.t.Fatalf("two open: %s and %s", other, a.ID)
		}
		open[key] = a.ID
	}
}
