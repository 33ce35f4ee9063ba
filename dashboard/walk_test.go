package dashboard

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/dashboard/access"
)

// step is how the walk uses one route on a house.
type step struct {
	path func(h house) string // "" takes the route's own
	body func(h house) any
	// list routes answer everybody and must not name the house that lies
	// outside.
	list bool
	// outside is the answer about a house outside, 404 by default.
	outside int
	// global routes are not about a house.
	global bool
	// own is the answer in the caller's area when it is no success.
	own int
}

func walkSteps() map[string]step {
	none := func(house) any { return nil }
	alert := func(action string, body any) step {
		return step{path: func(h house) string { return "/api/v1/alerts/" + h.alert + action }, body: func(house) any { return body }}
	}
	visit := func(action string, body func(house) any) step {
		return step{path: func(h house) string { return "/api/v1/visits/" + h.visit + action }, body: body}
	}
	device := func(action string) step {
		return step{path: func(h house) string { return "/api/v1/devices/" + string(h.device) + action }, body: none}
	}
	user := func(action string, body any) step {
		// Accounts are the administrator's, who sees all.
		return step{path: func(h house) string { return "/api/v1/users/" + h.user + action }, body: func(house) any { return body }}
	}
	edit := func(body func(house) any) step { return step{body: body, outside: http.StatusUnprocessableEntity} }
	return map[string]step{
		"get-factor": {global: true}, "begin-factor": {global: true}, // who is here has one: 409
		"confirm-factor":      {global: true, body: func(house) any { return map[string]any{"code": "123456"} }},
		"new-recovery-codes":  {global: true, own: http.StatusUnprocessableEntity, body: func(house) any { return map[string]any{"code": "123456"} }},
		"remove-factor":       {global: true, own: http.StatusUnprocessableEntity, body: func(house) any { return map[string]any{"code": "123456"} }},
		"change-own-password": {global: true, own: http.StatusUnprocessableEntity, body: func(house) any { return map[string]any{"password": "x", "new_password": "12345678"} }},
		"get-session":         {global: true}, "sign-out": {global: true}, "get-status": {global: true},
		"list-alerts": {list: true}, "get-alert": alert("", nil), "get-alert-log": alert("/log", nil), "list-alert-residents": alert("/residents", nil),
		"ack-alert": alert("/ack", nil), "assign-alert": alert("/assign", map[string]any{"assignee": "administrator"}),
		"note-alert": alert("/note", map[string]any{"note": "电话未接"}), "call-alert": alert("/call", map[string]any{"whom": "resident", "result": "no_answer"}),
		"lower-alert":      alert("/lower", map[string]any{"severity": "orange", "reason": "is well"}),
		"list-alert-calls": alert("/calls", nil), "list-callbacks": {global: true}, // see TestCallbacksOfOthers
		"escalate-alert": alert("/escalate", map[string]any{"reason": "nobody answers"}),
		"merge-alert":    {path: func(h house) string { return "/api/v1/alerts/" + h.alert + "/merge" }, body: func(h house) any { return map[string]any{"into": h.alert} }, own: http.StatusUnprocessableEntity},
		"reopen-alert":   alert("/reopen", map[string]any{"reason": "again"}),
		"close-alert":    alert("/close", map[string]any{"outcome": "well", "verified_by": "administrator", "how": "phone"}),
		"live":           {global: true, own: http.StatusUpgradeRequired},
		"list-visits":    {list: true}, "get-visit": visit("", none),
		"create-visit":      {body: func(h house) any { return map[string]any{"resident": h.resident, "due": "2030-01-01T00:00:00Z"} }},
		"start-visit":       visit("/start", none),
		"report-visit":      visit("/report", func(h house) any { return found(uuid.NewSHA1(uuid.Nil, []byte(h.visit)).String()) }),
		"cancel-visit":      visit("/cancel", func(house) any { return map[string]any{"reason": "not needed"} }),
		"list-visit-quotas": {list: true}, "get-alert-ladder": alert("/ladder", nil), "get-truth-rates": {global: true}, // see TestTruthRatesOfOthers
		"list-resident-labels": {path: func(h house) string { return "/api/v1/residents/" + h.resident + "/labels" }, body: none},
		"list-providers":       {list: true}, "list-provider-work": {global: true}, // see TestProviderWorkOfOthers
		"put-provider": edit(func(h house) any {
			return map[string]any{"id": "walk-" + string(h.village[5]), "name": "p", "villages": []any{h.village}}
		}),
		"list-field": {path: func(h house) string { return "/api/v1/field?visit=" + h.visit }, body: none},
		"checkin-visit": visit("/checkin", func(h house) any {
			return map[string]any{"uuid": walkUUID("in", h), "how": "word", "reason": "no signal"}
		}),
		"checkout-visit": visit("/checkout", func(h house) any { return map[string]any{"uuid": walkUUID("out", h)} }),
		"check-visit-step": visit("/checklist", func(h house) any {
			return map[string]any{"uuid": walkUUID("step", h), "step": "knock", "result": "nothing"}
		}),
		"add-visit-photo": {path: func(h house) string { return "/api/v1/visits/" + h.visit + "/photos?uuid=" + walkUUID("photo", h) },
			body: func(house) any { return string(picture(40, 30)) }},
		"get-visit-photo":    {path: func(h house) string { return "/api/v1/visits/" + h.visit + "/photos/" + h.photo }, body: none},
		"list-visit-entries": visit("/entries", none),
		"put-home": {path: func(h house) string { return "/api/v1/residents/" + h.resident + "/home" },
			body: func(house) any { return map[string]any{"note": "钥匙在邻居家"} }},
		"make-door-code": {path: func(h house) string { return "/api/v1/residents/" + h.resident + "/door-code" }, body: none},

		"get-report":        {path: func(h house) string { return "/api/v1/reports/month?area=" + string(h.village) }, body: none},
		"list-report-items": {path: func(h house) string { return "/api/v1/reports/month/items?list=alerts&area=" + string(h.village) }, body: none},
		"export-report":     {path: func(h house) string { return "/api/v1/reports/month/file?format=csv&area=" + string(h.village) }, body: none},
		"list-duty-checks":  {list: true}, "get-duty-check": {global: true},
		"ask-duty-check":    edit(func(h house) any { return map[string]any{"area": h.village} }),
		"answer-duty-check": {path: func(h house) string { return "/api/v1/duty-checks/" + h.check + "/answer" }, body: none},

		"list-silences": {list: true},
		"create-silence": {body: func(h house) any {
			return map[string]any{"resident": h.resident, "kind": "spo2", "until": time.Now().Add(time.Hour), "reason": "x"}
		}},
		"end-silence":    {path: func(h house) string { return "/api/v1/silences/" + h.silence + "/end" }, body: none},
		"draft-handover": {global: true}, "sign-handover": {global: true, body: func(house) any { return map[string]any{"note": "x"} }},
		"list-handovers": {list: true},
		"get-handover":   {path: func(h house) string { return "/api/v1/handovers/" + h.sheet }, body: none},
		"take-handover":  {path: func(h house) string { return "/api/v1/handovers/" + h.sheet + "/take" }, body: func(house) any { return map[string]any{"note": "x"} }},
		"set-resident-state": {path: func(h house) string { return "/api/v1/residents/" + h.resident + "/state" },
			body: func(house) any { return map[string]any{"state": "hospital", "reason": "x"} }},
		"list-resident-states": {path: func(h house) string { return "/api/v1/residents/" + h.resident + "/states" }, body: none},
		"list-collectable":     {global: true},
		"collect-device":       device("/collect"),

		"list-residents":       {list: true},
		"get-resident":         {path: func(h house) string { return "/api/v1/residents/" + h.resident }, body: none},
		"get-resident-history": {path: func(h house) string { return "/api/v1/residents/" + h.resident + "/history?metric=heart_rate_bpm" }, body: none},
		"reveal-resident": {path: func(h house) string { return "/api/v1/residents/" + h.resident + "/reveal" },
			body: func(h house) any { return map[string]any{"reason": "alert " + h.alert} }},
		"list-consents": {path: func(h house) string { return "/api/v1/residents/" + h.resident + "/consents" }, body: none},
		"put-consent": {path: func(h house) string { return "/api/v1/residents/" + h.resident + "/consents" },
			body: func(house) any { return map[string]any{"data": []any{"vitals"}, "granted": true, "paper": "箱 3"} }},
		"list-areas":   {list: true},
		"list-devices": {list: true}, "get-device": device(""), "get-device-latest": device("/latest"),
		"list-deadletters":    {list: true},
		"get-rules":           {path: func(h house) string { return "/api/v1/rules?area=" + string(h.village) }, body: none},
		"get-effective-rules": {path: func(h house) string { return "/api/v1/rules/effective?resident=" + h.resident }, body: none},
		"list-rule-versions":  {global: true}, // see TestRulesOfOthers
		"put-rules": {body: func(h house) any {
			return map[string]any{"scope": map[string]any{"area": h.village}, "settings": map[string]any{"late": "23h"}, "reason": "x"}
		}},
		// There is none here: it must get as far as being asked.
		"preview-rules": {body: func(h house) any {
			return map[string]any{"scope": map[string]any{"resident": h.resident}, "settings": map[string]any{}}
		}, own: http.StatusServiceUnavailable},

		"put-area":     edit(func(h house) any { return map[string]any{"path": h.village, "name": "村"} }),
		"put-resident": edit(func(h house) any { return map[string]any{"id": h.resident, "name": "王", "area": h.village} }),
		"put-device": edit(func(h house) any {
			return map[string]any{"vendor": h.device.Vendor(), "id": "new-" + string(h.village[5]), "kind": "wristband", "area": h.village}
		}),
		"new-device-secret": device("/secret"), "disable-device": device("/disable"), "enable-device": device("/enable"),
		"put-assignment": edit(func(h house) any { return map[string]any{"device": h.device, "resident": h.resident} }),
		"put-absence":    edit(func(h house) any { return map[string]any{"resident": h.resident, "reason": "hospital"} }),
		"end-absence": {path: func(h house) string { return "/api/v1/absences/" + h.absence + "/end" },
			body: func(h house) any { return map[string]any{"resident": h.resident} }, outside: http.StatusUnprocessableEntity},
		"import-registry": edit(func(h house) any {
			return map[string]any{"areas": []any{map[string]any{"path": h.village, "name": "村"}}}
		}),

		"get-own-channels":  {global: true},
		"put-own-channels":  {global: true, body: func(house) any { return map[string]any{"language": "zh", "channels": []any{}} }},
		"test-own-channel":  {global: true, own: http.StatusUnprocessableEntity, body: func(house) any { return map[string]any{"channel": "sms", "address": "1"} }},
		"get-user-channels": user("/channels", nil), "put-user-channels": user("/channels", map[string]any{"language": "zh", "channels": []any{}}),
		"list-channels": {global: true}, "list-outbox": {list: true},
		"retry-notice": {body: func(h house) any { return map[string]any{"key": h.notice} }}, // waits: 409

		"erase-resident": {path: func(h house) string { return "/api/v1/residents/" + h.resident + "/erase" }, body: none},
		"list-erasures":  {global: true},
		"list-users":     {list: true},
		"create-user": {body: func(h house) any {
			return map[string]any{"username": "n" + uuid.NewString()[:8], "name": "x", "role": "duty", "areas": []any{h.village}, "password": "12345678"}
		}, outside: http.StatusUnprocessableEntity},
		"update-user": {path: func(h house) string { return "/api/v1/users/" + h.user }, body: func(h house) any {
			return map[string]any{"name": "x", "role": "assistant", "areas": []any{h.village}}
		}},
		"set-user-password": user("/password", map[string]any{"password": "another one"}),
		"list-user-tokens":  user("/tokens", nil), "reset-user-factor": user("/factor", nil),
		"new-user-token": user("/token", map[string]any{"name": "export", "read_only": true}), "revoke-user-tokens": user("/token", nil), "disable-user": user("/disable", nil), "enable-user": user("/enable", nil),
		"list-audit":   {list: true},
		"export-audit": {global: true}, // see TestAuditFile

		"list-incidents": {global: true},
		"start-incident": edit(func(h house) any { return map[string]any{"kind": "sos", "device": h.device} }),
	}
}

