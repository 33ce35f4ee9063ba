package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// A false alarm since nobody was at home keeps that time out of learning: for what
// is received from then on, and over restarts.
func TestAFalseAlarmBecauseAwayIsNotLearnt(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	a := w.only()
	w.pass(2 * time.Hour)
	if _, err := w.desk.Close(w.ctx, a.ID, zhang, alerting.Closing{Outcome: alerting.Well, VerifiedBy: "zhang", How: "phone", Cause: alerting.CauseAway}); inputField(err) != "cause" {
		t.Errorf("a cause of what was no false alarm: %v", err)
	}
	if _, err := w.desk.Close(w.ctx, a.ID, zhang, alerting.Closing{Outcome: alerting.FalseAlarm, VerifiedBy: "zhang", How: "family", Cause: "weather"}); inputField(err) != "cause" {
		t.Errorf("a cause there is not: %v", err)
	}
	closed := w.now
	w.close(a.ID, alerting.Closing{Outcome: alerting.FalseAlarm, VerifiedBy: "zhang", How: "family", Cause: alerting.CauseAway})
	check := func() {
		t.Helper()
		if known := w.store.Unusual(wang, closed.Add(-time.Microsecond)); len(known) != 0 {
			t.Errorf("known before it was said: %v", known)
		}
		known := w.store.Unusual(wang, closed)
		if len(known) != 1 || !known[0].From.Equal(a.Since) || !known[0].To.Equal(closed) {
			t.Fatalf("kept out: %v, want from %v to %v", known, a.Since, closed)
		}
	}
	check()
	w.start()
	check()
	w.pass(time.Minute)
	*w.seen = nil
	w.says("v/b1", "water", 0)
	seen := (*w.seen)[len(*w.seen)-1]
	if seen.Habitual(a.Since, a.Since.Add(time.Hour)) || !seen.Habitual(closed, closed.Add(time.Hour)) {
		t.Errorf("the detector is shown %v", seen.Unusual)
	}
	labels, err := w.store.Labels(w.ctx, wang)
	w.must(err)
	if len(labels) != 1 || labels[0].Cause != alerting.CauseAway || labels[0].Evidence == nil || !labels[0].Unusual {
		t.Errorf("labels: %+v", labels)
	}
	w.must(w.store.Erase(w.ctx, wang, []devices.DeviceID{"v/b1"}))
	w.start()
	if known := w.store.Unusual(wang, w.now); len(known) != 0 {
		t.Errorf("after the erasure: %v", known)
	}
}

// The cause that somebody at the door gave counts when the desk closes by the
// report; a habit is learnt.
func TestTheCauseOfTheReportCounts(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	a := w.only()
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: a.ID})
	w.must(err)
	_, err = w.desk.ReportVisit(w.ctx, v.ID, zhao, alerting.Report{UUID: "6f1c1b3e-7a34-4f0e-9d4c-1f5b7a0a0077", Outcome: alerting.FalseAlarm, Cause: alerting.CauseHabit})
	w.must(err)
	w.close(a.ID, alerting.Closing{Outcome: alerting.FalseAlarm})
	labels, err := w.store.Labels(w.ctx, wang)
	w.must(err)
	if len(labels) != 1 || labels[0].Cause != alerting.CauseHabit || labels[0].Unusual {
		t.Errorf("labels: %+v, want a habit, which is learnt", labels)
	}
}

// Real emergencies are no habit either, and are kept as evidence.
func TestARealEmergencyIsNoHabit(t *testing.T) {
	for _, c := range []struct {
		outcome alerting.Outcome
		kept    bool
	}{{alerting.RealEmergency, true}, {alerting.Assisted, true}, {alerting.Well, false}, {alerting.FalseAlarm, false}, {alerting.AwayFromHome, true}} {
		w := newWorld(t)
		w.says("v/b1", "water", 1)
		w.close(w.only().ID, alerting.Closing{Outcome: c.outcome, VerifiedBy: "zhang", How: "door"})
		if got := len(w.store.Unusual(wang, w.now)) == 1; got != c.kept {
			t.Errorf("%s: kept out of learning %v, want %v", c.outcome, got, c.kept)
		}
	}
}

// Who reopens an alert and closes it otherwise has said that the first word was
// wrong: the time is learnt after all, for what is received from then on.
func TestAnotherOutcomeTakesTheLabelBack(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	a := w.only()
	w.pass(2 * time.Hour)
	away := w.now
	w.close(a.ID, alerting.Closing{Outcome: alerting.FalseAlarm, VerifiedBy: "zhang", How: "family", Cause: alerting.CauseAway})
	w.pass(time.Minute)
	_, err := w.desk.Reopen(w.ctx, a.ID, zhang, "she was at home")
	w.must(err)
	w.pass(time.Minute)
	w.close(a.ID, alerting.Closing{Outcome: alerting.FalseAlarm, VerifiedBy: "zhang", How: "phone", Cause: alerting.CauseHabit})
	for range 2 {
		if known := w.store.Unusual(wang, away); len(known) != 1 {
			t.Errorf("as of the first word: %v", known)
		}
		if known := w.store.Unusual(wang, w.now); len(known) != 0 {
			t.Errorf("kept out still: %v", known)
		}
		w.start()
	}
}
