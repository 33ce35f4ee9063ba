package alerting

import (
	"testing"
	"time"

	"shouwang/devices"
)

func TestWhatALaterReadingOfTheMessageFollows(t *testing.T) {
	at := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	message := []devices.Reading{
		{Device: "acme/d1", Metric: devices.VolumeM3, At: at},
		{Device: "acme/d1", Metric: devices.BatteryPct, At: at},
		{Device: "acme/d2", Metric: devices.BatteryPct, At: at.Add(time.Hour)},
		{Device: "acme/d1", Metric: devices.VolumeM3, At: at.Add(time.Hour)},
		{Device: "acme/d1", Metric: devices.VolumeM3, At: at.Add(time.Hour)}, // twice
	}
	for i, want := range []bool{true, false, false, false, false} {
		if got := followed(message[i:]); got != want {
			t.Errorf("reading %d: %v", i, got)
		}
	}
}
