package alerting

import (
	"context"
	"fmt"
	"strings"
	"time"

	"shouwang/devices"
)

// The directions of a phone call.
const (
	CallOut = "out" // from the desk
	CallIn  = "in"  // to the desk
)

// Call is one phone call about an alert.
type Call struct {
	Direction string // CallOut, CallIn; "" is CallOut
	Whom      string // resident, a contact's name, 120, 110
	// Number is that of somebody who is not among the resident's contacts; only its
	// masked form is kept. Of the others it is known.
	Number  string
	Started time.Time // zero: now
	Seconds int       // 0: not known
	Result  string    // answered, no_answer, busy, wrong_number
	Note    string
	// NextCall is when the next call is promised, zero for no promise.
	NextCall time.Time
	// Resident is who was called about an outage, which stands for many; "" for
	// any other alert.
	Resident string
}

// CallRecord is a call as the log keeps it.
type CallRecord struct {
	ID        string           `json:"id"`
	Alert     string           `json:"alert"`
	Resident  *ResidentRef     `json:"resident" doc:"Whom it was about."`
	Area      devices.AreaPath `json:"area"`
	Direction string           `json:"direction" enum:"in,out"`
	Whom      string           `json:"whom" doc:"resident, a contact's name, 120 or 110."`
	Number    string           `json:"number" doc:"With its middle hidden; empty when not known."`
	Started   time.Time        `json:"started_at"`
	Seconds   int              `json:"seconds" doc:"How long it lasted; 0 when not known."`
	Result    string           `json:"result" enum:"answered,no_answer,busy,wrong_number"`
	By        string           `json:"by" doc:"User name of who called or took the call."`
	NextCall  *time.Time       `json:"next_call" doc:"When the next call was promised."`
	KeptAt    *time.Time       `json:"kept_at" doc:"When a later call kept the promise."`
}

// Callback is a promised call that was not made yet.
type Callback struct {
	CallRecord
	Due      time.Time `json:"due"`
	Kind     Kind      `json:"kind"`
	Severity Severity  `json:"severity"`
	State    State     `json:"state"`
	Assignee *string   `json:"assignee"`
}

// CallFilter selects calls; zero fields select everything in the scope.
type CallFilter struct {
	Scope devices.Scope
	Alert string
	Limit int
}

const (
	// oldestCall is how long after it was made a call can be entered, and
	// furthestPromise how far ahead the next one.
	oldestCall      = 24 * time.Hour
	furthestPromise = 7 * 24 * time.Hour
	longestCall     = 12 * 60 * 60 // seconds
	clockSlack      = time.Minute  // between two clocks
)

// check validates what was entered as of now, and fills in what is usual.
func (c *Call) check(now time.Time) error {
	if c.Direction == "" {
		c.Direction = CallOut
	}
	if err := checkOneOf("direction", c.Direction, []string{CallOut, CallIn}); err != nil {
		return err
	}
	if err := checkText("whom", c.Whom, true); err != nil {
		return err
	}
	if err := checkOneOf("result", c.Result, []string{"answered", "no_answer", "busy", "wrong_number"}); err != nil {
		return err
	}
	if err := checkText("note", c.Note, false); err != nil {
		return err
	}
	if c.Seconds < 0 || c.Seconds > longestCall {
		return &InputError{Field: "seconds", Value: fmt.Sprint(c.Seconds), Rule: "must be between 0 and 43200"}
	}
	c.Started = c.Started.UTC().Truncate(time.Microsecond)
	switch {
	case c.Started.IsZero():
		c.Started = now.Add(-time.Duration(c.Seconds) * time.Second)
	case c.Started.After(now.Add(clockSlack)):
		return &InputError{Field: "started", Value: c.Started.Format(time.RFC3339), Rule: "must not lie ahead"}
	case c.Started.Before(now.Add(-oldestCall)):
		return &InputError{Field: "started", Value: c.Started.Format(time.RFC3339), Rule: "must be within the last 24 h"}
	case c.Started.After(now):
		c.Started = now
	}
	if c.NextCall.IsZero() {
		return nil
	}
	c.NextCall = c.NextCall.UTC().Truncate(time.Microsecond)
	if !c.NextCall.After(now) || c.NextCall.After(now.Add(furthestPromise)) {
		return &InputError{Field: "next_call", Value: c.NextCall.Format(time.RFC3339), Rule: "must be in the next 7 days"}
	}
	return nil
}

// endedAt is when the call was over: then the resident lived.
func (c *Call) endedAt(now time.Time) time.Time {
	if ended := c.Started.Add(time.Duration(c.Seconds) * time.Second); ended.Before(now) {
		return ended
	}
	return now
}

// numberOf is the masked number of who was called: the one that was entered, or that
// of the resident's contacts where it is there.
func numberOf(c *Call, r *devices.Resident) string {
	if c.Number != "" { // of another telephone than the known one
		return devices.MaskPhone(c.Number)
	}
	if r != nil {
		if c.Whom == "resident" {
			return devices.MaskPhone(r.Phone)
		}
		for _, p := range r.Contacts {
			if p.Name == c.Whom {
				return devices.MaskPhone(p.Phone)
			}
		}
	}
	if isService(c.Whom) {
		return strings.TrimSpace(c.Whom)
	}
	return ""
}

// isService says whether somebody's name is the short number of a service: 120,
// 110, 12345. It is no secret.
func isService(whom string) bool {
	whom = strings.TrimSpace(whom)
	return whom != "" && len(whom) <= 5 && strings.Trim(whom, "0123456789") == ""
}

// record keeps the call, and what it promises on the case: a call about somebody
// keeps the promises that were made about them before.
func (d *Desk) record(ctx context.Context, tx Tx, c *Case, call *Call, resident string, ch *Change, by Actor) error {
	rec := CallRecord{
		ID: newID(), Alert: c.ID, Area: c.Area, Direction: call.Direction, Whom: call.Whom,
		Started: call.Started, Seconds: call.Seconds, Result: call.Result, By: by.User,
	}
	if resident != "" {
		rec.Resident = &ResidentRef{ID: resident}
		rec.Number = numberOf(call, d.person(ctx, resident, ch.At))
	} else {
		rec.Number = numberOf(call, nil)
	}
	ch.Data["direction"], ch.Data["started"] = call.Direction, call.Started
	if rec.Number != "" {
		ch.Data["number"] = rec.Number
	}
	if call.Seconds > 0 {
		ch.Data["seconds"] = call.Seconds
	}
	if !call.NextCall.IsZero() {
		rec.NextCall = &call.NextCall
		ch.Data["next_call"] = call.NextCall
	}
	if err := tx.AddCall(rec, ch.At); err != nil {
		return err
	}
	next, err := tx.NextCall(c.ID)
	c.NextCall = next
	return err
}

// person is a resident with telephone and contacts, nil when that is not known: a
// call is recorded all the same.
func (d *Desk) person(ctx context.Context, id string, at time.Time) *devices.Resident {
	if d.Person == nil {
		r, _ := d.Directory.Resident(id, at)
		return r
	}
	r, err := d.Person(ctx, id)
	if err != nil {
		return nil
	}
	return &r
}

// inherit takes over the promises of a case that ends in this one.
func (c *Case) inherit(o *Case) bool {
	if o.NextCall == nil || c.NextCall != nil && !o.NextCall.Before(*c.NextCall) {
		return false
	}
	next := *o.NextCall
	c.NextCall = &next
	return true
}
