package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/devices/database"
)

// Planned says whether a visit with that key was made before.
func (t *tx) Planned(key string) (bool, error) {
	var one int
	err := t.tx.QueryRowContext(t.ctx, `SELECT 1 FROM visits WHERE plan_key = $1 AND plan_key <> ''`, key).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read plan: %w", err)
	}
	return true, nil
}

func (s *Store) visits(ctx context.Context, rest string, args ...any) ([]alerting.Visit, error) {
	list := []alerting.Visit{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		v, err := scanVisit(r.Scan)
		if err == nil {
			list = append(list, *v)
		}
		return err
	}, `SELECT `+visitColumns+` FROM visits v WHERE `+rest, args...)
	if err != nil {
		return nil, fmt.Errorf("list visits: %w", err)
	}
	return list, nil
}

// VisitsBetween are the visits that were due, were reported or were settled in
// [from, to), and with open those that are still to come, by the time they are
// due.
func (s *Store) VisitsBetween(ctx context.Context, from, to time.Time, open bool) ([]alerting.Visit, error) {
	// Sort keys of visits still to come begin with 0.
	return s.visits(ctx, `due >= $1 AND due < $2 OR report_at >= $1 AND report_at < $2 OR settled_at >= $1 AND settled_at < $2
OR $3 = 1 AND sort_key < '1' ORDER BY due, id`, database.Micros(from), database.Micros(to), bit(open))
}

// OpenVisits are those still to come, by the time they are due.
func (s *Store) OpenVisits(ctx context.Context) ([]alerting.Visit, error) {
	return s.visits(ctx, `sort_key < '1' ORDER BY sort_key`) // see visitSortKey
}

// LastPlanned is when a visit was last planned, zero for never.
func (s *Store) LastPlanned(ctx context.Context) (time.Time, error) {
	var at int64
	if err := s.db.Read.QueryRowContext(ctx, `SELECT COALESCE(max(created), 0) FROM visits WHERE plan_key <> ''`).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("read last plan: %w", err)
	}
	return database.Time(at), nil
}

// LastRoutine is of each resident the newest routine visit that is over and was
// not taken back, nor settled by a contact.
func (s *Store) LastRoutine(ctx context.Context) (map[string]alerting.Visit, error) {
	list, err := s.visits(ctx, `plan = 'routine' AND plan_key <> '' AND settled_at = 0 AND state IN ('reported', 'canceled')
AND due = (SELECT MAX(o.due) FROM visits o WHERE o.plan = 'routine' AND o.resident = v.resident AND o.plan_key <> '' AND o.settled_at = 0
AND o.state IN ('reported', 'canceled'))`)
	if err != nil {
		return nil, err
	}
	of := make(map[string]alerting.Visit, len(list))
	for _, v := range list {
		of[v.Resident.ID] = v
	}
	return of, nil
}

// LastHome is when a home visit to each resident was last reported.
func (s *Store) LastHome(ctx context.Context) (map[string]time.Time, error) {
	of := map[string]time.Time{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var id string
		var at int64
		err := r.Scan(&id, &at)
		of[id] = database.Time(at)
		return err
	}, `SELECT resident, MAX(report_at) FROM visits WHERE report_uuid <> '' AND kind = 'home' AND resident <> ''
AND report_outcome NOT IN ('away', 'duplicate', 'test') GROUP BY resident`)
	if err != nil {
		return nil, fmt.Errorf("list home visits: %w", err)
	}
	return of, nil
}

// ContactsAfter are the contacts that were made since, by time.
func (s *Store) ContactsAfter(ctx context.Context, since time.Time) ([]alerting.Contact, error) {
	var list []alerting.Contact
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var c alerting.Contact
		var at, recorded int64
		err := r.Scan(&c.Resident, &recorded, &at, &c.Alert, &c.How, &c.Actor)
		c.At, c.Recorded = database.Time(at), database.Time(recorded)
		list = append(list, c)
		return err
		// Nothing happens later than it is recorded.
	}, `SELECT resident, recorded, at, alert, how, actor FROM alert_contacts WHERE recorded >= $1 AND at >= $1 ORDER BY at, resident`, database.Micros(since))
	if err != nil {
		return nil, fmt.Errorf("list contacts: %w", err)
	}
	return list, nil
}

// RemindersDue are the visits of which a reminder is due.
func (s *Store) RemindersDue(ctx context.Context, now time.Time) ([]string, error) {
	return s.ids(ctx, `SELECT id FROM visits WHERE remind_at > 0 AND remind_at <= $1 ORDER BY remind_at, id`, database.Micros(now))
}
