package dashboard

import (
	"context"
	"strings"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
)

type callsOut struct {
	Items []alerting.CallRecord `json:"items"`
}

type callbacksIn struct {
	Due time.Time `query:"due" doc:"Only what is promised until then; everything that is promised by default."`
}

type callbacksOut struct {
	Items []alerting.Callback `json:"items" doc:"The most overdue first."`
}

func (d *Dashboard) serveCalls() {
	add(d, "list-alert-calls", "Phone calls about an alert, both ways, oldest first", func(ctx context.Context, in *ByID) (*body[callsOut], error) {
		a, err := d.alert(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		all, err := d.opts.Alerts.Calls(ctx, alerting.CallFilter{Scope: caller(ctx).Scope, Alert: in.ID})
		if err != nil {
			return nil, err
		}
		out := callsOut{Items: []alerting.CallRecord{}}
		seen := d.sight(ctx)
		for _, c := range all {
			if ok, err := nameOf(seen, c.Resident); err != nil {
				return nil, err
			} else if ok {
				out.Items = append(out.Items, showCall(c, d.named(caller(ctx), a.ClosedAt, false)))
			}
		}
		return &body[callsOut]{out}, nil
	})
	add(d, "list-callbacks", "Promised calls that were not made yet, the most overdue first", func(ctx context.Context, in *callbacksIn) (*body[callbacksOut], error) {
		until := in.Due
		if until.IsZero() {
			until = time.Now().AddDate(1, 0, 0)
		}
		all, err := d.opts.Alerts.Callbacks(ctx, caller(ctx).Scope, until)
		if err != nil {
			return nil, err
		}
		out := callbacksOut{Items: []alerting.Callback{}}
		seen := d.sight(ctx)
		for _, c := range all {
			if ok, err := nameOf(seen, c.Resident); err != nil {
				return nil, err
			} else if ok {
				c.CallRecord = showCall(c.CallRecord, d.named(caller(ctx), nil, true))
				out.Items = append(out.Items, c)
			}
		}
		return &body[callbacksOut]{out}, nil
	})
}

// showCall is the call as it is shown to somebody who may see whom it was about by
// name, or may not.
func showCall(c alerting.CallRecord, named bool) alerting.CallRecord {
	if !named {
		c.Resident, c.Whom = maskRef(c.Resident), maskWhom(c.Whom)
	}
	return c
}

// maskWhom masks the name of who was called; the words for the resident and the
// numbers of services are none.
func maskWhom(whom string) string {
	if whom == "resident" || strings.Trim(whom, "0123456789") == "" {
		return whom
	}
	return access.MaskName(whom)
}

// nameOf fills in the name of somebody whom the caller may see, and says whether
// that is so. Nobody in particular can be seen by all.
func nameOf(seen sighted, r *alerting.ResidentRef) (bool, error) {
	if r == nil {
		return true, nil
	}
	now, ok, err := seen(r.ID)
	if ok {
		r.Name = now.Name
	}
	return ok, err
}
