package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

func (d *directory) WatchedSince(id string, at time.Time) time.Time {
	if s := d.since[id]; !s.After(at) {
		return s
	}
	return time.Time{}
}

func (w *world) turn(to devices.ResidentState) {
	w.t.Helper()
	r := *w.dir.residents[wang]
	t := devices.ResidentTurn{Resident: wang, From: r.State, To: to, At: w.now, By: "zhang", Reason: "by phone of the family"}
	if r.State.Stopped() && !to.Stopped() {
		w.dir.since[wang] = w.now
	}
	r.State = to
	w.dir.residents[wang] = &r
	for range 2 { // done twice it is the same
		w.must(w.desk.Turned(w.ctx, t))
	}
}

func TestDeathStopsVisitsAndFreezesTheCase(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	id := w.only().ID
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	planned, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Resident: wang, Due: w.now.Add(48 * time.Hour)})
	w.must(err)
	w.pass(time.Minute)
	w.turn(devices.Deceased)
	for _, visit := range []string{v.ID, planned.ID} {
		if v, err := w.store.Visit(w.ctx, everywhere, visit); err != nil || v.State != alerting.VisitCanceled {
			t.Errorf("visit: %s %v", v.State, err)
		}
	}
	a := w.only()
	if a.Frozen != devices.Deceased || a.State != "acknowledged" || a.EscalateAt != nil || a.AckDue != nil {
		t.Fatalf("%+v", a)
	}
	for name, do := range map[string]func() error{
		"ack": func() error { _, err := w.desk.Ack(w.ctx, id, zhao); return err },
		"call": func() error {
			_, err := w.desk.Call(w.ctx, id, zhao, alerting.Call{Whom: "resident", Result: "no_answer"})
			return err
		},
		"escalate": func() error { _, err := w.desk.Escalate(w.ctx, id, zhao, ""); return err },
		"dispatch": func() error { _, err := w.desk.CreateVisit(w.ctx, zhao, alerting.NewVisit{Alert: id}); return err },
	} {
		if err := do(); err == nil {
			t.Errorf("%s is possible", name)
		}
	}
	if _, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Resident: wang, Due: w.now.Add(time.Hour)}); inputField(err) != "resident" {
		t.Errorf("a visit by plan: %v", err)
	}
	_, err = w.desk.Note(w.ctx, id, zhao, "the family was here")
	w.must(err)
	before := w.newest()
	w.pass(time.Hour)
	w.says("v/b1", "water", 3)
	w.says("v/b1", "silent", 1)
	w.tick()
	w.must(w.climb.Step(w.ctx, w.now))
	if got := w.types(before); len(got) != 0 {
		t.Errorf("after death: %v", got)
	}
	w.close(id, alerting.Closing{Outcome: alerting.DeceasedFound, VerifiedBy: "zhang", How: "family"})
}

func TestAnSOSOfADeviceStillWornGoesOut(t *testing.T) {
	for _, state := range []devices.ResidentState{devices.Deceased, devices.Moved, devices.Left} {
		w := newWorld(t)
		w.turn(state)
		w.pass(time.Minute)
		w.cries("v/b1", "sos", w.now)
		a := w.only()
		if a.Kind != "sos" || a.State != "open" || a.EscalateAt == nil || a.Evidence["listed_as"] != string(state) || a.Resident == nil || a.Resident.ID != wang {
			t.Errorf("%s: %+v", state, a)
		}
		if _, err := w.desk.Ack(w.ctx, a.ID, zhang); err != nil {
			t.Error(err)
		}
		// The list was made once more: a cry for help is not frozen.
		w.turn(state)
		if a := w.only(); a.Frozen != "" {
			t.Errorf("%s: the SOS is frozen", state)
		}
	}
}

