package ingest_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"shouwang/ingest"
)

// Two readers that share what is decoded hear the same as one that decodes for
// itself, near each other or far apart.
func TestSharedDecodingChangesNothing(t *testing.T) {
	j := manyRepeats()
	want := map[uint64]string{}
	alone := newDecoder()
	for _, f := range j.frames {
		want[f.Seq] = say(alone.Decode(f))
	}
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		shared := &ingest.Decoded{}
		readers := [2]*ingest.Decoder{}
		for i := range readers {
			readers[i] = ingest.NewDecoder(ingest.DecoderOptions{
				Reader: "test", Lane: ingest.Telemetry, Directory: directory{}, AgeLimit: 35 * 24 * time.Hour, Decoded: shared,
			})
		}
		next := [2]int{}
		for next[0] < len(j.frames) || next[1] < len(j.frames) {
			i := random.IntN(2)
			for range random.IntN(200) {
				if next[i] == len(j.frames) {
					break
				}
				f := j.frames[next[i]]
				if got := say(readers[i].Decode(f)); got != want[f.Seq] {
					t.Fatalf("seed %d, reader %d, frame %d:\n%s\nwant\n%s", seed, i, f.Seq, got, want[f.Seq])
				}
				next[i]++
			}
		}
	}
}
