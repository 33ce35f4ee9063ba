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

// quotas count a month's visits by county and town.
type quotas struct {
	from, to, now time.Time
	of            map[devices.AreaPath]*alerting.VisitQuota
	been          map[string]bool // residents who were visited at home, or will be
}

func newQuotas(from, to, now time.Time) *quotas {
	return &quotas{from: from, to: to, now: now, of: map[devices.AreaPath]*alerting.VisitQuota{}, been: map[string]bool{}}
}

// at are the county and the town of an area, which may be one.
func (q *quotas) at(area devices.AreaPath) []*alerting.VisitQuota {
	var list []*alerting.VisitQuota
	for n := 1; n <= 2; n++ {
		a := level(area, n)
		if n == 2 && a == level(area, 1) {
			break
		}
		if q.of[a] == nil {
			q.of[a] = &alerting.VisitQuota{Area: a}
		}
		list = append(list, q.of[a])
	}
	return list
}

// resident counts somebody who is to be visited.
func (q *quotas) resident(who *devices.Resident, rules func(time.Time, alerting.RuleScope) *alerting.Rules) {
	for _, a := range q.at(who.Area) {
		a.Residents++
	}
	for n, a := range q.at(who.Area) {
		r := rules(q.now, alerting.RuleScope{Area: a.Area})
		if n == 0 {
			a.CallsNeeded = min(r.Visits.Callbacks, a.Residents)
		}
		if n == 1 || len(q.at(who.Area)) == 1 {
			a.HomeNeeded = share(r.Visits.HomePct, a.Residents)
		}
	}
}

func (q *quotas) in(t time.Time) bool { return !t.Before(q.from) && t.Before(q.to) }

// met says whether a report tells of somebody who was there.
func met(o alerting.Outcome) bool {
	return o != alerting.AwayFromHome && o != alerting.Duplicate && o != alerting.Test
}

// visits counts those that were made in the month, then those still to come.
func (q *quotas) visits(all []alerting.Visit) {
	for _, active := range []bool{false, true} {
		for i := range all {
			if all[i].State.Active() == active {
				q.visit(&all[i])
			}
		}
	}
}

// visit counts one that was made in the month or is still to come.
func (q *quotas) visit(v *alerting.Visit) {
	at := q.at(v.Area)
	door := v.Kind == alerting.HomeVisit
	switch {
	case v.Report != nil && q.in(v.Report.At):
		if !met(v.Report.Outcome) {
			return
		}
	case v.Settled != nil && q.in(v.Settled.At):
		for _, a := range at {
			a.Settled++
		}
		door = v.Settled.How == alerting.AtDoor
		if v.Plan == alerting.PlanDaily || v.Kind == alerting.HomeVisit && !door {
			return
		}
	case v.State.Active():
		if v.Due.Before(q.to) {
			for _, a := range at {
				if v.Due.Before(q.now) {
					a.Overdue++
				}
			}
			if v.Plan != alerting.PlanDaily {
				q.planned(v)
			}
		}
		return
	default:
		return
	}
	for _, a := range at {
		switch {
		case !door:
			if v.Plan != alerting.PlanDaily {
				a.CallsDone++
			}
		case v.Resident == nil || !q.been[v.Resident.ID]:
			a.HomeDone++
		}
	}
	if door && v.Resident != nil {
		q.been[v.Resident.ID] = true
	}
}

// planned counts one that is to come this month.
func (q *quotas) planned(v *alerting.Visit) {
	if v.Kind != alerting.PhoneVisit && v.Resident != nil {
		if q.been[v.Resident.ID] {
			return
		}
		q.been[v.Resident.ID] = true
	}
	for _, a := range q.at(v.Area) {
		if v.Kind == alerting.PhoneVisit {
			a.CallsPlanned++
		} else {
			a.HomePlanned++
		}
	}
}

func (q *quotas) list() []*alerting.VisitQuota {
	return slices.SortedFunc(maps.Values(q.of), func(a, b *alerting.VisitQuota) int { return cmp.Compare(a.Area, b.Area) })
}

func (q *quotas) towns() []*alerting.VisitQuota {
	return slices.DeleteFunc(q.list(), func(a *alerting.VisitQuota) bool { return a.HomeNeeded == 0 })
}

func (q *quotas) counties() []*alerting.VisitQuota {
	return slices.DeleteFunc(q.list(), func(a *alerting.VisitQuota) bool { return a.CallsNeeded == 0 })
}

// Quotas are the figures of one month, the one in which the time lies, for the
// counties and towns in the scope. Residents are those of now.
func (p *Planner) Quotas(ctx context.Context, scope devices.Scope, at, now time.Time) ([]alerting.VisitQuota, error) {
	from, to := p.month(at)
	visits, err := p.Store.VisitsBetween(ctx, from, to, true)
	if err != nil {
		return nil, err
	}
	q := newQuotas(from, to, now)
	for _, who := range p.Registry.Everybody(now) {
		if p.watched(who, now) {
			q.resident(who, p.Store.Rules)
		}
	}
	q.visits(visits)
	list := []alerting.VisitQuota{}
	for _, a := range q.list() {
		if scope.Area(a.Area) {
			list = append(list, *a)
		}
	}
	return list, nil
}
