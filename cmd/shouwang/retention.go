package main

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/ingest"
	"shouwang/ingest/deadletter"
)

// forgetful is everything that forgets once a day: the time series by class, and
// the dead letters, whose payloads are readings too, and the photos of visits.
type forgetful struct {
	series  ingest.Retainer
	letters *deadletter.Store
	keep    time.Duration // letters; 0 is for ever
	alerts  *store.Store
	photos  time.Duration // the same
	log     zerolog.Logger
}

func (a *app) forgetful() *forgetful {
	return &forgetful{series: a.rollups, letters: a.letters, keep: a.settings.Ingest.Letters, alerts: a.alerts, photos: a.settings.Field.Photos, log: a.log.With().Str("component", "retention").Logger()}
}

// Retain forgets what is too old; one that fails does not keep the others from it.
func (f *forgetful) Retain(ctx context.Context, now time.Time, ages map[devices.Class]time.Duration) error {
	return errors.Join(f.series.Retain(ctx, now, ages), f.oldLetters(ctx, now), f.oldPhotos(ctx, now))
}

func (f *forgetful) oldLetters(ctx context.Context, now time.Time) error {
	if f.keep == 0 {
		return nil
	}
	n, err := f.letters.Purge(ctx, now.Add(-f.keep))
	if n > 0 {
		f.log.Info().Int64("dead_letters", n).Msg("old dead letters removed")
	}
	return err
}

func (f *forgetful) oldPhotos(ctx context.Context, now time.Time) error {
	if f.photos == 0 {
		return nil
	}
	n, err := f.alerts.RemovePhotos(ctx, now, f.photos)
	if n > 0 {
		f.log.Info().Int("photos", n).Msg("old photos of visits removed")
	}
	return err
}
