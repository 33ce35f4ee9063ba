package alerting

import (
	"context"
	"slices"
	"time"

	"shouwang/devices"
)

// Turned does what follows for alerts and visits from a change of a resident's
// state. Of one who is not watched over any more the visits are called off and the
// open alerts frozen, cries for help aside: those can be noted and closed, and ring
// no more. Of one who is watched over again they are as before, and ring if nobody
// had taken them up. Done twice it changes nothing more.
func (d *Desk) Turned(ctx context.Context, t devices.ResidentTurn) error {
	by := System()
	if t.By != "" {
		by = Actor{User: t.By, Name: t.By}
	}
	return d.Book.Tx(ctx, func(tx Tx) error {
		now := d.now()
		if t.To.Stopped() {
			if err := d.callOffAll(tx, t, by, now); err != nil {
				return err
			}
		}
		cases, err := tx.OpenOfResident(t.Resident)
		if err != nil {
			return err
		}
		for _, c := range cases {
			if err := d.turn(tx, c, t, by, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// callOffAll cancels the visits that are still to come, but for those that answer
// a cry for help.
func (d *Desk) callOffAll(tx Tx, t devices.ResidentTurn, by Actor, now time.Time) error {
	visits, err := tx.VisitsOfResident(t.Resident)
	if err != nil {
		return err
	}
	for _, v := range visits {
		ch := Change{
			Type: VisitChanged, At: now, Visit: v, Actor: by, Text: t.Reason,
			Data: map[string]any{"action": ActCancel, "resident_state": t.To},
		}
		if v.Provider != nil {
			ch.Provider = *v.Provider
		}
		if v.Alert != nil {
			c, err := tx.Alert(*v.Alert)
			if err != nil {
				return err
			}
			if info, _ := c.Kind.Info(); info.Urgent {
				continue
			}
			ch.Case = c
		}
		v.State = VisitCanceled
		if c := ch.Case; c != nil {
			if c.Visit != nil && c.Visit.ID == v.ID {
				c.Visit = v
			}
			if c.State == Dispatched {
				c.State = Acknowledged
			}
			if err := tx.PutAlert(c); err != nil {
				return err
			}
		}
		if err := putVisit(tx, v, ch); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) turn(tx Tx, c *Case, t devices.ResidentTurn, by Actor, now time.Time) error {
	info, _ := c.Kind.Info()
	data := map[string]any{"resident_state": t.To}
	switch {
	case info.Urgent:
		return nil
	case t.To.Stopped():
		if c.Frozen == t.To {
			return nil
		}
		c.Frozen, data["action"] = t.To, "freeze"
		c.stopClock()
		c.AckDue = nil
	case c.Frozen == "":
		return nil
	default:
		c.Frozen, data["action"] = "", "thaw"
		if c.State == Open && c.RecoveredAt == nil && !c.Late && c.Silenced == nil {
			c.ring(now, termsOf(d.Book, d.Directory, c, now))
			data["rings"] = true
		}
		c.countdown(now, rulesOf(d.Book, d.Directory, c, now).Rules) // of what somebody has
	}
	if err := tx.PutAlert(c); err != nil {
		return err
	}
	return tx.AddEvent(Change{Type: AlertUpdated, At: now, Case: c, Actor: by, Text: t.Reason, Data: data})
}

// relist makes a closed case that is to be reopened go by what its resident is
// listed as now: while it was closed no change has reached it.
func (d *Desk) relist(c *Case) {
	if c.Resident == nil {
		return
	}
	c.Frozen = ""
	r, ok := d.Directory.Resident(c.Resident.ID, d.now())
	if info, _ := c.Kind.Info(); ok && r.State.Stopped() && !info.Urgent {
		c.Frozen = r.State
	}
}

// thawed refuses what a frozen case does not allow.
func (c *Case) thawed(a Action, from State) error {
	if c.Frozen == "" || slices.Contains([]Action{ActNote, ActClose, ActReport, ActCancel}, a) {
		return nil
	}
	return &StateError{Action: string(a), State: from, Reason: "the resident is listed as " + string(c.Frozen)}
}

// visitable refuses a visit by plan to somebody who is not watched over.
func visitable(r *devices.Resident) error {
	if !r.State.Stopped() {
		return nil
	}
	return &InputError{Field: "resident", Value: r.ID, Rule: "is listed as " + string(r.State) + ": no visits are planned"}
}
