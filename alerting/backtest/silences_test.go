package backtest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/backtest"
)

// Silences have each their own words: no water used, no report from the meter, and a
// meter that does not measure.
func TestTheSilencesAreKeptApart(t *testing.T) {
	const from, to = 20 * 24, 20*24 + 60
	lines := func(device string, busy func(time.Time) bool, keep func(hour int) bool) string {
		var kept strings.Builder
		for h, l := range slices.Collect(strings.Lines(home(device, 30, atOnce, busy))) {
			if keep(h) {
				kept.WriteString(l)
			}
		}
		return kept.String()
	}
	all := func(int) bool { return true }
	flowing := ""
	for h := from; h < from+12; h++ { // the meter says that water runs
		at := monday.Add(time.Duration(h)*time.Hour + 6*time.Minute)
		flowing += fmt.Sprintf("%s,,v/m,flow_m3h,0.020\n", at.Format(time.RFC3339))
	}
	for name, c := range map[string]struct {
		readings string
		want     []alerting.Kind
	}{
		"no water used":    {lines("v/m", except(from, to), all), []alerting.Kind{alerting.KindWaterInactivity}},
		"no report":        {lines("v/m", always, func(h int) bool { return h < from || h >= to }), []alerting.Kind{alerting.KindDeviceSilent}},
		"no measurement":   {lines("v/m", except(from, from+12), all) + flowing, []alerting.Kind{alerting.KindDeviceFault}},
		"nothing is amiss": {lines("v/m", always, all), nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := kinds(run(t, set(t, c.readings, "", ""), backtest.Options{}).Result)
			for _, k := range []alerting.Kind{alerting.KindWaterInactivity, alerting.KindDeviceSilent, alerting.KindDeviceFault} {
				if slices.Contains(c.want, k) != (got[k] > 0) {
					t.Errorf("%d of %s", got[k], k)
				}
			}
		})
	}
}
