package access

import (
	"context"
	"fmt"
	"time"

	"shouwang/devices"
	"shouwang/devices/database"
)

// Entry is one line of the audit log.
type Entry struct {
	ID     int64            `json:"id"`
	At     time.Time        `json:"at"`
	Actor  string           `json:"actor" doc:"User name."`
	Action string           `json:"action" doc:"The operation, e.g. ack-alert or sign-in."`
	Object string           `json:"object" doc:"What it was done to, e.g. an alert's id."`
	Area   devices.AreaPath `json:"area"`
	Detail string           `json:"detail"`
}

// Audit adds a line; ID and At are given here.
func (s *Store) Audit(ctx context.Context, e Entry) error {
	_, err := s.db.Write.ExecContext(ctx, `INSERT INTO audit (id, at, actor, action, object, area, detail)
		SELECT coalesce(max(id), 0) + 1, $1, $2, $3, $4, $5, $6 FROM audit`,
		database.Micros(s.opts.Now()), e.Actor, e.Action, e.Object, string(e.Area), e.Detail)
	if err != nil {
		return fmt.Errorf("write audit: %w", err)
	}
	return nil
}

// AuditLog lists up to limit lines, newest first, older than the given id (0:
// from the newest). Lines that lie in no area are shown only to callers whose
// scope is everything.
func (s *Store) AuditLog(ctx context.Context, scope devices.Scope, before int64, limit int) ([]Entry, error) {
	var list []Entry
	for len(list) < limit {
		page, err := s.auditPage(ctx, before, max(limit, 200))
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			before = e.ID
			if scope.Area(e.Area) && len(list) < limit {
				list = append(list, e)
			}
		}
		if len(page) < max(limit, 200) {
			break
		}
	}
	return list, nil
}

func (s *Store) auditPage(ctx context.Context, before int64, limit int) ([]Entry, error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	rows, err := s.db.Read.QueryContext(ctx, `SELECT id, at, actor, action, object, area, detail FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("read audit: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var page []Entry
	for rows.Next() {
		var e Entry
		var at int64
		if err := rows.Scan(&e.ID, &at, &e.Actor, &e.Action, &e.Object, &e.Area, &e.Detail); err != nil {
			return nil, fmt.Errorf("read audit: %w", err)
		}
		e.At = database.Time(at)
		page = append(page, e)
	}
	return page, rows.Err()
}
