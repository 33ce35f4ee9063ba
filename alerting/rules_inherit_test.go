package alerting_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/alerting"
	"shouwang/devices"
)

// rule changes a scope's settings now.
func (w *world) rule(of alerting.RuleScope, settings string) {
	w.t.Helper()
	_, err := w.store.ChangeRules(w.ctx, alerting.RuleChange{Scope: of, From: w.now, By: "zhang", Reason: "test", Settings: []byte(settings)})
	w.must(err)
}

// at is where a resident of the world is.
func (w *world) at(resident string) alerting.RuleScope {
	r := w.dir.residents[resident]
	return alerting.RuleScope{Area: r.Area, Tier: r.Tier, Resident: r.ID}
}

// found lists the alerts there are, with the version of the rules they are of.
func (w *world) found() (list []string) {
	w.t.Helper()
	for _, a := range w.alerts(alerting.AlertFilter{}) {
		list = append(list, fmt.Sprintf("%s %s %s, rules %d", a.Severity, a.Kind, a.Subject.ID, a.Rule.Version))
	}
	slices.Sort(list)
	return list
}

// breathes has a band measure a saturation of 88 % for half an hour.
func (w *world) breathes(id devices.DeviceID) {
	for range 6 {
		w.pass(5 * time.Minute)
		w.apply(devices.Record{Received: w.now, Device: id, Readings: []devices.Reading{
			{Device: id, Metric: devices.HeartRateBPM, Value: 70, At: w.now, Received: w.now},
			{Device: id, Metric: devices.SpO2Pct, Value: 88, At: w.now, Received: w.now},
		}})
	}
}

// TestResidentsAreJudgedByTheirOwnRules: 88 % is low for one, and nothing for
// another who is known to live with it.
func TestResidentsAreJudgedByTheirOwnRules(t *testing.T) {
	w := newWorld(t)
	w.real = true
	w.start()
	w.rule(w.at(wang), `{"vitals":{"spo2_scale":2}}`)
	w.breathes("v/b1")
	if got := w.found(); len(got) != 0 {
		t.Errorf("on scale 2: %v", got)
	}
	w.breathes("v/b2")
	if got := w.found(); !slices.Equal(got, []string{"orange spo2 li, rules 1"}) {
		t.Errorf("on scale 1: %v", got)
	}
	// At once, without a restart.
	w.rule(w.at(wang), `{}`)
	w.breathes("v/b1")
	if got := w.found(); !slices.Equal(got, []string{"orange spo2 li, rules 1", "orange spo2 wang, rules 3"}) {
		t.Errorf("on scale 1 again: %v", got)
	}
}

// TestALaterChangeDoesNotAlterAnEarlierJudgement: read again with all changes
// known, the journal gives what it gave when each was made.
func TestALaterChangeDoesNotAlterAnEarlierJudgement(t *testing.T) {
	changes := func(w *world, i int) {
		switch i {
		case 1:
			w.rule(w.at(wang), `{"vitals":{"spo2_scale":2}}`)
		case 2:
			w.rule(alerting.RuleScope{Area: w.at(li).Area}, `{"vitals":{"spo2":{"low":86}}}`)
		case 3:
			w.rule(w.at(wang), `{}`)
			w.rule(alerting.RuleScope{Tier: w.at(li).Tier}, `{"vitals":{"spo2":{"low":89}}}`)
		}
	}
	day := func(w *world, live bool) (states []string) {
		for i := range 4 {
			w.now = noon.Add(time.Duration(i) * 6 * time.Hour)
			if live {
				changes(w, i)
			}
			w.breathes("v/b1")
			w.breathes("v/b2")
			w.tick()
			states = append(states, w.states()...)
		}
		return append(w.found(), states...)
	}
	live := newWorld(t)
	live.real = true
	live.dir.residents[li].Tier = devices.TierYellow
	live.start()
	want := day(live, true)
	replay := newWorld(t)
	replay.real = true
	replay.dir.residents[li].Tier = devices.TierYellow
	for i := range 4 {
		replay.now = noon.Add(time.Duration(i) * 6 * time.Hour)
		changes(replay, i)
	}
	replay.start()
	if diff := cmp.Diff(want, day(replay, false)); diff != "" {
		t.Errorf("-live +replay:\n%s", diff)
	}
	if got := live.found(); len(got) < 2 {
		t.Errorf("the test shows nothing: %v", got)
	}
}

