package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/registry"
	"shouwang/ingest"
	"shouwang/ingest/deadletter"
)

const (
	// erasureLog lies beside the databases and is written before anything is
	// erased: a state.db from an older backup does not know what was erased
	// after it, this file does.
	erasureLog = "erasures.log"
	// lookForErasures is how often the service looks for requests, which may
	// come from another process, and whether the journal's window has passed.
	lookForErasures = time.Second
)

// eraser carries out erasures, step by step; each step can be done again, so a
// stop between any two loses nothing.
type eraser struct {
	db       *database.DB
	file     string // erasureLog
	registry *registry.Registry
	alerts   *store.Store
	letters  *deadletter.Store
	series   *keeper
	log      zerolog.Logger
	now      func() time.Time

	// engine and journal are nil while the service does not run.
	engine  *alerting.Engine
	journal rawMessages

	// swept: since the start, what is erased was erased from the series again.
	swept bool
}

// rawMessages are those who keep messages as they came.
type rawMessages interface {
	// Oldest is when the oldest was written, zero when there is none.
	Oldest(ctx context.Context) (time.Time, error)
	// Shred says whether what is purged is overwritten, too.
	Shred(on bool)
}

func (a *app) newEraser() *eraser {
	return &eraser{
		db: a.db, file: filepath.Join(a.settings.Data, erasureLog), registry: a.registry, alerts: a.alerts, letters: a.letters,
		series: a.keeper, log: a.log.With().Str("component", "erasure").Logger(), now: time.Now,
	}
}

// Request notes that a resident is to be erased, or one type of data. Somebody about
// whom an alert is open is not erased: there may be a person to be helped.
func (e *eraser) Request(ctx context.Context, resident string, data devices.DataType, actor string) (devices.Erasure, error) {
	if err := requestErasure(ctx, e.db, resident, data, actor, e.now()); err != nil {
		return devices.Erasure{}, err
	}
	return findErasure(ctx, e.db, resident, data)
}

// Erasures lists all there are.
func (e *eraser) Erasures(ctx context.Context) ([]devices.Erasure, error) {
	return registry.Erasures(ctx, e.db)
}

func requestErasure(ctx context.Context, db *database.DB, resident string, data devices.DataType, actor string, now time.Time) error {
	open, err := store.New(db).OpenAlerts(ctx, resident)
	if err != nil {
		return err
	}
	if len(open) > 0 {
		return &devices.InputError{Field: "resident", Value: resident, Rule: "has open alerts, close them first: " + strings.Join(open, ", ")}
	}
	return registry.RequestErasure(ctx, db, resident, data, actor, now)
}

func findErasure(ctx context.Context, db *database.DB, resident string, data devices.DataType) (devices.Erasure, error) {
	list, err := registry.Erasures(ctx, db)
	if err != nil {
		return devices.Erasure{}, err
	}
	for _, erasure := range list {
		if erasure.Resident == resident && erasure.Data == data {
			return erasure, nil
		}
	}
	return devices.Erasure{}, fmt.Errorf("erasure of %.140q: %w", resident, devices.ErrNotFound)
}

