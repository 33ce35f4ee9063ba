package journal

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A frame that cannot be decoded (a foreign publish, a frame of a newer
// version after a step back to an older program, a bug of ours) must not stop
// its reader: behind it may be an SOS. It must not be lost either, and the
// journal itself is purged one day. So the reader copies its bytes, unchanged,
// to the stream JOURNAL_UNREADABLE, says so in the log and in a metric, and goes
// on. They are what people have sent, so they do not stay for ever: after
// unreadableAge the server removes them. The subject carries the frame's number, so two
// readers, or one that meets it twice, make one copy.

// unreadableAge is how long a frame stays set aside: as long as the longest
// replay window, so that an erasure is complete when it says.
const unreadableAge = 7 * 24 * time.Hour

// headerReason tells beside a frame set aside why it was.
const headerReason = "Shouwang-Reason"

// setAside copies the frame, and fails if that was not possible.
func (j *Journal) setAside(ctx context.Context, l *lane, msg *jetstream.RawStreamMsg, reason error) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	copied := &nats.Msg{
		Subject: "journal-unreadable." + strconv.Itoa(j.opts.Partition) + "." + string(l.name) + "." + strconv.FormatUint(msg.Sequence, 10),
		Data:    msg.Data,
		Header:  nats.Header{headerReason: []string{reason.Error()}},
	}
	_, err := j.js.PublishMsg(ctx, copied, jetstream.WithExpectLastSequencePerSubject(0))
	if err != nil && !isWrongLast(err) {
		return fmt.Errorf("set aside unreadable frame %d: %w", msg.Sequence, err)
	}
	if err == nil { // else another reader has set it aside before
		j.unread.Add(1)
	}
	j.metrics.unreadable.WithLabelValues(string(l.name)).Inc()
	j.log.Error().Err(reason).Str("lane", string(l.name)).Uint64("seq", msg.Sequence).Int("bytes", len(msg.Data)).
		Msg("frame of the journal is unreadable, set aside in " + unreadableName)
	return nil
}

// SetAside is how many frames are set aside, as of the last look at them, which
// is not older than statsEvery.
func (j *Journal) SetAside() uint64 { return j.unread.Load() }

// aside is how many frames are set aside now.
func (j *Journal) aside(ctx context.Context) (uint64, error) {
	stream, err := j.js.Stream(ctx, unreadableName)
	if err != nil {
		return 0, fmt.Errorf("frames set aside: %w", err)
	}
	n := stream.CachedInfo().State.Msgs
	j.unread.Store(n)
	return n, nil
}
