package detect

import (
	"math"
	"slices"
	"time"

	"shouwang/devices"
)

const (
	// keptRegisters bounds the memory of a meter: two and a half days at one
	// reading every quarter of an hour. Denser readings are thinned.
	keptRegisters = 240
	// keptSpan is how much of the past is kept however dense the readings, and
	// mostSpan how much sparse ones may reach back: two windows of two days.
	keptSpan, mostSpan = 48 * time.Hour, 100 * time.Hour
)

// meter is what is remembered of one water meter.
type meter struct {
	ID        devices.DeviceID
	Registers series
	// Old are registers that came after, but lie long before, those.
	Old  series
	Flow baseFlow
}

// bygone says whether a register of that time belongs to Old, and begins it anew
// when it lies nowhere near.
func (m *meter) bygone(at time.Time) bool {
	s := &m.Registers
	if len(s.list) == 0 || !at.Before(s.list[0].time()) || m.newest().Sub(s.list[0].time()) < keptSpan {
		return false
	}
	if n := len(m.Old.list); n > 0 && (m.Old.list[0].time().Sub(at) > keptSpan || at.Sub(m.Old.list[n-1].time()) > keptSpan) {
		m.Old = series{}
	}
	return true
}

func (m *meter) newest() time.Time { return m.Registers.newest().time() }

// series are registers by event time.
type series struct {
	list []register
	// before is the register as it was followed up to the first of the list,
	// after up to the last.
	before, after devices.Register
}

// register is a reading, in hundredths of a litre, at a time in microseconds.
// Used is what the household has used since an oldest one, base flow taken off.
type register struct{ At, Value, Used int64 }

const perL, perM3 = 100, 100_000

func (r register) time() time.Time { return time.UnixMicro(r.At).UTC() }
func (r register) m3() float64     { return float64(r.Value) / perM3 }

func (s *series) newest() register { return s.list[len(s.list)-1] }

// idle is a stretch with less than the limit used.
type idle struct {
	series   []register // the registers of the stretch
	from, to time.Time  // the readings that prove it
	lastUse  time.Time  // last reading at which water had been used, or from
	used     float64    // litres between from and to
}

func (i idle) duration() time.Duration { return i.to.Sub(i.from) }

// reached is the time of the first reading by which the stretch was so long.
func (i idle) reached(d time.Duration) time.Time {
	for _, r := range i.series {
		if !r.time().Before(i.from.Add(d)) {
			return r.time()
		}
	}
	return i.to
}

// idle looks back from the newest register for the longest stretch with less
// than limitL used that begins after the floor. It is not told of, and long is
// false, when it is shorter than least.
func (s *series) idle(floor time.Time, limitL float64, least time.Duration) (stretch idle, long bool) {
	from, limit := int64(math.MinInt64), int64(math.Round(limitL*perL))
	if !floor.IsZero() {
		from = floor.UnixMicro()
	}
	newest := s.newest()
	start := len(s.list) - 1
	for start > 0 && newest.Used-s.list[start-1].Used < limit && s.list[start-1].At >= from {
		start--
	}
	if newest.At-s.list[start].At < least.Microseconds() {
		return idle{}, false
	}
	return whole(s.list[start:]), true
}

// from is the stretch that begins with the newest register at or before the time.
func (s *series) from(t time.Time) idle {
	i, found := s.search(t.UnixMicro())
	if !found {
		i--
	}
	return whole(s.list[max(0, i):])
}

// around is the stretch with less than limitL used that holds the register i and
// reaches back as far as it can, and the register at which it was over, nil when
// it reaches the newest.
func (s *series) around(i int, limitL float64) (stretch idle, next *register) {
	limit := int64(math.Round(limitL * perL))
	start, end := i, i+1
	for start > 0 && s.list[i].Used-s.list[start-1].Used < limit {
		start--
	}
	for end < len(s.list) && s.list[end].Used-s.list[start].Used < limit {
		end++
	}
	if end < len(s.list) {
		next = &s.list[end]
	}
	return whole(s.list[start:end]), next
}

