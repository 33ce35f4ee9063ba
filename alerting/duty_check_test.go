package alerting_test

import (
	"context"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/devices/database/databasetest"
)

// A desk that does not answer within three minutes is told to its supervisor, once;
// one that answers is not.
func TestARandomTestOfTheDesk(t *testing.T) {
	ctx := t.Context()
	db := databasetest.Open(t)
	s := store.New(db)
	all := devices.Scope{Areas: []devices.AreaPath{""}}
	draws := []int{0, 600, 23, 1, 1800} // the first desk at ten past, the second not, the third at half past
	checks := &alerting.DutyChecks{
		Store: s,
		Desks: func(context.Context) ([]devices.AreaPath, error) {
			return []devices.AreaPath{"shen", "shen/east", "zao"}, nil
		},
		Supervisors: func(_ context.Context, a devices.AreaPath) ([]string, error) {
			return []string{"boss of " + string(a)}, nil
		},
		Uncovered: func(_ context.Context, from time.Time) ([]alerting.Uncovered, error) {
			return []alerting.Uncovered{{Area: "shen/east/hill", From: from, To: from.Add(time.Hour)}}, nil
		},
		Draw: func(int) int {
			n := draws[0]
			draws = draws[1:]
			return n
		},
	}
	hour := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	step := func(after time.Duration) {
		t.Helper()
		if err := checks.Step(ctx, hour.Add(after)); err != nil {
			t.Fatal(err)
		}
	}
	step(0)
	step(time.Second) // the hour is drawn once
	asked := func(at time.Duration) []alerting.DutyCheck {
		t.Helper()
		list, err := s.DutyChecks(ctx, all, "", hour, hour.Add(time.Hour), hour.Add(at))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	if list := asked(9 * time.Minute); len(list) != 0 {
		t.Fatalf("known before it is asked: %v", list)
	}
	first := asked(10 * time.Minute)
	if len(first) != 1 || first[0].Area != "shen" {
		t.Fatalf("at ten past: %v", first)
	}
	if _, err := s.AnswerDutyCheck(ctx, all, first[0].ID, alerting.Actor{User: "zhao"}, hour.Add(12*time.Minute)); err != nil {
		t.Fatal(err)
	}
	step(14 * time.Minute)
	step(34 * time.Minute)
	step(35 * time.Minute)
	told := func() (people []string) {
		t.Helper()
		rows, err := db.Read.QueryContext(ctx, `SELECT person FROM outbox WHERE reason = 'unattended'`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close() //nolint:errcheck // read to its end
		for rows.Next() {
			var who string
			if err := rows.Scan(&who); err != nil {
				t.Fatal(err)
			}
			people = append(people, who)
		}
		return people
	}
	if people := told(); len(people) != 1 || people[0] != "boss of zao" {
		t.Errorf("told: %v, want the supervisor of the desk that did not answer, once", people)
	}
	alone, err := s.Uncovered(ctx, all, "shen", hour, hour.Add(time.Hour))
	if err != nil || len(alone) != 1 {
		t.Errorf("uncovered: %v, %v", alone, err)
	}
}
