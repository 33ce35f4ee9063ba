package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// clocks sends what devices with bad clocks and bad habits send, and holds what
// is stored, refused and raised to what the contract says.
func clocks(ctx context.Context, h *harness) (err error) {
	dir, err := h.folder("clocks")
	if err != nil {
		return err
	}
	s, err := h.newService(ctx, dir, 8, 4)
	if err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	defer func() { s.stop(); err = errors.Join(err, s.fault()) }()
	return h.mislead(ctx, s, s.caller())
}

// mislead lets the fleet send to the service, by whatever broker.
func (h *harness) mislead(ctx context.Context, s *service, f *fleet) (err error) {
	now := time.Now().Truncate(time.Second)
	say := func(i int, at time.Time, value int) *message {
		return &message{topic: "homecare/v1/" + vendor + "/" + band(i) + "/telemetry",
			payload: fmt.Appendf(nil, `{"ts":%d,"metrics":{"%s":%d}}`, at.UnixMilli(), metric, value)}
	}
	var all []*message
	want := map[string]int{} // stored readings
	refused := 0
	add := func(i, stored int, list ...*message) {
		all = append(all, list...)
		want[vendor+"/"+band(i)] += stored
	}
	for k := range 20 {
		step := time.Duration(k) * time.Second
		add(0, 1, say(0, now.Add(-3*time.Hour).Add(step), k)) // 3 h slow
		add(1, 0, say(1, now.Add(3*time.Hour).Add(step), k))  // 3 h fast: refused
		add(3, 0, say(3, time.Unix(int64(k), 0), k))          // stuck in 1970: refused
		refused += 2
		add(4, 1, say(4, now.Add(-time.Minute-step), k)) // the newest first
	}
	for k := range 20 { // jumps between right, an hour ago and a day ahead
		at := now.Add(-time.Duration(k) * time.Minute)
		switch k % 3 {
		case 1:
			at = at.Add(-time.Hour)
		case 2:
			at = at.Add(24 * time.Hour)
			refused++
			add(2, 0, say(2, at, k))
			continue
		}
		add(2, 1, say(2, at, k))
	}
	for range 3 { // the same three times, as after a lost PUBACK
		for k := range 10 {
			all = append(all, say(5, now.Add(-time.Duration(k)*time.Second), k))
		}
	}
	want[vendor+"/"+band(5)] = 10
	for k := range 5 { // 9 min ahead is still a clock that may be wrong a little
		add(6, 1, say(6, now.Add(9*time.Minute+time.Duration(k)*time.Second), k))
	}
	// A call for help counts whatever the clock says.
	help := calls(4)
	for i, at := range []time.Time{now.Add(3 * time.Hour), now.Add(-3 * time.Hour), time.Unix(0, 0), now.AddDate(0, -3, 0)} {
		help[i].payload = fmt.Appendf(nil, `{"ts":%d,"event":"sos"}`, at.UnixMilli())
	}
	if err := errors.Join(f.run(ctx, all), f.run(ctx, help)); err != nil {
		return err
	}
	if n := acknowledged(all) + acknowledged(help); n != len(all)+len(help) {
		return fmt.Errorf("%d of %d messages were acknowledged", n, len(all)+len(help))
	}
	have := map[string]int{}
	err = within(ctx, patience, fine, fmt.Sprint("stored as wanted: ", want), func() bool {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(s.data, "timeseries.db")+"?mode=ro")
		if err != nil {
			return false
		}
		defer db.Close() //nolint:errcheck // read only
		for device := range want {
			var n int
			if err := db.QueryRowContext(ctx, `SELECT count(*) FROM points p JOIN series s ON s.id = p.series WHERE s.metric = ? AND s.device = ?`, metric, device).Scan(&n); err != nil {
				return false
			}
			have[device] = n
		}
		for device, n := range want {
			if have[device] != n {
				return false
			}
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("%w; have %v", err, have)
	}
	if err := s.expectAlerts(ctx, h, help); err != nil {
		return err
	}
	letters := 0
	for cursor := ""; ; {
		body, err := s.get(ctx, "/api/v1/deadletters?limit=100&cursor="+cursor)
		if err != nil {
			return err
		}
		var page struct {
			Items []struct {
				Count int
			}
			Next *string
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return err
		}
		for _, l := range page.Items {
			letters += max(1, l.Count)
		}
		if page.Next == nil || *page.Next == "" {
			break
		}
		cursor = *page.Next
	}
	others, err := s.alerts(ctx, "")
	if err != nil {
		return err
	}
	calls, rest := 0, 0
	for _, list := range others {
		for _, a := range list {
			if a.Kind == "sos" {
				calls++
			} else {
				rest++
				h.say("an alert that nobody earned: %s", a.Kind)
			}
		}
	}
	h.say("of %d messages %d were to be refused, %d are dead letters; stored %v; alerts beside the 4 calls for help: %d", len(all), refused, letters, have, rest)
	switch {
	case letters < refused:
		return fmt.Errorf("%d dead letters, want %d", letters, refused)
	case rest != 0 || calls != 4:
		return fmt.Errorf("%d calls for help and %d other alerts", calls, rest)
	}
	return nil
}
