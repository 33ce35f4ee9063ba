package registry

import (
	"cmp"
	"slices"
	"time"

	"shouwang/devices"
)

// turn is a time from which something about a resident or a device may be
// answered differently. One of the two is nil.
type turn struct {
	at       int64
	resident *residentEntry
	device   *deviceEntry
}

// turns are all such times, in order. The first version of a resident or a
// device is none: before it nobody watched them.
type turns []turn

func (l *turns) add(t turn, recorded int64, times ...int64) {
	t.at = recorded
	l.insert(t)
	for _, at := range times {
		if at > recorded { // else it holds from when it was entered
			t.at = at
			l.insert(t)
		}
	}
}

func (l *turns) insert(t turn) {
	i := len(*l)
	if i > 0 && (*l)[i-1].at > t.at {
		i, _ = slices.BinarySearchFunc(*l, t.at+1, compareTurn)
	}
	*l = slices.Insert(*l, i, t)
}

func compareTurn(t turn, at int64) int { return cmp.Compare(t.at, at) }

// loadTurns is called when all else is loaded.
func (r *Registry) loadTurns() {
	var all turns
	note := func(t turn, s *span) {
		for _, at := range s.times() {
			if at != 0 && at >= s.recorded {
				t.at = at
				all = append(all, t)
			}
		}
	}
	for _, e := range r.residents {
		if len(e.older) > 0 {
			all = append(all, turn{at: e.since, resident: e})
		}
		for _, o := range e.older {
			all = append(all, turn{at: o.since, resident: e})
		}
		for _, a := range e.absences {
			note(turn{resident: e}, &a.span)
		}
		for _, c := range e.consents {
			note(turn{resident: e}, &span{from: c.from, to: c.to, recorded: c.recorded})
		}
	}
	for _, e := range r.devices {
		if len(e.older) > 0 {
			all = append(all, turn{at: e.since, device: e})
		}
		for _, o := range e.older {
			all = append(all, turn{at: o.since, device: e})
		}
		for _, a := range e.assigned {
			note(turn{device: e}, &a.span)
		}
	}
	slices.SortFunc(all, func(a, b turn) int { return cmp.Compare(a.at, b.at) })
	r.turns = slices.Clip(all)
}

// asked is what Turns was last asked, and the time for which questions about to
// were answered then (see asOf).
type asked struct {
	to, shown, edits int64
}

// Turns lists of which residents and devices an answer as of to may be another
// than as of from, villages' providers aside; all is never true.
//
// While the clock is behind the newest edit, questions about the present are
// answered by it. So what counts is not the time asked for but the one that is
// shown for it, and that of from is known by who asked about it last: the
// engine, whose ticks go on from one another. Anybody else is told of all edits
// that lie ahead, too.
func (r *Registry) Turns(from, to time.Time) (residents []string, ids []devices.DeviceID, all bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	first, last := from.UnixMicro(), r.asOf(to)
	if before := r.asked.Swap(&asked{to.UnixMicro(), last, r.edits}); before != nil && before.to == first {
		first = before.shown
		if before.edits != r.edits && before.shown > before.to {
			// Edits made since then have the time of the newest, which was shown.
			first--
		}
	}
	if first > last { // the clock has come to the edits that lay ahead
		first, last = last, first
	}
	i, _ := slices.BinarySearchFunc(r.turns, first+1, compareTurn)
	for _, t := range r.turns[i:] {
		switch {
		case t.at > last:
			return residents, ids, false
		case t.resident != nil:
			residents = append(residents, t.resident.now.ID)
		default:
			ids = append(ids, t.device.now.ID)
		}
	}
	return residents, ids, false
}
