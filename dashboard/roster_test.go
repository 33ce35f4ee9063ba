package dashboard

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"shouwang/alerting"
	"shouwang/alerting/roster"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// rota enters a rota of an area, without asking who may.
func (c *county) rota(id string, area devices.AreaPath) roster.Rota {
	c.t.Helper()
	r := roster.Rota{
		ID: id, Name: "值班台", Area: area, Turn: roster.TurnDay, Start: "2026-01-01", Handovers: []string{"08:00"}, Teams: [][]string{{"duty"}, {"town_duty"}},
	}
	c.roster(roster.Change{What: roster.WhatRota, ID: id, Area: area}, r)
	return r
}

func (c *county) roster(ch roster.Change, body any) {
	c.t.Helper()
	var err error
	if body != nil {
		ch.Body, err = json.Marshal(body)
		must(c.t, err)
	}
	ch.Reason, ch.By = "test", "duty"
	_, err = c.store.ChangeRoster(c.t.Context(), ch)
	must(c.t, err)
}

// override puts one on a rota and returns its id.
func (c *county) override(rota string, area devices.AreaPath) string {
	id := "o-" + rota
	c.roster(roster.Change{What: roster.WhatOverride, ID: id, Area: area}, roster.Override{ID: id, Rota: rota, From: time.Now(), To: time.Now().Add(time.Hour), By: "assistant"})
	return id
}

func (c *county) holiday(rota string, area devices.AreaPath) string {
	id := "h-" + rota
	c.roster(roster.Change{What: roster.WhatHoliday, ID: id, Area: area}, roster.Holiday{ID: id, Rota: rota, Name: "春节", From: "2027-02-06", To: "2027-02-08", People: []string{"duty"}})
	return id
}

// rosterSteps are the walk's steps through the routes of the roster: every house
// has a rota with a replacement and a holiday.
func (c *county) rosterSteps() map[string]step {
	none := func(house) any { return nil }
	rota := func(h house) string { return "rota-" + h.device.Vendor() }
	for _, h := range []house{c.here, c.there} {
		c.rota(rota(h), h.village)
		c.override(rota(h), h.village)
		c.holiday(rota(h), h.village)
	}
	path := func(before string, id func(house) string) func(house) string {
		return func(h house) string { return "/api/v1/roster/" + before + id(h) }
	}
	village := func(h house) string { return string(h.village) }
	fresh := func(h house) string { // one that can be taken away each time
		c.rota("gone-"+h.device.Vendor(), h.village)
		return "gone-" + h.device.Vendor()
	}
	return map[string]step{
		"get-duty-now":  {path: path("now?area=", village), body: none},
		"get-coverage":  {path: path("coverage?area=", village), body: none},
		"list-policies": {path: path("policies?area=", village), body: none},
		"put-policy": {body: func(h house) any {
			return map[string]any{"area": h.village, "severity": "red", "unseen_s": 20, "reason": "x", "steps": []any{
				map[string]any{"after_s": 0, "targets": []any{map[string]any{"rota": rota(h)}, map[string]any{"role": "duty"}}},
			}}
		}},
		"list-rotas": {list: true},
		"put-rota": {path: path("rotas/", rota), body: func(h house) any {
			return map[string]any{"name": "台", "area": h.village, "turn": "week", "start": "2026-11-23", "handovers": []any{"08:00"}, "teams": []any{[]any{"duty"}}, "reason": "x"}
		}},
		"remove-rota":    {path: path("rotas/", fresh), body: none},
		"list-overrides": {list: true},
		"put-override": {body: func(h house) any {
			return map[string]any{"rota": rota(h), "from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z", "by": "duty", "reason": "ill"}
		}},
		"remove-override": {path: path("overrides/", func(h house) string { return c.override(rota(h), h.village) }), body: none},
		"list-holidays":   {list: true},
		"put-holiday": {body: func(h house) any {
			return map[string]any{"rota": rota(h), "name": "国庆", "from": "2027-10-01", "to": "2027-10-07", "people": []any{"duty"}, "reason": "x"}
		}},
		"remove-holiday":    {path: path("holidays/", func(h house) string { return c.holiday(rota(h), h.village) }), body: none},
		"get-duty-settings": {global: true},
		// Whose word it may be is TestDutySettingsAreTheServices.
		"put-duty-settings":    {global: true, own: http.StatusUnprocessableEntity, body: func(house) any { return map[string]any{"reason": "x"} }},
		"list-roster-changes":  {list: true},
		"list-alert-sightings": {path: func(h house) string { return "/api/v1/alerts/" + h.alert + "/seen" }, body: none},
	}
}

func TestDutySettingsAreTheServices(t *testing.T) {
	c := newCounty(t)
	_, settings, _ := c.as(access.Supervisor, "GET", "/api/v1/roster/settings", nil)
	if settings["idle_min"] != 20.0 {
		t.Fatalf("%v", settings)
	}
	settings["idle_min"], settings["reason"] = 5, "quiet room"
	for user, want := range map[access.Role]int{access.Supervisor: http.StatusForbidden, access.Administrator: http.StatusOK} {
		if got, out, _ := c.as(user, "PUT", "/api/v1/roster/settings", settings); got != want {
			t.Errorf("%s: %d, want %d: %s", user, got, want, text(out))
		}
	}
	if _, now, _ := c.as(access.Supervisor, "GET", "/api/v1/roster/settings", nil); now["idle_min"] != 5.0 {
		t.Errorf("%v", now)
	}
	settings["night"] = map[string]any{"from": "22:00", "to": "06:00", "rules": []any{map[string]any{"severity": "red", "wait": true}}}
	got, out, _ := c.as(access.Administrator, "PUT", "/api/v1/roster/settings", settings)
	if got != http.StatusUnprocessableEntity || !strings.Contains(text(out), "night.rules[0].severity") {
		t.Errorf("red may wait: %d %s", got, text(out))
	}
}

func TestWhoWouldBeToldAtWhichSecond(t *testing.T) {
	c := newCounty(t, people(), func(o *Options) {
		o.Reachable = func(user string, _ time.Time) bool { return user == "assistant" }
	})
	c.rota("desk", "xian/a")
	got, out, _ := c.as(access.Supervisor, "PUT", "/api/v1/roster/policies", map[string]any{
		"area": "xian/a", "severity": "red", "unseen_s": 15, "reason": "a desk of our own", "steps": []any{
			map[string]any{"after_s": 0, "targets": []any{map[string]any{"rota": "desk"}}},
			map[string]any{"after_s": 45, "targets": []any{map[string]any{"role": "assistant", "level": "village"}, map[string]any{"provider": true}}},
		},
	})
	if got != http.StatusOK || out["entered"] != true {
		t.Fatalf("%d %s", got, text(out))
	}
	_, now, _ := c.as(access.Supervisor, "GET", "/api/v1/roster/now?area=xian/a/1", nil)
	var v nowOut
	raw, err := json.Marshal(now)
	must(t, err)
	must(t, json.Unmarshal(raw, &v))
	if len(v.Steps) != 2 || len(v.Steps[0].People) != 1 || v.Steps[1].AfterS != 45 || v.UnseenS != 15 || v.Policy.Area != "xian/a" || len(v.OnDuty) != 1 || v.OnDuty[0].Until == nil {
		t.Fatalf("%s", raw)
	}
	named := map[string]bool{}
	for _, p := range v.Steps[1].People {
		named[p.User] = p.Reachable
	}
	if reachable, ok := named["assistant"]; !ok || !reachable {
		t.Errorf("the assistant is not told: %v", named)
	}
	if reachable, ok := named["provider"]; !ok || reachable {
		t.Errorf("the provider's people: %v", named)
	}
	// Without steps it inherits again.
	got, out, _ = c.as(access.Supervisor, "PUT", "/api/v1/roster/policies", map[string]any{"area": "xian/a", "severity": "red", "unseen_s": 0, "reason": "back", "steps": []any{}})
	if got != http.StatusOK || out["entered"] != false || len(out["steps"].([]any)) != 3 {
		t.Errorf("%d %s", got, text(out))
	}
	_, log, _ := c.as(access.Administrator, "GET", "/api/v1/audit", nil)
	if s := text(log); strings.Count(s, `"action":"put-policy"`) != 2 || !strings.Contains(s, "a desk of our own") {
		t.Errorf("not audited: %s", s)
	}
}

func TestRotaAndPolicyHoldOnToEachOther(t *testing.T) {
	c := newCounty(t, people())
	c.rota("desk", "xian/a")
	policy := func(rota string) map[string]any {
		return map[string]any{"area": "xian/a", "severity": "red", "unseen_s": 0, "reason": "x", "steps": []any{
			map[string]any{"after_s": 0, "targets": []any{map[string]any{"rota": rota}}}}}
	}
	for rota, want := range map[string]int{"desk": http.StatusOK, "none": http.StatusUnprocessableEntity} {
		if got, out, _ := c.as(access.Supervisor, "PUT", "/api/v1/roster/policies", policy(rota)); got != want {
			t.Errorf("%s: %d %s", rota, got, text(out))
		}
	}
	if got, out, _ := c.as(access.Supervisor, "DELETE", "/api/v1/roster/rotas/desk", nil); got != http.StatusUnprocessableEntity {
		t.Errorf("a rota that a policy names was taken away: %d %s", got, text(out))
	}
	got, out, _ := c.as(access.TownDuty, "POST", "/api/v1/roster/overrides", map[string]any{
		"rota": "desk", "from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z", "by": "nobody-here", "reason": "ill"})
	if got != http.StatusUnprocessableEntity || !strings.Contains(text(out), `"field":"by"`) {
		t.Errorf("a replacement without an account: %d %s", got, text(out))
	}
}

func TestCoverageSaysWhereNobodyIs(t *testing.T) {
	phone := map[string]bool{}
	c := newCounty(t, people(), func(o *Options) { o.Reachable = func(user string, _ time.Time) bool { return phone[user] } })
	gaps := func() []any {
		_, out, _ := c.as(access.Supervisor, "GET", "/api/v1/roster/coverage", nil)
		if out["villages"] != 1.0 {
			t.Fatalf("%v", out)
		}
		return out["gaps"].([]any)
	}
	if g := gaps(); len(g) != 1 || g[0].(map[string]any)["area"] != "xian/a/1" {
		t.Errorf("nobody has a channel or a shift: %v", g)
	}
	phone["town_duty"] = true
	if g := gaps(); len(g) != 0 {
		t.Errorf("the town's desk has a telephone: %v", g)
	}
}

// people lets the store know the accounts of the tests.
func people() func(*Options) {
	return func(o *Options) {
		s := o.Duty.(interface{ SetPeople(func() *roster.People) })
		s.SetPeople(func() *roster.People {
			return roster.NewPeople([]roster.Person{
				{User: "duty", Role: "duty", Areas: []devices.AreaPath{"xian/a"}}, {User: "town_duty", Role: "town_duty", Areas: []devices.AreaPath{"xian/a"}},
				{User: "assistant", Role: "assistant", Areas: []devices.AreaPath{"xian/a/1"}}, {User: "supervisor", Role: "supervisor", Areas: []devices.AreaPath{"xian/a"}},
				{User: "provider", Role: "provider", Provider: "p1", Areas: []devices.AreaPath{"xian"}},
			})
		})
	}
}

func sawUpTo(t *testing.T, conn *websocket.Conn, event int64) {
	t.Helper()
	must(t, conn.WriteJSON(liveSeen{Type: "seen", Event: event}))
}

// eventually looks until it is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !is(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func TestSeenOnABoardOfTheDeskIsDelivered(t *testing.T) {
	presence := NewPresence()
	c := newCounty(t, func(o *Options) { o.Presence = presence })
	delivered := func(id string) *alerting.Alert {
		a, err := c.store.Alert(t.Context(), devices.Scope{Areas: []devices.AreaPath{""}}, id)
		must(t, err)
		return &a
	}
	old := c.here.alert
	boards := map[string]*websocket.Conn{}
	for name, query := range map[string]string{"has the list": "?after=0", "tail alone": ""} {
		boards[name] = c.live(access.TownDuty, query)
		until(t, boards[name], isType("beat"))
	}
	helper := c.live(access.Assistant, "?after=0")
	until(t, helper, isType("beat"))
	newest, err := c.store.NewestEvent(t.Context())
	must(t, err)

	sawUpTo(t, helper, newest)                  // no desk
	sawUpTo(t, boards["tail alone"], newest+99) // was shown nothing of it
	must(t, boards["tail alone"].WriteMessage(websocket.TextMessage, []byte(`{"type":"dance"}`)))
	must(t, boards["tail alone"].WriteMessage(websocket.TextMessage, []byte(`no JSON`)))
	eventually(t, "somebody sits at the board", func() bool { return presence.Watching("town_duty", time.Now()) })
	if presence.Watching("assistant", time.Now()) {
		t.Error("an assistant's page counts as a desk's board")
	}
	// An alert that comes now is shown to both.
	fresh := c.open(c.here, "p1", alerting.KindFall)
	m := until(t, boards["tail alone"], isType("alert.opened"))
	sawUpTo(t, boards["tail alone"], m.Event)
	eventually(t, "the new alert is delivered", func() bool { return delivered(fresh).DeliveredAt != nil })
	if delivered(old).DeliveredAt != nil {
		t.Error("who asked for the tail alone has seen an older alert")
	}
	sawUpTo(t, boards["has the list"], m.Event)
	eventually(t, "the old alert is delivered", func() bool { return delivered(old).DeliveredAt != nil })
	if a := delivered(old); *a.DeliveredTo != "town_duty" {
		t.Errorf("%v", *a.DeliveredTo)
	}
	if delivered(c.there.alert).DeliveredAt != nil {
		t.Error("an alert of another town is delivered")
	}
	_, seen, _ := c.as(access.Duty, "GET", "/api/v1/alerts/"+old+"/seen", nil)
	if items := seen["items"].([]any); len(items) != 1 || items[0].(map[string]any)["via"] != "board" {
		t.Errorf("%v", seen)
	}
	if !presence.Watching("town_duty", time.Now().Add(watchedFor/2)) || presence.Watching("town_duty", time.Now().Add(2*watchedFor)) {
		t.Error("a board that is silent is watched for ever, or not at all")
	}
}
