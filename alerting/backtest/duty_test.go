package backtest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/backtest"
)

// Twelve meters of two towns upload once a night; in one night three of the first
// town's and one of the second's do not, and one of these not in the next either.
func TestTheDesksRowsAreCountedAndNotTheHomes(t *testing.T) {
	var readings, registry strings.Builder
	registry.WriteString("resident,device,kind,area,tier,home_type\n")
	for home := range 12 {
		device := fmt.Sprintf("v/m%02d", home)
		town := []string{"east", "west"}[home/6]
		fmt.Fprintf(&registry, "p%02d,%s,water_meter,shen/%s/hill,green,\n", home, device, town)
		received := func(day int) time.Time {
			return monday.AddDate(0, 0, day+1).Add(time.Duration(home) * 13 * time.Minute)
		}
		register := 100.0
		for day := range 20 {
			sent := day
			switch {
			case day == 15 && (home < 3 || home == 8):
				sent++
				if home == 0 {
					sent++
				}
			case day == 16 && home == 0:
				sent++
			}
			for h := range 24 {
				if h > 5 && h < 22 {
					register += 0.012
				}
				at := monday.AddDate(0, 0, day).Add(time.Duration(h)*time.Hour + 59*time.Minute)
				fmt.Fprintf(&readings, "%s,%s,%s,volume_m3,%.3f\n", at.Format(time.RFC3339), received(sent).Format(time.RFC3339), device, register)
			}
		}
	}
	set, err := backtest.Load(files(t, readings.String(), "", registry.String()))
	if err != nil {
		t.Fatal(err)
	}
	result, err := backtest.Run(t.Context(), set, backtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := backtest.ScoreOf(result).Duty
	perDay := func(n float64) float64 { return n / d.Days / 12 * 1000 }
	got := map[alerting.Kind]float64{}
	for _, k := range d.Kinds {
		got[k.Kind] = k.PerDay
	}
	near := func(a, b float64) bool { return a-b < 0.01 && b-a < 0.01 }
	if !near(got[alerting.KindDataOutage], perDay(2)) || !near(got[alerting.KindDeviceSilent], perDay(1)) || !near(d.PerDay, perDay(3)) ||
		!near(d.Listed, perDay(4)) || !near(d.Blue, perDay(2)) || d.Most > 2 {
		t.Errorf("%+v, want two lists with four homes and one alert; one row is %.2f", d, perDay(1))
	}
}
