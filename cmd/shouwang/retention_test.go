package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/ingest"
)

// failing is a time series that cannot forget today.
type failing struct{}

func (failing) Retain(context.Context, time.Time, map[devices.Class]time.Duration) error {
	return errors.New("not today")
}

func TestOldDeadLettersAreForgotten(t *testing.T) {
	var s settings
	s.Data, s.TimeZone, s.Series.Store, s.Ingest.Letters = t.TempDir(), "Asia/Shanghai", "sqlite", 2160*time.Hour
	a, err := open(t.Context(), s, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	}()
	now := time.Now().UTC().Truncate(time.Second)
	add := func(id devices.DeviceID, age time.Duration) {
		r := devices.Refusal{Device: id, Topic: "homecare/v1/" + string(id) + "/telemetry", Code: devices.Malformed, Received: now.Add(-age), SHA256: "x", Payload: []byte("{")}
		if err := a.letters.Add(t.Context(), []devices.Refusal{r}); err != nil {
			t.Fatal(err)
		}
	}
	add("acme/new", 2160*time.Hour-time.Minute)
	add("acme/old", 2160*time.Hour+time.Minute)
	left := func() (ids []devices.DeviceID) {
		page, err := a.letters.List(t.Context(), devices.DeadLetterFilter{Scope: devices.Scope{Areas: []devices.AreaPath{""}}, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range page.Items {
			ids = append(ids, l.Device)
		}
		return ids
	}
	f := a.forgetful()
	f.keep = 0
	if err := f.Retain(t.Context(), now, s.ages()); err != nil || len(left()) != 2 {
		t.Fatalf("kept for ever: %v, %v", left(), err)
	}
	f = a.forgetful()
	f.series = failing{}
	if err := f.Retain(t.Context(), now, s.ages()); err == nil {
		t.Error("what the series could not forget is not told")
	}
	if got := left(); len(got) != 1 || got[0] != "acme/new" {
		t.Errorf("left are %v", got)
	}
}

func TestForgettingIsDaily(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		days := make(chan time.Time, 10)
		go func() { _ = ingest.Retention(ctx, daily(days), nil, zerolog.Nop()) }()
		time.Sleep(72*time.Hour + time.Hour)
		synctest.Wait()
		if n := len(days); n != 4 { // ten minutes after the start, and three days
			t.Errorf("%d times in three days", n)
		}
		cancel()
	})
}

type daily chan time.Time

func (d daily) Retain(_ context.Context, now time.Time, _ map[devices.Class]time.Duration) error {
	d <- now
	return nil
}
