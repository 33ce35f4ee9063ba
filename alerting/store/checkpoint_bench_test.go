package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"shouwang/alerting"
	"shouwang/alerting/store"
	"shouwang/devices/database"
)

// BenchmarkSave is one part of a checkpoint, the states of 256 wearers of busy bands: for so
// long other writes, of an SOS too, may have to wait.
func BenchmarkSave(b *testing.B) {
	db, err := database.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	s := store.New(db)
	const part, parts = 256, 20
	n := 0
	save := func() {
		n++
		var states []alerting.Snapshot
		for i := range part {
			k := n%parts*part + i
			states = append(states, alerting.Snapshot{
				Subject: alerting.ResidentSubject(fmt.Sprintf("resident-%06d", k)),
				State:   fmt.Appendf(nil, `{"Samples":[%03000d]}`, n),
			})
		}
		at := alerting.Mark{Positions: map[string]uint64{"telemetry": uint64(n), "event": 1}} //nolint:gosec // small
		if err := s.SaveStates(b.Context(), at, states); err != nil {
			b.Fatal(err)
		}
	}
	for range parts { // the first make the rows
		save()
	}
	for b.Loop() {
		save()
	}
}
