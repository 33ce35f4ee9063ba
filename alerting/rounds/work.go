package rounds

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// longestStay bounds the service time of one visit: who forgets to check out has
// not served all night.
const longestStay = 8 * time.Hour

// Work is who made which visits in the month in which the time lies, by provider
// and person. A visit is its reporter's.
func (p *Planner) Work(ctx context.Context, scope devices.Scope, at time.Time) ([]alerting.VisitWork, error) {
	from, to := p.month(at)
	visits, err := p.Store.VisitsBetween(ctx, from, to, false)
	if err != nil {
		return nil, err
	}
	type key struct{ provider, person string }
	of := map[key]*alerting.VisitWork{}
	seen := map[key]map[string]bool{}
	for i := range visits {
		v := &visits[i]
		if v.Report == nil || v.Report.At.Before(from) || !v.Report.At.Before(to) || !scope.Area(v.Area) {
			continue
		}
		k := key{person: v.Report.By}
		if v.Provider != nil {
			k.provider = *v.Provider
		}
		if scope.Provider != "" && scope.Provider != k.provider {
			continue
		}
		w := of[k]
		if w == nil {
			w = &alerting.VisitWork{Provider: k.provider, Person: k.person}
			of[k], seen[k] = w, map[string]bool{}
		}
		w.Visits++
		if v.Kind == alerting.PhoneVisit {
			w.Calls++
		} else {
			w.Home++
			if !met(v.Report.Outcome) {
				w.NotMet++
			}
		}
		if v.Resident != nil && !seen[k][v.Resident.ID] {
			seen[k][v.Resident.ID] = true
			w.Residents++
		}
		if v.Arrived != nil && v.Left != nil && v.Left.After(*v.Arrived) {
			w.Timed++
			w.Minutes += int(min(v.Left.Sub(*v.Arrived), longestStay).Minutes())
		}
	}
	list := make([]alerting.VisitWork, 0, len(of))
	for w := range maps.Values(of) {
		list = append(list, *w)
	}
	slices.SortFunc(list, func(a, b alerting.VisitWork) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(a.Person, b.Person))
	})
	return list, nil
}

// Month is the first instant of a month written as 2026-11, in the county's time;
// "" is the month of now. False when it is none.
func (p *Planner) Month(text string, now time.Time) (from, to time.Time, ok bool) {
	if text == "" {
		from, to = p.month(now)
		return from, to, true
	}
	at, err := time.ParseInLocation("2006-01", text, p.Zone)
	if err != nil {
		return at, at, false
	}
	from, to = p.month(at)
	return from, to, true
}
