package report

import (
	"cmp"
	"slices"
	"time"

	"shouwang/alerting"
)

// VisitRow are the visits that were due in the month.
type VisitRow struct {
	Due     Number `json:"due"`
	Made    Number `json:"made"`
	Settled Number `json:"settled" doc:"A verified contact made the visit needless."`
	Overdue Number `json:"overdue" doc:"Still to come after their time, or made after it."`
}

// ProviderRow is the work of one provider: its visits at the door that were
// reported in the month.
type ProviderRow struct {
	Provider  string  `json:"provider" doc:"Its id."`
	Name      string  `json:"name"`
	Visits    Number  `json:"visits"`
	Hours     float64 `json:"hours" doc:"From check-in to check-out, of those that have both."`
	Residents int     `json:"residents" doc:"How many different people were visited."`
}

func (r *Monthly) visits(d *Data) {
	all := slices.Clone(d.Visits)
	slices.SortStableFunc(all, func(a, b alerting.Visit) int { return a.Due.Compare(b.Due) })
	list := func(is func(*alerting.Visit) bool) []Item {
		items := []Item{}
		for i := range all {
			v := &all[i]
			if is(v) {
				items = append(items, visitItem(v))
			}
		}
		return items
	}
	due := func(v *alerting.Visit) bool {
		return d.Month.holds(v.Due) && (v.State != alerting.VisitCanceled || v.Settled != nil || v.Report != nil)
	}
	r.Visits = VisitRow{
		Due:     r.lists.number(list(due), "visits/due"),
		Made:    r.lists.number(list(func(v *alerting.Visit) bool { return due(v) && v.Report != nil }), "visits/made"),
		Settled: r.lists.number(list(func(v *alerting.Visit) bool { return due(v) && v.Settled != nil }), "visits/settled"),
		Overdue: r.lists.number(list(func(v *alerting.Visit) bool { return due(v) && overdue(v, d.Now) }), "visits/overdue"),
	}
	r.providers(d, all)
}

// overdue says whether the visit was not made in its time.
func overdue(v *alerting.Visit, now time.Time) bool {
	switch {
	case v.Report != nil:
		return v.Report.At.After(v.Due)
	case v.Settled != nil:
		return false
	}
	return now.After(v.Due)
}

func visitItem(v *alerting.Visit) Item {
	it := Item{Visit: v.ID, Area: v.Area, At: v.Due}
	if v.Alert != nil {
		it.Alert = *v.Alert
	}
	if v.Resident != nil {
		it.Resident = v.Resident.ID
	}
	if v.Report != nil {
		it.Outcome = v.Report.Outcome
	}
	if v.Arrived != nil && v.Left != nil {
		s := v.Left.Sub(*v.Arrived).Seconds()
		it.Seconds = &s
	}
	return it
}

func (r *Monthly) providers(d *Data, all []alerting.Visit) {
	type work struct {
		items []Item
		hours float64
		seen  map[string]bool
	}
	of, names := map[string]*work{}, []string{}
	for i := range all {
		v := &all[i]
		if v.Provider == nil || v.Report == nil || v.Kind == alerting.PhoneVisit || !d.Month.holds(v.Report.At) {
			continue
		}
		w := of[*v.Provider]
		if w == nil {
			w = &work{seen: map[string]bool{}}
			of[*v.Provider], names = w, append(names, *v.Provider)
		}
		it := visitItem(v)
		it.At = v.Report.At
		w.items = append(w.items, it)
		if it.Seconds != nil {
			w.hours += *it.Seconds / 3600
		}
		if it.Resident != "" {
			w.seen[it.Resident] = true
		}
	}
	slices.Sort(names)
	r.Providers = []ProviderRow{}
	for _, name := range names {
		w := of[name]
		r.Providers = append(r.Providers, ProviderRow{name, cmp.Or(d.Providers[name], name), r.lists.number(w.items, "provider/%s", name), w.hours, len(w.seen)})
	}
}
