package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/alerting/backtest"
	"shouwang/alerting/detect"
	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/registry"
	"shouwang/ingest"
	"shouwang/ingest/journal"
)

// line is one message of a recording: values of one device at one time.
type line struct {
	at, received time.Time
	device       string
	metrics      map[string]float64
	event        string
}

// week is a small recording of seven days: a home that falls silent with the
// meter going on, one whose meter stops, one whose meter uploads at night, a
// band with bad values, pauses, a low battery and an SOS.
func week(start time.Time) []line {
	r := rand.New(rand.NewPCG(7, 7))
	var all []line
	add := func(at, received time.Duration, device, event string, metrics map[string]float64) {
		all = append(all, line{start.Add(at), start.Add(received), device, metrics, event})
	}
	register := map[string]float64{"v/m1": 12, "v/m2": 300, "v/m3": 5}
	for h := range 7 * 24 {
		at := time.Duration(h)*time.Hour + 7*time.Minute
		for _, m := range slices.Sorted(maps.Keys(register)) {
			still := m == "v/m1" && h > 40 && h < 100
			if use := r.IntN(60); !still && h%24 > 6 && use > 20 {
				register[m] += float64(use) / 1000
			}
			jitter := time.Duration(r.IntN(90)) * time.Second
			switch {
			case m == "v/m2" && h > 50 && h < 95: // says nothing
			case m == "v/m3":
				add(at+jitter, time.Duration(h/24+1)*24*time.Hour+2*time.Hour, m, "", map[string]float64{"volume_m3": register[m]})
			default:
				add(at+jitter, at+jitter+3*time.Second, m, "", map[string]float64{"volume_m3": register[m]})
			}
		}
	}
	charge := 100.0
	for at := time.Duration(0); at < 7*24*time.Hour; at += time.Duration(4+r.IntN(4)) * time.Minute {
		if charge -= 0.4; charge < 3 {
			charge = 100
			at += 2 * time.Hour // on the charger
		}
		pulse := 60 + float64(r.IntN(30))
		if d := int(at.Hours()); d%50 > 46 {
			pulse = 135 + float64(r.IntN(40))
		}
		steps := float64(r.IntN(100))
		if h := at.Hours(); h > 40 && h < 100 { // who walks is not inactive
			steps = 50
		}
		add(at, at+2*time.Second, "v/b1", "", map[string]float64{"heart_rate_bpm": pulse, "battery_pct": max(1, float64(int(charge))), "steps": steps})
	}
	// Last of all: the lanes are read one after the other here.
	add(195*time.Hour, 195*time.Hour+time.Second, "v/b1", "sos", nil)
	slices.SortStableFunc(all, func(a, b line) int { return a.received.Compare(b.received) })
	return all
}

