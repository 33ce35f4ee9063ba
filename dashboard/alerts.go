package dashboard

import (
	"context"
	"strings"

	"shouwang/alerting"
	"shouwang/devices"
)

type alertsIn struct {
	Page
	State    []string `query:"state" enum:"open,acknowledged,dispatched,visited,closed" doc:"Any of these, with commas between."`
	Severity []string `query:"severity" enum:"red,orange,yellow,blue" doc:"Any of these, with commas between."`
	Kind     []string `query:"kind" doc:"Any of these, with commas between."`
	Area     string   `query:"area" doc:"This area and what lies in it."`
	Resident string   `query:"resident"`
}

type alertsOut struct {
	Body struct {
		Items     []alerting.Alert `json:"items"`
		Next      *string          `json:"next" doc:"Cursor of the next page, null on the last."`
		AsOfEvent int64            `json:"as_of_event" doc:"The list holds every change up to this event; follow the live view after it."`
	}
}

// ByID is the part of a path that names one object. Embedded parts of an input
// are exported because huma looks at no others.
type ByID struct {
	ID string `path:"id" maxLength:"100"`
}

type logOut struct {
	Items []alerting.LogEntry `json:"items"`
}

func (d *Dashboard) serveAlerts() {
	add(d, "list-alerts", "Alerts, most urgent first", func(ctx context.Context, in *alertsIn) (*alertsOut, error) {
		p, err := d.opts.Alerts.Alerts(ctx, alerting.AlertFilter{
			Scope: caller(ctx).Scope, State: words[alerting.State](in.State), Severity: words[alerting.Severity](in.Severity),
			Kind: words[alerting.Kind](in.Kind), Area: devices.AreaPath(in.Area), Resident: in.Resident,
			Cursor: in.Cursor, Limit: in.Limit,
		})
		if err != nil {
			return nil, err
		}
		out := &alertsOut{}
		for i := range p.Items {
			p.Items[i] = d.showAlert(caller(ctx), p.Items[i], true)
		}
		l := newList(p.Items, p.Next)
		out.Body.Items, out.Body.Next, out.Body.AsOfEvent = l.Items, l.Next, p.AsOfEvent
		return out, nil
	})
	add(d, "get-alert", "One alert", func(ctx context.Context, in *ByID) (*body[alerting.Alert], error) {
		a, err := d.alert(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if err := d.hideOthers(ctx, &a); err != nil {
			return nil, err
		}
		return &body[alerting.Alert]{d.showAlert(caller(ctx), a, false)}, nil
	})
	add(d, "list-alert-residents", "The residents whom an outage hides, to be phoned one by one", d.atRisk)
	add(d, "get-alert-log", "Who did what to an alert, oldest first", func(ctx context.Context, in *ByID) (*body[logOut], error) {
		a, err := d.alert(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		entries, err := d.opts.Alerts.Log(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		if a.Kind == alerting.KindDataOutage {
			if err := d.hideCalls(ctx, entries); err != nil {
				return nil, err
			}
		}
		if !d.named(caller(ctx), a.ClosedAt, false) {
			for i := range entries {
				maskEntry(&entries[i], a.Resident)
			}
		}
		return &body[logOut]{logOut{Items: newList(entries, "").Items}}, nil
	})
}

// alert reads one that the caller may see.
func (d *Dashboard) alert(ctx context.Context, id string) (alerting.Alert, error) {
	return d.opts.Alerts.Alert(ctx, caller(ctx).Scope, id)
}

func words[T ~string](in []string) []T {
	var out []T
	for _, w := range in {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, T(w))
		}
	}
	return out
}
