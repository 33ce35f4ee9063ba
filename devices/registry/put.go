package registry

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"shouwang/devices"
	"shouwang/devices/database"
)

// PutAll enters an import in one transaction. A *devices.InputError says what
// cannot be taken.
func (r *Registry) PutAll(ctx context.Context, in devices.Import) error {
	return r.edit(ctx, func(e *edit) error { return r.putAll(e, in) })
}

// Enter is PutAll for a document that people send, perhaps again: a device that
// is new gets a secret, which is in the answer and cannot be shown again, and
// one that is there keeps its own and stays disabled if it was.
func (r *Registry) Enter(ctx context.Context, in devices.Import) ([]devices.Secret, error) {
	made := []devices.Secret{}
	err := r.edit(ctx, func(e *edit) error {
		e.numbered = true
		in.Devices = slices.Clone(in.Devices)
		fresh := map[devices.DeviceID]bool{}
		for i, d := range in.Devices {
			if was := r.devices[d.ID]; was != nil {
				in.Devices[i].Disabled = was.now.Disabled
			} else if !fresh[d.ID] {
				fresh[d.ID] = true
				made = append(made, devices.Secret{User: string(d.ID), Secret: rand.Text()})
			}
		}
		in.Secrets = made
		return r.putAll(e, in)
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (r *Registry) putAll(e *edit, in devices.Import) error {
	e.within, e.onlyNew = in.Within, in.OnlyNew
	for _, step := range []func() error{
		func() error { return all(e, in.Areas, "areas", r.putArea) },
		func() error { return all(e, in.Providers, "providers", r.putProvider) },
		func() error { return all(e, in.Residents, "residents", r.putResident) },
		func() error { return all(e, in.Devices, "devices", r.putDevice) },
		func() error { return all(e, in.Gateways, "gateways", r.putGateway) },
		func() error { return all(e, in.Assignments, "assignments", r.assign) },
		func() error { return all(e, in.Secrets, "secrets", r.putSecret) },
		func() error { return all(e, in.Consents, "consents", r.putConsent) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func all[T any](e *edit, items []T, what string, put func(*edit, T) error) error {
	for i, item := range items {
		err := put(e, item)
		if err == nil {
			continue
		}
		if len(items) == 1 && !e.numbered {
			return err
		}
		if wrong, ok := errors.AsType[*devices.InputError](err); ok {
			return &devices.InputError{Field: fmt.Sprintf("%s[%d].%s", what, i, wrong.Field), Value: wrong.Value, Rule: wrong.Rule}
		}
		return fmt.Errorf("%s[%d]: %w", what, i, err)
	}
	return nil
}

// inside holds an edit to the areas of whoever makes it.
func (e *edit) inside(field, value string, area devices.AreaPath) error {
	if e.within == nil || e.within.Area(area) {
		return nil
	}
	return &devices.InputError{Field: field, Value: clip(value), Rule: "must lie in the areas of the account"}
}

// place is where a device is now: where its resident lives, or its own area.
func (r *Registry) place(e *edit, id devices.DeviceID) devices.AreaPath {
	now := micros(e.now)
	for _, a := range slices.Backward(r.assigned(e, id)) {
		if end := a.end(); a.from <= now && (end == 0 || end > now) && !e.ended[a] {
			return a.resident.now.Area
		}
	}
	return r.device(e, id).now.Area
}

// PutArea enters an area or gives it another name. The area above it must
// exist.
func (r *Registry) PutArea(ctx context.Context, a devices.Area) error {
	return r.PutAll(ctx, devices.Import{Areas: []devices.Area{a}})
}

// PutProvider enters a provider or changes its name and villages.
func (r *Registry) PutProvider(ctx context.Context, id, name string, villages []devices.AreaPath) error {
	return r.PutAll(ctx, devices.Import{Providers: []devices.Provider{{ID: id, Name: name, Villages: villages}}})
}

// PutResident enters a resident or changes one.
func (r *Registry) PutResident(ctx context.Context, p devices.Resident) error {
	return r.PutAll(ctx, devices.Import{Residents: []devices.Resident{p}})
}

// PutDevice enters a device or changes one; Created is kept from the first
// time.
func (r *Registry) PutDevice(ctx context.Context, d devices.Device) error {
	return r.PutAll(ctx, devices.Import{Devices: []devices.Device{d}})
}

// PutGateway lets the vendor's gateway speak for the vendor's devices, once it
// has a secret.
func (r *Registry) PutGateway(ctx context.Context, vendor string) error {
	return r.PutAll(ctx, devices.Import{Gateways: []string{vendor}})
}

func (r *Registry) putArea(e *edit, a devices.Area) error {
	if err := checkArea(a.Path); err != nil {
		return err
	}
	if err := e.inside("path", string(a.Path), a.Path); err != nil {
		return err
	}
	if err := text("name", a.Name, 1, 100); err != nil {
		return err
	}
	if up := a.Path.Parent(); up != "" && !r.hasArea(e, up) {
		return &devices.InputError{Field: "path", Value: string(a.Path), Rule: "the area above it must exist"}
	}
	if name, ok := r.areas[a.Path]; ok && name == a.Name {
		return nil
	}
	e.areas[a.Path] = true
	e.then(func(int64) { r.areas[intern(a.Path)] = a.Name })
	return e.exec(`INSERT INTO areas (path, name) VALUES ($1, $2) ON CONFLICT (path) DO UPDATE SET name = excluded.name`, a.Path, a.Name)
}

func (r *Registry) hasArea(e *edit, a devices.AreaPath) bool {
	_, ok := r.areas[a]
	return ok || e.areas[a]
}

func (r *Registry) putProvider(e *edit, p devices.Provider) error {
	if err := name("id", p.ID); err != nil {
		return err
	}
	if err := text("name", p.Name, 1, 100); err != nil {
		return err
	}
	want := map[devices.AreaPath]bool{}
	for village, list := range r.villages {
		if slices.ContainsFunc(list, func(s *serving) bool { return s.provider == p.ID && s.endedRecorded == 0 }) {
			if err := e.inside("id", p.ID, village); err != nil {
				return err
			}
		}
	}
	for _, v := range p.Villages {
		if err := e.inside("villages", string(v), v); err != nil {
			return err
		}
		if !r.hasArea(e, v) {
			return &devices.InputError{Field: "villages", Value: string(v), Rule: "must be an area that exists"}
		}
		want[v] = true
	}
	if old, ok := r.providers[p.ID]; !ok || old != p.Name {
		e.then(func(int64) { r.providers[p.ID] = p.Name })
		if err := e.exec(`INSERT INTO providers (id, name) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET name = excluded.name`, p.ID, p.Name); err != nil {
			return err
		}
	}
	for village, list := range r.villages {
		for _, s := range list {
			if s.provider != p.ID || s.endedRecorded != 0 {
				continue
			}
			if want[village] {
				delete(want, village)
				continue
			}
			e.then(func(recorded int64) { s.endedRecorded = recorded })
			if err := e.exec(`UPDATE provider_villages SET ended = $1 WHERE provider = $2 AND village = $3 AND ended = 0`, e.id, p.ID, village); err != nil {
				return err
			}
		}
	}
	for _, v := range p.Villages {
		if !want[v] {
			continue
		}
		delete(want, v)
		e.then(func(recorded int64) {
			r.villages[v] = append(r.villages[v], &serving{span: span{recorded: recorded}, provider: p.ID})
		})
		if err := e.exec(`INSERT INTO provider_villages (provider, village, edit, ended) VALUES ($1, $2, $3, 0)`, p.ID, v, e.id); err != nil {
			return err
		}
	}
	return nil
}

func (r *Registry) putResident(e *edit, p devices.Resident) error {
	if err := r.checkErased("id", p.ID); err != nil {
		return err
	}
	if err := e.inside("area", string(p.Area), p.Area); err != nil {
		return err
	}
	if was := r.resident(e, p.ID); was != nil {
		if err := e.inside("id", p.ID, was.now.Area); err != nil {
			return err
		}
	}
	if err := r.checkResident(e, p); err != nil {
		return err
	}
	contacts, err := json.Marshal(p.Contacts)
	if err != nil {
		return fmt.Errorf("contacts: %w", err)
	}
	// What the index keeps; the rest is in SQL only.
	v := &devices.Resident{ID: p.ID, Name: p.Name, Area: intern(p.Area), Tier: intern(p.Tier), State: intern(p.State)}
	old, pending := r.residents[p.ID], e.residents[p.ID]
	changed := true
	switch {
	case pending != nil:
		*pending.now = *v // nobody has seen it yet
	case old != nil:
		was := old.now
		v.ID = was.ID
		changed = was.Area != v.Area || was.Tier != v.Tier || was.State != v.State
		if was.State != v.State {
			if err := e.noteTurn(p.ID, was.State, v.State); err != nil {
				return err
			}
		}
		if changed {
			e.residents[p.ID] = &residentEntry{versions: versions[devices.Resident]{now: v}}
			if err := e.exec(`INSERT INTO resident_versions (resident, edit, area, tier, state) SELECT id, edit, area, tier, state FROM residents WHERE id = $1`, p.ID); err != nil {
				return err
			}
		}
		e.then(func(recorded int64) {
			old.change(v, changed, recorded)
			r.turns.add(turn{resident: old}, recorded)
		})
	default:
		n := &residentEntry{versions: versions[devices.Resident]{now: v}}
		e.residents[p.ID] = n
		e.then(func(recorded int64) { n.since, r.residents[v.ID] = recorded, n })
	}
	return e.exec(`INSERT INTO residents (id, name, phone, address, born, area, tier, state, contacts, edit) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, phone = excluded.phone, address = excluded.address, born = excluded.born, area = excluded.area,
			tier = excluded.tier, state = excluded.state, contacts = excluded.contacts, edit = CASE WHEN $11 THEN excluded.edit ELSE residents.edit END`,
		p.ID, p.Name, p.Phone, p.Address, p.Born, p.Area, p.Tier, p.State, string(contacts), e.id, changed)
}

// change makes v the present version. A new name alone makes no version: it
// is the name in all of them.
func (e *residentEntry) change(v *devices.Resident, version bool, recorded int64) {
	renamed := e.now.Name != v.Name
	if version {
		e.next(v, recorded)
	}
	e.now = v
	if !renamed {
		return
	}
	for i, o := range e.older {
		c := *o.of // the one before may be in somebody's hands
		c.Name = v.Name
		e.older[i].of = &c
	}
}

func (r *Registry) checkResident(e *edit, p devices.Resident) error {
	if err := name("id", p.ID); err != nil {
		return err
	}
	for _, f := range []struct {
		field, value string
		least, most  int
	}{{"name", p.Name, 1, 100}, {"phone", p.Phone, 0, 50}, {"address", p.Address, 0, 300}} {
		if err := text(f.field, f.value, f.least, f.most); err != nil {
			return err
		}
	}
	if p.Born != 0 && (p.Born < 1850 || p.Born > e.now.Year()) {
		return &devices.InputError{Field: "born", Value: strconv.Itoa(p.Born), Rule: "must be a year from 1850 to now, or 0 when not known"}
	}
	if !r.hasArea(e, p.Area) {
		return &devices.InputError{Field: "area", Value: string(p.Area), Rule: "must be an area that exists"}
	}
	switch p.Tier {
	case devices.TierRed, devices.TierYellow, devices.TierGreen:
	default:
		return &devices.InputError{Field: "tier", Value: string(p.Tier), Rule: "must be red, yellow or green"}
	}
	switch p.State {
	case devices.Active, devices.Hospital, devices.Institution, devices.Moved, devices.Deceased, devices.Left:
	default:
		return &devices.InputError{Field: "state", Value: string(p.State), Rule: "must be active, hospital, institution, moved, deceased or left"}
	}
	if len(p.Contacts) > 20 {
		return &devices.InputError{Field: "contacts", Value: strconv.Itoa(len(p.Contacts)), Rule: "must be at most 20"}
	}
	return nil
}

func (r *Registry) putDevice(e *edit, d devices.Device) error {
	vendor, id := d.ID.Split()
	if err := vendorName(vendor); err != nil {
		return err
	}
	if err := name("id", id); err != nil {
		return err
	}
	if strings.HasPrefix(vendor, gatewayPrefix) { // its user name would be a gateway's
		return &devices.InputError{Field: "id", Value: clip(string(d.ID)), Rule: "must not begin with " + gatewayPrefix}
	}
	if d.Kind != devices.WaterMeter && d.Kind != devices.Wristband {
		return &devices.InputError{Field: "kind", Value: clip(string(d.Kind)), Rule: "must be water_meter or wristband"}
	}
	if err := e.inside("area", string(d.Area), d.Area); err != nil {
		return err
	}
	if r.device(e, d.ID) != nil {
		if e.onlyNew {
			return fmt.Errorf("device %s: %w", d.ID, devices.ErrExists)
		}
		if err := e.inside("id", string(d.ID), r.place(e, d.ID)); err != nil {
			return err
		}
	}
	if !r.hasArea(e, d.Area) {
		return &devices.InputError{Field: "area", Value: string(d.Area), Rule: "must be an area that exists"}
	}
	if err := text("client_id", d.ClientID, 0, 128); err != nil {
		return err
	}
	d.Kind, d.Area = intern(d.Kind), intern(d.Area)
	old, pending := r.devices[d.ID], e.devices[d.ID]
	if old != nil || pending != nil {
		was := old
		if pending != nil {
			was = pending
		}
		d.ID, d.Created = was.now.ID, was.now.Created
		if *was.now == d {
			return nil
		}
	} else if d.Created.IsZero() {
		d.Created = e.now
	}
	d.Created = database.Time(database.Micros(d.Created))
	switch {
	case pending != nil:
		*pending.now = d
	case old != nil:
		n := &deviceEntry{versions: versions[devices.Device]{now: &d}}
		e.devices[d.ID] = n
		e.then(func(recorded int64) {
			old.next(n.now, recorded)
			r.turns.add(turn{device: old}, recorded)
		})
		if err := e.exec(`INSERT INTO device_versions (device, edit, kind, area, client_id, disabled) SELECT id, edit, kind, area, client_id, disabled FROM devices WHERE id = $1`, d.ID); err != nil {
			return err
		}
	default:
		n := &deviceEntry{versions: versions[devices.Device]{now: &d}}
		e.devices[d.ID] = n
		e.then(func(recorded int64) { n.since, r.devices[d.ID] = recorded, n })
	}
	return e.exec(`INSERT INTO devices (id, vendor, kind, area, client_id, disabled, created, edit) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, area = excluded.area, client_id = excluded.client_id, disabled = excluded.disabled, edit = excluded.edit`,
		d.ID, vendor, d.Kind, d.Area, d.ClientID, flag(d.Disabled), database.Micros(d.Created), e.id)
}

// device is the entry as this edit sees it.
func (r *Registry) device(e *edit, id devices.DeviceID) *deviceEntry {
	if d := r.devices[id]; d != nil {
		return d
	}
	return e.devices[id]
}

// resident is the entry that assignments point to.
func (r *Registry) resident(e *edit, id string) *residentEntry {
	if p := r.residents[id]; p != nil {
		return p
	}
	return e.residents[id]
}

func (r *Registry) putGateway(e *edit, vendor string) error {
	if err := vendorName(vendor); err != nil {
		return err
	}
	if r.gateways[vendor] != nil || e.gateways[vendor] {
		return nil
	}
	e.gateways[vendor] = true
	e.then(func(int64) { r.gateways[vendor] = &gatewayEntry{} })
	return e.exec(`INSERT INTO gateways (vendor, created) VALUES ($1, $2)`, vendor, database.Micros(e.now))
}
