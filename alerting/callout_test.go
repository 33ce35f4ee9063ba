package alerting_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/roster"
	"shouwang/devices"
)

// room is a world with people: a desk of the county and of the town, a helper in
// the village, and a supervisor. away are those who cannot be told.
type room struct {
	*world
	away map[string]bool
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{newWorld(t), map[string]bool{}}
	r.open()
	return r
}

// open lets the people in, after every start.
func (r *room) open() {
	r.store.Duty.People = func() *roster.People {
		return roster.NewPeople([]roster.Person{
			{User: "county", Role: "duty", Areas: []devices.AreaPath{"shen"}},
			{User: "town", Role: "town_duty", Areas: []devices.AreaPath{"shen/east"}},
			{User: "helper", Role: "assistant", Areas: []devices.AreaPath{"shen/east/hill"}},
			{User: "boss", Role: "supervisor", Areas: []devices.AreaPath{"shen"}},
		})
	}
	r.store.Duty.Reachable = func(user string, _ time.Time) bool { return !r.away[user] }
}

func (r *room) policy(p roster.Policy) {
	r.t.Helper()
	body, err := json.Marshal(p)
	r.must(err)
	_, err = r.store.ChangeRoster(r.ctx, roster.Change{What: roster.WhatPolicy, ID: roster.PolicyID(p.Area, p.Severity), Area: p.Area, Body: body, Reason: "test", By: "boss"})
	r.must(err)
}

// outbox is who is to be told and why, in order of key within a time.
func (r *room) outbox() []string {
	r.t.Helper()
	rows, err := r.db.Read.QueryContext(r.ctx, `SELECT reason, person, data FROM outbox WHERE alert <> '' ORDER BY at, person, key`)
	r.must(err)
	defer rows.Close() //nolint:errcheck // read to the end
	list := []string{}
	for rows.Next() {
		var reason, person, data string
		r.must(rows.Scan(&reason, &person, &data))
		var d struct{ Step int }
		r.must(json.Unmarshal([]byte(data), &d))
		list = append(list, fmt.Sprintf("%s %d %s", reason, d.Step, person))
	}
	r.must(rows.Err())
	return list
}

func (r *room) step(after time.Duration) {
	r.t.Helper()
	r.now = noon.Add(after)
	r.must(r.climb.Step(r.ctx, r.now))
}

// said are the steps the log tells of: step, and why it came early.
func (r *room) said() []string {
	list := []string{}
	for _, e := range r.events(0) {
		if e.Type == alerting.AlertEscalated {
			early, _ := e.Data["early"].(string)
			list = append(list, strings.TrimSpace(fmt.Sprint(e.Data["step"], " ", early)))
		}
	}
	return list
}

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

var inSteps = roster.Policy{Severity: alerting.Red, Area: "shen", Steps: []roster.Step{
	{Targets: []roster.Target{{User: "helper"}}},
	{AfterS: 30, Targets: []roster.Target{{User: "town"}}},
	{AfterS: 90, Targets: []roster.Target{{User: "county"}, {User: "boss"}}},
}}

func TestPeopleAreToldStepByStep(t *testing.T) {
	r := newRoom(t)
	r.policy(inSteps)
	r.cries("v/b1", "sos", r.now)
	same(t, "at once", r.outbox(), "opened 0 helper")
	r.step(29 * time.Second)
	same(t, "before its time", r.outbox(), "opened 0 helper")
	r.step(30 * time.Second)
	r.start()
	r.open()
	for range 3 {
		r.step(90 * time.Second)
	}
	same(t, "in the end", r.outbox(), "opened 0 helper", "escalated 1 town", "escalated 2 boss", "escalated 2 county")
	same(t, "the log", r.said(), "1", "2")
	if a := r.only(); a.EscalateAt != nil || a.Escalation != 2 {
		t.Errorf("%+v", a)
	}
}

func TestAcknowledgedIsToldToNobodyElse(t *testing.T) {
	r := newRoom(t)
	r.policy(inSteps)
	r.cries("v/b1", "sos", r.now)
	_, err := r.desk.Ack(r.ctx, r.only().ID, zhang)
	r.must(err)
	r.step(5 * time.Minute)
	same(t, "outbox", r.outbox(), "opened 0 helper")
}

