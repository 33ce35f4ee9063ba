package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/ingest/seriestest"
)

func TestRetain(t *testing.T) {
	seriestest.RunRetain(t, open(t, filepath.Join(t.TempDir(), "timeseries.db")))
}

// A year of a county in small: every day brings as much as the day before, and
// the file grows no more once the first day is too old.
func TestFileStopsGrowing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "timeseries.db")
	s := open(t, file)
	const keep = 4 // days
	var sizes []int64
	for day := range 12 {
		if err := s.Write(t.Context(), batch(day*24, 4000, 100)); err != nil {
			t.Fatal(err)
		}
		now := start.Add(time.Duration(day+1) * 24 * time.Hour)
		if err := s.Retain(t.Context(), now, map[devices.Class]time.Duration{devices.Other: keep * 24 * time.Hour}); err != nil {
			t.Fatal(err)
		}
		s.Checkpoint(t)
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, info.Size())
	}
	if n := s.Count(t); n != keep*4000 {
		t.Errorf("%d points left, want %d", n, keep*4000)
	}
	if full, end := sizes[keep], sizes[len(sizes)-1]; end > full+full/10 {
		t.Errorf("the file grew from %d bytes with the days it keeps to %d: %v", full, end, sizes)
	}
	// And what is no longer needed goes back to the disk.
	if err := s.Retain(t.Context(), start.AddDate(1, 0, 0), map[devices.Class]time.Duration{devices.Other: time.Hour}); err != nil {
		t.Fatal(err)
	}
	s.Checkpoint(t)
	if info, err := os.Stat(file); err != nil || info.Size() > sizes[0]/2 {
		t.Errorf("an empty file still has %d bytes, %v", info.Size(), err)
	}
}
