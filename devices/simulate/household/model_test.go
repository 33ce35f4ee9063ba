package household

import (
	"testing"
	"time"

	"shouwang/devices"
)

// TestNumbersOfTheModel holds what comes out to the figures of the sources
// (docs/households.md).
func TestNumbersOfTheModel(t *testing.T) {
	for kind, want := range map[Kind][2]float64{Flush: {85, 105}, Dry: {22, 33}, Vat: {22, 31}} {
		s := newSet(t, func(o *Options) { o.Kind, o.Homes, o.Days, o.Absences = kind, 60, 90, 0 })
		total, most, least := 0.0, 0.0, 1e9
		for _, metrics := range all(s) {
			v := metrics[mVolume]
			litres := (v[len(v)-1].value - v[0].value) * 1000 / 90
			total, most, least = total+litres, max(most, litres), min(least, litres)
		}
		mean := total / 60
		t.Logf("%s: %.0f L a day, homes from %.0f to %.0f", kind, mean, least, most)
		if mean < want[0] || mean > want[1] || most < 1.3*least {
			t.Errorf("%s: %.1f L a day, want %v, and homes that differ", kind, mean, want)
		}
	}
}

func TestHabitsOfSeniors(t *testing.T) {
	s := newSet(t, func(o *Options) { o.Kind, o.Homes, o.Days, o.Absences = Flush, 80, 60, 0 })
	var toilet, night, uses, rise, riseSquare, asleep, days float64
	var list []use
	for _, m := range s.members {
		for n := s.first + 1; n < s.first+60; n++ {
			last := m.life.plan(n - 1).bed
			list = m.life.uses(n, list)
			p := m.life.plan(n)
			for _, u := range list {
				uses++
				if float64(u.ml) < 5400 || u.s != 60 || within(p.guests, u.at) {
					continue
				}
				toilet++
				if u.at < p.rise {
					night++
				}
			}
			h := float64(p.rise-midnight(n)) / 3600
			days, rise, riseSquare = days+1, rise+h, riseSquare+h*h
			asleep += float64(p.rise-last) / 3600
		}
	}
	t.Logf("a day: %.1f flushes (%.2f at night), %.1f uses; up at %.1f, %.1f h in bed", toilet/days, night/days, uses/days, rise/days, asleep/days)
	for _, c := range []struct {
		what           string
		got, low, high float64
	}{
		{"flushes a day", toilet / days, 6.2, 8.4}, // pysimdeum: 7.2
		{"flushes a night", night / days, 0.6, 1.6},
		{"uses a day", uses / days, 17, 28}, // 7.2 + 10.1 + 4.1 + 0.7, and what comes with them
		{"hour of getting up", rise / days, 6.5, 7.8},
		{"hours in bed", asleep / days, 7.8, 9.4},
	} {
		if c.got < c.low || c.got > c.high {
			t.Errorf("%s: %.2f, want %v to %v", c.what, c.got, c.low, c.high)
		}
	}
}

func TestAbsences(t *testing.T) {
	s := newSet(t, func(o *Options) {
		o.Homes, o.Days, o.Absences, o.Announced = 400, 365, 0.5, 0.4
	})
	told, untold := 0.0, 0.0
	homes := map[devices.DeviceID]int{}
	for _, l := range s.Labels() {
		switch l.Kind {
		case Absence:
			untold++
		case AnnouncedAbsence:
			told++
		default:
			continue
		}
		homes[l.Device]++
		if l.To.In(zone()).Format(time.DateOnly) == l.From.In(zone()).Format(time.DateOnly) {
			t.Errorf("not overnight: %+v", l)
		}
	}
	months := 400 * 365 / 30.4
	if rate := (told + untold) / months; rate < 0.42 || rate > 0.58 {
		t.Errorf("%.2f absences a month, want 0.5", rate)
	}
	if share := told / (told + untold); share < 0.35 || share > 0.45 {
		t.Errorf("%.2f of them announced, want 0.4", share)
	}
	often := 0
	for _, n := range homes {
		if n > 12 {
			often++
		}
	}
	if len(homes) > 398 || often < 20 {
		t.Errorf("%d homes with absences, %d with more than twelve: homes must differ", len(homes), often)
	}
}

