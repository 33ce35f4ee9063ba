package store_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/roster"
	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/devices/database/databasetest"
)

// What was entered is there after a restart, with who entered it and why, and
// what was taken away is not.
func TestRosterOutlivesARestart(t *testing.T) {
	ctx := t.Context()
	db := databasetest.Open(t)
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	open := func() *store.Store {
		s := store.New(db)
		s.Duty.Zone = zone
		if _, err := s.Load(ctx); err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	enter := func(what, id string, area devices.AreaPath, body any) error {
		c := roster.Change{What: what, ID: id, Area: area, By: "boss", Reason: "because"}
		if body != nil {
			if c.Body, err = json.Marshal(body); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.ChangeRoster(ctx, c)
		return err
	}
	rota := roster.Rota{ID: "desk", Name: "台", Area: "x", Turn: roster.TurnDay, Start: "2026-11-23", Handovers: []string{"08:00"}, Teams: [][]string{{"an"}, {"bo"}}}
	policy := roster.Policy{Area: "x", Severity: alerting.Red, UnseenS: 9, Steps: []roster.Step{{Targets: []roster.Target{{Rota: "desk"}}}}}
	o := roster.Override{ID: "o1", Rota: "desk", From: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), By: "chen"}
	var refused *alerting.InputError
	if err := enter(roster.WhatPolicy, roster.PolicyID("x", alerting.Red), "x", policy); !errors.As(err, &refused) {
		t.Fatalf("a policy with a rota that is not there: %v", err)
	}
	for _, e := range []error{
		enter(roster.WhatRota, "desk", "x", rota),
		enter(roster.WhatPolicy, roster.PolicyID("x", alerting.Red), "x", policy),
		enter(roster.WhatOverride, "o1", "x", o),
		enter(roster.WhatOverride, "o1", "x", nil),
	} {
		if e != nil {
			t.Fatal(e)
		}
	}
	s = open()
	r := s.Roster()
	if p, entered := r.Policy("x/a/1", alerting.Red, nil); !entered || p.UnseenS != 9 {
		t.Errorf("%+v", p)
	}
	if got := r.OnDuty("desk", time.Date(2026, 11, 24, 4, 0, 0, 0, time.UTC)); len(got) != 1 || got[0] != "bo" {
		t.Errorf("on duty: %v", got)
	}
	if len(r.Overrides()) != 0 {
		t.Errorf("%+v", r.Overrides())
	}
	changes, err := s.RosterChanges(ctx, 3, func(a devices.AreaPath) bool { return a == "x" })
	if err != nil || len(changes) != 3 || len(changes[0].Body) != 0 || changes[2].What != roster.WhatPolicy || changes[0].By != "boss" || changes[0].Reason != "because" {
		t.Errorf("%+v %v", changes, err)
	}
	// Told twice of one day is told once.
	n := alerting.Notice{Key: "coverage/2026-11-24/x/boss", Person: "boss", Reason: alerting.NoticeCoverage, Area: "x", At: time.Now()}
	for range 2 {
		if err := s.TellGaps(ctx, []alerting.Notice{n}); err != nil {
			t.Fatal(err)
		}
	}
	var notices int
	if err := db.Read.QueryRowContext(ctx, `SELECT count(*) FROM outbox`).Scan(&notices); err != nil || notices != 1 {
		t.Errorf("%d notices, %v", notices, err)
	}
}
