package dashboard

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
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
	seen, named := d.sight(ctx), d.named(caller(ctx), a.ClosedAt, false)
	out := atRiskOut{Items: []atRiskBody{}}
	for _, one := range all {
		r, ok, err := seen(one.ID)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		name, phone := r.Name, r.Phone
		if !named {
			name, phone = access.MaskName(name), devices.MaskPhone(phone)
		}
		item := atRiskBody{ID: r.ID, Name: name, Phone: phone, Tier: r.Tier, Back: one.Back, CalledAt: orNil(calledAt(one))}
		if one.Call != nil {
			item.Result = one.Call.Result
		}
		out.Items = append(out.Items, item)
	}
	return &body[atRiskOut]{out}, nil
}

// sighted says who somebody is, and whether the caller may see them.
type sighted func(id string) (r devices.ResidentView, ok bool, err error)

// sight looks residents up as the caller may see them, each once.
func (d *Dashboard) sight(ctx context.Context) sighted {
	type look struct {
		r  devices.ResidentView
		ok bool
	}
	known := map[string]look{}
	return func(id string) (devices.ResidentView, bool, error) {
		if l, ok := known[id]; ok {
			return l.r, l.ok, nil
		}
		r, err := d.resident(ctx, id)
		if err != nil && !errors.Is(err, devices.ErrNotFound) {
			return r, false, err
		}
		known[id] = look{r, err == nil}
		return r, err == nil, nil
	}
}

// hideOthers leaves of what an outage stands for only what the caller may see: the
// outage may reach beyond the caller's areas, and residents move. Its numbers are
// the whole outage's.
func (d *Dashboard) hideOthers(ctx context.Context, a *alerting.Alert) error {
	if a.Kind != alerting.KindDataOutage {
		return nil
	}
	seen, named := d.sight(ctx), d.named(caller(ctx), a.ClosedAt, false)
	if all, ok := a.Evidence["residents"].([]alerting.AtRisk); ok {
		mine := []alerting.AtRisk{}
		for _, r := range all {
			now, ok, err := seen(r.ID)
			if err != nil {
				return err
			}
			if ok {
				if r.Name = now.Name; !named {
					r.Name = access.MaskName(r.Name)
				}
				mine = append(mine, r)
			}
		}
		a.Evidence["residents"] = mine
	}
	if all, ok := a.Evidence["devices"].([]alerting.OutageDevice); ok {
		mine := []alerting.OutageDevice{}
		for _, dev := range all {
			var ok bool
			var err error
			if dev.Resident != "" {
				_, ok, err = seen(dev.Resident)
			} else {
				_, err = d.opts.Registry.GetDevice(ctx, caller(ctx).Scope, devices.DeviceID(dev.ID))
				if ok = err == nil; errors.Is(err, devices.ErrNotFound) {
					err = nil
				}
			}
			if err != nil {
				return err
			}
			if ok {
				mine = append(mine, dev)
			}
		}
		a.Evidence["devices"] = mine
	}
	return nil
}

// hideCalls takes out of an outage's log whom calls were made to, where the caller
// may not see them; that there was a call stays.
func (d *Dashboard) hideCalls(ctx context.Context, entries []alerting.LogEntry) error {
	seen := d.sight(ctx)
	for i := range entries {
		e := &entries[i]
		id, ok := e.Data["resident"].(string)
		if !ok {
			continue
		}
		_, visible, err := seen(id)
		if err != nil {
			return err
		}
		if visible {
			continue
		}
		e.Text = ""
		for _, key := range []string{"resident", "whom", "number"} {
			delete(e.Data, key)
		}
	}
	return nil
}

// calledAt is zero for somebody whom nobody has phoned.
func calledAt(r alerting.AtRisk) time.Time {
	if r.Call == nil {
		return time.Time{}
	}
	return r.Call.At
}