// TestSilenceLimitsOfAVillage: those of one village hold there, for a device that
// says nothing, and so sees the rules in its ticks alone.
func TestSilenceLimitsOfAVillage(t *testing.T) {
	for name, c := range map[string]struct {
		area  devices.AreaPath
		limit time.Duration
		after time.Duration
	}{
		"there":     {"shen/east/hill", 3 * time.Hour, 3 * time.Hour},
		"shorter":   {"shen/east/hill", 30 * time.Minute, 30 * time.Minute}, // who sleeps until the old one must be woken
		"elsewhere": {"shen/west", 3 * time.Hour, time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.real = true
			w.start()
			w.dir.residents[wang].Area = "shen/east/hill"
			w.tick()
			w.says("v/b1", devices.BatteryPct, 80)
			for range 3 {
				w.pass(10 * time.Second)
				w.tick()
			}
			w.pass(time.Second)
			w.rule(alerting.RuleScope{Area: c.area}, fmt.Sprintf(`{"silence":{"band":%d}}`, c.limit))
			first := time.Duration(0)
			for at := time.Duration(0); at < 4*time.Hour && first == 0; at += 10 * time.Second {
				w.pass(10 * time.Second)
				w.tick()
				for _, a := range w.alerts(alerting.AlertFilter{Kind: []alerting.Kind{alerting.KindDeviceSilent}}) {
					if first == 0 {
						first = at
					}
					if want := map[bool]int{true: 2, false: 1}[c.after == c.limit]; a.Rule.Version != want {
						t.Errorf("of rules %d, want %d", a.Rule.Version, want)
					}
				}
			}
			if first < c.after-time.Minute || first > c.after+time.Minute {
				t.Errorf("silent after %s, want %s", first, c.after)
			}
		})
	}
}

// TestClocksOfAnArea: escalation, visits and what comes back are by the rules of
// who it is about.
func TestClocksOfAnArea(t *testing.T) {
	w := newWorld(t)
	w.dir.residents[wang].Tier = devices.TierRed
	w.rule(alerting.RuleScope{Area: w.at(li).Area}, `{"visit_due":{"yellow":3600000000000},"raise_again":7200000000000}`)
	w.rule(alerting.RuleScope{Tier: devices.TierRed}, `{"escalation":{"yellow":[600000000000,1200000000000]}}`)
	w.rule(w.at(li), `{"escalation":{"yellow":[900000000000]}}`)
	w.says("v/b1", "water", 1)
	w.says("v/b2", "water", 1)
	after := func(resident string) (d time.Duration) {
		for _, a := range w.alerts(alerting.AlertFilter{Resident: resident}) {
			if a.EscalateAt != nil {
				d = a.EscalateAt.Sub(noon)
			}
		}
		return d
	}
	if a, b := after(wang), after(li); a != 10*time.Minute || b != 15*time.Minute {
		t.Errorf("first steps after %s and %s", a, b)
	}
	w.pass(10 * time.Minute)
	w.must(w.climb.Step(w.ctx, w.now))
	if a, b := after(wang), after(li); a != 20*time.Minute || b != 15*time.Minute {
		t.Errorf("then after %s and %s", a, b)
	}
	a := w.alerts(alerting.AlertFilter{Resident: li})[0]
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: a.ID})
	w.must(err)
	if due := v.Due.Sub(w.now); due != time.Hour {
		t.Errorf("visit due after %s", due)
	}
}
