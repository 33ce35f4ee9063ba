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
	if q.Aggregate == devices.Use || plan.WholeHours() {
		return ingest.FromReadings(ctx, s, q, plan)
	}
	id, err := s.seriesOf(ctx, q.Device, q.Metric)
	if err != nil {
		return nil, err
	}
	if plan.Runs == nil {
		return s.raw(ctx, id, plan)
	}
	values := make([]*float64, 0, plan.Windows())
	for _, run := range plan.Runs {
		of, err := s.aggregate(ctx, id, q.Aggregate, plan, run)
		if err != nil {
			return nil, err
		}
		values = append(values, of...)
	}
	return plan.Points(values), nil
}

// seriesOf is the number of a series; 0, which has no points, when it is not
// known.
func (s *Series) seriesOf(ctx context.Context, device devices.DeviceID, metric devices.Metric) (id int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT id FROM series WHERE device = ? AND metric = ?`, string(device), string(metric)).Scan(&id)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return id, err
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

// aggregates in SQL. With max(ts), a column without an aggregate is that of the
// row with the greatest ts.
var aggregates = map[devices.Aggregate]string{
	"": "avg(value)", devices.Mean: "avg(value)", devices.Min: "min(value)", devices.Max: "max(value)",
	devices.Count: "count(*)", devices.Last: "value",
}

func (s *Series) aggregate(ctx context.Context, id int64, what devices.Aggregate, plan ingest.Plan, run ingest.Run) ([]*float64, error) {
	values := make([]*float64, run.Count)
	if what == devices.Count {
		for i := range values {
			values[i] = new(float64)
		}
	}
	err := s.each(ctx, func(rows *sql.Rows) error {
		var window int
		var value float64
		var last int64
		if err := rows.Scan(&window, &value, &last); err != nil {
			return err
		}
		values[window] = &value
		return nil
	}, `SELECT (ts - ?) / ? AS w, `+aggregates[what]+`, max(ts) FROM points WHERE series = ? AND ts >= ? AND ts < ? GROUP BY w`,
		run.Start, run.Length, id, max(run.Start, plan.From), min(run.End(), plan.To))
	return values, err
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
