package ingest

import (
	"math"
	"time"
	"unicode/utf8"

	"shouwang/devices"
)

// Bounds of one history query.
const (
	DefaultPoints = 1000 // when the query gives no limit
	MaxPoints     = devices.MaxPoints
)

// Times a series can hold: what both InfluxDB (nanoseconds in 64 bits) and
// SQLite can keep.
var (
	minTime = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)
	maxTime = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)

// QueryError says which field of a history query is wrong, its value and the
// rule it breaks.
type QueryError = devices.InputError

// RetryError is an error that may pass: the same write is worth trying again.
// After is how long the store asked us to wait, 0 when it did not say.
type RetryError struct {
	After time.Duration
	Err   error
}

func (e *RetryError) Error() string { return e.Err.Error() }

func (e *RetryError) Unwrap() error { return e.Err }

// Plan is a history query, checked and worked out: what every store does the
// same way. Times are microseconds since 1970, UTC.
type Plan struct {
	From, To int64 // [From, To)
	Limit    int
	// Runs cover the range with windows, in order; nil asks for raw points.
	Runs []Run
}

// Run is a number of neighbouring windows of one length. Windows of days need
// several where a zone changes its offset.
type Run struct {
	Start  int64 // of the first window, at or before the range's start
	Length int64
	Count  int
}

// End of the last window.
func (r Run) End() int64 { return r.Start + int64(r.Count)*r.Length }

// PlanHistory checks a query and lays out its windows. Windows shorter than a
// day have a fixed length and are counted from local midnight of 1 January
// 1970 by the zone's offset at From; longer ones are whole calendar days of
// the zone, and weeks begin on Monday. Errors are *QueryError.
func PlanHistory(q devices.HistoryQuery, zone *time.Location) (Plan, error) {
	p := Plan{Limit: q.Limit}
	if err := q.Check(); err != nil {
		return p, err
	}
	if q.Limit == 0 {
		p.Limit = DefaultPoints
	}
	// Clamped, so that no store has to think about times it cannot hold.
	from, to := clamp(q.From), clamp(q.To)
	p.From, p.To = microsUp(from), microsUp(to)
	if q.Every == 0 {
		return p, nil
	}
	const day = 24 * time.Hour
	if q.Every < day {
		p.Runs = []Run{fixed(p, from.In(zone), q.Every)}
	} else {
		p.Runs = days(p, from.In(zone), int(q.Every/day))
	}
	return p, nil
}

func fixed(p Plan, from time.Time, every time.Duration) Run {
	_, seconds := from.Zone()
	offset, length := int64(seconds)*1e6, every.Microseconds()
	r := Run{Start: floor(p.From+offset, length) - offset, Length: length}
	r.Count = min(int((p.To-r.Start+length-1)/length), p.Limit)
	return r
}

func days(p Plan, from time.Time, n int) []Run {
	y, m, d := from.Date()
	// 5 January 1970 was a Monday.
	const monday = 4
	number := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/86400 - monday
	d -= int(number - floor(number, int64(n)))
	midnight := func(window int) int64 { return time.Date(y, m, d+window*n, 0, 0, 0, 0, from.Location()).UnixMicro() }
	var runs []Run
	for i, start := 0, midnight(0); i < p.Limit && start < p.To; i++ {
		next := midnight(i + 1)
		if last := len(runs) - 1; last >= 0 && runs[last].Length == next-start {
			runs[last].Count++
		} else {
			runs = append(runs, Run{Start: start, Length: next - start, Count: 1})
		}
		start = next
	}
	return runs
}

// Points turns the value of each window, nil where it has no reading, into the
// answer. The first window is cut off at From, and says so by its time.
func (p Plan) Points(values []*float64) []devices.Point {
	points := make([]devices.Point, 0, len(values))
	for _, r := range p.Runs {
		for i := range r.Count {
			at := max(r.Start+int64(i)*r.Length, p.From)
			points = append(points, devices.Point{At: time.UnixMicro(at).UTC(), Value: values[len(points)]})
		}
	}
	return points
}

// Windows is the number of windows in all runs.
func (p Plan) Windows() int {
	n := 0
	for _, r := range p.Runs {
		n += r.Count
	}
	return n
}

// Unstorable says why no store can hold the reading, "" when it can be held.
func Unstorable(r devices.Reading) string {
	switch {
	case math.IsNaN(r.Value) || math.IsInf(r.Value, 0):
		return "value is not a finite number"
	case r.Device == "" || r.Metric == "":
		return "device or metric is empty"
	case len(r.Device) > 1024 || len(r.Metric) > 1024:
		return "device or metric is longer than 1024 bytes"
	case !utf8.ValidString(string(r.Device)) || !utf8.ValidString(string(r.Metric)) || !utf8.ValidString(string(r.Quality)):
		return "device, metric or quality is not UTF-8"
	case r.At.Before(minTime) || !r.At.Before(maxTime):
		return "time is outside the years 1678 to 2261"
	}
	return ""
}

func clamp(t time.Time) time.Time {
	switch {
	case t.Before(minTime):
		return minTime
	case t.After(maxTime):
		return maxTime
	}
	return t
}

// microsUp rounds up: readings have whole microseconds, so none before a bound
// with nanoseconds is taken for one behind it.
func microsUp(t time.Time) int64 {
	return t.Add(time.Microsecond - time.Nanosecond).UnixMicro()
}

func floor(n, unit int64) int64 {
	rest := n % unit
	if rest < 0 {
		rest += unit
	}
	return n - rest
}
