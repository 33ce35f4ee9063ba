package registry

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"unique"

	"shouwang/devices"
	"shouwang/devices/database"
)

// intern keeps one copy of a string that thousands of entries share.
func intern[T ~string](s T) T { return unique.Make(s).Value() }

// load fills the index. It is called once, before anybody else knows r.
func (r *Registry) load(ctx context.Context) error {
	edits := map[int64]int64{0: 0}
	steps := []struct {
		query string
		row   func(scan func(...any) error) error
	}{
		{`SELECT id, recorded FROM registry_edits`, func(scan func(...any) error) error {
			var id, recorded int64
			if err := scan(&id, &recorded); err != nil {
				return err
			}
			edits[id] = recorded
			r.edits, r.last = max(r.edits, id), max(r.last, recorded)
			return nil
		}},
		{`SELECT path, name FROM areas`, func(scan func(...any) error) error {
			var a devices.Area
			err := scan(&a.Path, &a.Name)
			r.areas[intern(a.Path)] = a.Name
			return err
		}},
		{`SELECT id, name FROM providers`, func(scan func(...any) error) error {
			var id, name string
			err := scan(&id, &name)
			r.providers[id] = name
			return err
		}},
		{`SELECT provider, village, edit, ended FROM provider_villages ORDER BY edit, provider`, func(scan func(...any) error) error {
			var s serving
			var village devices.AreaPath
			var edit, ended int64
			err := scan(&s.provider, &village, &edit, &ended)
			s.provider = intern(s.provider)
			s.span = span{recorded: edits[edit], endedRecorded: edits[ended]}
			r.villages[village] = append(r.villages[village], &s)
			return err
		}},
		{`SELECT id, name, area, tier, state, edit FROM residents`, func(scan func(...any) error) error {
			p := &devices.Resident{}
			var edit int64
			err := scan(&p.ID, &p.Name, &p.Area, &p.Tier, &p.State, &edit)
			p.Area, p.Tier, p.State = intern(p.Area), intern(p.Tier), intern(p.State)
			r.residents[p.ID] = &residentEntry{versions: versions[devices.Resident]{now: p, since: edits[edit]}}
			return err
		}},
		{`SELECT resident, area, tier, state, edit FROM resident_versions ORDER BY edit DESC`, func(scan func(...any) error) error {
			p := &devices.Resident{}
			var edit int64
			err := scan(&p.ID, &p.Area, &p.Tier, &p.State, &edit)
			if e := r.residents[p.ID]; e != nil {
				p.ID, p.Name = e.now.ID, e.now.Name
				e.older = append(e.older, version[devices.Resident]{p, edits[edit]})
			}
			return err
		}},
		{`SELECT id, kind, area, client_id, disabled, created, edit FROM devices`, func(scan func(...any) error) error {
			d := &devices.Device{}
			var disabled, created, edit int64
			err := scan(&d.ID, &d.Kind, &d.Area, &d.ClientID, &disabled, &created, &edit)
			d.Kind, d.Area, d.Disabled, d.Created = intern(d.Kind), intern(d.Area), disabled != 0, database.Time(created)
			r.devices[d.ID] = &deviceEntry{versions: versions[devices.Device]{now: d, since: edits[edit]}}
			return err
		}},
		{`SELECT device, kind, area, client_id, disabled, edit FROM device_versions ORDER BY edit DESC`, func(scan func(...any) error) error {
			d := &devices.Device{}
			var disabled, edit int64
			err := scan(&d.ID, &d.Kind, &d.Area, &d.ClientID, &disabled, &edit)
			if e := r.devices[d.ID]; e != nil {
				d.ID, d.Created, d.Disabled = e.now.ID, e.now.Created, disabled != 0
				e.older = append(e.older, version[devices.Device]{d, edits[edit]})
			}
			return err
		}},
		{`SELECT device, edit, from_at, resident, to_at, ended_at, ended FROM assignments ORDER BY edit, from_at`, func(scan func(...any) error) error {
			var device devices.DeviceID
			var resident string
			var ended int64
			a := &assignment{}
			err := scan(&device, &a.edit, &a.from, &resident, &a.to, &a.endedAt, &ended)
			a.recorded, a.endedRecorded = edits[a.edit], edits[ended]
			a.resident = r.residents[resident]
			if e := r.devices[device]; e != nil && a.resident != nil {
				e.assigned = append(e.assigned, a)
			}
			return err
		}},
		{`SELECT id, resident, from_at, to_at, edit, ended_at, ended FROM absences ORDER BY edit`, func(scan func(...any) error) error {
			var id string
			var edit, ended int64
			a := &absence{}
			err := scan(&id, &a.resident, &a.from, &a.to, &edit, &a.endedAt, &ended)
			a.recorded, a.endedRecorded = edits[edit], edits[ended]
			r.absences[id] = a
			if e := r.residents[a.resident]; e != nil {
				a.resident = e.now.ID
				e.absences = append(e.absences, a)
			}
			return err
		}},
		{`SELECT resident, data, granted, from_at, to_at, paper, edit FROM consents ORDER BY edit, data`, func(scan func(...any) error) error {
			var resident string
			var granted, edit int64
			c := &consent{}
			err := scan(&resident, &c.data, &granted, &c.from, &c.to, &c.paper, &edit)
			c.data, c.paper, c.granted, c.recorded = intern(c.data), intern(c.paper), granted != 0, edits[edit]
			if e := r.residents[resident]; e != nil {
				e.consents = append(e.consents, c)
			}
			return err
		}},
		{`SELECT vendor FROM gateways`, func(scan func(...any) error) error {
			var vendor string
			err := scan(&vendor)
			r.gateways[vendor] = &gatewayEntry{}
			return err
		}},
		{`SELECT username, sha256 FROM credentials`, func(scan func(...any) error) error {
			var user, sum string
			if err := scan(&user, &sum); err != nil {
				return err
			}
			var hash [32]byte
			if n, err := hex.Decode(hash[:], []byte(sum)); err != nil || n != len(hash) {
				return fmt.Errorf("credentials of %s: not a SHA-256", user)
			}
			r.setHash(user, &hash)
			return nil
		}},
	}
	for _, s := range steps {
		if err := each(ctx, r.db.Read, s.query, s.row); err != nil {
			return fmt.Errorf("%s: %w", s.query[strings.LastIndex(s.query, "FROM"):], err)
		}
	}
	if err := r.loadErasures(ctx); err != nil {
		return err
	}
	r.loadTurns()
	return nil
}

func each(ctx context.Context, db *sql.DB, query string, row func(scan func(...any) error) error, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err below says what went wrong
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}
