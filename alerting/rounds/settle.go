package rounds

import (
	"context"
	"time"

	"shouwang/alerting"
)

// settle ends planned visits that are not needed any more: of whom was reached in
// the week in which the visit is due, of whom is away or no longer watched, and
// the daily calls of days that are over. Whoever is on the way already goes on.
func (p *Planner) settle(ctx context.Context, now time.Time) error {
	open, err := p.Store.OpenVisits(ctx)
	if err != nil {
		return err
	}
	since := now
	for i := range open {
		if v := &open[i]; ofPlan(v) && p.counts(v).Before(since) {
			since = p.counts(v)
		}
	}
	reached := map[string][]alerting.Contact{}
	if since.Before(now) {
		contacts, err := p.Store.ContactsAfter(ctx, since)
		if err != nil {
			return err
		}
		for _, c := range contacts {
			reached[c.Resident] = append(reached[c.Resident], c)
		}
	}
	var end []ending
	for i := range open {
		v := &open[i]
		if !ofPlan(v) {
			continue
		}
		if c := p.settling(v, reached[v.Resident.ID]); c != nil {
			end = append(end, ending{id: v.ID, by: c})
		} else if r, ok := p.Registry.Resident(v.Resident.ID, now); !ok || !p.watched(r, now) {
			end = append(end, ending{id: v.ID, reason: "away"})
		} else if v.Plan == alerting.PlanDaily && p.day(v.Due).Before(p.day(now)) {
			end = append(end, ending{id: v.ID, reason: "missed"})
		}
	}
	return inParts(end, func(part []ending) error {
		return p.Store.Tx(ctx, func(tx alerting.Tx) error {
			for _, e := range part {
				if err := e.write(tx, now); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// ofPlan says whether the service planned the visit and nobody is on the way.
func ofPlan(v *alerting.Visit) bool {
	return v.Plan != alerting.NoPlan && v.State == alerting.VisitPlanned && v.Resident != nil
}

// counts is from when on a contact counts as the visit.
func (p *Planner) counts(v *alerting.Visit) time.Time {
	if v.Plan == alerting.PlanDaily {
		return p.day(v.Due)
	}
	return p.week(v.Due)
}

// settling is the contact that counts as the visit, nil without one. What was
// known when the visit was planned does not: it was planned all the same. The
// quota of home visits asks for somebody who was there.
func (p *Planner) settling(v *alerting.Visit, contacts []alerting.Contact) *alerting.Contact {
	for i := range contacts {
		c := &contacts[i]
		if c.At.Before(p.counts(v)) || !c.Recorded.After(v.Created) || v.Plan == alerting.PlanQuota && c.How != alerting.AtDoor {
			continue
		}
		return c
	}
	return nil
}

// ending ends one planned visit, by a contact or for a reason.
type ending struct {
	id     string
	by     *alerting.Contact
	reason string
}

func (e ending) write(tx alerting.Tx, now time.Time) error {
	v, err := tx.Visit(e.id)
	if err != nil {
		return err
	}
	if !ofPlan(v) { // somebody was quicker
		return nil
	}
	ch := alerting.Change{Type: alerting.VisitChanged, At: now, Visit: v, Actor: alerting.System(), Data: map[string]any{}}
	v.State = alerting.VisitCanceled
	if e.by != nil {
		v.Settled = &alerting.Settled{At: e.by.At, How: e.by.How, By: e.by.Actor}
		ch.Data["action"], ch.Data["how"], ch.Data["at"] = "settle", e.by.How, e.by.At
	} else {
		ch.Data["action"], ch.Data["reason"] = alerting.ActCancel, e.reason
		if e.reason == "away" {
			v.PlanKey = "" // may be planned again
		}
	}
	if err := tx.PutVisit(v); err != nil {
		return err
	}
	return tx.AddEvent(ch)
}

// part is how many visits are written in one transaction: whoever else wants to
// write waits some milliseconds.
const part = 50

func inParts[T any](all []T, write func([]T) error) error {
	for len(all) > 0 {
		n := min(part, len(all))
		if err := write(all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}