func TestRingingAgainTellsAgain(t *testing.T) {
	r := newRoom(t)
	r.policy(inSteps)
	r.cries("v/b1", "sos", r.now)
	r.step(30 * time.Second)
	_, err := r.desk.Ack(r.ctx, r.only().ID, zhang)
	r.must(err)
	r.pass(time.Minute)
	_, err = r.desk.Reopen(r.ctx, r.only().ID, zhang, "nobody went")
	r.must(err)
	same(t, "outbox", r.outbox(), "opened 0 helper", "escalated 1 town", "opened 0 helper")
}

// What was taken and left rings again with everybody of the steps it had reached,
// each of them once.
func TestWhoStandsInSeveralStepsIsToldOnceOfOneRinging(t *testing.T) {
	r := newRoom(t)
	p := inSteps
	p.Steps = slices.Clone(inSteps.Steps)
	p.Steps[1].Targets = []roster.Target{{User: "helper"}, {User: "town"}}
	r.policy(p)
	r.cries("v/b1", "sos", r.now)
	r.step(30 * time.Second)
	before := len(r.outbox())
	r.pass(time.Second)
	_, err := r.desk.Ack(r.ctx, r.only().ID, zhang)
	r.must(err)
	r.step(11 * time.Minute)
	again := r.outbox()[before:]
	told := []string{}
	for _, n := range again {
		if strings.HasPrefix(n, "returned") && !strings.HasSuffix(n, zhang.User) {
			told = append(told, n)
		}
	}
	same(t, "told again", told, "returned 1 helper", "returned 1 town")
}

func TestEscalatedByHandToPeopleWhoCannotBeToldGoesFurther(t *testing.T) {
	r := newRoom(t)
	r.policy(inSteps)
	r.away["town"] = true
	r.cries("v/b1", "sos", r.now)
	r.pass(time.Second)
	a, err := r.desk.Escalate(r.ctx, r.only().ID, zhang, "help is needed")
	r.must(err)
	same(t, "log", r.said(), "1", "2 unreachable")
	if a.Escalation != 2 {
		t.Errorf("answered step %d", a.Escalation)
	}
	same(t, "outbox", r.outbox(), "opened 0 helper", "escalated 2 boss", "escalated 2 county", "escalated 1 town")
}

func TestRisingTellsThePeopleOfTheHigherSeverity(t *testing.T) {
	r := newRoom(t)
	r.policy(inSteps)
	r.policy(roster.Policy{Severity: alerting.Orange, Area: "shen", Steps: []roster.Step{{Targets: []roster.Target{{User: "town"}}}}})
	r.says("v/b1", "water", 2)
	r.pass(time.Minute)
	r.says("v/b1", "water", 3)
	same(t, "outbox", r.outbox(), "opened 0 town", "opened 0 helper")
	if a := r.only(); !a.EscalateAt.Equal(r.now.Add(30 * time.Second)) {
		t.Errorf("next step at %v", a.EscalateAt)
	}
}

func TestAStepOfPeopleWhoCannotBeToldIsSkipped(t *testing.T) {
	t.Run("the first", func(t *testing.T) {
		r := newRoom(t)
		r.policy(inSteps)
		r.away["helper"], r.away["town"] = true, true
		r.cries("v/b1", "sos", r.now)
		same(t, "log", r.said(), "1 unreachable", "2 unreachable")
		same(t, "outbox", r.outbox(), "escalated 2 boss", "escalated 2 county", "opened 0 helper", "escalated 1 town")
	})
	t.Run("one in the middle", func(t *testing.T) {
		r := newRoom(t)
		r.policy(inSteps)
		r.away["town"] = true
		r.cries("v/b1", "sos", r.now)
		r.step(30 * time.Second)
		same(t, "log", r.said(), "1", "2 unreachable")
	})
	t.Run("nobody can be told: the steps keep their times", func(t *testing.T) {
		r := newRoom(t)
		r.policy(inSteps)
		for _, u := range []string{"helper", "town", "county", "boss"} {
			r.away[u] = true
		}
		r.cries("v/b1", "sos", r.now)
		r.step(29 * time.Second)
		same(t, "log", r.said())
		r.step(90 * time.Second)
		same(t, "log", r.said(), "1", "2")
	})
}

