// Package journal keeps what devices sent, as it came, on NATS JetStream until
// everybody has read it. Many records are written as one frame and synced to
// disk together; only then is a record's writer told so. Frames have the
// subject journal.<partition>.<lane> of one stream; readers follow a lane from
// a position of their own, which is a sequence number of the stream.
//
// A lane has one frame in flight at a time, and each is published on the
// condition that it comes right after the lane's frame before. So order is
// kept whatever fails, and a frame whose acknowledgement was lost is recognised
// on the next try: it is stored exactly once, without a window of time, and a
// second process that writes the same lane by mistake overwrites nothing.
//
// Readers ask for the next frame of their lane instead of holding a consumer
// on the server; the newest they are given from memory. There is nothing to expire, to redeliver or to reset: order is
// the order of the stream, and a reader that stood still for a week simply asks
// again.
package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"shouwang/ingest"
)

const (
	streamName     = "JOURNAL"
	unreadableName = "JOURNAL_UNREADABLE"
	positionBucket = "journal_positions"

	// Frame limits: measured with fdatasync of 0.2 ms, more than 500 records a
	// frame bring nothing, and readers want frames they can hand on whole.
	frameRecords = 500
	frameBytes   = 512 << 10
	linger       = 5 * time.Millisecond

	// headroom is left of the server's max_payload for headers and the frame's
	// own bytes.
	headroom = 4 << 10
	// minPayload is the smallest max_payload of a server we work with: a whole
	// message of 256 KiB (the contract's limit) and a frame of 512 KiB fit.
	minPayload = 1 << 20

	defaultWindow = 24 * time.Hour
	maxWindow     = 7 * 24 * time.Hour
	retryFloor    = 100 * time.Millisecond
	retryCeiling  = 10 * time.Second
)

// ErrStopped is returned by Append, and given to done, when Run has ended and
// the record was not written.
var ErrStopped = errors.New("journal has stopped")

// Options of a journal; the zero value of each has a sensible default.
type Options struct {
	// Partition is the one this process writes and reads.
	Partition int
	// ReplayWindow is how long frames are kept after all readers have passed
	// them: 24 h by default, 7 days at most.
	ReplayWindow time.Duration
	// Durable names the readers of FollowDurable that must have passed a frame
	// before it is purged, whether they run in this process or not. Default:
	// "history".
	Durable []string
	// PurgeEvery is the time between two purges, 10 minutes by default.
	PurgeEvery time.Duration
	// BufferRecords and BufferBytes bound what waits to be written in each
	// lane: 8192 records and 8 MiB by default.
	BufferRecords, BufferBytes int
	// Replicas of the stream in a cluster; 1 by default.
	Replicas int
	// Disk says what may still be written; nil: everything.
	Disk *ingest.Disk
	// StopTimeout is how long Run still writes what waits after it was told to
	// stop; 3 s by default.
	StopTimeout time.Duration
	Log         zerolog.Logger
	Metrics     prometheus.Registerer // nil: not registered
}

// Journal is one partition of the journal. Append and the readers may be used
// from many goroutines.
type Journal struct {
	opts       Options
	log        zerolog.Logger
	js         jetstream.JetStream
	stream     jetstream.Stream
	positions  jetstream.KeyValue
	maxPayload int
	end        uint64 // newest frame of all lanes when it was opened
	lanes      map[ingest.Lane]*lane
	order      order
	metrics    *metrics
	shred      atomic.Bool   // see Shred
	unread     atomic.Uint64 // see SetAside
}

// lane is the writing side of one lane, and what its readers have said.
type lane struct {
	name    ingest.Lane
	subject string
	buf     *buffer
	tail    tail
	stored  uint64 // the newest frame that its writer has seen stored, or unsure; order guards it

	mu       sync.Mutex
	newest   uint64            // newest frame of the lane known to us, 0: none
	changed  chan struct{}     // closed when newest grows
	passed   uint64            // said by Passed
	told     bool              // Passed was called
	durables map[string]uint64 // positions of the durable readers in this process
}

// Open creates the stream if need be and finds the ends of the lanes. It fails
// when the server is not there or takes payloads of less than 1 MiB.
func Open(ctx context.Context, nc *nats.Conn, opts Options) (*Journal, error) {
	if err := opts.complete(); err != nil {
		return nil, err
	}
	if nc.MaxPayload() < minPayload {
		return nil, fmt.Errorf("open journal: server takes payloads of %d bytes, at least %d are needed (max_payload)", nc.MaxPayload(), minPayload)
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	j := &Journal{
		opts: opts, log: opts.Log, js: js,
		maxPayload: int(nc.MaxPayload()) - headroom,
		lanes:      map[ingest.Lane]*lane{},
	}
	j.stream, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: streamName, Subjects: []string{"journal.*.*"},
		Description: "Raw messages as devices sent them, in frames. Purged by shouwang alone, after all readers.",
		Retention:   jetstream.LimitsPolicy, Discard: jetstream.DiscardNew,
		Storage: jetstream.FileStorage, Replicas: opts.Replicas, AllowDirect: true,
	})
	if err != nil {
		return nil, fmt.Errorf("open journal: stream %s: %w", streamName, err)
	}
	if _, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: unreadableName, Subjects: []string{"journal-unreadable.*.*.*"},
		Description: "Frames of the journal that could not be decoded, kept for a week so that somebody can look at them.",
		Retention:   jetstream.LimitsPolicy, Discard: jetstream.DiscardNew, MaxAge: unreadableAge,
		Storage: jetstream.FileStorage, Replicas: opts.Replicas, AllowDirect: true,
	}); err != nil {
		return nil, fmt.Errorf("open journal: stream %s: %w", unreadableName, err)
	}
	j.positions, err = js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{
		Bucket: positionBucket, Description: "How far durable readers of the journal are.",
		History: 1, Storage: jetstream.FileStorage, Replicas: opts.Replicas,
	})
	if err != nil {
		return nil, fmt.Errorf("open journal: bucket %s: %w", positionBucket, err)
	}
	for _, name := range ingest.Lanes {
		l := &lane{
			name:     name,
			subject:  "journal." + strconv.Itoa(opts.Partition) + "." + string(name),
			buf:      newBuffer(opts.BufferRecords, opts.BufferBytes, frameRecords, frameBytes),
			changed:  make(chan struct{}),
			durables: map[string]uint64{},
		}
		newest, err := j.newestOf(ctx, l)
		if err != nil {
			return nil, fmt.Errorf("open journal: newest frame of lane %s: %w", name, err)
		}
		if newest != nil {
			l.newest = newest.Sequence
		}
		j.lanes[name] = l
	}
	j.metrics = newMetrics(opts.Metrics, j)
	if err := j.rewind(ctx); err != nil {
		return nil, fmt.Errorf("open journal: %w", err)
	}
	return j, nil
}

