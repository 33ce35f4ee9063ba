package devices

import "time"

// HistoryQuery asks for one metric of one device in [From, To). Every 0 asks
// for raw points in order of time; otherwise for one value of each window of
// that length, with a null where a window has no reading: a gap stays a gap.
type HistoryQuery struct {
	Device   DeviceID
	Metric   Metric
	From, To time.Time
	Every    time.Duration
	// Aggregate is what is told of each window, Mean when empty. It must be
	// empty when Every is 0.
	Aggregate Aggregate
	Limit     int // newest-last; the first Limit points from From
}

// Aggregate is what a history query tells of each window.
type Aggregate string

// The aggregates. Count is 0 in a window without readings, every other null.
const (
	Mean  Aggregate = "mean"
	Min   Aggregate = "min"
	Max   Aggregate = "max"
	Last  Aggregate = "last"
	Count Aggregate = "count"
	// Use is what a water register has counted, in litres (see RegisterUse). A
	// step between two readings that are further apart than one and a half
	// windows is in none: nobody can tell when that water ran.
	Use Aggregate = "use"
)

// Known says whether it is one of the aggregates.
func (a Aggregate) Known() bool {
	switch a {
	case Mean, Min, Max, Last, Count, Use:
		return true
	}
	return false
}

// Point is one value of a series; a nil Value is a window without a reading.
type Point struct {
	At    time.Time `json:"ts"`
	Value *float64  `json:"value"`
	// Readings is how many a window of whole hours holds, and Expected how
	// many it would hold at the device's own cadence; readings ÷ expected is
	// how complete the window is. Both are 0 for raw points, for other windows,
	// and Expected where the cadence is not known.
	Readings int     `json:"readings,omitempty"`
	Expected float64 `json:"expected,omitempty"`
}
