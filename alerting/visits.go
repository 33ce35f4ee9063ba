package alerting

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// CreateVisit sends somebody: for an alert, which is then dispatched, or by
// plan to a resident. Without an assignee it is the provider's that serves the
// village.
func (d *Desk) CreateVisit(ctx context.Context, by Actor, in NewVisit) (Visit, error) {
	switch {
	case in.Alert == "" && in.Resident == "":
		return Visit{}, &InputError{Field: "alert", Rule: "an alert or a resident must be given"}
	case in.Alert == "" && in.Due.IsZero():
		return Visit{}, &InputError{Field: "due", Rule: "must be given for a visit without an alert"}
	}
	if err := checkText("assignee", in.Assignee, false); err != nil {
		return Visit{}, err
	}
	if in.Kind != "" {
		if err := checkOneOf("kind", in.Kind, []VisitKind{HomeVisit, PhoneVisit}); err != nil {
			return Visit{}, err
		}
	}
	id, err := idOf(in.ID)
	if err != nil {
		return Visit{}, err
	}
	var done Visit
	err = d.Book.Tx(ctx, func(tx Tx) error {
		now := d.now()
		switch made, err := tx.Visit(id); {
		case err == nil:
			done = *made
			return sameVisit(made, in)
		case !errors.Is(err, ErrNotFound):
			return err
		}
		v := &Visit{ID: id, State: VisitPlanned, Kind: cmp.Or(in.Kind, HomeVisit), Due: in.Due.UTC().Truncate(time.Microsecond), Created: now}
		if in.Assignee != "" {
			v.Assignee = &in.Assignee
		}
		ch := Change{Type: VisitCreated, At: now, Visit: v, Actor: by, Data: map[string]any{}}
		if in.Alert == "" {
			r, ok := d.Directory.Resident(in.Resident, now)
			if !ok {
				return fmt.Errorf("resident: %w", ErrNotFound)
			}
			if err := visitable(r); err != nil {
				return err
			}
			v.Resident, v.Area = &ResidentRef{ID: r.ID, Name: r.Name}, r.Area
			v.ScheduleReminder(d.Book.Rules(now, RuleScope{Area: r.Area, Tier: r.Tier, Resident: r.ID}).Visits.Remind)
		} else {
			c, err := tx.Alert(in.Alert)
			if err != nil {
				return fmt.Errorf("alert: %w", err)
			}
			if in.Resident != "" && (c.Resident == nil || c.Resident.ID != in.Resident) {
				return &InputError{Field: "resident", Value: in.Resident, Rule: "must be the alert's resident, or be left out"}
			}
			from := c.State
			if c.State, err = from.Next(ActDispatch); err != nil {
				return refusal(err, c, from)
			}
			if err := c.thawed(ActDispatch, from); err != nil {
				return err
			}
			ch.Data["from"], ch.Data["to"] = from, c.State
			c.acknowledge(by, now)
			v.Alert, v.Resident, v.Area = &c.ID, c.Resident, c.Area
			rules := rulesOf(d.Book, d.Directory, c, now)
			if in.Due.IsZero() {
				v.Due = now.Add(rules.VisitDue[c.Severity])
			}
			if in.Kind == "" && c.Severity == Blue {
				v.Kind = PhoneVisit
			}
			v.ScheduleReminder(rules.Visits.Remind)
			ch.Case, c.Visit = c, v
		}
		provider := d.Directory.Provider(v.Area, now)
		if provider != "" {
			v.Provider = &provider // also with an assignee: it may be one of its people
		}
		if c := ch.Case; c != nil {
			if err := sameSent(tx, c.ID, v, ch.Data["from"].(State)); err != nil { //nolint:forcetypeassert // set above
				return err
			}
			if provider != "" {
				c.Provider = provider
			}
			if err := tx.PutAlert(c); err != nil {
				return err
			}
		}
		ch.Data["due"] = v.Due
		done = *v
		if err := d.tellSent(ctx, tx, v, ch); err != nil {
			return err
		}
		return putVisit(tx, v, ch)
	})
	if errors.Is(err, errSame) {
		return done, nil
	}
	return done, err
}

// idOf is the id that the client has made, or a new one.
func idOf(made string) (string, error) {
	if made == "" {
		return newID(), nil
	}
	return checkUUID(made)
}

