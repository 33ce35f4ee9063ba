package sqlite_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/ingest/seriestest"
)

func TestErase(t *testing.T) {
	seriestest.RunErase(t, open(t, filepath.Join(t.TempDir(), "timeseries.db")))
}

// What was erased is in none of the files, and what was not is all there.
func TestErasedBytesAreGone(t *testing.T) {
	dir := t.TempDir()
	s := open(t, filepath.Join(dir, "timeseries.db"))
	const name = "v/the-one-to-be-erased"
	for round := range 3 { // 45 000 points are erased in several parts
		readings := batch(round, 15_000, 1)
		for i := range readings {
			readings[i].Device, readings[i].Quality = name, "mark-of-a-person"
			readings[i].At = start.Add(time.Duration(round*15_000+i) * time.Second)
		}
		if err := s.Write(t.Context(), readings); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Write(t.Context(), batch(0, 500, 7)); err != nil {
		t.Fatal(err)
	}
	if !grep(t, dir, "mark-of-a-person") || !grep(t, dir, name) {
		t.Fatal("the marks are not in the files to begin with")
	}
	if err := s.Erase(t.Context(), name, time.Time{}, time.Time{}); err != nil {
		t.Fatal(err)
	}
	for _, mark := range []string{"mark-of-a-person", name} {
		if grep(t, dir, mark) {
			t.Errorf("%q is still in the files", mark)
		}
	}
	if n, orphans := s.Count(t), s.Orphans(t); n != 500 || orphans != 0 {
		t.Errorf("%d points, %d without series; want 500 and 0", n, orphans)
	}
	// The number of the series is not remembered beyond it.
	again := devices.Reading{Device: name, Metric: devices.VolumeM3, At: start, Value: 1}
	if err := s.Write(t.Context(), []devices.Reading{again}); err != nil {
		t.Fatal(err)
	}
	if n, orphans := s.Count(t), s.Orphans(t); n != 501 || orphans != 0 {
		t.Errorf("%d points, %d without series; want 501 and 0", n, orphans)
	}
}

func grep(t *testing.T, dir, mark string) bool {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(mark)) {
			return true
		}
	}
	return false
}
