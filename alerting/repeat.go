package alerting

import (
	"context"
	"time"

	"github.com/rs/zerolog"
)

// Repeat takes a step after the first span and then after each other until ctx
// ends. One that fails is tried again after the next; of failures in a row only the
// first is logged, and their end.
func Repeat(ctx context.Context, first, every time.Duration, log *zerolog.Logger, what string, step func(context.Context) error) error {
	t := time.NewTimer(first)
	defer t.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			t.Reset(every)
		}
		err := step(ctx)
		switch {
		case err == nil && failing:
			log.Info().Msg(what + " works again")
		case err != nil && ctx.Err() != nil:
			return nil //nolint:nilerr // stopped in the middle of a step, which was rolled back
		case err != nil && !failing:
			log.Error().Err(err).Msgf("%s fails, tried again every %v", what, every)
		}
		failing = err != nil
	}
}
