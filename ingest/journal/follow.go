package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"shouwang/ingest"
)

const (
	// A reader is given what waits, but at most this much at a time.
	batchFrames = 16
	batchBytes  = 8 << 20
	// poll is how often a reader at the end of its lane looks for frames that
	// another process wrote; those of this process wake it at once.
	poll = 250 * time.Millisecond
	// saveEvery is the least time between two stored positions of a durable
	// reader: what a killed process reads again.
	saveEvery = time.Second
	// getTimeout bounds one request for a frame.
	getTimeout = 2 * time.Second
)

// PositionError says that a reader wants to go on behind the end of the
// journal, and has not asked Resume: what comes would be mistaken for what it
// already knows. Nothing is read.
type PositionError struct {
	Lane  ingest.Lane
	After uint64 // where the reader is
	Last  uint64 // newest frame of the journal, over all lanes
}

func (e *PositionError) Error() string {
	return fmt.Sprintf("reader of lane %s is at %d, but the journal ends at %d: it is not the one that was read before", e.Lane, e.After, e.Last)
}

// rewind sets the stored positions of the durable readers back to the end of a
// journal that has become shorter, before anything new gets the numbers that
// are free again.
func (j *Journal) rewind(ctx context.Context) error {
	info, err := j.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("end of the journal: %w", err)
	}
	j.end = info.State.LastSeq
	for _, name := range j.opts.Durable {
		for _, l := range j.lanes {
			after, err := j.loadPosition(ctx, name, l)
			if err != nil {
				return err
			}
			if seq := j.Resume(name, l.name, after); seq != after {
				if err := j.savePosition(ctx, name, l, seq); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Resume returns where a reader that was at after goes on: there, or at the end
// that the journal had when it was opened, if that is earlier. Then frames that
// were on disk are gone (a damaged file, a folder put back from a backup); the
// reader has had them, but what another reader had not yet read of them is
// lost, and that is said in the log and in a metric. Frames that come get the
// same numbers again, so a reader that keeps its own position asks this before
// anything is appended, and stores the answer before it reads on.
func (j *Journal) Resume(reader string, lane ingest.Lane, after uint64) uint64 {
	if after <= j.end {
		return after
	}
	j.metrics.lost.WithLabelValues(string(lane), reader).Set(float64(after - j.end))
	j.log.Error().Str("lane", string(lane)).Str("reader", reader).Uint64("seq", after).Uint64("end", j.end).Uint64("frames", after-j.end).
		Msg("journal is shorter than it was: frames are lost unless all readers had them; reading goes on at its end")
	return j.end
}

// Follow gives fn the frames of the lane with a number above after, in order,
// as many at a time as wait, and then those that come. It ends with fn's error,
// with ctx's, or with a *PositionError; trouble with the server is logged and
// outlasted. Frames that cannot be decoded are set aside (see unreadable.go)
// and not given to fn.
func (j *Journal) Follow(ctx context.Context, name ingest.Lane, after uint64, fn func(context.Context, []ingest.Frame) error) error {
	l, err := j.lane(name)
	if err != nil {
		return err
	}
	r := reader{j: j, lane: l, after: after, log: j.log.With().Str("lane", string(name)).Logger()}
	return r.run(ctx, fn, func() {})
}

// FollowDurable is Follow for a reader whose position the journal keeps, under
// name. An error of fn is logged, and the same frames are given again after a
// pause that grows to 10 s. The position is stored at most once a second, so fn
// must bear to see frames again after a crash. It ends with ctx's error or a
// *PositionError.
func (j *Journal) FollowDurable(ctx context.Context, name string, laneName ingest.Lane, fn func(context.Context, []ingest.Frame) error) error {
	l, err := j.lane(laneName)
	if err != nil {
		return err
	}
	log := j.log.With().Str("lane", string(laneName)).Str("reader", name).Logger()
	after, err := j.loadPosition(ctx, name, l)
	for retry := (backoff{}); err != nil; after, err = j.loadPosition(ctx, name, l) {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		log.Error().Err(err).Msg("position of reader cannot be read, trying again")
		retry.wait(ctx)
	}
	l.setDurable(name, after)
	r := reader{j: j, lane: l, after: after, log: log}
	stored, storedAt := after, time.Now()
	save := func(force bool) {
		l.setDurable(name, r.after)
		if r.after == stored || (!force && time.Since(storedAt) < saveEvery) {
			return
		}
		saveCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), getTimeout)
		defer cancel()
		if err := j.savePosition(saveCtx, name, l, r.after); err != nil {
			log.Warn().Err(err).Msg("position of reader not stored, it would read frames again after a crash")
		} else {
			stored = r.after
		}
		storedAt = time.Now()
	}
	err = r.run(ctx, func(ctx context.Context, frames []ingest.Frame) error {
		retry := backoff{}
		for {
			err := fn(ctx, frames)
			if err == nil || ctx.Err() != nil {
				return err
			}
			if retry.tries == 0 || retry.atCeiling() {
				log.Error().Err(err).Int("tries", retry.tries+1).Uint64("seq", frames[0].Seq).Msg("frames not taken, giving them again")
			}
			retry.wait(ctx)
		}
	}, func() { save(false) })
	save(true)
	return err
}

// Passed says that alerting has committed everything of the lane up to seq and
// will never ask for it again. Without that word nothing of the lane is purged.
func (j *Journal) Passed(name ingest.Lane, seq uint64) {
	l := j.lanes[name]
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.passed = max(l.passed, seq)
	l.told = true
}

// reader reads one lane from a position on.
type reader struct {
	j     *Journal
	lane  *lane
	after uint64
	log   zerolog.Logger
}

// run gives frames to fn until it fails or ctx ends. It calls moved after each
// batch and at every look for more, so that the position can be stored.
func (r *reader) run(ctx context.Context, fn func(context.Context, []ingest.Frame) error, moved func()) error {
	checked, look := false, true
	retry := backoff{}
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !checked {
			if err := r.check(ctx); err == nil {
				checked = true
			} else if position := new(PositionError); errors.As(err, &position) {
				return err
			} else {
				r.trouble(ctx, &retry, err)
				continue
			}
		}
		changed := r.lane.watch()
		frames, upTo, err := r.batch(ctx, look)
		look = false
		if len(frames) > 0 {
			if err := fn(ctx, frames); err != nil {
				return err
			}
		}
		progressed := upTo > r.after
		r.after = upTo
		moved()
		switch {
		case err != nil:
			r.trouble(ctx, &retry, err)
		case progressed:
			r.fine(&retry)
		default:
			r.fine(&retry)
			timer := time.NewTimer(poll)
			select {
			case <-ctx.Done():
			case <-changed:
			case <-timer.C:
				look = true
			}
			timer.Stop()
		}
	}
}

