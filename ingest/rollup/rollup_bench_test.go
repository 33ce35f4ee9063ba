package rollup_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/ingest/rollup"
	"shouwang/ingest/sqlite"
)

// A county of 5000 bands, a reading of each a minute: what marking the hours
// costs a write, and with it working them out.
func BenchmarkWrite(b *testing.B) {
	for _, roll := range []bool{false, true} {
		b.Run(fmt.Sprintf("rolled up %t", roll), func(b *testing.B) {
			db, err := database.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close() //nolint:errcheck // a benchmark
			store, err := sqlite.Open(b.Context(), sqlite.Options{File: filepath.Join(b.TempDir(), "timeseries.db")})
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close() //nolint:errcheck // a benchmark
			now := noon
			s, err := rollup.Open(b.Context(), rollup.Options{Store: store, DB: db, Log: zerolog.Nop(), Now: func() time.Time { return now }})
			if err != nil {
				b.Fatal(err)
			}
			readings := make([]devices.Reading, 5000)
			n := 0
			for b.Loop() {
				for i := range readings {
					readings[i] = devices.Reading{Device: devices.DeviceID(fmt.Sprint("v/", i)), Metric: devices.HeartRateBPM, At: now, Value: float64(i), Received: now}
				}
				if err := s.Write(b.Context(), readings); err != nil {
					b.Fatal(err)
				}
				n++
				now = now.Add(time.Minute)
				if roll && n%60 == 4 {
					if err := s.Step(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(n)*5000/b.Elapsed().Seconds(), "readings/s")
		})
	}
}
