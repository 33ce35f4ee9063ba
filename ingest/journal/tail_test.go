package journal

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shouwang/ingest"
)

func TestTail(t *testing.T) {
	var tl tail
	check := func(after uint64, want []uint64, wantKnown bool) {
		t.Helper()
		frames, known := tl.after(after, 3)
		var got []uint64
		for _, f := range frames {
			got = append(got, f.Seq)
		}
		if !slices.Equal(got, want) || known != wantKnown {
			t.Errorf("after %d: %v, known %t; want %v, %t", after, got, known, want, wantKnown)
		}
	}
	add := func(before, seq uint64, size int) { tl.add(before, ingest.Frame{Seq: seq}, size) }
	check(0, nil, false)
	add(4, 7, 10)
	check(3, nil, false) // 4 comes first
	check(4, []uint64{7}, true)
	check(6, []uint64{7}, true)
	check(7, nil, true)
	for _, seq := range []uint64{8, 10, 11} {
		add(tl.frames[len(tl.frames)-1].Seq, seq, 10)
	}
	check(4, []uint64{7, 8, 10}, true)
	check(8, []uint64{10, 11}, true)
	add(12, 13, 10) // somebody else wrote 12
	check(11, nil, false)
	check(12, []uint64{13}, true)
	add(13, 14, tailBytes-10) // fits
	check(12, []uint64{13, 14}, true)
	add(14, 15, 1)
	check(12, nil, false)
	check(13, []uint64{14, 15}, true)
	add(15, 16, tailBytes+1) // alone is too much
	check(15, nil, false)
	check(16, nil, false)
	add(16, 17, 1)
	check(16, []uint64{17}, true)
	if tl.size != 1 || len(tl.frames) != 1 {
		t.Errorf("%d frames of %d bytes", len(tl.frames), tl.size)
	}
}

// What a reader gets from memory is what it gets from disk, frame by frame, and
// what another process has written comes between.
func TestMemorySaysWhatDiskSays(t *testing.T) {
	srv := startServer(t)
	j := openJournal(t, srv.connect(), Options{})
	running(t, j.Run)
	var fromMemory, fromDisk []ingest.Frame
	read := func(j *Journal, frames *[]ingest.Frame, n int) {
		t.Helper()
		after := uint64(0)
		if len(*frames) > 0 {
			after = (*frames)[len(*frames)-1].Seq
		}
		err := j.Follow(t.Context(), ingest.Telemetry, after, func(_ context.Context, got []ingest.Frame) error {
			*frames = append(*frames, got...)
			if len(*frames) == n {
				return context.Canceled
			}
			return nil
		})
		if err != context.Canceled { //nolint:errorlint // ours, as it is
			t.Fatal(err)
		}
	}
	records := append(manyRecords(20), ingest.Record{Tick: true, Connected: true, Message: ingest.Message{Received: someTime}}, record(""))
	foreign := 0
	for i, rec := range records {
		if i == 7 || i == 12 {
			if _, err := j.js.Publish(t.Context(), "journal.0.telemetry", AppendFrame(nil, []ingest.Record{record("foreign")})); err != nil {
				t.Fatal(err)
			}
			foreign++
		}
		if i == 7 {
			read(j, &fromMemory, i+foreign) // nobody wakes the reader for it
		}
		write(t, j, ingest.Telemetry, rec)
		read(j, &fromMemory, i+1+foreign)
	}
	read(openJournal(t, srv.connect(), Options{}), &fromDisk, len(records)+foreign)
	if diff := cmp.Diff(fromDisk, fromMemory, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("disk - memory +\n%s", diff)
	}
	if _, known := j.lanes[ingest.Telemetry].tail.after(fromDisk[len(fromDisk)-3].Seq, 1); !known {
		t.Error("nothing came from memory")
	}
}

// BenchmarkWriteAndRead is what the journal costs for each record with both of
// its readers at its end.
func BenchmarkWriteAndRead(b *testing.B) {
	srv := startServer(b)
	j := openJournal(b, srv.connect(), Options{})
	running(b, j.Run)
	rec := manyRecords(1)[0]
	var counts [2]chan int
	for i := range counts {
		counts[i] = make(chan int, 1<<16)
		running(b, func(ctx context.Context) error {
			return j.FollowDurable(ctx, fmt.Sprint("reader", i), ingest.Telemetry, func(_ context.Context, frames []ingest.Frame) error {
				for _, f := range frames {
					counts[i] <- len(f.Records)
				}
				return nil
			})
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := j.Append(b.Context(), ingest.Telemetry, rec, func(error) {}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range counts {
		for n := 0; n < b.N; n += <-counts[i] {
		}
	}
}