// batch reads the frames that wait. It returns those it has, with the number
// up to which it has read, also beside an error. At the end of what this process
// has written it asks the server only if it is to look for more.
func (r *reader) batch(ctx context.Context, look bool) (frames []ingest.Frame, upTo uint64, err error) {
	upTo = r.after
	frames, known := r.lane.tail.after(upTo, batchFrames)
	if len(frames) > 0 {
		return frames, frames[len(frames)-1].Seq, nil
	}
	if known && !look {
		return nil, upTo, nil
	}
	size := 0
	for len(frames) < batchFrames && size < batchBytes {
		msg, err := r.get(ctx, upTo+1)
		if err != nil {
			return frames, upTo, fmt.Errorf("read journal after %d: %w", upTo, err)
		}
		if msg == nil {
			return frames, upTo, nil
		}
		records, err := DecodeFrame(msg.Data)
		if err != nil {
			if err := r.j.setAside(ctx, r.lane, msg, err); err != nil {
				return frames, upTo, err
			}
			upTo = msg.Sequence
			continue
		}
		frames = append(frames, ingest.Frame{
			Lane: r.lane.name, Partition: r.j.opts.Partition, Seq: msg.Sequence, Records: records,
		})
		size += len(msg.Data)
		upTo = msg.Sequence
	}
	return frames, upTo, nil
}

func (r *reader) get(ctx context.Context, seq uint64) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, getTimeout)
	defer cancel()
	return r.j.next(ctx, r.lane, seq)
}

// check compares the reader's position with the end of the journal.
func (r *reader) check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, getTimeout)
	defer cancel()
	info, err := r.j.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("ask for the journal's end: %w", err)
	}
	if r.after > info.State.LastSeq {
		return &PositionError{Lane: r.lane.name, After: r.after, Last: info.State.LastSeq}
	}
	return nil
}

func (r *reader) trouble(ctx context.Context, retry *backoff, err error) {
	if ctx.Err() != nil {
		return
	}
	if retry.tries == 0 || retry.atCeiling() {
		r.log.Error().Err(err).Int("tries", retry.tries+1).Msg("journal cannot be read, trying again")
	}
	retry.wait(ctx)
}

func (r *reader) fine(retry *backoff) {
	if retry.tries > 0 {
		r.log.Info().Msg("journal is read again")
	}
	*retry = backoff{}
}

func (j *Journal) positionKey(name string, l *lane) string {
	return name + "." + strconv.Itoa(j.opts.Partition) + "." + string(l.name)
}

// loadPosition returns the stored position of a durable reader, 0 if it has
// none yet.
func (j *Journal) loadPosition(ctx context.Context, name string, l *lane) (uint64, error) {
	value, err := j.positions.Get(ctx, j.positionKey(name, l))
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("load position of %s: %w", name, err)
	}
	seq, err := strconv.ParseUint(string(value.Value()), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("load position of %s: %w", name, err)
	}
	return seq, nil
}

func (j *Journal) savePosition(ctx context.Context, name string, l *lane, seq uint64) error {
	_, err := j.positions.PutString(ctx, j.positionKey(name, l), strconv.FormatUint(seq, 10))
	if err != nil {
		return fmt.Errorf("store position of %s: %w", name, err)
	}
	return nil
}

func (l *lane) setDurable(name string, seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.durables[name] = seq
}
