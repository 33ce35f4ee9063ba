package deadletter_test

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/ingest/deadletter"
)

// BenchmarkStorm is one device that sends nothing but nonsense, as history hands
// it over: 2000 refusals at once.
func BenchmarkStorm(b *testing.B) {
	db, err := database.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // of a benchmark
	s := deadletter.New(db)
	n := 0
	for b.Loop() {
		refusals := make([]devices.Refusal, 2000)
		for i := range refusals {
			n++
			refusals[i] = devices.Refusal{
				Code: devices.Malformed, Rule: "must be JSON", Device: "acme/mad", Topic: "homecare/v1/acme/mad/telemetry",
				Received: time.Unix(1_700_000_000, int64(n)*200_000), SHA256: fmt.Sprint(n), Payload: []byte("}{"),
			}
		}
		if err := s.Add(b.Context(), refusals); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "µs/refusal")
}
