package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

const visitColumns = `id, alert, resident, resident_name, area, state, assignee, provider, due, created, started,
report_uuid, report_outcome, report_note, report_at, report_by, report_received,
kind, plan, plan_key, arrived_at, left_at, report_cause, reminded, remind_at, settled_at, settled_how, settled_by, report_more`

func scanVisit(scan func(...any) error) (*alerting.Visit, error) {
	var v alerting.Visit
	var r alerting.Report
	var alert, resident, name, assignee, provider, more string
	var due, created, started, at, received, arrived, left, remind, settled int64
	var done alerting.Settled
	err := scan(&v.ID, &alert, &resident, &name, &v.Area, &v.State, &assignee, &provider, &due, &created, &started,
		&r.UUID, &r.Outcome, &r.Note, &at, &r.By, &received,
		&v.Kind, &v.Plan, &v.PlanKey, &arrived, &left, &r.Cause, &v.Reminded, &remind, &settled, &done.How, &done.By, &more)
	if err != nil {
		return nil, err
	}
	v.Alert, v.Assignee, v.Provider = textPointer(alert), textPointer(assignee), textPointer(provider)
	if resident != "" {
		v.Resident = &alerting.ResidentRef{ID: resident, Name: name}
	}
	v.Due, v.Created, v.Started = database.Time(due), database.Time(created), pointer(started)
	v.Arrived, v.Left, v.RemindAt = pointer(arrived), pointer(left), database.Time(remind)
	if settled != 0 {
		done.At = database.Time(settled)
		v.Settled = &done
	}
	if r.UUID != "" {
		r.At, r.Received = database.Time(at), database.Time(received)
		if err := readMore(more, &r.ReportMore); err != nil {
			return nil, err
		}
		v.Report = &r
	}
	return &v, nil
}

// newestVisit is the visit that was last created for the alert, nil without.
func newestVisit(ctx context.Context, q queryer, alert string) (*alerting.Visit, error) {
	row := q.QueryRowContext(ctx, `SELECT `+visitColumns+` FROM visits WHERE alert = $1 AND alert <> '' ORDER BY created DESC, id DESC LIMIT 1`, alert)
	v, err := scanVisit(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil //nolint:nilnil // an alert without a visit is the ordinary case
	}
	if err != nil {
		return nil, fmt.Errorf("read visit of alert %s: %w", alert, err)
	}
	return v, nil
}

func (t *tx) Visit(id string) (*alerting.Visit, error) {
	v, err := scanVisit(t.tx.QueryRowContext(t.ctx, `SELECT `+visitColumns+` FROM visits WHERE id = $1`, id).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("visit %s: %w", id, alerting.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read visit %s: %w", id, err)
	}
	return v, nil
}

func (t *tx) VisitsOf(alert string) ([]*alerting.Visit, error) {
	var all []*alerting.Visit
	err := each(t.ctx, t.tx, func(r *sql.Rows) error {
		v, err := scanVisit(r.Scan)
		all = append(all, v)
		return err
	}, `SELECT `+visitColumns+` FROM visits WHERE alert = $1 AND alert <> '' ORDER BY created, id`, alert)
	if err != nil {
		return nil, fmt.Errorf("read visits of alert %s: %w", alert, err)
	}
	return all, nil
}

func (t *tx) ReportOf(uuid string) (string, bool, error) {
	var id string
	err := t.tx.QueryRowContext(t.ctx, `SELECT id FROM visits WHERE report_uuid = $1 AND report_uuid <> ''
UNION ALL SELECT visit FROM visit_reports WHERE uuid = $1`, uuid).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, fmt.Errorf("read report %s: %w", uuid, err)
	}
	return id, true, nil
}

func (t *tx) PutReport(visit, uuid string) error {
	return t.exec("write report", `INSERT INTO visit_reports (uuid, visit) VALUES ($1, $2)`, uuid, visit)
}

