package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

	"shouwang/devices"
	"shouwang/devices/codec"
)

const (
	// Redelivery is how long after a message the same may come again because
	// its acknowledgement was lost (AckWait is 10 s; ingest reconnects within
	// 10 s). Only what has no time of its own needs it: the rest is told apart
	// by device, metric and time.
	Redelivery = time.Minute
	// slot bounds how long a device without times and numbers can be mistaken
	// for a repeat of itself: one that says "worn: 0" every 30 s is heard at
	// least once in each.
	slot = 5 * time.Minute
	// maxWindow bounds the memory, about 12 MB; reached beyond 4000 messages
	// without a time each second, when the window gets shorter.
	maxWindow = 1 << 18
)

// window remembers which elements without a time came in the last minute, by
// our time of receipt. Its answer depends on that minute alone, so a reader
// that starts again has only that minute to catch up on.
type window struct {
	seen  map[uint64]int64 // key: newest time of receipt, microseconds
	queue []sighting       // in order of coming; queue[:head] is done with
	head  int
	buf   []byte
}

type sighting struct {
	key uint64
	at  int64
}

// note keeps the sighting and says whether the same came within Redelivery
// before.
func (w *window) note(s sighting) bool {
	if w.seen == nil {
		w.seen = map[uint64]int64{}
	}
	w.evict(s.at - Redelivery.Microseconds())
	before, ok := w.seen[s.key]
	if s.at > before {
		w.seen[s.key] = s.at
		w.queue = append(w.queue, s)
	}
	return ok && s.at/slot.Microseconds() == before/slot.Microseconds()
}

func (w *window) key(device devices.DeviceID, e codec.Element) uint64 {
	w.buf = append(w.buf[:0], device...)
	if e.HasSeq {
		w.buf = append(w.buf, 0, 's')
		w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(e.Seq)) //nolint:gosec // only told apart
	} else {
		w.buf = append(w.buf, 0, 'p')
		w.buf = append(w.buf, e.Raw...)
	}
	return xxhash.Sum64(w.buf)
}

func (w *window) evict(before int64) {
	for w.head < len(w.queue) && (w.queue[w.head].at < before || len(w.queue)-w.head > maxWindow) {
		s := w.queue[w.head]
		w.head++
		if w.seen[s.key] == s.at {
			delete(w.seen, s.key)
		}
	}
	if w.head > 1024 && w.head > len(w.queue)/2 {
		w.queue = append(w.queue[:0], w.queue[w.head:]...)
		w.head = 0
	}
}

var errEnough = errors.New("enough frames")

// warm fills the decoder's window with what came in the minute before first,
// the first frame it is to decode: after a restart a repeat is then known for
// one as if there had been none. Frames are found by going back from first in
// growing steps; all lie before a frame that exists, so nothing waits.
func warm(ctx context.Context, j Follower, lane Lane, dec *Decoder, first Frame) error {
	horizon := oldest(first).Add(-Redelivery)
	var start uint64
	for step := uint64(64); step < first.Seq; step *= 4 {
		after := first.Seq - 1 - step
		var found Frame
		err := j.Follow(ctx, lane, after, func(_ context.Context, frames []Frame) error {
			found = frames[0]
			return errEnough
		})
		if !errors.Is(err, errEnough) {
			return fmt.Errorf("look back from frame %d: %w", first.Seq, err)
		}
		if found.Seq < first.Seq && newest(found).Before(horizon) {
			start = after
			break
		}
	}
	err := j.Follow(ctx, lane, start, func(_ context.Context, frames []Frame) error {
		for _, f := range frames {
			if f.Seq >= first.Seq {
				return errEnough
			}
			if !newest(f).Before(horizon) {
				dec.Warm(f)
			}
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		return fmt.Errorf("read the minute before frame %d: %w", first.Seq, err)
	}
	return nil
}

// oldest and newest are the times of receipt between which a frame's records
// came; zero for a frame without records.
func oldest(f Frame) time.Time {
	var t time.Time
	for i := range f.Records {
		if r := f.Records[i].Received; t.IsZero() || r.Before(t) {
			t = r
		}
	}
	return t
}

func newest(f Frame) time.Time {
	var t time.Time
	for i := range f.Records {
		if r := f.Records[i].Received; r.After(t) {
			t = r
		}
	}
	return t
}
