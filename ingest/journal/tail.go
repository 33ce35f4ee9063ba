package journal

import (
	"sync"

	"shouwang/ingest"
)

// tailBytes bounds what the tail of a lane weighs, its records as the buffer
// weighs them.
const tailBytes = 2 << 20

// tail holds the newest frames of a lane that this process has written and that
// are on disk, so that readers at the end of the lane need not ask the server for
// what was in memory a moment ago. One who is further behind asks the server.
type tail struct {
	mu     sync.Mutex
	frames []tailFrame // each comes right after the one before in the lane
	before uint64      // number of the lane's frame before the first, 0: there was none
	size   int
}

type tailFrame struct {
	ingest.Frame
	size int
}

// add appends a frame that comes right after frame before of the lane. The
// records must not change any more.
func (t *tail) add(before uint64, f ingest.Frame, size int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.frames); n == 0 || t.frames[n-1].Seq != before {
		clear(t.frames)
		t.frames, t.before, t.size = t.frames[:0], before, 0
	}
	t.frames = append(t.frames, tailFrame{f, size})
	t.size += size
	drop := 0
	for t.size > tailBytes && drop < len(t.frames) {
		t.size -= t.frames[drop].size
		t.before = t.frames[drop].Seq
		drop++
	}
	if drop > 0 {
		left := copy(t.frames, t.frames[drop:])
		clear(t.frames[left:])
		t.frames = t.frames[:left]
	}
}

// after returns the frames that come after a number, at most max. known says
// whether the tail knows all of them up to its end; if not the server must be
// asked. Frames of another process behind the end are not known.
func (t *tail) after(seq uint64, max int) (frames []ingest.Frame, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.frames) == 0 || seq < t.before {
		return nil, false
	}
	for i := range t.frames {
		if t.frames[i].Seq > seq && len(frames) < max {
			frames = append(frames, t.frames[i].Frame)
		}
	}
	return frames, true
}
