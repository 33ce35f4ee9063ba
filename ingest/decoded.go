package ingest

import (
	"sync"

	"shouwang/devices"
)

// recent is how many frames are kept decoded: more than the readers of a lane
// are usually apart.
const recent = 32

// Decoded spares the second of a lane's two readers the decoding: it keeps what
// the last frames said until that one has asked. Decoders that share one must have
// the same directory and age limit; what they give is shared too, and must not be
// changed. A reader that is far behind the other, or asks again, decodes for
// itself.
type Decoded struct {
	mu     sync.Mutex
	frames [recent]decodedFrame
}

type decodedFrame struct {
	seq      uint64
	taken    bool // by both readers: the rest is not kept
	records  []devices.Record
	refusals []devices.Refusal
	// untimed is what the window must learn of the frame, and repeats and
	// readings what the counters must.
	untimed           []sighting
	repeats, readings int
	withheld          map[devices.DataType]int
}

// frame returns what the frame says, by decode when it is not known. One reader
// decodes while the other waits for it, instead of doing the same beside it.
func (d *Decoded) frame(seq uint64, decode func() decodedFrame) (frame decodedFrame, known bool) {
	if d == nil {
		return decode(), false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	kept := &d.frames[seq%recent]
	if kept.seq == seq && seq != 0 && !kept.taken {
		frame, *kept = *kept, decodedFrame{seq: seq, taken: true}
		return frame, true
	}
	frame = decode()
	if seq > kept.seq { // else it is the laggard's, whom the other does not follow
		*kept = frame
	}
	return frame, false
}
