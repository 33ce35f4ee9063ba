package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"shouwang/ingest"
	"shouwang/ingest/peer"
)

// TestStoreOnAFullDisk: a write that fails ends Run with ErrStore, and a new
// broker on the same folder goes on when there is room, with all that was
// acknowledged.
func TestStoreOnAFullDisk(t *testing.T) {
	disk := peer.MountSmallDisk(t, 32)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	runOn := func() (jetstream.JetStream, chan error, func()) {
		b, err := New(Options{Dir: disk.Dir, Auth: registry()})
		if err != nil {
			t.Fatal(err)
		}
		runCtx, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- b.Run(runCtx) }()
		select {
		case <-b.Ready():
		case err := <-done:
			t.Fatalf("broker ended at once: %v", err)
		}
		conn, err := b.Journal()
		if err != nil {
			t.Fatal(err)
		}
		js, err := jetstream.New(conn)
		if err != nil {
			t.Fatal(err)
		}
		return js, done, func() { conn.Close(); stop() }
	}
	js, done, stop := runOn()
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "journal", Subjects: []string{"journal.>"}, Discard: jetstream.DiscardNew}); err != nil {
		t.Fatal(err)
	}
	if err := disk.Fill(2 << 20); err != nil {
		t.Fatal(err)
	}
	acked := 0
	for ; acked < 1000; acked++ {
		one, cancel := context.WithTimeout(ctx, time.Second)
		_, err := js.Publish(one, "journal.x", []byte(strings.Repeat(fmt.Sprintf("%08d", acked), 2000)))
		cancel()
		if err != nil {
			break
		}
	}
	if acked < 50 || acked == 1000 {
		t.Fatalf("%d messages of 16 kB fit into 2 MiB", acked)
	}
	select {
	case err := <-done:
		if !errors.Is(err, ErrStore) || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("Run goes on with a store that takes nothing")
	}
	stop()
	if err := disk.Free(); err != nil {
		t.Fatal(err)
	}
	js, done, stop = runOn()
	stream, err := js.Stream(ctx, "journal")
	if err != nil {
		t.Fatal(err)
	}
	if n := int(stream.CachedInfo().State.Msgs); n < acked {
		t.Errorf("%d messages are left of %d acknowledged", n, acked)
	}
	for i := range acked {
		msg, err := stream.GetMsg(ctx, uint64(i+1))
		if err != nil || !strings.HasPrefix(string(msg.Data), fmt.Sprintf("%08d", i)) {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	if _, err := js.Publish(ctx, "journal.x", []byte("after")); err != nil {
		t.Errorf("with room again: %v", err)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestDiskNearlyFull: devices get no PUBACK for telemetry, events go on; with no
// room at all nothing is taken; with room again everything is.
func TestDiskNearlyFull(t *testing.T) {
	var free atomic.Int64
	free.Store(1000)
	disk, err := ingest.NewDisk(ingest.DiskOptions{Reserve: 800, Free: func(string) (int64, error) { return free.Load(), nil }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { _ = disk.Run(ctx) }()
	o := open(registry(device(t, "acme", "b1")))
	o.Disk = disk
	b := start(t, o)
	acked := func(channel string) bool {
		c, err := b.dial("acme/b1", devicePassword, "")
		if err != nil {
			t.Fatal(err)
		}
		defer c.Disconnect(0)
		token := c.Publish("homecare/v1/acme/b1/"+channel, 1, false, "x")
		return token.WaitTimeout(400*time.Millisecond) && token.Error() == nil
	}
	for _, step := range []struct {
		free             int64
		telemetry, event bool
	}{{1000, true, true}, {700, false, true}, {50, false, false}, {700, false, true}, {1000, true, true}} {
		free.Store(step.free)
		deadline := time.Now().Add(time.Minute)
		for {
			telemetry, event := acked("telemetry"), acked("event")
			if telemetry == step.telemetry && event == step.event {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d bytes free: telemetry acknowledged %v, event %v", step.free, telemetry, event)
			}
		}
	}
}
