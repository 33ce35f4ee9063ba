package alerting

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ActReturn is what the service does to an acknowledged alert about which nothing
// was done in time, as the log says it.
const ActReturn Action = "return"

// countdown starts, or starts anew, the time within which something must be done
// about an acknowledged case. A promised call puts its end off to the same time
// after the promise, but never beyond when somebody would have to be at the door.
func (c *Case) countdown(now time.Time, r *Rules) {
	c.AckDue = nil
	timeout := r.AckTimeout.of(c.Severity)
	if c.State != Acknowledged || c.Late || timeout == 0 {
		return
	}
	due := now.Add(timeout)
	if c.NextCall != nil {
		promised := c.NextCall.Add(timeout)
		if door := now.Add(r.VisitDue[c.Severity]); promised.After(door) {
			promised = door
		}
		due = maxTime(due, promised)
	}
	c.AckDue = &due
}

// hasten shortens the countdown to that of a higher severity.
func (c *Case) hasten(now time.Time, r *Rules) {
	before := c.AckDue
	c.countdown(now, r)
	if before != nil && (c.AckDue == nil || before.Before(*c.AckDue)) {
		c.AckDue = before
	}
}

// takeBack returns to the queue what was acknowledged and then left.
func (e *Escalation) takeBack(ctx context.Context, now time.Time) error {
	due, err := e.Book.AcksDue(ctx, now)
	if err != nil {
		return fmt.Errorf("acknowledgements due: %w", err)
	}
	var failed []error
	for _, id := range due {
		returned := false
		err := e.Book.Tx(ctx, func(tx Tx) error {
			c, err := tx.Alert(id)
			if err != nil {
				return err
			}
			returned, err = takeBack(tx, c, now, termsOf(e.Book, e.Directory, c, now), e.heldBack(c, now))
			return err
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("take back %s: %w", id, err))
			continue
		}
		if returned {
			e.returned.Inc()
		}
	}
	return errors.Join(failed...)
}

// heldBack says whether a silence held the case back and still does. What rang
// before somebody silenced its kind is not.
func (e *Escalation) heldBack(c *Case, now time.Time) bool {
	if c.Silenced == nil || c.Severity == Red {
		return false
	}
	_, ok := silenced(e.Book, c.Subject, c.Resident, c.Kind, now)
	return ok
}

// takeBack returns one case. It rings again, and its escalation goes on from the
// level it had reached; whoever had it is told. One that is held back goes back to
// the queue and rings when its silence ends.
func takeBack(tx Tx, c *Case, now time.Time, r *terms, held bool) (returned bool, err error) {
	// Looked at again inside the transaction: somebody may have been quicker.
	if c.AckDue == nil || c.AckDue.After(now) {
		return false, nil
	}
	due := *c.AckDue
	c.AckDue = nil
	visits, err := tx.VisitsOf(c.ID)
	if err != nil {
		return false, err
	}
	if c.State != Acknowledged || underWay(visits) {
		return false, tx.PutAlert(c) // somebody is on the way for it
	}
	had, since, level := c.AckedBy, c.AckedAt, c.Escalation
	told := []string{had}
	if c.Assignee != nil && *c.Assignee != had {
		told = append(told, *c.Assignee)
	}
	c.Assignee = nil
	if held {
		c.State, c.AckedAt, c.AckedBy = Open, nil, ""
	} else {
		c.ring(now, r)
		c.Escalation = level
		c.scheduleStep(now, r)
	}
	if err := tx.PutAlert(c); err != nil {
		return false, err
	}
	data := map[string]any{
		"action": ActReturn, "from": Acknowledged, "to": Open, "due": due, "acked_by": had,
	}
	if held {
		data["silence"] = c.Silenced.ID
	} else {
		data["rings"] = true
	}
	if since != nil {
		data["acked_at"] = *since
	}
	of := func(*Case) *terms { return r }
	if err := addChange(tx, Change{Type: AlertUpdated, At: now, Case: c, Actor: System(), Data: data}, of, NoticeReturned); err != nil {
		return false, err
	}
	for _, person := range told {
		err := tx.AddNotice(Notice{
			Key:    fmt.Sprintf("returned/%s/%d/%s", c.ID, now.UnixMicro(), person),
			Person: person, Reason: NoticeReturned, Alert: c.ID, Severity: c.Severity, Area: c.Area, At: now,
			Data: map[string]any{"kind": c.Kind, "due": due, "acked_by": had},
		})
		if err != nil {
			return false, err
		}
	}
	return true, nil
}
