package alerting

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/devices"
)

// EngineOptions are what an engine needs.
type EngineOptions struct {
	Book Book
	// Checkpoints is where they are kept; nil keeps none, as in a backtest.
	Checkpoints Checkpoints
	Directory   Directory
	Detectors   NewDetectors
	// Now is the clock of the desk (opened_at, escalation); nil is time.Now.
	// A backtest gives the time of the record at hand.
	Now func() time.Time
	// Watched is the clock of watched time (see View.Watched); nil counts it from
	// the ticks. A backtest makes up few of them, and gives it.
	Watched func(at time.Time) time.Duration
	// A checkpoint is due after this much time or this many frames, whichever is
	// first; 0 is 5 s and 10 000 frames. What is lost in a crash is only work:
	// the frames are read again.
	CheckpointEvery  time.Duration
	CheckpointFrames int
	// CheckpointPart is about how many states are written in one transaction, 0
	// is 256: some milliseconds for whoever else wants to write.
	CheckpointPart int
	// SweepTicks is over how many ticks new rules are brought to those who are
	// silent, 0 is 64: eleven minutes, and 3000 subjects with each tick where
	// 100 000 residents have a device each.
	SweepTicks int
	Log        zerolog.Logger
	Metrics    prometheus.Registerer
}

// Engine hands records to detectors and folds their findings into alerts. It is
// called by the readers of both lanes.
//
// Findings are committed at once, each frame's in one transaction. Detector
// states and positions follow in checkpoints, written beside the lanes by Run;
// after a crash the frames since the last one are read again. A state that has
// had a frame passes it over, and findings met again are known by their episode
// and change nothing.
type Engine struct {
	EngineOptions
	metrics *engineMetrics
	// breakdowns is the log of what broke down: a defect may say the same with
	// every record.
	breakdowns zerolog.Logger

	// sweeping is held over a whole checkpoint, writing over each of its parts,
	// so that an older state never overwrites a newer. They are taken in this
	// order, and before mu.
	sweeping, writing sync.Mutex
	due               chan struct{} // a checkpoint is due

	mu       sync.Mutex
	subjects *subjects
	clock    Clock
	fed      map[string]uint64 // last frame of each lane handed to the detectors
	// ahead is the last frame of each lane that is in a restored state, while
	// that is beyond fed.
	ahead map[string]uint64
	// lane and seq are the frame at hand.
	lane string
	seq  uint64
	// pending are findings whose transaction has not succeeded yet. The
	// detectors have said them and will not do so again.
	pending []judged
	// raiseAt is set by a tick: closed alerts are due to be looked at.
	raiseAt   time.Time
	beats     []Beat // of the canary, not written yet
	frames    int
	lastSaved time.Time
	cost      time.Duration // of the last checkpoint
	turn      int           // of a sweep, at the tick at hand; -1 without one
	// heard is room for what hearings returns, awake for what woken does.
	heard [3]hearing
	awake []*watched
	// villages are the subjects of the water of areas.
	villages map[devices.AreaPath]Subject

	// What others ask about is not behind mu, which is held while SQL is
	// written. saved is the last frame of each lane that is in a checkpoint, a
	// map that is replaced and never changed; asOf is in microseconds.
	saved atomic.Pointer[map[string]uint64]
	asOf  atomic.Int64
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
		o.CheckpointFrames = 10_000
	}
	if o.CheckpointPart == 0 {
		o.CheckpointPart = 256
	}
	if o.SweepTicks == 0 {
		o.SweepTicks = 64
	}
	o.Log = o.Log.With().Str("component", "alerting").Logger()
	e := &Engine{
		EngineOptions: o,
		metrics:       newEngineMetrics(o.Metrics),
		breakdowns:    o.Log.Sample(&zerolog.BurstSampler{Burst: 5, Period: time.Minute}),
		subjects:      newSubjects(o.Detectors),
		fed:           map[string]uint64{},
		ahead:         map[string]uint64{},
		due:           make(chan struct{}, 1),
		lastSaved:     o.Now(),
	}
	e.saved.Store(&map[string]uint64{})
	return e
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
	maps.Copy(e.fed, saved.Positions)
	e.saved.Store(&saved.Positions)
	e.clock = saved.Clock
	e.tell()
	if e.Checkpoints == nil {
		return nil
	}
	if err := e.restoreStates(ctx); err != nil {
		return fmt.Errorf("restore states: %w", err)
	}
	for _, w := range e.subjects.all {
		if w.mark == nil {
			continue
		}
		for lane, seq := range w.mark.Positions {
			if seq > e.fed[lane] {
				e.ahead[lane] = max(e.ahead[lane], seq)
			}
		}
	}
	e.behind()
	e.rest()
	return nil
}

// Position is the last frame of the lane that will never be asked for again: it
// is in a checkpoint. Reading goes on after it, and the journal may purge it.
func (e *Engine) Position(name string) uint64 { return (*e.saved.Load())[name] }

// Seen is the last frame of the lane that is in any restored state: at Position,
// or beyond where a checkpoint broke off.
func (e *Engine) Seen(name string) uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return max(e.Position(name), e.ahead[name])
}

