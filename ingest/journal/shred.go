package journal

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"shouwang/ingest"
)

// Shred says whether a purge also overwrites the frames on disk, from now on.
// Else their bytes stay in the store's files until a whole block is free. It
// costs about a millisecond a frame, so it is on only while the end of somebody's
// data is waited for.
func (j *Journal) Shred(on bool) { j.shred.Store(on) }

// shredUpTo overwrites and removes the frames of each lane up to a number.
func (j *Journal) shredUpTo(ctx context.Context, upTo map[ingest.Lane]uint64) error {
	for name, last := range upTo {
		l := j.lanes[name]
		for seq := uint64(1); seq <= last; seq++ {
			msg, err := j.next(ctx, l, seq)
			if err != nil {
				return fmt.Errorf("shred lane %s: %w", name, err)
			}
			if msg == nil || msg.Sequence > last {
				break
			}
			seq = msg.Sequence
			if err := j.stream.SecureDeleteMsg(ctx, seq); err != nil && !errors.Is(err, jetstream.ErrMsgNotFound) {
				return fmt.Errorf("shred frame %d: %w", seq, err)
			}
		}
	}
	return nil
}
