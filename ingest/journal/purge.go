package journal

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shouwang/ingest"
)

// statsEvery is how often the gauges are brought up to date.
const statsEvery = 15 * time.Second

// clearEvery is how often room is made on a disk that is nearly full.
const clearEvery = 5 * time.Second

// keep purges and measures until ctx ends.
func (j *Journal) keep(ctx context.Context) {
	purge := time.NewTicker(j.opts.PurgeEvery)
	defer purge.Stop()
	stats := time.NewTicker(statsEvery)
	defer stats.Stop()
	clear := time.NewTicker(clearEvery)
	defer clear.Stop()
	for {
		// Taking what devices send is worth more than reading again what all
		// have read: on a disk that is nearly full nothing is kept for replay.
		cutoff := time.Now().Add(-j.opts.ReplayWindow)
		select {
		case <-ctx.Done():
			return
		case <-purge.C:
		case <-clear.C:
			if j.opts.Disk.Room() == ingest.RoomForAll {
				continue
			}
			cutoff = time.Now()
		case <-stats.C:
			if s, err := j.Stats(ctx); err == nil {
				j.metrics.observe(s, time.Now())
			}
			continue
		}
		if err := j.purge(ctx, cutoff); err != nil && ctx.Err() == nil {
			j.log.Error().Err(err).Msg("journal not purged")
		}
	}
}

// purge removes the frames that all readers have passed and that were written
// before cutoff. What lies before the first frame still needed, of any lane,
// goes at once (the cheap way: whole blocks of the store); then each lane goes
// as far as it can alone, so that a reader that hangs in one lane does not keep
// the other lane's frames.
func (j *Journal) purge(ctx context.Context, cutoff time.Time) error {
	upTo := map[ingest.Lane]uint64{}
	common := ^uint64(0)
	for _, name := range ingest.Lanes {
		seq, err := j.purgeable(ctx, j.lanes[name], cutoff)
		if err != nil {
			return fmt.Errorf("purge lane %s: %w", name, err)
		}
		upTo[name] = seq
		common = min(common, seq)
	}
	if j.shred.Load() {
		if err := j.shredUpTo(ctx, upTo); err != nil {
			return err
		}
	}
	if common > 0 {
		if err := j.stream.Purge(ctx, jetstream.WithPurgeSequence(common+1)); err != nil {
			return fmt.Errorf("purge up to %d: %w", common, err)
		}
	}
	for _, name := range ingest.Lanes {
		if upTo[name] <= common {
			continue
		}
		l := j.lanes[name]
		err := j.stream.Purge(ctx, jetstream.WithPurgeSubject(l.subject), jetstream.WithPurgeSequence(upTo[name]+1))
		if err != nil {
			return fmt.Errorf("purge lane %s up to %d: %w", name, upTo[name], err)
		}
	}
	return nil
}

// purgeable returns the number up to which nobody needs the lane any more: the
// one before its first frame that a reader has not passed, whose writer does not
// know yet that it is stored, or that is not older than cutoff. Without such a
// frame that is the newest of the whole stream. 0: nothing may go.
func (j *Journal) purgeable(ctx context.Context, l *lane, cutoff time.Time) (uint64, error) {
	info, err := j.stream.Info(ctx)
	if err != nil {
		return 0, err
	}
	end := info.State.LastSeq // before the positions: what comes later is kept
	passed, err := j.floor(ctx, l)
	if err != nil {
		return 0, err
	}
	// A frame whose acknowledgement was lost is recognised on the next try only
	// while it is there, however quickly all have read it.
	l.mu.Lock()
	passed = min(passed, l.newest)
	l.mu.Unlock()
	keep := end + 1 // the first number that must stay, as far as we know
	unread, err := j.next(ctx, l, passed+1)
	if err != nil {
		return 0, err
	}
	if unread != nil {
		keep = min(keep, unread.Sequence)
	}
	// Frames are stored in order of time, so the first one not before cutoff
	// is found by halving: it is in [low, high) or it is keep.
	for low, high := uint64(1), keep; low < high; {
		middle := low + (high-low)/2
		msg, err := j.next(ctx, l, middle)
		switch {
		case err != nil:
			return 0, err
		case msg == nil || msg.Sequence >= high: // nothing from middle on
			high = middle
		case msg.Time.Before(cutoff):
			low = msg.Sequence + 1
		default:
			keep, high = msg.Sequence, middle
		}
	}
	return keep - 1, nil
}

// floor returns the position that all readers of the lane have reached.
func (j *Journal) floor(ctx context.Context, l *lane) (uint64, error) {
	l.mu.Lock()
	floor, told := l.passed, l.told
	l.mu.Unlock()
	if !told {
		return 0, nil
	}
	for _, name := range j.opts.Durable {
		// The stored position, not the one in memory: after a crash the reader
		// goes on from there.
		seq, err := j.loadPosition(ctx, name, l)
		if err != nil {
			return 0, err
		}
		floor = min(floor, seq)
	}
	return floor, nil
}
