package rounds

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// dueHour is the local hour at which a planned visit is due on its day.
	dueHour = 17
	// lastStart is the local hour from which on a day takes no more visits.
	lastStart = 12
	// retry is how soon somebody is visited again who was not met.
	retry = 3 * 24 * time.Hour
)

// roll is all that planning one month needs to know.
type roll struct {
	*Planner
	ctx  context.Context //nolint:containedctx // lives no longer than one planning
	now  time.Time
	days []time.Time // local midnights, from the first that takes visits to the month's last

	residents []*devices.Resident // who is to be visited now
	last      map[string]alerting.Visit
	lastHome  map[string]time.Time
	home      map[string]bool // has a home visit this month, made or to come
	any       map[string]bool // has a visit of any kind
	called    map[string]bool // has a call back
	going     map[string]bool // has a home visit to come, in whatever month
	rota      *rota
	quotas    *quotas
	made      []*alerting.Visit
}

func (p *Planner) plan(ctx context.Context, now time.Time) error {
	from, to := p.month(now)
	visits, err := p.Store.VisitsBetween(ctx, from, to, true)
	if err != nil {
		return err
	}
	r := &roll{
		Planner: p, ctx: ctx, now: now, home: map[string]bool{}, any: map[string]bool{}, called: map[string]bool{}, going: map[string]bool{},
		rota: newRota(p.People, visits, p.day), quotas: newQuotas(from, to, now),
	}
	for d := p.day(now); d.Before(to); d = d.AddDate(0, 0, 1) {
		if d.Add(lastStart * time.Hour).After(now) {
			r.days = append(r.days, d)
		}
	}
	for _, who := range p.Registry.Everybody(now) {
		if p.watched(who, now) {
			r.residents = append(r.residents, who)
			r.quotas.resident(who, p.Store.Rules)
		}
	}
	r.rota.reserve = r.reserve()
	r.quotas.visits(visits)
	for i := range visits {
		v := &visits[i]
		if v.Resident == nil {
			continue
		}
		id := v.Resident.ID
		done := v.Report != nil || v.Settled != nil
		if !done && !v.State.Active() {
			continue
		}
		if v.State.Active() && v.Kind == alerting.HomeVisit {
			r.going[id] = true
		}
		if done || v.Due.Before(to) {
			r.any[id] = true
			r.called[id] = r.called[id] || v.Kind == alerting.PhoneVisit && v.Plan != alerting.PlanDaily
			r.home[id] = r.home[id] || v.Kind == alerting.HomeVisit && v.Settled == nil || v.Settled != nil && v.Settled.How == alerting.AtDoor
		}
	}
	if r.last, err = p.Store.LastRoutine(ctx); err != nil {
		return err
	}
	if r.lastHome, err = p.Store.LastHome(ctx); err != nil {
		return err
	}
	for _, step := range []func() error{r.daily, r.routine, r.homeQuotas, r.callbacks} {
		if err := step(); err != nil {
			return err
		}
	}
	return r.write()
}

// write enters what was planned, unless it is there. An event tells of all that was
// planned in a village.
func (r *roll) write() error {
	slices.SortStableFunc(r.made, func(a, b *alerting.Visit) int { return cmp.Compare(a.Area, b.Area) })
	return inParts(r.made, func(part []*alerting.Visit) error {
		var made []alerting.Plan
		err := r.Store.Tx(r.ctx, func(tx alerting.Tx) error {
			made = made[:0]
			var planned []*alerting.Visit
			for _, v := range part {
				switch there, err := tx.Planned(v.PlanKey); {
				case err != nil:
					return err
				case there:
					continue
				}
				if err := tx.PutVisit(v); err != nil {
					return err
				}
				planned = append(planned, v)
				made = append(made, v.Plan)
			}
			return r.tell(tx, planned)
		})
		for _, plan := range made {
			if err == nil {
				r.Planner.made.WithLabelValues(string(plan)).Inc()
			}
		}
		return err
	})
}

// tell writes the events of visits that are sorted by village.
func (r *roll) tell(tx alerting.Tx, planned []*alerting.Visit) error {
	for len(planned) > 0 {
		ch := alerting.Change{Type: alerting.VisitsPlanned, At: r.now, Actor: alerting.System(), Area: planned[0].Area}
		ids := []string{}
		rest := planned[:0:0]
		for _, v := range planned {
			provider := ""
			if v.Provider != nil {
				provider = *v.Provider
			}
			if len(ids) == 0 {
				ch.Provider = provider
			}
			if v.Area != ch.Area || provider != ch.Provider {
				rest = append(rest, v)
				continue
			}
			ids = append(ids, v.ID)
		}
		ch.Data = map[string]any{"count": len(ids), "visits": ids}
		if err := tx.AddEvent(ch); err != nil {
			return err
		}
		planned = rest
	}
	return nil
}

