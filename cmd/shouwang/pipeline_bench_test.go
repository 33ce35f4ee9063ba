package main

import (
	"context"
	"fmt"
	"path/filepath"
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
)

// benchPipeline is a county of 1000 worn bands, and frames of 500 messages as a
// busy journal has them.
func benchPipeline(b *testing.B) (*registry.Registry, *store.Store, func(n int) ingest.Frame) {
	b.Helper()
	ctx := b.Context()
	db, err := database.Open(ctx, filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	reg, err := registry.Open(ctx, db)
	if err != nil {
		b.Fatal(err)
	}
	const bands = 1000
	in := devices.Import{Areas: []devices.Area{{Path: "c", Name: "c"}, {Path: "c/t", Name: "t"}, {Path: "c/t/v", Name: "v"}}}
	for i := range bands {
		id := fmt.Sprintf("load-%06d", i)
		in.Residents = append(in.Residents, devices.Resident{ID: id, Name: id, Area: "c/t/v", Tier: devices.TierYellow, State: devices.Active})
		in.Devices = append(in.Devices, devices.Device{ID: devices.DeviceID("load/" + id), Kind: devices.Wristband, Area: "c/t/v"})
		in.Assignments = append(in.Assignments, devices.Assignment{Device: devices.DeviceID("load/" + id), Resident: id})
	}
	if err := reg.PutAll(ctx, in); err != nil {
		b.Fatal(err)
	}
	start := time.Now().UTC().Truncate(time.Millisecond).Add(time.Minute)
	return reg, store.New(db), func(n int) ingest.Frame {
		f := ingest.Frame{Lane: ingest.Telemetry, Seq: uint64(n + 1)} //nolint:gosec // small
		for i := range 500 {
			k := n*500 + i
			at := start.Add(time.Duration(k) * time.Millisecond)
			f.Records = append(f.Records, ingest.Record{Message: ingest.Message{
				Topic:    fmt.Sprintf("homecare/v1/load/load-%06d/telemetry", k%bands),
				Payload:  fmt.Appendf(nil, `{"ts":%d,"seq":%d,"metrics":{"heart_rate_bpm":%d},"model":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`, at.UnixMilli(), k, 62+k%20),
				Received: at,
			}})
		}
		return f
	}
}

// BenchmarkDecoder is what each reader spends on a message before it looks at
// what it says.
func BenchmarkDecoder(b *testing.B) {
	reg, _, frame := benchPipeline(b)
	dec := ingest.NewDecoder(ingest.DecoderOptions{Reader: "bench", Lane: ingest.Telemetry, Directory: reg})
	f := frame(0)
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; n += len(f.Records) {
		if _, refusals := dec.Decode(f); len(refusals) > 0 {
			b.Fatal(refusals[0].Detail())
		}
	}
}

// BenchmarkEngine is what alerting spends on a decoded message with one reading,
// checkpoints included: detectors of the band and of the one who wears it.
func BenchmarkEngine(b *testing.B) {
	reg, book, frame := benchPipeline(b)
	ctx := context.Background()
	engine := alerting.NewEngine(alerting.EngineOptions{Book: book, Checkpoints: book, Directory: reg, Detectors: detect.New, Log: zerolog.Nop()})
	if err := engine.Restore(ctx); err != nil {
		b.Fatal(err)
	}
	dec := ingest.NewDecoder(ingest.DecoderOptions{Reader: "bench", Lane: ingest.Telemetry, Directory: reg})
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n*500 < b.N; n++ {
		b.StopTimer()
		f := frame(n)
		records, _ := dec.Decode(f)
		b.StartTimer()
		if err := engine.Apply(ctx, string(ingest.Telemetry), f.Seq, records); err != nil {
			b.Fatal(err)
		}
	}
}
