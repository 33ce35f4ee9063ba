package registry

import (
	"math"
	"slices"
	"time"

	"shouwang/devices"
)

// standing is the last answer about a device, and between which times it is the
// same: devices speak all the time, and what is known of them seldom changes.
type standing struct {
	devices.Standing

	edits    int64 // the newest edit when it was worked out
	at       int64 // the time for which it was
	from, to int64 // it holds from from on and before to
}

// Standing is how things stood with the device, as known at that time; false when
// the device was not known.
func (r *Registry) Standing(id devices.DeviceID, at time.Time) (devices.Standing, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, ok := r.devices[id]
	if !ok {
		return devices.Standing{}, false
	}
	t := r.asOf(at)
	s := e.standing.Load()
	if s == nil || s.edits != r.edits || t < s.from || t >= s.to {
		s = r.stands(e, t)
		e.standing.Store(s)
	}
	return s.Standing, s.Device != nil
}

// stands works the answer out.
func (r *Registry) stands(e *deviceEntry, t int64) *standing {
	s := &standing{edits: r.edits, at: t, from: math.MinInt64, to: math.MaxInt64}
	turnsOf(s, &e.versions)
	if s.Device = e.at(t); s.Device == nil {
		return s
	}
	var of *residentEntry
	for _, a := range slices.Backward(e.assigned) {
		times := a.times()
		s.turn(times[:]...)
		if of == nil && a.covers(t) {
			of = a.resident
		}
	}
	if of == nil {
		return s
	}
	s.Resident, s.Away, s.Withheld, s.WatchedSince = of.at(t), of.away(t), r.withheld(of, t), of.watchedSince(t)
	turnsOf(s, &of.versions)
	for _, a := range of.absences {
		times := a.times()
		s.turn(times[:]...)
	}
	for _, c := range of.consents {
		s.turn(c.recorded, c.from, c.to)
	}
	return s
}

// turn says that the answer may be another from each of the times on; 0, which
// stands for none, lies before all others.
func (s *standing) turn(times ...int64) {
	for _, t := range times {
		if t <= s.at {
			s.from = max(s.from, t)
		} else {
			s.to = min(s.to, t)
		}
	}
}

func turnsOf[T any](s *standing, v *versions[T]) {
	s.turn(v.since)
	for _, o := range v.older {
		s.turn(o.since)
	}
}
