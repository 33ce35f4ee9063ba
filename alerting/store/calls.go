package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

const callColumns = `id, alert, resident, area, direction, whom, number, started, seconds, result, actor, next_call, kept`

// AddCall keeps a call; what was promised about the same resident on the alert is
// kept by it.
func (t *tx) AddCall(c alerting.CallRecord, at time.Time) error {
	resident := ""
	if c.Resident != nil {
		resident = c.Resident.ID
	}
	if err := t.exec("keep promise", `UPDATE calls SET kept = $1 WHERE alert = $2 AND resident = $3 AND next_call > 0 AND kept = 0`,
		database.Micros(at), c.Alert, resident); err != nil {
		return err
	}
	return t.exec("write call", `INSERT INTO calls (`+callColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0)`,
		c.ID, c.Alert, resident, c.Area, c.Direction, c.Whom, c.Number, database.Micros(c.Started), c.Seconds, c.Result, c.By, micros(c.NextCall))
}

// NextCall is the earliest call that is promised for the alert, nil for none.
func (t *tx) NextCall(alert string) (*time.Time, error) {
	var next sql.NullInt64
	err := t.tx.QueryRowContext(t.ctx, `SELECT min(next_call) FROM calls WHERE alert = $1 AND next_call > 0 AND kept = 0`, alert).Scan(&next)
	if err != nil {
		return nil, fmt.Errorf("read promised calls: %w", err)
	}
	return pointer(next.Int64), nil
}

// moveCalls gives what is promised for one alert to another. The calls that were
// made stay where they were made.
func (t *tx) moveCalls(from, to string) error {
	return t.exec("move promised calls", `UPDATE calls SET alert = $1 WHERE alert = $2 AND next_call > 0 AND kept = 0`, to, from)
}

func scanCall(c *alerting.CallRecord, scan func(...any) error, more ...any) error {
	var resident string
	var started, next, kept int64
	into := []any{&c.ID, &c.Alert, &resident, &c.Area, &c.Direction, &c.Whom, &c.Number, &started, &c.Seconds, &c.Result, &c.By, &next, &kept}
	if err := scan(append(into, more...)...); err != nil {
		return err
	}
	if resident != "" {
		c.Resident = &alerting.ResidentRef{ID: resident}
	}
	c.Started, c.NextCall, c.KeptAt = database.Time(started), pointer(next), pointer(kept)
	return nil
}

// The columns of calls, in a statement with alerts beside it.
const (
	callsOfC    = `c.id, c.alert, c.resident, c.area, c.direction, c.whom, c.number, c.started, c.seconds, c.result, c.actor, c.next_call, c.kept`
	mostCalls   = 1000
	callsOfCase = ` FROM calls c JOIN alerts ON alerts.id = c.alert`
)

// callScope limits to calls about alerts that the caller may see.
func callScope(q *database.Query, s devices.Scope) {
	q.Inside("alerts.area", s.Areas...)
	if s.Vendor != "" {
		q.Where(`1 = 0`)
	}
	if s.Provider != "" {
		q.Where(`alerts.provider = ?`, s.Provider)
	}
}

// Calls lists the calls about alerts in the scope, oldest first.
func (s *Store) Calls(ctx context.Context, f alerting.CallFilter) ([]alerting.CallRecord, error) {
	q := &database.Query{}
	callScope(q, f.Scope)
	if f.Alert != "" {
		q.Where(`c.alert = ?`, f.Alert)
	}
	limit := f.Limit
	if limit <= 0 || limit > mostCalls {
		limit = mostCalls
	}
	all := []alerting.CallRecord{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var c alerting.CallRecord
		if err := scanCall(&c, r.Scan); err != nil {
			return err
		}
		all = append(all, c)
		return nil
	}, fmt.Sprintf(`SELECT %s%s%s ORDER BY c.started, c.id LIMIT %d`, callsOfC, callsOfCase, q.SQL(), limit), q.Args()...)
	if err != nil {
		return nil, fmt.Errorf("list calls: %w", err)
	}
	return all, nil
}

// Callbacks lists the calls that are promised until then and were not made yet,
// about alerts in the scope that are not closed, the most overdue first.
func (s *Store) Callbacks(ctx context.Context, scope devices.Scope, until time.Time) ([]alerting.Callback, error) {
	q := &database.Query{}
	callScope(q, scope)
	q.Where(`c.next_call > 0 AND c.kept = 0 AND alerts.state <> 'closed' AND c.next_call <= ?`, database.Micros(until))
	all := []alerting.Callback{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var b alerting.Callback
		var assignee, name, of string
		if err := scanCall(&b.CallRecord, r.Scan, &b.Kind, &b.Severity, &b.State, &assignee, &of, &name); err != nil {
			return err
		}
		b.Due, b.Assignee = *b.NextCall, textPointer(assignee)
		if b.Resident != nil && b.Resident.ID == of {
			b.Resident.Name = name
		}
		all = append(all, b)
		return nil
	}, fmt.Sprintf(`SELECT %s, alerts.kind, alerts.severity, alerts.state, alerts.assignee, alerts.resident, alerts.resident_name%s%s ORDER BY c.next_call, c.id LIMIT %d`,
		callsOfC, callsOfCase, q.SQL(), mostCalls), q.Args()...)
	if err != nil {
		return nil, fmt.Errorf("list promised calls: %w", err)
	}
	return all, nil
}
