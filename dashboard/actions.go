package dashboard

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

type assignIn struct {
	ByID
	Body struct {
		Assignee string `json:"assignee" doc:"User name; must be able to see the alert."`
	}
}

type noteIn struct {
	ByID
	Body struct {
		Note string `json:"note" minLength:"1" maxLength:"4000"`
	}
}

type callIn struct {
	ByID
	Body struct {
		Direction string    `json:"direction,omitempty" enum:"out,in" doc:"out from the desk (default), in to the desk."`
		Whom      string    `json:"whom" maxLength:"100" doc:"resident, a contact's name, 120 or 110."`
		Number    string    `json:"number,omitempty" maxLength:"40" doc:"Of somebody who is not among the contacts; only its masked form is kept."`
		Started   time.Time `json:"started,omitzero" doc:"When the call began; by default so long ago as it lasted."`
		Seconds   int       `json:"seconds,omitempty" minimum:"0" maximum:"43200" doc:"How long it lasted, where known."`
		Result    string    `json:"result" enum:"answered,no_answer,busy,wrong_number"`
		Note      string    `json:"note,omitempty" maxLength:"4000"`
		NextCall  time.Time `json:"next_call,omitzero" doc:"When the next call is promised, within 7 days. The promise is kept by the next call about the same resident."`
		Resident  string    `json:"resident,omitempty" doc:"Id of who was called about an outage: one of its residents, ticked off by it."`
	}
}

type lowerIn struct {
	ByID
	Body struct {
		Severity string `json:"severity" enum:"orange,yellow,blue" doc:"Lower than the alert's own."`
		Reason   string `json:"reason" minLength:"1" maxLength:"4000"`
	}
}

