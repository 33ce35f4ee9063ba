package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// falls has the band of wang report a fall, and then steps every five minutes.
func (w *world) falls(steps ...float64) time.Time {
	w.t.Helper()
	at := w.now
	w.cries("v/b1", devices.EventFall, at)
	for _, n := range steps {
		w.pass(5 * time.Minute)
		w.says("v/b1", devices.Steps, n)
	}
	return at
}

func TestStillnessAfterAFallRingsAgainAndIsShown(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", devices.Steps, 500)
	at := w.falls(500)
	a := w.only()
	_, err := w.desk.Ack(w.ctx, a.ID, zhang)
	w.must(err)
	w.pass(5 * time.Minute)
	w.says("v/b1", devices.Steps, 500)
	a = w.only()
	if a.State != alerting.Open || !a.RangAt.Equal(w.now) || a.Severity != alerting.Red || a.Evidence["still"] != true {
		t.Fatalf("%s %s, rang at %v: %v", a.State, a.Severity, a.RangAt, a.Evidence)
	}
	// The same again, as after a crash, changes nothing.
	events := w.newest()
	w.start()
	w.seq = 0
	w.apply(reading("v/b1", devices.Steps, 500, at.Add(-time.Minute), at))
	w.apply(cry("v/b1", devices.EventFall, at, at))
	for i := range 2 {
		then := at.Add(time.Duration(i+1) * 5 * time.Minute)
		w.apply(reading("v/b1", devices.Steps, 500, then, then))
	}
	if n := w.newest(); n != events {
		t.Errorf("%d events for what was known", n-events)
	}
	w.pass(time.Minute)
	w.says("v/b1", devices.Steps, 560)
	if a = w.only(); a.Evidence["still"] != false || a.Severity != alerting.Red {
		t.Errorf("%s after walking: %v", a.Severity, a.Evidence)
	}
}

func TestWalkingAfterAFallIsShownAndDoesNotRing(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", devices.Steps, 500)
	at := w.falls(503, 540, 600)
	a := w.only()
	if a.Evidence["still"] != false || !a.RangAt.Equal(at) || a.Severity != alerting.Red {
		t.Errorf("%s, rang at %v: %v", a.Severity, a.RangAt, a.Evidence)
	}
}
