package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
)

// closedInactivity is an alert of Wang's that was closed in this way at noon.
func closedInactivity(t *testing.T, how alerting.Closing) (*world, string) {
	w := newWorld(t)
	w.says("v/b1", "water", 2)
	id := w.only().ID
	w.close(id, how)
	return w, id
}

func (w *world) open() []alerting.Alert {
	return w.alerts(alerting.AlertFilter{State: []alerting.State{"open", "acknowledged", "dispatched", "visited"}})
}

func TestClosedWithoutContactIsRaisedAgain(t *testing.T) {
	w, id := closedInactivity(t, unreached)
	w.pass(4*time.Hour - time.Second)
	w.tick()
	if n := len(w.open()); n != 0 {
		t.Fatal("raised too early")
	}
	w.pass(time.Second)
	w.tick()
	open := w.open()
	if len(open) != 1 {
		t.Fatalf("%d open alerts", len(open))
	}
	a := open[0]
	if a.ID == id || a.Severity != "orange" || !a.Since.Equal(noon) || !a.OpenedAt.Equal(w.now) || a.AckedAt != nil || a.Outcome != nil ||
		a.Evidence["previous"] != id || a.Evidence["raised_again"] != 1.0 || a.EscalateAt == nil || a.Assignee != nil {
		t.Errorf("%+v", a)
	}
	w.pass(time.Hour)
	w.tick()
	w.says("v/b1", "water", 2)
	if n := len(w.alerts(alerting.AlertFilter{})); n != 2 {
		t.Fatalf("%d alerts after another tick", n)
	}
	// And once more, since again nobody was reached.
	w.close(a.ID, unreached)
	w.pass(4 * time.Hour)
	w.tick()
	if open := w.open(); len(open) != 1 || open[0].Evidence["raised_again"] != 2.0 {
		t.Errorf("%+v", open)
	}
	// The episode still ends on the alert that is open now.
	w.says("v/b1", "water", 0)
	if a := w.open()[0]; a.RecoveredAt == nil {
		t.Errorf("%+v", a)
	}
}

func TestWhatIsNotRaisedAgain(t *testing.T) {
	for name, change := range map[string]func(w *world, id string){
		"recovered":        func(w *world, _ string) { w.says("v/b1", "water", 0) },
		"away":             func(w *world, _ string) { w.dir.away[wang] = [2]time.Time{noon, noon.Add(24 * time.Hour)} },
		"deceased":         func(w *world, _ string) { w.dir.residents[wang].State = "deceased" },
		"left":             func(w *world, _ string) { delete(w.dir.residents, wang) },
		"reached by visit": func(w *world, _ string) { w.visited(wang, alerting.Well) },
		"reopened": func(w *world, id string) {
			_, err := w.desk.Reopen(w.ctx, id, zhang, "too early")
			w.must(err)
			w.close(id, byPhone)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, id := closedInactivity(t, unreached)
			w.pass(time.Minute)
			change(w, id)
			w.pass(5 * time.Hour)
			w.tick()
			if n := len(w.alerts(alerting.AlertFilter{})); n != 1 {
				t.Errorf("%d alerts", n)
			}
			if due, err := w.store.RaisesDue(w.ctx, w.now.Add(1000*time.Hour)); err != nil || len(due) > 0 {
				t.Errorf("still due: %v, %v", due, err)
			}
		})
	}
	for name, how := range map[string]alerting.Closing{
		"well by phone":    byPhone,
		"away, family":     {Outcome: alerting.AwayFromHome, VerifiedBy: "daughter", How: "family"},
		"hospital, family": {Outcome: alerting.InHospital, VerifiedBy: "daughter", How: "family"},
		"deceased":         {Outcome: alerting.DeceasedFound, VerifiedBy: "zhang", How: "door"},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := closedInactivity(t, how)
			w.pass(5 * time.Hour)
			w.tick()
			w.only()
		})
	}
}

// visited reports a planned visit.
func (w *world) visited(resident string, o alerting.Outcome) {
	w.t.Helper()
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Resident: resident, Due: w.now.Add(time.Hour)})
	w.must(err)
	_, err = w.desk.ReportVisit(w.ctx, v.ID, zhao, alerting.Report{UUID: uuid1, Outcome: o})
	w.must(err)
}

