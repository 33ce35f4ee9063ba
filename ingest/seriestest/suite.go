// Package seriestest is the conformance suite of the time series: what every
// store must do the same way, run by the tests of each adapter.
package seriestest

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/devices"
	"shouwang/ingest"
)

// Shanghai is the zone the store under test must be opened with.
var Shanghai = time.FixedZone("Asia/Shanghai", 8*3600)

// noon is a fixed time of day in the past; sub-second parts are microseconds.
var noon = time.Date(2026, 3, 14, 4, 0, 0, 0, time.UTC)

// Run holds the series, opened with the zone Shanghai, to the interface. It
// writes under vendor names of its own, so the store may be shared.
func Run(t *testing.T, series ingest.Series) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, suite)
	}{
		{"rewriting the same readings changes nothing", rewriting},
		{"a later value for the same time replaces the first", replacing},
		{"readings may come in any order", disorder},
		{"metrics of one time stay apart", metricsApart},
		{"names of any script and sign", names},
		{"from is inside, to is outside", borders},
		{"the first points up to the limit", limit},
		{"means of windows, gaps as null", windows},
		{"windows follow the county's clock", localWindows},
		{"every aggregate, gaps as null", aggregates},
		{"use of a register, none over a gap", useOfRegister},
		{"windows tell how complete they are", completeness},
		{"late and changed readings change their hours", lateReadings},
		{"any readings in any order give what is counted by hand", byHand},
		{"many readings in one write", many},
		{"latest never goes back", latest},
		{"nothing known, nothing answered", unknown},
		{"impossible readings are named, the rest is stored", refused},
		{"wrong queries name field, value and rule", wrongQueries},
		{"an ended context ends the write", cancelled},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			test.run(t, suite{series, ctx, "t" + rand.Text()[:8]})
		})
	}
}

type suite struct {
	series ingest.Series
	ctx    context.Context
	vendor string
}

func (s suite) device(id string) devices.DeviceID { return devices.DeviceID(s.vendor + "/" + id) }

func (s suite) write(t *testing.T, readings ...devices.Reading) {
	t.Helper()
	if err := s.series.Write(s.ctx, readings); err != nil {
		t.Fatalf("write %d readings: %v", len(readings), err)
	}
}

func (s suite) history(t *testing.T, q devices.HistoryQuery) []devices.Point {
	t.Helper()
	points := s.counted(t, q)
	for i := range points {
		points[i].Readings, points[i].Expected = 0, 0
	}
	return points
}

// counted is a history with what it says of its completeness.
func (s suite) counted(t *testing.T, q devices.HistoryQuery) []devices.Point {
	t.Helper()
	points, err := s.series.History(s.ctx, q)
	if err != nil {
		t.Fatalf("history of %s %s: %v", q.Device, q.Metric, err)
	}
	return points
}

// all is the raw history of a day around noon.
func (s suite) all(t *testing.T, device devices.DeviceID, metric devices.Metric) []devices.Point {
	t.Helper()
	return s.history(t, devices.HistoryQuery{Device: device, Metric: metric, From: noon.Add(-12 * time.Hour), To: noon.Add(12 * time.Hour), Limit: ingest.MaxPoints})
}

func reading(device devices.DeviceID, metric devices.Metric, at time.Time, value float64) devices.Reading {
	return devices.Reading{Device: device, Metric: metric, At: at, Value: value, Received: at.Add(1500 * time.Microsecond)}
}

func point(at time.Time, value float64) devices.Point { return devices.Point{At: at, Value: &value} }

func gap(at time.Time) devices.Point { return devices.Point{At: at} }

