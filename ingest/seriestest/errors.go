package seriestest

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

func refused(t *testing.T, s suite) {
	d := s.device("band-6")
	good := []devices.Reading{reading(d, devices.HeartRateBPM, noon, 60), reading(d, devices.HeartRateBPM, noon.Add(time.Second), 61)}
	bad := []devices.Reading{
		reading(d, devices.HeartRateBPM, noon.Add(2*time.Second), math.Inf(1)),
		reading(d, devices.HeartRateBPM, time.Time{}, 1),
		reading(d, "", noon, 2),
		reading(d, devices.Metric("no\xffutf8"), noon, 3),
	}
	err := s.series.Write(s.ctx, []devices.Reading{good[0], bad[0], bad[1], good[1], bad[2], bad[3]})
	var refusal *ingest.RefusedError
	if !errors.As(err, &refusal) {
		t.Fatalf("write: %v, want *ingest.RefusedError", err)
	}
	equal(t, "refused", refusal.Readings, bad)
	if refusal.Reason == "" {
		t.Error("no reason given")
	}
	equal(t, "stored", s.all(t, d, devices.HeartRateBPM), []devices.Point{point(noon, 60), point(noon.Add(time.Second), 61)})
}

func wrongQueries(t *testing.T, s suite) {
	good := devices.HistoryQuery{Device: s.device("x"), Metric: devices.Steps, From: noon, To: noon.Add(time.Hour)}
	for _, test := range []struct {
		field string
		spoil func(*devices.HistoryQuery)
	}{
		{"to", func(q *devices.HistoryQuery) { q.To = time.Time{} }},
		{"from", func(q *devices.HistoryQuery) { q.From = q.To }},
		{"limit", func(q *devices.HistoryQuery) { q.Limit = ingest.MaxPoints + 1 }},
		{"limit", func(q *devices.HistoryQuery) { q.Limit = -1 }},
		{"aggregate", func(q *devices.HistoryQuery) { q.Aggregate, q.Every = "median", time.Hour }},
		{"aggregate", func(q *devices.HistoryQuery) { q.Aggregate = devices.Min }},
		{"aggregate", func(q *devices.HistoryQuery) { q.Aggregate, q.Every = devices.Use, time.Hour }},
		{"every", func(q *devices.HistoryQuery) { q.Every = -time.Hour }},
		{"every", func(q *devices.HistoryQuery) { q.Every = 1500 * time.Millisecond }},
		{"every", func(q *devices.HistoryQuery) { q.Every = 36 * time.Hour }},
		{"every", func(q *devices.HistoryQuery) { q.Every, q.To = time.Second, q.From.Add(10_000*time.Second) }},
		{"every", func(q *devices.HistoryQuery) { q.Every, q.From = 24*time.Hour, time.Time{} }},
	} {
		q := good
		test.spoil(&q)
		_, err := s.series.History(s.ctx, q)
		var wrong *ingest.QueryError
		if !errors.As(err, &wrong) || wrong.Field != test.field || wrong.Rule == "" {
			t.Errorf("%+v: %v, want a QueryError for %q", q, err, test.field)
		}
	}
}

func cancelled(t *testing.T, s suite) {
	ctx, cancel := context.WithCancel(s.ctx)
	cancel()
	err := s.series.Write(ctx, []devices.Reading{reading(s.device("x"), devices.Steps, noon, 1)})
	var retry *ingest.RetryError
	if !errors.As(err, &retry) || !errors.Is(err, context.Canceled) {
		t.Errorf("write with an ended context: %v, want a *ingest.RetryError for %v", err, context.Canceled)
	}
}
