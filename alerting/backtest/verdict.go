package backtest

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// delayAt is the mean delay of a curve at a rate of alerts at home, between its
// points on a scale of powers; false outside of them. Of points that others of
// the same curve beat in both, nothing is taken.
func delayAt(curve []Point, rate float64) (float64, bool) {
	points := slices.Clone(curve)
	slices.SortFunc(points, func(a, b Point) int {
		return cmp.Or(cmp.Compare(a.AtHome, b.AtHome), cmp.Compare(a.Delay.Mean, b.Delay.Mean))
	})
	best := points[:0]
	for _, p := range points {
		if n := len(best); n == 0 || p.Delay.Mean < best[n-1].Delay.Mean {
			best = append(best, p)
		}
	}
	for i := 1; i < len(best); i++ {
		a, b := best[i-1], best[i]
		if rate < a.AtHome || rate > b.AtHome {
			continue
		}
		la, lb, l := math.Log(clamp(a.AtHome)), math.Log(clamp(b.AtHome)), math.Log(clamp(rate))
		if la == lb {
			return b.Delay.Mean, true
		}
		return a.Delay.Mean + (l-la)/(lb-la)*(b.Delay.Mean-a.Delay.Mean), true
	}
	return 0, false
}

// WriteVerdict says of each point of one curve how it stands to the other curves
// at the same rate of alerts at home.
func WriteVerdict(w io.Writer, points []Point, ours string) error {
	byCurve := map[string][]Point{}
	for _, p := range points {
		byCurve[p.Curve] = append(byCurve[p.Curve], p)
	}
	var b strings.Builder
	for _, p := range byCurve[ours] {
		var words []string
		for _, name := range curves(points) {
			if name == ours || len(byCurve[name]) < 2 {
				continue
			}
			if d, ok := delayAt(byCurve[name], p.AtHome); ok {
				words = append(words, fmt.Sprintf("%s %.1f h (%+.0f %%)", name, d, (p.Delay.Mean/d-1)*100))
			} else {
				words = append(words, name+" has no such rate")
			}
		}
		fmt.Fprintf(&b, "- %s, %s: %.2f at home, mean delay %.1f h; at the same rate %s\n", ours, p.Label, p.AtHome, p.Delay.Mean, strings.Join(words, ", "))
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write verdict: %w", err)
	}
	return nil
}
