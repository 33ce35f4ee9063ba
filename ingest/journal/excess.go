package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/rs/zerolog"

	"shouwang/ingest"
)

const (
	excessName = "JOURNAL_EXCESS"
	// defaultExcess bytes hold some two million messages.
	defaultExcess = 256 << 20
	defaultPace   = 100 * time.Millisecond
)

// ExcessOptions are the settings of the queue of excess messages.
type ExcessOptions struct {
	// MaxBytes bounds the queue on disk; 256 MiB by default.
	MaxBytes int64
	// Pace is the pause after a full frame of 500 messages, 100 ms by default: at
	// most 5000 messages a second. After a smaller frame it is as much shorter:
	// who sends slowly makes many small ones, and they must not heap up.
	Pace time.Duration
	// Full takes the records for which there is no room, each batch at once. Until
	// it returns nil they are not acknowledged.
	Full    func(context.Context, []ingest.Record) error
	Metrics prometheus.Registerer // nil: not registered
}

// Excess is a queue on disk for what devices send beyond their rate, apart from
// the journal: whatever comes, the journal and its readers do not wait for it.
// One reader takes it slowly, and what it has taken is gone.
type Excess struct {
	j      *Journal
	opts   ExcessOptions
	lane   *lane
	stream jetstream.Stream
	log    zerolog.Logger

	bytes, frames prometheus.Gauge
	refused       prometheus.Counter
}

// Excess opens the queue, which is kept by the journal's server.
func (j *Journal) Excess(ctx context.Context, o ExcessOptions) (*Excess, error) {
	setDefault(&o.MaxBytes, defaultExcess)
	setDefault(&o.Pace, defaultPace)
	if o.Full == nil {
		return nil, errors.New("open queue of excess messages: nobody takes what does not fit")
	}
	x := &Excess{j: j, opts: o, log: j.log.With().Str("lane", string(ingest.Excess)).Logger()}
	x.lane = &lane{
		name: ingest.Excess, subject: "journal-excess." + strconv.Itoa(j.opts.Partition),
		buf:     newBuffer(j.opts.BufferRecords, j.opts.BufferBytes, frameRecords, frameBytes),
		changed: make(chan struct{}), durables: map[string]uint64{},
	}
	var err error
	x.stream, err = j.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: excessName, Subjects: []string{"journal-excess.*"},
		Description: "Messages beyond their devices' rate, in frames. Each is removed when history has it.",
		Retention:   jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		Storage: jetstream.FileStorage, Replicas: j.opts.Replicas, AllowDirect: true,
	})
	if err != nil {
		return nil, fmt.Errorf("open queue of excess messages: %w", err)
	}
	f := promauto.With(o.Metrics)
	x.bytes = f.NewGauge(prometheus.GaugeOpts{Name: "shouwang_journal_excess_bytes", Help: "Size of the queue of messages beyond their devices' rate."})
	x.frames = f.NewGauge(prometheus.GaugeOpts{Name: "shouwang_journal_excess_frames", Help: "Frames in that queue."})
	x.refused = f.NewCounter(prometheus.CounterOpts{
		Name: "shouwang_journal_excess_refused_messages_total", Help: "Messages beyond their devices' rate for which the queue had no room: they are dead letters.",
	})
	return x, nil
}

// Append is Journal.Append for an excess message: done is called when the record
// is on disk, or was taken by Full.
func (x *Excess) Append(ctx context.Context, rec ingest.Record, done func(error)) error {
	if over := len(rec.Payload) + len(rec.Topic) - x.j.maxPayload + maxRecordHead; over > 0 {
		if over > len(rec.Payload) {
			return fmt.Errorf("append to queue of excess messages: topic of %d bytes", len(rec.Topic))
		}
		rec.Payload = rec.Payload[:len(rec.Payload)-over]
		x.j.metrics.cut.Inc()
	}
	return x.lane.buf.put(ctx, entry{rec: rec, done: done})
}

// Run writes what is appended until ctx ends, then what still waits, for at most
// the journal's StopTimeout.
func (x *Excess) Run(ctx context.Context) error {
	var entries []entry
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			continue
		case <-x.lane.buf.some:
		}
		timer := time.NewTimer(linger)
		select {
		case <-timer.C:
		case <-x.lane.buf.full:
			timer.Stop()
		}
		if entries = x.lane.buf.take(entries[:0]); len(entries) > 0 {
			x.give(entries, x.write(ctx, entries))
		}
	}
	x.lane.buf.close()
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), x.j.opts.StopTimeout)
	defer cancel()
	for {
		if entries = x.lane.buf.take(entries[:0]); len(entries) == 0 {
			return nil
		}
		x.give(entries, x.write(stop, entries))
	}
}

func (x *Excess) give(entries []entry, err error) {
	for i := range entries {
		if done := entries[i].done; done != nil {
			done(err)
		}
	}
	x.lane.buf.release(entries)
	clear(entries)
}

