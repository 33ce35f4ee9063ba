package dashboard

import (
	"testing"
	"time"

	"shouwang/devices"
)

func TestWindowsOfSeveralDevicesAreJoinedByWhatIsAsked(t *testing.T) {
	noon := time.Date(2026, 3, 14, 4, 0, 0, 0, time.UTC)
	window := func(hour int, value float64, readings int) devices.Point {
		return devices.Point{At: noon.Add(time.Duration(hour) * time.Hour), Value: &value, Readings: readings, Expected: 12}
	}
	gap := devices.Point{At: noon.Add(2 * time.Hour), Expected: 12}
	series := [][]devices.Point{
		{window(0, 10, 6), window(1, 4, 12), gap},
		{window(1, 8, 3), gap},
		{window(1, 6, 12)},
	}
	for what, want := range map[devices.Aggregate][2]float64{
		"": {10, 6}, devices.Mean: {10, 6}, devices.Min: {10, 4}, devices.Max: {10, 8}, devices.Last: {10, 6},
		devices.Count: {10, 18}, devices.Use: {10, 18},
	} {
		got := mergeWindows(series, what, 10)
		if len(got) != 3 {
			t.Fatalf("%q: %d windows, want 3", what, len(got))
		}
		for i := range want {
			if got[i].Value == nil || *got[i].Value != want[i] {
				t.Errorf("%q: window %d: %+v, want %v", what, i, got[i], want[i])
			}
		}
		if (got[2].Value != nil) != (what == devices.Count) {
			t.Errorf("%q: a gap became %v", what, got[2].Value)
		}
		if got[1].Readings != 27 || got[1].Expected != 36 {
			t.Errorf("%q: %d readings of %v, want 27 of 36", what, got[1].Readings, got[1].Expected)
		}
	}
}

func TestHistoryTakesTheAggregateAndNamesItsUnit(t *testing.T) {
	in := historyIn{Metric: "volume_m3", Every: "1d", Aggregate: "use", Limit: 10}
	q, err := in.query(time.Now())
	if err != nil || q.Aggregate != devices.Use || unit(q) != "L" {
		t.Errorf("use of a register: %v %q, %v", q.Aggregate, unit(q), err)
	}
	in.Aggregate = "mean"
	if q, err := in.query(time.Now()); err != nil || unit(q) != "m³" {
		t.Errorf("mean of a register: %q, %v", unit(q), err)
	}
	in.Every = ""
	if _, err := in.query(time.Now()); err == nil {
		t.Error("an aggregate of raw points was taken")
	}
}
