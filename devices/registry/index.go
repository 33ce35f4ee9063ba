package registry

import (
	"sync/atomic"
	"time"

	"shouwang/devices"
)

// Times in the index are microseconds since 1970, as in SQL: a third of the
// memory of time.Time.

// span is a time that was entered once and may have been ended later.
type span struct {
	from, to int64 // to 0: no end known
	recorded int64 // when it was entered
	// endedAt is an end entered later, at endedRecorded; 0 when none was.
	endedAt, endedRecorded int64
}

// covers says whether, as known at the moment at, the span holds at it.
func (s *span) covers(at int64) bool {
	if at < s.recorded || at < s.from || s.to != 0 && at >= s.to {
		return false
	}
	return s.endedRecorded == 0 || at < s.endedRecorded || at < s.endedAt
}

// times are all at which an answer about the span may change; 0 stands for none.
func (s *span) times() [5]int64 {
	return [...]int64{s.recorded, s.from, s.to, s.endedRecorded, s.endedAt}
}

// end is when the span ends as known now, 0 for never.
func (s *span) end() int64 {
	if s.endedRecorded != 0 && (s.to == 0 || s.endedAt < s.to) {
		return s.endedAt
	}
	return s.to
}

type serving struct {
	span
	provider string
}

type assignment struct {
	span
	resident *residentEntry
	edit     int64
}

type absence struct {
	span
	resident string
}

// versions are the present version of a thing and those before it, newest
// first. A version is never changed once it was handed out.
type versions[T any] struct {
	now   *T
	since int64
	older []version[T]
}

type version[T any] struct {
	of    *T
	since int64
}

func (v *versions[T]) at(at int64) *T {
	if at >= v.since {
		return v.now
	}
	for _, o := range v.older {
		if at >= o.since {
			return o.of
		}
	}
	return nil
}

// next makes another version the present one.
func (v *versions[T]) next(now *T, since int64) {
	v.older = append([]version[T]{{v.now, v.since}}, v.older...)
	v.now, v.since = now, since
}

type deviceEntry struct {
	versions[devices.Device]

	assigned []*assignment
	secret   *[32]byte
	standing atomic.Pointer[standing]
}

// Of a resident, phone, address, year of birth and contacts are only in SQL:
// nothing in the pipeline needs them.
type residentEntry struct {
	versions[devices.Resident]

	absences []*absence
	consents []*consent // in the order in which they were entered
}

type gatewayEntry struct {
	secret *[32]byte
}

// recent is how old a question about the present may be: a record is judged
// within seconds of its receipt.
const recent = 10 * time.Minute

// asOf is the time for which a question is answered; r.mu is held. It is the
// time asked for, so that a device is unknown before it was entered, but for one
// case: edits that were made while our clock was ahead lie in the future. Until
// it gets there, what is asked about the present is answered by all edits: a
// resident who was entered must not go unheard. A replay of that time, later,
// judges by the edits' times.
func (r *Registry) asOf(at time.Time) int64 {
	t := at.UnixMicro()
	if t >= r.last {
		return t
	}
	if now := r.now(); now.UnixMicro() < r.last && at.After(now.Add(-recent)) {
		return r.last
	}
	return t
}

// present is now, or the time of the newest edit if the clock was set back
// behind it.
func (r *Registry) present() int64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return max(r.now().UnixMicro(), r.last)
}

// Device is what was known of the device at that time. The answer is shared
// and must not be changed.
func (r *Registry) Device(id devices.DeviceID, at time.Time) (*devices.Device, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, ok := r.devices[id]
	if !ok {
		return nil, false
	}
	d := e.at(r.asOf(at))
	return d, d != nil
}

// Resident is what was known of the resident at that time. The answer has no
// phone, address, year of birth and contacts (GetResident has), is shared and must
// not be changed.
func (r *Registry) Resident(id string, at time.Time) (*devices.Resident, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, ok := r.residents[id]
	if !ok {
		return nil, false
	}
	p := e.at(r.asOf(at))
	return p, p != nil
}

// Away says that an announced absence, known at that time, covers it.
func (r *Registry) Away(resident string, at time.Time) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, ok := r.residents[resident]
	if !ok {
		return false
	}
	return e.away(r.asOf(at))
}

func (e *residentEntry) away(at int64) bool {
	for _, a := range e.absences {
		if a.covers(at) {
			return true
		}
	}
	return false
}

// Provider is the organisation that served the area, or the nearest area above
// it that has one; "" when none does. Where several serve the same area, the
// one entered first counts.
func (r *Registry) Provider(area devices.AreaPath, at time.Time) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	t := r.asOf(at)
	for ; area != ""; area = area.Parent() {
		for _, s := range r.villages[area] {
			if s.covers(t) {
				return s.provider
			}
		}
	}
	return ""
}
