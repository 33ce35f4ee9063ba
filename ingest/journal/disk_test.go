package journal

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shouwang/ingest"
)

// smallDisk is a disk of which a test says how much is free; 1000 is plenty,
// below 800 is for events, below 100 for nothing.
func smallDisk(t *testing.T) (*ingest.Disk, *atomic.Int64) {
	t.Helper()
	free := new(atomic.Int64)
	free.Store(1000)
	disk, err := ingest.NewDisk(ingest.DiskOptions{Reserve: 800, Free: func(string) (int64, error) { return free.Load(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	running(t, disk.Run)
	return disk, free
}

func TestNearlyFullDiskKeepsTheRestForEvents(t *testing.T) {
	srv := startServer(t)
	disk, free := smallDisk(t)
	j := openJournal(t, srv.connect(), Options{Disk: disk, BufferRecords: 20})
	running(t, j.Run)
	level := func(bytes int64, want ingest.Room) {
		free.Store(bytes)
		eventually(t, "room "+want.String(), func() bool { return disk.Room() == want })
		time.Sleep(10 * time.Millisecond) // a write that had begun
	}
	var got [2]seen
	for i, lane := range ingest.Lanes {
		running(t, func(ctx context.Context) error {
			return j.Follow(ctx, lane, 0, func(_ context.Context, frames []ingest.Frame) error {
				got[i].take(frames)
				return nil
			})
		})
	}
	events, telemetry := &got[0], &got[1]
	tick := ingest.Record{Tick: true}
	tick.Received = someTime
	acked := new(atomic.Int64)
	append1 := func(lane ingest.Lane, rec ingest.Record) {
		t.Helper()
		if err := j.Append(t.Context(), lane, rec, func(err error) {
			if err == nil {
				acked.Add(1)
			}
		}); err != nil {
			t.Fatal(err)
		}
	}
	write(t, j, ingest.Telemetry, record("t0"))
	level(700, ingest.RoomForEvents)
	for text := range strings.FieldsSeq("t1 t2 t3") {
		append1(ingest.Telemetry, record(text))
	}
	for range 30 { // more than the buffer holds: time does not wait for room
		append1(ingest.Telemetry, tick)
	}
	write(t, j, ingest.Events, record("e1"))
	eventually(t, "30 ticks", func() bool { return acked.Load() == 30 })
	eventually(t, "t0 and 30 ticks", func() bool {
		return slices.Equal(telemetry.all(), append([]string{"t0"}, make([]string, 30)...))
	})
	level(50, ingest.NoRoom)
	append1(ingest.Events, record("e2"))
	time.Sleep(300 * time.Millisecond)
	if n := acked.Load(); n != 30 || slices.Contains(events.all(), "e2") {
		t.Errorf("on a full disk %d records were acknowledged, events %q", n-30, events.all())
	}
	level(700, ingest.RoomForEvents)
	eventually(t, "e2", func() bool { return slices.Equal(events.all(), []string{"e1", "e2"}) })
	if n := acked.Load(); n != 31 {
		t.Errorf("%d records acknowledged, want 31: the telemetry waits on", n)
	}
	level(1000, ingest.RoomForAll)
	eventually(t, "what waited", func() bool { return acked.Load() == 34 })
	eventually(t, "what waited, in order", func() bool { return slices.Equal(telemetry.all()[31:], []string{"t1", "t2", "t3"}) })
}

// TestNearlyFullDiskKeepsNothingForReplay: room is made of what all have read.
func TestNearlyFullDiskKeepsNothingForReplay(t *testing.T) {
	srv := startServer(t)
	disk, free := smallDisk(t)
	j := openJournal(t, srv.connect(), Options{Disk: disk, Durable: []string{}})
	running(t, j.Run)
	for range 5 {
		write(t, j, ingest.Telemetry, record("read by all"))
	}
	write(t, j, ingest.Events, record("unread"))
	j.Passed(ingest.Telemetry, 5)
	j.Passed(ingest.Events, 0)
	free.Store(700)
	eventually(t, "one frame", func() bool {
		s, err := j.Stats(t.Context())
		return err == nil && s.Frames == 1 && s.FirstSeq == 6
	})
}

// TestShorterJournal: readers that were further than what a damaged journal
// still has go on at its end, and miss nothing that comes.
func TestShorterJournal(t *testing.T) {
	srv := startServer(t)
	nc := srv.connect()
	j := openJournal(t, nc, Options{})
	stop := running(t, j.Run)
	for range 8 {
		write(t, j, ingest.Telemetry, record("old"))
	}
	write(t, j, ingest.Events, record("old event"))
	var read seen
	reader := running(t, func(ctx context.Context) error {
		return j.FollowDurable(ctx, "history", ingest.Telemetry, func(_ context.Context, frames []ingest.Frame) error {
			read.take(frames)
			return nil
		})
	})
	eventually(t, "8 frames", func() bool { return len(read.all()) == 8 })
	_, _ = reader(), stop()
	// The stream is made anew: that is the worst a damaged file can do.
	if err := j.js.DeleteStream(t.Context(), streamName); err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	j = openJournal(t, nc, Options{Metrics: reg})
	if got := j.Resume("alerting", ingest.Events, 9); got != 0 {
		t.Errorf("alerting goes on after %d, want 0", got)
	}
	if got := j.Resume("alerting", ingest.Telemetry, 0); got != 0 {
		t.Errorf("alerting goes on after %d, want 0", got)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	missing := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "shouwang_journal_missing_frames" {
				missing[m.GetLabel()[1].GetValue()] += m.GetGauge().GetValue()
			}
		}
	}
	if missing["history"] != 8 || missing["alerting"] != 9 {
		t.Errorf("missing frames are said to be %v", missing)
	}
	running(t, j.Run)
	// More than were there before, so that the old position is in their midst.
	for range 10 {
		write(t, j, ingest.Telemetry, record("new"))
	}
	var again seen
	running(t, func(ctx context.Context) error {
		return j.FollowDurable(ctx, "history", ingest.Telemetry, func(_ context.Context, frames []ingest.Frame) error {
			again.take(frames)
			return nil
		})
	})
	time.Sleep(10 * time.Millisecond)
	eventually(t, "10 frames", func() bool { return len(again.all()) == 10 })
}