func TestWhatNobodyHasSeenEscalatesEarly(t *testing.T) {
	hurried := inSteps
	hurried.UnseenS = 20
	hurried.Steps = slices.Clone(inSteps.Steps)
	hurried.Steps[1].AfterS, hurried.Steps[2].AfterS = 60, 180
	scope := devices.Scope{Areas: []devices.AreaPath{"shen"}}
	t.Run("nobody", func(t *testing.T) {
		r := newRoom(t)
		r.policy(hurried)
		r.cries("v/b1", "sos", r.now)
		r.step(20*time.Second - time.Microsecond)
		same(t, "too early", r.said())
		r.step(20 * time.Second)
		same(t, "after 20 s", r.said(), "1 unseen")
		r.step(40 * time.Second)
		same(t, "after another 20 s", r.said(), "1 unseen", "2 unseen")
		r.step(10 * time.Minute)
		same(t, "in the end", r.said(), "1 unseen", "2 unseen")
	})
	t.Run("a board has shown it", func(t *testing.T) {
		r := newRoom(t)
		r.policy(hurried)
		r.cries("v/b1", "sos", r.now)
		r.pass(3 * time.Second)
		for range 2 { // boards say it again and again
			_, err := r.store.Seen(r.ctx, "county", scope, 0, r.newest(), r.now)
			r.must(err)
		}
		a := r.only()
		if a.DeliveredAt == nil || !a.DeliveredAt.Equal(r.now) || *a.DeliveredTo != "county" {
			t.Fatalf("delivered %v %v", a.DeliveredAt, a.DeliveredTo)
		}
		r.step(59 * time.Second)
		same(t, "log", r.said())
		r.step(60 * time.Second)
		same(t, "by the clock", r.said(), "1")
		n := 0
		for _, e := range r.events(0) {
			if e.Data["action"] == "seen" {
				n++
				if e.Data["seconds"] != 3.0 || e.Actor != "county" {
					t.Errorf("%+v", e)
				}
			}
		}
		if n != 1 {
			t.Errorf("%d events say that it was seen", n)
		}
	})
	t.Run("a board of another town, or one that is not so far", func(t *testing.T) {
		r := newRoom(t)
		r.policy(hurried)
		before := r.newest()
		r.cries("v/b1", "sos", r.now)
		for _, s := range []struct {
			scope       devices.Scope
			after, upTo int64
		}{{devices.Scope{Areas: []devices.AreaPath{"shen/west"}}, 0, r.newest()}, {scope, 0, before}, {scope, r.newest(), r.newest() + 5}} {
			n, err := r.store.Seen(r.ctx, "county", s.scope, s.after, s.upTo, r.now)
			r.must(err)
			if n != 0 || r.only().DeliveredAt != nil {
				t.Errorf("%+v counts", s)
			}
		}
	})
	t.Run("a receipt of a channel", func(t *testing.T) {
		r := newRoom(t)
		r.policy(hurried)
		r.cries("v/b1", "sos", r.now)
		r.must(r.store.Delivered(r.ctx, r.only().ID, "helper", "sms", r.now.Add(5*time.Second)))
		r.must(r.store.Delivered(r.ctx, r.only().ID, "town", "sms", r.now.Add(6*time.Second)))
		r.must(r.store.Delivered(r.ctx, "nothing", "town", "sms", r.now))
		r.step(30 * time.Second)
		same(t, "log", r.said())
		seen, err := r.store.SeenBy(r.ctx, r.only().ID)
		r.must(err)
		if len(seen) != 2 || seen[0].Person != "helper" || seen[0].Via != "sms" || *r.only().DeliveredTo != "helper" {
			t.Errorf("%+v", seen)
		}
	})
	t.Run("where nobody else can be told either, hurrying helps nobody", func(t *testing.T) {
		r := newRoom(t)
		r.policy(hurried)
		r.away["town"], r.away["county"], r.away["boss"] = true, true, true
		r.cries("v/b1", "sos", r.now)
		r.step(59 * time.Second)
		same(t, "log", r.said())
	})
	t.Run("it rings again and must be seen again", func(t *testing.T) {
		r := newRoom(t)
		r.policy(hurried)
		r.cries("v/b1", "sos", r.now)
		_, err := r.store.Seen(r.ctx, "county", scope, 0, r.newest(), r.now)
		r.must(err)
		_, err = r.desk.Ack(r.ctx, r.only().ID, zhang)
		r.must(err)
		r.pass(time.Minute)
		_, err = r.desk.Reopen(r.ctx, r.only().ID, zhang, "again")
		r.must(err)
		if a := r.only(); a.DeliveredAt != nil {
			t.Fatalf("%+v", a)
		}
		r.step(80 * time.Second)
		same(t, "log", r.said(), "1 unseen")
	})
}

