package store

import (
	"context"
	"database/sql"
	"fmt"

	"shouwang/alerting"
	"shouwang/devices/database"
)

// PutBeat keeps the beat unless a newer one of its lane is there.
func (t *tx) PutBeat(b alerting.Beat) error {
	res, err := t.tx.ExecContext(t.ctx, `INSERT INTO canary_beats (lane, mark, at) VALUES ($1, $2, $3)
ON CONFLICT (lane) DO UPDATE SET mark = excluded.mark, at = excluded.at WHERE excluded.at > canary_beats.at`,
		b.Lane, b.Mark, database.Micros(b.At))
	if err != nil {
		return fmt.Errorf("write beat: %w", err)
	}
	n, err := res.RowsAffected()
	t.beats += int(n) // none when it is read again after a crash
	return err
}

// Beats are the newest of each lane.
func (s *Store) Beats(ctx context.Context) ([]alerting.Beat, error) {
	var beats []alerting.Beat
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var b alerting.Beat
		var at int64
		if err := r.Scan(&b.Lane, &b.Mark, &at); err != nil {
			return err
		}
		b.At = database.Time(at)
		beats = append(beats, b)
		return nil
	}, `SELECT lane, mark, at FROM canary_beats ORDER BY lane`)
	if err != nil {
		return nil, fmt.Errorf("read beats: %w", err)
	}
	return beats, nil
}
