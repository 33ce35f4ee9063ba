package backtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/backtest"
)

// faulty writes an hourly meter of somebody at home over 40 days, whose register
// is as show makes it.
func faulty(device string, show func(hour int, m3 float64) float64) string {
	var b strings.Builder
	m3 := 99_990.0
	for h := range 40 * 24 {
		at := monday.Add(time.Duration(h)*time.Hour + 7*time.Minute)
		if local := (h + 8) % 24; local >= 6 && local <= 21 || local == 2 {
			m3 += 0.006 + 0.001*float64(h%5)
		}
		fmt.Fprintf(&b, "%s,,%s,volume_m3,%.3f\n", at.Format(time.RFC3339), device, show(h, m3))
	}
	return b.String()
}

func kinds(r *backtest.Result) map[alerting.Kind]int {
	n := map[alerting.Kind]int{}
	for _, a := range r.Alerts {
		n[a.Kind]++
	}
	return n
}

// What goes wrong with registers is nobody's inactivity, nor water that runs: the
// live detectors, through the live engine.
func TestFaultsOfARegisterAreNotThePerson(t *testing.T) {
	for name, c := range map[string]struct {
		show   func(hour int, m3 float64) float64
		faults int
	}{
		"a sound one that rolls over": {func(_ int, m3 float64) float64 {
			if m3 >= 100_000 {
				return m3 - 100_000
			}
			return m3
		}, 0},
		"noise of 1 L": {func(h int, m3 float64) float64 {
			if h%7 == 0 {
				return m3 - 0.001
			}
			return m3
		}, 0},
		"248 000 L up for a reading, twice": {func(h int, m3 float64) float64 {
			if h == 500 || h == 700 {
				return m3 + 248
			}
			return m3
		}, 2},
		"248 000 L down for three": {func(h int, m3 float64) float64 {
			if h >= 500 && h < 503 {
				return m3 - 248
			}
			return m3
		}, 1},
		"a new meter": {func(h int, m3 float64) float64 {
			if h >= 600 {
				return m3 - 99_990
			}
			return m3
		}, 1},
		"water flows back": {func(h int, m3 float64) float64 {
			return m3 - 0.04*float64(h/300)
		}, 3},
	} {
		t.Run(name, func(t *testing.T) {
			got := kinds(run(t, set(t, faulty("v/m", c.show), "", ""), backtest.Options{}).Result)
			for _, k := range []alerting.Kind{
				alerting.KindWaterInactivity, alerting.KindWaterLeak, alerting.KindWaterBurst, alerting.KindWaterHighUse, alerting.KindRoutineChange,
			} {
				if got[k] > 0 {
					t.Errorf("%d alerts of %s", got[k], k)
				}
			}
			if got[alerting.KindDeviceFault] != c.faults {
				t.Errorf("%d device faults, want %d", got[alerting.KindDeviceFault], c.faults)
			}
		})
	}
}

// A meter that stands still is inactivity, and goes up its stages, whatever the
// wristband says of the meter.
func TestAStuckMeterHidesNobody(t *testing.T) {
	stuck := func(h int, m3 float64) float64 {
		if h >= 500 {
			return 99_995
		}
		return m3
	}
	readings := faulty("v/m", stuck)
	for d := range 40 {
		at := monday.Add(time.Duration(d)*24*time.Hour + 9*time.Hour)
		readings += fmt.Sprintf("%s,,v/b,steps,1500\n%s,,v/b,heart_rate_bpm,72\n", at.Format(time.RFC3339), at.Format(time.RFC3339))
	}
	registry := "resident,device,kind,area,tier\np,v/m,water_meter,c/t/v,green\np,v/b,wristband,c/t/v,green\n"
	without := run(t, set(t, faulty("v/m", stuck), "", "resident,device,kind,area,tier\np,v/m,water_meter,c/t/v,green\n"), backtest.Options{}).Result
	with := run(t, set(t, readings, "", registry), backtest.Options{}).Result
	if n := kinds(without); n[alerting.KindWaterInactivity] == 0 || n[alerting.KindDeviceFault] != 0 {
		t.Errorf("without a band: %v", n)
	}
	var fault *backtest.Alert
	inactive := 0
	for _, a := range with.Alerts {
		switch a.Kind {
		case alerting.KindDeviceFault:
			fault = a
		case alerting.KindWaterInactivity, alerting.KindNoSignOfLife:
			inactive++
		}
	}
	if fault == nil || fault.Evidence["event"] != "stuck" || fault.Evidence["device"] != "v/m" {
		t.Errorf("fault %+v", fault)
	}
	if inactive == 0 {
		t.Error("the band's steps have hidden the meter's silence altogether")
	}
}
