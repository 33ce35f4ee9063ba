package rollup_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/ingest"
	"shouwang/ingest/influx"
	"shouwang/ingest/peer"
	"shouwang/ingest/rollup"
	"shouwang/ingest/seriestest"
	"shouwang/ingest/sqlite"
)

var server = peer.InfluxServer{Major: 2}

func TestMain(m *testing.M) {
	defer server.Stop()
	m.Run()
}

func openDB(t *testing.T) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func openSQLite(t *testing.T) *sqlite.Series {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{File: filepath.Join(t.TempDir(), "timeseries.db"), Zone: seriestest.Shanghai})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func openInflux(t *testing.T) *influx.Series {
	t.Helper()
	real := server.Get(t)
	s, err := influx.Open(influx.Options{URL: real.URL, Org: real.Org, Bucket: real.Bucket, Token: real.Token, Zone: seriestest.Shanghai})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// later is a time at which all hours of the suite are over.
func later() time.Time { return time.Now().Add(48 * time.Hour) }

func open(t *testing.T, db *database.DB, store rollup.Store, now func() time.Time) *rollup.Series {
	t.Helper()
	s, err := rollup.Open(t.Context(), rollup.Options{Store: store, DB: db, Zone: seriestest.Shanghai, Log: zerolog.Nop(), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// settled works everything out before it answers, so the suite is answered from
// rollups.
type settled struct{ *rollup.Series }

func (s settled) History(ctx context.Context, q devices.HistoryQuery) ([]devices.Point, error) {
	if err := s.Step(ctx); err != nil {
		return nil, err
	}
	return s.Series.History(ctx, q)
}

func TestSeries(t *testing.T) {
	t.Run("sqlite, before rollups", func(t *testing.T) { seriestest.Run(t, open(t, openDB(t), openSQLite(t), time.Now)) })
	t.Run("sqlite, after rollups", func(t *testing.T) { seriestest.Run(t, settled{open(t, openDB(t), openSQLite(t), later)}) })
	t.Run("sqlite, erase", func(t *testing.T) { seriestest.RunErase(t, settled{open(t, openDB(t), openSQLite(t), later)}) })
	t.Run("influx, after rollups", func(t *testing.T) { seriestest.Run(t, settled{open(t, openDB(t), openInflux(t), later)}) })
	t.Run("influx, erase", func(t *testing.T) { seriestest.RunErase(t, settled{open(t, openDB(t), openInflux(t), later)}) })
}

var (
	noon = time.Date(2026, 3, 14, 4, 0, 0, 0, time.UTC)
	band = devices.DeviceID("v/band")
)

func at(minutes int, value float64) devices.Reading {
	return devices.Reading{Device: band, Metric: devices.HeartRateBPM, At: noon.Add(time.Duration(minutes) * time.Minute), Value: value}
}

// blind is a store whose readings cannot be read any more: what is answered
// comes from rollups.
type blind struct{ *sqlite.Series }

func (blind) Readings(context.Context, []devices.DeviceID, devices.Metric, int64, int64, func(devices.DeviceID, devices.Metric, int64, float64)) error {
	return nil
}

func hours(t *testing.T, s ingest.Series, n int) []devices.Point {
	t.Helper()
	points, err := s.History(t.Context(), devices.HistoryQuery{
		Device: band, Metric: devices.HeartRateBPM, From: noon, To: noon.Add(time.Duration(n) * time.Hour), Every: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	return points
}

func write(t *testing.T, s ingest.Series, readings ...devices.Reading) {
	t.Helper()
	if err := s.Write(t.Context(), readings); err != nil {
		t.Fatal(err)
	}
}

func step(t *testing.T, s *rollup.Series) {
	t.Helper()
	if err := s.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func value(p devices.Point) float64 {
	if p.Value == nil {
		return -1
	}
	return *p.Value
}

func TestHoursAreAnsweredFromRollups(t *testing.T) {
	db, store := openDB(t), openSQLite(t)
	s := open(t, db, store, time.Now)
	write(t, s, at(0, 60), at(30, 70), at(61, 90))
	step(t, s)
	s = open(t, db, blind{store}, time.Now)
	if got := hours(t, s, 2); value(got[0]) != 65 || value(got[1]) != 90 {
		t.Errorf("from rollups alone: %v and %v, want 65 and 90", value(got[0]), value(got[1]))
	}
	// A marked hour is not believed.
	write(t, s, at(40, 80))
	if got := hours(t, s, 2); got[0].Value != nil || value(got[1]) != 90 {
		t.Errorf("a touched hour was answered from its old rollup: %v", value(got[0]))
	}
}

func TestAnHourIsNotWorkedOutBeforeItIsOver(t *testing.T) {
	db, store := openDB(t), openSQLite(t)
	now := noon.Add(61 * time.Minute)
	s := open(t, db, store, func() time.Time { return now })
	write(t, s, at(0, 60))
	stored := func() int {
		step(t, s)
		hours, err := store.Hours(t.Context(), band, devices.HeartRateBPM, noon.UnixMicro(), noon.Add(time.Hour).UnixMicro())
		if err != nil {
			t.Fatal(err)
		}
		return len(hours)
	}
	if n := stored(); n != 0 {
		t.Errorf("%d hours a minute after the end, want 0", n)
	}
	now = now.Add(2 * time.Minute)
	if n := stored(); n != 1 {
		t.Errorf("%d hours three minutes after the end, want 1", n)
	}
}

// racing writes one more reading while an hour is worked out, after its readings
// were read.
type racing struct {
	*sqlite.Series
	write func()
}

func (r *racing) PutHours(ctx context.Context, hours []ingest.SeriesHour) error {
	if write := r.write; write != nil {
		r.write = nil
		write()
	}
	return r.Series.PutHours(ctx, hours)
}

func TestAReadingThatComesWhileItsHourIsWorkedOutIsNotLost(t *testing.T) {
	store := &racing{Series: openSQLite(t)}
	s := open(t, openDB(t), store, time.Now)
	write(t, s, at(0, 60))
	store.write = func() { write(t, s, at(10, 70)) }
	step(t, s)
	if got := hours(t, s, 1); value(got[0]) != 65 || got[0].Readings != 2 {
		t.Errorf("%v of %d readings, want 65 of 2", value(got[0]), got[0].Readings)
	}
}

func TestWritersAndRollupsBesideEachOther(t *testing.T) {
	db, store := openDB(t), openSQLite(t)
	s := open(t, db, store, time.Now)
	var group sync.WaitGroup
	const writers, each = 3, 60
	for w := range writers {
		group.Go(func() {
			for i := range each {
				// Each minute of three hours once, in disorder.
				minute := (i*writers + w) * 37 % (writers * each)
				if err := s.Write(t.Context(), []devices.Reading{at(minute, float64(minute))}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	stepped := make(chan struct{})
	go func() {
		defer close(stepped)
		for {
			if err := s.Step(t.Context()); err != nil {
				t.Error(err)
			}
			select {
			case <-done:
				return
			default:
			}
		}
	}()
	group.Wait()
	close(done)
	<-stepped
	step(t, s)
	for i, p := range hours(t, open(t, db, blind{store}, time.Now), 3) {
		if p.Readings != 60 || value(p) != float64(i*60)+29.5 {
			t.Errorf("hour %d: %d readings, mean %v; want 60 and %v", i, p.Readings, value(p), float64(i*60)+29.5)
		}
	}
}

func TestMarksOutliveAStop(t *testing.T) {
	db, store := openDB(t), openSQLite(t)
	s := open(t, db, store, time.Now)
	write(t, s, at(0, 60))
	step(t, s)
	write(t, s, at(10, 70)) // and then it is killed
	again := open(t, db, store, time.Now)
	if got := hours(t, again, 1); value(got[0]) != 65 {
		t.Errorf("after a stop: %v, want 65", value(got[0]))
	}
	step(t, again)
	if got := hours(t, open(t, db, blind{store}, time.Now), 1); value(got[0]) != 65 {
		t.Errorf("worked out after a stop: %v, want 65", value(got[0]))
	}
}

// A state.db from a backup does not know what was marked after it was copied.
func TestWithAStateFromABackupNoHourIsMissing(t *testing.T) {
	now := noon.Add(-24 * time.Hour)
	clock := func() time.Time { return now }
	backup, store := openDB(t), openSQLite(t)
	step(t, open(t, backup, store, clock))
	now = noon
	lost := open(t, openDB(t), store, clock)
	write(t, lost, at(0, 60))
	now = noon.Add(3 * time.Hour)
	if got := hours(t, open(t, backup, store, clock), 1); value(got[0]) != 60 {
		t.Errorf("with the state of yesterday: %v, want 60", value(got[0]))
	}
}

func TestErasedReadingsLeaveTheirRollup(t *testing.T) {
	store := openSQLite(t)
	s := open(t, openDB(t), store, time.Now)
	write(t, s, at(0, 60), at(30, 90), at(60, 100), at(130, 110))
	step(t, s)
	if err := s.Erase(t.Context(), band, noon.Add(20*time.Minute), noon.Add(150*time.Minute)); err != nil {
		t.Fatal(err)
	}
	stored := func() map[int64]ingest.Cell {
		t.Helper()
		rollups, err := store.Hours(t.Context(), band, devices.HeartRateBPM, noon.UnixMicro(), noon.Add(24*time.Hour).UnixMicro())
		if err != nil {
			t.Fatal(err)
		}
		return rollups
	}
	for _, cell := range stored() {
		if cell.Max > 60 {
			t.Errorf("a rollup still tells of %v", cell.Max)
		}
	}
	if got := hours(t, s, 3); value(got[0]) != 60 || got[1].Value != nil || got[2].Value != nil {
		t.Errorf("hours after the erasure: %v %v %v, want 60 and two gaps", value(got[0]), value(got[1]), value(got[2]))
	}
	step(t, s)
	if rollups := stored(); len(rollups) != 1 || rollups[noon.UnixMicro()].Count != 1 {
		t.Errorf("rollups left: %v, want that of noon", rollups)
	}
}
