package access

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
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

// chained is the hash of a line: it covers the line and the hash of the one
// before, so that a line that is changed or taken out breaks the chain.
func (e Entry) chained(before string) (string, error) {
	line, err := json.Marshal([]any{before, e.ID, database.Micros(e.At), e.Actor, e.Action, e.Object, e.Area, e.Detail})
	if err != nil {
		return "", fmt.Errorf("encode audit: %w", err)
	}
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:]), nil
}

// Audit adds a line; ID and At are given here.
func (s *Store) Audit(ctx context.Context, e Entry) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error { return s.addLine(ctx, tx, e) })
	if err != nil {
		return fmt.Errorf("write audit: %w", err)
	}
	return nil
}

// Audited is a context whose next change is written together with its line: none
// is there without the other. A line that cannot be written does not undo the
// change, and lost hears why.
func (s *Store) Audited(ctx context.Context, e Entry, lost func(error)) context.Context {
	return database.Also(ctx, func(tx *sql.Tx) error {
		if err := s.addLine(ctx, tx, e); err != nil {
			lost(fmt.Errorf("write audit: %w", err))
		}
		return nil
	})
}

func (s *Store) addLine(ctx context.Context, tx *sql.Tx, e Entry) error {
	var before string
	err := tx.QueryRowContext(ctx, `SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1`).Scan(&e.ID, &before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	e.ID++
	e.At = database.Time(database.Micros(s.opts.Now()))
	hash, err := e.chained(before)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO audit (id, at, actor, action, object, area, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		e.ID, database.Micros(e.At), e.Actor, e.Action, e.Object, string(e.Area), e.Detail, hash)
	return err
}

// AuditFilter selects lines; zero fields select everything in the scope. Lines
// that lie in no area are shown only to callers whose scope is everything.
type AuditFilter struct {
	Scope         devices.Scope
	Actor, Action string
	// Object is one that something was done to, Query a part of object or
	// detail.
	Object, Query string
	From, To      time.Time // To is not included
	Before        int64     // lines older than this id; 0: from the newest
	Limit         int
}

// AuditLog lists lines, newest first.
func (s *Store) AuditLog(ctx context.Context, f AuditFilter) ([]Entry, error) {
	var list []Entry
	for step := max(f.Limit, 200); len(list) < f.Limit; {
		page, err := s.auditPage(ctx, f, step)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			f.Before = e.ID
			if f.Scope.Area(e.Area) && len(list) < f.Limit {
				list = append(list, e)
			}
		}
		if len(page) < step {
			break
		}
	}
	return list, nil
}

func (s *Store) auditPage(ctx context.Context, f AuditFilter, limit int) ([]Entry, error) {
	if f.Before <= 0 {
		f.Before = 1<<63 - 1
	}
	to := int64(1<<63 - 1)
	if !f.To.IsZero() {
		to = database.Micros(f.To)
	}
	like := ""
	if f.Query != "" {
		like = "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(f.Query) + "%"
	}
	rows, err := s.db.Read.QueryContext(ctx, `SELECT id, at, actor, action, object, area, detail FROM audit
		WHERE id < $1 AND at >= $2 AND at < $3 AND ($4 = '' OR actor = $4) AND ($5 = '' OR action = $5) AND ($6 = '' OR object = $6)
		AND ($7 = '' OR object LIKE $7 ESCAPE '\' OR detail LIKE $7 ESCAPE '\') ORDER BY id DESC LIMIT $8`,
		f.Before, database.Micros(f.From), to, f.Actor, f.Action, f.Object, like, limit)
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

// BrokenError says at which line the audit log is not what was written.
type BrokenError struct{ ID int64 }

func (e *BrokenError) Error() string {
	return fmt.Sprintf("audit log: line %d is not what was written, or a line before it is gone", e.ID)
}

// VerifyAudit reads the whole log and returns how many lines are chained, and a
// *BrokenError at the first that does not fit. Lines from before there was a
// chain are at the beginning and are not counted.
func (s *Store) VerifyAudit(ctx context.Context) (lines int64, err error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT id, at, actor, action, object, area, detail, hash FROM audit ORDER BY id`)
	if err != nil {
		return 0, fmt.Errorf("read audit: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	before, last := "", int64(0)
	for rows.Next() {
		var e Entry
		var at int64
		var hash string
		if err := rows.Scan(&e.ID, &at, &e.Actor, &e.Action, &e.Object, &e.Area, &e.Detail, &hash); err != nil {
			return lines, fmt.Errorf("read audit: %w", err)
		}
		if e.ID != last+1 {
			return lines, &BrokenError{ID: e.ID}
		}
		last = e.ID
		if hash == "" && before == "" {
			continue
		}
		e.At = database.Time(at)
		want, err := e.chained(before)
		if err != nil {
			return lines, err
		}
		if hash != want {
			return lines, &BrokenError{ID: e.ID}
		}
		before, lines = hash, lines+1
	}
	return lines, rows.Err()
}
