package rollup

import (
	"context"
	"fmt"

	"shouwang/devices"
	"shouwang/ingest"
)

// maxStretches is how many stretches of one query are read one by one where
// rollups do not do; with more, everything is read from the readings.
const maxStretches = 50

// History answers as every store does: windows of whole hours from the rollups,
// everything else from the store.
func (s *Series) History(ctx context.Context, q devices.HistoryQuery) ([]devices.Point, error) {
	plan, err := ingest.PlanHistory(q, s.zone)
	if err != nil {
		return nil, err
	}
	if !plan.WholeHours() || !rolled(q.Metric) {
		return s.Store.History(ctx, q)
	}
	cells, err := s.hours(ctx, q, plan)
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return plan.Answer(cells, q.Aggregate), nil
}

// stretch of time that is read from the readings.
type stretch struct{ from, to int64 }

// hours are the cells of all that the plan needs: rollups where they can be
// trusted, readings elsewhere.
func (s *Series) hours(ctx context.Context, q devices.HistoryQuery, plan ingest.Plan) ([]ingest.Cell, error) {
	from, to := plan.Needs()
	from, to = ingest.HourOf(from), ingest.HourOf(to+ingest.Hour-1)
	// First the marks: an hour that is worked out meanwhile is read twice, one
	// that is touched meanwhile was right a moment ago.
	marked, err := s.marksOf(ctx, q.Device, from, to)
	if err != nil {
		return nil, err
	}
	stored, err := s.Hours(ctx, q.Device, q.Metric, from, to)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	unsureFrom, unsureTo := s.unsureFrom, s.unsureTo
	s.mu.Unlock()
	cut := map[int64]bool{} // hours that a bound of the range divides
	for _, bound := range []int64{plan.From, plan.To} {
		if hour := ingest.HourOf(bound); hour != bound {
			cut[hour] = true
		}
	}
	var stretches []stretch
	for hour := from; hour < to; hour += ingest.Hour {
		_, is := stored[hour]
		if !marked[hour] && !cut[hour] && (is || hour < unsureFrom || hour >= unsureTo) {
			continue
		}
		delete(stored, hour)
		if last := len(stretches) - 1; last >= 0 && stretches[last].to == hour {
			stretches[last].to += ingest.Hour
		} else {
			stretches = append(stretches, stretch{hour, hour + ingest.Hour})
		}
	}
	if len(stretches) > maxStretches {
		return ingest.ReadingCells(ctx, s.Store, q.Device, q.Metric, from, to)
	}
	var cells []ingest.Cell
	for hour := from; hour < to; hour += ingest.Hour {
		if len(stretches) > 0 && stretches[0].from == hour {
			read, err := ingest.ReadingCells(ctx, s.Store, q.Device, q.Metric, hour, stretches[0].to)
			if err != nil {
				return nil, err
			}
			cells = append(cells, read...)
			hour, stretches = stretches[0].to-ingest.Hour, stretches[1:]
			continue
		}
		if cell, ok := stored[hour]; ok {
			cells = append(cells, cell)
		}
	}
	return cells, nil
}

func (s *Series) marksOf(ctx context.Context, device devices.DeviceID, from, to int64) (map[int64]bool, error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT hour FROM rollup_marks WHERE device = $1 AND hour >= $2 AND hour < $3`, string(device), from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has said what there is to say
	marked := map[int64]bool{}
	for rows.Next() {
		var hour int64
		if err := rows.Scan(&hour); err != nil {
			return nil, err
		}
		marked[hour] = true
	}
	return marked, rows.Err()
}
