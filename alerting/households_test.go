package alerting_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/recording"
	"shouwang/devices/simulate/household"
)

// households makes up people with meters and bands, to whom much happens, and the
// journal of their days: in each frame the messages of three hours, with a tick
// every ten minutes.
func households(t *testing.T, seed uint64, days int) ([]frame, *directory) {
	t.Helper()
	o := household.Defaults()
	o.Seed, o.Homes, o.Wearers, o.Days, o.Incidents, o.Absences = seed, 3, 2, days, 3, 4
	o.Lost, o.Resets, o.Backward = 2, 1, 1
	set, err := household.New(o)
	if err != nil {
		t.Fatal(err)
	}
	dir := &directory{
		devices: map[devices.DeviceID]*devices.Device{}, residents: map[string]*devices.Resident{},
		worn: map[devices.DeviceID]string{}, away: map[string][2]time.Time{}, provider: "care",
	}
	var text bytes.Buffer
	if err := set.WriteRegistry(&text); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&text).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, l := range lines[1:] {
		id := devices.DeviceID(l[1])
		dir.devices[id] = &devices.Device{ID: id, Kind: devices.Kind(l[2]), Area: devices.AreaPath(l[3])}
		dir.residents[l[0]] = &devices.Resident{ID: l[0], Name: l[0], Area: devices.AreaPath(l[3]), Tier: devices.Tier(l[4]), State: devices.Active}
		dir.worn[id] = l[0]
		from := o.Start.AddDate(0, 0, days/2+i)
		dir.away[l[0]] = [2]time.Time{from, from.AddDate(0, 0, 2)}
	}
	text.Reset()
	if _, err := set.WriteReadings(t.Context(), &text); err != nil {
		t.Fatal(err)
	}
	in, err := recording.NewReader(&text)
	if err != nil {
		t.Fatal(err)
	}
	const step, tick = 3 * time.Hour, 10 * time.Minute
	var all []frame
	next := o.Start.Add(tick)
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return all, dir
		}
		if err != nil {
			t.Fatal(err)
		}
		for len(all) == 0 || !row.Received.Before(all[len(all)-1].at) {
			n := uint64(len(all) + 1)
			all = append(all, frame{lane: "telemetry", seq: n, at: o.Start.Add(time.Duration(n) * step)}) //nolint:gosec // small
		}
		f := &all[len(all)-1]
		for !row.Received.Before(next) {
			f.records = append(f.records, devices.Record{Received: next, Tick: &devices.Tick{Connected: true}})
			next = next.Add(tick)
		}
		rec := &devices.Record{}
		if n := len(f.records); n > 0 {
			rec = &f.records[n-1]
		}
		if rec.Device != devices.DeviceID(row.Device) || !rec.Received.Equal(row.Received) {
			f.records = append(f.records, devices.Record{Device: devices.DeviceID(row.Device), Received: row.Received.UTC()})
			rec = &f.records[len(f.records)-1]
		}
		if kind, ok := strings.CutPrefix(string(row.Metric), "event_"); ok {
			rec.Events = append(rec.Events, devices.Event{Device: rec.Device, Kind: devices.EventKind(kind), At: row.At.UTC(), Received: row.Received.UTC()})
			continue
		}
		rec.Readings = append(rec.Readings, devices.Reading{
			Device: rec.Device, Metric: row.Metric, Value: row.Value, At: row.At.UTC(), Received: row.Received.UTC(),
		})
	}
}

// TestHouseholdsKilledAnywhere: the service's own detectors on weeks of made-up
// life say the same whether they are shown every tick or sleep, and whether the
// service runs through or is killed between any two frames and in the middle of
// checkpoints; while people acknowledge, close and visit, and change the rules.
func TestHouseholdsKilledAnywhere(t *testing.T) {
	t.Parallel()
	kills, broken := 0, 0
	kinds := map[alerting.Kind]bool{}
	for seed := range uint64(1) {
		frames, dir := households(t, seed+7, 20)
		for i := range frames {
			frames[i].desk = func(w *world) {
				r := rand.New(rand.NewPCG(seed, uint64(i))) //nolint:gosec // made-up acts
				if r.IntN(3) == 0 {
					w.somebody(r.Uint32(), r.IntN(4), r.IntN(3))
				}
				if i%50 == 49 {
					rules := alerting.DefaultRules()
					rules.LowBatteryPct = float64(20 + i%7)
					_, err := w.store.PutRules(w.ctx, rules, zhang, "test", w.now)
					w.must(err)
				}
			}
		}
		var want []string
		for n, how := range []struct{ sleepless, killed bool }{{true, false}, {false, false}, {false, true}} {
			w := newWorld(t)
			w.real, w.dir, w.sleepless, w.luck = true, dir, how.sleepless, 8
			w.watched = func(at time.Time) time.Duration { return at.Sub(noon.AddDate(-1, 0, 0)).Truncate(10 * time.Minute) }
			k, b := w.run(frames, rand.New(rand.NewPCG(seed, 8)), how.killed) //nolint:gosec // made-up kills
			kills, broken = kills+k, broken+b
			for _, a := range w.alerts(alerting.AlertFilter{}) {
				kinds[a.Kind] = true
			}
			got := slices.Concat(w.told(), w.states())
			if n == 0 {
				want = got
				t.Logf("seed %d: %d frames, %d lines", seed, len(frames), len(want))
			} else if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, %+v (-every tick +this):\n%s", seed, how, diff)
			}
		}
	}
	t.Logf("%d kills, %d in a checkpoint, alerts of %v", kills, broken, kinds)
	if kills < 10 || broken < 5 || len(kinds) < 5 {
		t.Errorf("%d kills, %d in a checkpoint, alerts of %v: the test shows nothing", kills, broken, kinds)
	}
}
