package influx

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api/query"

	"shouwang/devices"
	"shouwang/ingest"
)

type row = *query.FluxRecord

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
	if plan.Runs == nil {
		return s.raw(ctx, q, plan)
	}
	values := make([]*float64, 0, plan.Windows())
	for _, run := range plan.Runs {
		of, err := s.aggregate(ctx, q, plan, run)
		if err != nil {
			return nil, err
		}
		values = append(values, of...)
	}
	return plan.Points(values), nil
}

func (s *Series) raw(ctx context.Context, q devices.HistoryQuery, plan ingest.Plan) ([]devices.Point, error) {
	points := []devices.Point{}
	flux := s.values(q, plan.From, plan.To) + fmt.Sprintf(" |> limit(n: %d)", plan.Limit)
	err := s.each(ctx, flux, func(r row) error {
		value, ok := r.Value().(float64)
		if !ok {
			return fmt.Errorf("value of %s is a %T", q.Metric, r.Value())
		}
		points = append(points, devices.Point{At: r.Time().UTC(), Value: &value})
		return nil
	})
	return points, err
}

func (s *Series) aggregate(ctx context.Context, q devices.HistoryQuery, plan ingest.Plan, run ingest.Run) ([]*float64, error) {
	what := cmp.Or(q.Aggregate, devices.Mean) // each is a Flux function of that name
	values := make([]*float64, run.Count)
	if what == devices.Count {
		for i := range values {
			values[i] = new(float64)
		}
	}
	// Windows are laid from the epoch on; the offset moves them onto ours.
	offset := (run.Start%run.Length + run.Length) % run.Length
	flux := s.values(q, max(run.Start, plan.From), min(run.End(), plan.To)) +
		fmt.Sprintf(" |> window(every: %dus, offset: %dus) |> %s()", run.Length, offset, what)
	err := s.each(ctx, flux, func(r row) error {
		window := (r.Start().UnixMicro() - run.Start) / run.Length
		value, ok := number(r.Value())
		if !ok || window < 0 || window >= int64(run.Count) {
			return fmt.Errorf("%s of %s at %s is a %T", what, q.Metric, r.Start(), r.Value())
		}
		values[window] = &value
		return nil
	})
	return values, err
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// values is the Flux for the values of one series in [from, to). To 1.8 the stop
// of a range lies inside, to 2.x outside: a nanosecond before ours, where no
// reading can be, suits both.
func (s *Series) values(q devices.HistoryQuery, from, to int64) string {
	return fmt.Sprintf("from(bucket: %s) |> range(start: %s, stop: %s) |> filter(fn: (r) => r._measurement == %s and r.device == %s and r._field == \"value\")",
		quote(s.bucket), fluxTime(from, 0), fluxTime(to, -1), quote(string(q.Metric)), quote(string(q.Device)))
}

func fluxTime(micros int64, nanos time.Duration) string {
	return time.UnixMicro(micros).Add(nanos).UTC().Format(time.RFC3339Nano)
}

// Latest returns the newest reading of each metric of the device, in order of
// metric.
func (s *Series) Latest(ctx context.Context, device devices.DeviceID) ([]devices.Reading, error) {
	type found struct {
		reading               devices.Reading
		receivedAt, qualityAt time.Time
		received              int64
		quality               string
		hasValue              bool
	}
	byMetric := map[devices.Metric]*found{}
	flux := fmt.Sprintf("from(bucket: %s) |> range(start: 1678-01-01T00:00:00Z, stop: 2262-01-01T00:00:00Z) |> filter(fn: (r) => r.device == %s and (r._field == \"value\" or r._field == \"received\" or r._field == \"quality\")) |> last()",
		quote(s.bucket), quote(string(device)))
	err := s.each(ctx, flux, func(r row) error {
		metric := devices.Metric(r.Measurement())
		f := byMetric[metric]
		if f == nil {
			f = &found{}
			byMetric[metric] = f
		}
		at := r.Time().UTC()
		switch value := r.Value().(type) {
		case float64:
			if r.Field() == "value" && (!f.hasValue || at.After(f.reading.At)) {
				f.reading = devices.Reading{Device: device, Metric: metric, Value: value, At: at}
				f.hasValue = true
			}
		case int64:
			if r.Field() == "received" {
				f.received, f.receivedAt = value, at
			}
		case string:
			if r.Field() == "quality" {
				f.quality, f.qualityAt = value, at
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read latest: %w", err)
	}
	latest := make([]devices.Reading, 0, len(byMetric))
	for _, f := range byMetric {
		if !f.hasValue {
			continue
		}
		// The last quality may belong to an older reading.
		if f.receivedAt.Equal(f.reading.At) {
			f.reading.Received = time.UnixMicro(f.received).UTC()
		}
		if f.qualityAt.Equal(f.reading.At) {
			f.reading.Quality = devices.Quality(f.quality)
		}
		latest = append(latest, f.reading)
	}
	slices.SortFunc(latest, func(a, b devices.Reading) int { return strings.Compare(string(a.Metric), string(b.Metric)) })
	return latest, nil
}

func (s *Series) each(ctx context.Context, flux string, fn func(row) error) error {
	result, err := s.query.Query(ctx, flux)
	if err != nil {
		return classify(err)
	}
	defer result.Close() //nolint:errcheck // read to its end, or given up
	for result.Next() {
		if err := fn(result.Record()); err != nil {
			return err
		}
	}
	if err := result.Err(); err != nil {
		return fmt.Errorf("read answer of InfluxDB: %w", err)
	}
	return nil
}
