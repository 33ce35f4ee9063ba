package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// Who withdraws the consent to a type of data is not judged by what was known
// before it, nor by the silence after; other types and cries for help go on.
func TestWhatIsNotAgreedToIsNotJudged(t *testing.T) {
	w := newWorld(t)
	w.dir.withheld = map[string]devices.Withheld{wang: devices.Withhold(devices.WaterData, devices.PositionData)}
	w.says("v/b1", "water", 3)
	w.says("v/b2", "water", 3)
	w.says("v/b1", "heart", 2)
	w.cries("v/b1", devices.EventSOS, w.now)
	got := map[string]int{}
	for _, a := range w.open() {
		got[a.Resident.ID+" "+string(a.Kind)]++
	}
	for kind, want := range map[string]int{
		wang + " " + string(alerting.KindWaterInactivity): 0, li + " " + string(alerting.KindWaterInactivity): 1,
		wang + " " + string(alerting.KindHeartRate): 1, wang + " " + string(alerting.KindSOS): 1,
	} {
		if got[kind] != want {
			t.Errorf("%s: %d alerts, want %d: %v", kind, got[kind], want, got)
		}
	}
	// Agreed to again, what goes on is found.
	delete(w.dir.withheld, wang)
	w.now = w.now.Add(time.Minute)
	w.says("v/b1", "water", 3)
	found := false
	for _, a := range w.open() {
		found = found || a.Resident.ID == wang && a.Kind == alerting.KindWaterInactivity
	}
	if !found {
		t.Error("agreed to again, it is not found")
	}
}