// TestBacktestIsAsLive sends a recording through a real journal, decoder, engine
// and store, with all the ticks, and through a backtest, and wants the same
// alerts with the same stages at the same times.
func TestBacktestIsAsLive(t *testing.T) {
	// In the future: what is entered now is known then.
	start := time.Now().UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
	recorded := week(start)
	want := live(t, recorded)

	dir := t.TempDir()
	var csv strings.Builder
	csv.WriteString("ts,received,device,metric,value\n")
	for _, l := range recorded {
		if l.event != "" {
			l.metrics = map[string]float64{"event_" + l.event: 1}
		}
		for _, m := range slices.Sorted(maps.Keys(l.metrics)) {
			fmt.Fprintf(&csv, "%s,%s,%s,%s,%g\n", l.at.Format(time.RFC3339), l.received.Format(time.RFC3339), l.device, m, l.metrics[m])
		}
	}
	readings, people := filepath.Join(dir, "readings.csv"), filepath.Join(dir, "registry.csv")
	for file, text := range map[string]string{readings: csv.String(), people: "resident,device,kind,area,tier\n" +
		"p1,v/m1,water_meter,c/t/v,green\np2,v/m2,water_meter,c/t/v,green\np3,v/m3,water_meter,c/t/v,red\np1,v/b1,wristband,c/t/v,green\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set, err := backtest.Load(backtest.Files{Readings: []string{readings}, Registry: people})
	if err != nil {
		t.Fatal(err)
	}
	result, err := backtest.Run(t.Context(), set, backtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	joined := 0
	for _, a := range result.Alerts {
		if a.Into != "" { // live it is a line of another alert
			joined++
			continue
		}
		for _, s := range append([]backtest.Stage{{Severity: a.Severity, FoundAt: a.FoundAt, KnownAt: a.KnownAt}}, a.Stages...) {
			got[said(a.Kind, s.Severity, a.Since, s.FoundAt, s.KnownAt)] = true
		}
	}
	for s := range want {
		if !got[s] {
			t.Errorf("only live: %s", s)
		}
	}
	for s := range got {
		if !want[s] {
			t.Errorf("only in the backtest: %s", s)
		}
	}
	kinds := map[string]bool{}
	for s := range want {
		kinds[strings.Fields(s)[0]] = true
	}
	for _, k := range []alerting.Kind{alerting.KindWaterInactivity, alerting.KindDeviceSilent, alerting.KindHeartRate, alerting.KindLowBattery, alerting.KindSOS} {
		if !kinds[string(k)] {
			t.Errorf("the recording has no %s: it proves too little", k)
		}
	}
	t.Logf("%d alerts and stages of %d kinds, the same; %d joined others", len(want), len(kinds), joined)
	if joined == 0 {
		t.Error("no empty band has fallen silent: it proves too little")
	}
}

func said(k alerting.Kind, s alerting.Severity, since, found, known time.Time) string {
	return fmt.Sprintf("%s %s since %s found %s known %s", k, s, since.UTC().Format(time.RFC3339Nano), found.UTC().Format(time.RFC3339Nano), known.UTC().Format(time.RFC3339Nano))
}

// live runs the recording as a service would, and returns what was said.
func live(t *testing.T, recorded []line) map[string]bool {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	db, err := database.Open(ctx, filepath.Join(t.TempDir(), "state.db"))
	must(err)
	t.Cleanup(func() { _ = db.Close() })
	reg, err := registry.Open(ctx, db)
	must(err)
	in := devices.Import{Areas: []devices.Area{{Path: "c", Name: "c"}, {Path: "c/t", Name: "t"}, {Path: "c/t/v", Name: "v"}}}
	for resident, ids := range map[string][]devices.DeviceID{"p1": {"v/m1", "v/b1"}, "p2": {"v/m2"}, "p3": {"v/m3"}} {
		tier := devices.TierGreen
		if resident == "p3" {
			tier = devices.TierRed
		}
		in.Residents = append(in.Residents, devices.Resident{ID: resident, Name: resident, Area: "c/t/v", Tier: tier, State: devices.Active})
		for _, id := range ids {
			kind := devices.WaterMeter
			if strings.HasPrefix(string(id), "v/b") {
				kind = devices.Wristband
			}
			in.Devices = append(in.Devices, devices.Device{ID: id, Kind: kind, Area: "c/t/v"})
			in.Assignments = append(in.Assignments, devices.Assignment{Device: id, Resident: resident})
		}
	}
	must(reg.PutAll(ctx, in))
	book := store.New(db)
	now := recorded[0].received
	engine := alerting.NewEngine(alerting.EngineOptions{
		Book: book, Directory: reg, Detectors: detect.New, Now: func() time.Time { return now }, Log: zerolog.Nop(),
	})
	must(engine.Restore(ctx))

	desk := alerting.NewDesk(alerting.DeskOptions{Book: book, Directory: reg, Now: func() time.Time { return now }})

	jrn, newest := written(t, recorded)
	seen := int64(0)
	done := errors.New("all read")
	for _, lane := range slices.Backward(ingest.Lanes[:]) {
		dec := ingest.NewDecoder(ingest.DecoderOptions{Reader: "test", Lane: lane, Directory: reg, AgeLimit: 35 * 24 * time.Hour})
		err := ingest.Feed(ctx, jrn, lane, 0, dec, func(ctx context.Context, lane ingest.Lane, seq uint64, records []devices.Record, refusals []devices.Refusal) error {
			if len(refusals) > 0 {
				return fmt.Errorf("refused: %s", refusals[0].Detail())
			}
			if n := len(records); n > 0 {
				now = records[n-1].Received
			}
			if err := engine.Apply(ctx, string(lane), seq, records); err != nil {
				return err
			}
			if err := tidy(ctx, book, desk, &seen); err != nil {
				return err
			}
			if seq >= newest[lane] {
				return done
			}
			return nil
		})
		if !errors.Is(err, done) {
			t.Fatal(err)
		}
	}
	all := map[string]bool{}
	events, err := book.EventsAfter(ctx, 0, 1<<20)
	must(err)
	for _, e := range events {
		if e.Type == alerting.AlertOpened || e.Type == alerting.AlertUpdated {
			all[said(e.Alert.Kind, e.Alert.Severity, e.Alert.Since, e.Alert.FoundAt, e.Alert.KnownAt)] = true
		}
	}
	return all
}

// tidy closes what has recovered, without anybody having been reached: in a
// backtest an alert ends there.
func tidy(ctx context.Context, book *store.Store, desk *alerting.Desk, seen *int64) error {
	events, err := book.EventsAfter(ctx, *seen, 1<<20)
	if err != nil {
		return err
	}
	for _, e := range events {
		*seen = e.Number
		if e.Type != alerting.AlertRecovered {
			continue
		}
		_, err := desk.Close(ctx, e.Alert.ID, alerting.System(), alerting.Closing{Outcome: alerting.Recovered, VerifiedBy: "test", How: alerting.ByDevice})
		if _, closed := errors.AsType[*alerting.StateError](err); err != nil && !closed {
			return err
		}
	}
	return nil
}

// written puts the recording into a real journal, with a tick every 10 s, and
// says what the newest frame of each lane is.
func written(t *testing.T, recorded []line) (*journal.Journal, map[ingest.Lane]uint64) {
	t.Helper()
	srv, err := server.NewServer(&server.Options{DontListen: true, NoSigs: true, NoLog: true, JetStream: true, StoreDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("server does not start")
	}
	conn, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	jrn, err := journal.Open(t.Context(), conn, journal.Options{Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- jrn.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("journal: %v", err)
		}
	})

	var waiting []chan error
	put := func(lane ingest.Lane, rec ingest.Record) {
		done := make(chan error, 1)
		waiting = append(waiting, done)
		if err := jrn.Append(ctx, lane, rec, func(err error) { done <- err }); err != nil {
			t.Fatal(err)
		}
	}
	settle := func() {
		for _, done := range waiting {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		waiting = nil
	}
	tick := recorded[0].received.Truncate(10 * time.Second)
	for _, l := range recorded {
		for ; !tick.After(l.received); tick = tick.Add(10 * time.Second) {
			put(ingest.Telemetry, ingest.Record{Message: ingest.Message{Received: tick}, Tick: true, Connected: true})
		}
		rec := ingest.Record{Message: ingest.Message{Topic: "homecare/v1/" + l.device + "/telemetry", Received: l.received}}
		if l.event != "" {
			rec.Topic = "homecare/v1/" + l.device + "/event"
			rec.Payload = fmt.Appendf(nil, `{"ts":%q,"event":%q}`, l.at.Format(time.RFC3339), l.event)
			settle() // each lane has a writer of its own: nothing else says which is first
			put(ingest.Events, rec)
			settle()
			continue
		}
		var values []string
		for _, m := range slices.Sorted(maps.Keys(l.metrics)) {
			values = append(values, fmt.Sprintf("%q:%g", m, l.metrics[m]))
		}
		rec.Payload = fmt.Appendf(nil, `{"ts":%q,"metrics":{%s}}`, l.at.Format(time.RFC3339), strings.Join(values, ","))
		put(ingest.Telemetry, rec)
	}
	settle()
	stats, err := jrn.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	newest := map[ingest.Lane]uint64{}
	for _, lane := range stats.Lanes {
		newest[lane.Lane] = lane.Newest
	}
	return jrn, newest
}
