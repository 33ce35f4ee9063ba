package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"shouwang/devices"
	"shouwang/ingest"
)

var _ ingest.RollupStore = (*Series)(nil)

// Readings gives every reading of the devices in [from, to), each series in
// order of time. No metric means all.
func (s *Series) Readings(ctx context.Context, of []devices.DeviceID, metric devices.Metric, from, to int64,
	fn func(devices.DeviceID, devices.Metric, int64, float64),
) error {
	for _, device := range of {
		query := `SELECT s.metric, p.ts, p.value FROM series s JOIN points p ON p.series = s.id
			WHERE s.device = ? AND p.ts >= ? AND p.ts < ?`
		args := []any{string(device), from, to}
		if metric != "" {
			query, args = query+` AND s.metric = ?`, append(args, string(metric))
		}
		err := s.each(ctx, func(rows *sql.Rows) error {
			var metric devices.Metric
			var at int64
			var value float64
			if err := rows.Scan(&metric, &at, &value); err != nil {
				return err
			}
			fn(device, metric, at, value)
			return nil
		}, query+` ORDER BY s.id, p.ts`, args...)
		if err != nil {
			return fmt.Errorf("read readings: %w", err)
		}
	}
	return nil
}

// Hours gives the stored hours of one series in [from, to), by their starts.
func (s *Series) Hours(ctx context.Context, device devices.DeviceID, metric devices.Metric, from, to int64) (map[int64]ingest.Cell, error) {
	hours := map[int64]ingest.Cell{}
	id, err := s.seriesOf(ctx, device, metric)
	if err != nil {
		return nil, fmt.Errorf("read hours: %w", err)
	}
	err = s.each(ctx, func(rows *sql.Rows) error {
		var hour int64
		var c ingest.Cell
		var use sql.NullFloat64
		if err := rows.Scan(&hour, &c.Count, &c.Sum, &c.Min, &c.Max, &c.First, &c.Last, &c.FirstAt, &c.LastAt, &use); err != nil {
			return err
		}
		c.Use, c.UseKnown = use.Float64, use.Valid
		hours[hour] = c
		return nil
	}, `SELECT hour, count, sum, min, max, first, last, first_at, last_at, use FROM hours WHERE series = ? AND hour >= ? AND hour < ?`, id, from, to)
	if err != nil {
		return nil, fmt.Errorf("read hours: %w", err)
	}
	return hours, nil
}

// PutHours stores hours, in place of those stored before; an hour without
// readings is removed. Those of a series that is not known are left out.
func (s *Series) PutHours(ctx context.Context, hours []ingest.SeriesHour) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("store hours: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	put, err := tx.PrepareContext(ctx, `INSERT OR REPLACE INTO hours (series, hour, count, sum, min, max, first, last, first_at, last_at, use)
		SELECT id, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM series WHERE device = ? AND metric = ?`)
	if err != nil {
		return fmt.Errorf("store hours: %w", err)
	}
	defer put.Close() //nolint:errcheck // ends with the transaction
	for i := range hours {
		h, c := &hours[i], &hours[i].Cell
		if c.Count == 0 {
			_, err := tx.ExecContext(ctx, `DELETE FROM hours WHERE hour = ? AND series = (SELECT id FROM series WHERE device = ? AND metric = ?)`,
				h.Start, string(h.Device), string(h.Metric))
			if err != nil {
				return fmt.Errorf("store hours: %w", err)
			}
			continue
		}
		use := sql.NullFloat64{Float64: c.Use, Valid: c.UseKnown}
		if _, err := put.ExecContext(ctx, h.Start, c.Count, c.Sum, c.Min, c.Max, c.First, c.Last, c.FirstAt, c.LastAt, use,
			string(h.Device), string(h.Metric)); err != nil {
			return fmt.Errorf("store hours: %w", err)
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("store hours: %w", err)
	}
	return nil
}

// Empty says that there is no reading at all.
func (s *Series) Empty(ctx context.Context) (empty bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT NOT EXISTS (SELECT 1 FROM points)`).Scan(&empty)
	return empty, err
}
