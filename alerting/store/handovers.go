package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

var _ alerting.ShiftStore = (*Store)(nil)

const sheetColumns = `id, state, areas, outgoing, signed, due, told, incoming, taken, take_note, take_heard, head, digest`

func scanSheet(scan func(...any) error) (*alerting.Sheet, error) {
	var s alerting.Sheet
	var areas, incoming string
	var signed, due, told, taken, heard int64
	if err := scan(&s.ID, &s.State, &areas, &s.Outgoing, &signed, &due, &told, &incoming, &taken, &s.TakeNote, &heard, &s.Signed, &s.Digest); err != nil {
		return nil, err
	}
	s.SignedAt, s.DueAt, s.ToldAt, s.TakenAt = database.Time(signed), database.Time(due), pointer(told), pointer(taken)
	s.Incoming, s.TakeHeard, s.Lines = textPointer(incoming), heard != 0, []alerting.SheetLine{}
	if err := json.Unmarshal([]byte(areas), &s.Areas); err != nil {
		return nil, fmt.Errorf("areas of sheet %s: %w", s.ID, err)
	}
	if err := json.Unmarshal([]byte(s.Signed), &s.Head); err != nil {
		return nil, fmt.Errorf("head of sheet %s: %w", s.ID, err)
	}
	return &s, nil
}

