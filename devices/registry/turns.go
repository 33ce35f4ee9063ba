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
		for _, at := range []int64{s.recorded, s.from, s.to, s.endedRecorded, s.endedAt} {
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

// Turns lists of which residents and devices an answer as of to may be another
// than as of from, villages' providers aside; all says that it may be any.
func (r *Registry) Turns(from, to time.Time) (residents []string, ids []devices.DeviceID, all bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	// While the clock is behind the newest edit, questions about the present
	// are answered by it (see asOf): then no time tells what has changed, and
	// neither when that ends.
	ahead := r.now().UnixMicro() < r.last
	if was := r.ahead.Swap(ahead); ahead || was {
		return nil, nil, true
	}
	i, _ := slices.BinarySearchFunc(r.turns, from.UnixMicro()+1, compareTurn)
	for _, t := range r.turns[i:] {
		switch {
		case t.at > to.UnixMicro():
			return residents, ids, false
		case t.resident != nil:
			residents = append(residents, t.resident.now.ID)
		default:
			ids = append(ids, t.device.now.ID)
		}
	}
	return residents, ids, false
}
