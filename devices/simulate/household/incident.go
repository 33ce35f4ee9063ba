package household

import "slices"

// quietDays at the beginning of a set: no incident before a home is known.
const quietDays = 21

// incidents draws those asked for, one in each equal part of the time.
func (s *Set) incidents(m *member, v *village) {
	o := s.options
	if o.Incidents == 0 {
		return
	}
	d := newDice(m.life.seed, "incidents")
	var kinds []string
	for _, k := range IncidentKinds() {
		if suits(m, k) && (o.IncidentKinds == nil || slices.Contains(o.IncidentKinds, k)) {
			kinds = append(kinds, k)
		}
	}
	if len(kinds) == 0 {
		return
	}
	t := s.time()
	t.from += min(quietDays*day, (t.to-t.from)/4)
	part := (t.to - t.from) / int64(o.Incidents)
	for n := range int64(o.Incidents) {
		d.roll(n)
		from := t.from + n*part
		// What does not fit (nobody is at home, another thing is on) is drawn
		// again some times, then left out.
		for range 20 {
			at := from + int64(d.Float64()*float64(part))
			if s.incident(m, v, kinds[d.IntN(len(kinds))], at, d) {
				break
			}
		}
	}
}

// suits says whether a resident's devices could tell of it.
func suits(m *member, kind string) bool {
	switch kind {
	case SOS, Fall, Fever, LowSpO2, OffWrist:
		return m.band != nil
	case Leak, Burst, GatewayOutage:
		return m.meter != nil
	}
	return true
}

// incident makes one happen at a moment, and says whether it could.
func (s *Set) incident(m *member, v *village, kind string, at int64, d *dice) bool {
	l := m.life
	for _, t := range l.down {
		if at < t.to && at > t.from-day {
			return false
		}
	}
	lasts := func(low, high float64) span { return span{at, at + int64(d.between(low, high)*float64(hour))} }
	switch kind {
	case Collapse:
		return s.collapse(m, at, d)
	case GoingAway:
		t := span{midnight(dayOf(at)) + int64(d.between(8, 16)*float64(hour)), midnight(dayOf(at)+3+int64(d.IntN(12))) + int64(d.between(9, 18)*float64(hour))}
		if !s.away(m, t, false) {
			return false
		}
		s.labelAll(m, GoingAway, t)
	case Leak:
		f := flow{lasts(30, 400), d.about(9, 0.9) * 1000}
		m.meter.flows = append(m.meter.flows, f)
		s.label(m.devices[0], Leak, f.span)
	case Burst:
		f := flow{lasts(0.7, 9), d.about(600, 0.6) * 1000}
		m.meter.flows = append(m.meter.flows, f)
		s.label(m.devices[0], Burst, f.span)
	case GatewayOutage:
		t := lasts(2, 40)
		for _, o := range v.outages {
			if t.from < o.to+20*day && o.from < t.to+20*day {
				return false
			}
		}
		v.outages = append(v.outages, outage{t, d.chance(0.6)})
	case LateBatch:
		return s.lateBatch(m, lasts(6, 30), d)
	default:
		return s.worn(m, kind, at, d)
	}
	return true
}

// collapse needs somebody at home and on their own. They are found after two to
// four days, and spend one to ten days in hospital.
func (s *Set) collapse(m *member, at int64, d *dice) bool {
	l := m.life
	t := span{at, at + int64(d.between(50, 96)*float64(hour))}
	hospital := span{t.to, t.to + int64(d.between(1, 10)*float64(day))}
	alone := func(when span) bool {
		for _, list := range [][]span{l.away, l.guests, l.down} {
			for _, o := range list {
				if o.touches(when) {
					return false
				}
			}
		}
		return true
	}
	p := l.plan(dayOf(at))
	if t.to > s.time().to || within(p.out, at) || within(p.guests, at) || !alone(span{at - 2*hour, hospital.to}) {
		return false
	}
	l.down = append(l.down, t)
	l.away = append(l.away, hospital)
	s.labelAll(m, Collapse, t)
	s.labelAll(m, AnnouncedAbsence, hospital)
	if m.band != nil {
		m.band.collapse(t, d)
	}
	return true
}

// lateBatch holds back what one device measures.
func (s *Set) lateBatch(m *member, t span, d *dice) bool {
	band := m.band != nil && (m.meter == nil || d.chance(0.5))
	if band {
		m.band.late = append(m.band.late, t)
		s.label(m.devices[len(m.devices)-1], LateBatch, t)
		return true
	}
	m.meter.late = append(m.meter.late, t)
	s.label(m.devices[0], LateBatch, t)
	return true
}
