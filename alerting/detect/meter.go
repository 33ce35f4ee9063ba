package detect

import (
	"slices"
	"time"

	"shouwang/devices"
)

const (
	// keptRegisters bounds the memory of a meter: two and a half days at one
	// reading every quarter of an hour. Denser readings are thinned.
	keptRegisters = 240
	// keptSpan is how much of the past is kept however dense the readings.
	keptSpan = 48 * time.Hour
)

// meter is what is remembered of one water meter.
type meter struct {
	Registers series
	// Old are registers that came after, but lie long before, those.
	Old series
}

// bygone says whether a register of that time belongs to Old, and begins it anew
// when it lies nowhere near.
func (m *meter) bygone(at time.Time) bool {
	if len(m.Registers) == 0 || !at.Before(m.Registers[0].At) || m.newest().At.Sub(m.Registers[0].At) < keptSpan {
		return false
	}
	if n := len(m.Old); n > 0 && (m.Old[0].At.Sub(at) > keptSpan || at.Sub(m.Old[n-1].At) > keptSpan) {
		m.Old = nil
	}
	return true
}

func (m *meter) newest() register { return m.Registers[len(m.Registers)-1] }

// series are registers by event time.
type series []register

// register is a reading; Used is the litres used since the oldest one kept.
type register struct {
	At    time.Time
	Value float64
	Used  float64
}

// idle is a stretch with less than the limit used.
type idle struct {
	series   series    // the registers of the stretch
	from, to time.Time // the readings that prove it
	lastUse  time.Time // last reading at which the register had moved, or from
	used     float64   // litres between from and to
}

func (i idle) duration() time.Duration { return i.to.Sub(i.from) }

// reached is the time of the first reading by which the stretch was so long.
func (i idle) reached(d time.Duration) time.Time {
	for _, r := range i.series {
		if !r.At.Before(i.from.Add(d)) {
			return r.At
		}
	}
	return i.to
}

// idle looks back from the newest register for the longest stretch with less
// than limitL used that begins after the floor.
func (s series) idle(floor time.Time, limitL float64) idle {
	start := len(s) - 1
	for start > 0 && s[len(s)-1].Used-s[start-1].Used < limitL && !s[start-1].At.Before(floor) {
		start--
	}
	return s[start:].whole()
}

// around is the stretch with less than limitL used that holds the register i and
// reaches back as far as it can, and the register at which it was over, nil when
// it reaches the newest.
func (s series) around(i int, limitL float64) (stretch idle, next *register) {
	start, end := i, i+1
	for start > 0 && s[i].Used-s[start-1].Used < limitL {
		start--
	}
	for end < len(s) && s[end].Used-s[start].Used < limitL {
		end++
	}
	if end < len(s) {
		next = &s[end]
	}
	return s[start:end].whole(), next
}

// whole is all of the series as one stretch.
func (s series) whole() idle {
	first, last := s[0], s[len(s)-1]
	i := idle{series: s, from: first.At, to: last.At, lastUse: first.At, used: last.Used - first.Used}
	for j := len(s) - 1; j > 0; j-- {
		if s[j].Used > s[j-1].Used {
			i.lastUse = s[j].At
			break
		}
	}
	return i
}

// usedAt is the count at the newest reading at or before the time, or at the
// oldest.
func (s series) usedAt(t time.Time) float64 {
	base := s[0].Used
	for _, r := range s {
		if r.At.After(t) {
			break
		}
		base = r.Used
	}
	return base
}

func (s series) search(at time.Time) (int, bool) {
	return slices.BinarySearchFunc(s, at, func(r register, at time.Time) int { return r.At.Compare(at) })
}

// insert puts a register in its place by event time and counts the litres anew.
// A register that cannot be compared with its neighbour (meter replaced, reset)
// starts a new count: what lay before proves nothing any more. It returns where
// the register is, or -1 when one of that time was there or it was not kept.
func (s *series) insert(at time.Time, value float64) int {
	i, found := s.search(at)
	if found {
		return -1
	}
	*s = slices.Insert(*s, i, register{At: at, Value: value})
	s.count(i)
	s.thin()
	if i, found = s.search(at); !found {
		return -1
	}
	return i
}

// count recomputes Used from index i on.
func (s *series) count(i int) {
	for j := max(i, 1); j < len(*s); j++ {
		before, r := (*s)[j-1], &(*s)[j]
		litres, step := devices.RegisterUse(before.Value, r.Value, r.At.Sub(before.At))
		if step == devices.Rebased {
			*s = slices.Delete(*s, 0, j)
			(*s)[0].Used = 0
			s.count(1)
			return
		}
		r.Used = before.Used + litres
	}
}

// thin keeps the series within its bound: of the older half, every second reading
// goes while readings are dense; afterwards the oldest go.
func (s *series) thin() {
	if len(*s) <= keptRegisters {
		return
	}
	half := (*s)[:len(*s)/2]
	if half[len(half)-1].At.Sub(half[0].At) >= keptSpan {
		*s = slices.Delete(*s, 0, len(*s)-keptRegisters)
		return
	}
	kept := 0
	for i, r := range half {
		if i%2 == 0 {
			half[kept] = r
			kept++
		}
	}
	*s = slices.Delete(*s, kept, len(half))
}
