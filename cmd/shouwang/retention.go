package main

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/ingest"
	"shouwang/ingest/deadletter"
)

// forgetful is everything that forgets once a day: the time series by class, and
// the dead letters, whose payloads are readings too.
type forgetful struct {
	series  ingest.Retainer
	letters *deadletter.Store
	keep    time.Duration // letters; 0 is for ever
	log     zerolog.Logger
}

func (a *app) forgetful() *forgetful {
	return &forgetful{series: a.rollups, letters: a.letters, keep: a.settings.Ingest.Letters, log: a.log.With().Str("component", "retention").Logger()}
}

// Retain forgets what is too old; one that fails does not keep the other from it.
func (f *forgetful) Retain(ctx context.Context, now time.Time, ages map[devices.Class]time.Duration) error {
	err := f.series.Retain(ctx, now, ages)
	if f.keep == 0 {
		return err
	}
	n, purgeErr := f.letters.Purge(ctx, now.Add(-f.keep))
	if n > 0 {
		f.log.Info().Int64("dead_letters", n).Msg("old dead letters removed")
	}
	return errors.Join(err, purgeErr)
}
