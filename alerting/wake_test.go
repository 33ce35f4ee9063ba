package alerting_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/alerting"
	"shouwang/devices"
)

// alarm goes off some time after a reading, by either clock, and notes all it is
// shown of its view. Whatever it misses shows in its state.
type alarm struct {
	state struct {
		At      time.Time
		Watched time.Duration
		Rang    []time.Time
		Seen    string
		Changes []time.Time
	}
}

func (a *alarm) Name() string { return "alarm" }

func (a *alarm) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	a.state.At = v.Now.Add(time.Duration(r.Value) * 20 * time.Minute)
	a.state.Watched = v.Watched + 15*time.Second
	return nil
}

func (a *alarm) Notice(*alerting.View, devices.Event) []alerting.Finding { return nil }

func (a *alarm) Tick(v *alerting.View) []alerting.Finding {
	seen, _ := json.Marshal([]any{v.Away, v.LastContact, v.Rules.Version, v.Resident, v.Device})
	if a.state.Seen != string(seen) {
		a.state.Seen, a.state.Changes = string(seen), append(a.state.Changes, v.Now)
	}
	if !a.state.At.IsZero() && !v.Now.Before(a.state.At) {
		a.state.At, a.state.Rang = time.Time{}, append(a.state.Rang, v.Now)
	}
	if a.state.Watched != 0 && v.Watched >= a.state.Watched {
		a.state.Watched, a.state.Rang = 0, append(a.state.Rang, v.Now)
	}
	if len(a.state.Rang)%5 == 1 {
		return []alerting.Finding{{Kind: alerting.KindNotWorn, Episode: a.state.Rang[len(a.state.Rang)-1], Severity: alerting.Blue}}
	}
	return nil
}

func (a *alarm) Due(*alerting.View) alerting.Due {
	return alerting.Due{At: a.state.At, Watched: a.state.Watched}
}

func (a *alarm) Save() ([]byte, error)  { return json.Marshal(a.state) }
func (a *alarm) Restore(b []byte) error { return json.Unmarshal(b, &a.state) }

// turning is a directory that tells of the absences.
type turning struct{ *directory }

func (d turning) Turns(from, to time.Time) (residents []string, _ []devices.DeviceID, all bool) {
	for id, away := range d.away {
		for _, at := range away {
			if at.After(from) && !at.After(to) {
				residents = append(residents, id)
			}
		}
	}
	return residents, nil, false
}

// TestSleepersMissNothing: who sleeps until a tick concerns them ends as who is
// shown every tick, killed or not.
func TestSleepersMissNothing(t *testing.T) {
	t.Parallel()
	rang, changed, kills := 0, 0, 0
	for seed := range seeds {
		frames := journal(rand.New(rand.NewPCG(seed, 4)), 80)
		for i := 20; i < len(frames); i += 25 {
			desk := frames[i].desk
			frames[i].desk = func(w *world) {
				desk(w)
				rules := alerting.DefaultRules()
				rules.LowBatteryPct = float64(i)
				_, err := w.store.PutRules(w.ctx, rules, zhang, "test", w.now)
				w.must(err)
				w.rule(alerting.RuleScope{Area: w.dir.residents[wang].Area}, low(i%100))
				w.rule(w.at(li), low(i%99))
			}
		}
		hours := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Hour) }
		r := rand.New(rand.NewPCG(seed, 5))
		a, b := r.IntN(6), r.IntN(6)
		var told [][]string
		for _, how := range []struct{ sleepless, killed bool }{{true, false}, {false, false}, {false, true}} {
			w := newWorld(t)
			w.sleeping, w.sleepless = true, how.sleepless
			w.dir.away[wang] = [2]time.Time{hours(a), hours(a + 2)}
			w.dir.away[li] = [2]time.Time{hours(b), hours(b + 3)}
			k, _ := w.run(frames, rand.New(rand.NewPCG(seed, 6)), how.killed)
			kills += k
			told = append(told, append(w.told(), w.states()...))
			for _, made := range w.made {
				rang += len(made[0].(*alarm).state.Rang)
				changed += len(made[0].(*alarm).state.Changes)
			}
		}
		for _, other := range told[1:] {
			if diff := cmp.Diff(told[0], other); diff != "" {
				t.Fatalf("seed %d (-every tick +sleeping):\n%s", seed, diff)
			}
		}
	}
	t.Logf("rang %d times, saw %d changes, %d kills", rang, changed, kills)
	if rang < 100 || changed < 50 {
		t.Errorf("rang %d times, saw %d changes: the test shows nothing", rang, changed)
	}
}
