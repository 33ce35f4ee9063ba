package alerting_test

import (
	"errors"
	"testing"

	"shouwang/alerting"
)

func TestEveryStateAndAction(t *testing.T) {
	const no = alerting.State("")
	columns := []alerting.State{"open", "acknowledged", "dispatched", "visited", "closed"}
	table := map[alerting.Action][5]alerting.State{
		"ack":      {"acknowledged", no, no, no, no},
		"assign":   {"open", "acknowledged", "dispatched", "visited", no},
		"note":     {"open", "acknowledged", "dispatched", "visited", "closed"},
		"call":     {"open", "acknowledged", "dispatched", "visited", no},
		"escalate": {"open", "acknowledged", "dispatched", "visited", no},
		"merge":    {"closed", "closed", no, no, no},
		"reopen":   {no, "open", no, no, "open"},
		"lower":    {no, "acknowledged", "dispatched", "visited", no},
		"close":    {"closed", "closed", "closed", "closed", no},
		"dispatch": {"dispatched", "dispatched", "dispatched", "dispatched", no},
		"start":    {"open", "acknowledged", "dispatched", "visited", no},
		"report":   {"visited", "visited", "visited", "visited", "closed"},
		"cancel":   {"open", "acknowledged", "acknowledged", "visited", no},
	}
	if len(table) != len(alerting.Actions()) || len(columns) != len(alerting.States()) {
		t.Fatal("the test does not cover every state and action")
	}
	for action, row := range table {
		for i, from := range columns {
			got, err := from.Next(action)
			if row[i] == no {
				var refused *alerting.StateError
				if !errors.As(err, &refused) || refused.State != from || refused.Action != string(action) || got != from {
					t.Errorf("%s × %s: got %s, %v; want a refusal that names both", from, action, got, err)
				}
				continue
			}
			if err != nil || got != row[i] {
				t.Errorf("%s × %s: got %s, %v; want %s", from, action, got, err, row[i])
			}
		}
	}
}

func TestEveryVisitStateAndAction(t *testing.T) {
	const no = alerting.VisitState("")
	states := []alerting.VisitState{"planned", "started", "reported", "canceled"}
	table := map[alerting.Action][4]alerting.VisitState{
		"start":  {"started", no, no, no},
		"report": {"reported", "reported", no, "reported"},
		"cancel": {"canceled", "canceled", no, no},
	}
	for _, action := range alerting.Actions() {
		row := table[action]
		for i, from := range states {
			got, err := from.Next(action)
			if ok := err == nil; ok != (row[i] != no) || ok && got != row[i] {
				t.Errorf("%s × %s: got %s, %v; want %q", from, action, got, err, row[i])
			}
		}
	}
}
