package rounds

import (
	"context"
	"fmt"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// remind reminds whoever is to go, and with the last of its time the supervisors
// too. How far it has come is kept on the visit, so a restart reminds of nothing
// twice; of several reminders that fell into a pause the last is given.
func (p *Planner) remind(ctx context.Context, now time.Time) error {
	due, err := p.Store.RemindersDue(ctx, now)
	if err != nil {
		return err
	}
	// Whom to tell is read before the transactions, which are short: a visit may
	// change hands between the two, and then both are told.
	var list []reminder
	for _, id := range due {
		v, err := p.Store.Visit(ctx, devices.Everywhere(), id)
		if err != nil {
			return err
		}
		r := reminder{id: id}
		if r.goers, err = p.goers(ctx, &v); err != nil {
			return err
		}
		if !v.Due.After(now) {
			if r.supervisors, err = p.People.Supervisors(ctx, v.Area); err != nil {
				return err
			}
		}
		list = append(list, r)
	}
	return inParts(list, func(part []reminder) error {
		return p.Store.Tx(ctx, func(tx alerting.Tx) error {
			for _, r := range part {
				if err := p.remindOf(tx, r, now); err != nil {
					return fmt.Errorf("visit %s: %w", r.id, err)
				}
			}
			return nil
		})
	})
}

// reminder is one to be given, and to whom.
type reminder struct {
	id                 string
	goers, supervisors []string
}

func (p *Planner) remindOf(tx alerting.Tx, r reminder, now time.Time) error {
	v, err := tx.Visit(r.id)
	if err != nil {
		return err
	}
	if !v.State.Active() || v.RemindAt.IsZero() || v.RemindAt.After(now) {
		return nil
	}
	severity := alerting.Blue
	of := alerting.RuleScope{Area: v.Area}
	if v.Resident != nil {
		if who, ok := p.Registry.Resident(v.Resident.ID, now); ok {
			of = scopeOf(who)
		}
	}
	var c *alerting.Case
	if v.Alert != nil {
		if c, err = tx.Alert(*v.Alert); err != nil {
			return err
		}
		severity = c.Severity
	}
	percents := p.Store.Rules(now, of).Visits.Remind
	for !v.RemindAt.IsZero() && !v.RemindAt.After(now) {
		if !v.NextReminder(percents) {
			break
		}
	}
	if err := tx.PutVisit(v); err != nil {
		return err
	}
	overdue := v.Due.Before(now) || v.Due.Equal(now)
	ch := alerting.Change{
		Type: alerting.VisitChanged, At: now, Visit: v, Actor: alerting.System(),
		Data: map[string]any{"action": "remind", "percent": v.Reminded, "overdue": overdue, "due": v.Due},
	}
	if c != nil {
		if c.Visit != nil && c.Visit.ID == v.ID {
			c.Visit = v
		}
		ch.Case = c
	}
	if err := tx.AddEvent(ch); err != nil {
		return err
	}
	told := slices.Clone(r.goers)
	if overdue {
		told = append(told, r.supervisors...)
	}
	for _, person := range told {
		n := alerting.Notice{
			Key: fmt.Sprintf("visit/%s/%d/%s", v.ID, v.Reminded, person), Person: person, Reason: alerting.NoticeVisit,
			Severity: severity, Area: v.Area, At: now,
			Data: map[string]any{"visit": v.ID, "percent": v.Reminded, "due": v.Due, "overdue": overdue, "by": string(v.Kind)},
		}
		if v.Alert != nil {
			n.Alert = *v.Alert
		}
		if err := tx.AddNotice(n); err != nil {
			return err
		}
	}
	return nil
}

// goers are who is to make the visit: whoever has it, else the provider's people.
// A call that nobody has is the desk's, which sees it on its board.
func (p *Planner) goers(ctx context.Context, v *alerting.Visit) ([]string, error) {
	switch {
	case v.Assignee != nil:
		return []string{*v.Assignee}, nil
	case v.Kind == alerting.PhoneVisit:
		return nil, nil
	}
	provider := ""
	if v.Provider != nil {
		provider = *v.Provider
	}
	return p.People.Visitors(ctx, provider, v.Area)
}
