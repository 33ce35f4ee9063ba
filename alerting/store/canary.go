package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"shouwang/alerting"
	"shouwang/devices/database"
)

// PutBeat keeps the beat unless a newer one of its lane is there.
func (t *tx) PutBeat(b alerting.Beat) error {
	at := database.Micros(b.At)
	var loggedAt int64
	err := t.tx.QueryRowContext(t.ctx, `INSERT INTO canary_beats (lane, mark, at, logged, logged_at) VALUES ($1, $2, $3, 0, 0)
ON CONFLICT (lane) DO UPDATE SET mark = excluded.mark, at = excluded.at WHERE excluded.at > canary_beats.at
RETURNING logged_at`, b.Lane, b.Mark, at).Scan(&loggedAt)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil // read again after a crash
	case err != nil:
		return fmt.Errorf("write beat: %w", err)
	}
	t.beats++
	if at-loggedAt < alerting.BeatsLoggedEvery.Microseconds() {
		return nil
	}
	entry := &logged{kind: string(alerting.CanaryBeat), at: at, data: "{}", text: b.Lane}
	if err := t.append(entry); err != nil {
		return err
	}
	return t.exec("note beat", `UPDATE canary_beats SET logged = $1, logged_at = $2 WHERE lane = $3`, entry.number, at, b.Lane)
}

// Beats are the newest of each lane.
func (s *Store) Beats(ctx context.Context) ([]alerting.Beat, error) {
	var beats []alerting.Beat
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var b alerting.Beat
		var at int64
		if err := r.Scan(&b.Lane, &b.Mark, &at, &b.Logged); err != nil {
			return err
		}
		b.At = database.Time(at)
		beats = append(beats, b)
		return nil
	}, `SELECT lane, mark, at, logged FROM canary_beats ORDER BY lane`)
	if err != nil {
		return nil, fmt.Errorf("read beats: %w", err)
	}
	return beats, nil
}