type reasonIn struct {
	ByID
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"4000"`
		Note   string `json:"note,omitempty" maxLength:"4000" doc:"Taken as the reason when there is none."`
	}
}

func (in *reasonIn) reason() string {
	if in.Body == nil {
		return ""
	}
	return cmp.Or(in.Body.Reason, in.Body.Note)
}

type mergeIn struct {
	ByID
	Body struct {
		Into string `json:"into" doc:"The alert that stays."`
	}
}

type closeIn struct {
	ByID
	Body struct {
		Outcome    entered `json:"outcome"`
		VerifiedBy string  `json:"verified_by,omitempty" maxLength:"100" doc:"Who reached the person; may be missing when the alert has a visit report."`
		How        string  `json:"how,omitempty" enum:"phone,family,door,device" doc:"How it was verified; a device is no contact. May be missing when the alert has a visit report."`
		Cause      string  `json:"cause,omitempty" enum:"away,device,habit,test,other" doc:"Why it was a false alarm; away, device and test keep the time out of what is learnt."`
		Note       string  `json:"note,omitempty" maxLength:"4000"`
	}
}

// entered is an outcome that a person may enter.
type entered alerting.Outcome

// Schema tells huma which they are.
func (entered) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString, Enum: values(alerting.Outcomes()...)}
	s.PrecomputeMessages()
	return s
}

func (d *Dashboard) serveActions() {
	act(d, "ack-alert", "Acknowledge", func(ctx context.Context, in *ByID) (alerting.Alert, error) {
		return d.opts.Desk.Ack(ctx, in.ID, actor(ctx))
	}, nil)
	act(d, "assign-alert", "Give to somebody", func(ctx context.Context, in *assignIn) (alerting.Alert, error) {
		a, err := d.alert(ctx, in.ID)
		if err != nil {
			return a, err
		}
		if err := d.checkAssignee(ctx, in.Body.Assignee, a.Area); err != nil {
			return a, err
		}
		return d.opts.Desk.Assign(ctx, in.ID, actor(ctx), in.Body.Assignee)
	}, func(in *assignIn) string { return in.Body.Assignee })
	act(d, "note-alert", "Write a note", func(ctx context.Context, in *noteIn) (alerting.Alert, error) {
		return d.opts.Desk.Note(ctx, in.ID, actor(ctx), in.Body.Note)
	}, nil)
	act(d, "call-alert", "Record a phone call", func(ctx context.Context, in *callIn) (alerting.Alert, error) {
		return d.opts.Desk.Call(ctx, in.ID, actor(ctx), alerting.Call{
			Direction: in.Body.Direction, Whom: in.Body.Whom, Number: in.Body.Number, Started: in.Body.Started, Seconds: in.Body.Seconds,
			Result: in.Body.Result, Note: in.Body.Note, NextCall: in.Body.NextCall, Resident: in.Body.Resident,
		})
	}, func(in *callIn) string { return in.Body.Result })
	act(d, "lower-alert", "Set a lower severity, with a reason; the alert must have been acknowledged", func(ctx context.Context, in *lowerIn) (alerting.Alert, error) {
		return d.opts.Desk.Lower(ctx, in.ID, actor(ctx), alerting.Severity(in.Body.Severity), in.Body.Reason)
	}, func(in *lowerIn) string { return in.Body.Severity })
	act(d, "escalate-alert", "Hand up the area tree now", func(ctx context.Context, in *reasonIn) (alerting.Alert, error) {
		return d.opts.Desk.Escalate(ctx, in.ID, actor(ctx), in.reason())
	}, nil)
	act(d, "merge-alert", "Close as a duplicate of another", func(ctx context.Context, in *mergeIn) (alerting.Alert, error) {
		if _, err := d.alert(ctx, in.Body.Into); err != nil {
			return alerting.Alert{}, orInvalid(err, "into", in.Body.Into, "must be an alert")
		}
		return d.opts.Desk.Merge(ctx, in.ID, actor(ctx), in.Body.Into)
	}, func(in *mergeIn) string { return in.Body.Into })
	act(d, "reopen-alert", "Open again", func(ctx context.Context, in *reasonIn) (alerting.Alert, error) {
		return d.opts.Desk.Reopen(ctx, in.ID, actor(ctx), in.reason())
	}, nil)
	act(d, "close-alert", "Close with an outcome", func(ctx context.Context, in *closeIn) (alerting.Alert, error) {
		return d.opts.Desk.Close(ctx, in.ID, actor(ctx), alerting.Closing{
			Outcome: alerting.Outcome(in.Body.Outcome), VerifiedBy: in.Body.VerifiedBy, How: in.Body.How, Note: in.Body.Note,
			Cause: alerting.Cause(in.Body.Cause),
		})
	}, func(in *closeIn) string { return string(in.Body.Outcome) })
}

func (in *ByID) id() string { return in.ID }

// act serves one action on an alert: only on one the caller may see, answered
// with the alert as it is then, and audited. detail says what the audit keeps
// beside the alert's id; never free text, which may name people.
func act[I any, P interface {
	*I
	id() string
}](d *Dashboard, operation, summary string, do func(context.Context, *I) (alerting.Alert, error), detail func(*I) string) {
	add(d, operation, summary, func(ctx context.Context, in *I) (*body[alerting.Alert], error) {
		a, err := d.alert(ctx, P(in).id())
		if err != nil {
			return nil, err
		}
		text := ""
		if detail != nil {
			text = detail(in)
		}
		if a, err = do(d.audited(ctx, operation, a.ID, a.Area, text), in); err != nil {
			return nil, err
		}
		return &body[alerting.Alert]{d.showAlert(caller(ctx), a, false)}, nil
	})
}

// checkAssignee refuses to give work to somebody who could not see it.
func (d *Dashboard) checkAssignee(ctx context.Context, username string, area devices.AreaPath) error {
	account, err := d.opts.Access.Account(ctx, username)
	if errors.Is(err, access.ErrNotFound) {
		return invalid("assignee", username, "must be a user")
	}
	if err != nil {
		return err
	}
	c := access.Caller{Scope: devices.Scope{Areas: account.Areas, Provider: account.Provider, Vendor: account.Vendor}}
	switch {
	case account.Disabled:
		return invalid("assignee", username, "this account is disabled")
	case account.Role == access.Vendor || account.Role == access.Auditor:
		return invalid("assignee", username, "the role "+string(account.Role)+" does not work on alerts")
	case !c.Sees(area, d.servedBy):
		return invalid("assignee", username, "must be a user who sees this area")
	}
	return nil
}

func (d *Dashboard) servedBy(area devices.AreaPath) string {
	return d.opts.Registry.Provider(area, time.Now())
}
