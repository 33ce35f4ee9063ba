package journal

import (
	"bytes"
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"shouwang/ingest"
)

// publishTimeout is how long one try waits for the server's acknowledgement.
const publishTimeout = 5 * time.Second

// writer writes the frames of one lane, one after the other.
type writer struct {
	j    *Journal
	lane *lane

	last    uint64    // the lane's newest frame: ours must come right after it
	started time.Time // of the last write
	entries []entry
	frame   []byte
}

// run writes until ctx ends, then what still waits, then gives back the rest.
func (w *writer) run(ctx context.Context) {
	w.lane.mu.Lock()
	w.last = w.lane.newest
	w.lane.mu.Unlock()

	for w.collect(ctx) && w.write(ctx) {
	}
	w.lane.buf.close()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.j.opts.StopTimeout)
	defer cancel()
	// A frame that was given up when ctx ended is the first to be tried again.
	for len(w.entries) > 0 || w.take() {
		if w.held() || !w.write(stop) {
			w.give(ErrStopped)
		}
	}
}

// collect waits for the first record, and for the rest of its frame while the
// last write is less than linger ago: after a pause a record is written at
// once, under load there are at most 200 small frames a second.
func (w *writer) collect(ctx context.Context) bool {
	for {
		// Asked for first, so that no change of it is missed.
		roomChanged := w.j.opts.Disk.Changed()
		if w.held() {
			if w.takeTicks() {
				return true
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-roomChanged:
			notify(w.lane.buf.some) // what was held back goes now, or the wait was in vain
			continue
		case <-w.lane.buf.some:
		}
		if w.held() {
			continue
		}
		if wait := linger - time.Since(w.started); wait > 0 && !w.lane.buf.isWhole() {
			timer := time.NewTimer(wait)
			select {
			case <-ctx.Done():
				timer.Stop()
				return false
			case <-timer.C:
			case <-w.lane.buf.full:
				timer.Stop()
			}
			// A token of full may be left from an earlier frame; at worst a
			// frame is written early.
		}
		if w.take() {
			return true
		}
	}
}

// held says whether the disk is kept for more important things than this lane.
// What came is then neither written nor acknowledged: the broker keeps it.
func (w *writer) held() bool { return !w.j.opts.Disk.Takes(w.lane.name) }

// takeTicks takes what may be written of a lane that is held back: our clock,
// unless there is no room for anything.
func (w *writer) takeTicks() bool {
	if w.j.opts.Disk.Room() == ingest.NoRoom {
		return false
	}
	w.entries = w.lane.buf.takeTicks(w.entries[:0])
	return len(w.entries) > 0
}

func (w *writer) take() bool {
	w.entries = w.lane.buf.take(w.entries[:0])
	return len(w.entries) > 0
}

// write stores the collected entries as one frame and tells them so. It tries
// for ever, and returns false when ctx ended before: the entries are still
// there then.
func (w *writer) write(ctx context.Context) bool {
	records, size := make([]ingest.Record, len(w.entries)), 0
	for i := range w.entries {
		records[i] = w.entries[i].rec
		size += w.entries[i].weight()
	}
	w.frame = AppendFrame(w.frame[:0], records)
	w.started = time.Now()
	retry := backoff{}
	for {
		if ctx.Err() != nil {
			return false
		}
		seq, err := w.publish(ctx)
		if err == nil {
			if retry.tries > 0 {
				w.j.log.Info().Str("lane", string(w.lane.name)).Int("tries", retry.tries+1).Msg("journal is written again")
			}
			w.lane.tail.add(w.last, ingest.Frame{Lane: w.lane.name, Partition: w.j.opts.Partition, Seq: seq, Records: records}, size)
			w.last = seq
			w.j.metrics.wrote(w.lane.name, len(w.entries), len(w.frame), time.Since(w.started))
			w.lane.sawFrame(seq)
			w.give(nil)
			if cap(w.frame) > 2*frameBytes {
				w.frame = nil // once there was a giant, do not keep its room
			}
			return true
		}
		w.j.metrics.failures.WithLabelValues(string(w.lane.name)).Inc()
		if retry.tries == 0 || retry.atCeiling() {
			w.j.log.Error().Err(err).Str("lane", string(w.lane.name)).Int("tries", retry.tries+1).Msg("journal cannot be written, trying again")
		}
		retry.wait(ctx)
	}
}

// unsure is the number of no frame.
const unsure = math.MaxUint64

// order is the order in which this process writes to the stream: one frame after
// the other, as the stream takes them.
type order struct {
	mu  sync.Mutex
	end uint64 // number of the newest frame that we know of
	// alone says that the newest frame had the number after end: nobody else has
	// written in between.
	alone bool
}

// publish makes one try and returns the frame's number; w.last is then the
// number of the frame before it, or one behind that frame and not before it.
//
// The server is asked to store it only right after w.last. For that it reads the
// lane's newest frame, and then keeps the memory of 8 MiB in which that was for
// another 10 s: 80 MB under load. So it is asked when the answer is in doubt: by
// the first frame, after an error, when the frame of w.last is not the newest we
// know of, and while somebody else writes. Who begins to write just then is seen
// by the number that our frame gets: the tail begins anew.
func (w *writer) publish(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	o := &w.j.order
	o.mu.Lock()
	defer o.mu.Unlock()
	sure := o.alone && w.last == w.lane.stored
	o.alone, w.lane.stored = false, unsure // until we know: it may be stored without our hearing of it
	seq, err := w.send(ctx, !sure)
	switch {
	case err == nil:
	case !isWrongLast(err):
		return 0, err
	default:
		if seq, err = w.behind(ctx); err != nil {
			return 0, err
		}
	}
	o.alone = seq == o.end+1
	if sure && !o.alone {
		w.last = seq - 1
	}
	o.end, w.lane.stored = max(o.end, seq), seq
	return seq, nil
}

// send makes one try to store the frame; after says: only right after w.last.
func (w *writer) send(ctx context.Context, after bool) (uint64, error) {
	opts := []jetstream.PublishOpt{jetstream.WithRetryAttempts(0)}
	if after {
		opts = append(opts, jetstream.WithExpectLastSequencePerSubject(w.last))
	}
	ack, err := w.j.js.PublishMsg(ctx, &nats.Msg{Subject: w.lane.subject, Data: w.frame}, opts...)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// behind stores the frame when the lane does not end where we thought. Either
// this very frame is stored already and its acknowledgement was lost, or the frame
// before was purged, or somebody else writes this lane: then it goes on behind it.
func (w *writer) behind(ctx context.Context) (uint64, error) {
	newest, err := w.j.newestOf(ctx, w.lane)
	switch {
	case err != nil:
		return 0, err
	case newest == nil:
		w.last = 0
	case newest.Sequence > w.last && bytes.Equal(newest.Data, w.frame):
		return newest.Sequence, nil
	default:
		if newest.Sequence > w.last {
			w.j.log.Warn().Str("lane", string(w.lane.name)).Uint64("seq", newest.Sequence).Msg("somebody else writes this lane of the journal")
		}
		w.last = newest.Sequence
	}
	return w.send(ctx, true)
}

// give tells the entries how it went and frees their room.
func (w *writer) give(err error) {
	for i := range w.entries {
		if done := w.entries[i].done; done != nil {
			done(err)
		}
	}
	w.lane.buf.release(w.entries)
	clear(w.entries)
	w.entries = w.entries[:0]
}

func isWrongLast(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence ||
			api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// backoff waits longer and longer between tries, up to retryCeiling.
type backoff struct {
	tries int
	delay time.Duration
}

func (b *backoff) atCeiling() bool { return b.delay >= retryCeiling }

func (b *backoff) wait(ctx context.Context) {
	b.tries++
	b.delay = min(max(2*b.delay, retryFloor), retryCeiling)
	timer := time.NewTimer(b.delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