// whole is all of the list as one stretch.
func whole(s []register) idle {
	first, last := s[0], s[len(s)-1]
	i := idle{series: s, from: first.time(), to: last.time(), lastUse: first.time(), used: litres(last.Used - first.Used)}
	for j := len(s) - 1; j > 0; j-- {
		if s[j].Used > s[j-1].Used {
			i.lastUse = s[j].time()
			break
		}
	}
	return i
}

func litres(hundredths int64) float64 { return float64(hundredths) / perL }

// lastUse is the newest register by which somebody had used water, and whether
// there is one; else it is the oldest.
func (s *series) lastUse() (at int64, seen bool) {
	for i := len(s.list) - 1; i > 0; i-- {
		if s.list[i].Used-s.list[i-1].Used >= leastUse {
			return s.list[i].At, true
		}
	}
	return s.list[0].At, false
}

// usedAt is the count at the newest reading at or before the time, or at the
// oldest.
func (s *series) usedAt(t time.Time) int64 {
	i, found := s.search(t.UnixMicro())
	switch {
	case found:
		return s.list[i].Used
	case i > 0:
		return s.list[i-1].Used
	}
	return s.list[0].Used
}

func (s *series) search(at int64) (int, bool) {
	if n := len(s.list); n == 0 || at > s.list[n-1].At {
		return n, false
	}
	return slices.BinarySearchFunc(s.list, at, func(r register, at int64) int {
		switch {
		case r.At < at:
			return -1
		case r.At > at:
			return 1
		}
		return 0
	})
}

// insert puts a register in its place by event time and counts the litres. A
// register that cannot be compared with the one before (meter replaced, reset,
// garbled) starts a new count: what lay before proves nothing any more. It
// returns where the register is, or -1 when one of that time was there or it was
// not kept.
func (s *series) insert(at time.Time, m3 float64, flow *baseFlow) int {
	r := register{At: at.UnixMicro(), Value: int64(math.Round(m3 * perM3))}
	i, found := s.search(r.At)
	if found {
		return -1
	}
	if i == len(s.list) {
		s.follow(r, flow)
	} else {
		s.recount(slices.Insert(s.list, i, r), flow)
	}
	s.thin()
	if s.newest().At == r.At {
		return len(s.list) - 1
	}
	if i, found = s.search(r.At); !found {
		return -1
	}
	return i
}

// follow takes the next register in order of time.
func (s *series) follow(r register, flow *baseFlow) {
	last := s.after
	used, step := s.after.Next(r.time(), r.m3())
	if n := len(s.list); step == devices.Rebased || n == 0 {
		s.list, s.before = s.list[:0], last
	} else {
		before := s.list[n-1]
		r.Used = before.Used + flow.above(used, r.At-before.At)
	}
	s.list = append(s.list, r)
}

// recount follows the whole list anew.
func (s *series) recount(list []register, flow *baseFlow) {
	s.after = s.before
	s.list = make([]register, 0, len(list)+1)
	for _, r := range list {
		r.Used = 0
		s.follow(r, flow)
	}
}

// thin keeps the series within its bounds: of the older half, every second
// register goes while readings are dense; what is older than can count goes.
func (s *series) thin() {
	oldest := s.newest().At - mostSpan.Microseconds()
	if s.list[0].At < oldest-mostSpan.Microseconds()/5 {
		i, _ := s.search(oldest)
		s.drop(i)
	}
	if len(s.list) <= keptRegisters {
		return
	}
	half := s.list[:len(s.list)/2]
	if half[len(half)-1].At-half[0].At >= keptSpan.Microseconds() {
		s.drop(len(s.list) - keptRegisters*7/8)
		return
	}
	// The last use and the register before it stay: a proof begins there.
	last, _ := s.lastUse()
	kept := 0
	for i, r := range half {
		if i%2 == 0 || r.At == last || s.list[i+1].At == last {
			half[kept] = r
			kept++
		}
	}
	s.list = slices.Delete(s.list, kept, len(half))
}

// drop forgets the first n registers.
func (s *series) drop(n int) {
	for _, r := range s.list[:n] {
		s.before.Next(r.time(), r.m3())
	}
	s.list = slices.Delete(s.list, 0, n)
}
