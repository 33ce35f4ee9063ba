package report

import (
	"fmt"
	"math"
	"slices"
	"time"

	"shouwang/alerting"
)

// Step is one step from an alert to its end.
type Step string

// The steps.
const (
	Seen   Step = "seen"   // a board or a channel has shown it
	Acked  Step = "acked"  // somebody has taken it up
	Called Step = "called" // the first phone call
	AtDoor Step = "door"   // somebody stood at the door
	Closed Step = "closed"
)

var steps = []Step{Seen, Acked, Called, AtDoor, Closed}

// at is when the step was taken, zero when it was not.
func (c *Case) at(s Step) time.Time {
	switch s {
	case Seen: // whoever takes it up has seen it
		if c.Seen.IsZero() || !c.Acked.IsZero() && c.Acked.Before(c.Seen) {
			return c.Acked
		}
		return c.Seen
	case Acked:
		return c.Acked
	case Called:
		return c.Called
	case AtDoor:
		return c.AtDoor
	case Closed:
		return c.Closed
	}
	return time.Time{}
}

// from is when the clock of the alert began.
func (c *Case) from() time.Time {
	if !c.Red.IsZero() {
		return c.Red
	}
	return c.Opened
}

// took is how long it took to the step; a step that had been taken before the
// alert became red took nothing.
func (c *Case) took(s Step) (time.Duration, bool) {
	at := c.at(s)
	if at.IsZero() {
		return 0, false
	}
	return max(0, at.Sub(c.from())), true
}

// promised says whether times are counted for the alert.
func (c *Case) promised() bool {
	return !c.Late && c.Outcome != alerting.Test && c.Outcome != alerting.Duplicate &&
		(c.Outcome != alerting.FalseAlarm || c.Cause != alerting.CauseTest)
}

// StepRow are the times to one step of the alerts of one severity.
type StepRow struct {
	Severity alerting.Severity `json:"severity"`
	Step     Step              `json:"step" enum:"seen,acked,called,door,closed"`
	Taken    Number            `json:"taken"`
	Missing  Number            `json:"missing" doc:"The step was not taken, or not yet."`
	P50      *float64          `json:"p50_seconds"`
	P90      *float64          `json:"p90_seconds"`
	Longest  *float64          `json:"longest_seconds"`
}

func (r *Monthly) steps(cases []Case) []StepRow {
	rows := []StepRow{}
	for _, severity := range []alerting.Severity{alerting.Red, alerting.Orange, alerting.Yellow, alerting.Blue} {
		of := only(cases, func(c *Case) bool { return c.Severity == severity && c.promised() })
		if len(of) == 0 {
			continue
		}
		for _, step := range steps {
			took := func(c *Case) (time.Duration, bool) { return c.took(step) }
			taken := only(of, func(c *Case) bool { return !c.at(step).IsZero() })
			missing := only(of, func(c *Case) bool { return c.at(step).IsZero() })
			row := StepRow{
				Severity: severity, Step: step,
				Taken:   r.lists.number(items(taken, took), "step/%s/%s", severity, step),
				Missing: r.lists.number(items(missing, nil), "step/%s/%s/missing", severity, step),
			}
			seconds := make([]float64, len(taken))
			for i := range taken {
				d, _ := taken[i].took(step)
				seconds[i] = d.Seconds()
			}
			slices.Sort(seconds)
			if len(seconds) > 0 {
				p50, p90, longest := rank(seconds, 0.5), rank(seconds, 0.9), seconds[len(seconds)-1]
				row.P50, row.P90, row.Longest = &p50, &p90, &longest
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// rank is the nearest-rank quantile of sorted values: the least of them that is
// no less than the share q of all.
func rank(sorted []float64, q float64) float64 {
	return sorted[max(0, int(math.Ceil(q*float64(len(sorted))))-1)]
}

// Goal is a share that is promised.
type Goal struct {
	ID      string   `json:"id" enum:"red_acked_60s,red_acked_180s,red_door_45min,closed_24h"`
	Percent float64  `json:"percent" doc:"What is promised."`
	Within  Number   `json:"within"`
	Of      Number   `json:"of"`
	Missed  Number   `json:"missed"`
	Share   *float64 `json:"share" doc:"From 0 to 1; null while there was none."`
	Met     *bool    `json:"met"`
}

// The promised shares. Answering times are those of the British telecare code
// (TSA), the time to the door is that of response services there, the knock
// within 24 h is the provinces' rule.
var promises = []struct {
	id      string
	percent float64
	red     bool
	step    Step
	within  time.Duration
}{
	{"red_acked_60s", 97.5, true, Acked, 60 * time.Second},
	{"red_acked_180s", 99, true, Acked, 180 * time.Second},
	{"red_door_45min", 90, true, AtDoor, 45 * time.Minute},
	{"closed_24h", 100, false, Closed, 24 * time.Hour},
}

// targets counts what was promised. An alert that is still within its time counts
// in nothing; one to which nobody had to go, because it was settled without, does
// not count in the time to the door.
func (r *Monthly) targets(cases []Case, now time.Time) []Goal {
	list := make([]Goal, 0, len(promises))
	for _, p := range promises {
		took := func(c *Case) (time.Duration, bool) { return c.took(p.step) }
		in := func(c *Case) bool {
			d, ok := c.took(p.step)
			return ok && d <= p.within
		}
		of := only(cases, func(c *Case) bool {
			switch {
			case !c.promised(), p.red && c.Severity != alerting.Red:
				return false
			case p.step == AtDoor && c.AtDoor.IsZero() && c.State == alerting.Closed:
				return false
			}
			return in(c) || !c.at(p.step).IsZero() || now.Sub(c.from()) > p.within
		})
		t := Goal{
			ID: p.id, Percent: p.percent,
			Of:     r.lists.number(items(of, took), "target/%s", p.id),
			Within: r.lists.number(items(only(of, in), took), "target/%s/within", p.id),
			Missed: r.lists.number(items(only(of, func(c *Case) bool { return !in(c) }), took), "target/%s/missed", p.id),
		}
		if t.Of.N > 0 {
			share := float64(t.Within.N) / float64(t.Of.N)
			met := share >= p.percent/100
			t.Share, t.Met = &share, &met
		}
		list = append(list, t)
	}
	return list
}

// duration is written as the tables of a report show it: 1:05 or 26:03:00.
func duration(seconds float64) string {
	s := int(math.Round(seconds))
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}
