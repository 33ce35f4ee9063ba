package dashboard

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

type atRiskBody struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	Phone    string       `json:"phone"`
	Tier     devices.Tier `json:"tier"`
	Back     bool         `json:"back" doc:"Their devices speak again."`
	CalledAt *time.Time   `json:"called_at" doc:"null: nobody has phoned yet."`
	Result   string       `json:"result" doc:"Of the last call."`
}

type atRiskOut struct {
	Items []atRiskBody `json:"items" doc:"Those not seen and not phoned yet first."`
}

// atRisk lists the residents whom an outage hides, of those whom the caller may
// see.
func (d *Dashboard) atRisk(ctx context.Context, in *ByID) (*body[atRiskOut], error) {
	a, err := d.alert(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	hidden, _ := a.Evidence["residents"].([]alerting.AtRisk)
	all := slices.SortedFunc(slices.Values(hidden), func(a, b alerting.AtRisk) int {
		if a.Back != b.Back {
			if a.Back {
				return 1
			}
			return -1
		}
		return cmp.Or(calledAt(a).Compare(calledAt(b)), cmp.Compare(a.ID, b.ID))
	})
	out := atRiskOut{Items: []atRiskBody{}}
	for _, one := range all {
		r, err := d.resident(ctx, one.ID)
		if errors.Is(err, devices.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		item := atRiskBody{ID: r.ID, Name: r.Name, Phone: r.Phone, Tier: r.Tier, Back: one.Back, CalledAt: orNil(calledAt(one))}
		if one.Call != nil {
			item.Result = one.Call.Result
		}
		out.Items = append(out.Items, item)
	}
	return &body[atRiskOut]{out}, nil
}

// calledAt is zero for somebody whom nobody has phoned.
func calledAt(r alerting.AtRisk) time.Time {
	if r.Call == nil {
		return time.Time{}
	}
	return r.Call.At
}
