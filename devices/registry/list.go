package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"shouwang/devices"
	"shouwang/devices/database"
)

// Areas lists the areas in the scope, in order of their paths. A provider sees
// what it serves and the areas above that.
func (r *Registry) Areas(_ context.Context, scope devices.Scope) ([]devices.Area, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var served []devices.AreaPath
	if scope.Provider != "" {
		for village, list := range r.villages {
			if slices.ContainsFunc(list, func(s *serving) bool { return s.provider == scope.Provider && s.endedRecorded == 0 }) {
				served = append(served, village)
			}
		}
	}
	var list []devices.Area
	for path, name := range r.areas {
		if !scope.Area(path) {
			continue
		}
		if scope.Provider == "" || slices.ContainsFunc(served, func(v devices.AreaPath) bool { return v.Contains(path) || path.Contains(v) }) {
			list = append(list, devices.Area{Path: path, Name: name})
		}
	}
	slices.SortFunc(list, func(a, b devices.Area) int { return strings.Compare(string(a.Path), string(b.Path)) })
	return list, nil
}

// Providers lists all providers with what they serve now, in order of their
// ids.
func (r *Registry) Providers() []devices.Provider {
	r.mu.RLock()
	defer r.mu.RUnlock()
	byID := map[string]*devices.Provider{}
	for id, name := range r.providers {
		byID[id] = &devices.Provider{ID: id, Name: name}
	}
	for village, list := range r.villages {
		for _, s := range list {
			if s.endedRecorded == 0 {
				byID[s.provider].Villages = append(byID[s.provider].Villages, village)
			}
		}
	}
	list := make([]devices.Provider, 0, len(byID))
	for _, p := range byID {
		slices.Sort(p.Villages)
		list = append(list, *p)
	}
	slices.SortFunc(list, func(a, b devices.Provider) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// Residents lists residents in order of their ids.
func (r *Registry) Residents(ctx context.Context, f devices.ResidentFilter) (devices.ResidentPage, error) {
	w := &database.Query{}
	if f.Scope.Vendor != "" {
		w.Where("1 = 0") // a vendor's business is devices
	}
	inScope(w, "r.area", f.Scope)
	w.Inside("r.area", f.Area)
	database.In(w, "r.state", f.State)
	database.In(w, "r.tier", f.Tier)
	if f.Query != "" {
		like := escapeLike(f.Query)
		w.Where(`(r.name LIKE ? ESCAPE '\' OR r.id LIKE ? ESCAPE '\')`, "%"+like+"%", like+"%")
	}
	limit, err := page(w, "r.id", f.Cursor, f.Limit)
	if err != nil {
		return devices.ResidentPage{}, err
	}
	items, err := r.residentViews(ctx, w, limit+1)
	if err != nil {
		return devices.ResidentPage{}, fmt.Errorf("list residents: %w", err)
	}
	p := devices.ResidentPage{Items: items}
	if len(items) > limit {
		p.Items = items[:limit]
		p.Next = database.Cursor(items[limit-1].ID)
	}
	return p, nil
}

// GetResident is one resident, or devices.ErrNotFound when there is none in
// the scope.
func (r *Registry) GetResident(ctx context.Context, scope devices.Scope, id string) (devices.ResidentView, error) {
	w := &database.Query{}
	if scope.Vendor != "" {
		w.Where("1 = 0")
	}
	inScope(w, "r.area", scope)
	w.Where("r.id = ?", id)
	items, err := r.residentViews(ctx, w, 1)
	if err != nil {
		return devices.ResidentView{}, fmt.Errorf("get resident: %w", err)
	}
	if len(items) == 0 {
		return devices.ResidentView{}, fmt.Errorf("resident %.100q: %w", id, devices.ErrNotFound)
	}
	return items[0], nil
}

func (r *Registry) residentViews(ctx context.Context, w *database.Query, limit int) ([]devices.ResidentView, error) {
	var items []devices.ResidentView
	query := `SELECT r.id, r.name, r.phone, r.address, r.born, r.area, r.tier, r.state, r.contacts FROM residents r` + w.SQL() +
		` ORDER BY r.id LIMIT ` + strconv.Itoa(limit)
	err := each(ctx, r.db.Read, query, func(scan func(...any) error) error {
		var v devices.ResidentView
		var contacts string
		if err := scan(&v.ID, &v.Name, &v.Phone, &v.Address, &v.Born, &v.Area, &v.Tier, &v.State, &contacts); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(contacts), &v.Contacts); err != nil {
			return fmt.Errorf("contacts of %s: %w", v.ID, err)
		}
		items = append(items, v)
		return nil
	}, w.Args()...)
	if err != nil || len(items) == 0 {
		return items, err
	}
	byID := make(map[string]*devices.ResidentView, len(items))
	ids := make([]string, len(items))
	for i := range items {
		byID[items[i].ID], ids[i] = &items[i], items[i].ID
	}
	if err := r.addDevices(ctx, byID, ids); err != nil {
		return nil, err
	}
	return items, r.addAbsences(ctx, byID, ids)
}

func (r *Registry) addDevices(ctx context.Context, byID map[string]*devices.ResidentView, ids []string) error {
	w := &database.Query{}
	database.In(w, "a.resident", ids)
	w.Where(current("a", w.Arg(r.present())))
	return each(ctx, r.db.Read, `SELECT a.resident, `+deviceColumns+` FROM assignments a JOIN devices d ON d.id = a.device`+w.SQL()+` ORDER BY d.id`, func(scan func(...any) error) error {
		var resident string
		d, err := scanDevice(scan, &resident)
		if v := byID[resident]; err == nil && v != nil {
			v.Devices = append(v.Devices, d)
		}
		return err
	}, w.Args()...)
}

func (r *Registry) addAbsences(ctx context.Context, byID map[string]*devices.ResidentView, ids []string) error {
	w := &database.Query{}
	database.In(w, "resident", ids)
	now := w.Arg(r.present())
	w.Where(`(to_at = 0 OR to_at > ` + now + `) AND (ended = 0 OR ended_at > ` + now + `)`)
	return each(ctx, r.db.Read, `SELECT id, resident, from_at, to_at, ended_at, ended, reason FROM absences`+w.SQL()+` ORDER BY from_at, id`, func(scan func(...any) error) error {
		var a devices.Absence
		var s span
		if err := scan(&a.ID, &a.Resident, &s.from, &s.to, &s.endedAt, &s.endedRecorded, &a.Reason); err != nil {
			return err
		}
		a.From, a.To = database.Time(s.from), database.Time(s.end())
		if v := byID[a.Resident]; v != nil {
			v.Absences = append(v.Absences, a)
		}
		return nil
	}, w.Args()...)
}

// current is the condition that an assignment holds now.
func current(table, now string) string {
	return strings.NewReplacer("a.", table+".", "$now", now).Replace(
		`a.from_at <= $now AND (a.to_at = 0 OR a.to_at > $now) AND (a.ended = 0 OR a.ended_at > $now)`)
}

// inScope holds a list to the caller's areas, and a provider's to the villages
// it serves now.
func inScope(w *database.Query, column string, s devices.Scope) {
	w.Inside(column, s.Areas...)
	if s.Provider != "" {
		w.Where(`EXISTS (SELECT 1 FROM provider_villages v WHERE v.provider = ? AND v.ended = 0 AND `+database.Inside(column, "v.village")+`)`, s.Provider)
	}
}

// page adds what begins after the cursor and returns the limit.
func page(w *database.Query, column, after string, limit int) (int, error) {
	key, err := database.Key(after)
	if err != nil {
		return 0, err
	}
	w.Where(column+" > ?", key)
	return database.Limit(limit), nil
}

func escapeLike(s string) string {
	return strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(s)
}
