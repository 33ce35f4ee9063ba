package household

import "math"

// flow is water that runs by itself: a leak, a burst, a tap against frost.
type flow struct {
	span
	mlh float64 // mL/h
}

// meter is the water meter of a home and how its readings arrive.
type meter struct {
	life  *life
	index int32
	seed  uint64
	dice  *dice

	every      int64 // seconds between readings
	phase      int64 // seconds: its own minute of the hour
	resolution int64 // mL
	cadence    Cadence
	missed     float64
	upload     int64 // second of the day at which a daily meter uploads
	delay      float64
	battery    float64

	flows   []flow
	lost    []span
	late    []span // what is measured within arrives at its end
	steps   []step
	outages []outage // of its gateway

	used   int64 // mL that have run since the beginning, the register's beginning included
	base   float64
	read   int64 // time of the last reading
	queue  []use // used and not yet counted
	uses   []use
	offset int64 // mL that the register shows less
	stepN  int
	first  int64 // day
}

// step is a jump of the register.
type step struct {
	at   int64
	kind string // Reset or BackwardStep
	ml   int64
	// again: only a second reading two minutes after the ordinary one is lower.
	again bool
}

// outage of a gateway; buffered readings arrive after it, others never.
type outage struct {
	span
	buffered bool
}

func newMeter(o Options, l *life, index int32, first int64) *meter {
	d := newDice(l.seed, "meter")
	m := &meter{
		life: l, index: index, seed: mix(l.seed ^ 0x3e7e5), dice: d,
		every: hour, resolution: int64(o.ResolutionL) * 1000, cadence: o.Cadence, missed: o.Missed,
		phase: int64(d.IntN(3600)), upload: int64(d.between(0.5, 3.5) * float64(hour)), delay: d.between(4, 40),
		battery: d.between(82, 99), first: first,
	}
	m.used = int64(d.between(20, 900) * 1e6)
	switch o.Cadence {
	case HalfHourly:
		m.every, m.phase = hour/2, m.phase%(hour/2)
	case Daily:
		m.phase = int64(d.IntN(120)) // registers are frozen at the full hour of its clock
	}
	if o.LeakLH > 0 {
		m.flows = append(m.flows, flow{span{math.MinInt64, math.MaxInt64}, o.LeakLH * 1000})
	}
	m.read = midnight(first)
	return m
}

// day appends the readings of local day n. Days come in order.
func (m *meter) day(n int64, rows []row) []row {
	m.uses = m.life.uses(n, m.uses)
	m.queue = append(m.queue, m.uses...)
	end := midnight(n + 1)
	t := midnight(n) + m.phase
	for ; t < end; t += m.every {
		m.run(t)
		rows = m.measure(t, rows)
	}
	return rows
}

// run lets the water of the time until t through.
func (m *meter) run(t int64) {
	kept := m.queue[:0]
	for _, u := range m.queue {
		switch {
		case u.at >= t:
			kept = append(kept, u)
		case u.at+u.s <= t:
			m.used += u.ml
		default:
			part := u.ml * (t - u.at) / u.s
			m.used += part
			if rest := u.at + u.s - t; u.ml > part {
				kept = append(kept, use{t, rest, u.ml - part})
			}
		}
	}
	m.queue = kept
	for _, f := range m.flows {
		from, to := max(f.from, m.read), min(f.to, t)
		if from < to {
			// Pressure and wear: some percent up and down within the day.
			now := 1 + 0.08*math.Sin(float64(t%day)/float64(day)*2*math.Pi) + 0.08*(2*even(m.seed, t/hour)-1)
			m.base += f.mlh * now * float64(to-from) / float64(hour)
		}
	}
	m.read = t
}

func (m *meter) register() int64 {
	ml := m.used + int64(m.base) - m.offset
	return ml - ml%m.resolution
}

func (m *meter) measure(t int64, rows []row) []row {
	again := int64(0)
	for m.stepN < len(m.steps) && m.steps[m.stepN].at <= t {
		s := m.steps[m.stepN]
		m.stepN++
		switch {
		case s.kind == Reset:
			m.offset = m.used + int64(m.base)
		case s.again:
			again = s.ml
		case s.ml < m.register():
			m.offset += s.ml
		default: // a young meter has not counted so much
			m.offset += min(m.resolution, m.register())
		}
	}
	if within(m.lost, t) {
		return rows
	}
	at, ok := m.arrival(t)
	if !ok {
		return rows
	}
	v := m.register()
	decimals := int8(3)
	if m.resolution > 1000 {
		decimals = 2
	}
	rows = append(rows, row{at, t, float64(v) / 1e6, m.index, mVolume, decimals})
	if again > 0 && v > again {
		rows = append(rows, row{at + 2*minute, t + 2*minute, float64(v-again) / 1e6, m.index, mVolume, decimals})
	}
	if local := t + zoneOffset; local%day < m.every {
		pct := math.Max(30, math.Round(m.battery-float64(local/day-m.first)*9/365))
		rows = append(rows, row{at, t, pct, m.index, mBattery, 0})
	}
	return rows
}

// arrival is when the reading of t is received, if it ever is.
func (m *meter) arrival(t int64) (int64, bool) {
	at := t + int64(m.delay*(0.5+even(m.seed^1, t)))
	if m.cadence == Daily {
		// What was measured on a day goes up in the night after it. What was
		// missed goes with the next night's.
		night := dayOf(t) + 1
		for even(m.seed^2, night) < m.missed {
			night++
		}
		at = midnight(night) + m.upload + int64((even(m.seed^3, night)-0.5)*float64(20*minute))
	} else if even(m.seed^2, t) < 0.004 {
		at += int64(even(m.seed^3, t) * float64(5*minute)) // sent again
	}
	for _, s := range m.late {
		if s.holds(t) && at < s.to {
			at = s.to + int64(even(m.seed^4, s.to)*60)
		}
	}
	for _, o := range m.outages {
		if !o.holds(at) {
			continue
		}
		if !o.buffered && m.cadence != Daily {
			return 0, false
		}
		// All meters of the village at once would be too many.
		at = o.to + int64(even(m.seed^5, o.to)*float64(15*minute))
	}
	return at, true
}
