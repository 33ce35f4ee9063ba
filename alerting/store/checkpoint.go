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

func (t *tx) Save(s alerting.Saved) error {
	if len(s.Snapshots) > 0 {
		put, err := t.tx.PrepareContext(t.ctx, `INSERT INTO alert_snapshots (subject_type, subject, detector, state) VALUES ($1, $2, $3, $4)
ON CONFLICT (subject_type, subject, detector) DO UPDATE SET state = excluded.state`)
		if err != nil {
			return fmt.Errorf("write snapshots: %w", err)
		}
		defer put.Close() //nolint:errcheck // the transaction ends it in any case
		for _, snap := range s.Snapshots {
			// A nil state would be NULL.
			state := append([]byte{}, snap.State...)
			if _, err := put.ExecContext(t.ctx, snap.Subject.Type, snap.Subject.ID, snap.Detector, state); err != nil {
				return fmt.Errorf("write snapshot: %w", err)
			}
		}
	}
	for lane, seq := range s.Positions {
		err := t.exec("write position", `INSERT INTO alert_positions (lane, seq) VALUES ($1, $2)
ON CONFLICT (lane) DO UPDATE SET seq = excluded.seq`, lane, int64(seq)) //nolint:gosec // frame numbers stay far below 2^63
		if err != nil {
			return err
		}
	}
	return t.exec("write clock", `INSERT INTO alert_clock (one, watched, last_tick, connected) VALUES (1, $1, $2, $3)
ON CONFLICT (one) DO UPDATE SET watched = excluded.watched, last_tick = excluded.last_tick, connected = excluded.connected`,
		s.Clock.Watched.Microseconds(), database.Micros(s.Clock.LastTick), bit(s.Clock.Connected))
}

func loadCheckpoint(ctx context.Context, q queryer, s *alerting.Saved) error {
	err := each(ctx, q, func(r *sql.Rows) error {
		var snap alerting.Snapshot
		err := r.Scan(&snap.Subject.Type, &snap.Subject.ID, &snap.Detector, &snap.State)
		s.Snapshots = append(s.Snapshots, snap)
		return err
	}, `SELECT subject_type, subject, detector, state FROM alert_snapshots ORDER BY subject_type, subject, detector`)
	if err != nil {
		return fmt.Errorf("snapshots: %w", err)
	}
	err = each(ctx, q, func(r *sql.Rows) error {
		var lane string
		var seq int64
		err := r.Scan(&lane, &seq)
		s.Positions[lane] = uint64(seq) //nolint:gosec // written from one
		return err
	}, `SELECT lane, seq FROM alert_positions`)
	if err != nil {
		return fmt.Errorf("positions: %w", err)
	}
	var watched, last, connected int64
	err = q.QueryRowContext(ctx, `SELECT watched, last_tick, connected FROM alert_clock WHERE one = 1`).Scan(&watched, &last, &connected)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("clock: %w", err)
	}
	s.Clock = alerting.Clock{
		Watched:  time.Duration(watched) * time.Microsecond,
		LastTick: database.Time(last), Connected: connected != 0,
	}
	return nil
}
