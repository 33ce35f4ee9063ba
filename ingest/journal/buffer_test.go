package journal

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"shouwang/ingest"
)

func entryOf(payload int) entry {
	return entry{rec: ingest.Record{Message: ingest.Message{Payload: make([]byte, payload)}}}
}

func TestBufferBounds(t *testing.T) {
	cases := []struct {
		name                  string
		maxEntries, maxWeight int
		payload, fit          int
	}{
		{"by number", 3, 1 << 20, 10, 3},
		{"by weight", 100, 4 * (entryOverhead + 100), 100, 4},
		{"giant alone", 100, 1000, 5000, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBuffer(c.maxEntries, c.maxWeight, frameRecords, frameBytes)
				for range c.fit {
					if err := b.put(t.Context(), entryOf(c.payload)); err != nil {
						t.Fatal(err)
					}
				}
				ctx, cancel := context.WithCancel(t.Context())
				blocked := make(chan error, 1)
				go func() { blocked <- b.put(ctx, entryOf(c.payload)) }()
				synctest.Wait()
				select {
				case err := <-blocked:
					t.Fatalf("one more than fits was taken: %v", err)
				default:
				}
				cancel()
				if err := <-blocked; !errors.Is(err, context.Canceled) {
					t.Fatalf("put after cancel: %v", err)
				}
				// What is taken still counts until it is released.
				taken := b.take(nil)
				go func() { blocked <- b.put(t.Context(), entryOf(c.payload)) }()
				synctest.Wait()
				if len(blocked) != 0 {
					t.Fatal("room was given back before release")
				}
				b.release(taken)
				if err := <-blocked; err != nil {
					t.Fatal(err)
				}
				if entries, weight := b.held(); entries != 1 || weight != entryOverhead+c.payload {
					t.Errorf("held %d entries, weight %d", entries, weight)
				}
			})
		})
	}
}

func TestBufferFrames(t *testing.T) {
	b := newBuffer(1000, 1<<30, 5, 10_000)
	for _, payload := range []int{10, 10, 10, 10, 10, 10, 9_000, 9_000, 50_000, 10} {
		if err := b.put(t.Context(), entryOf(payload)); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []int{5, 2, 1, 1, 1, 0} {
		if got := len(b.take(nil)); got != want {
			t.Fatalf("frame of %d entries, want %d", got, want)
		}
	}
}

func TestBufferClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBuffer(1, 1<<20, 1, 1)
		if err := b.put(t.Context(), entryOf(1)); err != nil {
			t.Fatal(err)
		}
		blocked := make(chan error)
		go func() { blocked <- b.put(t.Context(), entryOf(1)) }()
		synctest.Wait()
		b.close()
		if err := <-blocked; !errors.Is(err, ErrStopped) {
			t.Errorf("waiting put: %v", err)
		}
	})
}