// equal compares all but the last bits of means.
func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	near := cmp.Comparer(func(a, b float64) bool { return a == b || math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b)) })
	if diff := cmp.Diff(want, got, near); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func rewriting(t *testing.T, s suite) {
	d := s.device("band-1")
	readings := []devices.Reading{
		reading(d, devices.HeartRateBPM, noon, 61.5),
		reading(d, devices.HeartRateBPM, noon.Add(1*time.Microsecond), 62),
		reading(d, devices.SpO2Pct, noon, 97),
	}
	readings[1].Quality = devices.ReceiptTime
	s.write(t, readings...)
	s.write(t, readings...)
	s.write(t, readings[1], readings[1], readings[0])
	equal(t, "history", s.all(t, d, devices.HeartRateBPM), []devices.Point{point(noon, 61.5), point(noon.Add(time.Microsecond), 62)})
	got, err := s.series.Latest(s.ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "latest", got, []devices.Reading{readings[1], readings[2]})
}

func replacing(t *testing.T, s suite) {
	d := s.device("meter-1")
	first, second := reading(d, devices.VolumeM3, noon, 10.25), reading(d, devices.VolumeM3, noon, 10.75)
	second.Received = noon.Add(time.Hour)
	s.write(t, first)
	s.write(t, second)
	equal(t, "history", s.all(t, d, devices.VolumeM3), []devices.Point{point(noon, 10.75)})
	// Within one write the later one counts.
	s.write(t, second, reading(d, devices.VolumeM3, noon, 11))
	equal(t, "history after both at once", s.all(t, d, devices.VolumeM3), []devices.Point{point(noon, 11)})
}

func disorder(t *testing.T, s suite) {
	d := s.device("meter-2")
	order := []int{5, 1, 4, 0, 3, 2}
	want := make([]devices.Point, len(order))
	for _, i := range order {
		at := noon.Add(time.Duration(i) * time.Hour)
		want[i] = point(at, 100+float64(i))
		s.write(t, reading(d, devices.VolumeM3, at, 100+float64(i)))
	}
	equal(t, "history", s.all(t, d, devices.VolumeM3), want)
}

func metricsApart(t *testing.T, s suite) {
	d, other := s.device("band-2"), s.device("band-22")
	s.write(t,
		reading(d, devices.SystolicMMHg, noon, 131), reading(d, devices.DiastolicMMHg, noon, 82),
		reading(other, devices.SystolicMMHg, noon, 150), reading(d, "x_vendor_index", noon, -3.5e-7))
	equal(t, "systolic", s.all(t, d, devices.SystolicMMHg), []devices.Point{point(noon, 131)})
	equal(t, "diastolic", s.all(t, d, devices.DiastolicMMHg), []devices.Point{point(noon, 82)})
	equal(t, "unknown metric", s.all(t, d, "x_vendor_index"), []devices.Point{point(noon, -3.5e-7)})
	equal(t, "other device", s.all(t, other, devices.SystolicMMHg), []devices.Point{point(noon, 150)})
}

func names(t *testing.T, s suite) {
	signs := []string{
		"水表-0001", "a=b", "a,b", "a b", "a,b=c d", `back\slash`, `a\,b`, `a\=b`, `"quoted"`, `it's`, "ünïcode🚰",
		"${r.device}", `") |> drop() //`, "%25", "#hash", "a;b", "<b>", "d", "D", "ｄ",
	}
	// A backslash before a sign cannot stand in every store's metrics.
	metric := func(sign string) devices.Metric {
		return devices.Metric(s.vendor + strings.NewReplacer(`\,`, "/", `\=`, "|").Replace(sign))
	}
	var readings []devices.Reading
	for i, sign := range signs {
		readings = append(readings, reading(s.device(sign), devices.VolumeM3, noon, float64(i)))
		readings = append(readings, reading(s.device("any"), metric(sign), noon, 1000+float64(i)))
	}
	s.write(t, readings...)
	for i, sign := range signs {
		equal(t, "device "+sign, s.all(t, s.device(sign), devices.VolumeM3), []devices.Point{point(noon, float64(i))})
		equal(t, "metric "+sign, s.all(t, s.device("any"), metric(sign)), []devices.Point{point(noon, 1000+float64(i))})
		got, err := s.series.Latest(s.ctx, s.device(sign))
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "latest of "+sign, got, readings[2*i:2*i+1])
	}
}

