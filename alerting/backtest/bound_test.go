package backtest_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"shouwang/alerting/backtest"
)

// Whoever uses water every six hours and never later costs no alert with a wait of
// seven; whoever sleeps twelve hours every tenth night costs one in ten nights.
func TestTheBoundKnowsWhatIsBest(t *testing.T) {
	known, held := backtest.NewLives(func(string, time.Time) bool { return false }), backtest.NewLives(func(string, time.Time) bool { return false })
	begins := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, l := range []*backtest.Lives{known, held} {
		m3 := 0.0
		for hour := range 300 * 24 {
			late := hour/24%10 == 9 && hour%24 == 6
			if hour%6 == 0 && !late {
				m3 += 0.01
			}
			l.Add("a", begins.Add(time.Duration(hour)*time.Hour), m3)
		}
	}
	cheap, dear := known.Bound(held, 1), known.Bound(held, 1000)
	t.Logf("%+v, %+v", cheap, dear)
	if cheap.P90 > 6 || cheap.Fitted < 2.9 || cheap.Fitted > 3.2 || dear.Fitted != 0 || dear.Held != 0 || dear.P90 > 12 {
		t.Errorf("cheap %+v, dear %+v", cheap, dear)
	}
}

// A change far above the scatter of days is found at once, one far below it is not.
func TestTheBoundOfAChangeGoesByTheScatterOfDays(t *testing.T) {
	begins := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for scatter, want := range map[float64]bool{0.05: true, 1.5: false} {
		days := func(n int, change float64, seed uint64) (*backtest.Days, map[string]time.Time) {
			d, from := backtest.NewDays(), map[string]time.Time{}
			for _, home := range []string{"a", "b", "c"} {
				dice, m3 := rand.New(rand.NewPCG(seed, uint64(home[0]))), 0.0 //nolint:gosec // a test
				from[home] = begins.AddDate(0, 0, n/2)
				for day := range n {
					litres := 100 * math.Exp(scatter*dice.NormFloat64())
					if day >= n/2 {
						litres *= change
					}
					d.Add(home, begins.AddDate(0, 0, day), m3)
					m3 += litres / 1000
				}
			}
			return d, from
		}
		known, _ := days(1000, 1, 1)
		changed, from := days(120, 1.3, 2)
		b := known.Bound(changed, from, 0.3, 0.1)
		t.Logf("scatter %.2f: %+v", scatter, b)
		if b.Homes != 3 || b.False > 0.1 || math.Abs(b.Scatter-scatter) > 0.1*scatter || (b.In14 == 3) != want {
			t.Errorf("scatter %.2f: %+v", scatter, b)
		}
	}
}
