package alerting_test

import (
	"slices"
	"testing"
	"time"

	"shouwang/alerting"
)

func (w *world) hush(kind alerting.Kind, lasts time.Duration) alerting.Silence {
	w.t.Helper()
	s, err := w.desk.Silence(w.ctx, zhang, alerting.NewSilence{Resident: wang, Kind: kind, Until: w.now.Add(lasts), Reason: "the band sits badly"})
	w.must(err)
	return s
}

// rings says whether the newest event of the log rang or opened unsilenced.
func (w *world) lastData() map[string]any {
	all := w.events(0)
	return all[len(all)-1].Data
}

func TestASilencedFindingIsListedAndDoesNotRing(t *testing.T) {
	w := newWorld(t)
	s := w.hush(alerting.KindHeartRate, time.Hour)
	w.pass(time.Minute)
	w.says("v/b1", "heart", 2)
	a := w.only()
	if a.State != "open" || a.Silenced == nil || a.Silenced.ID != s.ID || !a.Silenced.Until.Equal(s.Until) || a.EscalateAt != nil {
		t.Fatalf("%+v", a)
	}
	w.pass(30 * time.Minute)
	w.tick()
	w.must(w.climb.Step(w.ctx, w.now))
	if a := w.only(); a.Escalation != 0 || a.Silenced == nil {
		t.Fatalf("it climbs: %+v", a)
	}
	if held, err := w.store.SilenceOf(w.ctx, s.ID); err != nil || held.Held != 1 || held.Resident.ID != wang || held.By != "zhang" {
		t.Errorf("%+v %v", held, err)
	}
}

func TestWhatASilenceHeldBackRingsWhenItEnds(t *testing.T) {
	for name, end := range map[string]func(w *world, s alerting.Silence){
		"by itself": func(w *world, _ alerting.Silence) { w.pass(time.Hour) },
		"by a person": func(w *world, s alerting.Silence) {
			w.pass(10 * time.Minute)
			_, err := w.desk.EndSilence(w.ctx, s.ID, zhao, "the band was mended")
			w.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.hush(alerting.KindHeartRate, time.Hour)
			w.pass(time.Minute)
			w.says("v/b1", "heart", 2)
			end(w, s)
			w.pass(time.Second)
			w.tick()
			a := w.only()
			if a.Silenced != nil || !a.RangAt.Equal(w.now) || a.EscalateAt == nil || !a.EscalateAt.Equal(w.now.Add(5*time.Minute)) {
				t.Fatalf("%+v", a)
			}
			if d := w.lastData(); d["rings"] != true || d["silence_over"] != s.ID {
				t.Error(d)
			}
		})
	}
}

func TestWhatIsOverWhenTheSilenceEndsDoesNotRing(t *testing.T) {
	w := newWorld(t)
	w.hush(alerting.KindHeartRate, time.Hour)
	w.pass(time.Minute)
	w.says("v/b1", "heart", 2)
	w.pass(time.Minute)
	w.says("v/b1", "heart", 0)
	w.pass(2 * time.Hour)
	w.tick()
	if a := w.only(); a.Silenced != nil || a.EscalateAt != nil || a.RecoveredAt == nil || a.State != "open" {
		t.Errorf("%+v", a)
	}
}

func TestRedIsNeverHeldBack(t *testing.T) {
	w := newWorld(t)
	w.hush(alerting.KindHeartRate, time.Hour)
	w.pass(time.Minute)
	w.says("v/b1", "heart", 2)
	if a := w.only(); a.Silenced == nil {
		t.Fatal("orange is not held back")
	}
	w.pass(time.Minute)
	w.says("v/b1", "heart", 3)
	a := w.alerts(alerting.AlertFilter{Resident: wang})[0]
	if a.Silenced != nil || a.Severity != "red" || !a.RangAt.Equal(w.now) || a.EscalateAt == nil || !a.EscalateAt.Equal(w.now.Add(time.Minute)) {
		t.Fatalf("%+v", a)
	}
}

func TestWhatIsRedAtOnceRingsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.hush(alerting.KindHeartRate, time.Hour)
	w.pass(time.Minute)
	w.says("v/b1", "heart", 3)
	if a := w.only(); a.Silenced != nil || a.EscalateAt == nil {
		t.Errorf("%+v", a)
	}
}

func TestNoSilenceOfACryForHelp(t *testing.T) {
	w := newWorld(t)
	for _, kind := range []alerting.Kind{"sos", "fall", "no_sign_of_life", "data_outage", "canary", "nonsense"} {
		_, err := w.desk.Silence(w.ctx, zhang, alerting.NewSilence{Resident: wang, Kind: kind, Until: w.now.Add(time.Hour), Reason: "x"})
		if inputField(err) != "kind" {
			t.Errorf("%s: %v", kind, err)
		}
	}
	for field, in := range map[string]alerting.NewSilence{
		"reason":   {Resident: wang, Kind: "heart_rate", Until: w.now.Add(time.Hour)},
		"until":    {Resident: wang, Kind: "heart_rate", Until: w.now.Add(8 * 24 * time.Hour), Reason: "x"},
		"resident": {Resident: "nobody", Kind: "heart_rate", Until: w.now.Add(time.Hour), Reason: "x"},
		"kind":     {Device: "v/b1", Kind: "heart_rate", Until: w.now.Add(time.Hour), Reason: "x"},
		"device":   {Device: "v/none", Kind: "low_battery", Until: w.now.Add(time.Hour), Reason: "x"},
	} {
		if _, err := w.desk.Silence(w.ctx, zhang, in); inputField(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	w.hush(alerting.KindHeartRate, 7*24*time.Hour)
	w.cries("v/b1", "sos", w.now)
	if a := w.only(); a.Silenced != nil || a.EscalateAt == nil {
		t.Errorf("%+v", a)
	}
}

func TestASilenceHidesNoOtherKind(t *testing.T) {
	w := newWorld(t)
	w.hush(alerting.KindWaterInactivity, time.Hour)
	w.pass(time.Minute)
	w.says("v/b1", "water", 1)
	w.says("v/b2", "water", 1) // of somebody else
	w.says("v/b1", "heart", 2)
	for _, a := range w.alerts(alerting.AlertFilter{}) {
		if want := a.Kind == "water_inactivity" && a.Resident.ID == wang; (a.Silenced != nil) != want {
			t.Errorf("%s of %s: silenced %v", a.Kind, a.Resident.ID, a.Silenced)
		}
	}
	// Not returned is another kind, and joins the case that is held back.
	w.pass(time.Minute)
	w.says("v/b1", "return", 1)
	held := w.alerts(alerting.AlertFilter{Resident: wang, Kind: []alerting.Kind{"water_inactivity"}})
	if len(held) != 1 || held[0].Silenced != nil || !held[0].RangAt.Equal(w.now) {
		t.Errorf("%+v", held)
	}
}

func TestASilenceOfADeviceIsOfThatDevice(t *testing.T) {
	w := newWorld(t)
	_, err := w.desk.Silence(w.ctx, zhang, alerting.NewSilence{Device: spare, Kind: alerting.KindDeviceSilent, Until: w.now.Add(time.Hour), Reason: "in repair"})
	w.must(err)
	w.pass(time.Minute)
	w.says(spare, "silent", 1)
	w.says("v/b1", "silent", 1)
	for _, a := range w.alerts(alerting.AlertFilter{}) {
		if want := a.Subject.ID == string(spare); (a.Silenced != nil) != want {
			t.Errorf("%s: %v", a.Subject.ID, a.Silenced)
		}
	}
}

// What held at the time of receipt counts, also when it is read again after a
// restart, and a silence entered later changes nothing.
func TestASilenceHoldsAsOfReceipt(t *testing.T) {
	w := newWorld(t)
	before := w.now
	w.pass(time.Minute)
	s := w.hush(alerting.KindHeartRate, time.Hour)
	w.pass(10 * time.Minute)
	_, err := w.desk.EndSilence(w.ctx, s.ID, zhang, "")
	w.must(err)
	w.pass(time.Minute)
	for range 2 {
		for at, want := range map[time.Time]bool{
			before: false, before.Add(time.Minute): true, before.Add(11*time.Minute - 1): true, before.Add(11 * time.Minute): false, w.now: false,
		} {
			if _, ok := w.store.Silenced(alerting.ResidentSubject(wang), wang, "heart_rate", at); ok != want {
				t.Errorf("at %s: %v, want %v", at.Sub(before), ok, want)
			}
		}
		w.start()
	}
	if _, err := w.desk.EndSilence(w.ctx, s.ID, zhang, ""); refused(t, err).State != "over" {
		t.Error(err)
	}
}

func TestSilencesAreListedByWhenTheyEnd(t *testing.T) {
	w := newWorld(t)
	late := w.hush(alerting.KindHeartRate, 5*time.Hour)
	soon := w.hush(alerting.KindSpO2, time.Hour)
	ids := func(f alerting.SilenceFilter) (ids []string) {
		f.Now = w.now
		list, err := w.store.Silences(w.ctx, f)
		w.must(err)
		for _, s := range list {
			ids = append(ids, s.ID)
		}
		return ids
	}
	if got := ids(alerting.SilenceFilter{Scope: everywhere, Running: true}); !slices.Equal(got, []string{soon.ID, late.ID}) {
		t.Error(got)
	}
	w.pass(2 * time.Hour)
	if got := ids(alerting.SilenceFilter{Scope: everywhere, Running: true}); !slices.Equal(got, []string{late.ID}) {
		t.Error(got)
	}
	if got := ids(alerting.SilenceFilter{}); len(got) != 0 {
		t.Error("somebody with no area sees", got)
	}
}

// Somebody took up what a silence holds back and left it: it goes back to the queue
// as it was there, without a sound.
func TestWhatASilenceHoldsBackDoesNotRingWhenItsCountdownEnds(t *testing.T) {
	r := newRoom(t)
	s := r.hush(alerting.KindHeartRate, 2*time.Hour)
	r.pass(time.Minute)
	r.says("v/b1", "heart", 2)
	id := r.only().ID
	rang := r.only().RangAt
	_, err := r.desk.Ack(r.ctx, id, zhang)
	r.must(err)
	r.left(30 * time.Minute)
	a := r.only()
	if a.State != "open" || a.AckedAt != nil || a.Assignee != nil || a.Silenced == nil || a.Silenced.ID != s.ID || !a.RangAt.Equal(rang) || a.EscalateAt != nil || a.AgainAt != nil {
		t.Fatalf("%+v", a)
	}
	if d := r.lastData(); d["action"] != "return" || d["silence"] != s.ID || d["rings"] != nil {
		t.Errorf("the log: %v", d)
	}
	same(t, "outbox", r.outbox(), "returned 0 zhang") // who had it, and nobody else
	r.left(time.Hour)
	if a := r.only(); a.Escalation != 0 || a.Silenced == nil {
		t.Errorf("it climbs: %+v", a)
	}
	r.pass(time.Hour)
	r.tick()
	if a := r.only(); a.Silenced != nil || !a.RangAt.Equal(r.now) || a.EscalateAt == nil {
		t.Errorf("after the silence: %+v", a)
	}
}

// What rang before somebody silenced its kind is held back by nothing, and what has
// become red neither: left, they ring again.
func TestASilenceDoesNotCoverWhatWasTakenUpAndLeft(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "heart", 2)
	_, err := w.desk.Ack(w.ctx, w.only().ID, zhang)
	w.must(err)
	w.hush(alerting.KindHeartRate, 2*time.Hour)
	w.left(30 * time.Minute)
	if a := w.only(); a.State != "open" || a.Silenced != nil || !a.RangAt.Equal(w.now) || a.EscalateAt == nil {
		t.Errorf("%+v", a)
	}
}
