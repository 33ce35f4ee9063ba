package alerting

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/devices"
)

// maxTickGap is the longest time between two ticks that still counts as
// watched: ticks come every 10 s, so three missed ones mean that we were down.
const maxTickGap = 30 * time.Second

// EngineOptions are what an engine needs.
type EngineOptions struct {
	Book      Book
	Directory Directory
	Detectors NewDetectors
	// Now is the clock of the desk (opened_at, escalation); nil is time.Now.
	// A backtest gives the time of the record at hand.
	Now func() time.Time
	// A checkpoint is written after this much time or this many frames,
	// whichever is first; 0 is 5 s and 1000 frames. What is lost in a crash
	// is only work: the frames are read again.
	CheckpointEvery  time.Duration
	CheckpointFrames int
	Log              zerolog.Logger
	Metrics          prometheus.Registerer
}

// Engine hands records to detectors and folds their findings into alerts. It is
// called by the readers of both lanes.
//
// Findings are committed at once, each frame's in one transaction. Positions
// and detector states follow in checkpoints, always together; after a crash the
// frames since the last one are read again, and the findings met again are
// known by their episode and change nothing.
type Engine struct {
	EngineOptions
	metrics *engineMetrics

	// writing is held over a whole checkpoint, so that an older one never
	// overwrites a newer. It is taken before mu.
	writing sync.Mutex

	mu       sync.Mutex
	subjects *subjects
	clock    Clock
	lanes    map[string]*lane
	// pending are findings whose transaction has not succeeded yet. The
	// detectors have said them and will not do so again.
	pending []judged
	// raiseAt is set by a tick: closed alerts are due to be looked at.
	raiseAt   time.Time
	frames    int
	lastSaved time.Time
}

// lane is how far one lane has come.
type lane struct {
	fed   uint64 // handed to the detectors
	saved uint64 // in a checkpoint
}

// NewEngine makes an engine with nothing in it; Restore brings back the last
// checkpoint.
func NewEngine(o EngineOptions) *Engine {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.CheckpointEvery == 0 {
		o.CheckpointEvery = 5 * time.Second
	}
	if o.CheckpointFrames == 0 {
		o.CheckpointFrames = 1000
	}
	o.Log = o.Log.With().Str("component", "alerting").Logger()
	return &Engine{
		EngineOptions: o,
		metrics:       newEngineMetrics(o.Metrics),
		subjects:      newSubjects(o.Detectors),
		lanes:         map[string]*lane{},
		lastSaved:     o.Now(),
	}
}

// Restore takes back the last checkpoint. It is called once, before Apply. A
// state that a detector cannot read is an error: going on without it would
// forget what was seen.
func (e *Engine) Restore(ctx context.Context) error {
	saved, err := e.Book.Load(ctx)
	if err != nil {
		return fmt.Errorf("load checkpoint: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, snap := range saved.Snapshots {
		if err := e.subjects.restore(snap); err != nil {
			return err
		}
	}
	for name, seq := range saved.Positions {
		e.lanes[name] = &lane{fed: seq, saved: seq}
	}
	e.clock = saved.Clock
	return nil
}

// Position is the last frame of the lane that will never be asked for again: it
// is in a checkpoint. Reading goes on after it, and the journal may purge it.
func (e *Engine) Position(name string) uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.lane(name).saved
}

func (e *Engine) lane(name string) *lane {
	l, ok := e.lanes[name]
	if !ok {
		l = &lane{}
		e.lanes[name] = l
	}
	return l
}

// Apply judges the records of one frame. A frame it has had is passed over.
// After an error the same frame is to be applied again: its records are not
// judged twice, only what could not be written is tried again.
func (e *Engine) Apply(ctx context.Context, name string, seq uint64, records []devices.Record) error {
	due, err := e.apply(ctx, name, seq, records)
	if err != nil {
		return err
	}
	if due {
		return e.Checkpoint(ctx)
	}
	return nil
}

