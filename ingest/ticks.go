package ingest

import (
	"context"
	"fmt"
	"time"
)

// TickEvery is the time between two ticks of the journal.
const TickEvery = 10 * time.Second

// Appender takes records into the journal; done is called once the record is on
// disk.
type Appender interface {
	Append(ctx context.Context, lane Lane, rec Record, done func(error)) error
}

// Ticks writes our clock into the telemetry lane until ctx ends, so that the
// passing of time has its place among the readings: a backlog that is read late
// is judged by the clock of its own time. connected says whether ingest has a
// working connection to the broker.
func Ticks(ctx context.Context, journal Appender, connected func() bool) error {
	ticker := time.NewTicker(TickEvery)
	defer ticker.Stop()
	for {
		rec := Record{Tick: true, Connected: connected()}
		rec.Received = time.Now().UTC().Truncate(time.Microsecond)
		if err := journal.Append(ctx, Telemetry, rec, func(error) {}); err != nil {
			return fmt.Errorf("append tick: %w", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}