func TestDaily(t *testing.T) {
	s := newSet(t, func(o *Options) { o.Cadence, o.Homes, o.Days, o.Absences = Daily, 30, 60, 0 })
	late, n := 0.0, 0.0
	for id, metrics := range all(s) {
		for _, r := range metrics[mVolume] {
			at := time.Duration(r.received-midnight(dayOf(r.received))) * time.Second
			if at < 15*time.Minute || at > 4*time.Hour {
				t.Fatalf("%s uploads at %s", id, at)
			}
			n++
			if dayOf(r.received) > dayOf(r.at)+1 {
				late++
			}
		}
		if got := len(metrics[mVolume]); got != 60*24 {
			t.Errorf("%s: %d registers", id, got)
		}
	}
	if share := late / n; share < 0.015 || share > 0.05 {
		t.Errorf("%.3f came a night later, want 0.03", share)
	}
}

func TestFaults(t *testing.T) {
	s := newSet(t, func(o *Options) {
		o.Homes, o.Days, o.Lost, o.Backward, o.Resets, o.Absences = 40, 60, 14.6, 2, 0.5, 0
	})
	blocks, gaps, litre, metres, backward, resets := 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
	for _, metrics := range all(s) {
		v := metrics[mVolume]
		for n := 1; n < len(v); n++ {
			hours := float64(v[n].at-v[n-1].at) / 3600
			if hours > 2 {
				gaps++
				if lost := int(hours+0.5) - 1; lost%4 == 0 {
					blocks++
				}
			}
			switch fall := v[n-1].value - v[n].value; {
			case fall <= 0:
			case v[n].value < 1 && v[n-1].value > 3:
				resets++
			default:
				backward++
				if fall < 0.0015 {
					litre++
				}
				if fall > 200 {
					metres++
				}
			}
		}
	}
	months := 40 * 60 / 30.4
	t.Logf("%.1f gaps a month, %.2f of them blocks; %.0f backward steps, %.0f of a litre, %.0f of 248 m³; %.0f resets", gaps/months, blocks/gaps, backward, litre, metres, resets)
	if gaps/months < 8 || gaps/months > 16 || blocks/gaps < 0.6 || blocks/gaps > 0.85 {
		t.Errorf("%.1f gaps a month, %.2f of them blocks", gaps/months, blocks/gaps)
	}
	// Who uses water in the same hour hides a step of a litre.
	if backward < 40 || litre < backward/3 || metres == 0 || resets < 15 {
		t.Errorf("%.0f backward steps, %.0f of a litre, %.0f of 248 m³; %.0f resets", backward, litre, metres, resets)
	}
}

func TestDrift(t *testing.T) {
	plain := newSet(t, func(o *Options) { o.Kind, o.Homes, o.Days, o.Absences = Flush, 60, 90, 0 })
	changed := newSet(t, func(o *Options) {
		o.Kind, o.Homes, o.Days, o.Absences, o.Drift, o.DriftKind = Flush, 60, 90, 0, 0.3, DriftAmount
	})
	before, after := all(plain), all(changed)
	less, more := 0, 0
	for n, l := range changed.Labels() {
		if l.Kind != Drift {
			continue
		}
		use := func(list []row, inside bool) float64 {
			total := 0.0
			for n := 1; n < len(list); n++ {
				if (list[n-1].at >= l.From.Unix()) == inside {
					total += list[n].value - list[n-1].value
				}
			}
			return total
		}
		a, b := before[l.Device][mVolume], after[l.Device][mVolume]
		if d := use(b, false) / use(a, false); d < 0.995 || d > 1.005 {
			t.Errorf("%d: %s: %.3f of the use before the drift began", n, l.Device, d)
		}
		switch share := use(b, true) / use(a, true); {
		case share > 0.55 && share < 0.87:
			less++
		case share > 1.13 && share < 1.5:
			more++
		default:
			t.Errorf("%s: %.2f of the use, want 0.7 or 1.3", l.Device, share)
		}
	}
	if less < 20 || more < 20 {
		t.Errorf("%d homes use less, %d more", less, more)
	}
}
