package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

// readMore and writeMore keep what a report says beyond outcome and note; nothing
// is kept of one that says nothing more.
func readMore(text string, m *alerting.ReportMore) error {
	if text == "" {
		return nil
	}
	return json.Unmarshal([]byte(text), m)
}

func writeMore(m alerting.ReportMore) (string, error) {
	if m == (alerting.ReportMore{}) {
		return "", nil
	}
	return marshal(m)
}

// hold notes who has the visit.
func (t *tx) hold(v *alerting.Visit) error {
	if v.Provider == nil || *v.Provider == "" {
		return nil
	}
	return t.exec("write holder of visit", `INSERT INTO visit_holders (visit, provider) VALUES ($1, $2) ON CONFLICT (visit, provider) DO NOTHING`, v.ID, *v.Provider)
}

const doorColumns = `uuid, visit, kind, at, phone_at, received, actor, data`

func scanDoorEntry(scan func(...any) error) (alerting.DoorEntry, error) {
	var e alerting.DoorEntry
	var at, phone, received int64
	var data string
	if err := scan(&e.UUID, &e.Visit, &e.Kind, &at, &phone, &received, &e.By, &data); err != nil {
		return e, err
	}
	e.At, e.PhoneAt, e.Received = database.Time(at), database.Time(phone), database.Time(received)
	return e, json.Unmarshal([]byte(data), &e.DoorData)
}

func (t *tx) Entry(uuid string) (alerting.DoorEntry, bool, error) {
	e, err := scanDoorEntry(t.tx.QueryRowContext(t.ctx, `SELECT `+doorColumns+` FROM visit_entries WHERE uuid = $1`, uuid).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return e, false, nil
	}
	if err != nil {
		return e, false, fmt.Errorf("read entry %s: %w", uuid, err)
	}
	return e, true, nil
}

func (t *tx) AddEntry(e alerting.DoorEntry) error {
	data, err := marshal(e.DoorData)
	if err != nil {
		return err
	}
	return t.exec("write entry", `INSERT INTO visit_entries (`+doorColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		e.UUID, e.Visit, e.Kind, database.Micros(e.At), database.Micros(e.PhoneAt), database.Micros(e.Received), e.By, data)
}

func (t *tx) AddPhoto(visit, id string, jpeg []byte) error {
	return t.exec("write photo", `INSERT INTO visit_photos (id, visit, image) VALUES ($1, $2, $3)`, id, visit, jpeg)
}

const homeColumns = `resident, lat, lon, source, door_code, note, changed, actor`

func scanHome(scan func(...any) error) (alerting.Home, error) {
	var h alerting.Home
	var changed int64
	err := scan(&h.Resident, &h.Lat, &h.Lon, &h.Source, &h.DoorCode, &h.Note, &changed, &h.Actor)
	h.Changed = database.Time(changed)
	if errors.Is(err, sql.ErrNoRows) {
		return alerting.Home{}, nil
	}
	return h, err
}

func (t *tx) Home(resident string) (alerting.Home, error) {
	h, err := scanHome(t.tx.QueryRowContext(t.ctx, `SELECT `+homeColumns+` FROM resident_homes WHERE resident = $1`, resident).Scan)
	if err != nil {
		return h, fmt.Errorf("read home of %s: %w", resident, err)
	}
	return h, nil
}

