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

// countySize is how many residents the benchmarks have.
const countySize = 100_000

// benchCounty is a county of n residents with a meter each, every one of which has
// uploaded the hours of a day, and the engine that watches them.
type benchCounty struct {
	db     *database.DB
	reg    *registry.Registry
	book   *store.Store
	engine *alerting.Engine
	now    time.Time
	hours  int // of uploads so far
	seq    uint64
}

func newBenchCounty(b *testing.B, n int) *benchCounty {
	b.Helper()
	ctx := b.Context()
	c := &benchCounty{}
	var err error
	if c.db, err = database.Open(ctx, filepath.Join(b.TempDir(), "state.db")); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.db.Close() })
	if c.reg, err = registry.Open(ctx, c.db); err != nil {
		b.Fatal(err)
	}
	in := devices.Import{Areas: []devices.Area{{Path: "c", Name: "c"}, {Path: "c/t", Name: "t"}}}
	for i := range n {
		id := fmt.Sprintf("m-%06d", i)
		village := devices.AreaPath(fmt.Sprintf("c/t/v%03d", i/200)) // what is kept of a village's water is kept of all its meters
		if i%200 == 0 {
			in.Areas = append(in.Areas, devices.Area{Path: village, Name: "v"})
		}
		in.Residents = append(in.Residents, devices.Resident{ID: id, Name: id, Area: village, Tier: devices.TierYellow, State: devices.Active})
		in.Devices = append(in.Devices, devices.Device{ID: devices.DeviceID("load/" + id), Kind: devices.WaterMeter, Area: village})
		in.Assignments = append(in.Assignments, devices.Assignment{Device: devices.DeviceID("load/" + id), Resident: id})
	}
	if err := c.reg.PutAll(ctx, in); err != nil {
		b.Fatal(err)
	}
	c.book = store.New(c.db)
	c.start(b)
	c.now = time.Now().UTC().Truncate(time.Second).Add(time.Minute)
	for _, d := range in.Devices {
		c.apply(b, c.upload(d.ID, 24))
	}
	c.hours += 24
	c.tick(b)
	return c
}

func (c *benchCounty) start(b *testing.B) {
	b.Helper()
	c.engine = alerting.NewEngine(alerting.EngineOptions{
		Book: c.book, Checkpoints: c.book, Directory: c.reg, Detectors: detect.New, Log: zerolog.Nop(),
	})
	if err := c.engine.Restore(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// upload is the message of a meter with its hourly registers.
func (c *benchCounty) upload(id devices.DeviceID, hours int) devices.Record {
	r := devices.Record{Device: id, Received: c.now}
	for h := range hours {
		r.Readings = append(r.Readings, devices.Reading{
			Device: id, Metric: devices.VolumeM3, Value: 100 + float64((c.hours+h)/6)*.04, Received: c.now, At: c.now.Add(time.Duration(h+1-hours) * time.Hour),
		})
	}
	return r
}

func (c *benchCounty) apply(b *testing.B, records ...devices.Record) {
	b.Helper()
	c.seq++
	if err := c.engine.Apply(context.Background(), string(ingest.Telemetry), c.seq, records); err != nil {
		b.Fatal(err)
	}
}

func (c *benchCounty) tick(b *testing.B) {
	b.Helper()
	c.now = c.now.Add(ingest.TickEvery)
	c.apply(b, devices.Record{Received: c.now, Tick: &devices.Tick{Connected: true}})
}

// BenchmarkTick is what a tick costs with 100 000 residents, each with a meter,
// when nobody has spoken since the last; "changed" is one with an edit of a
// resident in between, "all" the one after a change of the rules.
func BenchmarkTick(b *testing.B) {
	c := newBenchCounty(b, countySize)
	b.Run("quiet", func(b *testing.B) {
		for b.Loop() {
			c.tick(b)
		}
	})
	b.Run("changed", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			if _, err := c.reg.AddAbsence(b.Context(), devices.Absence{Resident: "m-000007", From: c.now.Add(time.Second), To: c.now.Add(11 * time.Second)}); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			c.tick(b)
		}
	})
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			if _, err := c.book.PutRules(b.Context(), alerting.DefaultRules(), alerting.Actor{User: "x"}, "x", c.now.Add(time.Second)); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			c.tick(b)
		}
	})
}

// BenchmarkCheckpoint writes the states of 100 000 residents and their meters at
// once, as after a morning in which all have uploaded, and reads them back.
func BenchmarkCheckpoint(b *testing.B) {
	c := newBenchCounty(b, countySize)
	ctx := context.Background()
	b.Run("save", func(b *testing.B) {
		for n := 0; b.Loop(); n++ {
			if n > 0 {
				b.StopTimer()
				c.now = c.now.Add(time.Hour)
				for i := range countySize {
					c.apply(b, c.upload(devices.DeviceID(fmt.Sprintf("load/m-%06d", i)), 1))
				}
				c.hours++
				c.tick(b)
				b.StartTimer()
			}
			if err := c.engine.Checkpoint(ctx); err != nil {
				b.Fatal(err)
			}
		}
		var states, bytes int64
		if err := c.db.Read.QueryRowContext(ctx, `SELECT count(*), sum(length(state)) FROM alert_states`).Scan(&states, &bytes); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(states), "rows")
		b.ReportMetric(float64(bytes)/1e6, "MB")
	})
	b.Run("restore", func(b *testing.B) {
		for b.Loop() {
			c.start(b)
		}
	})
}
