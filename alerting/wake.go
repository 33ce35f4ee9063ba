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
	hash     uint64        // of the subject
}

const never = math.MaxInt64

// NextTick is from when on somebody must see a tick: at a time of receipt, in
// nanoseconds since 1970, or when the watched clock stands so, whichever comes
// first; 0 is the next one, and math.MaxInt64 none. It does not tell of what may
// turn in the registry or the book until then.
func (e *Engine) NextTick() (at int64, watched time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	at, watched = never, never
	for i := range e.subjects.wakes {
		k := &e.subjects.wakes[i]
		at, watched = min(at, k.at), min(watched, k.watched)
	}
	return at, watched
}

// hashed is never 0.
func hashed(resident string) uint64 { return xxhash.Sum64String(resident) | 1 }

func (p *place) hashed() uint64 {
	if p.resident == nil {
		return 0
	}
	return hashed(p.resident.ID)
}

// sleep asks the detectors of a subject that has just seen a tick.
func (e *Engine) sleep(h *hearing) {
	k := &e.subjects.wakes[h.w.number]
	k.at, k.watched, k.resident = never, never, h.at.hashed()
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
}

// rest lets those who were restored sleep as they would after the last tick: so
// the first tick after a start is one like others. Who was saved between hearing
// something and the next tick must see one.
func (e *Engine) rest() {
	if e.clock.LastTick.IsZero() {
		return
	}
	for _, w := range e.subjects.all {
		var p place
		if w.roused || !e.locate(&p, w.subject, e.clock.LastTick) {
			continue
		}
		var h hearing
		p.rules = e.swept(w, &p)
		e.hear(&h, w, &p, e.clock.LastTick)
		e.sleep(&h)
	}
}

// sweep moves on, with a tick, how far new rules have come: everybody's ticks
// show them a few minutes after they begin to hold, some subjects' with each
// tick, by their ids. All at once would be a second with a hundred thousand
// homes, in which an SOS waits. Who it is depends on the journal's ticks alone,
// so that it is the same after a restart and in a replay, and a tick more or less
// changes nothing. Readings are judged by new rules at once.
func (e *Engine) sweep(last, now time.Time) {
	s := &e.clock.Sweep
	e.turn = -1
	if s.To.IsZero() {
		s.To = last // an older release kept no sweep
	}
	if s.Left == 0 {
		if !last.IsZero() && e.Book.NewestRules(s.To) != e.Book.NewestRules(now) {
			s.From, s.Left = s.To, e.SweepTicks
		}
		s.To = now
	}
	if s.Left > 0 {
		s.Left = min(s.Left, e.SweepTicks) - 1 // which may have been another
		e.turn = s.Left
	}
}

// swept are the rules that the subject's ticks show.
func (e *Engine) swept(w *watched, p *place) *Rules {
	s := &e.clock.Sweep
	if s.Left > e.turnOf(&e.subjects.wakes[w.number]) {
		return e.Book.Rules(s.From, p.scope())
	}
	return e.Book.Rules(s.To, p.scope())
}

// turnOf is how many ticks of a sweep are left when it has come to the subject.
func (e *Engine) turnOf(k *wake) int { return int(k.hash % uint64(e.SweepTicks)) } //nolint:gosec // a remainder

// woken lists who must see the tick at now, in the order of subjects: those
// whose time has come, who have heard something since the last tick, of whom
// something has changed, or to whom new rules have come. Others would say nothing, so this is a matter of work
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
		if !due && e.turn >= 0 && e.turnOf(k) == e.turn {
			k.at, due = 0, true
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
	if now.Before(last) {
		last, now = now, last
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