// write tries until the entries are on disk or with Full; it returns ErrStopped
// when ctx ends before.
func (x *Excess) write(ctx context.Context, entries []entry) error {
	records := make([]ingest.Record, len(entries))
	for i := range entries {
		records[i] = entries[i].rec
	}
	frame := AppendFrame(nil, records)
	for retry := (backoff{}); ; retry.wait(ctx) {
		if ctx.Err() != nil {
			return ErrStopped
		}
		if !x.j.opts.Disk.Takes(ingest.Telemetry) {
			continue // the rest of the disk is for events
		}
		err := x.put(ctx, frame, records)
		if err == nil {
			return nil
		}
		if retry.tries == 0 || retry.atCeiling() {
			x.log.Error().Err(err).Msg("queue of excess messages cannot be written, trying again")
		}
	}
}

func (x *Excess) put(ctx context.Context, frame []byte, records []ingest.Record) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	info, err := x.stream.Info(ctx)
	if err != nil {
		return fmt.Errorf("size of the queue: %w", err)
	}
	x.bytes.Set(float64(info.State.Bytes))
	x.frames.Set(float64(info.State.Msgs))
	if int64(info.State.Bytes)+int64(len(frame)) > x.opts.MaxBytes { //nolint:gosec // far below 2^63
		if err := x.opts.Full(ctx, records); err != nil {
			return fmt.Errorf("hand over what does not fit: %w", err)
		}
		x.refused.Add(float64(len(records)))
		return nil
	}
	// One that was stored and whose acknowledgement was lost is stored twice;
	// history makes one of the two.
	ack, err := x.j.js.PublishMsg(ctx, &nats.Msg{Subject: x.lane.subject, Data: frame}, jetstream.WithRetryAttempts(0))
	if err != nil {
		return err
	}
	x.lane.sawFrame(ack.Sequence)
	return nil
}

// Follow gives the frames above after, in order, and waits for more.
func (x *Excess) Follow(ctx context.Context, _ ingest.Lane, after uint64, fn func(context.Context, []ingest.Frame) error) error {
	return x.follow(ctx, after, func(ctx context.Context, _ uint64, frame *ingest.Frame) error {
		if frame == nil {
			return nil
		}
		return fn(ctx, []ingest.Frame{*frame})
	})
}

// FollowDurable hands fn one frame at a time, at the queue's pace; when fn has
// taken it, it is removed and overwritten. After an error fn gets it again.
func (x *Excess) FollowDurable(ctx context.Context, _ string, _ ingest.Lane, fn func(context.Context, []ingest.Frame) error) error {
	return x.follow(ctx, 0, func(ctx context.Context, seq uint64, frame *ingest.Frame) error {
		for retry := (backoff{}); frame != nil; retry.wait(ctx) {
			err := fn(ctx, []ingest.Frame{*frame})
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if retry.tries == 0 || retry.atCeiling() {
				x.log.Error().Err(err).Uint64("seq", seq).Msg("excess frame not taken, giving it again")
			}
		}
		if err := x.remove(ctx, seq); err != nil || frame == nil {
			return err
		}
		return sleep(ctx, x.opts.Pace*time.Duration(len(frame.Records))/frameRecords)
	})
}

func (x *Excess) remove(ctx context.Context, seq uint64) error {
	for retry := (backoff{}); ; retry.wait(ctx) {
		err := x.stream.SecureDeleteMsg(ctx, seq)
		if err == nil || errors.Is(err, jetstream.ErrMsgNotFound) {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if retry.atCeiling() {
			x.log.Error().Err(err).Uint64("seq", seq).Msg("excess frame not removed")
		}
	}
	if info, err := x.stream.Info(ctx); err == nil {
		x.bytes.Set(float64(info.State.Bytes))
		x.frames.Set(float64(info.State.Msgs))
	}
	return nil
}

// follow calls fn for each frame above after; frame is nil for one that cannot
// be decoded, which was set aside.
func (x *Excess) follow(ctx context.Context, after uint64, fn func(ctx context.Context, seq uint64, frame *ingest.Frame) error) error {
	retry := backoff{}
	for ctx.Err() == nil {
		changed := x.lane.watch()
		msg, err := x.next(ctx, after+1)
		if err != nil {
			if retry.tries == 0 || retry.atCeiling() {
				x.log.Error().Err(err).Msg("queue of excess messages cannot be read, trying again")
			}
			retry.wait(ctx)
			continue
		}
		retry = backoff{}
		if msg == nil {
			timer := time.NewTimer(poll)
			select {
			case <-ctx.Done():
			case <-changed:
			case <-timer.C:
			}
			timer.Stop()
			continue
		}
		var frame *ingest.Frame
		if records, err := DecodeFrame(msg.Data); err == nil {
			frame = &ingest.Frame{Lane: ingest.Excess, Partition: x.j.opts.Partition, Seq: msg.Sequence, Records: records}
		} else if err := x.j.setAside(ctx, x.lane, msg, err); err != nil {
			x.log.Error().Err(err).Msg("excess frame cannot be set aside, trying again")
			retry.wait(ctx)
			continue
		}
		if err := fn(ctx, msg.Sequence, frame); err != nil {
			return err
		}
		after = msg.Sequence
	}
	return ctx.Err()
}

func (x *Excess) next(ctx context.Context, seq uint64) (*jetstream.RawStreamMsg, error) {
	ctx, cancel := context.WithTimeout(ctx, getTimeout)
	defer cancel()
	msg, err := x.stream.GetMsg(ctx, seq, jetstream.WithGetMsgSubject(x.lane.subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	return msg, err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