func (o *Options) complete() error {
	setDefault(&o.ReplayWindow, defaultWindow)
	setDefault(&o.PurgeEvery, 10*time.Minute)
	setDefault(&o.BufferRecords, 8192)
	setDefault(&o.BufferBytes, 8<<20)
	setDefault(&o.Replicas, 1)
	setDefault(&o.StopTimeout, 3*time.Second)
	if o.Durable == nil {
		o.Durable = []string{"history"}
	}
	if o.ReplayWindow < 0 || o.ReplayWindow > maxWindow {
		return fmt.Errorf("open journal: replay window %s is not between 0 and %s", o.ReplayWindow, maxWindow)
	}
	if o.Partition < 0 {
		return fmt.Errorf("open journal: partition %d is negative", o.Partition)
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Run writes what is appended and purges what all have read, until ctx ends. A
// lane for which the disk has no room is not written, and its records are not
// acknowledged, until there is room.
// It then writes what still waits, for at most StopTimeout; what cannot be
// written is given back by done(ErrStopped). It returns nil.
func (j *Journal) Run(ctx context.Context) error {
	var g errgroup.Group
	for _, name := range ingest.Lanes {
		w := &writer{j: j, lane: j.lanes[name]}
		g.Go(func() error {
			w.run(ctx)
			return nil
		})
	}
	g.Go(func() error {
		j.keep(ctx)
		return nil
	})
	return g.Wait()
}

// Append hands the record to the lane's writer. It waits while the lane's
// buffer is full, and returns an error if the record was not taken: ctx's, or
// ErrStopped.
//
// done is called once for each record taken, in the order of Append, from the
// writer's goroutine (it must not block): with nil when the record is on disk,
// with ErrStopped when Run ended before. The payload must not change any more:
// readers get it as it is.
//
// A payload too long for the server (its max_payload, at least 1 MiB) is cut to
// what fits, which is still more than any decoder takes: so it is refused there
// with its reason, instead of stopping everything behind it here.
func (j *Journal) Append(ctx context.Context, name ingest.Lane, rec ingest.Record, done func(error)) error {
	l, err := j.lane(name)
	if err != nil {
		return err
	}
	if over := len(rec.Payload) + len(rec.Topic) - j.maxPayload + maxRecordHead; over > 0 && !rec.Tick {
		if over > len(rec.Payload) {
			return fmt.Errorf("append to journal: topic of %d bytes", len(rec.Topic))
		}
		rec.Payload = rec.Payload[:len(rec.Payload)-over]
		j.metrics.cut.Inc()
		j.log.Warn().Str("lane", string(name)).Int("bytes_cut", over).Msg("message too large for the journal, kept without its end")
	}
	rec.Received = rec.Received.UTC().Truncate(time.Microsecond) // as it comes back from disk
	return l.buf.put(ctx, entry{rec: rec, done: done})
}

// maxRecordHead is more than the bytes of a one-record frame beside its topic
// and payload.
const maxRecordHead = 64

func (j *Journal) lane(name ingest.Lane) (*lane, error) {
	l := j.lanes[name]
	if l == nil {
		return nil, fmt.Errorf("journal has no lane %q", name)
	}
	return l, nil
}

// newestOf returns the newest frame of the lane, nil if there is none.
func (j *Journal) newestOf(ctx context.Context, l *lane) (*jetstream.RawStreamMsg, error) {
	msg, err := j.stream.GetLastMsgForSubject(ctx, l.subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	return msg, err
}

// next returns the first frame of the lane with a number of at least seq, nil
// if there is none.
func (j *Journal) next(ctx context.Context, l *lane, seq uint64) (*jetstream.RawStreamMsg, error) {
	msg, err := j.stream.GetMsg(ctx, max(seq, 1), jetstream.WithGetMsgSubject(l.subject))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	return msg, err
}

// sawFrame notes that the lane has a frame seq, and wakes its readers.
func (l *lane) sawFrame(seq uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if seq > l.newest {
		l.newest = seq
		close(l.changed)
		l.changed = make(chan struct{})
	}
}

// watch returns a channel that is closed when a frame is added after the call.
func (l *lane) watch() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}
