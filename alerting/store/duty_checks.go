package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

const dutyCheckColumns = `id, area, asked, until_at, answered, actor`

func scanDutyCheck(scan func(...any) error) (alerting.DutyCheck, error) {
	var c alerting.DutyCheck
	var asked, until, answered int64
	err := scan(&c.ID, &c.Area, &asked, &until, &answered, &c.By)
	c.Asked, c.Until, c.Answered = database.Time(asked), database.Time(until), pointer(answered)
	return c, err
}

// PutDutyCheck enters a test of a desk; of two with the same id the first is kept.
func (s *Store) PutDutyCheck(ctx context.Context, c alerting.DutyCheck) error {
	return s.db.Tx(ctx, func(q *sql.Tx) error {
		_, err := q.ExecContext(ctx, `INSERT INTO duty_checks (`+dutyCheckColumns+`, told) VALUES ($1, $2, $3, $4, 0, $5, 0) ON CONFLICT (id) DO NOTHING`,
			c.ID, string(c.Area), database.Micros(c.Asked), database.Micros(c.Until), c.By)
		if err != nil {
			return fmt.Errorf("write test of a desk: %w", err)
		}
		return nil
	})
}

// DutyChecks lists the tests that were asked in [from, to) of desks in the scope,
// oldest first. What was drawn and is still to come is nobody's to know.
func (s *Store) DutyChecks(ctx context.Context, scope devices.Scope, area devices.AreaPath, from, to, now time.Time) ([]alerting.DutyCheck, error) {
	cond := &database.Query{}
	cond.Inside("area", scope.Areas...)
	cond.Inside("area", area)
	cond.Where(`asked >= ?`, database.Micros(from))
	cond.Where(`asked < ?`, database.Micros(to))
	cond.Where(`asked <= ?`, database.Micros(now))
	list := []alerting.DutyCheck{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		c, err := scanDutyCheck(r.Scan)
		list = append(list, c)
		return err
	}, `SELECT `+dutyCheckColumns+` FROM duty_checks`+cond.SQL()+` ORDER BY asked, id`, cond.Args()...)
	if err != nil {
		return nil, fmt.Errorf("read tests of desks: %w", err)
	}
	return list, nil
}

// AnswerDutyCheck notes the first answer to a test that is asked now.
func (s *Store) AnswerDutyCheck(ctx context.Context, scope devices.Scope, id string, by alerting.Actor, at time.Time) (alerting.DutyCheck, error) {
	var c alerting.DutyCheck
	err := s.db.Tx(ctx, func(q *sql.Tx) error {
		cond := &database.Query{}
		cond.Inside("area", scope.Areas...)
		cond.Where(`id = ?`, id)
		cond.Where(`asked <= ?`, database.Micros(at))
		var err error
		c, err = scanDutyCheck(q.QueryRowContext(ctx, `SELECT `+dutyCheckColumns+` FROM duty_checks`+cond.SQL(), cond.Args()...).Scan)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			return alerting.ErrNotFound
		case err != nil:
			return fmt.Errorf("read test of a desk: %w", err)
		case c.Answered != nil:
			return &alerting.StateError{Action: "answer", State: "answered", By: c.By}
		case at.After(c.Until):
			return &alerting.StateError{Action: "answer", State: "over"}
		}
		at = at.UTC().Truncate(time.Microsecond)
		c.Answered, c.By = &at, by.User
		_, err = q.ExecContext(ctx, `UPDATE duty_checks SET answered = $1, actor = $2 WHERE id = $3`, database.Micros(at), by.User, id)
		return err
	})
	return c, err
}

// PutUncovered keeps hours in which nobody could be told, each once.
func (s *Store) PutUncovered(ctx context.Context, of []alerting.Uncovered) error {
	if len(of) == 0 {
		return nil
	}
	return s.db.Tx(ctx, func(q *sql.Tx) error {
		for _, u := range of {
			_, err := q.ExecContext(ctx, `INSERT INTO duty_uncovered (area, from_at, to_at) VALUES ($1, $2, $3) ON CONFLICT (area, from_at) DO NOTHING`,
				string(u.Area), database.Micros(u.From), database.Micros(u.To))
			if err != nil {
				return fmt.Errorf("write uncovered hour: %w", err)
			}
		}
		return nil
	})
}

// Uncovered are the times in [from, to) in which nobody could be told of a red
// alert in an area.
func (s *Store) Uncovered(ctx context.Context, scope devices.Scope, area devices.AreaPath, from, to time.Time) ([]alerting.Uncovered, error) {
	cond := &database.Query{}
	cond.Inside("area", scope.Areas...)
	cond.Inside("area", area)
	cond.Where(`from_at >= ?`, database.Micros(from))
	cond.Where(`from_at < ?`, database.Micros(to))
	list := []alerting.Uncovered{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var u alerting.Uncovered
		var from, to int64
		err := r.Scan(&u.Area, &from, &to)
		u.From, u.To = database.Time(from), database.Time(to)
		list = append(list, u)
		return err
	}, `SELECT area, from_at, to_at FROM duty_uncovered`+cond.SQL()+` ORDER BY from_at, area`, cond.Args()...)
	if err != nil {
		return nil, fmt.Errorf("read uncovered hours: %w", err)
	}
	return list, nil
}

// MissDutyChecks writes the notices about tests that are over and were not
// answered, each once.
func (s *Store) MissDutyChecks(ctx context.Context, now time.Time, tell func(alerting.DutyCheck) ([]alerting.Notice, error)) error {
	const missed = ` FROM duty_checks WHERE answered = 0 AND told = 0 AND until_at < $1`
	var n int
	if err := s.db.Read.QueryRowContext(ctx, `SELECT count(*)`+missed, database.Micros(now)).Scan(&n); err != nil || n == 0 {
		return err
	}
	return s.Tx(ctx, func(t alerting.Tx) error {
		q := t.(*tx) //nolint:forcetypeassert // our own
		var list []alerting.DutyCheck
		err := each(ctx, q.tx, func(r *sql.Rows) error {
			c, err := scanDutyCheck(r.Scan)
			list = append(list, c)
			return err
		}, `SELECT `+dutyCheckColumns+missed, database.Micros(now))
		if err != nil {
			return fmt.Errorf("read tests of desks: %w", err)
		}
		for _, c := range list {
			if err := q.exec("note a missed test", `UPDATE duty_checks SET told = $1 WHERE id = $2`, database.Micros(now), c.ID); err != nil {
				return err
			}
			notices, err := tell(c)
			if err != nil {
				return err
			}
			for _, n := range notices {
				if err := t.AddNotice(n); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
