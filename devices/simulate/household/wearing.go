package household

import (
	"cmp"
	"math"
	"slices"
)

// bandDays draws when a band is charged, taken off, or without network.
func (s *Set) bandDays(m *member) {
	b, l := m.band, m.life
	d := newDice(l.seed, "wearing")
	t := s.time()
	id := m.devices[len(m.devices)-1]
	for _, ill := range l.ill {
		b.ills = append(b.ills, bout{ill, d.between(4, 12), d.between(0.3, 0.9)})
	}
	for _, at := range d.moments(t.from, t.to, 0.4) {
		late := span{at, at + int64(d.about(5, 0.9)*float64(hour))}
		b.late = append(b.late, late)
		s.label(id, Backlog, late)
	}
	first := t.from - int64(d.between(0.2, 0.6)*b.runs*float64(day))
	b.charges = append(b.charges, charge{span{first - 2*hour, first}, 0.2, 1})
	// Charged in the evening, before a day would empty it; now and then forgotten.
	careful, begins := max(d.between(0.35, 0.6), 1/b.runs+0.12), d.between(18, 21.5)
	for n := s.first; n < s.first+int64(s.options.Days); n++ {
		d.roll(n)
		p := l.plan(n)
		at := midnight(n) + int64(d.around(begins, 0.8)*float64(hour))
		if level := b.level(at); level < careful && d.chance(0.93) && !within(l.away, at) {
			c := charge{span{at, at + int64(d.between(1.2, 2)*(1-level)*float64(hour)) + 20*minute}, level, 1}
			b.charges = append(b.charges, c)
			b.off = append(b.off, span{c.from, c.to + int64(d.about(12, 0.8))*minute})
		}
		if d.chance(b.nightOff) {
			b.off = append(b.off, span{p.bed, l.plan(n+1).rise + 20*minute})
		}
		if bath := p.bed - int64(d.between(40, 150))*minute; b.batheOff && d.chance(l.habits.shower) {
			b.off = append(b.off, span{bath, bath + int64(d.between(15, 45))*minute})
		}
	}
	b.forget(s, m)
	slices.SortFunc(b.off, func(x, y span) int { return cmp.Compare(x.from, y.from) })
}

// forget lets a battery that was not charged in time run out.
func (b *band) forget(s *Set, m *member) {
	end := s.time().to
	for n, c := range b.charges {
		empty := c.to + int64(math.Floor(c.high*b.runs*float64(day)))
		next := end
		if n+1 < len(b.charges) {
			next = b.charges[n+1].from
		}
		if empty < next && empty < end {
			t := span{empty, next}
			b.dead = append(b.dead, t)
			s.label(m.devices[len(m.devices)-1], BatteryDead, t)
		}
	}
}

// worn makes an incident that a band tells of. It has to be on the wrist.
func (s *Set) worn(m *member, kind string, at int64, d *dice) bool {
	b, l := m.band, m.life
	if within(b.off, at) || within(b.dead, at) || within(b.late, at) || within(l.away, at) {
		return false
	}
	id := m.devices[len(m.devices)-1]
	lasts := func(low, high float64) span { return span{at, at + int64(d.between(low, high)*float64(hour))} }
	switch kind {
	case SOS:
		for n := range int64(3) { // repeated until it is answered
			b.events = append(b.events, event{at + 20*n, mSOS})
		}
		s.label(id, SOS, span{at, at + minute})
	case Fall:
		p := l.plan(dayOf(at))
		if at < p.rise || at > p.bed {
			return false
		}
		b.events = append(b.events, event{at, mFall})
		t := span{at, at + minute}
		if d.chance(0.6) { // the others get up again
			t = lasts(0.2, 1.5)
			b.still = append(b.still, t)
		}
		s.label(id, Fall, t)
	case Fever:
		t := lasts(12, 48)
		b.fevers = append(b.fevers, t)
		ill := span{t.from, t.to + day}
		b.ills = append(b.ills, bout{ill, d.between(5, 12), d.between(0.4, 0.9)})
		l.ill = append(l.ill, ill)
		l.plans = [4]plan{}
		s.labelIllness(m, ill)
		s.label(id, Fever, t)
	case LowSpO2:
		t := lasts(3, 14)
		b.hypoxia = append(b.hypoxia, t)
		s.label(id, LowSpO2, t)
	case OffWrist:
		t := lasts(14, 60)
		b.off = append(b.off, t)
		if b.style == offFlag {
			b.events = append(b.events, event{at, mRemoved})
		}
		s.label(id, OffWrist, t)
	}
	return true
}

// collapse stops the wearer's movement; two in five have no pulse after some
// hours.
func (b *band) collapse(t span, d *dice) {
	var kept []span
	for _, o := range b.off { // nobody takes it off
		if !o.touches(t) {
			kept = append(kept, o)
		} else if o.from < t.from {
			kept = append(kept, span{o.from, min(o.to, t.from)})
		}
	}
	b.off = kept
	if after := int64(d.about(5, 0.8) * float64(hour)); d.chance(0.4) {
		b.died = append(b.died, span{t.from + after, t.to})
	}
}
