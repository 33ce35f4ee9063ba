package alerting_test

import (
	"context"
	"testing"
	"time"

	"shouwang/alerting"
)

// climbed are the levels that the escalations of the log have reached.
func (w *world) climbed() (levels []string) {
	for _, e := range w.events(0) {
		if e.Type == alerting.AlertEscalated {
			levels = append(levels, e.Data["level"].(string))
		}
	}
	return levels
}

func TestRedClimbsAtOneAndThreeMinutes(t *testing.T) {
	w := newWorld(t)
	w.cries("v/b1", "sos", w.now)
	for second := range 400 {
		w.must(w.climb.Step(w.ctx, noon.Add(time.Duration(second)*time.Second)))
		want := 0
		if second >= 60 {
			want++
		}
		if second >= 180 {
			want++
		}
		if around := (second + 1) % 60; around > 1 {
			continue // only about the full minutes is there anything to see
		}
		if a := w.only(); a.Escalation != want {
			t.Fatalf("after %d s: step %d, want %d", second, a.Escalation, want)
		}
	}
	if got := w.climbed(); len(got) != 2 || got[0] != "town" || got[1] != "county" {
		t.Errorf("%v", got)
	}
	if a := w.only(); a.EscalateAt != nil || a.State != "open" {
		t.Errorf("%+v", a)
	}
}

func TestOthersClimbByTheirRules(t *testing.T) {
	for value, after := range map[float64]time.Duration{1: 30 * time.Minute, 2: 5 * time.Minute, 3: time.Minute} {
		w := newWorld(t)
		w.says("v/b1", "water", value)
		w.must(w.climb.Step(w.ctx, noon.Add(after-time.Microsecond)))
		if a := w.only(); a.Escalation != 0 {
			t.Errorf("%s: too early", a.Severity)
		}
		w.must(w.climb.Step(w.ctx, noon.Add(after)))
		if a := w.only(); a.Escalation != 1 {
			t.Errorf("%s: not after %s", a.Severity, after)
		}
	}
}

func TestAcknowledgedDoesNotClimb(t *testing.T) {
	w, id := rung(t)
	_, err := w.desk.Ack(w.ctx, id, zhang)
	w.must(err)
	w.must(w.climb.Step(w.ctx, w.now.Add(time.Hour)))
	if len(w.climbed()) != 0 {
		t.Error("it climbed")
	}
}

func TestRecoveredButUnseenClimbs(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "heart", 3)
	w.pass(10 * time.Second)
	w.says("v/b1", "heart", 0)
	w.must(w.climb.Step(w.ctx, noon.Add(time.Minute)))
	if a := w.only(); a.Escalation != 1 || a.RecoveredAt == nil {
		t.Errorf("%+v", a)
	}
}

func TestRestartTakesTheStepsThatFellDueOnce(t *testing.T) {
	w := newWorld(t)
	w.cries("v/b1", "sos", w.now)
	for range 3 {
		w.start()
		w.must(w.climb.Step(w.ctx, noon.Add(time.Hour)))
	}
	if got := w.climbed(); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

func TestHigherSeverityClimbsByItsOwnClock(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	w.pass(29*time.Minute + 30*time.Second)
	w.says("v/b1", "water", 2) // five minutes from now, but thirty from the start come first
	if a := w.only(); !a.EscalateAt.Equal(noon.Add(30 * time.Minute)) {
		t.Errorf("next step at %s", a.EscalateAt)
	}
}

func TestRisingKeepsTheLevelReached(t *testing.T) {
	for name, acked := range map[string]bool{"open": false, "acknowledged": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.says("v/b1", "water", 2)
			w.pass(6 * time.Minute)
			w.must(w.climb.Step(w.ctx, w.now))
			if acked {
				_, err := w.desk.Ack(w.ctx, w.only().ID, zhang)
				w.must(err)
			}
			w.says("v/b1", "water", 3)
			a := w.only()
			if a.State != "open" || a.Escalation != 1 || !a.EscalateAt.Equal(w.now.Add(3*time.Minute)) {
				t.Errorf("level %d, next step at %v", a.Escalation, a.EscalateAt)
			}
			w.must(w.climb.Step(w.ctx, w.now.Add(3*time.Minute)))
			if got := w.climbed(); len(got) != 2 || got[0] != "town" || got[1] != "county" {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(w.ctx)
	done := make(chan error, 1)
	go func() { done <- w.climb.Run(ctx) }()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