// checkUUID returns the id as all write it.
func checkUUID(text string) (string, error) {
	id, err := uuid.Parse(text)
	if err != nil {
		return "", &InputError{Field: "uuid", Value: text, Rule: "must be a UUID"}
	}
	return id.String(), nil
}

// sameVisit ends a request that was made before: it is answered with the visit as
// it is. Another's id is refused.
func sameVisit(made *Visit, in NewVisit) error {
	if in.Alert != "" && deref(made.Alert) == in.Alert || in.Alert == "" && made.Alert == nil && made.Resident != nil && made.Resident.ID == in.Resident {
		return errSame
	}
	return &InputError{Field: "uuid", Value: made.ID, Rule: "belongs to another visit"}
}

// tellSent tells those who are to go that they are, but not whoever sends.
func (d *Desk) tellSent(ctx context.Context, tx Tx, v *Visit, ch Change) error {
	var goers []string
	switch {
	case v.Assignee != nil:
		goers = []string{*v.Assignee}
	case d.Visitors != nil && v.Kind == HomeVisit:
		var err error
		if goers, err = d.Visitors(ctx, deref(v.Provider), v.Area); err != nil {
			return fmt.Errorf("who visits there: %w", err)
		}
	}
	for _, person := range goers {
		if person == ch.Actor.User {
			continue
		}
		n := Notice{
			Key: "visit/" + v.ID + "/0/" + person, Person: person, Reason: NoticeVisit, Severity: Blue, Area: v.Area, At: ch.At,
			Data: map[string]any{"visit": v.ID, "percent": 0, "due": v.Due, "overdue": false, "by": string(v.Kind)},
		}
		if ch.Case != nil {
			n.Alert, n.Severity = ch.Case.ID, ch.Case.Severity
		}
		if err := tx.AddNotice(n); err != nil {
			return err
		}
	}
	return nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func putVisit(tx Tx, v *Visit, ch Change) error {
	if err := tx.PutVisit(v); err != nil {
		return err
	}
	return tx.AddEvent(ch)
}

// step runs one action on a visit and on the alert it is for.
func (d *Desk) step(ctx context.Context, id string, a Action, by Actor, fn func(tx Tx, v *Visit, c *Case, ch *Change) error) (Visit, error) {
	var done Visit
	err := d.Book.Tx(ctx, func(tx Tx) error {
		v, err := tx.Visit(id)
		if err != nil {
			return err
		}
		ch := Change{Type: VisitChanged, At: d.now(), Visit: v, Actor: by, Data: map[string]any{"action": a}}
		var c *Case
		var from State
		if v.Alert != nil {
			if c, err = tx.Alert(*v.Alert); err != nil {
				return err
			}
			ch.Case, from = c, c.State
		}
		done = *v
		if err := fn(tx, v, c, &ch); err != nil {
			return err
		}
		if !v.State.Active() {
			v.RemindAt = time.Time{}
		}
		if c != nil {
			if c.Visit != nil && c.Visit.ID == v.ID {
				c.Visit = v
			}
			if c.State != from {
				ch.Data["from"], ch.Data["to"] = from, c.State
			}
			if a.showsWork() {
				c.countdown(ch.At, rulesOf(d.Book, d.Directory, c, ch.At).Rules)
			}
			if err := tx.PutAlert(c); err != nil {
				return err
			}
		}
		done = *v
		return putVisit(tx, v, ch)
	})
	if errors.Is(err, errSame) {
		return done, nil
	}
	return done, err
}

// move takes visit and alert to their next states.
func move(a Action, v *Visit, c *Case) (err error) {
	if v.State, err = v.State.Next(a); err != nil {
		return err
	}
	if c != nil {
		from := c.State
		if c.State, err = from.Next(a); err != nil {
			return refusal(err, c, from)
		}
	}
	return nil
}

// StartVisit says that somebody is on the way.
func (d *Desk) StartVisit(ctx context.Context, id string, by Actor) (Visit, error) {
	return d.step(ctx, id, ActStart, by, func(_ Tx, v *Visit, c *Case, ch *Change) error {
		if err := move(ActStart, v, c); err != nil {
			return err
		}
		v.Started = &ch.At
		if v.Assignee == nil {
			v.Assignee = &by.User
		}
		return nil
	})
}

// errSame ends a transaction in which there is nothing to do.
var errSame = errors.New("this is here already")

// ReportVisit takes what was found. The same uuid again answers with the visit
// as it is and changes nothing. A further report of a visit that has one is kept
// in the log: nobody's report is lost. Nothing is found later than it is told,
// so the time of a phone whose clock is ahead gives way to ours.
func (d *Desk) ReportVisit(ctx context.Context, id string, by Actor, r Report) (Visit, error) {
	var err error
	if r.UUID, err = checkUUID(r.UUID); err != nil {
		return Visit{}, err
	}
	if err := checkOneOf("outcome", r.Outcome, Outcomes()); err != nil {
		return Visit{}, err
	}
	if err := checkText("note", r.Note, false); err != nil {
		return Visit{}, err
	}
	if err := checkOneOf("condition", r.Condition, Conditions()); err != nil {
		return Visit{}, err
	}
	if err := checkCause(r.Cause, r.Outcome); err != nil {
		return Visit{}, err
	}
	return d.step(ctx, id, ActReport, by, func(tx Tx, v *Visit, c *Case, ch *Change) error {
		r := r // an attempt that fails leaves nothing in the next
		switch of, ok, err := tx.ReportOf(r.UUID); {
		case err != nil:
			return err
		case ok && of == v.ID:
			return errSame
		case ok:
			return &InputError{Field: "uuid", Value: r.UUID, Rule: "belongs to the report of another visit"}
		}
		r.By, r.Received = by.User, ch.At
		r.correct(v, c, by, ch)
		ch.Text, ch.Data["outcome"] = r.Note, r.Outcome
		if v.Report != nil {
			ch.Data["further"], ch.Data["at"] = true, r.At
			return tx.PutReport(v.ID, r.UUID)
		}
		rings := c != nil && c.State == Open
		if err := move(ActReport, v, c); err != nil {
			return err
		}
		v.Report = &r
		if v.Assignee == nil {
			v.Assignee = &by.User
		}
		if c != nil && c.State != Closed {
			if rings && c.older(&r) {
				c.State = Open // what was found is older than what rings now
			} else {
				c.acknowledge(by, ch.At)
			}
		}
		if r.Cause != "" {
			ch.Data["cause"] = r.Cause
		}
		how := v.how()
		if v.Resident == nil || !Reached(r.Outcome, how) {
			return nil
		}
		if c != nil && c.State == Closed {
			c.RaiseAt = time.Time{}
		}
		contact := Contact{Resident: v.Resident.ID, At: r.At, How: how, Actor: by.User}
		if c != nil {
			contact.Alert = c.ID
		}
		return tx.AddContact(contact)
	})
}

// CancelVisit calls a visit off. Its alert goes back to acknowledged when
// nobody else is under way.
func (d *Desk) CancelVisit(ctx context.Context, id string, by Actor, reason string) (Visit, error) {
	if err := checkText("reason", reason, false); err != nil {
		return Visit{}, err
	}
	return d.step(ctx, id, ActCancel, by, func(tx Tx, v *Visit, c *Case, ch *Change) error {
		var from State
		if c != nil {
			from = c.State
		}
		if err := move(ActCancel, v, c); err != nil {
			return err
		}
		ch.Text = reason
		if c == nil {
			return nil
		}
		visits, err := tx.VisitsOf(c.ID)
		if err != nil {
			return err
		}
		for _, other := range visits {
			if other.ID != v.ID && other.State.Active() {
				c.State = from
			}
		}
		return nil
	})
}

// sameSent refuses a visit of somebody who is already on the way: a second click
// sends nobody twice.
func sameSent(tx Tx, alert string, v *Visit, from State) error {
	visits, err := tx.VisitsOf(alert)
	if err != nil {
		return err
	}
	for _, other := range visits {
		if other.State == VisitPlanned && equal(other.Assignee, v.Assignee) && equal(other.Provider, v.Provider) {
			return &StateError{Action: string(ActDispatch), State: from, Reason: "visit " + other.ID + " waits for the same"}
		}
	}
	return nil
}

func equal(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }
