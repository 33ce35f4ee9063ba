package dashboard

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// Two who press the button at once: one has it, the other is told who.
func TestOfTwoWhoAcknowledgeOneIsToldWho(t *testing.T) {
	c := newCounty(t)
	who := []access.Role{access.Duty, access.TownDuty}
	var status [2]int
	var body [2]map[string]any
	var wg sync.WaitGroup
	start := make(chan struct{})
	for i, role := range who {
		wg.Go(func() {
			<-start
			status[i], body[i], _ = c.as(role, "POST", "/api/v1/alerts/"+c.here.alert+"/ack", nil)
		})
	}
	close(start)
	wg.Wait()
	won := slices.Index(status[:], http.StatusOK)
	if won < 0 || status[1-won] != http.StatusConflict {
		t.Fatalf("%v", status)
	}
	winner, lost := string(who[won]), body[1-won]
	if lost["by"] != winner || lost["state"] != "acknowledged" || !strings.Contains(lost["detail"].(string), winner) {
		t.Errorf("the second is told %v, and %s has it", lost, winner)
	}
	if body[won]["assignee"] != winner || body[won]["ack_due"] == nil {
		t.Errorf("%v", body[won])
	}
	_, now, _ := c.as(who[1-won], "GET", "/api/v1/alerts/"+c.here.alert, nil)
	if now["assignee"] != winner {
		t.Errorf("%v", now)
	}
}

func TestSeverityIsLoweredWithAReason(t *testing.T) {
	c := newCounty(t)
	path := "/api/v1/alerts/" + c.here.alert
	lower := func(severity, reason string) int {
		status, _, _ := c.as(access.Duty, "POST", path+"/lower", map[string]any{"severity": severity, "reason": reason})
		return status
	}
	if got := lower("yellow", "is well"); got != http.StatusConflict {
		t.Errorf("nobody has acknowledged it: %d", got)
	}
	c.as(access.Duty, "POST", path+"/ack", nil)
	for _, test := range []struct {
		severity, reason string
		want             int
	}{{"yellow", "", 422}, {"red", "x", 422}, {"pink", "x", 422}, {"yellow", "spoken to", 200}, {"orange", "x", 409}} {
		if got := lower(test.severity, test.reason); got != test.want {
			t.Errorf("%v: %d", test, got)
		}
	}
	_, audit, _ := c.as(access.Administrator, "GET", "/api/v1/audit", nil)
	if said := text(audit); !strings.Contains(said, "lower-alert") || strings.Contains(said, "spoken to") {
		t.Errorf("audit: %s", said)
	}
}

func TestCallsOverHTTP(t *testing.T) {
	c := newCounty(t)
	must(t, c.registry.PutResident(t.Context(), devices.Resident{
		ID: c.here.resident, Name: "王", Area: c.here.village, Tier: devices.TierGreen, State: devices.Active, Phone: "13812345678",
	}))
	path := "/api/v1/alerts/" + c.here.alert
	next := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	status, a, _ := c.as(access.Duty, "POST", path+"/call", map[string]any{"direction": "out", "whom": "resident", "result": "busy", "seconds": 12, "next_call": next})
	if status != http.StatusOK || a["next_call"] != next.Format(time.RFC3339) {
		t.Fatalf("%d %v", status, a)
	}
	_, calls, _ := c.as(access.Auditor, "GET", path+"/calls", nil)
	one := calls["items"].([]any)[0].(map[string]any)
	if one["number"] != "138****5678" || one["by"] != "duty" || one["direction"] != "out" || one["seconds"] != 12.0 {
		t.Errorf("%v", one)
	}
	if r := one["resident"].(map[string]any); r["name"] != "*" {
		t.Errorf("the auditor reads %v", r)
	}
	_, calls, _ = c.as(access.Duty, "GET", path+"/calls", nil)
	if r := calls["items"].([]any)[0].(map[string]any)["resident"].(map[string]any); r["name"] != "王" {
		t.Errorf("the desk reads %v", r)
	}
	status, _, _ = c.as(access.Duty, "POST", path+"/call", map[string]any{"direction": "in", "whom": "王小明", "result": "answered"})
	if _, log, _ := c.as(access.Auditor, "GET", path+"/log", nil); status != http.StatusOK || strings.Contains(text(log), "小明") {
		t.Errorf("%d %v", status, log)
	}
	_, log, _ := c.as(access.Duty, "GET", path+"/log", nil)
	if strings.Contains(text(log)+text(calls), "12345678") {
		t.Error("the number is whole")
	}
}

