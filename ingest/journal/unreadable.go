package journal

import (
	"context"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A frame that cannot be decoded (a foreign publish, a frame of a newer
// version after a step back to an older program, a bug of ours) must not stop
// its reader: behind it may be an SOS. It must not be lost either, and the
// journal itself is purged one day. So the reader copies its bytes, unchanged,
// to the stream JOURNAL_UNREADABLE, which is never purged, says so in the log
// and in a metric, and goes on. The subject carries the frame's number, so two
// readers, or one that meets it twice, make one copy.

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
	j.metrics.unreadable.WithLabelValues(string(l.name)).Inc()
	j.log.Error().Err(reason).Str("lane", string(l.name)).Uint64("seq", msg.Sequence).Int("bytes", len(msg.Data)).
		Msg("frame of the journal is unreadable, set aside in " + unreadableName)
	return nil
}
