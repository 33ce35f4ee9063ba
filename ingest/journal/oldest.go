package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Oldest is when the oldest frame was written that is still kept, read or not,
// excess and those set aside as unreadable too; zero when none is.
func (j *Journal) Oldest(ctx context.Context) (time.Time, error) {
	var oldest time.Time
	for _, name := range []string{streamName, unreadableName, excessName} {
		stream, err := j.js.Stream(ctx, name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			continue
		}
		if err != nil {
			return oldest, fmt.Errorf("oldest frame: stream %s: %w", name, err)
		}
		if s := stream.CachedInfo().State; s.Msgs > 0 && (oldest.IsZero() || s.FirstTime.Before(oldest)) {
			oldest = s.FirstTime
		}
	}
	return oldest.UTC(), nil
}

// Newest is when the newest frame was written; zero when there never was one.
// Ticks are frames too, so it is when the service was last at work.
func (j *Journal) Newest(ctx context.Context) (time.Time, error) {
	info, err := j.stream.Info(ctx)
	if err != nil {
		return time.Time{}, fmt.Errorf("newest frame: %w", err)
	}
	return info.State.LastTime.UTC(), nil
}
