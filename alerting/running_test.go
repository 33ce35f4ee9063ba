package alerting_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/alerting/detect"
	"shouwang/devices"
)

func TestAsOfIsTheNewestTick(t *testing.T) {
	w := newWorld(t)
	if !w.engine.AsOf().IsZero() {
		t.Error("before the first tick:", w.engine.AsOf())
	}
	w.tick()
	ticked := w.now
	w.pass(time.Hour) // a backlog of telemetry is still to be read
	w.cries("v/b1", "sos", w.now)
	w.must(w.engine.Apply(w.ctx, "event", 1, []devices.Record{cry("v/b2", "sos", w.now, w.now)}))
	if got := w.engine.AsOf(); !got.Equal(ticked) {
		t.Errorf("an SOS made the picture as of %s, want %s", got, ticked)
	}
	w.must(w.engine.Checkpoint(w.ctx))
	w.start()
	if got := w.engine.AsOf(); !got.Equal(ticked) {
		t.Errorf("after a restart: %s", got)
	}
	w.tick()
	if got := w.engine.AsOf(); !got.Equal(w.now) {
		t.Errorf("after another tick: %s", got)
	}
}

func TestRewind(t *testing.T) {
	w := newWorld(t)
	w.seq = 6
	w.says("v/b1", "water", 1)
	w.must(w.engine.Checkpoint(w.ctx))
	w.must(w.engine.Rewind(w.ctx, "telemetry", 9))
	if p := w.engine.Position("telemetry"); p != 7 {
		t.Errorf("forward to %d", p)
	}
	w.must(w.engine.Rewind(w.ctx, "telemetry", 3))
	w.start()
	if p := w.engine.Position("telemetry"); p != 3 {
		t.Errorf("back to %d, want 3", p)
	}
}

// slow holds up every write transaction until it is let go.
type slow struct {
	alerting.Book
	begun, let chan struct{}
}

func (s *slow) Tx(ctx context.Context, fn func(alerting.Tx) error) error {
	close(s.begun)
	<-s.let
	return s.Book.Tx(ctx, fn)
}

func TestNobodyWaitsForTheDiskToAskHowFarItIs(t *testing.T) {
	w := newWorld(t)
	b := &slow{w.store, make(chan struct{}), make(chan struct{})}
	e := alerting.NewEngine(alerting.EngineOptions{Book: b, Checkpoints: w.store, Directory: w.dir, Detectors: w.detectors, CheckpointEvery: time.Hour})
	done := make(chan error)
	go func() {
		done <- e.Apply(w.ctx, "telemetry", 1, []devices.Record{cry("v/b1", "sos", w.now, w.now)})
	}()
	<-b.begun
	asked := make(chan struct{})
	go func() {
		e.AsOf()
		e.Position("telemetry")
		close(asked)
	}()
	select {
	case <-asked:
	case <-time.After(time.Minute):
		t.Error("no answer while the disk is slow")
	}
	close(b.let)
	w.must(<-done)
	<-asked
}

// broken panics when it is told to.
type broken struct {
	detect.Calls

	heard *int
}

func (broken) Name() string { return "broken" }

func (b broken) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	if *b.heard++; r.Metric == "spoilt" {
		panic("about " + v.Resident.Name)
	}
	return nil
}

func (b broken) Tick(v *alerting.View) []alerting.Finding {
	if v.Subject.ID == li {
		var none []int
		_ = none[*b.heard]
	}
	return nil
}

func TestOneBrokenDetectorStopsNobody(t *testing.T) {
	w := newWorld(t)
	heard := 0
	var log bytes.Buffer
	metrics := prometheus.NewPedanticRegistry()
	e := alerting.NewEngine(alerting.EngineOptions{
		Book: w.store, Checkpoints: w.store, Directory: w.dir, CheckpointEvery: time.Hour, Log: zerolog.New(&log), Metrics: metrics,
		Detectors: func(s alerting.Subject) []alerting.Detector {
			if s.Type == alerting.SubjectDevice {
				return nil
			}
			return append([]alerting.Detector{&broken{heard: &heard}}, w.detectors(s)...)
		},
	})
	*w.seen = nil
	w.must(e.Apply(w.ctx, "telemetry", 1, []devices.Record{
		reading("v/b1", "spoilt", 1, w.now, w.now), reading("v/b1", "water", 1, w.now, w.now),
		reading("v/b2", "heart", 2, w.now, w.now),
		{Received: w.now, Tick: &devices.Tick{Connected: true}},
	}))
	if n := len(w.alerts(alerting.AlertFilter{})); n != 2 || heard != 3 {
		t.Errorf("%d alerts, the broken detector was asked %d times", n, heard)
	}
	if n := len(*w.seen); n != 5 { // three readings, and a tick for each of the two
		t.Errorf("the others were asked %d times", n)
	}
	if text := log.String(); strings.Contains(text, "王") || strings.Count(text, "broke down") != 2 || !strings.Contains(text, "index out of range") {
		t.Error(text)
	}
	families, err := metrics.Gather()
	w.must(err)
	for _, f := range families {
		if f.GetName() == "shouwang_alerting_panics_total" && f.GetMetric()[0].GetCounter().GetValue() != 2 {
			t.Error(f)
		}
	}
}

func TestRecordThatTheEngineBreaksOnIsPassedOver(t *testing.T) {
	w := newWorld(t)
	w.dir.devices[spare] = nil // as no registry would have it
	w.says(spare, "silent", 1)
	w.says("v/b1", "silent", 1)
	w.only()
}
