package detect

import (
	"math"
	"slices"

	"shouwang/alerting"
)

const (
	// keptDays of a home's past are compared with; knownDays must be learnt
	// before anything is.
	keptDays  = 28
	knownDays = 14
	// quietHours is the length of the home's night: the eight hours on end with
	// the least use, which is found from the readings themselves, so that no
	// time zone has to be right.
	quietHours = 8
	// firstQuiet is the hour (UTC) at which it begins while nothing is learnt:
	// ten in the evening in China.
	firstQuiet = 14
	// lightSleep is how long after the middle of the quiet hours a use may be the
	// first of the day, and no longer a visit to the toilet in the night.
	lightSleep = 2 * hourSeconds
	// spoils is for how long a leak, a burst or high use is kept out of what is
	// learnt; what lasts longer has become a habit.
	spoils = 7 * 24 * hourSeconds
)

// habits are what a home does on its ordinary days. A day begins in the middle of
// the quiet hours.
type habits struct {
	start   int64 // of the day at hand
	used    float64
	peak    float64 // the most in two hours
	night   float64 // most in three hours of the quiet time
	resting float64 // all of the quiet time
	first   int64   // when the day's first water was used, zero: not yet
	spoilt  bool    // not to be learnt
	hours   [24]float32
	profile [24]float32 // litres in an ordinary hour, by hour of the day in UTC
	learnt  int         // days in the profile, at most knownDays
	days    []day
	starts  []int64 // of the newest of the days, at most keptStarts
	// What follows from days and profile, kept because it is asked for often.
	quietFrom int
	ample     float64
	most      float64
	mostNight float64
}

// day is one ordinary day, in litres.
type day struct{ used, peak, night uint16 }

func (h *habits) known() bool          { return len(h.days) >= knownDays }
func (h *habits) ampleDay() float64    { return h.ample }
func (h *habits) mostIn2h() float64    { return h.most }
func (h *habits) mostAtNight() float64 { return h.mostNight }

// quiet says whether the time lies in the quiet hours.
func (h *habits) quiet(at int64) bool { return (hourOf(at)-h.quietFrom+24)%24 < quietHours }

func hourOf(at int64) int { return int(at/hourSeconds%24+24) % 24 }

// learn counts the litres between two readings, the newest of which is in its
// cell already.
func (m *meterUse) learn(v *alerting.View, from, to int64, litres float64) {
	h := &m.habits
	if h.start == 0 {
		h.quietFrom = firstQuiet
		h.begin(to)
		h.spoilt = true // half a day
	}
	if to >= h.start+day24 {
		m.endDay(v, to)
	}
	if litres == unknownUse || v.Away {
		h.spoilt = true
	}
	if litres <= 0 {
		return
	}
	h.used += litres
	i := len(m.cells) - 1
	c, s := m.cell(i), m.seconds(i)
	if to-from <= longestCell {
		middle := (from + to) / 2
		h.hours[hourOf(middle)] += float32(litres)
		if h.quiet(middle) {
			h.resting += litres
		}
	} else {
		h.spoilt = h.spoilt || to-from > day24/3
	}
	peak, _ := m.within(i, 2*hourSeconds)
	h.peak = math.Max(h.peak, peak)
	if h.first == 0 && to >= h.start+lightSleep && litres >= math.Max(m.stepL, 1) && to-from <= longestCell {
		h.first = (from + to) / 2
	}
	if i >= 3 && s <= longestCell && h.quiet(c.at-s/2) {
		if night, span := m.three(i); span > 0 && night > h.night {
			h.night = night
		}
	}
}

func (s *spell) recent(at int64) bool { return s.from != 0 && at-s.from < spoils }

// begin starts the day in which the time lies.
func (h *habits) begin(at int64) {
	anchor := int64((h.quietFrom+quietHours/2)%24) * hourSeconds
	since := (at - anchor) % day24
	if since < 0 {
		since += day24
	}
	h.start = at - since
	h.used, h.peak, h.night, h.resting, h.first, h.spoilt = 0, 0, 0, 0, 0, false
	h.hours = [24]float32{}
}

// endDay learns the day that is over, and begins the next one.
func (m *meterUse) endDay(v *alerting.View, now int64) {
	h := &m.habits
	// What has stopped by itself was somebody's doing and may come again; what
	// goes on may be a burst.
	if m.leak.recent(now) || m.burst.recent(now) || m.high.recent(now) {
		h.spoilt = true
	}
	if !v.Habitual(moment(h.start), moment(h.start+day24)) {
		h.spoilt = true
	}
	if !h.spoilt && h.used >= 1 && now < h.start+2*day24 {
		if len(h.days) == keptDays {
			h.days = slices.Delete(h.days, 0, 1)
		}
		if len(h.starts) == keptStarts {
			h.starts = slices.Delete(h.starts, 0, 1)
		}
		h.starts = append(h.starts, h.start)
		h.days = append(h.days, day{litres16(h.used), litres16(h.peak), litres16(h.night)})
		h.learnt = min(h.learnt+1, knownDays)
		for i, l := range h.hours {
			h.profile[i] += (l - h.profile[i]) / float32(h.learnt)
		}
		m.routine.day(h, &v.Rules.WaterUse)
	}
	shifted := h.conclude()
	if shifted { // days that began at another hour cannot be compared
		m.routine.days = nil
	}
	h.begin(now)
	h.spoilt = shifted
}

func litres16(l float64) uint16 { return uint16(math.Min(math.Round(l), math.MaxUint16)) }

// topTwo keeps the two largest. The second counts as what a home does at the
// most: what happened once in four weeks is no habit.
func topTwo(top *[2]uint16, v uint16) {
	switch {
	case v > top[0]:
		top[0], top[1] = v, top[0]
	case v > top[1]:
		top[1] = v
	}
}

// conclude draws from the days what is asked for often. It says whether the
// quiet time has moved: by three hours at the least, and once the home is known
// only to a time with half the use, so that days stay alike.
func (h *habits) conclude() (shifted bool) {
	if len(h.days) == 0 {
		return false
	}
	used := make([]uint16, 0, keptDays)
	var most, mostNight [2]uint16
	for _, d := range h.days {
		used = append(used, d.used)
		topTwo(&most, d.peak)
		topTwo(&mostNight, d.night)
	}
	h.most, h.mostNight = float64(most[1]), float64(mostNight[1])
	slices.Sort(used)
	h.ample = float64(used[len(used)*9/10])
	if h.learnt < 3 {
		return false
	}
	quietest := func(from int) (sum float32) {
		for i := range quietHours {
			sum += h.profile[(from+i)%24]
		}
		return sum
	}
	now := quietest(h.quietFrom)
	best, least := h.quietFrom, now
	for from := range 24 {
		if sum := quietest(from); sum < least {
			best, least = from, sum
		}
	}
	off := (best - h.quietFrom + 24) % 24
	if off < 3 || off > 21 || h.learnt == knownDays && least > now/2 {
		return false
	}
	h.quietFrom = best
	return true
}
