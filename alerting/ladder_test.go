package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// The way to a person, rung by rung, as the desk climbs it.
func TestContactLadder(t *testing.T) {
	rules := alerting.DefaultRules().Visits
	alert := &alerting.Alert{ID: "a1", RangAt: noon}
	who := &devices.Resident{ID: wang, Phone: "13812345678", Contacts: []devices.ContactPerson{
		{Name: "李邻", Relation: "邻居", Phone: "13900000001"}, {Name: "王小", Relation: "儿子", Phone: "13900000002"}, {Name: "王丫", Relation: "女儿", Phone: "13900000003"},
	}}
	call := func(whom, result string, minute int) alerting.CallRecord {
		return alerting.CallRecord{Whom: whom, Result: result, Started: noon.Add(time.Duration(minute) * time.Minute), By: "zhang"}
	}
	var calls []alerting.CallRecord
	var visits []alerting.Visit
	next := func() (alerting.Ladder, string) {
		l := alerting.NewLadder(alerting.LadderFor{Alert: alert, Resident: who, Assistants: []string{"村协理员"}, Calls: calls, Visits: visits, Rules: &rules})
		if l.Next < 0 {
			return l, ""
		}
		r := l.Rungs[l.Next]
		if r.State != alerting.RungNext {
			t.Errorf("the next rung is %s", r.State)
		}
		return l, string(r.Kind) + " " + r.Whom
	}
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, "resident resident"},
		{func() { calls = append(calls, call("resident", "answered", -60)) }, "resident resident"}, // before it rang
		{func() { calls = append(calls, call("resident", "no_answer", 1)) }, "contact 王小"},
		{func() { calls = append(calls, call("王小", "wrong_number", 2)) }, "contact 王丫"},
		{func() { calls = append(calls, call("王丫", "answered", 3)) }, "neighbour 李邻"},
		{func() { calls = append(calls, call("李邻", "busy", 4)) }, "assistant 村协理员"},
		{func() { calls = append(calls, call("村协理员", "no_answer", 5)) }, "door "},
		{func() { visits = []alerting.Visit{{State: alerting.VisitPlanned}} }, "emergency 120"},
		{func() {
			visits[0] = alerting.Visit{State: alerting.VisitReported, Report: &alerting.Report{Outcome: alerting.AwayFromHome, At: noon.Add(30 * time.Minute)}}
		}, "emergency 120"},
		{func() { calls = append(calls, call("120", "answered", 31)) }, "emergency 110"},
	} {
		step.do()
		l, got := next()
		if got != step.want || l.Reached {
			t.Errorf("after %d calls the next is %q (reached %v), want %q", len(calls), got, l.Reached, step.want)
		}
		if n := l.Rungs[0].Number; n != "138****5678" {
			t.Errorf("the number shows as %s", n)
		}
	}
	calls = append(calls, call("resident", "answered", 40))
	if l, got := next(); got != "" || !l.Reached {
		t.Errorf("the resident has answered, and the next is %q", got)
	}
	calls = nil
	visits[0].Report.Outcome = alerting.Assisted
	if l, got := next(); got != "" || !l.Reached {
		t.Errorf("the resident was met, and the next is %q", got)
	}
	// Two tries each, and nobody of the village.
	visits, rules.Tries, rules.Neighbour = nil, 2, false
	calls = []alerting.CallRecord{call("resident", "no_answer", 1)}
	if _, got := next(); got != "resident resident" {
		t.Errorf("after one try of two the next is %q", got)
	}
	calls = append(calls, call("resident", "no_answer", 2), call("王小", "answered", 3), call("王丫", "answered", 4))
	if _, got := next(); got != "door " {
		t.Errorf("without neighbours the next is %q", got)
	}
	// Whom nobody has a number of is no reason to stop on the way to the door.
	rules.Tries, rules.Neighbour = 1, true
	who = &devices.Resident{ID: wang, Contacts: []devices.ContactPerson{{Name: "王小", Relation: "儿子"}}}
	l := alerting.NewLadder(alerting.LadderFor{Alert: alert, Resident: who, Rules: &rules})
	if r := l.Rungs[max(0, l.Next)]; r.Kind != alerting.RungDoor {
		t.Errorf("without any number the next is %s %s", r.Kind, r.Whom)
	}
}
