package alerting_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// breakOff lets the next checkpoint end before its n-th transaction.
func (w *world) breakOff(n int) {
	w.t.Helper()
	w.between = func() error {
		if n--; n == 0 {
			return errKilled
		}
		return nil
	}
	if err := w.engine.Checkpoint(w.ctx); !errors.Is(err, errKilled) {
		w.t.Fatal("the checkpoint was not broken off:", err)
	}
	w.between = nil
}

// TestOtherLaneFirst: after a restart the lanes are read again, but not in the
// order in which they were read before.
func TestOtherLaneFirst(t *testing.T) {
	w := newWorld(t)
	w.ticking, w.part = true, 100
	w.start()
	telemetry := func() {
		w.must(w.engine.Apply(w.ctx, "telemetry", 1, []devices.Record{
			reading("v/b1", "silent", 0, w.now, w.now), reading(spare, "x", 0, w.now, w.now), tickAt(w.now),
		}))
		w.must(w.engine.Apply(w.ctx, "telemetry", 2, []devices.Record{tickAt(w.now.Add(10 * time.Second))}))
	}
	event := func() {
		w.must(w.engine.Apply(w.ctx, "event", 1, []devices.Record{cry("v/b1", "worn", w.now, w.now), reading(spare, "x", 0, w.now, w.now)}))
	}
	telemetry()
	w.breakOff(2) // all states are written, the positions are not
	event()
	want := w.states()

	w.start()
	if p, s := w.engine.Position("telemetry"), w.engine.Seen("telemetry"); p != 0 || s != 2 {
		t.Errorf("position %d, seen %d", p, s)
	}
	event()
	w.must(w.engine.Checkpoint(w.ctx))
	w.start() // killed again while it reads what it had read
	event()
	telemetry()
	if got := w.states(); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	w.must(w.engine.Checkpoint(w.ctx))
	if p := w.engine.Position("telemetry"); p != 2 {
		t.Error("no checkpoint after all was read again:", p)
	}
	w.start()
	if got := w.states(); !slices.Equal(got, want) {
		t.Errorf("after a checkpoint: got  %q\nwant %q", got, want)
	}
}

// TestStateThatCameBackToWhatItWas: while a checkpoint is written, a state
// becomes again what was last saved of it.
func TestStateThatCameBackToWhatItWas(t *testing.T) {
	w := newWorld(t)
	w.ticking, w.part = true, 1
	w.start()
	toggles := func() { w.says(spare, "x", 0) }
	toggles()
	w.must(w.engine.Checkpoint(w.ctx))
	w.says("v/b1", "x", 0) // its parts come first
	toggles()
	w.between = func() error {
		w.between = nil
		toggles()
		return nil
	}
	w.must(w.engine.Checkpoint(w.ctx))
	want := w.states()
	w.start()
	w.seq = 3
	toggles() // read again
	if got := w.states(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestFailedPartIsWrittenByTheNextCheckpoint even if nothing comes meanwhile.
func TestFailedPartIsWrittenByTheNextCheckpoint(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 0)
	w.breakOff(1)
	w.must(w.engine.Checkpoint(w.ctx))
	want := w.states()
	w.start()
	if got := w.states(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func tickAt(at time.Time) devices.Record {
	return devices.Record{Received: at, Tick: &devices.Tick{Connected: true}}
}

// TestStateIsNotSavedBeforeWhatItSaid: a finding that could not be written is
// found again, since no state that has said it is on disk.
func TestStateIsNotSavedBeforeWhatItSaid(t *testing.T) {
	w := newWorld(t)
	w.part = 1
	w.start()
	b := &book{Book: w.store}
	e := alerting.NewEngine(alerting.EngineOptions{
		Book: b, Checkpoints: w.checkpoints(), Directory: w.dir, Detectors: w.detectors, CheckpointEvery: time.Hour, CheckpointPart: 1,
	})
	frames := [][]devices.Record{
		{reading("v/b1", "silent", 0, w.now, w.now), reading("v/b2", "water", 0, w.now, w.now)},
		{reading("v/b2", "water", 1, w.now.Add(1), w.now)},
	}
	w.must(e.Apply(w.ctx, "telemetry", 1, frames[0]))
	w.between = func() error {
		w.between = nil
		b.fail = errors.New("disk full")
		if err := e.Apply(w.ctx, "telemetry", 2, frames[1]); !errors.Is(err, b.fail) {
			t.Error(err)
		}
		return nil
	}
	if err := e.Checkpoint(w.ctx); !errors.Is(err, b.fail) {
		t.Error("checkpoint:", err)
	}
	w.start()
	for i, f := range frames {
		w.must(w.engine.Apply(w.ctx, "telemetry", uint64(i+1), f)) //nolint:gosec // small
	}
	w.only()
}

// TestRewindReachesStates: the journal is shorter than a state has read, though
// not than the position.
func TestRewindReachesStates(t *testing.T) {
	w := newWorld(t)
	w.ticking, w.part = true, 100
	w.start()
	for i := range uint64(5) {
		w.must(w.engine.Apply(w.ctx, "telemetry", i+1, []devices.Record{reading("v/b1", "silent", 0, w.now, w.now)}))
	}
	w.breakOff(2)
	w.start()
	w.must(w.engine.Rewind(w.ctx, "telemetry", 3))
	for range 2 {
		if s := w.engine.Seen("telemetry"); s != 3 {
			t.Errorf("seen %d, want 3", s)
		}
		w.start() // it was stored
	}
	for i := range uint64(3) {
		w.must(w.engine.Apply(w.ctx, "telemetry", i+1, []devices.Record{reading("v/b1", "silent", 0, w.now, w.now)}))
	}
	w.must(w.engine.Apply(w.ctx, "telemetry", 4, []devices.Record{cry("v/b1", "sos", w.now, w.now)}))
	w.only()
}

func TestForgottenInTheMiddleOfACheckpoint(t *testing.T) {
	w := newWorld(t)
	w.part = 1
	w.start()
	w.says("v/b1", "water", 0)
	w.says("v/b2", "water", 0)
	parts := 0
	w.between = func() error {
		parts++
		return nil
	}
	// The first part is of whom v/b1 belongs to; both are forgotten before it.
	w.must(w.engine.Forget(w.ctx, []alerting.Subject{alerting.ResidentSubject(wang), alerting.DeviceSubject("v/b1")}, func(context.Context) error { return nil }))
	w.must(w.engine.Checkpoint(w.ctx))
	if parts != 3 { // resident, device, positions
		t.Errorf("%d transactions, want 3", parts)
	}
	w.says("v/b1", "water", 0)
	w.says("v/b2", "water", 0)
	forgotten := make(chan error, 1)
	w.between = func() error {
		w.between = nil
		go func() {
			forgotten <- w.engine.Forget(w.ctx, []alerting.Subject{alerting.ResidentSubject(li), alerting.DeviceSubject("v/b2")},
				func(ctx context.Context) error { return w.store.Erase(ctx, li, []devices.DeviceID{"v/b2"}) })
		}()
		return nil
	}
	w.must(w.engine.Checkpoint(w.ctx))
	w.must(<-forgotten)
	w.must(w.engine.Checkpoint(w.ctx))
	w.must(w.store.EachState(w.ctx, func(s alerting.Snapshot, _ *alerting.Mark) error {
		if s.Subject.ID == li || s.Subject.ID == "v/b2" {
			t.Error("came back:", s.Subject)
		}
		return nil
	}))
}
