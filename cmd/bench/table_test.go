package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTableComparesRunByRun(t *testing.T) {
	table := newTable()
	for _, v := range []float64{10, 40, 20} {
		table.add("speed", "shouwang", v)
	}
	for _, v := range []float64{5, 10, 20} {
		table.add("speed", "Telegraf", v)
	}
	table.add("alone", "shouwang", 1234.5)
	if got, want := ratios([]float64{10, 40, 20}, []float64{5, 10, 20}), []float64{2, 4, 1}; !slices.Equal(got, want) {
		t.Errorf("ratios %v, want %v", got, want)
	}
	var out strings.Builder
	table.print(&out)
	for _, want := range []string{"20.00 (10.00-40.00)", "10.00 (5.00-20.00)", "2.00 (1.00-4.00)", "1234 (1234-1234)"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out.String())
		}
	}
}

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 4}, 4}, {[]float64{4, 1, 2, 3}, 2.5}} {
		if got := median(test.values); got != test.want {
			t.Errorf("%v: %v, want %v", test.values, got, test.want)
		}
	}
}

func TestProxyReadsTimesOfBothWriters(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_500)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	fmt.Fprintf(w, "vitals,device=a heart_rate_bpm=70 %d\n", now.Add(-200*time.Millisecond).UnixNano())
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p := &proxy{}
	if err := p.note(zipped.Bytes(), true, "", now); err != nil {
		t.Fatal(err)
	}
	plain := fmt.Sprintf("heart_rate_bpm,device=v/1 value=70,received=1i %d\nheart_rate_bpm,device=v/2 value=71 %d",
		now.Add(-3*time.Millisecond).UnixMicro(), now.Add(-7*time.Millisecond).UnixMicro())
	if err := p.note([]byte(plain), false, "us", now); err != nil {
		t.Fatal(err)
	}
	if want := []float64{200, 3, 7}; !slices.Equal(p.delay, want) {
		t.Errorf("delays %v ms, want %v", p.delay, want)
	}
	if err := p.note([]byte("no time"), false, "us", now); err == nil {
		t.Error("a line without a time is taken")
	}
}