// readSheet reads one sheet with its lines, in order.
func readSheet(ctx context.Context, q queryer, id string) (*alerting.Sheet, error) {
	s, err := scanSheet(q.QueryRowContext(ctx, `SELECT `+sheetColumns+` FROM handovers WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("sheet %s: %w", id, alerting.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read sheet %s: %w", id, err)
	}
	err = each(ctx, q, func(r *sql.Rows) error {
		var text, digest, resident string
		var name sql.NullString
		if err := r.Scan(&text, &digest, &resident, &name); err != nil {
			return err
		}
		var l alerting.SheetLine
		if text == "" {
			l.Erased = true
		} else if err := json.Unmarshal([]byte(text), &l); err != nil {
			return err
		}
		l.Text, l.Digest, l.Name = text, digest, name.String
		s.Lines = append(s.Lines, l)
		return nil
	}, `SELECT l.line, l.sha256, l.resident, r.name FROM handover_lines AS l LEFT JOIN residents AS r ON r.id = l.resident
WHERE l.handover = $1 ORDER BY l.number`, id)
	if err != nil {
		return nil, fmt.Errorf("lines of sheet %s: %w", id, err)
	}
	s.Intact = s.Verify()
	return s, nil
}

// Sheet returns one sheet, or alerting.ErrNotFound.
func (s *Store) Sheet(ctx context.Context, id string) (alerting.Sheet, error) {
	var sheet alerting.Sheet
	err := s.read(ctx, func(q *sql.Tx) error {
		found, err := readSheet(ctx, q, id)
		if err == nil {
			sheet = *found
		}
		return err
	})
	return sheet, err
}

// Sheet within the transaction.
func (t *tx) Sheet(id string) (*alerting.Sheet, error) { return readSheet(t.ctx, t.tx, id) }

// WaitingSheets are those that nobody has taken, without their lines.
func (t *tx) WaitingSheets() ([]*alerting.Sheet, error) {
	var list []*alerting.Sheet
	err := each(t.ctx, t.tx, func(r *sql.Rows) error {
		s, err := scanSheet(r.Scan)
		list = append(list, s)
		return err
	}, `SELECT `+sheetColumns+` FROM handovers WHERE state = 'waiting' ORDER BY signed, id`)
	if err != nil {
		return nil, fmt.Errorf("waiting sheets: %w", err)
	}
	return list, nil
}

// PutSheet writes a new sheet with its lines, or what became of one: what was
// signed is never changed.
func (t *tx) PutSheet(s *alerting.Sheet) error {
	areas, err := marshal(s.Areas)
	if err != nil {
		return err
	}
	var known int
	if err := t.tx.QueryRowContext(t.ctx, `SELECT count(*) FROM handovers WHERE id = $1`, s.ID).Scan(&known); err != nil {
		return fmt.Errorf("write sheet: %w", err)
	}
	if known > 0 {
		return t.exec("write sheet", `UPDATE handovers SET state = $1, told = $2, incoming = $3, taken = $4, take_note = $5, take_heard = $6 WHERE id = $7`,
			s.State, micros(s.ToldAt), text(s.Incoming), micros(s.TakenAt), s.TakeNote, bit(s.TakeHeard), s.ID)
	}
	err = t.exec("write sheet", `INSERT INTO handovers (`+sheetColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		s.ID, s.State, areas, s.Outgoing, database.Micros(s.SignedAt), database.Micros(s.DueAt), micros(s.ToldAt), text(s.Incoming),
		micros(s.TakenAt), s.TakeNote, bit(s.TakeHeard), s.Signed, s.Digest)
	if err != nil {
		return err
	}
	for i, l := range s.Lines {
		err := t.exec("write line of a sheet", `INSERT INTO handover_lines (handover, number, resident, line, sha256) VALUES ($1, $2, $3, $4, $5)`,
			s.ID, i, l.Resident, l.Text, l.Digest)
		if err != nil {
			return err
		}
	}
	return nil
}

// Sheets lists sheets without their lines, newest first. One is seen by who sees
// all of its areas; there are a few a day, so that is sorted out here.
func (s *Store) Sheets(ctx context.Context, f alerting.SheetFilter) (alerting.SheetPage, error) {
	page := alerting.SheetPage{Items: []alerting.Sheet{}}
	key, err := database.Key(f.Cursor)
	if err != nil {
		return page, err
	}
	q := &database.Query{}
	database.In(q, "state", f.State)
	if key != "" {
		q.Where(`id < ?`, key)
	}
	limit := database.Limit(f.Limit)
	err = s.read(ctx, func(r *sql.Tx) error {
		return each(ctx, r, func(row *sql.Rows) error {
			if page.Next != "" {
				return nil
			}
			sheet, err := scanSheet(row.Scan)
			if err != nil || f.Scope.Vendor != "" || f.Scope.Provider != "" ||
				slices.ContainsFunc(sheet.Areas, func(a devices.AreaPath) bool { return !f.Scope.Area(a) }) {
				return err
			}
			if len(page.Items) == limit {
				page.Next = database.Cursor(page.Items[limit-1].ID)
				return nil
			}
			sheet.Intact = true
			page.Items = append(page.Items, *sheet)
			return nil
		}, `SELECT `+sheetColumns+` FROM handovers`+q.SQL()+` ORDER BY id DESC LIMIT 5000`, q.Args()...)
	})
	if err != nil {
		return page, fmt.Errorf("list sheets: %w", err)
	}
	return page, nil
}

// SilentResidents are those of whom no data come: a device of theirs is silent, or
// an outage hides them.
func (s *Store) SilentResidents(ctx context.Context, scope devices.Scope) ([]alerting.SilentResident, error) {
	q := &database.Query{}
	inScope(q, scope)
	q.Where(`state <> 'closed'`)
	list := []alerting.SilentResident{}
	seen := map[string]bool{}
	add := func(r *sql.Rows) error {
		var x alerting.SilentResident
		var since int64
		if err := r.Scan(&x.Resident, &x.Name, &x.Area, &x.Alert, &x.Kind, &since); err != nil {
			return err
		}
		x.Since = database.Time(since)
		if !seen[x.Resident] {
			seen[x.Resident] = true
			list = append(list, x)
		}
		return nil
	}
	err := s.read(ctx, func(r *sql.Tx) error {
		err := each(ctx, r, add, `SELECT resident, resident_name, area, id, kind, since FROM alerts`+q.SQL()+
			` AND kind = 'device_silent' AND resident <> '' AND recovered_at = 0 ORDER BY since, id`, q.Args()...)
		if err != nil {
			return err
		}
		return each(ctx, r, add, `SELECT m.resident, m.resident_name, m.area, m.alert, 'data_outage', m.episode FROM alert_members AS m
WHERE m.resident <> '' AND m.back = 0 AND m.alert IN (SELECT id FROM alerts`+q.SQL()+` AND kind = 'data_outage') ORDER BY m.area, m.resident`, q.Args()...)
	})
	if err != nil {
		return nil, fmt.Errorf("silent residents: %w", err)
	}
	return list, nil
}