// visit is a new one; a phone call is nobody's but the desk's.
func (r *roll) visit(who *devices.Resident, plan alerting.Plan, kind alerting.VisitKind, due time.Time, key string) *alerting.Visit {
	v := &alerting.Visit{
		ID: uuid.NewString(), Resident: &alerting.ResidentRef{ID: who.ID, Name: who.Name}, Area: who.Area,
		State: alerting.VisitPlanned, Kind: kind, Plan: plan, Due: due.UTC(), Created: r.now, PlanKey: key,
	}
	v.ScheduleReminder(r.Store.Rules(r.now, scopeOf(who)).Visits.Remind)
	r.made = append(r.made, v)
	r.any[who.ID] = true
	return v
}

// goTo plans a home visit on the wanted day, or one near it on which one of those
// who go there has room (see place). False when the month is full.
func (r *roll) goTo(who *devices.Resident, plan alerting.Plan, want int, late bool, key func(day time.Time) string) (bool, error) {
	provider := r.Registry.Provider(who.Area, r.now)
	day, person, ok, err := r.rota.place(r.ctx, provider, who, r.days, want, late, r.Store.Rules(r.now, scopeOf(who)).Visits.PerDay)
	if err != nil || !ok {
		return false, err
	}
	v := r.visit(who, plan, alerting.HomeVisit, day.Add(dueHour*time.Hour), key(day))
	if provider != "" {
		v.Provider = &provider
	}
	if person != "" {
		v.Assignee = &person
	}
	r.home[who.ID], r.going[who.ID] = true, true
	r.quotas.planned(v)
	return true, nil
}

// reserve is how many visits to residents of tier red there are a day, by who goes
// there: room that nobody else is planned into.
func (r *roll) reserve() map[string]float64 {
	of := map[string]float64{}
	for _, who := range r.residents {
		if who.Tier != devices.TierRed {
			continue
		}
		if every := r.Store.Rules(r.now, scopeOf(who)).Visits.Red; every > 0 {
			of[nobody(r.Registry.Provider(who.Area, r.now), who.Area)] += 24 / every.Hours()
		}
	}
	return of
}

// wish is a resident whom somebody is to visit, and how long nobody did.
type wish struct {
	who  *devices.Resident
	seen time.Time
	due  time.Time
	// visited says that somebody goes to them this month anyway.
	visited bool
}

// longestUnseen orders those most at risk first, of those alike the longest
// unseen.
func longestUnseen(byTier bool) func(a, b wish) int {
	rank := func(t devices.Tier) int {
		if i := slices.Index([]devices.Tier{devices.TierRed, devices.TierYellow}, t); byTier && i >= 0 {
			return i
		}
		return 2
	}
	last := func(w wish) int {
		if w.visited {
			return 1
		}
		return 0
	}
	return func(a, b wish) int {
		return cmp.Or(cmp.Compare(last(a), last(b)), cmp.Compare(rank(a.who.Tier), rank(b.who.Tier)), a.seen.Compare(b.seen), cmp.Compare(a.who.ID, b.who.ID))
	}
}

// routine plans by the intervals of the tiers. Who is overdue is spread over the
// rest of the month, but for tier red, who are first.
func (r *roll) routine() error {
	if len(r.days) == 0 {
		return nil
	}
	var overdue, coming []wish
	for _, who := range r.residents {
		every := r.Store.Rules(r.now, scopeOf(who)).Visits.Every(who.Tier)
		if every == 0 || r.going[who.ID] {
			continue
		}
		w := wish{who: who, seen: r.Store.LastContact(who.ID, r.now)}
		w.due = w.seen.Add(every)
		if last, ok := r.last[who.ID]; ok {
			again := last.Due.Add(every) // somebody thought it was not needed
			if last.Report != nil {
				again = last.Report.At.Add(min(every, retry))
				if met(last.Report.Outcome) { // even if it says nothing of life
					again = last.Report.At.Add(every)
				}
			}
			if again.After(w.due) {
				w.due = again
			}
		}
		switch end := r.days[len(r.days)-1].AddDate(0, 0, 1); {
		case w.due.Before(r.days[0]):
			overdue = append(overdue, w)
		case w.due.Before(end):
			coming = append(coming, w)
		}
	}
	slices.SortFunc(coming, func(a, b wish) int { return cmp.Or(a.due.Compare(b.due), cmp.Compare(a.who.ID, b.who.ID)) })
	slices.SortFunc(overdue, longestUnseen(true))
	key := func(who *devices.Resident) func(time.Time) string {
		return func(day time.Time) string { return "routine/" + who.ID + "/" + day.Format(time.DateOnly) }
	}
	for _, w := range coming {
		want := r.dayOf(w.due)
		if w.due.Before(r.days[want].Add(dueHour*time.Hour)) && want > 0 {
			want-- // due at five would be too late
		}
		if _, err := r.goTo(w.who, alerting.PlanRoutine, want, false, key(w.who)); err != nil {
			return err
		}
	}
	for i, w := range overdue {
		want := i * len(r.days) / len(overdue)
		if w.who.Tier == devices.TierRed {
			want = 0
		}
		if _, err := r.goTo(w.who, alerting.PlanRoutine, want, true, key(w.who)); err != nil {
			return err
		}
	}
	return nil
}

