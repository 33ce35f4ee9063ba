package rollup

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

// stepHours is how many hours of devices are worked out in one go.
const stepHours = 500

// Run works out hours until ctx ends. When the store or the database does not
// answer, marks wait.
func (s *Series) Run(ctx context.Context) error {
	const every = time.Minute
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	failing := false
	for {
		err := s.Step(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !failing:
			s.log.Error().Err(err).Msg("rollups are late, trying on; history is read from the readings meanwhile")
		case err == nil && failing:
			s.log.Info().Msg("rollups go on")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

type mark struct {
	deviceHour
	revision int64
}

// Step works out all hours that are marked and over.
func (s *Series) Step(ctx context.Context) error {
	now := s.now()
	due := now.Add(-settle).UnixMicro() - ingest.Hour
	for {
		marks, err := s.due(ctx, due)
		if err != nil {
			return fmt.Errorf("read marks: %w", err)
		}
		if err := s.roll(ctx, marks); err != nil {
			return fmt.Errorf("roll up: %w", err)
		}
		more, err := s.seen(ctx, now, due)
		if err != nil || !more {
			return err
		}
	}
}

func (s *Series) due(ctx context.Context, until int64) ([]mark, error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT device, hour, revision FROM rollup_marks WHERE hour <= $1 ORDER BY hour, device LIMIT $2`, until, stepHours)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err has said what there is to say
	var marks []mark
	for rows.Next() {
		var m mark
		if err := rows.Scan(&m.device, &m.hour, &m.revision); err != nil {
			return nil, err
		}
		marks = append(marks, m)
	}
	return marks, rows.Err()
}

// seen notes that marks are kept, and says whether there are more to work out.
func (s *Series) seen(ctx context.Context, now time.Time, due int64) (more bool, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE rollup_state SET seen = $1 WHERE id = 1`, now.UnixMicro()); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT count(*) > 0 FROM (SELECT 1 FROM rollup_marks WHERE hour <= $1 LIMIT 1) m`, due).Scan(&more)
	})
	if err != nil {
		return false, fmt.Errorf("note rollups: %w", err)
	}
	return more, nil
}

// roll works out the marked hours and takes their marks away.
func (s *Series) roll(ctx context.Context, marks []mark) error {
	if len(marks) == 0 {
		return nil
	}
	s.forget(marks)
	var hours []ingest.SeriesHour
	for _, g := range groups(marks) {
		cells, err := s.cells(ctx, g.of, g.from, g.to, nil)
		if err != nil {
			return err
		}
		hours = append(hours, cells...)
	}
	if err := s.PutHours(ctx, hours); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, m := range marks {
			// One with a newer revision stays: readings came after we looked.
			_, err := tx.ExecContext(ctx, `DELETE FROM rollup_marks WHERE device = $1 AND hour = $2 AND revision = $3`, string(m.device), m.hour, m.revision)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// group is what is read at once: some hours of some devices, all of them marked.
type group struct {
	of       []devices.DeviceID
	from, to int64
}

// groups makes as few as it can of marks in order of hour and device: many
// devices in one hour, as time goes by, or many hours of one device, as a backlog
// comes.
func groups(marks []mark) []group {
	var byHour, byDevice []group
	for _, m := range marks {
		if last := len(byHour) - 1; last >= 0 && byHour[last].from == m.hour {
			byHour[last].of = append(byHour[last].of, m.device)
		} else {
			byHour = append(byHour, group{[]devices.DeviceID{m.device}, m.hour, m.hour + ingest.Hour})
		}
	}
	newest := map[devices.DeviceID]int{}
	for _, m := range marks {
		if at, ok := newest[m.device]; ok && byDevice[at].to == m.hour {
			byDevice[at].to += ingest.Hour
		} else {
			newest[m.device] = len(byDevice)
			byDevice = append(byDevice, group{[]devices.DeviceID{m.device}, m.hour, m.hour + ingest.Hour})
		}
	}
	if len(byDevice) < len(byHour) {
		return byDevice
	}
	return byHour
}

// forget makes later writes mark these hours anew, and waits for the writes
// that did not.
func (s *Series) forget(marks []mark) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range marks {
		delete(s.marked, m.sum())
	}
}

// cells sums up the hours of the devices in [from, to), each without the readings
// that are left out.
func (s *Series) cells(ctx context.Context, of []devices.DeviceID, from, to int64, leftOut func(metric devices.Metric, at int64) bool) ([]ingest.SeriesHour, error) {
	type series struct {
		device devices.DeviceID
		metric devices.Metric
		hour   int64
	}
	cells := map[series]ingest.Cell{}
	err := s.Readings(ctx, of, "", from, to, func(device devices.DeviceID, metric devices.Metric, at int64, value float64) {
		if !rolled(metric) {
			return
		}
		key := series{device, metric, ingest.HourOf(at)}
		if cell := cells[key]; leftOut != nil && leftOut(metric, at) {
			cells[key] = cell // empty, when nothing else is there
		} else {
			cells[key] = cell.Join(ingest.CellOf(at, value))
		}
	})
	if err != nil {
		return nil, err
	}
	hours := make([]ingest.SeriesHour, 0, len(cells))
	for key, cell := range cells {
		hours = append(hours, ingest.SeriesHour{Device: key.device, Metric: key.metric, Start: key.hour, Cell: cell})
	}
	// Series by series, as stores like it.
	slices.SortFunc(hours, func(a, b ingest.SeriesHour) int {
		return cmp.Or(cmp.Compare(a.Device, b.Device), cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Start, b.Start))
	})
	return hours, nil
}

// Erase deletes what is stored of the device in [from, to), of the metrics or
// without any of all, rollups too; a zero
// time lifts that bound. An hour that lies on a border is worked out again from
// what stays, before its readings go: called again after a stop in between, it
// does the same.
func (s *Series) Erase(ctx context.Context, device devices.DeviceID, from, to time.Time, metrics ...devices.Metric) error {
	gone := func(metric devices.Metric, at int64) bool {
		return (len(metrics) == 0 || slices.Contains(metrics, metric)) && (from.IsZero() || at >= from.UnixMicro()) && (to.IsZero() || at < to.UnixMicro())
	}
	for _, border := range []time.Time{from, to} {
		if border.IsZero() || ingest.HourOf(border.UnixMicro()) == border.UnixMicro() {
			continue
		}
		hour := ingest.HourOf(border.UnixMicro())
		// Marked, so that nobody believes the old one, or that there is nothing
		// when the store drops it.
		if err := s.putMarks(ctx, []deviceHour{{device, hour}}); err != nil {
			return fmt.Errorf("erase rollups: %w", err)
		}
		cells, err := s.cells(ctx, []devices.DeviceID{device}, hour, hour+ingest.Hour, gone)
		if err != nil {
			return fmt.Errorf("erase rollups: %w", err)
		}
		if err := s.PutHours(ctx, cells); err != nil {
			return fmt.Errorf("erase rollups: %w", err)
		}
	}
	return s.Store.Erase(ctx, device, from, to, metrics...)
}
