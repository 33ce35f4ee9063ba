package dashboard

import (
	"context"
	"errors"
	"time"

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
	if _, err := d.alert(ctx, in.ID); err != nil {
		return nil, err
	}
	all, err := d.opts.Alerts.AtRisk(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := atRiskOut{Items: []atRiskBody{}}
	for _, one := range all {
		r, err := d.resident(ctx, one.Resident.ID)
		if errors.Is(err, devices.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, atRiskBody{ID: r.ID, Name: r.Name, Phone: r.Phone, Tier: r.Tier, Back: one.Back, CalledAt: orNil(one.CalledAt), Result: one.Result})
	}
	return &body[atRiskOut]{out}, nil
}
