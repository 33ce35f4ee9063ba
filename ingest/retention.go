package ingest

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
)

// Retainer is a store that can forget.
type Retainer interface {
	// Retain removes readings and rollups older than their class may become;
	// a class that is missing or 0 is kept for ever.
	Retain(ctx context.Context, now time.Time, ages map[devices.Class]time.Duration) error
}

// Retention lets the store forget once a day until ctx ends: the first time some
// minutes after the start, when what waited in the journal has been written, and
// an hour after a failure.
func Retention(ctx context.Context, store Retainer, ages map[devices.Class]time.Duration, log zerolog.Logger) error {
	const first, daily, again = 10 * time.Minute, 24 * time.Hour, time.Hour
	log = log.With().Str("component", "retention").Logger()
	for wait := first; ; {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case now := <-timer.C:
			wait = daily
			if err := store.Retain(ctx, now, ages); err != nil && ctx.Err() == nil {
				log.Error().Err(err).Msg("old readings were not removed")
				wait = again
			}
			if took := time.Since(now); took > time.Minute {
				log.Info().Dur("took_ms", took).Msg("old readings removed")
			}
		}
	}
}
