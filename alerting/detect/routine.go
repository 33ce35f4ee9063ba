package detect

import (
	"math"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// routine compares the last days of a home with those before. Its parts are the
// amount of a day, the use at the quiet time, and when the day begins.
type routine struct {
	days []routineDay
	said int64  // when a change was last said
	due  change // what the day that just ended shows; not saved, it is said at once
}

// routineDay is one ordinary day: litres, litres of the quiet time, and minutes
// from the day's beginning (the middle of the quiet time) to its first use.
type routineDay struct{ used, resting, first uint16 }

const (
	keptRoutine = 56 // days
	// reference is the least number of days that others are compared with.
	reference = 28
	usualDays = 14
	noFirst   = math.MaxUint16
)

// recentDays are the lengths of the time that is compared: a sudden change shows
// within a week, a slow or faint one takes two.
var recentDays = [...]struct {
	n int
	z float64
}{{7, 1.3}, {10, 1.15}, {14, 1}}

// change is a difference between two times of a home's life.
type change struct {
	what          string
	before, after float64
	z             float64
	days          int
	from          int64
}

// day takes an ordinary day, and looks for a change.
func (r *routine) day(h *habits, rules *alerting.WaterUseRules) {
	first := uint16(noFirst)
	if h.first > 0 {
		first = uint16(min((h.first-h.start)/60, noFirst-1))
	}
	if len(r.days) == keptRoutine {
		copy(r.days, r.days[1:])
		r.days = r.days[:keptRoutine-1]
	}
	r.days = append(r.days, routineDay{litres16(h.used), litres16(h.resting), first})
	if h.start+day24-r.said < int64(rules.RoutineEvery/time.Second) && r.said != 0 {
		return
	}
	// One length a day, since each costs some sorting.
	recent := recentDays[int(h.start/day24)%len(recentDays)]
	if len(r.days) < recent.n+reference {
		return
	}
	if c, ok := r.compare(recent.n, recent.z*rules.RoutineZ, rules); ok {
		c.from = h.start - int64(recent.n-1)*day24
		r.due, r.said = c, h.start+day24
		// What was is no longer; the new habit is learnt from here.
		r.days = slices.Delete(r.days, 0, len(r.days)-recent.n)
	}
}

// measures of a day. A value is put on a scale on which ordinary days scatter
// evenly; usual is their scatter in most homes, weight the part of
// RoutineZ that it takes, and worth says whether the change is worth a word.
var measures = [...]struct {
	what   string
	of     func(*routineDay) (value uint16, known bool)
	scale  func(float64) float64 // grows with the value
	back   func(float64) float64
	usual  float64
	weight float64
	worth  func(before, after float64, rules *alerting.WaterUseRules) bool
}{
	{
		"day_l", func(d *routineDay) (uint16, bool) { return d.used, true },
		func(x float64) float64 { return math.Log(x + 1) },
		func(x float64) float64 { return math.Exp(x) - 1 }, 0.4, 0.87,
		func(b, a float64, rules *alerting.WaterUseRules) bool {
			return math.Abs(a-b) >= rules.RoutineShare*math.Max(b, 10)
		},
	},
	{
		"night_l", func(d *routineDay) (uint16, bool) { return d.resting, true }, math.Sqrt,
		func(x float64) float64 { return x * x }, 1, 1,
		func(b, a float64, rules *alerting.WaterUseRules) bool {
			return a-b >= math.Max(rules.RoutineShare*b, 3)
		},
	},
	{
		"first_use_min", func(d *routineDay) (uint16, bool) { return d.first, d.first != noFirst },
		func(x float64) float64 { return x },
		func(x float64) float64 { return x }, 60, 1.07,
		func(b, a float64, rules *alerting.WaterUseRules) bool {
			return math.Abs(a-b) >= rules.RoutineFirst.Minutes()
		},
	},
}

// compare looks for a change between the last n days and those before.
func (r *routine) compare(n int, least float64, rules *alerting.WaterUseRules) (best change, found bool) {
	for i := range measures {
		m := &measures[i]
		var room [2][keptRoutine]uint16
		before := r.values(room[0][:0], m.of, 0, len(r.days)-n)
		after := r.values(room[1][:0], m.of, len(r.days)-n, len(r.days))
		if len(before) < reference*3/4 || len(after) < n*3/4 {
			continue
		}
		mean0, scatter := middle(before, m.scale)
		mean1, _ := middle(after, m.scale)
		// Four weeks tell little of the scatter, so what is usual counts as two
		// more; few homes that look very even are.
		k := float64(len(before))
		scatter = math.Sqrt((k*scatter*scatter + usualDays*m.usual*m.usual) / (k + usualDays))
		z := (mean1 - mean0) / (scatter * math.Sqrt(1/float64(len(after))+1/float64(len(before))))
		b, a := m.back(mean0), m.back(mean1)
		if math.Abs(z) >= least*m.weight && m.worth(b, a, rules) && math.Abs(z) > math.Abs(best.z) {
			best, found = change{what: m.what, before: b, after: a, z: z, days: n}, true
		}
	}
	return best, found
}

// values are those of the days that are known, sorted.
func (r *routine) values(list []uint16, of func(*routineDay) (uint16, bool), from, to int) []uint16 {
	for i := from; i < to; i++ {
		if x, ok := of(&r.days[i]); ok {
			list = append(list, x)
		}
	}
	slices.Sort(list)
	return list
}

// middle is the mean, on a scale, of the middle three fifths of a sorted list, and
// the scatter as a standard deviation, from the middle eight tenths.
func middle(sorted []uint16, scale func(float64) float64) (mean, scatter float64) {
	n := len(sorted)
	cut := n / 5
	for _, x := range sorted[cut : n-cut] {
		mean += scale(float64(x))
	}
	mean /= float64(n - 2*cut)
	tail := n / 10
	return mean, (scale(float64(sorted[n-1-tail])) - scale(float64(sorted[tail]))) / 2.56
}

// judgeRoutine says the change that the day which just ended has shown.
func (m *meterUse) judgeRoutine(v *alerting.View, device devices.DeviceID, found []alerting.Finding) []alerting.Finding {
	c := m.routine.due
	if c.days == 0 {
		return found
	}
	m.routine.due = change{}
	return append(found, finding(v, alerting.KindRoutineChange, alerting.Yellow, c.from, m.routine.said, map[string]any{
		"device": string(device), "measure": c.what, "usual": tenth(c.before), "now": tenth(c.after),
		"days": c.days, "from": moment(c.from), "to": moment(m.routine.said), "z": tenth(c.z),
	}))
}

func (w *writer) routine(r *routine) {
	w.int(r.said)
	w.uint(uint64(len(r.days)))
	for _, d := range r.days {
		w.uint(uint64(d.used))
		w.uint(uint64(d.resting))
		w.uint(uint64(d.first))
	}
}

func (r *reader) routine(o *routine) {
	o.said = r.int()
	o.days = make([]routineDay, r.count(keptRoutine), keptRoutine)
	for i := range o.days {
		o.days[i] = routineDay{uint16(r.uint()), uint16(r.uint()), uint16(r.uint())}
	}
}
