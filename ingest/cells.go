package ingest

import (
	"context"
	"time"

	"shouwang/devices"
)

// Hour is the length of a rollup, in microseconds. Hours are those of UTC, which
// are those of every zone with whole hours.
const Hour = int64(time.Hour / time.Microsecond)

// Cell sums up the readings of one series in a stretch of time so that the cells
// of neighbouring stretches can be joined to that of both, and nothing is lost:
// a reading is a cell, an hour is one, and so is a week. Times are microseconds
// since 1970, UTC.
type Cell struct {
	FirstAt, LastAt int64
	First, Last     float64
	Count           int
	Sum, Min, Max   float64
	// Use is the litres that a register counted between the first and the last
	// reading; UseKnown is false when no step between them tells any.
	Use      float64
	UseKnown bool
}

// CellOf is the cell of one reading.
func CellOf(at int64, value float64) Cell {
	return Cell{FirstAt: at, LastAt: at, First: value, Last: value, Count: 1, Sum: value, Min: value, Max: value}
}

// Join is the cell of both; next must begin after c ends.
func (c Cell) Join(next Cell) Cell {
	if c.Count == 0 {
		return next
	}
	use, known := step(c, next)
	return Cell{
		FirstAt: c.FirstAt, LastAt: next.LastAt, First: c.First, Last: next.Last,
		Count: c.Count + next.Count, Sum: c.Sum + next.Sum, Min: min(c.Min, next.Min), Max: max(c.Max, next.Max),
		Use: c.Use + use + next.Use, UseKnown: c.UseKnown || known || next.UseKnown,
	}
}

// step is what a register counted between two neighbouring cells.
func step(c, next Cell) (litres float64, known bool) {
	elapsed := time.Duration(next.FirstAt-c.LastAt) * time.Microsecond
	litres, kind := devices.RegisterUse(c.Last, next.First, elapsed)
	return litres, kind != devices.Rebased
}

// HourOf is the start of the hour that holds the time.
func HourOf(at int64) int64 { return floor(at, Hour) }

// RollupStore is what a Series must do beside, so that its readings can be
// rolled up by the hour.
type RollupStore interface {
	Series
	// Readings gives every reading of the devices in [from, to), each series in
	// order of time. No metric means all.
	Readings(ctx context.Context, of []devices.DeviceID, metric devices.Metric, from, to int64, fn func(devices.DeviceID, devices.Metric, int64, float64)) error
	// Hours gives the stored hours of one series in [from, to), by their starts.
	Hours(ctx context.Context, device devices.DeviceID, metric devices.Metric, from, to int64) (map[int64]Cell, error)
	// Empty says that there is no reading at all.
	Empty(ctx context.Context) (bool, error)
	// PutHours stores hours, in place of those stored before; one whose cell is
	// empty is as if it had never been stored.
	PutHours(ctx context.Context, hours []SeriesHour) error
}

// SeriesHour is a rollup of one series.
type SeriesHour struct {
	Device devices.DeviceID
	Metric devices.Metric
	Start  int64
	Cell   Cell
}

// FromReadings answers a query with windows from the readings themselves.
func FromReadings(ctx context.Context, s RollupStore, q devices.HistoryQuery, plan Plan) ([]devices.Point, error) {
	from, to := plan.Needs()
	cells, err := ReadingCells(ctx, s, q.Device, q.Metric, from, to)
	if err != nil {
		return nil, err
	}
	return plan.Answer(cells, q.Aggregate), nil
}

// ReadingCells are the readings of one series, each a cell.
func ReadingCells(ctx context.Context, s RollupStore, device devices.DeviceID, metric devices.Metric, from, to int64) ([]Cell, error) {
	var cells []Cell
	err := s.Readings(ctx, []devices.DeviceID{device}, metric, from, to, func(_ devices.DeviceID, _ devices.Metric, at int64, value float64) {
		cells = append(cells, CellOf(at, value))
	})
	return cells, err
}
