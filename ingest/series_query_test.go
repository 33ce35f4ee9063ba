package ingest_test

import (
	"fmt"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/google/go-cmp/cmp"

	"shouwang/devices"
	"shouwang/ingest"
)

func TestWindowsOfDaysFollowTheCalendar(t *testing.T) {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	date := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 0, 0, 0, 0, newYork) }
	const day = 24 * time.Hour
	for _, test := range []struct {
		name     string
		from, to time.Time
		every    time.Duration
		want     []time.Time
	}{
		{"over the short day of spring", date(3, 7), date(3, 10), day, []time.Time{date(3, 7), date(3, 8), date(3, 9)}},
		{"over the long day of autumn", date(10, 31), date(11, 3), day, []time.Time{date(10, 31), date(11, 1), date(11, 2)}},
		{"weeks begin on Monday", date(3, 4), date(3, 17), 7 * day, []time.Time{date(3, 4), date(3, 9), date(3, 16)}},
		{"a day cut at both ends", date(3, 8).Add(time.Hour), date(3, 9).Add(time.Minute), day, []time.Time{date(3, 8).Add(time.Hour), date(3, 9)}},
		{"quarter days", date(3, 4), date(3, 5), 6 * time.Hour, []time.Time{date(3, 4), date(3, 4).Add(6 * time.Hour), date(3, 4).Add(12 * time.Hour), date(3, 4).Add(18 * time.Hour)}},
	} {
		t.Run(test.name, func(t *testing.T) {
			plan, err := ingest.PlanHistory(devices.HistoryQuery{From: test.from, To: test.to, Every: test.every}, newYork)
			if err != nil {
				t.Fatal(err)
			}
			var got, want []string
			for _, p := range plan.Points(make([]*float64, plan.Windows())) {
				got = append(got, p.At.In(newYork).Format(time.RFC3339))
			}
			for _, at := range test.want {
				want = append(want, at.Format(time.RFC3339))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("windows begin at (-want +got):\n%s", diff)
			}
			for i, run := range plan.Runs[1:] {
				if before := plan.Runs[i]; before.End() != run.Start {
					t.Errorf("run %d ends at %d, the next begins at %d", i, before.End(), run.Start)
				}
			}
		})
	}
}

// FuzzPlanHistory: whatever is asked, the windows are within bounds and follow
// one another.
func FuzzPlanHistory(f *testing.F) {
	f.Add(int64(1_700_000_000), int64(1_700_090_000), int64(3600), 100, 8*3600)
	f.Add(int64(-62135596800), int64(1)<<40, int64(86400), 0, -3600)
	f.Fuzz(func(t *testing.T, from, to, every int64, limit, offset int) {
		q := devices.HistoryQuery{From: time.Unix(from, 0), To: time.Unix(to, 0), Every: time.Duration(every) * time.Second, Limit: limit}
		plan, err := ingest.PlanHistory(q, time.FixedZone("", offset%(14*3600)))
		if err != nil {
			return
		}
		if plan.Windows() > plan.Limit || plan.Limit > ingest.MaxPoints {
			t.Fatalf("%d windows, limit %d", plan.Windows(), plan.Limit)
		}
		last := int64(-1 << 63)
		for _, p := range plan.Points(make([]*float64, plan.Windows())) {
			if at := p.At.UnixMicro(); at <= last || at < plan.From || at >= plan.To {
				t.Fatal(fmt.Sprint("window at ", p.At, " is out of order or range"))
			}
			last = p.At.UnixMicro()
		}
	})
}
