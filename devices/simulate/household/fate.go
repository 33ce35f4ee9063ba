package household

import (
	"cmp"
	"math"
	"slices"
)

// fate draws what happens to everybody: absences, illness, weather, faults of
// the meters, and the incidents asked for.
func (s *Set) fate() {
	villages := map[int]*village{}
	for _, m := range s.members {
		if m.village == len(villages) {
			villages[m.village] = s.newVillage(m.village)
		}
		s.drift(m)
		s.ordinary(m)
		s.absences(m)
		if m.band != nil {
			s.bandDays(m)
		}
		s.incidents(m, villages[m.village])
		slices.SortFunc(m.life.away, func(a, b span) int { return cmp.Compare(a.from, b.from) })
		if m.meter != nil {
			s.winter(m)
			s.faults(m.meter, m)
		}
	}
	// The outages of a village are known when all its homes have drawn.
	for _, m := range s.members {
		v := villages[m.village]
		m.life.dry = append(m.life.dry, v.cuts...)
		if m.meter == nil {
			continue
		}
		m.meter.outages = v.outages
		id := m.devices[0]
		for _, o := range v.outages {
			s.label(id, GatewayOutage, o.span)
		}
		for _, c := range v.cuts {
			s.label(id, WaterCut, c)
		}
	}
}

// village is what its homes share.
type village struct {
	outages []outage
	cuts    []span
}

func (s *Set) newVillage(n int) *village {
	v := &village{}
	d := newDice(mix(s.options.Seed^mix(uint64(n)+0xc17)), "village")
	t := s.time()
	for _, at := range d.moments(t.from, t.to, s.options.Cuts) {
		at = midnight(dayOf(at)) + int64(d.between(7, 16)*float64(hour))
		v.cuts = append(v.cuts, span{at, at + int64(d.between(2, 12)*float64(hour))})
	}
	return v
}

// ordinary draws illness and the family at festivals.
func (s *Set) ordinary(m *member) {
	l := m.life
	d := newDice(l.seed, "illness")
	t := s.time()
	for _, at := range d.moments(t.from, t.to, 0.07*s.options.Irregularity) {
		ill := span{at, at + int64(d.between(3, 6.5)*float64(day))}
		l.ill = append(l.ill, ill)
		s.labelIllness(m, ill)
	}
}

// labelIllness calls it an infection where a band can tell of it.
func (s *Set) labelIllness(m *member, ill span) {
	if m.band != nil {
		s.label(m.devices[len(m.devices)-1], Infection, ill)
		return
	}
	s.label(m.devices[0], Illness, ill)
}

// absences draws nights elsewhere: most are of one night. With them go the
// Spring Festival, at which a quarter visit their family and two fifths have it
// stay with them.
func (s *Set) absences(m *member) {
	l, o := m.life, s.options
	d := newDice(l.seed, "absences")
	t := s.time()
	often := (d.ExpFloat64() + d.ExpFloat64()) / 2 // some often, many hardly ever
	for _, at := range d.moments(t.from, t.to, o.Absences*often) {
		n := dayOf(at)
		nights := 1.0
		switch x := d.Float64(); {
		case x > 0.93:
			nights = math.Floor(d.between(4, 11))
		case x > 0.70:
			nights = math.Floor(d.between(2, 4))
		}
		leave := midnight(n) + int64(d.between(8, 17)*float64(hour))
		back := midnight(n+int64(nights)) + int64(d.between(9, 19)*float64(hour))
		s.away(m, span{leave, back}, d.chance(o.Announced))
	}
	for n := s.first; n < s.first+int64(o.Days); n++ {
		if k, ok := s.cal.spring[n]; !ok || k != -1 {
			continue
		}
		d.roll(n)
		whole := span{midnight(n) + int64(d.between(9, 15)*float64(hour)), midnight(n+int64(d.between(2, 8))) + int64(d.between(10, 18)*float64(hour))}
		switch x := d.Float64(); {
		case x < 0.25 && o.Absences > 0:
			s.away(m, whole, d.chance(o.Announced))
		case x < 0.65:
			l.guests = append(l.guests, whole)
			s.labelAll(m, Guests, whole)
		}
	}
}

// away enters an absence, unless it would run into another.
func (s *Set) away(m *member, t span, announced bool) bool {
	for _, a := range m.life.away {
		if t.from < a.to+12*hour && a.from < t.to+12*hour {
			return false
		}
	}
	if slices.ContainsFunc(m.life.down, t.touches) {
		return false
	}
	m.life.away = append(m.life.away, t)
	kind := Absence
	if announced {
		kind = AnnouncedAbsence
	}
	s.labelAll(m, kind, t)
	return true
}