func TestAMistakeIsTakenBackAndClocksBeginAnew(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	w.says("v/b1", "heart", 2)
	w.pass(time.Minute)
	w.turn(devices.Deceased)
	w.pass(10 * time.Hour)
	w.turn(devices.Active)
	for _, a := range w.alerts(alerting.AlertFilter{}) {
		if a.Frozen != "" || a.State != "open" || !a.RangAt.Equal(w.now) || a.EscalateAt == nil {
			t.Errorf("%s: %+v", a.Kind, a)
		}
	}
	*w.seen = nil
	w.pass(time.Minute)
	w.says("v/b1", "water", 0)
	if v := (*w.seen)[0]; !v.LastContact.Equal(w.dir.since[wang]) {
		t.Errorf("clocks begin at %s, want %s", v.LastContact, w.dir.since[wang])
	}
}

func TestHospitalIsAnAbsenceAndFreezesNothing(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	w.turn(devices.Hospital)
	*w.seen = nil
	w.pass(time.Minute)
	w.says("v/b1", "steps", 1)
	if a := w.only(); a.Frozen != "" || a.State != "open" || !(*w.seen)[0].Away {
		t.Errorf("%+v", a)
	}
}

// A mistake taken back leaves no case acknowledged and forgotten.
func TestWhatThawsAcknowledgedHasItsCountdown(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "heart", 2)
	id := w.only().ID
	_, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	w.pass(time.Minute)
	w.turn(devices.Deceased) // calls the visit off
	w.pass(time.Hour)
	w.turn(devices.Active)
	if a := w.only(); a.State != "acknowledged" || a.AckDue == nil || !a.AckDue.Equal(w.now.Add(30*time.Minute)) {
		t.Fatalf("%+v", a)
	}
	w.pass(30 * time.Minute)
	w.must(w.climb.Step(w.ctx, w.now))
	if a := w.only(); a.State != "open" {
		t.Errorf("not taken back: %+v", a)
	}
}

func TestASilenceThatEndsLetsNothingFrozenRing(t *testing.T) {
	w := newWorld(t)
	w.hush(alerting.KindHeartRate, time.Hour)
	w.pass(time.Minute)
	w.says("v/b1", "heart", 2)
	w.pass(time.Minute)
	w.turn(devices.Deceased)
	w.pass(2 * time.Hour)
	w.tick()
	if a := w.only(); a.Silenced != nil || a.EscalateAt != nil || a.RangAt.Equal(w.now) {
		t.Fatalf("rings after death: %+v", a)
	}
	w.pass(time.Minute)
	w.turn(devices.Active)
	if a := w.only(); a.EscalateAt == nil || !a.RangAt.Equal(w.now) {
		t.Errorf("does not ring when it thaws: %+v", a)
	}
}

func TestReopeningGoesByWhatTheResidentIsListedAsNow(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "heart", 2)
	id := w.only().ID
	w.pass(time.Minute)
	w.turn(devices.Deceased)
	w.close(id, alerting.Closing{Outcome: alerting.DeceasedFound, VerifiedBy: "zhang", How: "family"})
	w.pass(time.Minute)
	_, err := w.desk.Reopen(w.ctx, id, zhang, "wrong person")
	refused(t, err)
	w.turn(devices.Active)
	a, err := w.desk.Reopen(w.ctx, id, zhang, "wrong person")
	w.must(err)
	if a.State != "open" || a.Frozen != "" || a.EscalateAt == nil {
		t.Fatalf("%+v", a)
	}
	w.close(id, byPhone)
	w.turn(devices.Left) // after it was closed
	_, err = w.desk.Reopen(w.ctx, id, zhang, "x")
	refused(t, err)
}

func TestWhatIsRaisedAgainIsNotFrozen(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "heart", 2)
	id := w.only().ID
	w.pass(time.Minute)
	w.turn(devices.Moved)
	w.close(id, alerting.Closing{Outcome: alerting.FalseAlarm, VerifiedBy: "zhang", How: "family"})
	w.pass(time.Minute)
	w.turn(devices.Active)
	w.pass(5 * time.Hour)
	w.tick()
	open := w.alerts(alerting.AlertFilter{State: []alerting.State{"open"}})
	if len(open) != 1 {
		t.Fatalf("raised again: %d", len(open))
	}
	if a := open[0]; a.Frozen != "" || a.EscalateAt == nil {
		t.Errorf("%+v", a)
	}
	if _, err := w.desk.Ack(w.ctx, open[0].ID, zhang); err != nil {
		t.Error(err)
	}
}
