package ingest

import (
	"context"

	"shouwang/devices"
)

// Follower gives the frames of a lane in order: those with a number above
// after, then those that come. It ends with fn's error or ctx's.
type Follower interface {
	Follow(ctx context.Context, lane Lane, after uint64, fn func(context.Context, []Frame) error) error
}

// Feed hands the alert engine what the frames of a lane say, one frame at a
// time, beginning after the last frame the engine has committed. It ends with
// apply's error or ctx's: an engine that fails is started again from its last
// snapshot, never from what it has half done.
func Feed(ctx context.Context, j Follower, lane Lane, after uint64, dec *Decoder,
	apply func(ctx context.Context, lane Lane, seq uint64, records []devices.Record, refusals []devices.Refusal) error,
) error {
	warmed := false
	dec.Forget()
	return j.Follow(ctx, lane, after, func(ctx context.Context, frames []Frame) error {
		for _, f := range frames {
			if !warmed {
				if err := warm(ctx, j, lane, dec, f); err != nil {
					return err
				}
				warmed = true
			}
			records, refusals := dec.Decode(f)
			if err := apply(ctx, lane, f.Seq, records, refusals); err != nil {
				return err
			}
			dec.counts.lag(newest(f))
		}
		return nil
	})
}
