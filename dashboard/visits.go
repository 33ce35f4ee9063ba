package dashboard

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/devices"
)

type visitsIn struct {
	Page
	Since     time.Time `query:"since" doc:"Leaves out visits that were reported before: with midnight, what is still to do and what was done today."`
	DueBefore time.Time `query:"due_before" doc:"Leaves out visits that are due then or later."`
	State     []string  `query:"state" enum:"planned,started,reported,canceled" doc:"Any of these, with commas between."`
	Alert     string    `query:"alert"`
	Resident  string    `query:"resident"`
	Assignee  string    `query:"assignee"`
	Area      string    `query:"area" doc:"This area and what lies in it."`
	Kind      []string  `query:"kind" enum:"home,phone" doc:"Any of these, with commas between."`
	Plan      []string  `query:"plan" enum:"routine,quota,callback,daily" doc:"Any of these, with commas between."`
	Overdue   bool      `query:"overdue" doc:"Only what should have been made by now."`
}

type newVisitIn struct {
	Body struct {
		UUID     string    `json:"uuid,omitempty" format:"uuid" doc:"Made by the client, and the visit's id. The same sent twice sends somebody once."`
		Alert    string    `json:"alert,omitempty" doc:"The alert the visit answers; or give a resident."`
		Resident string    `json:"resident,omitempty" doc:"For a planned visit without an alert."`
		Due      time.Time `json:"due,omitzero" doc:"By when; without it, as the alert's severity asks."`
		Kind     string    `json:"kind,omitempty" enum:"home,phone" doc:"At the door by default, by phone for a blue alert."`
		Assignee string    `json:"assignee,omitempty" doc:"User name; without one the visit goes to the provider that serves the village."`
	}
}

type reportIn struct {
	ByID
	Body struct {
		UUID    string    `json:"uuid" format:"uuid" doc:"Made on the phone. A report sent twice is taken once."`
		Outcome entered   `json:"outcome"`
		Note    string    `json:"note,omitempty" maxLength:"4000"`
		Cause   string    `json:"cause,omitempty" enum:"away,device,habit,test,other" doc:"Why it was a false alarm."`
		At      time.Time `json:"at,omitzero" doc:"When it was found; the time of receipt by default."`
		Sent    time.Time `json:"sent,omitzero" doc:"What the phone's clock says now, as it sends this: the difference to ours corrects at."`

		Condition string `json:"condition,omitempty" enum:",good,weak,ill,injured,confused,not_seen" doc:"How the resident was found."`
		FollowUp  bool   `json:"follow_up,omitempty" doc:"Somebody has to come back to it."`
	}
}

func (d *Dashboard) serveVisits() {
	add(d, "list-visits", "Visits, the next due first", func(ctx context.Context, in *visitsIn) (*listOut[alerting.Visit], error) {
		overdue := time.Time{}
		if in.Overdue {
			overdue = time.Now()
		}
		p, err := d.opts.Alerts.Visits(ctx, alerting.VisitFilter{
			Area: devices.AreaPath(in.Area), Kind: words[alerting.VisitKind](in.Kind), Plan: words[alerting.Plan](in.Plan), OverdueAt: overdue,
			Scope: caller(ctx).Scope, State: words[alerting.VisitState](in.State), Alert: in.Alert,
			Since: in.Since, DueBefore: in.DueBefore, Resident: in.Resident, Assignee: in.Assignee, Cursor: in.Cursor, Limit: in.Limit,
		})
		if err != nil {
			return nil, err
		}
		for i := range p.Items {
			p.Items[i] = d.showVisit(caller(ctx), p.Items[i], true)
		}
		return &listOut[alerting.Visit]{newList(p.Items, p.Next)}, nil
	})
	add(d, "get-visit", "One visit", func(ctx context.Context, in *ByID) (*body[alerting.Visit], error) {
		v, err := d.visit(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &body[alerting.Visit]{d.showVisit(caller(ctx), v, false)}, nil
	})
	add(d, "create-visit", "Send somebody", d.createVisit, status(http.StatusCreated))
	visitAct(d, "start-visit", "On the way", func(ctx context.Context, in *ByID) (alerting.Visit, error) {
		return d.opts.Desk.StartVisit(ctx, in.ID, actor(ctx))
	})
	add(d, "report-visit", "What was found; may come without a start, and twice", func(ctx context.Context, in *reportIn) (*body[alerting.Visit], error) {
		return d.reportVisit(ctx, in.ID, alerting.Report{
			UUID: in.Body.UUID, Outcome: alerting.Outcome(in.Body.Outcome), Note: in.Body.Note, At: in.Body.At, Sent: in.Body.Sent,
			Cause:      alerting.Cause(in.Body.Cause),
			ReportMore: alerting.ReportMore{Condition: alerting.Condition(in.Body.Condition), FollowUp: in.Body.FollowUp},
		})
	})
	visitAct(d, "cancel-visit", "Call it off", func(ctx context.Context, in *reasonIn) (alerting.Visit, error) {
		return d.opts.Desk.CancelVisit(ctx, in.ID, actor(ctx), in.reason())
	})
}

func (d *Dashboard) createVisit(ctx context.Context, in *newVisitIn) (*body[alerting.Visit], error) {
	var area devices.AreaPath
	v := alerting.NewVisit{ID: in.Body.UUID, Alert: in.Body.Alert, Resident: in.Body.Resident, Due: in.Body.Due, Assignee: in.Body.Assignee, Kind: alerting.VisitKind(in.Body.Kind)}
	if (v.Alert == "") == (v.Resident == "") {
		return nil, invalid("alert", v.Alert, "either alert or resident must be given, not both")
	}
	if v.Alert != "" {
		a, err := d.alert(ctx, v.Alert)
		if err != nil {
			return nil, err
		}
		if v.Assignee != "" {
			if err := d.checkAssignee(ctx, v.Assignee, a.Area); err != nil {
				return nil, err
			}
		}
		area = a.Area
	} else {
		r, err := d.resident(ctx, v.Resident)
		if err != nil {
			return nil, err
		}
		if v.Assignee != "" {
			if err := d.checkAssignee(ctx, v.Assignee, r.Area); err != nil {
				return nil, err
			}
		}
		area = r.Area
	}
	if v.ID == "" { // the audit log names it
		v.ID = uuid.Must(uuid.NewV7()).String()
	}
	made, err := d.opts.Desk.CreateVisit(d.audited(ctx, "create-visit", v.ID, area, v.Alert), actor(ctx), v)
	if err != nil {
		return nil, err
	}
	return &body[alerting.Visit]{d.showVisit(caller(ctx), made, false)}, nil
}

// visit reads one that the caller may see.
func (d *Dashboard) visit(ctx context.Context, id string) (alerting.Visit, error) {
	return d.opts.Alerts.Visit(ctx, caller(ctx).Scope, id)
}

func visitAct[I any, P interface {
	*I
	id() string
}](d *Dashboard, operation, summary string, do func(context.Context, *I) (alerting.Visit, error)) {
	add(d, operation, summary, func(ctx context.Context, in *I) (*body[alerting.Visit], error) {
		v, err := d.visit(ctx, P(in).id())
		if err != nil {
			return nil, err
		}
		if v, err = do(d.audited(ctx, operation, v.ID, v.Area, ""), in); err != nil {
			return nil, err
		}
		return &body[alerting.Visit]{d.showVisit(caller(ctx), v, false)}, nil
	})
}
