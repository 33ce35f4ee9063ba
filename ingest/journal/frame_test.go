package journal

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shouwang/ingest"
)

var someTime = time.Date(2026, 11, 23, 8, 0, 0, 123456000, time.UTC)

func someRecords() []ingest.Record {
	return []ingest.Record{
		{Message: ingest.Message{Topic: "homecare/v1/acme/m-1/telemetry", Payload: []byte(`{"metrics":{"volume_m3":1}}`), Received: someTime}},
		{Message: ingest.Message{Received: someTime.Add(time.Microsecond)}, Tick: true, Connected: true},
		{Message: ingest.Message{Received: someTime.Add(-time.Hour)}, Tick: true},
		{Message: ingest.Message{Topic: "homecare/v1/艾/手环/status", Payload: nil, Received: someTime.Add(time.Second), Retained: true}},
		{Message: ingest.Message{Topic: "", Payload: bytes.Repeat([]byte{0xff}, 300_000), Received: time.UnixMicro(-1).UTC()}, Connected: true},
	}
}

func TestFrameRoundTrip(t *testing.T) {
	for _, records := range [][]ingest.Record{nil, someRecords()[:1], someRecords()} {
		data := AppendFrame([]byte("before"), records)
		got, err := DecodeFrame(data[len("before"):])
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(records, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("records changed (-want +got):\n%s", diff)
		}
	}
}

// The bytes of version 1 are on disk in the field: they must stay readable.
func TestFrameVersion1(t *testing.T) {
	data := "\x01\x02\x80\x80\xcd\xdd\xe8\xdc\x94\x03" + "\x01\x00\x03a/b\x02{}" + "\x06\x02"
	want := []ingest.Record{
		{Message: ingest.Message{Topic: "a/b", Payload: []byte("{}"), Received: time.UnixMicro(890_000_000_000_000).UTC(), Retained: true}},
		{Message: ingest.Message{Received: time.UnixMicro(890_000_000_000_001).UTC()}, Tick: true, Connected: true},
	}
	if got := string(AppendFrame(nil, want)); got != data {
		t.Errorf("encoded %q\nwant    %q", got, data)
	}
	got, err := DecodeFrame([]byte(data))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeFrameRefuses(t *testing.T) {
	good := AppendFrame(nil, someRecords()[:4])
	cases := map[string][]byte{
		"empty":             {},
		"other version":     append([]byte{2}, good[1:]...),
		"count too large":   {1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0},
		"varint too long":   append([]byte{1}, bytes.Repeat([]byte{0xff}, 20)...),
		"unknown flag":      {1, 1, 0, 0x80, 0, 0, 0},
		"topic past end":    {1, 1, 0, 0, 0, 200, 1, 'a', 0},
		"bytes left over":   append(bytes.Clone(good), 0),
		"text by accident":  []byte(strings.Repeat("hello ", 20)),
		"length over int64": {1, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 0},
	}
	for n := range good {
		cases["cut at "+string(rune('0'+n%10))] = good[:n]
	}
	for name, data := range cases {
		if records, err := DecodeFrame(data); !errors.Is(err, ErrFrame) {
			t.Errorf("%s: got %d records, error %v", name, len(records), err)
		}
	}
}

func FuzzDecodeFrame(f *testing.F) {
	f.Add(AppendFrame(nil, nil))
	f.Add(AppendFrame(nil, someRecords()[:4]))
	f.Add([]byte{1, 1, 0, 0x80, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := DecodeFrame(data)
		if err != nil {
			if !errors.Is(err, ErrFrame) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		// Varints have more than one spelling, so only the records must agree.
		again, err := DecodeFrame(AppendFrame(nil, records))
		if err != nil {
			t.Fatalf("decoded, but not again: %v", err)
		}
		if diff := cmp.Diff(records, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	records := manyRecords(frameRecords)
	var data []byte
	for b.Loop() {
		data = AppendFrame(data[:0], records)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(records)), "ns/record")
	b.SetBytes(int64(len(data)))
}

func BenchmarkDecode(b *testing.B) {
	records := manyRecords(frameRecords)
	data := AppendFrame(nil, records)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeFrame(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(records)), "ns/record")
}

func manyRecords(n int) []ingest.Record {
	records := make([]ingest.Record, n)
	for i := range records {
		records[i] = ingest.Record{Message: ingest.Message{
			Topic:    "homecare/v1/acme/band-000123/telemetry",
			Payload:  []byte(`{"ts":"2026-11-23T08:00:00+08:00","seq":41,"metrics":{"heart_rate_bpm":71,"spo2_pct":98}}`),
			Received: someTime.Add(time.Duration(i) * time.Millisecond),
		}}
	}
	return records
}
