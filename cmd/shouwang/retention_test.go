package main

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"shouwang/alerting"
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

// Photos go when their time has come: from the answers, and from the file.
func TestOldPhotosAreRemoved(t *testing.T) {
	s := testSettings(t.TempDir())
	s.Field.Photos = 180 * 24 * time.Hour
	a, err := open(t.Context(), s, zerolog.Nop())
	must(t, err)
	defer func() { must(t, a.close()) }()
	must(t, a.registry.PutAll(t.Context(), devices.Import{
		Areas:     []devices.Area{{Path: "x", Name: "X"}, {Path: "x/y", Name: "Y"}, {Path: "x/y/z", Name: "Z"}},
		Residents: []devices.Resident{{ID: "wang", Name: "王", Area: "x/y/z", Tier: devices.TierGreen, State: devices.Active}},
	}))
	_, err = a.alerts.Load(t.Context())
	must(t, err)
	now := time.Now().UTC()
	clock := now
	desk := alerting.NewDesk(alerting.DeskOptions{Book: a.alerts, Directory: a.registry, Now: func() time.Time { return clock }})
	by := alerting.Actor{User: "li", Name: "李"}
	visit, err := desk.CreateVisit(t.Context(), by, alerting.NewVisit{Resident: "wang", Due: now.Add(time.Hour)})
	must(t, err)
	take := func(mark string, age time.Duration) string {
		t.Helper()
		clock = now.Add(-age)
		e, _, err := desk.Enter(t.Context(), visit.ID, by, alerting.NewEntry{UUID: uuid.NewString(), Kind: alerting.EntryPhoto, Photo: bytes.Repeat([]byte(mark), 30_000)})
		must(t, err)
		return e.Photo
	}
	old := []string{take("oldest-picture", 400*24*time.Hour), take("older-picture", 181*24*time.Hour)}
	kept := take("newer-picture", 179*24*time.Hour)
	for _, mark := range []string{"older-picture", "oldest-picture"} {
		if len(grepFolder(t, s.Data, mark)) == 0 {
			t.Fatalf("%s is not in the files to begin with", mark)
		}
	}
	must(t, a.forgetful().Retain(t.Context(), now, s.ages()))
	for _, id := range old {
		if _, err := a.alerts.Photo(t.Context(), visit.ID, id); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("an old photo: %v", err)
		}
	}
	if _, err := a.alerts.Photo(t.Context(), visit.ID, kept); err != nil {
		t.Errorf("one that is still kept: %v", err)
	}
	entries, err := a.alerts.Entries(t.Context(), visit.ID)
	must(t, err)
	removed := 0
	for _, e := range entries {
		if e.Photo == "" && e.RemovedDays == 180 {
			removed++
		}
	}
	if len(entries) != 3 || removed != 2 {
		t.Errorf("the visit says %+v", entries)
	}
	for mark, want := range map[string]bool{"older-picture": false, "oldest-picture": false, "newer-picture": true} {
		if found := grepFolder(t, s.Data, mark); (len(found) > 0) != want {
			t.Errorf("%s is in %v", mark, found)
		}
	}
}
