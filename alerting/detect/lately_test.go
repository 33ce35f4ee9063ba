package detect

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// hourlyHome is a meter that uploads each hour: 12 L at each hour from 7 to 21, but
// for the hours somebody is out.
type hourlyHome struct {
	at    time.Time
	value float64
	out   func(time.Time) bool
}

func (h *hourlyHome) next(v *alerting.View) devices.Reading {
	h.at = h.at.Add(time.Hour)
	if hour := h.at.Hour(); hour >= 7 && hour <= 21 && (h.out == nil || !h.out(h.at)) {
		h.value += 0.012
	}
	v.Now = h.at
	return devices.Reading{Device: "v/m1", Metric: devices.VolumeM3, Value: h.value, At: h.at, Received: h.at}
}

var lateBegin = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

// A trip from 21 h of the 20th day to 19 h of the next: 22 hours without water.
var (
	tripFrom = lateBegin.AddDate(0, 0, 19).Add(21 * time.Hour)
	tripTo   = tripFrom.Add(22 * time.Hour)
)

func trip(t time.Time) bool { return t.After(tripFrom) && t.Before(tripTo) }

// live has the two water detectors live for 23 days; told says at which hour
// people find out that nobody was at home during the trip, zero for never.
func live(t *testing.T, told time.Time, restart bool) (*WaterInactivity, *WaterUse) {
	t.Helper()
	home := hourlyHome{at: lateBegin, out: trip, value: 100}
	v := &alerting.View{Subject: alerting.ResidentSubject("wang"), Rules: alerting.DefaultRules()}
	a, b := &WaterInactivity{}, &WaterUse{}
	for range 23 * 24 {
		r := home.next(v)
		if !told.IsZero() && !home.at.Before(told) {
			v.Unusual = []alerting.Window{{From: tripFrom, To: tripTo, Recorded: told}}
		}
		a.Observe(v, &r)
		b.Observe(v, &r)
		if restart && home.at.Hour()%6 == 0 {
			a2, b2 := &WaterInactivity{}, &WaterUse{}
			for _, d := range []struct{ old, made alerting.Detector }{{a, a2}, {b, b2}} {
				state, err := d.old.Save()
				if err != nil {
					t.Fatal(err)
				}
				if err := d.made.Restore(state); err != nil {
					t.Fatal(err)
				}
			}
			a, b = a2, b2
		}
	}
	return a, b
}

// What an away day taught is taken back when people find out, whether that is
// before the resident is back, hours after, or days after; and over restarts.
func TestAnAwayDayIsNotLearnt(t *testing.T) {
	naive, naiveUse := live(t, time.Time{}, false)
	clock := tripFrom.Hour()
	if n := naive.state.Rhythm.pauses[clock][21]; n == 0 {
		t.Fatal("the trip has taught nothing: this test shows nothing")
	}
	for name, told := range map[string]time.Time{
		"before the return": tripTo.Add(-3 * time.Hour), "two hours after": tripTo.Add(2 * time.Hour), "a day after": tripTo.Add(24 * time.Hour),
	} {
		for _, restart := range []bool{false, true} {
			a, b := live(t, told, restart)
			if n := a.state.Rhythm.pauses[clock][21]; n != 0 {
				t.Errorf("%s (restarts %v): %d parts of the pause are still learnt", name, restart, n)
			}
			if a.state.Rhythm.hours >= naive.state.Rhythm.hours {
				t.Errorf("%s: the hours still count as learnt: %v of %v", name, a.state.Rhythm.hours, naive.state.Rhythm.hours)
			}
			days, all := len(b.meters[0].use.habits.days), len(naiveUse.meters[0].use.habits.days)
			if days >= all || len(b.meters[0].use.routine.days) >= len(naiveUse.meters[0].use.routine.days) {
				t.Errorf("%s (restarts %v): %d ordinary days of %d", name, restart, days, all)
			}
		}
	}
}

// With the same labels at the same times of receipt a replay learns the same.
func TestLabelsAreReplayed(t *testing.T) {
	told := tripTo.Add(5 * time.Hour)
	a, b := live(t, told, false)
	c, d := live(t, told, true)
	for _, pair := range [][2]alerting.Detector{{a, c}, {b, d}} {
		x, err := pair[0].Save()
		if err != nil {
			t.Fatal(err)
		}
		y, err := pair[1].Save()
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x, y) {
			t.Errorf("%s: not the same after restarts", pair[0].Name())
		}
	}
}

// firstForm are states of a home of two days, in the first form they had.
//
//go:embed testdata/first_form.txt
var firstForm string

func TestStatesWithoutWhatCanBeTakenBackAreRead(t *testing.T) {
	home := hourlyHome{at: lateBegin, value: 100}
	v := &alerting.View{Subject: alerting.ResidentSubject("wang"), Rules: alerting.DefaultRules()}
	a, b, c, d := &WaterInactivity{}, &WaterUse{}, &WaterInactivity{}, &WaterUse{}
	for range 48 {
		r := home.next(v)
		a.Observe(v, &r)
		b.Observe(v, &r)
	}
	for line := range strings.Lines(firstForm) {
		name, code, _ := strings.Cut(strings.TrimSpace(line), " ")
		state, err := base64.StdEncoding.DecodeString(code)
		if err != nil {
			t.Fatal(err)
		}
		for _, old := range []alerting.Detector{c, d} {
			if old.Name() != name {
				continue
			}
			if err := old.Restore(state); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
	}
	if got, want := c.state.Meters[0].Registers, a.state.Meters[0].Registers; !reflect.DeepEqual(got, want) {
		t.Errorf("registers %v, want %v", got, want)
	}
	if got, want := d.meters[0].use.cells, b.meters[0].use.cells; !slices.Equal(got, want) {
		t.Errorf("cells %v, want %v", got, want)
	}
}