// dayOf is the number of the day in which the time lies.
func (r *roll) dayOf(at time.Time) int {
	i, found := slices.BinarySearchFunc(r.days, r.day(at), time.Time.Compare)
	if !found && i > 0 {
		i--
	}
	return min(i, len(r.days)-1)
}

// homeQuotas fills up what towns lack of their share of home visits.
func (r *roll) homeQuotas() error {
	if len(r.days) == 0 {
		return nil
	}
	in := map[devices.AreaPath][]wish{}
	for _, who := range r.residents {
		if !r.home[who.ID] && !r.going[who.ID] {
			town := level(who.Area, 2)
			in[town] = append(in[town], wish{who: who, seen: r.lastHome[who.ID]})
		}
	}
	for _, q := range r.quotas.towns() {
		short := q.HomeNeeded - q.HomeDone - q.HomePlanned
		list := in[q.Area]
		slices.SortFunc(list, longestUnseen(false))
		n := 0
		for _, w := range list {
			if n >= short {
				break
			}
			key := fmt.Sprintf("quota/%s/%s", r.days[0].Format("2006-01"), w.who.ID)
			ok, err := r.goTo(w.who, alerting.PlanQuota, n*len(r.days)/short, true, func(time.Time) string { return key })
			if err != nil {
				return err
			}
			if ok {
				n++
			}
		}
	}
	return nil
}

// callbacks fills up what counties lack of their calls back.
func (r *roll) callbacks() error {
	if len(r.days) == 0 {
		return nil
	}
	in := map[devices.AreaPath][]wish{}
	for _, who := range r.residents {
		if !r.called[who.ID] {
			county := level(who.Area, 1)
			in[county] = append(in[county], wish{who: who, seen: r.Store.LastContact(who.ID, r.now), visited: r.any[who.ID]})
		}
	}
	for _, q := range r.quotas.counties() {
		short := q.CallsNeeded - q.CallsDone - q.CallsPlanned
		list := in[q.Area]
		slices.SortFunc(list, longestUnseen(false))
		for i, w := range list[:max(0, min(short, len(list)))] {
			day := r.days[i*len(r.days)/short]
			key := fmt.Sprintf("callback/%s/%s", r.days[0].Format("2006-01"), w.who.ID)
			r.quotas.planned(r.visit(w.who, alerting.PlanCallback, alerting.PhoneVisit, day.Add(dueHour*time.Hour), key))
		}
	}
	return nil
}

// firstCall is the local hour from which on a daily call is there to be made.
const firstCall = 6

// daily plans today's calls to those whom no device sees well enough.
func (r *roll) daily() error {
	today := r.day(r.now)
	if r.DailyCalls == nil || r.now.Before(today.Add(firstCall*time.Hour)) || !r.now.Before(today.Add(dueHour*time.Hour)) {
		return nil
	}
	ids, err := r.DailyCalls(r.ctx)
	if err != nil {
		return fmt.Errorf("daily calls: %w", err)
	}
	for _, id := range ids {
		who, ok := r.Registry.Resident(id, r.now)
		if !ok || !r.watched(who, r.now) || !r.Store.Rules(r.now, scopeOf(who)).Visits.DailyCall || !r.Store.LastContact(id, r.now).Before(today) {
			continue
		}
		key := "daily/" + today.Format(time.DateOnly) + "/" + id
		before := r.any[id]
		r.visit(who, alerting.PlanDaily, alerting.PhoneVisit, today.Add(dueHour*time.Hour), key)
		r.any[id] = before
	}
	return nil
}

// share is so many percent of a number, rounded up.
func share(pct float64, of int) int { return int(math.Ceil(pct*float64(of)/100 - 1e-9)) }
