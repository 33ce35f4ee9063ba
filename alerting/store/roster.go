package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/roster"
	"shouwang/devices"
	"shouwang/devices/database"
)

// Duty is what the store must know, beside what was entered, to say who is told.
// Its fields are set before the store is used.
type Duty struct {
	Zone *time.Location // of the county; UTC without
	// People are all who can be told, from memory; nil: nobody.
	People func() *roster.People
	// Reachable says whether somebody can be told at a time; nil: nobody can.
	Reachable func(user string, at time.Time) bool

	mu  sync.Mutex // over a change, in SQL and in memory
	now atomic.Pointer[roster.Roster]
}

func (d *Duty) people() *roster.People {
	if d.People == nil {
		return nil
	}
	return d.People()
}

// SetPeople says who can be told, before the store is used.
func (s *Store) SetPeople(people func() *roster.People) { s.Duty.People = people }

// Roster is what was entered: policies, rotas and all that goes with them.
func (s *Store) Roster() *roster.Roster {
	if r := s.Duty.now.Load(); r != nil {
		return r
	}
	return s.Duty.none()
}

// none is a roster into which nothing was entered.
func (d *Duty) none() *roster.Roster {
	if d.Zone == nil {
		return roster.New(time.UTC)
	}
	return roster.New(d.Zone)
}

// Callout says who is told of a case and when.
func (s *Store) Callout(now time.Time, c *alerting.Case, tier devices.Tier, rules *alerting.Rules) alerting.Callout {
	return s.Roster().Callout(now, asked(c, tier), rules, s.Duty.people(), s.Duty.Reachable)
}

func asked(c *alerting.Case, tier devices.Tier) roster.Asked {
	return roster.Asked{Kind: c.Kind, Severity: c.Severity, Tier: tier, Area: c.Area, Provider: c.Provider}
}

// CalloutAt says who would be told of an alert.
func (s *Store) CalloutAt(at time.Time, a roster.Asked) alerting.Callout {
	rules := s.Rules(at, alerting.RuleScope{Area: a.Area, Tier: a.Tier})
	return s.Roster().Callout(at, a, rules, s.Duty.people(), s.Duty.Reachable)
}

// Coverage looks at who could be told of a red alert in the hours from a time on.
// reachable says whether somebody can be told at a time to come.
func (s *Store) Coverage(villages []roster.Village, from time.Time, hours int, reachable func(string, time.Time) bool) []roster.Gap {
	rules := func(a devices.AreaPath) *alerting.Rules { return s.Rules(from, alerting.RuleScope{Area: a}) }
	return s.Roster().Coverage(villages, from, hours, rules, s.Duty.people(), reachable)
}