func (e *Engine) apply(ctx context.Context, name string, seq uint64, records []devices.Record) (due bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	start := time.Now()
	l := e.lane(name)
	if seq > l.fed {
		for i := range records {
			e.judge(&records[i])
		}
		l.fed = seq
		e.frames++
	}
	if err := e.commit(ctx); err != nil {
		return false, err
	}
	e.metrics.apply.Observe(time.Since(start).Seconds())
	if n := len(records); n > 0 {
		e.metrics.lag.WithLabelValues(name).Set(time.Since(records[n-1].Received).Seconds())
	}
	return e.frames >= e.CheckpointFrames || e.Now().Sub(e.lastSaved) >= e.CheckpointEvery, nil
}

// judge hands one record to the detectors it concerns.
func (e *Engine) judge(rec *devices.Record) {
	switch {
	case rec.Retained:
		// Old news, never a sign of life.
	case rec.Tick != nil:
		e.tick(rec)
	default:
		// A message is of one device, so all of it is looked up once.
		var id devices.DeviceID
		var hear []hearing
		for _, r := range rec.Readings {
			if hear == nil || r.Device != id {
				id, hear = r.Device, e.hearings(r.Device, rec.Received)
			}
			for _, h := range hear {
				for _, d := range h.w.detectors {
					e.found(h, d.Observe(h.v, r))
				}
			}
		}
		for _, ev := range rec.Events {
			if hear == nil || ev.Device != id {
				id, hear = ev.Device, e.hearings(ev.Device, rec.Received)
			}
			for _, h := range hear {
				for _, d := range h.w.detectors {
					e.found(h, d.Notice(h.v, ev))
				}
			}
		}
	}
}

// hearing is a subject that a record concerns, and what its detectors may know.
type hearing struct {
	w  *watched
	v  *View
	at place
}

// hearings lists whom a device's message concerns: the resident it is assigned
// to, and the device. Nobody while the device is unknown or disabled, or its
// resident has died.
func (e *Engine) hearings(id devices.DeviceID, at time.Time) []hearing {
	hear := []hearing{}
	about := DeviceSubject(id)
	p := e.locate(about, at)
	if p == nil {
		return hear
	}
	if p.resident != nil {
		hear = append(hear, e.hear(ResidentSubject(p.resident.ID), p, at))
	}
	hear = append(hear, e.hear(about, p, at))
	for _, h := range hear {
		e.subjects.touch(h.w)
	}
	return hear
}

func (e *Engine) hear(s Subject, p *place, at time.Time) hearing {
	v := &View{
		Now: at, Watched: e.clock.Watched, Subject: s,
		Resident: p.resident, Away: p.away, Rules: e.Book.Rules(at),
	}
	if s.Type == SubjectDevice {
		v.Device = p.device
	}
	if p.resident != nil {
		v.LastContact = e.Book.LastContact(p.resident.ID, at)
	}
	return hearing{w: e.subjects.get(s), v: v, at: *p}
}

// locate tells how things stand with a subject, nil when it is not watched.
func (e *Engine) locate(s Subject, at time.Time) *place {
	p := &place{}
	switch s.Type {
	case SubjectDevice:
		d, ok := e.Directory.Device(devices.DeviceID(s.ID), at)
		if !ok || d.Disabled {
			return nil
		}
		p.device, p.area = d, d.Area
		if r, ok := e.Directory.ResidentOf(d.ID, at); ok {
			p.resident = r
		}
	case SubjectResident:
		r, ok := e.Directory.Resident(s.ID, at)
		if !ok {
			return nil
		}
		p.resident = r
	case SubjectArea:
		p.area = devices.AreaPath(s.ID)
	case SubjectSystem:
	}
	if p.resident != nil {
		if p.resident.State == devices.Deceased {
			return nil
		}
		p.area = p.resident.Area
		p.away = !atHome(p.resident.State) || e.Directory.Away(p.resident.ID, at)
	}
	return p
}

