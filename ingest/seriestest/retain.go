package seriestest

import (
	"context"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

// RetainNow is the time at which RunRetain lets the store forget.
var RetainNow = time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)

// RetainDevice is the device of RunRetain.
const RetainDevice devices.DeviceID = "retain/1"

// Forgetful is a store that keeps readings for so long and no longer.
type Forgetful interface {
	ingest.RollupStore
	ingest.Retainer
}

// RunRetain holds the store, which must be empty, to Retain.
func RunRetain(t *testing.T, series Forgetful) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	const day = 24 * time.Hour
	metrics := []devices.Metric{devices.LatDeg, devices.HeartRateBPM, devices.VolumeM3, "x_vendor"}
	s := suite{series, ctx, ""}
	ages := []int{0, 30, 90, 91, 700, 730, 740, 1200} // days
	var readings []devices.Reading
	var hours []ingest.SeriesHour
	for _, metric := range metrics {
		for _, age := range ages {
			at := RetainNow.Add(-time.Duration(age) * day)
			readings = append(readings, reading(RetainDevice, metric, at, float64(age)))
			hours = append(hours, ingest.SeriesHour{
				Device: RetainDevice, Metric: metric, Start: ingest.HourOf(at.UnixMicro()), Cell: ingest.CellOf(at.UnixMicro(), float64(age)),
			})
		}
	}
	s.write(t, readings...)
	if err := series.PutHours(ctx, hours); err != nil {
		t.Fatal(err)
	}
	// Twice: what is gone can go again.
	for range 2 {
		err := series.Retain(ctx, RetainNow, map[devices.Class]time.Duration{devices.Position: 90 * day, devices.Vitals: 730 * day})
		if err != nil {
			t.Fatal(err)
		}
	}
	// Whole hours stay: the reading of 90 days ago is of an hour that is not over.
	for metric, want := range map[devices.Metric]int{devices.LatDeg: 3, devices.HeartRateBPM: 6, devices.VolumeM3: 8, "x_vendor": 8} {
		q := devices.HistoryQuery{Device: RetainDevice, Metric: metric, From: RetainNow.AddDate(-10, 0, 0), To: RetainNow.Add(day), Limit: ingest.MaxPoints}
		if n := len(s.history(t, q)); n != want {
			t.Errorf("%d readings of %s left, want %d", n, metric, want)
		}
		hours, err := series.Hours(ctx, RetainDevice, metric, q.From.UnixMicro(), q.To.UnixMicro())
		if err != nil {
			t.Fatal(err)
		}
		if len(hours) != want {
			t.Errorf("%d rollups of %s left, want %d", len(hours), metric, want)
		}
	}
}
