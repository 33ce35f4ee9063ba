package registry

import (
	"context"
	"fmt"
	"strconv"

	"shouwang/devices"
	"shouwang/devices/database"
)

const deviceColumns = `d.id, d.kind, d.area, d.client_id, d.disabled, d.created`

func scanDevice(scan func(...any) error, before ...any) (devices.Device, error) {
	var d devices.Device
	var disabled, created int64
	err := scan(append(before, &d.ID, &d.Kind, &d.Area, &d.ClientID, &disabled, &created)...)
	d.Disabled, d.Created = disabled != 0, database.Time(created)
	return d, err
}

// Devices lists devices in order of their ids. A device lies where its
// resident lives.
func (r *Registry) Devices(ctx context.Context, f devices.DeviceFilter) (devices.DevicePage, error) {
	w := &database.Query{}
	now := w.Arg(r.present())
	ownDevices(w, f.Scope)
	w.Inside(place, f.Area)
	database.In(w, "d.kind", f.Kind)
	if f.Vendor != "" {
		w.Where("d.vendor = ?", f.Vendor)
	}
	if f.Resident != "" {
		w.Where("p.id = ?", f.Resident)
		if f.Scope.Vendor != "" {
			w.Where("1 = 0")
		}
	}
	if f.Query != "" {
		w.Where(`d.id LIKE ? ESCAPE '\'`, "%"+escapeLike(f.Query)+"%")
	}
	limit, err := page(w, "d.id", f.Cursor, f.Limit)
	if err != nil {
		return devices.DevicePage{}, err
	}
	items, err := r.deviceViews(ctx, w, now, f.Scope, limit+1)
	if err != nil {
		return devices.DevicePage{}, fmt.Errorf("list devices: %w", err)
	}
	p := devices.DevicePage{Items: items}
	if len(items) > limit {
		p.Items = items[:limit]
		p.Next = database.Cursor(string(items[limit-1].ID))
	}
	return p, nil
}

// GetDevice is one device, or devices.ErrNotFound when there is none in the
// scope.
func (r *Registry) GetDevice(ctx context.Context, scope devices.Scope, id devices.DeviceID) (devices.DeviceView, error) {
	w := &database.Query{}
	now := w.Arg(r.present())
	ownDevices(w, scope)
	w.Where("d.id = ?", string(id))
	items, err := r.deviceViews(ctx, w, now, scope, 1)
	if err != nil {
		return devices.DeviceView{}, fmt.Errorf("get device: %w", err)
	}
	if len(items) == 0 {
		return devices.DeviceView{}, fmt.Errorf("device %.140q: %w", string(id), devices.ErrNotFound)
	}
	return items[0], nil
}

const place = `COALESCE(p.area, d.area)`

// devices holds a list to the caller's devices. A vendor has its own wherever
// they are, unless areas limit it.
func ownDevices(w *database.Query, s devices.Scope) {
	if s.Vendor != "" {
		w.Where("d.vendor = ?", s.Vendor)
		if len(s.Areas) == 0 {
			s.Areas = []devices.AreaPath{""}
		}
	}
	inScope(w, place, s)
}

func (r *Registry) deviceViews(ctx context.Context, w *database.Query, now string, scope devices.Scope, limit int) ([]devices.DeviceView, error) {
	var items []devices.DeviceView
	// Of several assignments that hold, the one entered last counts.
	query := `SELECT COALESCE(p.id, ''), ` + place + `, ` + deviceColumns + ` FROM devices d
		LEFT JOIN assignments a ON a.device = d.id AND ` + current("a", now) + ` AND NOT EXISTS (
			SELECT 1 FROM assignments b WHERE b.device = d.id AND ` + current("b", now) + ` AND (b.edit > a.edit OR b.edit = a.edit AND b.from_at > a.from_at))
		LEFT JOIN residents p ON p.id = a.resident` + w.SQL() + ` ORDER BY d.id LIMIT ` + strconv.Itoa(limit)
	err := each(ctx, r.db.Read, query, func(scan func(...any) error) error {
		var v devices.DeviceView
		var err error
		v.Device, err = scanDevice(scan, &v.Resident, &v.Place)
		if scope.Vendor != "" {
			v.Resident = ""
			v.Place = v.Area // where somebody lives is not the vendor's to know
		}
		items = append(items, v)
		return err
	}, w.Args()...)
	return items, err
}
