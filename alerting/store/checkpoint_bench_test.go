package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"shouwang/alerting"
	"shouwang/alerting/store"
	"shouwang/devices/database"
)

// BenchmarkSave is one checkpoint of 1000 busy bands, five states each: for so
// long other writes, of an SOS too, wait.
func BenchmarkSave(b *testing.B) {
	db, err := database.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	s := store.New(db)
	for n := range b.N + 1 {
		saved := alerting.Saved{Positions: map[string]uint64{"telemetry": uint64(n)}} //nolint:gosec // small
		for i := range 5000 {
			saved.Snapshots = append(saved.Snapshots, alerting.Snapshot{
				Subject: alerting.ResidentSubject(fmt.Sprintf("resident-%06d", i/5)), Detector: fmt.Sprint("detector", i%5),
				State: fmt.Appendf(nil, `{"Samples":[%0600d]}`, n),
			})
		}
		if n == 1 {
			b.ResetTimer() // the first makes the rows
		}
		if err := s.Tx(b.Context(), func(tx alerting.Tx) error { return tx.Save(saved) }); err != nil {
			b.Fatal(err)
		}
	}
}
