package ingest

import (
	"slices"
	"time"

	"shouwang/devices"
)

const (
	// week is how far back the cadence of a series is looked for.
	week = 7 * 24 * Hour
	day  = 24 * Hour
)

// WholeHours says whether every window begins and ends with an hour of UTC (the
// first and the last may be cut), so that stored hours can answer the query.
func (p Plan) WholeHours() bool {
	for _, r := range p.Runs {
		if r.Start%Hour != 0 || r.Length%Hour != 0 {
			return false
		}
	}
	return p.Runs != nil
}

// Needs is the stretch of time whose cells Windows has to be given: the range,
// what is before it to know the cadence, and on both sides the reading to which
// the register's step goes that crosses the border.
func (p Plan) Needs() (from, to int64) {
	last := p.Runs[len(p.Runs)-1]
	before, beyond := p.reach(), p.reach()
	if p.WholeHours() {
		before = max(before, week)
	}
	return p.From - before, min(p.To, last.End()) + beyond
}

// reach is the longest step of a register that a window may share.
func (p Plan) reach() int64 {
	var longest int64
	for _, r := range p.Runs {
		longest = max(longest, r.Length)
	}
	return longest + longest/2
}

// Answer works out the points from the cells of the stretch that Needs names,
// in order of time, none across a border of a window or of the range.
func (p Plan) Answer(cells []Cell, what devices.Aggregate) []devices.Point {
	whole := p.WholeHours()
	cadence := cadence{cells: cells, ofDay: map[int64]float64{}}
	points := make([]devices.Point, 0, p.Windows())
	next := 0 // the first cell that is not before the window
	for _, r := range p.Runs {
		for i := range r.Count {
			start := max(r.Start+int64(i)*r.Length, p.From)
			end := min(r.Start+int64(i+1)*r.Length, p.To)
			for next < len(cells) && cells[next].FirstAt < start {
				next++
			}
			first := next
			var sum Cell
			for next < len(cells) && cells[next].FirstAt < end {
				sum = sum.Join(cells[next])
				next++
			}
			point := devices.Point{At: time.UnixMicro(start).UTC()}
			if what == devices.Use {
				point.Value = use(cells, first, next, start, end, r.Length)
			} else {
				point.Value = value(sum, what)
			}
			if whole {
				point.Readings = sum.Count
				if every := cadence.at(end); every > 0 {
					point.Expected = float64(end-start) / every
				}
			}
			points = append(points, point)
		}
	}
	return points
}

func value(c Cell, what devices.Aggregate) *float64 {
	v := float64(c.Count)
	if what == devices.Count {
		return &v
	}
	if c.Count == 0 {
		return nil
	}
	switch what {
	case devices.Min:
		v = c.Min
	case devices.Max:
		v = c.Max
	case devices.Last:
		v = c.Last
	default:
		v = c.Sum / float64(c.Count)
	}
	return &v
}

// use is the register's use in [start, end), whose cells are those from first
// on, before next; nil without any. A step that crosses a border is shared by
// time.
func use(cells []Cell, first, next int, start, end, length int64) *float64 {
	if first == next {
		return nil
	}
	var litres float64
	known := false
	longest := length + length/2
	for i := max(first-1, 0); i < next && i < len(cells); i++ {
		if c := cells[i]; i >= first {
			litres, known = litres+c.Use, known || c.UseKnown
		}
		if i+1 == len(cells) {
			break
		}
		from, to := cells[i].LastAt, cells[i+1].FirstAt
		shared := min(to, end) - max(from, start)
		if shared <= 0 || to-from > longest {
			continue
		}
		if l, ok := step(cells[i], cells[i+1]); ok {
			litres, known = litres+l*float64(shared)/float64(to-from), true
		}
	}
	if !known {
		return nil
	}
	return &litres
}

// cadence tells how often a series has a reading when nothing is missing.
type cadence struct {
	cells []Cell
	ofDay map[int64]float64
}

// at is the time between two readings, in microseconds, 0 when not known: the
// median over the seven days that end with the day (of UTC) in which the window
// ends, so that lost readings, which are few, do not count.
func (c cadence) at(end int64) float64 {
	until := floor(end-1, day) + day
	if known, ok := c.ofDay[until]; ok {
		return known
	}
	type step struct {
		length float64
		times  int
	}
	var steps []step
	all := 0
	from, _ := slices.BinarySearchFunc(c.cells, until-week, func(cell Cell, at int64) int { return int(cell.FirstAt - at) })
	for i := from; i < len(c.cells) && c.cells[i].FirstAt < until; i++ {
		cell := c.cells[i]
		if cell.Count > 1 {
			steps = append(steps, step{float64(cell.LastAt-cell.FirstAt) / float64(cell.Count-1), cell.Count - 1})
			all += cell.Count - 1
		}
		if i > from {
			steps = append(steps, step{float64(cell.FirstAt - c.cells[i-1].LastAt), 1})
			all++
		}
	}
	slices.SortFunc(steps, func(a, b step) int {
		switch {
		case a.length < b.length:
			return -1
		case a.length > b.length:
			return 1
		}
		return 0
	})
	median := 0.0
	for seen, i := 0, 0; i < len(steps) && 2*seen < all; i++ {
		median = steps[i].length
		seen += steps[i].times
	}
	c.ofDay[until] = median
	return median
}
