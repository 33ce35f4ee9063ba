package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

// History answers a query as ingest.PlanHistory lays it out. A query that
// breaks a rule gives a *ingest.QueryError.
func (s *Series) History(ctx context.Context, q devices.HistoryQuery) ([]devices.Point, error) {
	plan, err := ingest.PlanHistory(q, s.zone)
	if err != nil {
		return nil, err
	}
	points, err := s.history(ctx, q, plan)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return points, nil
}

func (s *Series) history(ctx context.Context, q devices.HistoryQuery, plan ingest.Plan) ([]devices.Point, error) {
	var id int64
	err := s.read.QueryRowContext(ctx, `SELECT id FROM series WHERE device = ? AND metric = ?`, string(q.Device), string(q.Metric)).Scan(&id)
	switch {
	case errors.Is(err, sql.ErrNoRows): // number 0 has no points
	case err != nil:
		return nil, err
	}
	if plan.Runs == nil {
		return s.raw(ctx, id, plan)
	}
	means := make([]*float64, 0, plan.Windows())
	for _, run := range plan.Runs {
		of, err := s.means(ctx, id, plan, run)
		if err != nil {
			return nil, err
		}
		means = append(means, of...)
	}
	return plan.Points(means), nil
}

func (s *Series) raw(ctx context.Context, id int64, plan ingest.Plan) ([]devices.Point, error) {
	points := []devices.Point{}
	err := s.each(ctx, func(rows *sql.Rows) error {
		var ts int64
		var value float64
		if err := rows.Scan(&ts, &value); err != nil {
			return err
		}
		points = append(points, devices.Point{At: time.UnixMicro(ts).UTC(), Value: &value})
		return nil
	}, `SELECT ts, value FROM points WHERE series = ? AND ts >= ? AND ts < ? ORDER BY ts LIMIT ?`, id, plan.From, plan.To, plan.Limit)
	return points, err
}

func (s *Series) means(ctx context.Context, id int64, plan ingest.Plan, run ingest.Run) ([]*float64, error) {
	means := make([]*float64, run.Count)
	err := s.each(ctx, func(rows *sql.Rows) error {
		var window int
		var mean float64
		if err := rows.Scan(&window, &mean); err != nil {
			return err
		}
		means[window] = &mean
		return nil
	}, `SELECT (ts - ?) / ? AS w, avg(value) FROM points WHERE series = ? AND ts >= ? AND ts < ? GROUP BY w`,
		run.Start, run.Length, id, max(run.Start, plan.From), min(run.End(), plan.To))
	return means, err
}

// Latest returns the newest reading of each metric of the device, in order of
// metric.
func (s *Series) Latest(ctx context.Context, device devices.DeviceID) ([]devices.Reading, error) {
	latest := []devices.Reading{}
	err := s.each(ctx, func(rows *sql.Rows) error {
		r := devices.Reading{Device: device}
		var ts, received int64
		if err := rows.Scan(&r.Metric, &ts, &r.Value, &received, &r.Quality); err != nil {
			return err
		}
		r.At = time.UnixMicro(ts).UTC()
		if received != 0 {
			r.Received = time.UnixMicro(received).UTC()
		}
		latest = append(latest, r)
		return nil
	}, `SELECT s.metric, p.ts, p.value, p.received, p.quality FROM series s JOIN points p ON p.series = s.id
		WHERE s.device = ? AND p.ts = (SELECT max(ts) FROM points WHERE series = s.id) ORDER BY s.metric`, string(device))
	if err != nil {
		return nil, fmt.Errorf("read latest: %w", err)
	}
	return latest, nil
}

func (s *Series) each(ctx context.Context, fn func(*sql.Rows) error, query string, args ...any) error {
	rows, err := s.read.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has said what there is to say
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