func TestWhichOutcomesOfDevicesAndPeopleComeBack(t *testing.T) {
	for _, tc := range []struct {
		metric string
		how    alerting.Closing
		back   bool
	}{
		{"silent", alerting.Closing{Outcome: "repair", VerifiedBy: "z", How: "device"}, false},
		{"silent", alerting.Closing{Outcome: "device_fault", VerifiedBy: "z", How: "device"}, false},
		{"silent", alerting.Closing{Outcome: "test", VerifiedBy: "z", How: "device"}, false},
		{"silent", alerting.Closing{Outcome: "false_alarm", VerifiedBy: "z", How: "device"}, false},
		{"silent", alerting.Closing{Outcome: "well", VerifiedBy: "z", How: "device"}, true},
		{"water", alerting.Closing{Outcome: "test", VerifiedBy: "z", How: "device"}, true},
		{"water", alerting.Closing{Outcome: "repair", VerifiedBy: "z", How: "phone"}, true},
		{"water", alerting.Closing{Outcome: "away", VerifiedBy: "neighbour", How: "door"}, true},
		{"water", alerting.Closing{Outcome: "well", VerifiedBy: "z", How: "device"}, true},
	} {
		w := newWorld(t)
		w.says("v/b1", "silent", 0)
		if tc.metric == "silent" {
			w.pass(time.Second)
			w.says("v/b1", "silent", 1)
		} else {
			w.says("v/b1", "water", 1)
		}
		w.close(w.only().ID, tc.how)
		w.pass(4 * time.Hour)
		w.tick()
		if back := len(w.open()) == 1; back != tc.back {
			t.Errorf("%s closed as %s by %s: back %v, want %v", tc.metric, tc.how.Outcome, tc.how.How, back, tc.back)
		}
	}
}

func TestDeviceThatCameToSomebodyElseComesBackAsTheirs(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "silent", 1)
	w.close(w.only().ID, alerting.Closing{Outcome: alerting.Well, VerifiedBy: "z", How: "device"})
	w.dir.worn["v/b1"] = li
	w.pass(4 * time.Hour)
	w.tick()
	if a := w.open()[0]; a.Resident == nil || a.Resident.ID != li || a.Area != "shen/west/lake" {
		t.Errorf("%+v", a)
	}
	w.close(w.open()[0].ID, alerting.Closing{Outcome: alerting.Well, VerifiedBy: "z", How: "device"})
	delete(w.dir.worn, "v/b1")
	w.pass(4 * time.Hour)
	w.tick()
	if a := w.open()[0]; a.Resident != nil || a.Area != "shen/depot" {
		t.Errorf("%+v", a)
	}
}

func TestLateAlertComesBackRinging(t *testing.T) {
	w := newWorld(t)
	w.apply(reading("v/b1", "water", 2, w.now.Add(-25*time.Hour), w.now))
	if !w.only().Late {
		t.Fatal("not late")
	}
	w.close(w.only().ID, unreached)
	w.pass(4 * time.Hour)
	w.tick()
	if a := w.open()[0]; a.Late || a.EscalateAt == nil {
		t.Errorf("%+v", a)
	}
}

func TestCryIsNotRaisedAgainByTime(t *testing.T) {
	w := newWorld(t)
	w.cries("v/b1", "sos", w.now)
	w.close(w.only().ID, unreached)
	w.pass(5 * time.Hour)
	w.tick()
	w.only()
}

func TestWorseAfterClosingOpensAtOnce(t *testing.T) {
	for name, how := range map[string]alerting.Closing{"without contact": unreached, "with contact": {Outcome: alerting.DeviceFault, VerifiedBy: "z", How: "phone"}} {
		t.Run(name, func(t *testing.T) {
			w, id := closedInactivity(t, how)
			w.pass(time.Hour)
			w.says("v/b1", "water", 3)
			open := w.open()
			if len(open) != 1 || open[0].Severity != "red" || open[0].Evidence["previous"] != id {
				t.Fatalf("%+v", open)
			}
			w.pass(5 * time.Hour)
			w.tick()
			if n := len(w.open()); n != 1 {
				t.Errorf("%d open alerts, want the one", n)
			}
		})
	}
}

func TestWhatWasFoundBeforeTheClosingDoesNotOpen(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 2)
	received := w.now.Add(time.Minute)
	w.pass(time.Hour)
	w.close(w.only().ID, byPhone)
	w.apply(reading("v/b1", "water", 3, received, received)) // a backlog
	w.only()
}

func TestContactRestartsTheClocks(t *testing.T) {
	w, _ := closedInactivity(t, byPhone)
	w.pass(time.Hour)
	w.says("v/b1", "water", 1)
	open := w.open()
	if len(open) != 1 || !open[0].Since.Equal(w.now) || open[0].Severity != "yellow" {
		t.Errorf("%+v", open)
	}
}

func TestReportFromBeforeTheClosingCounts(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 2)
	id := w.only().ID
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	w.pass(time.Hour)
	found := w.now.Add(-10 * time.Minute)
	w.close(id, unreached) // nobody knows yet of what was found at the door
	w.pass(time.Hour)
	_, err = w.desk.ReportVisit(w.ctx, v.ID, zhao, alerting.Report{UUID: uuid1, Outcome: alerting.Well, At: found})
	w.must(err)
	w.pass(4 * time.Hour)
	w.tick()
	w.only()
}
