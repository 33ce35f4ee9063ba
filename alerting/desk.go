package alerting

import (
	"context"
	"fmt"
	"slices"
	"time"

	"shouwang/devices"
)

// reopenWithin is how long after closing an alert may be reopened; later a new
// one tells the truth better.
const reopenWithin = 24 * time.Hour

// DeskOptions are what a desk needs.
type DeskOptions struct {
	Book      Book
	Directory Directory
	Now       func() time.Time // nil is time.Now
	// Person is a resident with telephone and contacts; nil asks the directory, which
	// may not have them.
	Person func(ctx context.Context, id string) (devices.Resident, error)
	// Visitors are who goes to doors in an area for the provider, "" for none; they
	// are told of a visit that nobody has yet. May be nil.
	Visitors func(ctx context.Context, provider string, area devices.AreaPath) ([]string, error)
}

// Desk is what people do to alerts and visits. It checks input and state; who
// may do it to which alert is decided before. Each action is one transaction,
// so of two people at once one is first and the other is told so.
type Desk struct{ DeskOptions }

// NewDesk makes a desk.
func NewDesk(o DeskOptions) *Desk {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Desk{o}
}

func (d *Desk) now() time.Time { return d.Now().UTC().Truncate(time.Microsecond) }

// act runs one action on one alert: fn changes the case, whose state is already
// the next one, and fills in what the log is to say.
func (d *Desk) act(ctx context.Context, id string, a Action, by Actor, fn func(tx Tx, c *Case, from State, ch *Change) error) (Alert, error) {
	var done Alert
	err := d.Book.Tx(ctx, func(tx Tx) error {
		c, err := tx.Alert(id)
		if err != nil {
			return err
		}
		from := c.State
		if c.State, err = from.Next(a); err != nil {
			return refusal(err, c, from)
		}
		if a == ActReopen && from == Closed {
			d.relist(c)
		}
		if err := c.thawed(a, from); err != nil {
			return err
		}
		ch := Change{Type: AlertUpdated, At: d.now(), Case: c, Actor: by, Data: map[string]any{}}
		if err := fn(tx, c, from, &ch); err != nil {
			return err
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
		err = addChange(tx, ch, d.terms(ch.At), NoticeOpened)
		if err == nil && a == ActEscalate { // whoever is asked by hand may be out of reach as well
			_, err = skip(tx, c, ch.At, termsOf(d.Book, d.Directory, c, ch.At))
		}
		done = c.Alert
		return err
	})
	return done, err
}

func (d *Desk) terms(now time.Time) func(*Case) *terms {
	return func(c *Case) *terms { return termsOf(d.Book, d.Directory, c, now) }
}

// refusal adds to a *StateError who was first, and why.
func refusal(err error, c *Case, from State) error {
	e, ok := err.(*StateError) //nolint:errorlint // straight from Next, never wrapped
	if !ok {
		return err
	}
	switch {
	case from == Acknowledged || from == Dispatched || from == Visited:
		e.By = c.AckedBy
	case from == Closed && c.MergedInto != "":
		e.Reason = "merged into " + c.MergedInto
	case from == Closed && c.Outcome != nil:
		e.Reason = "outcome " + string(*c.Outcome)
	}
	return e
}

// Ack says that the actor has seen the alert and works on it.
func (d *Desk) Ack(ctx context.Context, id string, by Actor) (Alert, error) {
	return d.act(ctx, id, ActAck, by, func(_ Tx, c *Case, _ State, ch *Change) error {
		ch.Type = AlertAcked
		c.acknowledge(by, ch.At)
		return nil
	})
}

// Assign gives the alert to somebody. It does not acknowledge it: that is for
// the one it was given to.
func (d *Desk) Assign(ctx context.Context, id string, by Actor, assignee string) (Alert, error) {
	if err := checkText("assignee", assignee, true); err != nil {
		return Alert{}, err
	}
	return d.act(ctx, id, ActAssign, by, func(_ Tx, c *Case, _ State, ch *Change) error {
		c.Assignee = &assignee
		ch.Data["action"], ch.Data["assignee"] = ActAssign, assignee
		return nil
	})
}

// Note adds a line to the alert's log, even after it was closed.
func (d *Desk) Note(ctx context.Context, id string, by Actor, text string) (Alert, error) {
	if err := checkText("text", text, true); err != nil {
		return Alert{}, err
	}
	return d.act(ctx, id, ActNote, by, func(_ Tx, _ *Case, _ State, ch *Change) error {
		ch.Text, ch.Data["action"] = text, ActNote
		return nil
	})
}

// Call records a phone call, from the desk or to it. One in which the resident was
// spoken to is a contact. About an outage it names the resident, who is then ticked
// off the round of calls.
func (d *Desk) Call(ctx context.Context, id string, by Actor, call Call) (Alert, error) {
	if err := call.check(d.now()); err != nil {
		return Alert{}, err
	}
	return d.act(ctx, id, ActCall, by, func(tx Tx, c *Case, _ State, ch *Change) error {
		ch.Text = call.Note
		ch.Data["action"], ch.Data["whom"], ch.Data["result"] = ActCall, call.Whom, call.Result
		who, err := called(tx, c, &call, ch, by)
		if err != nil {
			return err
		}
		if err := d.record(ctx, tx, c, &call, who, ch, by); err != nil {
			return err
		}
		if call.Whom != "resident" || call.Result != "answered" || who == "" {
			return nil
		}
		ch.Data["contact"] = true
		return tx.AddContact(Contact{
			Resident: who, At: call.endedAt(ch.At), Alert: c.ID, How: ByPhone, Actor: by.User,
		})
	})
}

// Lower sets a lower severity, with a reason. It is for people alone: the engine
// only raises. The alert must have been acknowledged, so that nothing that rings is
// made silent unseen; what its episode has shown so far does not raise it again, a
// new episode or a worse finding does.
func (d *Desk) Lower(ctx context.Context, id string, by Actor, to Severity, reason string) (Alert, error) {
	if err := checkOneOf("severity", to, []Severity{Orange, Yellow, Blue}); err != nil {
		return Alert{}, err
	}
	if err := checkText("reason", reason, true); err != nil {
		return Alert{}, err
	}
	return d.act(ctx, id, ActLower, by, func(_ Tx, c *Case, _ State, ch *Change) error {
		if !c.Severity.Above(to) {
			return &StateError{Action: string(ActLower), State: c.State, Reason: "its severity is " + string(c.Severity)}
		}
		ch.Text, ch.Data["action"] = reason, ActLower
		ch.Data["severity_from"], ch.Data["severity_to"] = c.Severity, to
		c.Severity = to
		return nil
	})
}

// Escalate asks the next area up for help, whatever the clock says.
func (d *Desk) Escalate(ctx context.Context, id string, by Actor, reason string) (Alert, error) {
	if err := checkText("reason", reason, false); err != nil {
		return Alert{}, err
	}
	return d.act(ctx, id, ActEscalate, by, func(tx Tx, c *Case, _ State, ch *Change) error {
		ch.Type, ch.Text = AlertEscalated, reason
		t := termsOf(d.Book, d.Directory, c, ch.At)
		c.Escalation++
		c.scheduleStep(ch.At, t)
		c.tellStep(t, ch.Data)
		return tell(tx, c, c.Escalation, t.step(c.Escalation).People, ch.At, NoticeEscalated)
	})
}

// Merge closes the alert as a duplicate of another, which rises to the higher
// severity of both. What its episodes still do shows on the other one.
func (d *Desk) Merge(ctx context.Context, id string, by Actor, into string) (Alert, error) {
	if into == id {
		return Alert{}, &InputError{Field: "into", Value: into, Rule: "must be another alert"}
	}
	return d.act(ctx, id, ActMerge, by, func(tx Tx, c *Case, from State, ch *Change) error {
		target, err := tx.Alert(into)
		if err != nil {
			return fmt.Errorf("into: %w", err)
		}
		if err := mergeable(c, target); err != nil {
			return err
		}
		visits, err := tx.VisitsOf(id)
		if err != nil {
			return err
		}
		if underWay(visits) {
			return &StateError{Action: string(ActMerge), State: from, Reason: "a visit is under way for it"}
		}
		on := Change{
			Type: AlertUpdated, At: ch.At, Case: target, Actor: by,
			Data: map[string]any{"action": ActMerge, "merged": id},
		}
		promised := target.inherit(c)
		if target.absorb(c, ch.At, rulesOf(d.Book, d.Directory, target, ch.At), on.Data) || promised {
			if err := tx.PutAlert(target); err != nil {
				return err
			}
		}
		c.acknowledge(by, ch.At)
		c.end(Duplicate, ch.At)
		c.MergedInto = into
		ch.Type, ch.Data["outcome"], ch.Data["into"] = AlertClosed, Duplicate, into
		if err := tx.MoveEpisodes(id, into); err != nil {
			return err
		}
		if err := grow(tx, target, c); err != nil {
			return err
		}
		return addChange(tx, on, d.terms(ch.At), NoticeOpened)
	})
}

// mergeable says why the alert cannot be merged into the target.
func mergeable(c, target *Case) error {
	into := func(rule string) error { return &InputError{Field: "into", Value: target.ID, Rule: rule} }
	if target.State == Closed {
		return &StateError{Action: string(ActMerge), State: Closed, Reason: "the alert to merge into is closed"}
	}
	if info, _ := c.Kind.Info(); info.Urgent && target.Kind != c.Kind {
		return into("must be of the same kind: an SOS or a fall stands by itself")
	}
	sameResident := c.Resident != nil && target.Resident != nil && c.Resident.ID == target.Resident.ID
	outage := target.Kind == KindDataOutage && target.Area.Contains(c.Area)
	if !sameResident && !outage && c.Subject != target.Subject {
		return into("must be of the same resident or device, or an outage of the area")
	}
	return nil
}

// Reopen brings an acknowledged alert, or one closed within the last day, back
// to open; it rings again.
func (d *Desk) Reopen(ctx context.Context, id string, by Actor, reason string) (Alert, error) {
	if err := checkText("reason", reason, false); err != nil {
		return Alert{}, err
	}
	return d.act(ctx, id, ActReopen, by, func(tx Tx, c *Case, from State, ch *Change) error {
		ch.Text, ch.Data["action"] = reason, ActReopen
		if from == Closed {
			switch {
			case c.MergedInto != "":
				return &StateError{Action: string(ActReopen), State: Closed, Reason: "merged into " + c.MergedInto}
			case ch.At.Sub(*c.ClosedAt) > reopenWithin:
				return &StateError{Action: string(ActReopen), State: Closed, Reason: "for more than 24 h"}
			}
			other, ok, err := tx.OpenAlert(c.Subject, c.Kind)
			if err != nil {
				return err
			}
			if ok {
				return &StateError{Action: string(ActReopen), State: Closed, Reason: "alert " + other.ID + " is open for the same"}
			}
			c.ClosedAt, c.Outcome, c.RaiseAt = nil, nil, time.Time{}
			if c.NextCall, err = tx.NextCall(c.ID); err != nil {
				return err
			}
		}
		c.State = from // ring brings it to open
		c.ring(ch.At, rulesOf(d.Book, d.Directory, c, ch.At))
		return nil
	})
}

// Close ends the alert with an outcome. Verified contact restarts the
// resident's inactivity clocks; without it, what lasts comes back after a time.
func (d *Desk) Close(ctx context.Context, id string, by Actor, in Closing) (Alert, error) {
	return d.act(ctx, id, ActClose, by, func(tx Tx, c *Case, _ State, ch *Change) error {
		visits, err := tx.VisitsOf(id)
		if err != nil {
			return err
		}
		report := newestReport(visits)
		if report != nil && c.older(report) {
			report = nil // it tells of what was before this rang
		}
		in := in // an attempt that fails leaves nothing in the next
		byReport := report != nil && in.How == "" && in.VerifiedBy == ""
		if err := in.check(report); err != nil {
			return err
		}
		c.acknowledge(by, ch.At)
		c.end(in.Outcome, ch.At)
		ch.Type, ch.Text = AlertClosed, in.Note
		ch.Data["outcome"], ch.Data["verified_by"], ch.Data["how"] = in.Outcome, in.VerifiedBy, in.How

		// What a report says has counted since it came in.
		reached := report != nil && Reached(report.Outcome, AtDoor)
		if Reached(in.Outcome, in.How) && !byReport {
			reached = true
			if c.Resident != nil {
				err := tx.AddContact(Contact{
					Resident: c.Resident.ID, At: ch.At, Alert: id, How: in.How, Actor: by.User,
				})
				if err != nil {
					return err
				}
			}
		}
		info, _ := c.Kind.Info()
		again := rulesOf(d.Book, d.Directory, c, ch.At).RaiseAgain
		c.RaiseAt = time.Time{}
		if info.RaiseAgain && again > 0 && !reached && !info.settles(in.Outcome) && c.RecoveredAt == nil {
			c.RaiseAt = ch.At.Add(again)
		}
		ch.Data["contact"] = reached
		if in.Cause != "" {
			ch.Data["cause"] = in.Cause
		}
		if err := tx.AddLabel(c.label(in.Outcome, in.Cause, ch.At)); err != nil {
			return err
		}
		return d.callOff(tx, c, visits, by, ch.At)
	})
}

// callOff cancels the visits that were still to come for a closed alert. Their
// report is taken all the same, should one come.
func (d *Desk) callOff(tx Tx, c *Case, visits []*Visit, by Actor, now time.Time) error {
	for _, v := range visits {
		if !v.State.Active() {
			continue
		}
		v.State = VisitCanceled
		if err := tx.PutVisit(v); err != nil {
			return err
		}
		if c.Visit != nil && c.Visit.ID == v.ID {
			c.Visit = v
		}
		err := tx.AddEvent(Change{
			Type: VisitChanged, At: now, Case: c, Visit: v, Actor: by,
			Data: map[string]any{"action": ActCancel, "reason": "alert closed"},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// underWay says whether somebody is still to go.
func underWay(visits []*Visit) bool {
	return slices.ContainsFunc(visits, func(v *Visit) bool { return v.State.Active() })
}

// newestReport is the report of the visit that was last found, nil without one.
func newestReport(visits []*Visit) *Report {
	var newest *Report
	for _, v := range visits {
		if v.Report != nil && (newest == nil || v.Report.At.After(newest.At)) {
			newest = v.Report
		}
	}
	return newest
}
