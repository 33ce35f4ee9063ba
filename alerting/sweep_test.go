package alerting_test

import (
	"fmt"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// TestNewRulesComeOverTicks: those who are silent see new rules in their ticks,
// some with each, the same whether they sleep, are shown every tick, or the
// service is started again in between.
func TestNewRulesComeOverTicks(t *testing.T) {
	const n = 30
	run := func(sleepless, restart bool) (seen [4]string) {
		w := newWorld(t)
		w.sleeping, w.sleepless = true, sleepless
		for i := range n {
			id := devices.DeviceID(fmt.Sprint("v/n", i))
			w.dir.devices[id] = &devices.Device{ID: id, Kind: devices.WaterMeter, Area: "shen/depot"}
		}
		w.start()
		w.tick()
		for i := range n {
			w.says(devices.DeviceID(fmt.Sprint("v/n", i)), "x", 1000)
		}
		for range 3 { // both clocks of the alarms have gone off
			w.pass(10 * time.Second)
			w.tick()
		}
		w.must(w.engine.Checkpoint(w.ctx))
		w.pass(time.Second)
		rules := alerting.DefaultRules()
		_, err := w.store.PutRules(w.ctx, rules, zhang, "test", w.now)
		w.must(err)
		for i := range seen {
			w.pass(10 * time.Second)
			w.tick()
			count := 0
			for d := range n {
				a := w.made[alerting.DeviceSubject(devices.DeviceID(fmt.Sprint("v/n", d)))][0].(*alarm)
				if len(a.state.Changes) > 1 {
					seen[i] += fmt.Sprint(d, " ")
					count++
				}
			}
			if i < 2 && (count == 0 || count == n) {
				t.Errorf("tick %d: %d of %d", i, count, n)
			}
			if i >= 2 && count != n {
				t.Errorf("tick %d: %d of %d", i, count, n)
			}
			if restart {
				w.must(w.engine.Checkpoint(w.ctx))
				w.start()
			}
		}
		return seen
	}
	want := run(true, false)
	for _, restart := range []bool{false, true} {
		if got := run(false, restart); got != want {
			t.Errorf("restart %v: got %q\nwant %q", restart, got, want)
		}
	}
}

// TestSavedBetweenAReadingAndItsTick: who has heard something sees the next tick,
// also when the service was started again before it; who slept goes on sleeping.
func TestSavedBetweenAReadingAndItsTick(t *testing.T) {
	w := newWorld(t)
	w.sleeping = true
	w.start()
	w.says("v/b2", "x", 1000)
	for range 4 {
		w.tick()
		w.pass(10 * time.Second)
	}
	w.says(spare, "x", 1000)
	w.must(w.engine.Checkpoint(w.ctx))
	w.start()
	w.dir.residents[li].Tier = devices.TierRed // who sees a tick notes it
	w.tick()
	changes := func(s alerting.Subject) int { return len(w.made[s][0].(*alarm).state.Changes) }
	if changes(alerting.DeviceSubject(spare)) != 1 {
		t.Error("who had heard something slept through the tick")
	}
	if changes(alerting.ResidentSubject(li)) != 1 {
		t.Error("who slept was woken by the start")
	}
}