// Every route of the table, by every role and by nobody, on a house in the
// caller's area and on one outside.
func TestEveryRouteHoldsEveryRoleToItsPlace(t *testing.T) {
	c := newCounty(t)
	steps := walkSteps()
	maps.Copy(steps, c.rosterSteps())
	// A token can be revoked once.
	steps["revoke-user-token"] = step{body: func(house) any { return nil }, path: func(h house) string {
		token, _, err := c.access.IssueToken(t.Context(), h.user, access.TokenReach{Name: "x"})
		must(t, err)
		return "/api/v1/users/" + h.user + "/tokens/" + token.ID
	}}
	for _, route := range access.Routes() {
		if route.Reach == access.Public {
			continue
		}
		s, ok := steps[route.Operation]
		if !ok {
			t.Errorf("%s is in the table and not in this walk", route.Operation)
			continue
		}
		delete(steps, route.Operation)
		t.Run(route.Operation, func(t *testing.T) {
			c.t = t
			if s.path == nil {
				s.path = func(house) string { return route.Path }
			}
			if s.body == nil {
				s.body = func(house) any { return nil }
			}
			if got, _, _ := c.as("", route.Method, s.path(c.here), s.body(c.here)); got != http.StatusUnauthorized {
				t.Errorf("nobody: %d, want 401", got)
			}
			for _, role := range access.AllRoles() {
				c.t = t
				c.walk(t, route, s, role, role)
			}
			c.walk(t, route, s, access.Administrator, townAdministrator)
		})
	}
	for operation := range steps {
		t.Errorf("%s is in this walk and not in the table", operation)
	}
}

