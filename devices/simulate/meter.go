package simulate

import (
	"math"
	"time"

	"shouwang/devices"
)

// epochDay is the local day (since 1970) on which all registers begin to run:
// 1 January 2024. Before it they stand still.
const epochDay = 19723

// meter is a water meter with a cumulative register of 1 L resolution.
type meter struct {
	home    home
	base    int64 // decilitres on the register at the epoch
	battery float64

	// The day whose curve is at hand, and the register at its beginning.
	day   int64
	start int64
	curve [minutesPerDay + 1]int32
	uses  []use

	stops []stop
	flows []flow
}

// flow is water that runs by itself.
type flow struct {
	from, to time.Time // zero to: still running
	rate     int64     // L/h
}

const (
	leakRate  = 12
	burstRate = 700
)

// until is how much has run by t, in decilitres.
func (f flow) until(t time.Time) int64 {
	if !f.to.IsZero() && t.After(f.to) {
		t = f.to
	}
	return max(int64(t.Sub(f.from)/time.Second), 0) * f.rate * 10 / 3600
}

// mend ends what runs by itself.
func (m *meter) mend(t time.Time) {
	for n := range m.flows {
		if f := &m.flows[n]; f.to.IsZero() || f.to.After(t) {
			f.to = t
		}
	}
}

// stop is a time in which no water is used whatever the home would do: somebody
// lies on the floor.
type stop struct {
	from, to time.Time // zero to: still lasting
	// What the register would have shown at from and to, in decilitres.
	rawFrom, rawTo int64
}

func newMeter(seed uint64, awayPerDay float64) *meter {
	m := &meter{home: newHome(seedOf(seed, "home"), awayPerDay)}
	r := generator(seed, -2)
	m.base = int64(between(r, 20, 400) * 10000)
	m.battery = between(r, 82, 99)
	m.rewind()
	return m
}

func (m *meter) rewind() {
	m.day, m.start = epochDay, m.base
	m.load()
}

// load makes the curve of m.day.
func (m *meter) load() {
	m.uses = m.home.day(m.day, m.uses[:0])
	clear(m.curve[:])
	for _, u := range m.uses {
		for k := range int32(u.span) {
			share := u.dl*(k+1)/int32(u.span) - u.dl*k/int32(u.span)
			m.curve[u.minute+int(k)+1] += share
		}
	}
	for i := 1; i < len(m.curve); i++ {
		m.curve[i] += m.curve[i-1]
	}
}

// raw is the register in decilitres at the minute of t, stops left out of
// account. Going forward costs one day's uses for each day.
func (m *meter) raw(t time.Time) int64 {
	day, minute := dayOf(localMinute(t))
	if day < epochDay {
		return m.base
	}
	if day < m.day {
		m.rewind()
	}
	if day > m.day {
		m.start += int64(m.curve[minutesPerDay])
		for m.day++; m.day < day; m.day++ {
			m.uses = m.home.day(m.day, m.uses[:0])
			for _, u := range m.uses {
				m.start += int64(u.dl)
			}
		}
		m.load()
	}
	return m.start + int64(m.curve[minute])
}

// volume is what the register shows at t, in m³.
func (m *meter) volume(t time.Time) float64 {
	dl := m.raw(t)
	for _, s := range m.stops {
		switch {
		case t.Before(s.from):
		case s.to.IsZero() || t.Before(s.to):
			dl -= m.raw(t) - s.rawFrom
		default:
			dl -= s.rawTo - s.rawFrom
		}
	}
	for _, f := range m.flows {
		dl += f.until(t)
	}
	return float64(dl/10) / 1000
}

func (m *meter) freeze(from time.Time) {
	m.stops = append(m.stops, stop{from: from, rawFrom: m.raw(from)})
}

func (m *meter) thaw(to time.Time) {
	if n := len(m.stops); n > 0 && m.stops[n-1].to.IsZero() {
		m.stops[n-1].to, m.stops[n-1].rawTo = to, m.raw(to)
	}
}

// batteryPct falls by some 9 % a year, as a ten-year cell does.
func (m *meter) batteryPct(t time.Time) float64 {
	day, _ := dayOf(localMinute(t))
	return math.Max(40, math.Round(m.battery-float64(day-epochDay)*9/365))
}

// sample is what the meter says at t: its register, and once a day its battery.
func (m *meter) sample(t time.Time, measures []Measure) []Measure {
	measures = append(measures, Measure{devices.VolumeM3, m.volume(t)})
	if _, minute := dayOf(localMinute(t)); minute < 60 && t.Unix()%3600 < 300 {
		measures = append(measures, Measure{devices.BatteryPct, m.batteryPct(t)})
	}
	return measures
}