// Promised calls are shown to whoever may see the alert, and to nobody else.
func TestCallbacksOfOthers(t *testing.T) {
	c := newCounty(t)
	for _, h := range []house{c.here, c.there} {
		status, body, _ := c.as(access.Administrator, "POST", "/api/v1/alerts/"+h.alert+"/call", map[string]any{"whom": "resident", "result": "busy", "next_call": time.Now().Add(time.Hour)})
		if status != http.StatusOK {
			t.Fatal(text(body))
		}
	}
	for role, want := range map[access.Role][]string{
		access.Administrator: {c.here.alert, c.there.alert}, access.Duty: {c.here.alert}, access.Assistant: {c.here.alert},
		access.Provider: {c.here.alert}, access.Auditor: {c.here.alert}, townAdministrator: {c.here.alert},
	} {
		_, body, _ := c.as(role, "GET", "/api/v1/calls", nil)
		var got []string
		for _, item := range body["items"].([]any) {
			got = append(got, item.(map[string]any)["alert"].(string))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s sees %v, want %v", role, got, want)
		}
	}
	_, body, _ := c.as(access.Duty, "GET", "/api/v1/calls?due="+time.Now().UTC().Format(time.RFC3339), nil)
	if items := body["items"].([]any); len(items) != 0 {
		t.Errorf("not due yet: %v", items)
	}
}

// An outage names to each only those whom they may see: in the alert, in its log,
// in lists, and in the live view.
func TestAnOutageNamesOnlyWhomTheCallerMaySee(t *testing.T) {
	c := newCounty(t)
	id := c.outage("xian", c.here, c.there)
	// Whoever watches the one town, and is shown the county's outages.
	must(t, c.access.Create(t.Context(), access.Account{Username: "county", Name: "county", Role: access.Duty, Areas: []devices.AreaPath{"xian"}}, ""))
	var err error
	c.tokens["county"], err = c.access.NewToken(t.Context(), "county")
	must(t, err)
	for _, h := range []house{c.here, c.there} {
		status, body, _ := c.as("county", "POST", "/api/v1/alerts/"+id+"/call", map[string]any{"whom": "resident", "result": "no_answer", "note": "about " + h.resident, "resident": h.resident})
		if status != http.StatusOK {
			t.Fatal(text(body))
		}
	}
	paths := []string{"/api/v1/alerts/" + id, "/api/v1/alerts/" + id + "/residents", "/api/v1/alerts/" + id + "/log", "/api/v1/alerts/" + id + "/calls"}
	for _, path := range paths {
		status, body, _ := c.as("county", "GET", path, nil)
		if said := text(body); status != 200 || !strings.Contains(said, c.here.resident) || !strings.Contains(said, c.there.resident) {
			t.Errorf("who may see both at %s: %d %s", path, status, said)
		}
	}
	// One moves out of what they may see: the outage stays theirs.
	must(t, c.registry.PutArea(t.Context(), devices.Area{Path: "other", Name: "外县"}))
	must(t, c.registry.PutResident(t.Context(), devices.Resident{ID: c.there.resident, Name: "王v2", Area: "other", Tier: devices.TierGreen, State: devices.Active}))
	for _, path := range append(paths, "/api/v1/alerts?kind=data_outage") {
		status, body, _ := c.as("county", "GET", path, nil)
		said := text(body)
		if status != 200 || strings.Contains(said, `"`+c.there.resident+`"`) || strings.Contains(said, "about "+c.there.resident) || strings.Contains(said, "王v2") {
			t.Errorf("%s names whom the caller may not see: %s", path, said)
		}
		if strings.HasSuffix(path, "residents") && !strings.Contains(said, c.here.resident) {
			t.Errorf("%s names nobody: %s", path, said)
		}
	}
	// No frame names anybody of an outage.
	events, err := c.store.EventsAfter(t.Context(), 0, 1000)
	must(t, err)
	for _, e := range events {
		if e.Alert == nil || e.Alert.ID != id {
			continue
		}
		if _, named := e.Alert.Evidence["residents"]; named {
			t.Errorf("event %d has all residents", e.Number)
		}
	}
}

// outage opens one of an area with the houses behind it, as the engine writes one.
func (c *county) outage(area devices.AreaPath, houses ...house) string {
	now := time.Now().UTC().Truncate(time.Microsecond)
	one := &alerting.Case{Alert: alerting.Alert{
		ID: uuid.NewString(), Kind: alerting.KindDataOutage, Severity: alerting.Orange, State: alerting.Open,
		Subject: alerting.Subject{Type: alerting.SubjectArea, ID: string(area)}, Area: area, Since: now, OpenedAt: now, RangAt: now, FoundAt: now, KnownAt: now,
		Evidence: map[string]any{"cause": "storm"}, Rule: alerting.RuleRef{ID: "storm", Version: 1},
	}}
	must(c.t, c.store.Tx(context.Background(), func(tx alerting.Tx) error {
		if err := tx.PutAlert(one); err != nil {
			return err
		}
		for _, h := range houses {
			err := tx.PutMember(one.ID, alerting.Member{
				Subject: alerting.DeviceSubject(h.device), Kind: alerting.KindDeviceSilent, Episode: now, Area: h.village,
				Resident: &alerting.ResidentRef{ID: h.resident, Name: "王"}, Severity: alerting.Blue,
			})
			if err != nil {
				return err
			}
		}
		return tx.AddEvent(alerting.Change{Type: alerting.AlertOpened, At: now, Case: one, Actor: alerting.System()})
	}))
	return one.ID
}