func (c *county) walk(t *testing.T, route access.Route, s step, role, user access.Role) {
	allowed := slices.Contains(route.Roles, role)
	everything := user == access.Administrator
	if allowed && route.By != access.Anyone {
		with := c.byToken
		if route.By == access.Whole {
			with = c.byNarrowToken
		}
		if got, body, _ := with(user, route.Method, s.path(c.here), s.body(c.here)); got != http.StatusForbidden {
			t.Errorf("%s with a token: %d, want 403: %s", user, got, text(body))
		}
	}
	got, body, _ := c.as(user, route.Method, s.path(c.here), s.body(c.here))
	switch {
	case !allowed && got != http.StatusForbidden:
		t.Errorf("%s: %d, want 403", user, got)
	case allowed && s.own != 0 && got != s.own:
		t.Errorf("%s on its own: %d, want %d: %s", user, got, s.own, text(body))
	case allowed && s.own == 0 && got/100 != 2 && got != http.StatusConflict:
		t.Errorf("%s on its own: %d, want success or 409: %s", user, got, text(body))
	}
	if s.list && allowed {
		for _, name := range []string{c.there.alert, c.there.visit, c.there.resident, string(c.there.device), string(c.there.village), c.there.letter, c.there.user} {
			if !everything && strings.Contains(text(body), `"`+name+`"`) {
				t.Errorf("%s: the list shows %s, which lies outside: %s", user, name, text(body))
			}
		}
		if items, ok := body["items"].([]any); !ok || len(items) == 0 {
			t.Errorf("%s: the list is empty: %s", user, text(body))
		}
	}
	if s.list || s.global || !allowed {
		return
	}
	want := s.outside
	if want == 0 {
		want = http.StatusNotFound
	}
	got, body, _ = c.as(user, route.Method, s.path(c.there), s.body(c.there))
	switch {
	case everything && (got == http.StatusNotFound || got == http.StatusForbidden):
		t.Errorf("%s may see everything and got %d: %s", user, got, text(body))
	case !everything && got != want:
		t.Errorf("%s outside its area: %d, want %d: %s", user, got, want, text(body))
	}
}

