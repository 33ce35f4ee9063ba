package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/alerting/detect"
	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/registry"
	"shouwang/ingest"
	"shouwang/ingest/broker"
	"shouwang/ingest/peer"
)

// TestOurOutageIsNoSilence: three hours in which we had no broker, or did not
// run, earn no device an alert; the hour of its own silence does.
func TestOurOutageIsNoSilence(t *testing.T) {
	for name, outage := range map[string]func(tick func(connected bool), pass func(time.Duration)){
		"without a broker": func(tick func(bool), _ func(time.Duration)) {
			for range 3 * 360 {
				tick(false)
			}
		},
		"not running": func(_ func(bool), pass func(time.Duration)) { pass(3 * time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			ctx := t.Context()
			db, err := database.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = db.Close() })
			reg, err := registry.Open(ctx, db)
			if err != nil {
				t.Fatal(err)
			}
			if err := reg.PutAll(ctx, devices.Import{
				Areas:   []devices.Area{{Path: "c", Name: "c"}, {Path: "c/t", Name: "t"}, {Path: "c/t/v", Name: "v"}},
				Devices: []devices.Device{{ID: "acme/b1", Kind: devices.Wristband, Area: "c/t/v"}},
			}); err != nil {
				t.Fatal(err)
			}
			book := store.New(db)
			engine := alerting.NewEngine(alerting.EngineOptions{Book: book, Checkpoints: book, Directory: reg, Detectors: detect.New})
			if err := engine.Restore(ctx); err != nil {
				t.Fatal(err)
			}
			now, seq := time.Now().UTC().Truncate(time.Second).Add(time.Minute), uint64(0) // after they were entered
			apply := func(r devices.Record) {
				t.Helper()
				seq++
				r.Received = now
				if err := engine.Apply(ctx, string(ingest.Telemetry), seq, []devices.Record{r}); err != nil {
					t.Fatal(err)
				}
			}
			tick := func(connected bool) {
				now = now.Add(ingest.TickEvery)
				apply(devices.Record{Tick: &devices.Tick{Connected: connected}})
			}
			silences := func() int {
				page, err := book.Alerts(ctx, alerting.AlertFilter{Scope: devices.Scope{Areas: []devices.AreaPath{""}}, Kind: []alerting.Kind{alerting.KindDeviceSilent}})
				if err != nil {
					t.Fatal(err)
				}
				return len(page.Items)
			}
			heard := devices.Reading{Device: "acme/b1", Metric: devices.Steps, At: now, Value: 1, Received: now}
			apply(devices.Record{Device: "acme/b1", Readings: []devices.Reading{heard}})
			for range 6 * 5 {
				tick(true)
			}
			outage(tick, func(d time.Duration) { now = now.Add(d) })
			for range 6 * 50 {
				tick(true)
			}
			if n := silences(); n != 0 {
				t.Errorf("%d alerts of silence that no device has earned", n)
			}
			for range 6 * 10 {
				tick(true)
			}
			if n := silences(); n != 1 {
				t.Errorf("%d alerts of silence after an hour that is the device's own, want 1", n)
			}
		})
	}
}

// TestTicksTellWhetherDevicesReachUs: without the broker a tick says so, with it
// again, too.
func TestTicksTellWhetherDevicesReachUs(t *testing.T) {
	if testing.Short() {
		t.Skip("a tick comes every 10 s")
	}
	t.Parallel() // it waits more than it works
	mosquitto := peer.StartMosquitto(t, peer.MosquittoOptions{})
	mosquitto.Stop()
	s := testSettings(t.TempDir())
	s.MQTT.URL, s.MQTT.User = "tcp://"+mosquitto.Addr, "shouwang"
	a := start(t, s)
	var mu sync.Mutex
	var ticks []bool
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = a.journal.Follow(ctx, ingest.Telemetry, 0, func(_ context.Context, frames []ingest.Frame) error {
			mu.Lock()
			defer mu.Unlock()
			for _, f := range frames {
				for _, r := range f.Records {
					ticks = append(ticks, r.Connected)
				}
			}
			return nil
		})
	}()
	defer func() { cancel(); <-done }()
	seen := func(n int) []bool {
		eventually(t, 30*time.Second, fmt.Sprint(n, " ticks"), func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(ticks) >= n
		})
		mu.Lock()
		defer mu.Unlock()
		return ticks[:n:n]
	}
	if first := seen(1); first[0] {
		t.Error("the first tick says that devices reach us, without a broker")
	}
	mosquitto.Start()
	if second := seen(2); !second[1] {
		t.Error("the second tick says that devices do not reach us")
	}
}

// TestDevicesDoNotReachAFullDisk: what we turn away ourselves is no silence.
func TestDevicesDoNotReachAFullDisk(t *testing.T) {
	free := int64(0)
	a := &app{}
	var err error
	a.disk, err = ingest.NewDisk(ingest.DiskOptions{Reserve: 800, Free: func(string) (int64, error) { return free, nil }})
	if err != nil {
		t.Fatal(err)
	}
	yes := func() bool { return true }
	if a.hears(yes)() {
		t.Error("devices are heard while telemetry is refused")
	}
	if err := a.diskCheck().Ready(t.Context()); err == nil {
		t.Error("ready with a full disk")
	}
	free = 1000
	if a.disk, err = ingest.NewDisk(ingest.DiskOptions{Reserve: 800, Free: func(string) (int64, error) { return free, nil }}); err != nil {
		t.Fatal(err)
	}
	if !a.hears(yes)() || a.hears(func() bool { return false })() {
		t.Error("devices are heard when the broker is there and the disk has room, and only then")
	}
}

// TestStartsAgainAfterTheStoreHasFailed: nobody has to come and start it, and
// another failure ends it.
func TestStartsAgainAfterTheStoreHasFailed(t *testing.T) {
	other := errors.New("port in use")
	for name, want := range map[string]error{"ends in order": nil, "ends with another error": other} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runs := 0
			err := whileStoreFails(t.Context(), t.TempDir(), 1<<20, zerolog.Nop(), func(context.Context) error {
				if runs++; runs < 3 {
					return fmt.Errorf("broker: %w", broker.ErrStore)
				}
				return want
			})
			if !errors.Is(err, want) || runs != 3 {
				t.Errorf("%d runs, then %v; want 3 and %v", runs, err, want)
			}
		})
	}
}
