package sqlite_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shouwang/devices"
	"shouwang/ingest/seriestest"
	"shouwang/ingest/sqlite"
)

var start = time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)

func open(t testing.TB, file string) *sqlite.Series {
	t.Helper()
	s, err := sqlite.Open(context.Background(), sqlite.Options{File: file, Zone: seriestest.Shanghai, Metrics: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestSeries(t *testing.T) {
	seriestest.Run(t, open(t, filepath.Join(t.TempDir(), "time series?#.db")))
}

func TestEverythingIsThereAfterOpeningAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "timeseries.db")
	want := devices.Reading{Device: "v/1", Metric: devices.Steps, At: start, Value: 5, Received: start.Add(time.Second), Quality: devices.ReceiptTime}
	first, err := sqlite.Open(t.Context(), sqlite.Options{File: file})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Write(t.Context(), []devices.Reading{want}); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := open(t, file)
	if err := again.Check(t.Context()); err != nil {
		t.Errorf("check: %v", err)
	}
	got, err := again.Latest(t.Context(), "v/1")
	if err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("latest: %v, %v, want %v", got, err, want)
	}
}

func TestCommitsAreSynced(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "timeseries.db"))
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal"} {
		if got := s.Pragma(t, pragma); got != want {
			t.Errorf("%s of the writer is %s, want %s", pragma, got, want)
		}
	}
}

func TestFileOfANewerVersionIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "timeseries.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`PRAGMA user_version = 99`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.Open(t.Context(), sqlite.Options{File: file})
	if err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("open: %v, want a refusal", err)
	}
}

func TestAFailedWriteLeavesNothingBehind(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "timeseries.db"))
	readings := batch(0, 5000, 100)
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*time.Millisecond)
		err := s.Write(ctx, readings)
		cancel()
		if n := s.Count(t); (err == nil && n != 5000) || (err != nil && n != 0) {
			t.Fatalf("write: %v, and %d points are stored", err, n)
		}
		if err == nil {
			break
		}
	}
	// The series numbers of the failed transactions must not live on.
	if err := s.Write(t.Context(), readings); err != nil {
		t.Fatal(err)
	}
	if n, orphans := s.Count(t), s.Orphans(t); n != 5000 || orphans != 0 {
		t.Errorf("%d points, %d of them without series; want 5000 and 0", n, orphans)
	}
}

func TestReadersDoNotWaitForTheWriter(t *testing.T) {
	s := open(t, filepath.Join(t.TempDir(), "timeseries.db"))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var group sync.WaitGroup
	for w := range 2 {
		group.Go(func() {
			for i := range 5 {
				if err := s.Write(ctx, batch(w*1000+i, 1000, 10)); err != nil {
					t.Error(err)
				}
			}
		})
		group.Go(func() {
			for range 50 {
				if _, err := s.Latest(ctx, "v/1"); err != nil {
					t.Error(err)
				}
				q := devices.HistoryQuery{Device: "v/1", Metric: devices.VolumeM3, From: start, To: start.AddDate(1, 0, 0), Every: 24 * time.Hour}
				if _, err := s.History(ctx, q); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if n := s.Count(t); n != 10_000 {
		t.Errorf("%d points, want 10000", n)
	}
}

// batch makes n distinct readings spread over a number of devices.
func batch(round, n, over int) []devices.Reading {
	readings := make([]devices.Reading, n)
	for i := range readings {
		at := start.Add(time.Duration(round)*time.Hour + time.Duration(i/over)*time.Second)
		readings[i] = devices.Reading{
			Device: devices.DeviceID(fmt.Sprint("v/", i%over)), Metric: devices.VolumeM3,
			At: at, Value: float64(round) + float64(i)/1000, Received: at.Add(time.Minute),
		}
	}
	return readings
}

func BenchmarkWrite(b *testing.B) {
	for _, series := range []int{1, 100, 5000} {
		b.Run(fmt.Sprintf("batches of 5000 over %d series", series), func(b *testing.B) {
			s := open(b, filepath.Join(b.TempDir(), "timeseries.db"))
			n := 0
			for b.Loop() {
				if err := s.Write(b.Context(), batch(n, 5000, series)); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(n)*5000/b.Elapsed().Seconds(), "readings/s")
		})
	}
}
