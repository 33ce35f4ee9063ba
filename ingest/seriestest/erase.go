package seriestest

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

// Eraser is a series from which a resident's readings can be taken out.
type Eraser interface {
	ingest.Series
	// Erase deletes the metrics of the device, without any all, in [from, to); a
	// zero time lifts that bound.
	Erase(ctx context.Context, device devices.DeviceID, from, to time.Time, metrics ...devices.Metric) error
}

// RunErase holds the series to Erase.
func RunErase(t *testing.T, series Eraser) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	s := suite{series, ctx, "t" + rand.Text()[:8]}
	d, other := s.device("band-1"), s.device("band-10")
	at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
	for _, device := range []devices.DeviceID{d, other} {
		for minute := range 10 {
			s.write(t, reading(device, devices.HeartRateBPM, at(minute), float64(60+minute)), reading(device, devices.Steps, at(minute), float64(minute)),
				reading(device, devices.LatDeg, at(minute), 36.2), reading(device, devices.BodyTempC, at(minute), 36.6))
		}
	}
	erase := func(from, to time.Time) {
		t.Helper()
		// Twice: what is gone can be erased again.
		for range 2 {
			if err := series.Erase(ctx, d, from, to); err != nil {
				t.Fatalf("erase: %v", err)
			}
		}
	}
	if err := series.Erase(ctx, d, time.Time{}, time.Time{}, devices.LatDeg, devices.BodyTempC); err != nil {
		t.Fatalf("erase one metric: %v", err)
	}
	if lat, temp, rest := len(s.all(t, d, devices.LatDeg)), len(s.all(t, d, devices.BodyTempC)), len(s.all(t, d, devices.HeartRateBPM)); lat+temp > 0 || rest != 10 {
		t.Errorf("after two metrics were erased: %d and %d points of them, %d of another; want 0, 0 and 10", lat, temp, rest)
	}
	erase(at(3), at(7))
	want := []devices.Point{point(at(0), 60), point(at(1), 61), point(at(2), 62), point(at(7), 67), point(at(8), 68), point(at(9), 69)}
	equal(t, "the first time is inside, the last outside", s.all(t, d, devices.HeartRateBPM), want)
	if n := len(s.all(t, d, devices.Steps)); n != 6 {
		t.Errorf("%d points of another metric left, want 6", n)
	}
	erase(at(7), time.Time{})
	equal(t, "no end", s.all(t, d, devices.HeartRateBPM), want[:3])
	erase(time.Time{}, at(1))
	equal(t, "no beginning", s.all(t, d, devices.HeartRateBPM), want[1:3])
	erase(time.Time{}, time.Time{})
	equal(t, "everything", s.all(t, d, devices.HeartRateBPM), []devices.Point{})
	if latest, err := series.Latest(ctx, d); err != nil || len(latest) > 0 {
		t.Errorf("latest after everything was erased: %v, %v", latest, err)
	}
	if n := len(s.all(t, other, devices.HeartRateBPM)); n != 10 {
		t.Errorf("%d points of another device, want 10", n)
	}
	rollups(t, s, series)
	// The device goes on to somebody else.
	s.write(t, reading(d, devices.HeartRateBPM, at(20), 80))
	equal(t, "written after", s.all(t, d, devices.HeartRateBPM), []devices.Point{point(at(20), 80)})
}

// rollups: every hour that the erased time touches is gone, and no other.
func rollups(t *testing.T, s suite, series Eraser) {
	t.Helper()
	store, ok := series.(ingest.RollupStore)
	if !ok {
		return
	}
	d := s.device("band-2")
	hour := func(n int) int64 { return noon.UnixMicro() + int64(n)*ingest.Hour }
	var hours []ingest.SeriesHour
	for n := range 5 {
		at := noon.Add(time.Duration(n)*time.Hour + time.Minute)
		s.write(t, reading(d, devices.HeartRateBPM, at, 70))
		hours = append(hours, ingest.SeriesHour{Device: d, Metric: devices.HeartRateBPM, Start: hour(n), Cell: ingest.CellOf(at.UnixMicro(), 70)})
	}
	if err := store.PutHours(s.ctx, hours); err != nil {
		t.Fatal(err)
	}
	if err := series.Erase(s.ctx, d, noon.Add(90*time.Minute), noon.Add(210*time.Minute)); err != nil {
		t.Fatal(err)
	}
	got, err := store.Hours(s.ctx, d, devices.HeartRateBPM, hour(0), hour(5))
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range []bool{true, false, false, false, true} {
		if _, ok := got[hour(n)]; ok != want {
			t.Errorf("hour %d is there: %v, want %v", n, ok, want)
		}
	}
}
