package influx

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

// Size of one request before compression, below what servers take by default
// (1.8: 25 MB); 5000 lines is what InfluxData advises.
const (
	maxLines = 5000
	maxBytes = 4 << 20
	// lineBytes is about the length of a line.
	lineBytes = 100
)

// Write stores the readings, as many requests as it takes, one after the
// other. What InfluxDB will never take comes back in a *ingest.RefusedError,
// any other failure as a *ingest.RetryError. It never tries again by itself.
func (s *Series) Write(ctx context.Context, readings []devices.Reading) error {
	started := time.Now()
	w := &writing{series: s}
	if err := w.all(ctx, readings); err != nil {
		return err
	}
	s.seconds.Observe(time.Since(started).Seconds())
	s.written.Add(float64(len(readings) - len(w.refused)))
	s.refused.Add(float64(len(w.refused)))
	if len(w.refused) > 0 {
		return &ingest.RefusedError{Readings: w.refused, Reason: w.reason}
	}
	return nil
}

// writing is one call of Write.
type writing struct {
	series  *Series
	buffer  []byte
	refused []devices.Reading
	reason  string // of the first refusal
}

func (w *writing) refuse(reason string, readings ...devices.Reading) {
	if w.reason == "" {
		w.reason = reason
	}
	w.refused = append(w.refused, readings...)
}

func (w *writing) all(ctx context.Context, readings []devices.Reading) error {
	good := readings
	for i := range readings {
		r := &readings[i]
		switch why := unwritable(r); {
		case why != "":
			if len(w.refused) == 0 {
				good = slices.Clone(readings[:i])
			}
			w.refuse(why, *r)
		case len(w.refused) > 0:
			good = append(good, *r)
		}
	}
	for part := range slices.Chunk(good, maxLines) {
		if err := w.part(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// part sends readings in one request, or in several when they are too large.
func (w *writing) part(ctx context.Context, readings []devices.Reading) error {
	w.buffer = slices.Grow(w.buffer[:0], min(len(readings)*lineBytes, maxBytes))
	for i := range readings {
		if i > 0 {
			w.buffer = append(w.buffer, '\n')
		}
		w.buffer = appendLine(w.buffer, &readings[i])
		if len(w.buffer) > maxBytes && i > 0 {
			return w.halves(ctx, readings)
		}
	}
	err := classify(w.series.writer.WriteRecord(ctx, string(w.buffer)))
	var bad *dataError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errTooLarge) && len(readings) > 1:
		return w.halves(ctx, readings)
	case errors.Is(err, errTooLarge):
		w.refuse("too large for InfluxDB", readings...)
		return nil
	case !errors.As(err, &bad):
		return err
	case len(readings) == 1 || bad.dropped >= len(readings):
		w.refuse(bad.reason, readings...)
		return nil
	}
	// Some of them are bad. What belongs together is bad together (a field's
	// type is one per metric and stretch of time), so in that order few
	// requests find them all; equal ones keep their order, the later counts.
	sorted := slices.Clone(readings)
	slices.SortStableFunc(sorted, func(a, b devices.Reading) int {
		return cmp.Or(cmp.Compare(a.Metric, b.Metric), a.At.Compare(b.At))
	})
	return w.halves(ctx, sorted)
}

func (w *writing) halves(ctx context.Context, readings []devices.Reading) error {
	middle := len(readings) / 2
	if err := w.part(ctx, readings[:middle]); err != nil {
		return err
	}
	return w.part(ctx, readings[middle:])
}