// Run carries out what is requested until ctx ends.
func (e *eraser) Run(ctx context.Context) error {
	ticker := time.NewTicker(lookForErasures)
	defer ticker.Stop()
	failing := false
	for {
		err := e.Step(ctx)
		if err != nil && ctx.Err() == nil && !failing {
			e.log.Error().Err(err).Msg("erasure not carried out, trying on")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// Step does all that can be done now.
func (e *eraser) Step(ctx context.Context) error {
	list, err := registry.Erasures(ctx, e.db)
	if err != nil {
		return err
	}
	waiting := false
	for _, erasure := range list {
		if erasure.StateDone.IsZero() {
			if erasure, err = e.state(ctx, erasure); err != nil {
				return err
			}
		}
		if erasure.SeriesDone.IsZero() || !e.swept {
			if erasure, err = e.readings(ctx, erasure); err != nil {
				return err
			}
		}
		waiting = waiting || !erasure.Complete()
	}
	e.swept = true
	if e.journal == nil {
		return nil
	}
	e.journal.Shred(waiting)
	if !waiting {
		return nil
	}
	return e.messages(ctx)
}

// Restore enters and carries out, as far as state.db goes, what the log has and
// state.db does not know: it is from before the erasure.
func (e *eraser) Restore(ctx context.Context) error {
	logged, err := readErasureLog(e.file)
	if err != nil {
		return err
	}
	list, err := registry.Erasures(ctx, e.db)
	if err != nil {
		return err
	}
	for _, erasure := range logged {
		known := slices.ContainsFunc(list, func(d devices.Erasure) bool {
			return d.Same(&erasure) && !d.StateDone.Before(erasure.Requested)
		})
		if known {
			continue
		}
		e.log.Warn().Str("resident", erasure.Resident).Time("requested", erasure.Requested).
			Msg("state.db is older than this erasure, which is carried out again")
		if _, err := e.state(ctx, erasure); err != nil {
			return err
		}
	}
	return nil
}

// state erases what is in state.db.
func (e *eraser) state(ctx context.Context, erasure devices.Erasure) (devices.Erasure, error) {
	until := e.now()
	if erasure.Data != "" { // which may be agreed to again later
		until = erasure.Requested
	}
	spans, err := e.registry.Spans(ctx, erasure.Resident, until)
	if err != nil {
		return erasure, err
	}
	erasure.Spans = join(erasure.Spans, spans)
	if err := appendErasureLog(e.file, erasure); err != nil {
		return erasure, err
	}
	if err := registry.PutErasure(ctx, e.db, erasure); err != nil {
		return erasure, err
	}
	if erasure.Data != "" {
		e.registry.EraseData(erasure)
	} else if err := e.registry.Erase(ctx, erasure); err != nil {
		return erasure, err
	}
	subjects, worn := []alerting.Subject{alerting.ResidentSubject(erasure.Resident)}, []devices.DeviceID{}
	for _, s := range erasure.Spans {
		if !slices.Contains(worn, s.Device) {
			worn = append(worn, s.Device)
			subjects = append(subjects, alerting.DeviceSubject(s.Device))
		}
	}
	erase := func(ctx context.Context) error {
		if erasure.Data != "" {
			return e.alerts.EraseData(ctx, erasure.Resident, erasure.Data, worn)
		}
		return e.alerts.Erase(ctx, erasure.Resident, worn)
	}
	if e.engine != nil {
		err = e.engine.Forget(ctx, subjects, erase)
	} else {
		err = erase(ctx)
	}
	if err != nil {
		return erasure, err
	}
	if err := e.series.settled(ctx); err != nil { // no dead letter comes after
		return erasure, err
	}
	if err := e.letters.Erase(ctx, erasure.Spans); err != nil {
		return erasure, err
	}
	erasure.StateDone, erasure.SeriesDone, erasure.JournalDone = e.now(), time.Time{}, time.Time{}
	if err := registry.PutErasure(ctx, e.db, erasure); err != nil {
		return erasure, err
	}
	// After the mark: what it leaves is only in free pages, and is tried again
	// with the series.
	return erasure, nil
}

// readings erases what is in the time series.
func (e *eraser) readings(ctx context.Context, erasure devices.Erasure) (devices.Erasure, error) {
	if err := e.series.settled(ctx); err != nil {
		return erasure, err
	}
	for _, s := range erasure.Spans {
		metrics, err := e.metrics(ctx, s.Device, erasure.Data)
		if err != nil {
			return erasure, err
		}
		if err := e.series.Erase(ctx, s.Device, s.From, s.To, metrics...); err != nil {
			return erasure, err
		}
	}
	if !erasure.SeriesDone.IsZero() {
		return erasure, nil
	}
	if err := e.db.Scrub(ctx); err != nil {
		return erasure, err
	}
	erasure.SeriesDone = e.now()
	if err := registry.PutErasure(ctx, e.db, erasure); err != nil {
		return erasure, err
	}
	e.log.Info().Str("resident", erasure.Resident).Str("data", string(erasure.Data)).Int("spans", len(erasure.Spans)).Msg("erased; raw messages go when the journal's window has passed")
	return erasure, nil
}

// metrics are those of the device that are of the type, what a vendor has invented
// too; none for "", which is everything.
func (e *eraser) metrics(ctx context.Context, id devices.DeviceID, data devices.DataType) ([]devices.Metric, error) {
	if data == "" {
		return nil, nil
	}
	list := devices.MetricsOfData(data)
	known, ok := e.registry.Device(id, e.now())
	if !ok {
		return list, nil
	}
	latest, err := e.series.Latest(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, r := range latest {
		if r.Metric.Data(known.Kind) == data && !slices.Contains(list, r.Metric) {
			list = append(list, r.Metric)
		}
	}
	return list, nil
}

// messages notes the erasures of which no raw message is kept any more.
func (e *eraser) messages(ctx context.Context) error {
	oldest, err := e.journal.Oldest(ctx)
	if err != nil {
		return err
	}
	list, err := registry.Erasures(ctx, e.db)
	if err != nil {
		return err
	}
	for _, erasure := range list {
		if erasure.Complete() || erasure.SeriesDone.IsZero() || !oldest.IsZero() && !oldest.After(erasure.StateDone) {
			continue
		}
		// Once more: an hour may have been rolled up while it was erased.
		if _, err := e.readings(ctx, erasure); err != nil {
			return err
		}
		erasure.JournalDone = e.now()
		if err := registry.PutErasure(ctx, e.db, erasure); err != nil {
			return err
		}
		e.log.Info().Str("resident", erasure.Resident).Msg("erasure is complete")
	}
	return nil
}

// join adds spans to those that were noted before.
func join(spans, more []devices.Span) []devices.Span {
	for _, s := range more {
		i := slices.IndexFunc(spans, func(o devices.Span) bool { return o.Device == s.Device && o.From.Equal(s.From) })
		switch {
		case i < 0:
			spans = append(spans, s)
		case s.To.After(spans[i].To):
			spans[i].To = s.To
		}
	}
	return spans
}

// keeper stands before the series and the dead letters and lets nothing through
// that was erased: a frame read again, a device that sends late.
type keeper struct {
	series

	letters  *deadletter.Store
	registry *registry.Registry
	// writing is held while something that was looked through is written.
	writing sync.RWMutex
}

// Write is ingest.Writer.
func (k *keeper) Write(ctx context.Context, readings []devices.Reading) error {
	k.writing.RLock()
	defer k.writing.RUnlock()
	erased := k.registry.ErasedReading
	if slices.ContainsFunc(readings, erased) {
		readings = slices.DeleteFunc(slices.Clone(readings), erased)
	}
	return k.series.Write(ctx, readings)
}

// Refused keeps dead letters.
func (k *keeper) Refused(ctx context.Context, refusals []devices.Refusal) error {
	k.writing.RLock()
	defer k.writing.RUnlock()
	return k.letters.Add(ctx, slices.DeleteFunc(refusals, func(r devices.Refusal) bool { return k.registry.ErasedLetter(r.Device, r.Received) }))
}

// settled waits until what was looked through before is written.
func (k *keeper) settled(context.Context) error {
	k.writing.Lock()
	defer k.writing.Unlock()
	return nil
}

var _ ingest.Writer = (*keeper)(nil)

// withoutErased takes out of the demo's county who was erased from it.
func (a *app) withoutErased(c *county) {
	c.Residents = slices.DeleteFunc(c.Residents, func(r devices.Resident) bool { return a.registry.ErasedResident(r.ID) })
	c.Assignments = slices.DeleteFunc(c.Assignments, func(as devices.Assignment) bool { return a.registry.ErasedResident(as.Resident) })
}
