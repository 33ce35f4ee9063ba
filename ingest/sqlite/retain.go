package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

var _ ingest.Retainer = (*Series)(nil)

const (
	// span is how much of one series one step of Retain removes: at a reading a
	// second 86 400 rows, a fraction of a second in which writers wait.
	span = 24 * ingest.Hour
	// pages is how many pages one step gives back to the disk.
	pages = 2000
)

// Retain removes readings and rollups older than their class may become, a
// little at a time so that writers get their turn, and gives the room back to
// the disk. A class that is missing or 0 is kept for ever.
func (s *Series) Retain(ctx context.Context, now time.Time, ages map[devices.Class]time.Duration) error {
	type series struct {
		id     int64
		metric devices.Metric
	}
	var list []series
	err := s.each(ctx, func(rows *sql.Rows) error {
		var one series
		if err := rows.Scan(&one.id, &one.metric); err != nil {
			return err
		}
		list = append(list, one)
		return nil
	}, `SELECT id, metric FROM series`)
	if err != nil {
		return fmt.Errorf("retain: %w", err)
	}
	for _, one := range list {
		age := ages[one.metric.Class()]
		if age == 0 {
			continue
		}
		// Whole hours, so that a rollup and its readings go together.
		before := ingest.HourOf(now.Add(-age).UnixMicro())
		for more := true; more; {
			if more, err = s.forget(ctx, one.id, before); err != nil {
				return fmt.Errorf("retain: %w", err)
			}
		}
	}
	return s.shrink(ctx)
}

// forget removes the oldest span of what one series has before the time, and
// says whether there may be more.
func (s *Series) forget(ctx context.Context, id, before int64) (more bool, err error) {
	var oldest sql.NullInt64
	err = s.read.QueryRowContext(ctx, `SELECT min(t) FROM (SELECT min(ts) AS t FROM points WHERE series = ?1 UNION ALL SELECT min(hour) FROM hours WHERE series = ?1)`,
		id).Scan(&oldest)
	if err != nil || !oldest.Valid || oldest.Int64 >= before {
		return false, err
	}
	until := min(before, oldest.Int64+span)
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	for _, query := range []string{`DELETE FROM points WHERE series = ? AND ts < ?`, `DELETE FROM hours WHERE series = ? AND hour < ?`} {
		if _, err := tx.ExecContext(ctx, query, id, until); err != nil {
			return false, err
		}
	}
	return until < before, tx.Commit()
}

// shrink gives free pages back. In a file made before it knew how, they stay
// and are written over.
func (s *Series) shrink(ctx context.Context) error {
	for last := -1; ; {
		free, err := s.shrinkStep(ctx)
		if err != nil {
			return fmt.Errorf("give room back: %w", err)
		}
		if free == 0 || free == last {
			return nil
		}
		last = free
	}
}

func (s *Series) shrinkStep(ctx context.Context) (free int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.write.ExecContext(ctx, fmt.Sprintf(`PRAGMA incremental_vacuum(%d)`, pages)); err != nil {
		return 0, err
	}
	err = s.write.QueryRowContext(ctx, `PRAGMA freelist_count`).Scan(&free)
	return free, err
}