// drift plants the change in the middle third of the time, in a home whose meter
// can tell of it: a dry toilet has no visits at night, a vat no morning.
func (s *Set) drift(m *member) {
	o := s.options
	if o.Drift == 0 || m.meter == nil {
		return
	}
	d := newDice(m.life.seed, "drift")
	c := drift{kind: o.DriftKind, share: o.Drift, days: o.DriftDays}
	kinds := []DriftKind{DriftAmount, DriftRise, DriftNight}
	switch m.life.kind {
	case Dry:
		kinds = kinds[:2]
	case Vat:
		kinds = kinds[:1]
	}
	if x := d.IntN(len(kinds)); o.DriftKind == DriftMixed {
		c.kind = kinds[x]
	}
	if !slices.Contains(kinds, c.kind) {
		return
	}
	if d.chance(0.5) {
		c.share = -c.share
	}
	c.from = s.first + int64(float64(o.Days)*d.between(1.0/3, 2.0/3))
	m.life.drift = c
	s.label(m.devices[0], Drift, span{midnight(c.from), s.time().to})
}

// winter lets taps run against frost in homes whose pipes lie open, or the pipes
// freeze.
func (s *Set) winter(m *member) {
	l := m.life
	d := newDice(l.seed, "frost")
	exposed := 0.45
	if l.kind == Flush {
		exposed = 0.15
	}
	if !d.chance(exposed) {
		return
	}
	id := m.devices[0]
	careful, opened := d.between(0.2, 0.9), d.between(1000, 5000)
	for n := s.first; n < s.first+int64(s.options.Days); n++ {
		cold := s.cal.coldest(n)
		d.roll(n)
		if cold > -7 {
			continue
		}
		if d.chance(careful) {
			if within(l.away, midnight(n)-3*hour) || within(l.down, midnight(n)-3*hour) {
				continue // nobody is there to open it
			}
			f := flow{span{midnight(n) - int64(d.between(2, 4)*float64(hour)), midnight(n) + int64(d.between(6.5, 9)*float64(hour))}, opened * d.between(0.7, 1.3)}
			m.meter.flows = append(m.meter.flows, f)
			s.label(id, FrostDrip, f.span)
			continue
		}
		if cold < -9 && d.chance(0.08) {
			frozen := span{midnight(n) + int64(d.between(0, 5)*float64(hour)), midnight(n) + int64(d.between(11, 16)*float64(hour))}
			if d.chance(0.2) {
				frozen.to += day
			}
			l.dry = append(l.dry, frozen)
			s.label(id, FrozenPipe, frozen)
		}
	}
}

// faults of the meter, as in the DAIAD recordings: 77 % of the gaps are blocks
// of four hourly readings, and backward steps are mostly of a litre, seldom of
// 248 m³, which no home has used.
func (s *Set) faults(m *meter, who *member) {
	o, t := s.options, s.time()
	d := newDice(m.life.seed, "faults")
	id := who.devices[0]
	for _, at := range d.moments(t.from, t.to, o.Lost) {
		n := int64(1 + d.IntN(11))
		if d.chance(0.77) {
			n = 4
			for n < 20 && d.chance(0.35) {
				n += 4
			}
		}
		m.lost = append(m.lost, span{at, at + n*hour})
	}
	d.roll(1)
	for _, at := range d.moments(t.from, t.to, o.Resets) {
		m.steps = append(m.steps, step{at: at, kind: Reset})
		s.label(id, Reset, span{at, at + minute})
	}
	d.roll(2)
	for _, at := range d.moments(t.from, t.to, o.Backward) {
		ml := int64(1000)
		switch x := d.Float64(); {
		case x > 0.97:
			ml = 248e6
		case x > 0.6:
			ml = int64(d.about(3, 0.8)) * 1000
		}
		ml = max(ml, m.resolution)
		m.steps = append(m.steps, step{at: at, kind: BackwardStep, ml: ml, again: ml < 248e6 && d.chance(0.4)})
		s.label(id, BackwardStep, span{at, at + minute})
	}
	slices.SortFunc(m.steps, func(a, b step) int { return cmp.Compare(a.at, b.at) })
	if o.LeakLH > 0 {
		s.label(id, Leak, t)
	}
}
