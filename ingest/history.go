package ingest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
)

const (
	// maxWrite is the most readings in one write: InfluxDB takes 5000 lines
	// best, and SQLite one transaction of that size in some 20 ms.
	maxWrite = 5000
	// The pauses between two tries of a write grow from the first to the
	// ceiling, and go on for ever: the journal keeps what waits.
	firstPause = 100 * time.Millisecond
	maxPause   = 10 * time.Second
	// Under load many small writes cost the store most: it syncs each of them.
	// So a write of at least busy readings that was not a full one is followed
	// by the next no sooner than gather after it began.
	busy   = 100
	gather = 50 * time.Millisecond
	// maxAsked is the longest pause a store can ask for by itself.
	maxAsked = 5 * time.Minute
)

// DurableFollower is a Follower that keeps the positions of its readers. Frames
// are acknowledged when fn returns nil; after an error it gives them again.
type DurableFollower interface {
	Follower
	FollowDurable(ctx context.Context, name string, lane Lane, fn func(context.Context, []Frame) error) error
}

// Writer is the part of a Series that history needs.
type Writer interface {
	Write(ctx context.Context, readings []devices.Reading) error
}

// History writes the readings of a lane to the time series, and hands what was
// refused (by us or by the store) to refused, which keeps it. A frame is
// acknowledged when both have it; an outage of the store only makes the
// journal grow. It ends with ctx's error.
func History(ctx context.Context, j DurableFollower, lane Lane, dec *Decoder, series Writer,
	refused func(context.Context, []devices.Refusal) error, log zerolog.Logger,
) error {
	h := &history{journal: j, lane: lane, dec: dec, series: series, refused: refused, log: log.With().Str("lane", string(lane)).Logger()}
	return j.FollowDurable(ctx, "history", lane, h.take)
}

type history struct {
	journal  DurableFollower
	lane     Lane
	dec      *Decoder
	series   Writer
	refused  func(context.Context, []devices.Refusal) error
	log      zerolog.Logger
	decoded  uint64 // number of the newest frame decoded, 0 at the start
	refusals []devices.Refusal
	// readings wait to be written; spare is the room of the last write.
	readings, spare []devices.Reading
	// writing is the write under way, nil when there is none.
	writing chan written
}

// written is how a write went: what the store will never take, or an error.
type written struct {
	refused []*RefusedError
	err     error
}

// take writes all that the frames say. While the store is busy with one write,
// the next is decoded; there is never more than one under way, so that of two
// readings of one time the later counts.
func (h *history) take(ctx context.Context, frames []Frame) (err error) {
	began, taken := time.Now(), 0
	defer func() {
		if late := h.finish(); err == nil {
			err = late
		}
	}()
	if h.decoded == 0 || frames[0].Seq <= h.decoded {
		// A start, or frames given again: what they hold must not look like
		// repeats of itself.
		h.dec.Forget()
		if err := warm(ctx, h.journal, h.lane, h.dec, frames[0]); err != nil {
			return err
		}
	}
	h.readings, h.refusals = h.readings[:0], nil
	for _, f := range frames {
		h.decoded = f.Seq
		records, refusals := h.dec.Decode(f)
		h.refusals = append(h.refusals, refusals...)
		for i := range records {
			h.readings = append(h.readings, records[i].Readings...)
			taken += len(records[i].Readings)
		}
		if len(h.readings) >= maxWrite {
			if err := h.flush(ctx); err != nil {
				return err
			}
		}
	}
	if err := h.flush(ctx); err != nil {
		return err
	}
	// Beside the last write: who sends nonsense must not hold up the others.
	if err := h.keep(ctx); err != nil {
		return err
	}
	if err := h.finish(); err != nil {
		return err
	}
	if err := h.keep(ctx); err != nil { // what the store has refused in it
		return err
	}
	h.dec.counts.lag(newest(frames[len(frames)-1]))
	if taken >= busy && taken < maxWrite {
		sleep(ctx, gather-time.Since(began))
	}
	return nil
}

// sleep waits, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// keep hands over what was refused so far.
func (h *history) keep(ctx context.Context) error {
	if len(h.refusals) == 0 {
		return nil
	}
	err := h.refused(ctx, h.refusals)
	h.refusals = nil
	return err
}

// flush waits for the write under way and begins one of all that waits.
func (h *history) flush(ctx context.Context) error {
	if err := h.finish(); err != nil || len(h.readings) == 0 {
		return err
	}
	readings, done := h.readings, make(chan written, 1)
	h.readings, h.spare, h.writing = h.spare[:0], readings, done
	go func() {
		var w written
		for part := range slices.Chunk(readings, maxWrite) {
			var bad *RefusedError
			if bad, w.err = h.write(ctx, part); w.err != nil {
				break
			}
			if bad != nil {
				w.refused = append(w.refused, bad)
			}
		}
		done <- w
	}()
	return nil
}

// finish waits for the write under way, if there is one.
func (h *history) finish() error {
	if h.writing == nil {
		return nil
	}
	w := <-h.writing
	h.writing = nil
	for _, bad := range w.refused {
		h.addRefused(bad)
	}
	return w.err
}

// write tries until the store has the readings, and returns those it has
// refused, or ctx ends.
func (h *history) write(ctx context.Context, readings []devices.Reading) (*RefusedError, error) {
	var down time.Time
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := h.series.Write(ctx, readings)
		bad, isRefusal := errors.AsType[*RefusedError](err)
		if isRefusal {
			err = nil
		}
		if err == nil {
			if !down.IsZero() {
				h.log.Info().Dur("down_ms", time.Since(down)).Msg("time series takes writes again")
				h.dec.counts.down.Set(0)
			}
			h.dec.counts.written.Add(float64(len(readings)))
			return bad, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		h.dec.counts.failures.Inc()
		if down.IsZero() {
			down = time.Now()
			h.dec.counts.down.Set(1)
			h.log.Error().Err(err).Msg("time series takes no writes, trying on; the journal keeps what waits")
		}
		if sleep(ctx, max(pause, asked(err))); ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

// asked is how long the store has asked us to leave it alone.
func asked(err error) time.Duration {
	if retry, ok := errors.AsType[*RetryError](err); ok {
		return min(retry.After, maxAsked)
	}
	return 0
}

// addRefused makes dead letters of readings the store will never take.
func (h *history) addRefused(e *RefusedError) {
	for i := range e.Readings {
		r := &e.Readings[i]
		h.refusals = append(h.refusals, devices.Refusal{
			Code: devices.StoreRefused, Field: "metrics." + string(r.Metric) + " at " + r.At.Format(time.RFC3339Nano),
			Value: strconv.FormatFloat(r.Value, 'g', -1, 64), Rule: e.Reason, Device: r.Device, Received: r.Received,
		})
		h.dec.counts.refused(devices.StoreRefused)
	}
}