func (t *tx) PutVisit(v *alerting.Visit) error {
	var resident alerting.ResidentRef
	if v.Resident != nil {
		resident = *v.Resident
	}
	var r alerting.Report
	if v.Report != nil {
		r = *v.Report
	}
	remind := v.RemindAt
	if !v.State.Active() {
		remind = time.Time{}
	}
	var s alerting.Settled
	if v.Settled != nil {
		s = *v.Settled
	}
	more, err := writeMore(r.ReportMore)
	if err != nil {
		return err
	}
	if err := t.hold(v); err != nil {
		return err
	}
	return t.exec("write visit", `INSERT INTO visits (`+visitColumns+`, sort_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
$18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, assignee = excluded.assignee, provider = excluded.provider,
due = excluded.due, started = excluded.started, report_uuid = excluded.report_uuid, report_outcome = excluded.report_outcome,
report_note = excluded.report_note, report_at = excluded.report_at, report_by = excluded.report_by,
report_received = excluded.report_received, arrived_at = excluded.arrived_at, left_at = excluded.left_at,
report_cause = excluded.report_cause, reminded = excluded.reminded, remind_at = excluded.remind_at,
settled_at = excluded.settled_at, settled_how = excluded.settled_how, settled_by = excluded.settled_by, report_more = excluded.report_more, sort_key = excluded.sort_key`,
		v.ID, text(v.Alert), resident.ID, resident.Name, v.Area, v.State, text(v.Assignee), text(v.Provider),
		database.Micros(v.Due), database.Micros(v.Created), micros(v.Started),
		r.UUID, r.Outcome, r.Note, database.Micros(r.At), r.By, database.Micros(r.Received),
		cmp.Or(v.Kind, alerting.HomeVisit), v.Plan, v.PlanKey, micros(v.Arrived), micros(v.Left), r.Cause, v.Reminded, database.Micros(remind),
		database.Micros(s.At), s.How, s.By, more, visitSortKey(v))
}

// visitSortKey is the order of visits: those still to come by the time they are
// due, then the others, newest first.
func visitSortKey(v *alerting.Visit) string {
	if v.State.Active() {
		return fmt.Sprintf("0%019d%s", database.Micros(v.Due), v.ID)
	}
	return fmt.Sprintf("1%019d%s", math.MaxInt64-database.Micros(v.Created), v.ID)
}

// Visit returns one visit that lies in the scope, or alerting.ErrNotFound.
func (s *Store) Visit(ctx context.Context, scope devices.Scope, id string) (alerting.Visit, error) {
	cond := &database.Query{}
	inScope(cond, scope)
	cond.Where(`id = ?`, id)
	v, err := scanVisit(s.db.Read.QueryRowContext(ctx, `SELECT `+visitColumns+` FROM visits`+cond.SQL(), cond.Args()...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return alerting.Visit{}, fmt.Errorf("visit %s: %w", id, alerting.ErrNotFound)
	}
	if err != nil {
		return alerting.Visit{}, fmt.Errorf("read visit %s: %w", id, err)
	}
	return *v, nil
}

// Visits lists visits: those still to come by the time they are due, then the
// others, newest first.
func (s *Store) Visits(ctx context.Context, f alerting.VisitFilter) (alerting.VisitPage, error) {
	page := alerting.VisitPage{Items: []alerting.Visit{}}
	cond, limit, err := begin(f.Cursor, f.Limit)
	if err != nil {
		return page, err
	}
	inScope(cond, f.Scope)
	database.In(cond, "state", f.State)
	for _, eq := range []struct{ column, value string }{{"alert", f.Alert}, {"resident", f.Resident}, {"assignee", f.Assignee}} {
		if eq.value != "" {
			cond.Where(eq.column+` = ?`, eq.value)
		}
	}
	if f.Area != "" {
		cond.Inside("area", f.Area)
	}
	database.In(cond, "kind", f.Kind)
	database.In(cond, "plan", f.Plan)
	if !f.OverdueAt.IsZero() {
		cond.Where(`state IN ('planned', 'started') AND due < ?`, database.Micros(f.OverdueAt))
	}
	if !f.Since.IsZero() {
		cond.Where(`(report_received = 0 OR report_received >= ?)`, database.Micros(f.Since))
	}
	if !f.DueBefore.IsZero() {
		cond.Where(`due < ?`, database.Micros(f.DueBefore))
	}
	var last string
	err = each(ctx, s.db.Read, func(r *sql.Rows) error {
		if len(page.Items) == limit {
			page.Next = database.Cursor(last)
			return nil
		}
		v, err := scanVisit(func(into ...any) error { return r.Scan(append([]any{&last}, into...)...) })
		if err != nil {
			return err
		}
		page.Items = append(page.Items, *v)
		return nil
	}, fmt.Sprintf(`SELECT sort_key, %s FROM visits%s ORDER BY sort_key LIMIT %d`, visitColumns, cond.SQL(), limit+1), cond.Args()...)
	if err != nil {
		return page, fmt.Errorf("list visits: %w", err)
	}
	return page, nil
}

// begin starts the conditions of a list with its cursor, the sort key of the
// last line of the page before.
func begin(after string, limit int) (*database.Query, int, error) {
	key, err := database.Key(after)
	if err != nil {
		return nil, 0, err
	}
	q := &database.Query{}
	q.Where(`sort_key > ?`, key)
	return q, database.Limit(limit), nil
}
