package dashboard

import (
	"testing"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// That an erasure has changed the log is on nobody's board.
func TestTheLogsOwnEntriesAreNoFrames(t *testing.T) {
	c := client{d: &Dashboard{}, caller: &access.Caller{Role: access.Administrator, Scope: devices.Scope{Areas: []devices.AreaPath{""}}}}
	if f, ok := c.frame(alerting.Event{Number: 7, Type: alerting.LogErased}); ok {
		t.Errorf("%+v", f)
	}
	if _, ok := c.frame(alerting.Event{Number: 8, Type: alerting.AlertUpdated, Alert: &alerting.Alert{}}); !ok {
		t.Error("nothing is seen at all")
	}
}
