package seriestest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"shouwang/devices"
)

func aggregates(t *testing.T, s suite) {
	d := s.device("band-7")
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	for minutes, value := range map[int]float64{-1: 999, 0: 70, 3: 60, 7: 65, 130: 90, 180: 999} {
		s.write(t, reading(d, devices.HeartRateBPM, at(minutes), value))
	}
	for what, want := range map[devices.Aggregate][2]float64{
		devices.Mean: {65, 90}, devices.Min: {60, 90}, devices.Max: {70, 90}, devices.Last: {65, 90}, devices.Count: {3, 1}, "": {65, 90},
	} {
		none := gap(at(60))
		if what == devices.Count {
			none = point(at(60), 0)
		}
		q := devices.HistoryQuery{Device: d, Metric: devices.HeartRateBPM, From: at(0), To: at(180), Every: time.Hour, Aggregate: what}
		equal(t, "hours, "+string(what), s.history(t, q), []devices.Point{point(at(0), want[0]), none, point(at(120), want[1])})
		q.Every, q.To, none.At = 10*time.Minute, at(20), at(10)
		equal(t, "minutes, "+string(what), s.history(t, q), []devices.Point{point(at(0), want[0]), none})
	}
}

func useOfRegister(t *testing.T, s suite) {
	d := s.device("meter-7")
	hour := func(h float64) time.Time { return noon.Add(time.Duration(h * float64(time.Hour))) }
	for h, m3 := range map[float64]float64{
		-0.5: 9.98, 0: 10, 0.5: 10.01, 1: 10.05, 2.5: 10.08, // nothing between 1 and 2.5: a step that may be shared
		// a gap of five hours in which 200 L ran
		7.5: 10.28, 8: 10.28, 8.5: 10.279, 9: 500, 9.5: 500.002,
	} {
		s.write(t, reading(d, devices.VolumeM3, hour(h), m3))
	}
	q := devices.HistoryQuery{Device: d, Metric: devices.VolumeM3, From: hour(0), To: hour(11), Every: time.Hour, Aggregate: devices.Use}
	want := []devices.Point{
		point(hour(0), 50), // 10 L, and 40 up to the reading on the border
		point(hour(1), 20), // two thirds of 30
		point(hour(2), 10), gap(hour(3)), gap(hour(4)), gap(hour(5)), gap(hour(6)),
		point(hour(7), 0),
		point(hour(8), 0), // a litre back is noise; the meter was replaced
		point(hour(9), 2), gap(hour(10)),
	}
	equal(t, "hours", s.history(t, q), want)
	// Over the day the gap is a step like any other.
	q.From, q.To, q.Every = noon.Add(-12*time.Hour), noon.Add(12*time.Hour), 24*time.Hour
	equal(t, "day", s.history(t, q), []devices.Point{point(q.From, 20+50+30+200+2)})
	q.From, q.To, q.Every = hour(0), hour(0.5), 15*time.Minute
	equal(t, "windows too short for the meter", s.history(t, q), []devices.Point{gap(hour(0)), gap(hour(0.25))})
}

func completeness(t *testing.T, s suite) {
	d := s.device("meter-8")
	day := func(n int) time.Time { return time.Date(2026, 3, 2+n, 0, 0, 0, 0, Shanghai).UTC() }
	var readings []devices.Reading
	for h := range 10 * 24 {
		switch n := h / 24; {
		case n == 6, n == 8 && h%24 >= 6: // a day is lost, and most of another
		default:
			readings = append(readings, reading(d, devices.VolumeM3, day(0).Add(time.Duration(h)*time.Hour+58*time.Minute), 100+float64(h)/100))
		}
	}
	s.write(t, readings...)
	q := devices.HistoryQuery{Device: d, Metric: devices.VolumeM3, From: day(5), To: day(10), Every: 24 * time.Hour, Aggregate: devices.Use}
	got := s.counted(t, q)
	want := []struct {
		readings int
		use      float64
	}{{24, 240}, {0, math.NaN()}, {24, 240}, {6, 240}, {24, 240 - 10*2/60.0}} // the last step is not yet over
	if len(got) != len(want) {
		t.Fatalf("%d windows, want %d", len(got), len(want))
	}
	for i, p := range got {
		if p.Readings != want[i].readings || p.Expected != 24 {
			t.Errorf("day %d: %d readings of %v expected, want %d of 24", i, p.Readings, p.Expected, want[i].readings)
		}
		// The register knows of every litre, also of those that ran while
		// readings were lost, as long as the window has a reading to tell them.
		switch {
		case math.IsNaN(want[i].use):
			if p.Value != nil {
				t.Errorf("day %d without a reading: use %v, want null", i, *p.Value)
			}
		case p.Value == nil || math.Abs(*p.Value-want[i].use) > 0.01:
			t.Errorf("day %d: use %+v, want %v", i, p, want[i].use)
		}
	}
	// A window that is cut expects less.
	q.From, q.To = day(5).Add(6*time.Hour), day(5).Add(18*time.Hour)
	if got := s.counted(t, q); len(got) != 1 || got[0].Readings != 12 || got[0].Expected != 12 {
		t.Errorf("half a day: %+v, want 12 readings of 12", got)
	}
	q.From, q.To, q.Every = day(5), day(5).Add(4*time.Hour), time.Hour
	for i, p := range s.counted(t, q) {
		if p.Readings != 1 || p.Expected != 1 {
			t.Errorf("hour %d: %d readings of %v, want 1 of 1", i, p.Readings, p.Expected)
		}
	}
}

