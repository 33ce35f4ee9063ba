package alerting

import (
	"math"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
)

// wake is when a subject must see the next tick, 0 for at once, and of whom it
// is. There is one for each subject, packed, since every tick looks at all of
// them: a hundred thousand homes in a millisecond, without touching what is
// not due.
type wake struct {
	at       int64         // receipt time, nanoseconds since 1970
	watched  time.Duration // watched clock
	resident uint64        // hash of the resident behind it, 0 without one
}

const never = math.MaxInt64

// hashed is never 0.
func hashed(resident string) uint64 { return xxhash.Sum64String(resident) | 1 }

// sleep asks the detectors of a subject that has just seen a tick.
func (e *Engine) sleep(h *hearing) wake {
	k := wake{at: never, watched: never}
	if h.at.resident != nil {
		k.resident = hashed(h.at.resident.ID)
	}
	for i := range h.w.detectors {
		d := &h.w.detectors[i]
		if d.sleeper == nil {
			k.at = 0
			break
		}
		due := d.sleeper.Due(&h.v)
		if !due.At.IsZero() {
			k.at = min(k.at, due.At.UnixNano())
		}
		if due.Watched != 0 {
			k.watched = min(k.watched, due.Watched)
		}
	}
	return k
}

// woken lists who must see the tick at now, in the order of subjects: those
// whose time has come, who have heard something since the last tick, or of whom
// something has changed. Others would say nothing, so this is a matter of work
// alone: the alerts are those of an engine that hands every tick to everybody.
func (e *Engine) woken(last, now time.Time) []*watched {
	s := e.subjects
	residents, all := e.turned(last, now)
	if all {
		return s.sorted()
	}
	at, clock := now.UnixNano(), e.watchedAt(now)
	list := e.awake[:0]
	for i := range s.wakes {
		k := &s.wakes[i]
		due := at >= k.at || clock >= k.watched
		if !due && len(residents) > 0 && k.resident != 0 {
			if _, due = residents[k.resident]; due {
				k.at = 0
			}
		}
		if due {
			list = append(list, s.all[i])
		}
	}
	slices.SortFunc(list, compareWatched)
	e.awake = list
	return list
}

// turned lists of which residents something may be otherwise than at the last
// tick, and wakes the devices of which it is; all means everybody.
func (e *Engine) turned(last, now time.Time) (changed map[uint64]struct{}, all bool) {
	rules := e.Book.Rules(now)
	same := rules == e.rules
	e.rules = rules
	if !same || !now.After(last) {
		return nil, true
	}
	for _, of := range [...]any{e.Directory, e.Book} {
		t, ok := of.(Turning)
		if !ok {
			return nil, true
		}
		residents, ids, all := t.Turns(last, now)
		if all {
			return nil, true
		}
		for _, id := range ids {
			if w, ok := e.subjects.byID[DeviceSubject(id)]; ok {
				e.subjects.rouse(w)
			}
		}
		for _, id := range residents {
			if changed == nil {
				changed = map[uint64]struct{}{}
			}
			changed[hashed(id)] = struct{}{}
		}
	}
	return changed, false
}

// watchedAt is the watched clock that views at that time show.
func (e *Engine) watchedAt(at time.Time) time.Duration {
	if e.Watched != nil {
		return e.Watched(at)
	}
	return e.clock.Watched
}

// rouse lets the subject see the next tick.
func (s *subjects) rouse(w *watched) { s.wakes[w.number].at = 0 }

func compareWatched(a, b *watched) int { return compareSubjects(a.subject, b.subject) }

// sorted are all subjects, in an order that does not depend on who reported
// first.
func (s *subjects) sorted() []*watched {
	if len(s.order) != len(s.all) {
		s.order = slices.Clone(s.all)
		slices.SortFunc(s.order, compareWatched)
	}
	return s.order
}
