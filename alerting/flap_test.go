package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// flap lets an episode begin, and be over three minutes later; it says whether the
// alert rang.
func (w *world) flap(metric devices.Metric, level float64) bool {
	w.t.Helper()
	w.pass(3 * time.Minute)
	w.says("v/b1", metric, level)
	all := w.alerts(alerting.AlertFilter{Resident: wang})
	rang := all[0].RangAt.Equal(w.now)
	w.pass(3 * time.Minute)
	w.says("v/b1", metric, 0)
	return rang
}

func TestWhatComesAndGoesRingsThreeTimesAnHour(t *testing.T) {
	w := newWorld(t)
	rang := 0
	for i := range 20 { // two hours
		if w.flap("heart", 2) {
			rang++
		}
		if i == 1 {
			_, err := w.desk.Ack(w.ctx, w.only().ID, zhang)
			w.must(err)
		}
	}
	// 3 in the first hour, and once more an hour after the last ring.
	if rang < 4 || rang > 5 {
		t.Errorf("it rang %d times in two hours", rang)
	}
	a := w.only()
	if n, _ := a.Evidence["flaps"].(float64); n < 10 {
		t.Errorf("the alert does not say how often: %v", a.Evidence)
	}
}

func TestADampedEpisodeDoesNotTakeTheAlertBack(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.flap("heart", 2)
	}
	_, err := w.desk.Ack(w.ctx, w.only().ID, zhang)
	w.must(err)
	w.pass(time.Minute)
	w.says("v/b1", "heart", 2)
	a := w.only()
	if a.State != "acknowledged" || a.RecoveredAt != nil || w.lastData()["damped"] != true {
		t.Errorf("%s %v %v", a.State, a.RecoveredAt, w.lastData())
	}
	w.pass(time.Minute)
	w.says("v/b1", "heart", 3) // what is worse rings all the same
	if a := w.only(); a.State != "open" || !a.RangAt.Equal(w.now) {
		t.Errorf("red: %s", a.State)
	}
}

func TestRedAlwaysRings(t *testing.T) {
	w := newWorld(t)
	for i := range 6 {
		if !w.flap("heart", 3) {
			t.Errorf("episode %d did not ring", i+1)
		}
	}
}

func TestADeviceThatComesAndGoesIsOneAlertForAPerson(t *testing.T) {
	w := newWorld(t)
	for range 8 {
		w.flap("silent", 1)
	}
	all := w.alerts(alerting.AlertFilter{})
	if len(all) != 3 {
		t.Fatalf("%d alerts, want the first three", len(all))
	}
	if a := all[0]; a.State == "closed" || a.RecoveredAt == nil || a.Evidence["flaps"] == nil {
		t.Errorf("the last is %s: %v", a.State, a.Evidence)
	}
}

func TestSingleKindsHaveTheirOwnNumber(t *testing.T) {
	w := newWorld(t)
	rules := alerting.DefaultRules()
	rules.Quiet.FlapOf = map[alerting.Kind]int{"heart_rate": 0}
	_, err := w.store.PutRules(w.ctx, rules, zhang, "every one counts", w.now)
	w.must(err)
	for i := range 6 {
		if !w.flap("heart", 2) {
			t.Errorf("episode %d did not ring", i+1)
		}
	}
}
