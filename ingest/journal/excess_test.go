package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"shouwang/ingest"
)

// refusals collects what Full is given.
type refusals struct {
	mu      sync.Mutex
	records []ingest.Record
	fail    int // how often it fails first
}

func (r *refusals) full(_ context.Context, records []ingest.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail > 0 {
		r.fail--
		return errors.New("not now")
	}
	for _, rec := range records {
		rec.Payload = append([]byte(nil), rec.Payload...)
		r.records = append(r.records, rec)
	}
	return nil
}

func excessRecord(i int) ingest.Record {
	return ingest.Record{Message: ingest.Message{
		Topic: "homecare/v1/acme/loud/telemetry", Payload: fmt.Appendf(nil, `{"seq":%d,"pad":"%0100d"}`, i, i), Received: epoch.Add(time.Duration(i) * time.Millisecond),
	}}
}

var epoch = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)

// TestExcess fills the queue beyond its bound while nobody reads, stops and
// starts everything, and reads with a reader that fails at times: each record
// comes out once, or was handed to Full, and the queue is empty in the end.
func TestExcess(t *testing.T) {
	const n = 5000
	srv := startServer(t)
	nc := srv.connect()
	j := openJournal(t, nc, Options{})
	over := &refusals{fail: 2}
	open := func() (*Excess, func()) {
		x, err := j.Excess(t.Context(), ExcessOptions{MaxBytes: 256 << 10, Pace: time.Millisecond, Full: over.full})
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, x.Run)
		return x, func() {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
	}
	x, stop := open()
	var acked sync.WaitGroup
	for i := range n {
		acked.Add(1)
		err := x.Append(t.Context(), excessRecord(i), func(err error) {
			if err != nil {
				t.Error(err)
			}
			acked.Done()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	acked.Wait()
	info, err := x.stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.State.Bytes == 0 || info.State.Bytes > 256<<10 {
		t.Errorf("the queue has %d bytes", info.State.Bytes)
	}
	if oldest, err := j.Oldest(t.Context()); err != nil || oldest.IsZero() {
		t.Errorf("oldest raw message: %v, %v", oldest, err)
	}
	stop()
	x, stop = open()
	defer stop()

	got := map[string]int{}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	over.mu.Lock()
	refused := len(over.records)
	over.mu.Unlock()
	calls := 0
	err = x.FollowDurable(ctx, "history", ingest.Excess, func(_ context.Context, frames []ingest.Frame) error {
		if calls++; calls%5 == 1 {
			return errors.New("store is down")
		}
		for _, f := range frames {
			if f.Lane != ingest.Excess {
				t.Errorf("lane %s", f.Lane)
			}
			for _, r := range f.Records {
				got[string(r.Payload)]++
			}
		}
		if len(got)+refused == n {
			go func() { // after this frame is removed
				for {
					if info, err := x.stream.Info(ctx); err != nil || info.State.Msgs == 0 {
						cancel()
						return
					}
				}
			}()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	for _, r := range over.records {
		got[string(r.Payload)]++
	}
	if refused == 0 || len(got) != n {
		t.Errorf("%d records came out, %d of them did not fit; want %d", len(got), refused, n)
	}
	for payload, times := range got {
		if times != 1 {
			t.Fatalf("%d times: %s", times, payload)
		}
	}
	if oldest, err := j.Oldest(t.Context()); err != nil || !oldest.IsZero() {
		t.Errorf("oldest raw message after all was taken: %v, %v", oldest, err)
	}
}

// A purge while Shred is on leaves no byte of the frames.
func TestShred(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	stop := running(t, j.Run)
	defer stop() //nolint:errcheck // the purge is what is tested
	done := make(chan error, 1)
	for i := range 300 {
		rec := excessRecord(i)
		rec.Payload = append(rec.Payload, "shredmark"...)
		if err := j.Append(t.Context(), ingest.Lanes[i%2], rec, func(err error) { done <- err }); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	// What comes after stays, and with it the file.
	newest := uint64(0)
	for _, lane := range ingest.Lanes {
		newest = max(newest, j.lanes[lane].newest)
	}
	for i := range 300 {
		write(t, j, ingest.Lanes[i%2], excessRecord(i))
	}
	if grepStore(t, srv.opts.StoreDir, "shredmark") == 0 {
		t.Fatal("the mark is not in the store to begin with")
	}
	for _, lane := range ingest.Lanes {
		j.Passed(lane, newest)
		if err := j.savePosition(t.Context(), "history", j.lanes[lane], newest); err != nil {
			t.Fatal(err)
		}
	}
	j.Shred(true)
	if err := j.purge(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := grepStore(t, srv.opts.StoreDir, "shredmark"); n > 0 {
		t.Errorf("the mark is still in %d files", n)
	}
	if stats, err := j.Stats(t.Context()); err != nil || stats.FirstSeq != newest+1 || stats.Frames != 300 {
		t.Errorf("stats %+v, %v", stats, err)
	}
}

// grepStore counts the files of the store that hold the mark.
func grepStore(t *testing.T, dir, mark string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(mark)) {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Messages that come one by one are frames of one each: the pause after each is
// as small as it is, or a slow sender would fill the queue.
func TestExcessOfASlowSender(t *testing.T) {
	const n = 200
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	x, err := j.Excess(t.Context(), ExcessOptions{Full: (&refusals{}).full})
	if err != nil {
		t.Fatal(err)
	}
	stop := running(t, x.Run)
	for i := range n {
		written := make(chan error, 1)
		if err := x.Append(t.Context(), excessRecord(i), func(err error) { written <- err }); err != nil {
			t.Fatal(err)
		}
		if err := <-written; err != nil {
			t.Fatal(err)
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	began, got := time.Now(), 0
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_ = x.FollowDurable(ctx, "history", ingest.Excess, func(_ context.Context, frames []ingest.Frame) error {
		if got += len(frames[0].Records); got == n {
			cancel()
		}
		return nil
	})
	// With the whole pause after each it took 20 s.
	if took := time.Since(began); got != n || took > n*defaultPace/2 {
		t.Errorf("%d messages were read in %v", got, took)
	}
}
