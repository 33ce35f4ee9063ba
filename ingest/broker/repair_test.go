package broker

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/minio/highwayhash"
	"github.com/nats-io/nats.go/jetstream"
)

// store runs a broker on the folder for as long as use takes. Ended, the folder
// is as the server leaves it when it stops; copied by use, as a kill leaves it.
func store(t *testing.T, dir string, use func(ctx context.Context, js jetstream.JetStream)) []Damage {
	t.Helper()
	b, err := New(Options{Dir: dir, Auth: registry()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
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
	use(ctx, js)
	conn.Close()
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return b.Damaged()
}

const written = 20

func TestRepair(t *testing.T) {
	orderly, killed := t.TempDir(), t.TempDir()
	store(t, orderly, func(ctx context.Context, js jetstream.JetStream) {
		if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "JOURNAL", Subjects: []string{"journal.>"}}); err != nil {
			t.Fatal(err)
		}
		for i := range written {
			if _, err := js.Publish(ctx, "journal.0.event", fmt.Appendf(nil, "%04d%s", i, strings.Repeat("x", 500))); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.CopyFS(killed, os.DirFS(orderly)); err != nil {
			t.Fatal(err)
		}
	})
	const block = "jetstream/journal/streams/JOURNAL/msgs/1.blk"
	size := func() int {
		b, err := os.ReadFile(filepath.Join(orderly, block))
		if err != nil {
			t.Fatal(err)
		}
		return len(b)
	}() / written
	flip := func(at ...int) func([]byte) []byte {
		return func(b []byte) []byte {
			for _, i := range at {
				b[i] ^= 0xff
			}
			return b
		}
	}
	for _, test := range []struct {
		name   string
		damage func([]byte) []byte
		lost   []int // messages
		atEnd  bool
		none   bool // nothing is found
	}{
		{name: "whole", damage: func(b []byte) []byte { return b }, none: true},
		{name: "torn in the last record", damage: func(b []byte) []byte { return b[:len(b)-10] }, lost: []int{19}, atEnd: true},
		{name: "bad sum of the last record", damage: flip(20*size - 3), lost: []int{19}, atEnd: true},
		{name: "end of zeroes", damage: func(b []byte) []byte { clear(b[len(b)-200:]); return b }, lost: []int{19}, atEnd: true},
		{name: "garbage behind the end", damage: func(b []byte) []byte { return append(b, "garbage of some length, longer than a head"...) }, atEnd: true},
		{name: "message in the middle", damage: flip(10*size + 100), lost: []int{10}},
		{name: "number in the middle", damage: flip(10*size + 4 + 5), lost: []int{10}},
		{name: "length in the middle", damage: flip(10 * size), lost: []int{10}},
		{name: "highest bit of a length", damage: func(b []byte) []byte { b[10*size+3] ^= 0x80; return b }, lost: []int{10}},
		{name: "length of the first", damage: flip(0), lost: []int{0}},
		{name: "number of the first", damage: flip(4, 9), lost: []int{0}},
		{name: "two places", damage: flip(3*size+1, 15*size+50), lost: []int{3, 15}},
		{name: "middle and end", damage: func(b []byte) []byte { b[5*size+60]++; return b[:len(b)-100] }, lost: []int{5, 19}},
		{name: "a page of zeroes", damage: func(b []byte) []byte { clear(b[4096:8192]); return b }, lost: []int{7, 8, 9, 10, 11, 12, 13, 14}},
	} {
		for way, from := range map[string]string{"orderly": orderly, "killed": killed} {
			t.Run(test.name+" "+way, func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
					t.Fatal(err)
				}
				file := filepath.Join(dir, block)
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, test.damage(b), 0o600); err != nil {
					t.Fatal(err)
				}
				lost := map[int]bool{}
				for _, i := range test.lost {
					lost[i] = true
				}
				damaged := store(t, dir, func(ctx context.Context, js jetstream.JetStream) {
					stream, err := js.Stream(ctx, "JOURNAL")
					if err != nil {
						t.Fatal(err)
					}
					if ack, err := js.Publish(ctx, "journal.0.event", []byte("new")); err != nil || ack.Sequence < written {
						t.Fatalf("after the repair: %+v, %v", ack, err)
					}
					have := map[string]bool{}
					for seq := uint64(1); ; seq++ {
						msg, err := stream.GetMsg(ctx, seq, jetstream.WithGetMsgSubject("journal.0.event"))
						if err != nil {
							break
						}
						have[string(msg.Data[:3])+string(msg.Data[3:min(4, len(msg.Data))])] = true
						seq = msg.Sequence
					}
					for i := range written {
						if have[fmt.Sprintf("%04d", i)] == lost[i] {
							t.Errorf("message %d: there %v, want %v", i, lost[i], !lost[i])
						}
					}
					if !have["new"] {
						t.Error("what was written after the repair is not read")
					}
				})
				if test.none != (len(damaged) == 0) {
					t.Fatalf("found %v", damaged)
				}
				if !test.none && (len(damaged) != 1 || damaged[0].AtEnd != test.atEnd || damaged[0].Stream != "JOURNAL") {
					t.Errorf("found %v", damaged)
				}
			})
		}
	}
}

func FuzzSalvage(f *testing.F) {
	f.Add([]byte("something"))
	f.Add(binary.LittleEndian.AppendUint32(nil, 1<<31+30))
	f.Fuzz(func(t *testing.T, b []byte) {
		good, d := salvage(b, newSum(t))
		if len(good) > len(b) || d.Bytes > len(b) {
			t.Errorf("%d good and %d bad bytes of %d", len(good), d.Bytes, len(b))
		}
	})
}

func newSum(tb testing.TB) hash.Hash {
	tb.Helper()
	sum, err := highwayhash.NewDigest64(make([]byte, highwayhash.Size))
	if err != nil {
		tb.Fatal(err)
	}
	return sum
}
