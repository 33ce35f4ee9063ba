package devices

import "time"

// HistoryQuery asks for one metric of one device in [From, To). Every 0 asks
// for raw points in order of time; otherwise for the mean of each window of
// that length, with a null where a window has no reading: a gap stays a gap.
type HistoryQuery struct {
	Device   DeviceID
	Metric   Metric
	From, To time.Time
	Every    time.Duration
	Limit    int // newest-last; the first Limit points from From
}

// Point is one value of a series; a nil Value is a window without a reading.
type Point struct {
	At    time.Time `json:"ts"`
	Value *float64  `json:"value"`
}
