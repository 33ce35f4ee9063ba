package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// wearing makes a band's packets of five minutes each.
type wearing struct {
	*bench
	at    time.Duration
	steps float64
}

// packet is one packet of the band: heart rate when not negative, steps added.
func (w *wearing) packet(heart, steps float64, more ...measured) {
	w.t.Helper()
	w.at += step
	for _, m := range more {
		if m.Metric == devices.Worn {
			w.say(w.at, m.Metric, m.Value)
		}
	}
	if heart >= 0 {
		w.say(w.at, devices.HeartRateBPM, heart)
	}
	w.steps += steps
	w.say(w.at, devices.Steps, w.steps)
	for _, m := range more {
		if m.Metric != devices.Worn {
			w.say(w.at, m.Metric, m.Value)
		}
	}
}

type measured struct {
	Metric devices.Metric
	Value  float64
}

func (w *wearing) repeat(n int, heart, steps float64, more ...measured) {
	w.t.Helper()
	for range n {
		w.packet(heart, steps, more...)
	}
}

func TestNothingIsJudgedOffTheWristHoweverItShows(t *testing.T) {
	low := measured{devices.SpO2Pct, 80}
	hot := measured{devices.BodyTempC, 40}
	for name, off := range map[string]func(w *wearing){
		"by flag":               func(w *wearing) { w.repeat(6, -1, 0, measured{devices.Worn, 0}, low, hot) },
		"by flag, with a pulse": func(w *wearing) { w.repeat(6, 150, 0, measured{devices.Worn, 0}, low, hot) },
		"by zero heart rate":    func(w *wearing) { w.repeat(6, 0, 0, low, hot) },
		"by missing heart rate": func(w *wearing) { w.repeat(3, -1, 0); w.repeat(6, -1, 0, low, hot) },
		"by charging": func(w *wearing) {
			w.packet(-1, 0, measured{devices.BatteryPct, 40})
			for i := range 6 {
				w.packet(150, 0, measured{devices.BatteryPct, 45 + 5*float64(i)}, low, hot)
			}
		},
	} {
		w := &wearing{bench: vitals(t)}
		w.repeat(4, 72, 10)
		off(w)
		if len(w.findings) > 0 {
			t.Errorf("%s: found %s", name, w.findings[0].Kind)
		}
		w.findings = nil
		w.repeat(3, 150, 10, measured{devices.Worn, 1}, low) // and on again
		if len(w.findings) == 0 {
			t.Errorf("%s: put on again, nothing is found any more", name)
		}
	}
}

// The packet of one family of bands while it is off: all zero, but for an
// oxygen of 95.
func TestThePlaceholderPacketIsNothing(t *testing.T) {
	b := vitals(t)
	b.view.Rules.Vitals.SpO2.Low, b.view.Rules.Vitals.ValidatedPressure = 96, []string{"*"}
	for i := range 24 {
		at := time.Duration(i) * step
		for _, s := range []measured{
			{devices.HeartRateBPM, 0}, {devices.SystolicMMHg, 0}, {devices.DiastolicMMHg, 0},
			{devices.SpO2Pct, 95}, {devices.BodyTempC, 0},
		} {
			b.say(at, s.Metric, s.Value)
		}
	}
	b.want()
}

func TestLyingStillWithAPulseIsWorn(t *testing.T) {
	w := &wearing{bench: vitals(t)}
	w.repeat(3, 72, 10)
	w.repeat(4, 72, 0)
	w.repeat(2, 140, 0)
	w.want("orange heart_rate")
	// Nor is a band whose pulse is missing while its wearer walks.
	w = &wearing{bench: vitals(t)}
	w.repeat(3, 72, 10)
	w.repeat(6, -1, 40, measured{devices.BodyTempC, 40})
	w.want("orange body_temp")
}

func notWorn(t *testing.T) *wearing {
	b := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &NotWorn{} })
	b.view.Device = &devices.Device{ID: "acme/d1", Kind: devices.Wristband}
	return &wearing{bench: b}
}

const hour12 = 12 * 12 // packets

func TestOffForTwelveHoursIsATask(t *testing.T) {
	for name, off := range map[string]struct {
		heart float64
		more  []measured
		why   string
	}{
		"flag":    {-1, []measured{{devices.Worn, 0}}, "flag"},
		"zero":    {0, nil, "no_pulse"},
		"missing": {-1, nil, "pulse_missing"},
	} {
		w := notWorn(t)
		w.repeat(12, 70, 5)
		began := w.at
		w.repeat(hour12-1, off.heart, 0, off.more...)
		if name == "flag" && len(w.findings) > 0 {
			t.Errorf("%s: found before twelve hours were over", name)
		}
		w.packet(70, 0, off.more...) // a pulse found on the table
		w.repeat(4, off.heart, 0, off.more...)
		w.want("blue not_worn")
		f := w.findings[0]
		if f.Evidence["why"] != off.why || f.Episode.Before(monday.Add(began)) || f.Episode.After(monday.Add(began+step)) {
			t.Errorf("%s: episode %v, evidence %v", name, f.Episode, f.Evidence)
		}
		w.repeat(40, off.heart, 0, off.more...)
		w.want("blue not_worn") // said once
		var on []measured
		if off.more != nil {
			on = []measured{{devices.Worn, 1}}
		}
		w.repeat(4, 70, 5, on...)
		w.want("blue not_worn", "recovered not_worn")
	}
}

// A night without it is a note: how often that was stands in the evidence of the
// day that is too long.
func TestNightsWithoutAreNoted(t *testing.T) {
	w := notWorn(t)
	w.at = 13 * time.Hour // 21:00 in China
	for range 4 {
		w.repeat(10*12, -1, 0, measured{devices.Worn, 0})
		w.repeat(14*12, 70, 5, measured{devices.Worn, 1})
	}
	w.want()
	w.repeat(14*12+1, -1, 0, measured{devices.Worn, 0}) // who does so is given two hours more
	w.want("blue not_worn")
	if got := w.findings[0].Evidence["nights_off"]; got != 5 {
		t.Errorf("%v nights, want 5", got)
	}
}

func TestABacklogDoesNotTakeTheBandOff(t *testing.T) {
	w := notWorn(t)
	w.repeat(12, 70, 5)
	for i := range 200 { // yesterday, when it was off, comes late
		w.late(time.Duration(i)*step-24*time.Hour, w.at, devices.HeartRateBPM, 0)
		w.late(time.Duration(i)*step-24*time.Hour, w.at, devices.Worn, 0)
	}
	w.repeat(12, 70, 5)
	w.want()
}

func TestWhatIsKnownOfABandComesBack(t *testing.T) {
	now := monday.UnixMicro()
	for _, w := range []wrist{
		{},
		{Device: "acme/d1"},
		{Device: "acme/ 1", wristTimes: wristTimes{Newest: now, Pulse: now, HeartAt: now, Off: now - 1, FlagAt: now + 5, Charging: 1}, Steps: 4711, Battery: 55.5},
	} {
		if back := savedAndRead(t, w); back != w {
			t.Errorf("%+v, want %+v", back, w)
		}
	}
	var w wrist
	for _, bad := range []string{"", "x", "!! acme/d1", "AA acme/d1"} {
		if err := w.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}