// tick moves the clock of watched time and lets all subjects look at it.
func (e *Engine) tick(rec *devices.Record) {
	gap := rec.Received.Sub(e.clock.LastTick)
	// Both ends must have been connected: nobody knows when, in between, a
	// connection went or came.
	if rec.Tick.Connected && e.clock.Connected && gap > 0 && gap <= maxTickGap {
		e.clock.Watched += gap
	}
	e.clock.LastTick, e.clock.Connected = rec.Received, rec.Tick.Connected
	e.raiseAt = rec.Received
	for _, w := range e.subjects.order {
		p := e.locate(w.subject, rec.Received)
		if p == nil {
			continue
		}
		h := e.hear(w.subject, p, rec.Received)
		e.subjects.touch(w)
		for _, d := range w.detectors {
			e.found(h, d.Tick(h.v))
		}
	}
}

// found takes what a detector said.
func (e *Engine) found(h hearing, findings []Finding) {
	for _, f := range findings {
		info, ok := f.Kind.Info()
		if !ok || f.Severity.Rank() > Blue.Rank() && !f.Recovered {
			e.metrics.refused.Inc()
			e.Log.Error().Str("kind", string(f.Kind)).Str("severity", string(f.Severity)).
				Msg("detector found something that is no kind or has no severity")
			continue
		}
		f.Subject = h.w.subject
		// SQL keeps microseconds, and the episode is a key there.
		f.Episode = f.Episode.UTC().Truncate(time.Microsecond)
		if f.KnownAt.IsZero() {
			f.KnownAt = h.v.Now
		}
		if f.FoundAt.IsZero() {
			f.FoundAt = h.v.Now
		}
		now := said{f.Episode, f.Severity, f.Recovered}
		if last, ok := h.w.said[f.Kind]; ok && last == now && !info.Urgent {
			continue
		}
		h.w.said[f.Kind] = now
		e.metrics.findings.WithLabelValues(string(f.Kind)).Inc()
		j := judged{
			Finding: f, area: h.at.area,
			provider: e.Directory.Provider(h.at.area, h.v.Now),
			late:     f.KnownAt.Sub(f.FoundAt) > h.v.Rules.Late,
		}
		if r := h.at.resident; r != nil {
			j.resident = &ResidentRef{ID: r.ID, Name: r.Name}
		}
		e.pending = append(e.pending, j)
	}
}

// commit folds all pending findings in one transaction, and with them the
// closed alerts that are due to come back. Without any it does not touch SQL,
// but for one indexed read on a tick.
func (e *Engine) commit(ctx context.Context) error {
	var raises []string
	if !e.raiseAt.IsZero() {
		var err error
		if raises, err = e.Book.RaisesDue(ctx, e.raiseAt); err != nil {
			return fmt.Errorf("alerts to raise again: %w", err)
		}
	}
	if len(e.pending) > 0 || len(raises) > 0 {
		now := e.Now().UTC().Truncate(time.Microsecond)
		var f *fold
		err := e.Book.Tx(ctx, func(tx Tx) error {
			f = &fold{tx: tx, now: now, rules: e.Book.Rules(now)}
			for i := range e.pending {
				if err := f.take(&e.pending[i]); err != nil {
					return fmt.Errorf("%s: %w", e.pending[i].Kind, err)
				}
			}
			for _, id := range raises {
				if err := e.raise(f, id); err != nil {
					return fmt.Errorf("raise %s again: %w", id, err)
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("write findings: %w", err)
		}
		for _, o := range f.opened {
			e.metrics.opened.WithLabelValues(string(o.kind), string(o.severity)).Inc()
		}
	}
	e.pending, e.raiseAt = nil, time.Time{}
	return nil
}

func (e *Engine) raise(f *fold, id string) error {
	old, err := f.tx.Alert(id)
	if err != nil {
		return err
	}
	p := e.locate(old.Subject, e.raiseAt)
	if p != nil {
		p.provider = e.Directory.Provider(p.area, e.raiseAt)
	}
	return f.raise(old, e.raiseAt, p, func(resident string, since time.Time) bool {
		return e.Book.LastContact(resident, e.raiseAt).After(since)
	})
}