func TestYellowAtNightWaitsForTheMorning(t *testing.T) {
	r := newRoom(t)
	late := time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC)
	r.now = late
	r.says("v/b1", "water", 1)
	morning := late.Add(7 * time.Hour)
	a := r.only()
	if a.WaitsUntil == nil || !a.WaitsUntil.Equal(morning) || !a.EscalateAt.Equal(morning.Add(30*time.Minute)) {
		t.Fatalf("waits until %v, next step %v", a.WaitsUntil, a.EscalateAt)
	}
	r.must(r.climb.Step(r.ctx, morning.Add(-time.Second)))
	same(t, "at night", r.outbox())
	for range 2 {
		r.now = morning.Add(300 * time.Millisecond)
		r.must(r.climb.Step(r.ctx, r.now))
		r.start()
		r.open()
	}
	same(t, "in the morning", r.outbox(), "opened 0 county", "opened 0 town")
	if a := r.only(); a.WaitsUntil != nil || !a.EscalateAt.Equal(r.now.Add(30*time.Minute)) {
		t.Errorf("%+v", a)
	}
	// What gets worse does not wait.
	r.now = late.Add(24 * time.Hour)
	r.says("v/b2", "water", 1)
	r.pass(time.Minute)
	r.says("v/b2", "water", 3)
	for _, a := range r.alerts(alerting.AlertFilter{Resident: li}) {
		if a.WaitsUntil != nil || !a.EscalateAt.Equal(r.now.Add(time.Minute)) {
			t.Errorf("red waits: %+v", a)
		}
	}
}

// A thousand red alerts at once: everybody is told of each once, over restarts and
// steps that are tried again.
func TestAThousandAtOnceAreToldOnce(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	r := newRoom(t)
	r.policy(inSteps)
	n := 1000
	if raced {
		n = 100
	}
	records := make([]devices.Record, n)
	for i := range records {
		id, who := devices.DeviceID(fmt.Sprintf("v/n%d", i)), fmt.Sprintf("n%d", i)
		r.dir.devices[id] = &devices.Device{ID: id, Kind: devices.Wristband, Area: "shen/east/hill"}
		r.dir.residents[who] = &devices.Resident{ID: who, Name: "某", Area: "shen/east/hill", State: devices.Active}
		r.dir.worn[id] = who
		records[i] = cry(id, "sos", r.now, r.now)
	}
	r.apply(records...)
	r.step(30 * time.Second)
	r.start()
	r.open()
	r.step(30 * time.Second)
	r.step(90 * time.Second)
	r.step(90 * time.Second)
	var notices, distinct, alerts int
	r.must(r.db.Read.QueryRowContext(r.ctx, `SELECT count(*), count(DISTINCT alert || person), count(DISTINCT alert) FROM outbox`).Scan(&notices, &distinct, &alerts))
	if notices != 4*n || distinct != 4*n || alerts != n {
		t.Errorf("%d notices, %d different, of %d alerts", notices, distinct, alerts)
	}
	if got := len(r.said()); got != 2*n {
		t.Errorf("%d steps", got)
	}
}