func borders(t *testing.T, s suite) {
	d := s.device("meter-3")
	us := time.Microsecond
	for i, at := range []time.Time{noon.Add(-us), noon, noon.Add(us), noon.Add(time.Hour - us), noon.Add(time.Hour)} {
		s.write(t, reading(d, devices.FlowM3H, at, float64(i)))
	}
	q := devices.HistoryQuery{Device: d, Metric: devices.FlowM3H, From: noon, To: noon.Add(time.Hour)}
	equal(t, "raw", s.history(t, q), []devices.Point{point(noon, 1), point(noon.Add(us), 2), point(noon.Add(time.Hour-us), 3)})
	q.From = noon.Add(time.Nanosecond)
	equal(t, "raw from a nanosecond later", s.history(t, q), []devices.Point{point(noon.Add(us), 2), point(noon.Add(time.Hour-us), 3)})
	q.From, q.Every = noon, time.Hour
	equal(t, "window", s.history(t, q), []devices.Point{point(noon, 2)})
	q.From, q.Every = noon.Add(us), 8*time.Hour
	equal(t, "window cut at both ends", s.history(t, q), []devices.Point{point(noon.Add(us), 2.5)})
}

func limit(t *testing.T, s suite) {
	d := s.device("band-3")
	var readings []devices.Reading
	var want []devices.Point
	for i := range 1200 {
		at := noon.Add(time.Duration(i) * time.Second)
		readings = append(readings, reading(d, devices.Steps, at, float64(i)))
		want = append(want, point(at, float64(i)))
	}
	s.write(t, readings...)
	q := devices.HistoryQuery{Device: d, Metric: devices.Steps, From: noon, To: noon.Add(24 * time.Hour)}
	equal(t, "by default", s.history(t, q), want[:ingest.DefaultPoints])
	q.Limit = 7
	equal(t, "seven", s.history(t, q), want[:7])
	q.From, q.To, q.Every = noon.Add(2*time.Second), noon.Add(time.Hour), 2*time.Second
	equal(t, "seven windows", s.history(t, q)[6:], []devices.Point{point(noon.Add(14*time.Second), 14.5)})
	q.Limit, q.Every = ingest.MaxPoints, 0
	equal(t, "all", s.history(t, q), want[2:])
}

func windows(t *testing.T, s suite) {
	d := s.device("band-4")
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	for minutes, value := range map[int]float64{-1: 999, 0: 60, 4: 70, 5: 80, 9: 81, 22: 90, 29: 100, 30: 999} {
		s.write(t, reading(d, devices.HeartRateBPM, at(minutes), value))
	}
	q := devices.HistoryQuery{Device: d, Metric: devices.HeartRateBPM, From: noon, To: at(30), Every: 5 * time.Minute}
	equal(t, "five minutes", s.history(t, q), []devices.Point{
		point(at(0), 65), point(at(5), 80.5), gap(at(10)), gap(at(15)), point(at(20), 90), point(at(25), 100)})
	q.From, q.To = at(3), at(27)
	equal(t, "cut windows at both ends", s.history(t, q), []devices.Point{
		point(at(3), 70), point(at(5), 80.5), gap(at(10)), gap(at(15)), point(at(20), 90), gap(at(25))})
	q.Device = s.device("nobody")
	equal(t, "no reading at all", s.history(t, q), []devices.Point{
		gap(at(3)), gap(at(5)), gap(at(10)), gap(at(15)), gap(at(20)), gap(at(25))})
}

