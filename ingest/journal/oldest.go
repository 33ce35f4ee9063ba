package journal

import (
	"context"
	"fmt"
	"time"
)

// Oldest is when the oldest frame was written that is still kept, read or not,
// those set aside as unreadable too; zero when none is.
func (j *Journal) Oldest(ctx context.Context) (time.Time, error) {
	var oldest time.Time
	for _, name := range []string{streamName, unreadableName} {
		stream, err := j.js.Stream(ctx, name)
		if err != nil {
			return oldest, fmt.Errorf("oldest frame: stream %s: %w", name, err)
		}
		if s := stream.CachedInfo().State; s.Msgs > 0 && (oldest.IsZero() || s.FirstTime.Before(oldest)) {
			oldest = s.FirstTime
		}
	}
	return oldest.UTC(), nil
}
