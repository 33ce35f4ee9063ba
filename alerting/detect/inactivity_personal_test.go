package detect

import (
	"math/rand/v2"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// home is a made-up home for a test: hourly registers of somebody who is up from
// seven to ten, or of whatever use says.
type home struct {
	*bench
	use  func(day, hour int) float64 // litres
	leak float64                     // L/h
	m3   float64
	hour int
}

func liveIn(t *testing.T, use func(day, hour int) float64) *home {
	return &home{bench: water(t), use: use, m3: 20}
}

// flushToilet is used in most waking hours, at other hours every day.
func flushToilet(day, hour int) float64 {
	dice := rand.New(rand.NewPCG(uint64(day), uint64(hour))) //nolint:gosec // a test
	if hour < 7 || hour > 22 || dice.Float64() < 0.35 {
		return 0
	}
	return 4 + 10*dice.Float64()
}

// live lets so many hours pass, collapse lets them pass without use.
func (h *home) live(hours int)     { h.pass(hours, h.use) }
func (h *home) collapse(hours int) { h.pass(hours, func(int, int) float64 { return 0 }) }

func (h *home) pass(hours int, use func(day, hour int) float64) {
	h.t.Helper()
	for range hours {
		h.m3 += (use(h.hour/24, h.hour%24) + h.leak) / 1000
		// The meter shows whole litres.
		h.say(time.Duration(h.hour)*time.Hour, devices.VolumeM3, float64(int(h.m3*1000))/1000)
		h.hour++
	}
}

func (h *home) alerts() (first map[alerting.Severity]time.Duration) {
	first = map[alerting.Severity]time.Duration{}
	for _, f := range h.findings {
		if _, ok := first[f.Severity]; !ok && !f.Recovered {
			first[f.Severity] = f.FoundAt.Sub(monday)
		}
	}
	return first
}

func TestAKnownHomeIsJudgedByItsOwnRhythm(t *testing.T) {
	for name, leak := range map[string]float64{"sound": 0, "a dripping cistern": 1, "a running one": 20} {
		t.Run(name, func(t *testing.T) {
			h := liveIn(t, flushToilet)
			h.leak = leak
			h.live(30*24 + 13) // one in the afternoon
			h.want()
			fell := time.Duration(h.hour) * time.Hour
			h.collapse(60)
			h.want("yellow water_inactivity", "orange water_inactivity", "red water_inactivity")
			first := h.alerts()
			yellow, orange, red := first[alerting.Yellow]-fell, first[alerting.Orange]-fell, first[alerting.Red]-fell
			if yellow < 5*time.Hour || yellow > 16*time.Hour || orange < yellow+orangeAfter || red < yellow+redAfter || red > 32*time.Hour {
				t.Errorf("yellow after %v, orange %v, red %v", yellow, orange, red)
			}
			e := h.findings[0].Evidence
			if e["measure"] != "personal" || e["home_type"] != "flush" || e["learnt_days"].(float64) < 28 || e["window_h"].(float64) > 16 {
				t.Errorf("evidence %v", e)
			}
			if _, leaks := e["base_flow_l_per_h"]; leaks != (leak > 0) {
				t.Errorf("evidence %v with a leak of %v L/h", e, leak)
			}
			h.live(12)
			h.want("yellow water_inactivity", "orange water_inactivity", "red water_inactivity", "recovered water_inactivity")
		})
	}
}

func TestUntilTwoWeeksAreLearntTheFixedRuleHolds(t *testing.T) {
	h := liveIn(t, flushToilet)
	h.live(12*24 + 13)
	fell := time.Duration(h.hour) * time.Hour
	h.collapse(40)
	if yellow := h.alerts()[alerting.Yellow] - fell; yellow < 22*time.Hour || yellow > 24*time.Hour {
		t.Errorf("yellow after %v", yellow)
	}
	if m := h.findings[0].Evidence["measure"]; m != "fixed" {
		t.Errorf("measure %v", m)
	}
}

func TestTierAndSensitivityShiftTheWait(t *testing.T) {
	h := liveIn(t, flushToilet)
	h.live(30 * 24)
	d := h.detector.(*WaterInactivity)
	last := time.Duration(1<<63 - 1)
	for _, s := range []alerting.Sensitivity{alerting.Quiet, alerting.Balanced, alerting.Early, alerting.Earliest} {
		h.view.Rules.WaterInactivity.Sensitivity = s
		longest := d.Longest(&h.view)
		if longest > last || longest > 24*time.Hour || longest < leastWait*time.Hour {
			t.Errorf("%s: at most %v, one step quieter %v", s, longest, last)
		}
		last = longest
	}
	h.view.Rules.WaterInactivity.Sensitivity = alerting.Balanced
	balanced := d.waits(&h.view, monday)
	h.view.Resident.Tier = devices.TierRed
	if red := d.waits(&h.view, monday); red[0] > balanced[0] {
		t.Errorf("tier red waits %v, others %v", red, balanced)
	}
	h.view.Rules.WaterInactivity.Sensitivity = alerting.Fixed
	if d.personal(&h.view) || d.Longest(&h.view) != 24*time.Hour {
		t.Error("the fixed rule is asked for and not kept")
	}
}

func TestAnAbsenceTeachesNothing(t *testing.T) {
	h := liveIn(t, flushToilet)
	h.live(30 * 24)
	before := h.detector.(*WaterInactivity).Longest(&h.view)
	h.view.Away = true
	h.collapse(10 * 24)
	h.view.Away = false
	h.live(24)
	h.want()
	after := h.detector.(*WaterInactivity).Longest(&h.view)
	if after > before+time.Hour || after < before-time.Hour {
		t.Errorf("waits %v before the absence and %v a day after it", before, after)
	}
}

func TestAnUnannouncedAbsenceTeachesNothingEither(t *testing.T) {
	h := liveIn(t, flushToilet)
	h.live(30 * 24)
	before := h.detector.(*WaterInactivity).Longest(&h.view)
	h.collapse(4 * 24)
	h.live(24)
	h.want("yellow water_inactivity", "orange water_inactivity", "red water_inactivity", "recovered water_inactivity")
	if after := h.detector.(*WaterInactivity).Longest(&h.view); after > before+time.Hour {
		t.Errorf("waits %v before the absence and %v a day after it", before, after)
	}
}

func TestTheTypeOfAHomeIsRecognised(t *testing.T) {
	for want, use := range map[HomeType]func(day, hour int) float64{
		HomeFlush: flushToilet,
		HomeLowUse: func(day, hour int) float64 {
			if hour%3 == 1 && hour > 6 && hour < 22 {
				return 4
			}
			return 0
		},
		HomeVat: func(day, hour int) float64 {
			if hour == 9 && day%2 == 0 {
				return 60
			}
			return 0
		},
	} {
		h := liveIn(t, use)
		h.live(21 * 24)
		if got := h.detector.(*WaterInactivity).state.Usage.home(); got != want {
			t.Errorf("%s is taken for %s", want, got)
		}
		h.findings = nil
		h.live(20 * 24)
		h.want()
		h.collapse(72)
		e := h.findings[0].Evidence
		if e["home_type"] != string(want) || e["window_h"].(float64) > float64(want.longest()) {
			t.Errorf("%s: evidence %v", want, e)
		}
	}
}

func TestGapsAndFaultsOfAKnownHomesMeter(t *testing.T) {
	lose := func(h *home, hours int, use float64) {
		h.m3 += use / 1000
		h.hour += hours
	}
	h := liveIn(t, flushToilet)
	h.live(30*24 + 13)
	lose(h, 17, 30) // a lost block with a moved register
	h.live(9 * 24)
	h.want()
	h.m3 -= 0.001
	h.live(5 * 24)
	h.m3 += 248
	h.live(1)
	h.m3 -= 248
	h.live(5 * 24)
	h.m3 = 0.2 // a new meter
	h.live(5*24 + 5)
	h.want()
	lose(h, 30, 0) // and one that has not moved is proof
	h.collapse(2)
	if len(h.findings) == 0 {
		t.Error("thirty hours proven without use, and nothing said")
	}
}

func TestADripAfterACollapseIsNoSignOfLife(t *testing.T) {
	h := liveIn(t, flushToilet)
	h.live(30*24 + 13)
	h.pass(90, func(_, hour int) float64 { // a litre every eight hours
		if hour%8 == 0 {
			return 1
		}
		return 0
	})
	if h.alerts()[alerting.Yellow] == 0 {
		t.Error("a cistern that drips passes for a person")
	}
	for _, f := range h.findings {
		if f.Recovered {
			t.Errorf("recovered: %v", f.Evidence)
		}
	}
}

func TestStateIsSmallAndThatOfTheReleaseBeforeIsTaken(t *testing.T) {
	h := liveIn(t, flushToilet)
	h.live(60 * 24)
	state, err := h.detector.Save()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes after 60 days", len(state))
	if len(state) > 2500 {
		t.Errorf("%d bytes", len(state))
	}
	var d WaterInactivity
	old := `{"Meters":{"acme/d1":{"Registers":[{"At":"2026-11-22T00:00:00Z","Value":5,"Used":0},{"At":"2026-11-22T23:00:00Z","Value":5.001,"Used":1}],"Old":null}},` +
		`"Floor":"0001-01-01T00:00:00Z","Episode":"0001-01-01T00:00:00Z","Severity":"","PastFrom":"0001-01-01T00:00:00Z","PastTo":"0001-01-01T00:00:00Z","PastSeverity":""}`
	if err := d.Restore([]byte(old)); err != nil {
		t.Fatal(err)
	}
	b := water(t)
	b.detector = &d
	b.registers(0, 5.002)
	b.want("yellow water_inactivity")
	for _, broken := range [][]byte{nil, {1}, state[:len(state)-1], append(state, 0)} {
		if err := new(WaterInactivity).Restore(broken); err == nil {
			t.Errorf("a state of %d bytes is taken", len(broken))
		}
	}
}

func FuzzInactivityState(f *testing.F) {
	var d WaterInactivity
	v := alerting.View{Rules: alerting.DefaultRules(), Now: monday}
	for h := range 50 {
		at := monday.Add(time.Duration(h) * time.Hour)
		d.Observe(&v, &devices.Reading{Device: "a/1", Metric: devices.VolumeM3, Value: float64(h) / 100, At: at})
	}
	state, _ := d.Save()
	f.Add(state)
	f.Fuzz(func(t *testing.T, b []byte) {
		var d WaterInactivity
		if d.Restore(b) != nil {
			return
		}
		v := alerting.View{Rules: alerting.DefaultRules(), Now: monday}
		d.Observe(&v, &devices.Reading{Device: "a/1", Metric: devices.VolumeM3, Value: 7, At: monday.Add(99 * time.Hour)})
		if _, err := d.Save(); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkWaterInactivity(b *testing.B) {
	var d WaterInactivity
	v := alerting.View{Rules: alerting.DefaultRules(), Resident: &devices.Resident{ID: "r1"}}
	m3 := 20.0
	readings := make([]devices.Reading, 60*24)
	for h := range readings {
		m3 += flushToilet(h/24, h%24) / 1000
		readings[h] = devices.Reading{Device: "acme/d1", Metric: devices.VolumeM3, Value: m3, At: monday.Add(time.Duration(h) * time.Hour)}
	}
	b.ResetTimer()
	for i := range b.N {
		r := readings[i%len(readings)]
		round := i / len(readings)
		r.At = r.At.Add(time.Duration(round) * 60 * 24 * time.Hour)
		r.Value += float64(round) * (m3 - 20)
		v.Now = r.At
		d.Observe(&v, &r)
	}
}

// Where water is carried, 10 L are half a day: from the second day on the home's
// own use is the measure.
func TestALowUseHomeIsNotSaidOnItsSecondDay(t *testing.T) {
	h := liveIn(t, func(day, hour int) float64 {
		if hour%6 == 1 && day == 0 {
			return 5
		} else if hour%6 == 1 {
			return 2
		}
		return 0
	})
	h.live(5 * 24)
	h.want()
}
