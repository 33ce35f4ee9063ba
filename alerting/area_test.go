package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const hillDry = "orange data_outage system water:shen/east/hill"

// meters makes the devices water meters.
func (w *world) meters(ids []devices.DeviceID) []devices.DeviceID {
	for _, id := range ids {
		w.dir.devices[id].Kind = devices.WaterMeter
	}
	return ids
}

func TestAWaterCutHoldsWhatItExplains(t *testing.T) {
	w := newWorld(t)
	ids := w.meters(w.village("v", "shen/east/hill", 6))
	w.says(ids[5], "water", 1) // idle for long before
	w.pass(10 * time.Hour)
	began := w.now
	w.pass(time.Hour)
	for _, id := range ids[:2] { // the first are told before it is recognised
		w.apply(reading(id, "water", 2, w.now, w.now))
	}
	w.pass(time.Minute)
	w.apply(reading(ids[0], "dry", 2, began, w.now))
	w.seesOnly(hillDry, "yellow water_inactivity resident hill-06")
	w.pass(time.Hour)
	w.says(ids[2], "water", 1)
	w.says(ids[3], "water", 2)
	w.seesOnly(hillDry, "yellow water_inactivity resident hill-06")
	if a := w.outage(); a.Evidence["residents_n"] != 4.0 || !a.Since.Equal(began) {
		t.Errorf("evidence %v, since %s", a.Evidence, a.Since)
	}
	// Red is never held, whether it comes so or becomes so.
	w.pass(time.Minute)
	w.says(ids[4], "water", 3)
	w.says(ids[2], "water", 3)
	w.seesOnly(hillDry, "red water_inactivity resident hill-03", "red water_inactivity resident hill-05",
		"yellow water_inactivity resident hill-06")
	// The water is back, and one of them uses it. The others do not.
	w.pass(time.Hour)
	w.says(ids[0], "water", 0)
	w.says(ids[0], "dry", 0)
	w.seesOnly("red water_inactivity resident hill-03", "red water_inactivity resident hill-05",
		"orange water_inactivity resident hill-02", "orange water_inactivity resident hill-04",
		"yellow water_inactivity resident hill-06")
	for _, a := range w.alerts(alerting.AlertFilter{Kind: []alerting.Kind{alerting.KindDataOutage}}) {
		if a.State != alerting.Closed || *a.Outcome != alerting.Recovered {
			t.Errorf("the outage is %s", a.State)
		}
	}
}

func TestAWaterCutIsOfOneVillage(t *testing.T) {
	w := newWorld(t)
	hill := w.meters(w.village("v", "shen/east/hill", 2))
	lake := w.meters(w.village("v", "shen/east/lake", 2))
	w.says(hill[0], "dry", 2)
	w.pass(time.Hour)
	w.says(lake[0], "water", 1)
	w.says(hill[1], "water", 1)
	w.cries(hill[0], devices.EventSOS, w.now)
	w.seesOnly(hillDry, "yellow water_inactivity resident lake-01", "red sos resident hill-01")
}