func (t *tx) PutHome(h alerting.Home) error {
	return t.exec("write home", `INSERT INTO resident_homes (`+homeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (resident) DO UPDATE SET lat = excluded.lat, lon = excluded.lon, source = excluded.source,
door_code = excluded.door_code, note = excluded.note, changed = excluded.changed, actor = excluded.actor`,
		h.Resident, h.Lat, h.Lon, h.Source, h.DoorCode, h.Note, database.Micros(h.Changed), h.Actor)
}

// Home is where the resident lives, the zero one while nothing is known.
func (s *Store) Home(ctx context.Context, resident string) (alerting.Home, error) {
	h, err := scanHome(s.db.Read.QueryRowContext(ctx, `SELECT `+homeColumns+` FROM resident_homes WHERE resident = $1`, resident).Scan)
	if err != nil {
		return h, fmt.Errorf("read home of %s: %w", resident, err)
	}
	return h, nil
}

// Entries are what was entered at the door, in the order in which it happened.
func (s *Store) Entries(ctx context.Context, visit string) ([]alerting.DoorEntry, error) {
	list := []alerting.DoorEntry{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		e, err := scanDoorEntry(r.Scan)
		list = append(list, e)
		return err
	}, `SELECT `+doorColumns+` FROM visit_entries WHERE visit = $1 ORDER BY at, received, uuid`, visit)
	if err != nil {
		return nil, fmt.Errorf("read entries of visit %s: %w", visit, err)
	}
	return list, nil
}

// Photo is a picture of the visit, or alerting.ErrNotFound.
func (s *Store) Photo(ctx context.Context, visit, id string) ([]byte, error) {
	var jpeg []byte
	err := s.db.Read.QueryRowContext(ctx, `SELECT image FROM visit_photos WHERE id = $1 AND visit = $2`, id, visit).Scan(&jpeg)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("photo %.40q: %w", id, alerting.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read photo: %w", err)
	}
	return jpeg, nil
}

// photosAtOnce bounds how long the removal of photos holds up other writes: each is
// of up to alerting.MaxPhoto bytes.
const photosAtOnce = 16

// RemovePhotos removes the photos that came before now - keep, so that nothing of
// them stays in the file; their entries say so. It returns how many there were.
func (s *Store) RemovePhotos(ctx context.Context, now time.Time, keep time.Duration) (int, error) {
	days, total := int(keep/(24*time.Hour)), 0
	for {
		var old []alerting.DoorEntry
		err := each(ctx, s.db.Read, func(r *sql.Rows) error {
			e, err := scanDoorEntry(r.Scan)
			old = append(old, e)
			return err
		}, `SELECT `+doorColumns+` FROM visit_entries WHERE kind = 'photo' AND received < $1 AND data LIKE '%"photo":%' ORDER BY received LIMIT $2`,
			database.Micros(now.Add(-keep)), photosAtOnce)
		if err != nil {
			return total, fmt.Errorf("find old photos: %w", err)
		}
		if len(old) == 0 {
			break
		}
		err = s.db.Shred(ctx, func(tx *sql.Tx) error {
			// All are overwritten where they lie before one is deleted, which may
			// move others.
			for _, step := range []string{`UPDATE visit_photos SET image = zeroblob(length(image)) WHERE id = $1 AND visit = $2`, `DELETE FROM visit_photos WHERE id = $1 AND visit = $2`} {
				for i := range old {
					if _, err := tx.ExecContext(ctx, step, old[i].Photo, old[i].Visit); err != nil {
						return err
					}
				}
			}
			for i := range old {
				e := &old[i]
				e.Photo, e.RemovedDays = "", days
				data, err := marshal(e.DoorData)
				if err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, `UPDATE visit_entries SET data = $1 WHERE uuid = $2`, data, e.UUID); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return total, fmt.Errorf("remove photos: %w", err)
		}
		total += len(old)
	}
	if total == 0 {
		return 0, nil
	}
	return total, s.db.Settle(ctx)
}

// HeldVisit is a visit that the scope's provider has had, whoever has it now, or
// alerting.ErrNotFound.
func (s *Store) HeldVisit(ctx context.Context, scope devices.Scope, id string) (alerting.Visit, error) {
	none := fmt.Errorf("visit %s: %w", id, alerting.ErrNotFound)
	if scope.Provider == "" || scope.Vendor != "" {
		return alerting.Visit{}, none
	}
	cond := &database.Query{}
	cond.Inside("area", scope.Areas...)
	cond.Where(`id = ?`, id)
	cond.Where(`EXISTS (SELECT 1 FROM visit_holders h WHERE h.visit = visits.id AND h.provider = ?)`, scope.Provider)
	v, err := scanVisit(s.db.Read.QueryRowContext(ctx, `SELECT `+visitColumns+` FROM visits`+cond.SQL(), cond.Args()...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return alerting.Visit{}, none
	}
	if err != nil {
		return alerting.Visit{}, fmt.Errorf("read visit %s: %w", id, err)
	}
	return *v, nil
}

// doorErasure takes out what was entered about a resident at the door, the
// pictures and where the home is; that somebody was there, and when, stays.
func doorErasure() []string {
	return []string{
		`DELETE FROM visit_photos WHERE visit IN (SELECT id FROM visits WHERE resident = $1)`,
		`UPDATE visit_entries SET data = '{}' WHERE visit IN (SELECT id FROM visits WHERE resident = $1)`,
		`UPDATE visits SET report_more = '' WHERE resident = $1`,
		`DELETE FROM resident_homes WHERE resident = $1`,
	}
}
