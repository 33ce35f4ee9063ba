package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"shouwang/alerting"
	"shouwang/devices/database"
)

var _ alerting.Checkpoints = (*Store)(nil)

// rowsAtOnce is how many states one statement writes. Fewer cost a statement
// each, more are looked for longer among the parameters.
const rowsAtOnce = 8

// putStates is the statement that writes n states of one part.
func putStates(n int) string {
	var b strings.Builder
	b.WriteString(`INSERT INTO alert_states (subject_type, subject, state, part) VALUES `)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "($%d, $%d, $%d, $1)", 3*i+2, 3*i+3, 3*i+4)
	}
	b.WriteString(` ON CONFLICT (subject_type, subject) DO UPDATE SET state = excluded.state, part = excluded.part`)
	return b.String()
}

// SaveStates writes states that were saved at one instant, as one part of a
// checkpoint.
func (s *Store) SaveStates(ctx context.Context, at alerting.Mark, states []alerting.Snapshot) error {
	err := s.db.TxLazy(ctx, func(tx *sql.Tx) error {
		// The newest part is never deleted, so no number comes again.
		var number int64
		if len(at.Positions) == 0 {
			return s.insertStates(ctx, tx, 0, states)
		}
		if err := tx.QueryRowContext(ctx, `SELECT COALESCE(max(part), 0) + 1 FROM alert_parts`).Scan(&number); err != nil {
			return err
		}
		for lane, seq := range at.Positions {
			if _, err := tx.ExecContext(ctx, `INSERT INTO alert_parts (part, lane, seq, watched) VALUES ($1, $2, $3, $4)`,
				number, lane, int64(seq), at.Watched.Microseconds()); err != nil { //nolint:gosec // frame numbers stay far below 2^63
				return err
			}
		}
		return s.insertStates(ctx, tx, number, states)
	})
	if err != nil {
		return fmt.Errorf("write states: %w", err)
	}
	return nil
}

func (s *Store) insertStates(ctx context.Context, tx *sql.Tx, number int64, states []alerting.Snapshot) error {
	if s.older.Load() {
		for _, snap := range states {
			if _, err := tx.ExecContext(ctx, `DELETE FROM alert_snapshots WHERE subject_type = $1 AND subject = $2`,
				string(snap.Subject.Type), snap.Subject.ID); err != nil {
				return err
			}
		}
	}
	args := make([]any, 0, 1+3*rowsAtOnce)
	var full *sql.Stmt
	for len(states) > 0 {
		n := min(len(states), rowsAtOnce)
		args = append(args[:0], number)
		for _, snap := range states[:n] {
			state := snap.State
			if state == nil {
				state = []byte{} // nil would be NULL
			}
			args = append(args, string(snap.Subject.Type), snap.Subject.ID, state)
		}
		states = states[n:]
		if n < rowsAtOnce {
			_, err := tx.ExecContext(ctx, putStates(n), args...)
			return err
		}
		if full == nil {
			var err error
			if full, err = tx.PrepareContext(ctx, putStates(rowsAtOnce)); err != nil {
				return err
			}
			defer full.Close() //nolint:errcheck // the transaction ends it in any case
		}
		if _, err := full.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

// SaveCheckpoint moves the checkpoint. Parts that had read no further say
// nothing more and go, but for the newest, from which the next gets its number.
func (s *Store) SaveCheckpoint(ctx context.Context, saved alerting.Saved) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		for lane, seq := range saved.Positions {
			if _, err := tx.ExecContext(ctx, `INSERT INTO alert_positions (lane, seq) VALUES ($1, $2)
ON CONFLICT (lane) DO UPDATE SET seq = excluded.seq`, lane, int64(seq)); err != nil { //nolint:gosec // see SaveStates
				return fmt.Errorf("position: %w", err)
			}
			if _, err := tx.ExecContext(ctx, `DELETE FROM alert_parts
WHERE lane = $1 AND seq <= $2 AND part < (SELECT max(part) FROM alert_parts)`, lane, int64(seq)); err != nil { //nolint:gosec // see SaveStates
				return fmt.Errorf("parts: %w", err)
			}
		}
		c := saved.Clock
		_, err := tx.ExecContext(ctx, `INSERT INTO alert_clock (one, watched, last_tick, connected, swept_from, swept_to, sweep_left)
VALUES (1, $1, $2, $3, $4, $5, $6)
ON CONFLICT (one) DO UPDATE SET watched = excluded.watched, last_tick = excluded.last_tick, connected = excluded.connected,
swept_from = excluded.swept_from, swept_to = excluded.swept_to, sweep_left = excluded.sweep_left`,
			c.Watched.Microseconds(), database.Micros(c.LastTick), bit(c.Connected),
			database.Micros(c.Sweep.From), database.Micros(c.Sweep.To), c.Sweep.Left)
		return err
	})
	if err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}