// Rewind sets back to seq how far the lane was read, by the positions and by any
// state, and stores it: the journal ends there now, and will give the numbers
// behind it to other frames. What was judged stays judged. It is called after
// Restore and before Apply.
func (e *Engine) Rewind(ctx context.Context, name string, seq uint64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.Checkpoints != nil {
		if err := e.Checkpoints.Rewind(ctx, name, seq); err != nil {
			return fmt.Errorf("rewind: %w", err)
		}
	}
	positions := maps.Clone(*e.saved.Load())
	for _, m := range []map[string]uint64{positions, e.fed, e.ahead} {
		lower(m, name, seq)
	}
	for _, w := range e.subjects.all {
		if w.mark != nil {
			lower(w.mark.Positions, name, seq)
		}
	}
	e.saved.Store(&positions)
	e.behind()
	return nil
}

func lower(positions map[string]uint64, name string, seq uint64) {
	if positions[name] > seq {
		positions[name] = seq
	}
}

// AsOf is how old the picture is that the alerts give: the time of the newest
// tick that was judged, and whose findings are written; zero before the first.
// Ticks stand among the readings in the journal, so while a backlog is read AsOf
// is as old as the backlog, though an SOS of now has been heard meanwhile.
func (e *Engine) AsOf() time.Time {
	us := e.asOf.Load()
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// tell lets AsOf say what the clock says.
func (e *Engine) tell() {
	if t := e.clock.LastTick; !t.IsZero() {
		e.asOf.Store(t.UnixMicro())
	}
}

// Apply judges the records of one frame. A frame it has had is passed over.
// After an error the same frame is to be applied again: its records are not
// judged twice, only what could not be written is tried again.
func (e *Engine) Apply(ctx context.Context, name string, seq uint64, records []devices.Record) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	start := time.Now()
	if seq > e.fed[name] {
		e.lane, e.seq = name, seq
		for i := range records {
			judge := e.judge
			if _, ours := devices.Canary(records[i].Device); ours {
				judge = e.beat
			}
			e.guard(judge, &records[i])
		}
		e.fed[name] = seq
		e.frames++
	}
	if err := e.commit(ctx); err != nil {
		return err
	}
	e.tell()
	e.metrics.apply.Observe(time.Since(start).Seconds())
	if n := len(records); n > 0 {
		e.metrics.lag.WithLabelValues(name).Set(time.Since(records[n-1].Received).Seconds())
	}
	if e.frames >= e.CheckpointFrames || e.Now().Sub(e.lastSaved) >= e.every() {
		select {
		case e.due <- struct{}{}:
		default: // Run has been told
		}
	}
	return nil
}

// every is the time between two checkpoints. They cost work, so they come less
// often where a thousand devices speak all the time: at most one part in two
// hundred of the time. But once a minute all the same, for a crash.
func (e *Engine) every() time.Duration {
	return max(e.CheckpointEvery, min(200*e.cost, time.Minute))
}

// commit folds all pending findings in one transaction, and with them the
// closed alerts that are due to come back. Without any it does not touch SQL,
// but for one indexed read on a tick.
func (e *Engine) commit(ctx context.Context) error {
	var raises, quiet []string
	if !e.raiseAt.IsZero() {
		var err error
		if raises, err = e.Book.RaisesDue(ctx, e.raiseAt); err != nil {
			return fmt.Errorf("alerts to raise again: %w", err)
		}
		if quiet, err = e.Book.SilencedAlerts(ctx); err != nil {
			return fmt.Errorf("silenced alerts: %w", err)
		}
	}
	if len(e.pending) > 0 || len(raises) > 0 || len(quiet) > 0 || len(e.beats) > 0 {
		now := e.Now().UTC().Truncate(time.Microsecond)
		var f *fold
		err := e.Book.Tx(ctx, func(tx Tx) error {
			f = &fold{tx: tx, now: now, rules: e.Book.Rules(now, RuleScope{}), of: func(c *Case) *terms { return rulesOf(e.Book, e.Directory, c, now) }}
			f.silenced = e.silenced
			for i := range e.pending {
				if err := f.take(&e.pending[i]); err != nil {
					return fmt.Errorf("%s: %w", e.pending[i].Kind, err)
				}
			}
			if err := f.finish(); err != nil {
				return fmt.Errorf("outages: %w", err)
			}
			for _, id := range raises {
				if err := e.raise(f, id); err != nil {
					return fmt.Errorf("raise %s again: %w", id, err)
				}
			}
			for _, id := range quiet {
				if err := f.lift(id, e.raiseAt); err != nil {
					return fmt.Errorf("end the silence of %s: %w", id, err)
				}
			}
			for _, b := range e.beats {
				if err := tx.PutBeat(b); err != nil {
					return fmt.Errorf("canary: %w", err)
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
	e.pending, e.raiseAt, e.beats = nil, time.Time{}, nil
	return nil
}

func (e *Engine) silenced(s Subject, r *ResidentRef, k Kind, at time.Time) (SilenceRef, bool) {
	return silenced(e.Book, s, r, k, at)
}

// silenced is Book.Silenced about somebody, or nobody.
func silenced(b Book, s Subject, r *ResidentRef, k Kind, at time.Time) (SilenceRef, bool) {
	resident := ""
	if r != nil {
		resident = r.ID
	}
	return b.Silenced(s, resident, k, at)
}

func (e *Engine) raise(f *fold, id string) error {
	old, err := f.tx.Alert(id)
	if err != nil {
		return err
	}
	var p *place
	if at := (place{}); e.locate(&at, old.Subject, e.raiseAt) {
		at.provider = e.Directory.Provider(at.area, e.raiseAt)
		p = &at
	}
	return f.raise(old, e.raiseAt, p, func(resident string, since time.Time) bool {
		return e.Book.LastContact(resident, e.raiseAt).After(since)
	})
}