func localWindows(t *testing.T, s suite) {
	d := s.device("meter-4")
	midnight := time.Date(2026, 3, 9, 0, 0, 0, 0, Shanghai) // a Monday
	for hours, value := range map[int]float64{-1: 1, 0: 10, 23: 20, 24: 30, 49: 40, 7*24 - 1: 50, 7 * 24: 60} {
		s.write(t, reading(d, devices.FlowM3H, midnight.Add(time.Duration(hours)*time.Hour).UTC(), value))
	}
	day := func(n int) time.Time { return midnight.AddDate(0, 0, n).UTC() }
	q := devices.HistoryQuery{Device: d, Metric: devices.FlowM3H, From: day(-1), To: day(4), Every: 24 * time.Hour}
	equal(t, "days", s.history(t, q), []devices.Point{point(day(-1), 1), point(day(0), 15), point(day(1), 30), point(day(2), 40), gap(day(3))})
	q.From, q.To, q.Every = day(-7), day(8), 7*24*time.Hour
	equal(t, "weeks", s.history(t, q), []devices.Point{point(day(-7), 1), point(day(0), 30), point(day(7), 60)})
	q.From, q.To, q.Every = day(0), day(1), 12*time.Hour
	equal(t, "half days", s.history(t, q), []devices.Point{point(day(0), 10), point(day(0).Add(12*time.Hour), 20)})
	q.From, q.To, q.Every = day(0).Add(time.Hour), day(0).Add(10*time.Hour), 5*time.Hour
	got := s.history(t, q)
	for _, p := range got {
		if p.At.Before(q.From) || !p.At.Before(q.To) {
			t.Errorf("window at %s lies outside [%s, %s)", p.At, q.From, q.To)
		}
	}
}

func many(t *testing.T, s suite) {
	const n = 10_000
	var readings []devices.Reading
	want := map[devices.DeviceID][]devices.Point{}
	for i := range n {
		d := s.device(fmt.Sprint("m", i%4))
		r := reading(d, devices.VolumeM3, noon.Add(time.Duration(i)*37*time.Millisecond), float64(i)/8)
		readings = append(readings, r)
		want[d] = append(want[d], point(r.At, r.Value))
	}
	slices.Reverse(readings)
	s.write(t, readings...)
	for d, points := range want {
		equal(t, string(d), s.all(t, d, devices.VolumeM3), points)
	}
}

func latest(t *testing.T, s suite) {
	d := s.device("band-5")
	newest := reading(d, devices.HeartRateBPM, noon, 70)
	newest.Quality = devices.ClockRefused
	s.write(t, newest, reading(d, devices.BatteryPct, noon.Add(-72*time.Hour), 40))
	// A backlog arrives late, and in disorder.
	s.write(t, reading(d, devices.HeartRateBPM, noon.Add(-time.Hour), 50), reading(d, devices.HeartRateBPM, noon.Add(-2*time.Hour), 51),
		reading(s.device("band-55"), devices.HeartRateBPM, noon.Add(time.Hour), 99))
	check := func(what string, want ...devices.Reading) {
		t.Helper()
		got, err := s.series.Latest(s.ctx, d)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, what, got, want)
	}
	battery := reading(d, devices.BatteryPct, noon.Add(-72*time.Hour), 40)
	check("after a backlog", battery, newest)
	// A newer reading without quality does not keep the old one's.
	newer := reading(d, devices.HeartRateBPM, noon.Add(time.Second), 71)
	s.write(t, newer)
	check("after a newer one", battery, newer)
	ahead := reading(d, devices.HeartRateBPM, time.Now().Add(9*time.Minute).UTC().Truncate(time.Microsecond), 72)
	s.write(t, ahead)
	check("from a clock ahead of ours", battery, ahead)
}

func unknown(t *testing.T, s suite) {
	if points := s.all(t, s.device("nobody"), devices.HeartRateBPM); points == nil || len(points) != 0 {
		t.Errorf("history of an unknown device: %v, want an empty list", points)
	}
	if got, err := s.series.Latest(s.ctx, s.device("nobody")); err != nil || got == nil || len(got) != 0 {
		t.Errorf("latest of an unknown device: %v, %v, want an empty list", got, err)
	}
	s.write(t) // nothing is no error
}