// Rewind sets back to seq all that has read further on the lane.
func (s *Store) Rewind(ctx context.Context, lane string, seq uint64) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"alert_positions", "alert_parts"} {
			if _, err := tx.ExecContext(ctx, `UPDATE `+table+` SET seq = $1 WHERE lane = $2 AND seq > $1`, int64(seq), lane); err != nil { //nolint:gosec // see SaveStates
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("set back %s: %w", lane, err)
	}
	return nil
}

// EachState hands fn all saved states, one at a time.
func (s *Store) EachState(ctx context.Context, fn func(alerting.Snapshot, *alerting.Mark) error) error {
	err := s.read(ctx, func(q *sql.Tx) error {
		parts := map[int64]*alerting.Mark{}
		err := each(ctx, q, func(r *sql.Rows) error {
			var part, seq, watched int64
			var lane string
			if err := r.Scan(&part, &lane, &seq, &watched); err != nil {
				return err
			}
			m := parts[part]
			if m == nil {
				m = &alerting.Mark{Positions: map[string]uint64{}, Watched: time.Duration(watched) * time.Microsecond}
				parts[part] = m
			}
			m.Positions[lane] = uint64(seq) //nolint:gosec // written from one
			return nil
		}, `SELECT part, lane, seq, watched FROM alert_parts`)
		if err != nil {
			return fmt.Errorf("parts: %w", err)
		}
		err = each(ctx, q, func(r *sql.Rows) error {
			var snap alerting.Snapshot
			var part int64
			if err := r.Scan(&snap.Subject.Type, &snap.Subject.ID, &snap.Detector, &snap.State, &part); err != nil {
				return err
			}
			s.older.Store(true)
			return fn(snap, parts[part])
		}, `SELECT subject_type, subject, detector, state, part FROM alert_snapshots AS old
WHERE NOT EXISTS (SELECT 1 FROM alert_states AS s WHERE s.subject_type = old.subject_type AND s.subject = old.subject)`)
		if err != nil {
			return fmt.Errorf("of an older release: %w", err)
		}
		return each(ctx, q, func(r *sql.Rows) error {
			var snap alerting.Snapshot
			var part int64
			if err := r.Scan(&snap.Subject.Type, &snap.Subject.ID, &snap.State, &part); err != nil {
				return err
			}
			return fn(snap, parts[part])
		}, `SELECT subject_type, subject, state, part FROM alert_states`)
	})
	if err != nil {
		return fmt.Errorf("read states: %w", err)
	}
	return nil
}

func loadCheckpoint(ctx context.Context, q queryer, s *alerting.Saved) error {
	err := each(ctx, q, func(r *sql.Rows) error {
		var lane string
		var seq int64
		err := r.Scan(&lane, &seq)
		s.Positions[lane] = uint64(seq) //nolint:gosec // written from one
		return err
	}, `SELECT lane, seq FROM alert_positions`)
	if err != nil {
		return fmt.Errorf("positions: %w", err)
	}
	var watched, last, connected, from, to int64
	err = q.QueryRowContext(ctx, `SELECT watched, last_tick, connected, swept_from, swept_to, sweep_left FROM alert_clock WHERE one = 1`).
		Scan(&watched, &last, &connected, &from, &to, &s.Clock.Sweep.Left)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	s.Clock.Watched = time.Duration(watched) * time.Microsecond
	s.Clock.LastTick, s.Clock.Connected = database.Time(last), connected != 0
	s.Clock.Sweep.From, s.Clock.Sweep.To = database.Time(from), database.Time(to)
	return nil
}
