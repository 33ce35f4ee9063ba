package journal

import (
	"context"
	"sync"

	"shouwang/ingest"
)

// entry is a record that waits to be written, and whom to tell.
type entry struct {
	rec  ingest.Record
	done func(error)
}

// entryOverhead is what an entry weighs beside its topic and payload, bytes.
const entryOverhead = 128

func (e *entry) weight() int { return len(e.rec.Topic) + len(e.rec.Payload) + entryOverhead }

// buffer holds the entries of one lane between put and the acknowledgement of
// their frame. It is bounded by number and by weight, and what is being
// written still counts; a single entry always fits into an empty buffer. Ticks
// always fit: they are few and tiny, and time must not stand behind what is
// held back.
type buffer struct {
	maxEntries, maxWeight     int
	frameEntries, frameWeight int

	mu      sync.Mutex
	waiting []entry // waiting[0] is the oldest
	// heldEntries and heldWeight count what waits and what is being written;
	// waitingWeight only the former.
	heldEntries, heldWeight, waitingWeight int

	closed bool
	space  chan struct{} // closed when somebody may fit again; nil while nobody waits
	some   chan struct{} // holds a token after a put
	full   chan struct{} // holds a token when a whole frame waits
}

func newBuffer(maxEntries, maxWeight, frameEntries, frameWeight int) *buffer {
	return &buffer{
		maxEntries: maxEntries, maxWeight: maxWeight,
		frameEntries: frameEntries, frameWeight: frameWeight,
		some: make(chan struct{}, 1), full: make(chan struct{}, 1),
	}
}

// put adds the entry, and waits while it does not fit. It returns ErrStopped
// after close and ctx's error when that comes first; the entry is not taken then.
func (b *buffer) put(ctx context.Context, e entry) error {
	w := e.weight()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.mu.Lock()
		if b.closed {
			b.mu.Unlock()
			return ErrStopped
		}
		if e.rec.Tick || b.heldEntries == 0 || (b.heldEntries < b.maxEntries && b.heldWeight+w <= b.maxWeight) {
			b.waiting = append(b.waiting, e)
			b.heldEntries++
			b.heldWeight += w
			b.waitingWeight += w
			whole := b.wholeFrame()
			b.mu.Unlock()
			notify(b.some)
			if whole {
				notify(b.full)
			}
			return nil
		}
		if b.space == nil {
			b.space = make(chan struct{})
		}
		space := b.space
		b.mu.Unlock()
		select {
		case <-space:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take removes the entries of the next frame, oldest first, into dst: as many
// as a frame holds, and at least one if there is any.
func (b *buffer) take(dst []entry) []entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	n, weight := 0, 0
	for n < len(b.waiting) && n < b.frameEntries {
		w := b.waiting[n].weight()
		if n > 0 && weight+w > b.frameWeight {
			break
		}
		weight += w
		n++
	}
	dst = append(dst, b.waiting[:n]...)
	rest := copy(b.waiting, b.waiting[n:])
	clear(b.waiting[rest:])
	b.waiting = b.waiting[:rest]
	b.waitingWeight -= weight
	if rest > 0 {
		notify(b.some)
	}
	if b.wholeFrame() {
		notify(b.full)
	}
	return dst
}

// takeTicks is take while nothing else of the lane may be written: the ticks
// among what waits, which then overtake it.
func (b *buffer) takeTicks(dst []entry) []entry {
	b.mu.Lock()
	defer b.mu.Unlock()
	rest, weight := b.waiting[:0], 0
	for i := range b.waiting {
		e := b.waiting[i]
		if e.rec.Tick && len(dst) < b.frameEntries {
			dst = append(dst, e)
			weight += e.weight()
		} else {
			rest = append(rest, e)
		}
	}
	clear(b.waiting[len(rest):])
	b.waiting = rest
	b.waitingWeight -= weight
	return dst
}

// release gives back the room of entries that were taken.
func (b *buffer) release(entries []entry) {
	weight := 0
	for i := range entries {
		weight += entries[i].weight()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.heldEntries -= len(entries)
	b.heldWeight -= weight
	b.wake()
}

// close makes every put fail from now on, those that wait too.
func (b *buffer) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.wake()
}

func (b *buffer) wake() {
	if b.space != nil {
		close(b.space)
		b.space = nil
	}
}

// held returns the number and weight of the entries not yet on disk.
func (b *buffer) held() (entries, weight int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.heldEntries, b.heldWeight
}

func (b *buffer) isWhole() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.wholeFrame()
}

func (b *buffer) wholeFrame() bool {
	return len(b.waiting) >= b.frameEntries || b.waitingWeight >= b.frameWeight
}

func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
