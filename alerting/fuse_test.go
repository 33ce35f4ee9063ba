package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

func TestOneCaseOfSomebodyWhoShowsNoLife(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "return", 1)
	w.seesOnly("yellow not_returned resident wang")
	w.pass(time.Hour)
	w.says("v/b1", "water", 1) // the same from another side, no more urgent
	w.seesOnly("yellow not_returned resident wang")
	if a := w.only(); len(a.Evidence["also"].([]any)) != 1 {
		t.Errorf("evidence %v", a.Evidence)
	}
	w.pass(time.Hour)
	w.says("v/b1", "life", 3)
	w.seesOnly("red no_sign_of_life resident wang")
	a := w.alerts(notClosed)[0]
	if also := a.Evidence["also"].([]any); len(also) != 2 {
		t.Errorf("it stands for %v", also)
	}
	w.pass(time.Hour)
	w.says("v/b1", "water", 3)
	w.seesOnly("red no_sign_of_life resident wang")

	// What was fused with it goes on, so it has not recovered with the pulse.
	w.pass(time.Hour)
	w.says("v/b1", "life", 0)
	if a = w.alert(a.ID); a.RecoveredAt != nil {
		t.Error("recovered while water is still not used")
	}
	w.says("v/b1", "water", 0)
	if a = w.alert(a.ID); a.RecoveredAt != nil {
		t.Error("recovered while nobody has been seen since the absence")
	}
	w.pass(time.Minute)
	w.says("v/b1", "return", 0)
	if a = w.alert(a.ID); a.RecoveredAt == nil || a.State != alerting.Open {
		t.Errorf("recovered %v, %s", a.RecoveredAt, a.State)
	}
	// An SOS, a pulse too fast and another resident stand by themselves.
	w.cries("v/b1", "sos", w.now)
	w.says("v/b1", "heart", 2)
	w.says("v/b2", "water", 1)
	w.seesOnly("red no_sign_of_life resident wang", "red sos resident wang", "orange heart_rate resident wang",
		"yellow water_inactivity resident li")
}

func TestSomebodyOnTheWayKeepsTheCase(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	_, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: w.only().ID, Assignee: "zhao"})
	w.must(err)
	w.pass(time.Hour)
	w.says("v/b1", "life", 3)
	w.seesOnly("red water_inactivity resident wang")
	if a := w.only(); a.State != alerting.Dispatched {
		t.Errorf("it is %s", a.State)
	}
}

func TestAClosedCaseComesBackOnce(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "life", 3)
	w.close(w.only().ID, unreached)
	w.pass(time.Hour)
	w.says("v/b1", "water", 2)
	w.seesOnly("orange water_inactivity resident wang")
	w.pass(4 * time.Hour)
	w.tick()
	w.seesOnly("orange water_inactivity resident wang")
}

func TestARecoverySaysWhy(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	found := w.now
	w.pass(time.Hour)
	w.says("v/b1", "water", 0)
	newest := w.events(w.newest() - 1)[0]
	if newest.Type != "alert.recovered" || newest.Data["because"] == nil || newest.Data["retracted"] != nil {
		t.Errorf("%s %v", newest.Type, newest.Data)
	}
	if a := w.only(); a.State != alerting.Open || a.RecoveredAt == nil || !a.FoundAt.Equal(found) {
		t.Errorf("it is %s", a.State)
	}
}

// TestABandsBacklogTakesBackWhatTheMeterSaid: the second source tells late that
// somebody walked while no water was used.
func TestABandsBacklogTakesBackWhatTheMeterSaid(t *testing.T) {
	w := newWorld(t)
	w.real = true
	w.meters([]devices.DeviceID{"v/b1"})
	w.dir.worn["v/b2"] = wang
	w.start()
	for range 3 {
		w.says("v/b1", devices.VolumeM3, 100+float64(w.seq)/100)
		w.says("v/b2", devices.Steps, 10)
		w.pass(time.Hour)
	}
	for len(w.board()) == 0 {
		w.pass(time.Hour)
		w.says("v/b1", devices.VolumeM3, 100.05)
	}
	a := w.only()
	if a.Kind != alerting.KindWaterInactivity {
		t.Fatalf("found %s", a.Kind)
	}
	for i := range 3 {
		at := w.now.Add(-4 * time.Hour).Add(time.Duration(i) * 10 * time.Minute)
		w.apply(reading("v/b2", devices.Steps, float64(100+50*i), at, w.now))
	}
	a = w.only()
	if a.State != alerting.Open || a.RecoveredAt == nil || a.Evidence["retracted"] != true {
		t.Errorf("%s, recovered %v, %v", a.State, a.RecoveredAt, a.Evidence)
	}
	data := w.events(w.newest() - 1)[0].Data
	if because, _ := data["because"].(map[string]any); because["walked"] == nil || data["retracted"] != true {
		t.Errorf("the log says %v", data)
	}
}
