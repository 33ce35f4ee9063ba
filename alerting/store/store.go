// Package store keeps alerts, visits, their numbered events, the rules and the
// engine's checkpoints in SQL. It decides nothing: package alerting says what
// changes, this one writes it in one transaction and answers lists.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"shouwang/alerting"
	"shouwang/devices/database"
)

var _ alerting.Book = (*Store)(nil)

// Store is the SQL side of alerting.
type Store struct {
	// Now is the clock by which contacts are recorded and rules begin to hold;
	// New sets it to time.Now. It is changed before the store is used.
	Now func() time.Time
	// Zone is the county's, for the rules; nil leaves their own clock. It is set
	// before Load.
	Zone *time.Location

	// Duty says who can be told, and in which time zone the rotas are.
	Duty Duty

	db *database.DB

	// mu guards what records are judged by. A write takes it before it notes
	// its time and holds it over the commit: whoever asks about a later moment
	// waits those milliseconds and sees it, whoever asked before asked about an
	// earlier moment. So live and in a replay a record sees the same.
	mu       sync.RWMutex
	rules    *alerting.Rulebook
	contacts map[string][]contact // of each resident, by time of recording
	reached  []reached            // all of them, by time of recording
	unusual  map[string]*oddities // of each resident
	silences map[silent][]*silence
	noted    time.Time // the newest time that was noted

	older atomic.Bool // states written by an older release are there

	wakeMu  sync.Mutex
	wake    chan struct{}
	noticed chan struct{}
}

// New makes a store on an open database. Load reads what it keeps in memory.
func New(db *database.DB) *Store {
	return &Store{
		Now: time.Now, db: db, rules: alerting.NewRulebook(), contacts: map[string][]contact{}, unusual: map[string]*oddities{}, wake: make(chan struct{}),
		silences: map[silent][]*silence{}, noticed: make(chan struct{}),
	}
}

// Tx runs fn in one write transaction and, once it is committed, wakes who
// waits for events and takes over what is kept in memory.
func (s *Store) Tx(ctx context.Context, fn func(alerting.Tx) error) error {
	t := &tx{ctx: ctx}
	err := s.write(ctx, func(q *sql.Tx, note func() time.Time) error {
		t.tx = q
		if err := fn(t); err != nil {
			return err
		}
		if err := t.writeContacts(note); err != nil {
			return err
		}
		if err := t.writeLabels(note); err != nil {
			return err
		}
		return t.writeSilences(note)
	}, func() {
		for i := range t.labels {
			s.rememberLabel(&t.labels[i])
		}
		s.rememberSilences(t.silences)
		for _, c := range t.contacts {
			s.remember(c)
		}
	})
	if err != nil {
		return err
	}
	if t.events > 0 || t.beats > 0 {
		s.wakeMu.Lock()
		close(s.wake)
		s.wake = make(chan struct{})
		s.wakeMu.Unlock()
	}
	if t.notices > 0 {
		s.wakeOutbox()
	}
	return nil
}

// write runs fn in one write transaction. note gives the time from which what is
// written holds; after it fn may ask nothing of memory, which is locked until
// remember has brought it up to date.
func (s *Store) write(ctx context.Context, fn func(q *sql.Tx, note func() time.Time) error, remember func()) error {
	locked, noted := false, time.Time{}
	defer func() {
		if locked {
			s.mu.Unlock()
		}
	}()
	err := s.db.Tx(ctx, func(q *sql.Tx) error {
		return fn(q, func() time.Time {
			if !locked {
				s.mu.Lock()
				locked = true
				noted = s.Now().UTC().Truncate(time.Microsecond)
				// A clock set back must not put this before what it comes after.
				if noted.Before(s.noted) {
					noted = s.noted
				}
			}
			return noted
		})
	})
	if err != nil {
		return err
	}
	if locked {
		s.noted = noted
		remember()
	}
	return nil
}

// Changed returns a channel that is closed when the next events are committed.
// Ask for it first, read the events, then wait: so none is missed.
func (s *Store) Changed() <-chan struct{} {
	s.wakeMu.Lock()
	defer s.wakeMu.Unlock()
	return s.wake
}

// tx is one write transaction. It lives no longer than the call that made it,
// which is why it may hold the context.
type tx struct {
	ctx      context.Context //nolint:containedctx // see above
	tx       *sql.Tx
	contacts []alerting.Contact // written when all else is
	labels   []alerting.Label   // the same
	silences []silenceChange    // likewise
	events   int
	notices  int
	beats    int
	// head is the hash of the event headOf, the last that was written; 0 for none.
	head   string
	headOf int64
}

func (t *tx) exec(what, query string, args ...any) error {
	if _, err := t.tx.ExecContext(t.ctx, query, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// queryer is a transaction or a pool.
type queryer interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// each runs the query and hands every row to scan.
func each(ctx context.Context, q queryer, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err says it
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *Store) ids(ctx context.Context, query string, args ...any) ([]string, error) {
	var ids []string
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var id string
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, query, args...)
	return ids, err
}

// EscalationsDue lists the open alerts of which a step is due, of which people are
// to be told again, or which waited for the morning, or which nobody has seen in time.
func (s *Store) EscalationsDue(ctx context.Context, now time.Time) ([]string, error) {
	return s.ids(ctx, `SELECT id FROM (SELECT id, escalate_at AS due FROM alerts WHERE escalate_at > 0 AND escalate_at <= $1
UNION ALL SELECT id, waits_until FROM alerts WHERE waits_until > 0 AND waits_until <= $1 AND state = 'open'
UNION ALL SELECT id, again_at FROM alerts WHERE again_at > 0 AND again_at <= $1 AND state = 'open'
UNION ALL SELECT id, see_by FROM alerts WHERE see_by > 0 AND see_by <= $1 AND state = 'open') AS steps
GROUP BY id ORDER BY min(due), id`, database.Micros(now))
}

// AcksDue lists the acknowledged alerts whose countdown has run out.
func (s *Store) AcksDue(ctx context.Context, now time.Time) ([]string, error) {
	return s.ids(ctx, `SELECT id FROM alerts WHERE ack_due > 0 AND ack_due <= $1 ORDER BY ack_due, id`, database.Micros(now))
}

// RaisesDue lists the closed alerts that are due to come back.
func (s *Store) RaisesDue(ctx context.Context, now time.Time) ([]string, error) {
	return s.ids(ctx, `SELECT id FROM alerts WHERE raise_at > 0 AND raise_at <= $1 ORDER BY raise_at, id`, database.Micros(now))
}

func micros(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return database.Micros(*t)
}

func pointer(us int64) *time.Time {
	if us == 0 {
		return nil
	}
	t := database.Time(us)
	return &t
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func textPointer(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
