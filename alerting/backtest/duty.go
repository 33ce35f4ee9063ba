package backtest

import (
	"fmt"
	"io"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// DutyScore is what a duty desk gets: every row that comes onto its board, tasks
// (blue) as well. What was folded into another alert is none, and the missing uploads
// of a town's night are one. It is counted from the first reading to the last time at
// which one was measured: after that all devices are silent.
type DutyScore struct {
	Residents int         `json:"residents"`
	Days      float64     `json:"days"`
	PerDay    float64     `json:"alerts_a_day_of_1000"`
	Blue      float64     `json:"of_these_blue"`
	Settled   float64     `json:"after_14_days"` // a day, of those after the first 14 days
	Kinds     []DutyKind  `json:"kinds"`
	Listed    float64     `json:"calls_of_missed_uploads"` // residents a day who stand on such a list
	Most      int         `json:"most_in_10_min"`
	MostAt    time.Time   `json:"most_in_10_min_at"`
	MostLater int         `json:"most_in_10_min_after_14_days"`
	rows      []time.Time // in order of time
}

// DutyKind is how often one kind comes, a day and 1000 residents, by the highest
// severity that it reached.
type DutyKind struct {
	Kind   alerting.Kind                 `json:"kind"`
	PerDay float64                       `json:"a_day"`
	By     map[alerting.Severity]float64 `json:"by_severity"`
}

const (
	learning  = 14 * 24 * time.Hour
	floodTime = 10 * time.Minute
)

func dutyOf(r *Result) *DutyScore {
	d := &DutyScore{Residents: len(r.Set.Homes), Kinds: []DutyKind{}}
	from, to := r.Set.From, r.Set.measured()
	if d.Days = to.Sub(from).Hours() / 24; d.Days <= 0 || d.Residents == 0 {
		return d
	}
	count := map[alerting.Kind]map[alerting.Severity]int{}
	row := func(kind alerting.Kind, s alerting.Severity, at time.Time) {
		if count[kind] == nil {
			count[kind] = map[alerting.Severity]int{}
		}
		count[kind][s]++
		d.rows = append(d.rows, at)
	}
	lists, listed := map[string]bool{}, 0
	for _, a := range r.Alerts {
		at := a.KnownAt
		if at.After(to) {
			continue
		}
		if a.Listed {
			listed++
			if list := a.list(); !lists[list] {
				lists[list] = true
				row(alerting.KindDataOutage, alerting.Blue, at)
			}
			if len(a.Stages) == 0 || a.Stages[0].KnownAt.After(to) {
				continue
			}
			at = a.Stages[0].KnownAt
		} else if a.Into != "" {
			continue
		}
		row(a.Kind, a.Highest(), at)
	}
	slices.SortFunc(d.rows, time.Time.Compare)
	each := func(n int, days float64) float64 { return round(float64(n) / days / float64(d.Residents) * 1000) }
	blue := 0
	for _, kind := range alerting.Kinds() {
		k := DutyKind{Kind: kind, By: map[alerting.Severity]float64{}}
		n := 0
		for s, of := range count[kind] {
			k.By[s] = each(of, d.Days)
			n += of
		}
		blue += count[kind][alerting.Blue]
		if k.PerDay = each(n, d.Days); n > 0 {
			d.Kinds = append(d.Kinds, k)
		}
	}
	d.PerDay, d.Blue, d.Listed = each(len(d.rows), d.Days), each(blue, d.Days), each(listed, d.Days)
	later := d.rows[after(d.rows, from.Add(learning)):]
	if days := d.Days - learning.Hours()/24; days > 0 {
		d.Settled = each(len(later), days)
		d.MostLater, _ = most(later)
	}
	d.Most, d.MostAt = most(d.rows)
	return d
}

// list names the list on which the alert stands: its town and local day.
func (a *Alert) list() string {
	town := devices.AreaPath("")
	if a.home.Resident != nil {
		town = a.home.Resident.Area.Parent()
	}
	return string(town) + "/" + a.KnownAt.Add(alerting.DefaultRules().Vitals.UTCOffset).Format(time.DateOnly)
}

func after(rows []time.Time, at time.Time) int {
	i, _ := slices.BinarySearchFunc(rows, at, time.Time.Compare)
	return i
}

// most is how many came within ten minutes at most, and from when.
func most(rows []time.Time) (n int, from time.Time) {
	first := 0
	for i := range rows {
		for rows[i].Sub(rows[first]) > floodTime {
			first++
		}
		if i-first+1 > n {
			n, from = i-first+1, rows[first]
		}
	}
	return n, from
}

// measured is the last time at which something was measured.
func (s *Set) measured() time.Time {
	last := int64(0)
	for _, h := range s.Homes {
		for i := range h.rows {
			last = max(last, h.rows[i].at)
		}
	}
	if last == 0 || micros(last).After(s.To) {
		return s.To
	}
	return micros(last)
}

// print writes the table for people.
func (d *DutyScore) print(w io.Writer) {
	if len(d.rows) == 0 {
		return
	}
	fmt.Fprintf(w, "\nat the desk of %d residents over %.0f days, a day and 1000 residents: %.1f, of these blue %.1f; after 14 days %.1f\n",
		d.Residents, d.Days, d.PerDay, d.Blue, d.Settled)
	for _, k := range d.Kinds {
		fmt.Fprintf(w, "  %-18s %6.2f ", k.Kind, k.PerDay)
		for _, s := range []alerting.Severity{alerting.Blue, alerting.Yellow, alerting.Orange, alerting.Red} {
			if n, ok := k.By[s]; ok {
				fmt.Fprintf(w, " %s %.2f", s, n)
			}
		}
		fmt.Fprintln(w)
	}
	if d.Listed > 0 {
		fmt.Fprintf(w, "  %.1f residents to phone because an upload is missing\n", d.Listed)
	}
	fmt.Fprintf(w, "  within ten minutes at most %d, from %s; after 14 days %d\n", d.Most, d.MostAt.Format(clock), d.MostLater)
}