// A route that the table does not have cannot be served, and one that nobody
// serves stops the start.
func TestTableAndRoutesAgree(t *testing.T) {
	d := &Dashboard{}
	g := newGuardedMux(d)
	g.HandleFunc("GET /api/v1/secret-door", func(http.ResponseWriter, *http.Request) {})
	err := g.check(false)
	if err == nil || !strings.Contains(err.Error(), "secret-door") {
		t.Errorf("a route outside the table was taken: %v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "GET /api/v1/alerts\" of the authorisation table is not served") {
		t.Errorf("a route nobody serves was not noticed: %v", err)
	}
}

// An import is held to the areas of the account as the single edits are, for
// what is there now as for what is to be.
func TestImportKeepsWithinTheAreas(t *testing.T) {
	c := newCounty(t)
	for name, doc := range map[string]map[string]any{
		"residents[0].id":         {"residents": []any{map[string]any{"id": c.there.resident, "name": "王", "area": c.here.village}}},
		"devices[0].id":           {"devices": []any{map[string]any{"vendor": "v2", "id": "band1", "kind": "wristband", "area": c.here.village}}},
		"assignments[0].device":   {"assignments": []any{map[string]any{"device": c.there.device, "resident": c.here.resident}}},
		"assignments[0].resident": {"assignments": []any{map[string]any{"device": c.here.device, "resident": c.there.resident}}},
		"providers[0].id":         {"providers": []any{map[string]any{"id": "p2", "name": "p", "villages": []any{c.here.village}}}},
	} {
		status, out, _ := c.as(townAdministrator, "POST", "/api/v1/registry/import", doc)
		if status != http.StatusUnprocessableEntity || !strings.Contains(text(out), `"field":"`+name+`"`) {
			t.Errorf("%s: %d %s, want 422 that names it", name, status, text(out))
		}
	}
	if _, r, _ := c.as(access.Administrator, "GET", "/api/v1/residents/"+c.there.resident, nil); r["area"] != string(c.there.village) {
		t.Errorf("the resident lives in %v now", r["area"])
	}
}