// ChangeRoster enters a change, which holds from now on, and returns its version.
// What cannot stand is refused with an *alerting.InputError.
func (s *Store) ChangeRoster(ctx context.Context, c roster.Change) (int64, error) {
	if c.Reason == "" {
		return 0, &alerting.InputError{Field: "reason", Rule: "must not be empty"}
	}
	s.Duty.mu.Lock()
	defer s.Duty.mu.Unlock()
	was := s.Roster()
	if err := was.Check(c, s.Duty.people()); err != nil {
		return 0, err
	}
	next, err := was.With(c)
	if err != nil {
		return 0, err
	}
	c.Held = s.Now().UTC().Truncate(time.Microsecond)
	err = s.db.Tx(ctx, func(q *sql.Tx) error {
		if err := q.QueryRowContext(ctx, `SELECT coalesce(max(version), 0) + 1 FROM duty_changes`).Scan(&c.Version); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, `INSERT INTO duty_changes (version, held, what, id, area, body, actor, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, c.Version, database.Micros(c.Held), c.What, c.ID, string(c.Area), string(c.Body), c.By, c.Reason)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("write roster: %w", err)
	}
	s.Duty.now.Store(next)
	return c.Version, nil
}

// LoadRoster reads what was entered into memory. Load does so too.
func (s *Store) LoadRoster(ctx context.Context) error {
	s.Duty.mu.Lock()
	defer s.Duty.mu.Unlock()
	r := s.Duty.none()
	err := each(ctx, s.db.Read, func(rows *sql.Rows) error {
		c, err := scanRosterChange(rows.Scan)
		if err != nil {
			return err
		}
		r, err = r.With(c)
		return err
	}, `SELECT `+rosterColumns+` FROM duty_changes ORDER BY version`)
	if err != nil {
		return fmt.Errorf("roster: %w", err)
	}
	s.Duty.now.Store(r)
	return nil
}

const rosterColumns = `version, held, what, id, area, body, actor, reason`

func scanRosterChange(scan func(...any) error) (roster.Change, error) {
	var c roster.Change
	var held int64
	var body string
	err := scan(&c.Version, &held, &c.What, &c.ID, &c.Area, &body, &c.By, &c.Reason)
	c.Held, c.Body = database.Time(held), json.RawMessage(body)
	return c, err
}

// RosterChanges lists the newest changes that see is true of, newest first.
func (s *Store) RosterChanges(ctx context.Context, limit int, see func(devices.AreaPath) bool) ([]roster.Change, error) {
	list := []roster.Change{}
	err := each(ctx, s.db.Read, func(rows *sql.Rows) error {
		c, err := scanRosterChange(rows.Scan)
		if err == nil && len(list) < limit && see(c.Area) {
			list = append(list, c)
		}
		return err
	}, `SELECT `+rosterColumns+` FROM duty_changes ORDER BY version DESC`)
	if err != nil {
		return nil, fmt.Errorf("list roster changes: %w", err)
	}
	return list, nil
}

// AddSeen keeps that the case was shown to a person since it last rang.
func (t *tx) AddSeen(c *alerting.Case, person, via string, at time.Time) (bool, error) {
	res, err := t.tx.ExecContext(t.ctx, `INSERT INTO alert_seen (alert, rung, person, at, via) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (alert, rung, person) DO NOTHING`, c.ID, database.Micros(c.Rung()), person, database.Micros(at), via)
	if err != nil {
		return false, fmt.Errorf("write seen: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// Delivered keeps that an alert has arrived where a person is: on a board they
// watch, or by a channel that gave a receipt. One that nobody was known to have
// seen is so from then on. For an alert that is gone it does nothing.
func (s *Store) Delivered(ctx context.Context, alert, person, via string, at time.Time) error {
	at = at.UTC().Truncate(time.Microsecond)
	return s.Tx(ctx, func(t alerting.Tx) error {
		err := alerting.Delivered(t, alert, person, via, at)
		if errors.Is(err, alerting.ErrNotFound) {
			return nil
		}
		return err
	})
}

// ringing is the event by which an alert rings: the first that is no older.
const rungAt = `CASE WHEN a.clock_at > a.rang_at AND a.waits_until = 0 THEN a.clock_at ELSE a.rang_at END`

// Seen keeps that a person's board has shown all that rings in their areas by
// events after the one number and up to the other, and returns of how many alerts
// that is news.
func (s *Store) Seen(ctx context.Context, person string, scope devices.Scope, after, upTo int64, at time.Time) (int, error) {
	at = at.UTC().Truncate(time.Microsecond)
	cond := &database.Query{}
	cond.Where(`a.state = 'open' AND a.late = 0`)
	cond.Inside("a.area", scope.Areas...)
	if scope.Provider != "" {
		cond.Where(`a.provider = ?`, scope.Provider)
	}
	cond.Where(`NOT EXISTS (SELECT 1 FROM alert_seen s WHERE s.alert = a.id AND s.rung = `+rungAt+` AND s.person = ?)`, person)
	cond.Where(`(SELECT min(e.number) FROM alert_events e WHERE e.alert = a.id AND e.at >= `+rungAt+`) BETWEEN ? AND ?`, after+1, upTo)
	ids, err := s.ids(ctx, `SELECT a.id FROM alerts a`+cond.SQL(), cond.Args()...)
	if err != nil {
		return 0, fmt.Errorf("read what was seen: %w", err)
	}
	if len(ids) == 0 {
		return 0, nil
	}
	err = s.Tx(ctx, func(t alerting.Tx) error {
		for _, id := range ids {
			if err := alerting.Delivered(t, id, person, alerting.ViaBoard, at); err != nil && !errors.Is(err, alerting.ErrNotFound) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("write what was seen: %w", err)
	}
	return len(ids), nil
}

// SeenBy lists who has seen an alert, or has it where they carry it, first to
// last, of all its ringing.
func (s *Store) SeenBy(ctx context.Context, alert string) ([]alerting.Sighting, error) {
	list := []alerting.Sighting{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var one alerting.Sighting
		var rung, at int64
		err := r.Scan(&one.Person, &one.Via, &at, &rung)
		one.At, one.Rung = database.Time(at), database.Time(rung)
		list = append(list, one)
		return err
	}, `SELECT person, via, at, rung FROM alert_seen WHERE alert = $1 ORDER BY at, person`, alert)
	if err != nil {
		return nil, fmt.Errorf("read who has seen alert %s: %w", alert, err)
	}
	return list, nil
}

// TellGaps asks for a notice to each person of each area with gaps, once a day.
func (s *Store) TellGaps(ctx context.Context, notices []alerting.Notice) error {
	if len(notices) == 0 {
		return nil
	}
	return s.Tx(ctx, func(t alerting.Tx) error {
		for _, n := range notices {
			if err := t.AddNotice(n); err != nil {
				return err
			}
		}
		return nil
	})
}