func lateReadings(t *testing.T, s suite) {
	d := s.device("band-8")
	q := devices.HistoryQuery{Device: d, Metric: devices.SpO2Pct, From: noon, To: noon.Add(2 * time.Hour), Every: time.Hour}
	for step, test := range []struct {
		reading devices.Reading
		want    []devices.Point
	}{
		{reading(d, devices.SpO2Pct, noon.Add(10*time.Minute), 90), []devices.Point{point(noon, 90), gap(noon.Add(time.Hour))}},
		{reading(d, devices.SpO2Pct, noon.Add(70*time.Minute), 98), []devices.Point{point(noon, 90), point(noon.Add(time.Hour), 98)}},
		{reading(d, devices.SpO2Pct, noon.Add(5*time.Minute), 92), []devices.Point{point(noon, 91), point(noon.Add(time.Hour), 98)}},
		{reading(d, devices.SpO2Pct, noon.Add(10*time.Minute), 94), []devices.Point{point(noon, 93), point(noon.Add(time.Hour), 98)}},
	} {
		s.write(t, test.reading)
		for range 2 {
			equal(t, fmt.Sprint("after reading ", step+1), s.history(t, q), test.want)
		}
	}
}

// byHand compares every aggregate over random windows with a count that knows
// nothing of cells.
func byHand(t *testing.T, s suite) {
	random := rand.New(rand.NewPCG(7, 11)) //nolint:gosec // a test
	d := s.device("random")
	all := map[int64]float64{} // by seconds from noon
	for range 12 {
		var batch []devices.Reading
		for range random.IntN(60) {
			second := int64(random.IntN(3 * 86400))
			all[second] = float64(random.IntN(1000))
			batch = append(batch, reading(d, devices.FlowM3H, noon.Add(time.Duration(second)*time.Second), all[second]))
		}
		s.write(t, batch...)
		from := noon.Add(time.Duration(random.IntN(86400)) * time.Second)
		q := devices.HistoryQuery{
			Device: d, Metric: devices.FlowM3H, From: from, To: from.Add(time.Duration(1+random.IntN(2*86400)) * time.Second),
			Every:     []time.Duration{time.Hour, 3 * time.Hour, 24 * time.Hour}[random.IntN(3)],
			Aggregate: []devices.Aggregate{devices.Mean, devices.Min, devices.Max, devices.Last, devices.Count}[random.IntN(5)],
		}
		points := s.counted(t, q)
		for i, p := range points {
			end := q.To
			if i+1 < len(points) {
				end = points[i+1].At
			}
			n, value := 0, math.NaN()
			sum, newest := 0.0, int64(-1)
			for second, v := range all {
				if at := noon.Add(time.Duration(second) * time.Second); at.Before(p.At) || !at.Before(end) {
					continue
				}
				n++
				sum += v
				switch q.Aggregate {
				case devices.Min:
					value = min(v, orElse(value, v))
				case devices.Max:
					value = max(v, orElse(value, v))
				case devices.Last:
					if second > newest {
						newest, value = second, v
					}
				case devices.Mean:
					value = sum / float64(n)
				}
			}
			if q.Aggregate == devices.Count {
				value = float64(n)
			}
			if p.Readings != n || (p.Value == nil) != math.IsNaN(value) || p.Value != nil && math.Abs(*p.Value-value) > 1e-9 {
				t.Fatalf("%s in windows of %s, window %s: %d readings, %v; by hand %d, %v", q.Aggregate, q.Every, p.At, p.Readings, p.Value, n, value)
			}
		}
	}
}

func orElse(v, other float64) float64 {
	if math.IsNaN(v) {
		return other
	}
	return v
}
