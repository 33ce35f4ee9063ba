package dashboard

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

func TestProblemsNameFieldValueAndRule(t *testing.T) {
	c := newCounty(t)
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		field, value, rule       string
	}{
		{"unknown field", "POST", "/api/v1/alerts/" + c.here.alert + "/note", `{"note":"x","colour":"red"}`, 422, "colour", "", "unexpected property"},
		{"missing field", "POST", "/api/v1/alerts/" + c.here.alert + "/note", `{}`, 422, "note", "", "must be given"},
		{"no outcome code", "POST", "/api/v1/alerts/" + c.here.alert + "/close", `{"outcome":"fine"}`, 422, "outcome", "fine", "expected value to be one of"},
		{"no outcome code in a report", "POST", "/api/v1/visits/" + c.here.visit + "/report", `{"uuid":"5f2d3c1e-0000-4000-8000-000000000001","outcome":"fine"}`, 422, "outcome", "fine", "expected value to be one of"},
		{"unverified close", "POST", "/api/v1/alerts/" + c.here.alert + "/close", `{"outcome":"well"}`, 422, "verified_by", "", ""},
		{"query", "GET", "/api/v1/alerts?severity=purple", "", 422, "severity", "purple", "expected value to be one of"},
		{"unknown query", "GET", "/api/v1/alerts?colour=red", "", 422, "colour", "", "unknown query parameter"},
		{"limit", "GET", "/api/v1/residents/" + c.here.resident + "/history?metric=steps&limit=20000", "", 422, "limit", "20000", "<= 10000"},
		{"every", "GET", "/api/v1/residents/" + c.here.resident + "/history?metric=steps&every=often", "", 422, "every", "often", "must be a length"},
		{"no windows", "GET", "/api/v1/residents/" + c.here.resident + "/history?metric=steps&every=1s", "", 422, "every", "1s", "86400 windows"},
		{"a day and a half", "GET", "/api/v1/residents/" + c.here.resident + "/history?metric=steps&every=36h", "", 422, "every", "36h", "must be whole days"},
		{"a second and a half", "GET", "/api/v1/residents/" + c.here.resident + "/history?metric=steps&every=1500ms", "", 422, "every", "1500ms", "must be whole seconds"},
		{"no length", "GET", "/api/v1/residents/" + c.here.resident + "/history?metric=steps&every=0s", "", 422, "every", "0s", "must be a length"},
		{"backwards", "GET", "/api/v1/residents/" + c.here.resident + "/history?metric=steps&from=2026-11-23T08:00:00Z&to=2026-11-23T08:00:00Z", "", 422, "from", "2026-11-23T08:00:00Z", "must be before to"},
		{"no time", "GET", "/api/v1/residents/" + c.here.resident + "/history?metric=steps&from=noon", "", 422, "from", "noon", ""},
		{"two thousand years", "GET", "/api/v1/residents/" + c.here.resident + "/history?metric=steps&every=1d&from=0002-01-01T00:00:00Z", "", 422, "every", "1d", "windows"},
		{"cursor", "GET", "/api/v1/alerts?cursor=%25", "", 422, "cursor", "%", "must be the next of an earlier page"},
		{"assignee", "POST", "/api/v1/alerts/" + c.here.alert + "/assign", `{"assignee":"user-v2"}`, 422, "assignee", "user-v2", "must be a user who sees this area"},
		{"no JSON", "POST", "/api/v1/alerts/" + c.here.alert + "/note", `{"note":`, 400, "", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c.t = t
			var body any
			if test.body != "" {
				body = test.body
			}
			status, out, header := c.as(access.Duty, test.method, test.path, body)
			if status != test.status || header.Get("Content-Type") != "application/problem+json" {
				t.Fatalf("got %d %s %s, want %d and a problem", status, header.Get("Content-Type"), text(out), test.status)
			}
			if test.rule == "" && test.field == "" {
				return
			}
			list, _ := out["errors"].([]any)
			if len(list) == 0 {
				t.Fatalf("no errors in %s", text(out))
			}
			first, _ := list[0].(map[string]any)
			if f, _ := first["field"].(string); test.field != "" && f != test.field {
				t.Errorf("field %q, want %q", f, test.field)
			}
			if v := strings.Trim(text(map[string]any{"v": first["value"]})[5:], `"}`); test.value != "" && v != test.value {
				t.Errorf("value %q, want %q", v, test.value)
			}
			if r, _ := first["rule"].(string); !strings.Contains(r, test.rule) {
				t.Errorf("rule %q, want %q", r, test.rule)
			}
		})
	}
}

func TestAlertFromRingingToClosed(t *testing.T) {
	c := newCounty(t)
	path := "/api/v1/alerts/" + c.here.alert
	status, list, _ := c.as(access.Duty, "GET", "/api/v1/alerts?state=open&severity=red,orange", nil)
	if items, _ := list["items"].([]any); status != 200 || len(items) != 1 || list["next"] != nil || list["as_of_event"] == float64(0) {
		t.Fatalf("list: %d %s", status, text(list))
	}
	status, a, _ := c.as(access.Duty, "POST", path+"/ack", nil)
	if status != 200 || a["state"] != "acknowledged" || a["id"] != c.here.alert {
		t.Fatalf("ack: %d %s", status, text(a))
	}
	status, p, _ := c.as(access.Duty, "POST", path+"/ack", nil)
	if status != 409 || p["state"] != "acknowledged" || !strings.Contains(text(p), "acknowledged") {
		t.Errorf("second ack: %d %s, want 409 that says the state", status, text(p))
	}
	status, v, _ := c.as(access.Duty, "POST", "/api/v1/visits", map[string]any{"alert": c.here.alert})
	id, _ := v["id"].(string)
	if status != 201 || id == "" || v["provider"] != "p1" {
		t.Fatalf("visit: %d %s, want 201 with an id, for the provider of the village", status, text(v))
	}
	sent := found(uuid.NewString())
	for range 2 {
		if status, v, _ = c.as(access.Provider, "POST", "/api/v1/visits/"+id+"/report", sent); status != 200 {
			t.Fatalf("report: %d %s", status, text(v))
		}
	}
	if _, a, _ = c.as(access.Duty, "GET", path, nil); a["state"] != "visited" {
		t.Errorf("after the report the alert is %v", a["state"])
	}
	if status, a, _ = c.as(access.Duty, "POST", path+"/close", map[string]any{"outcome": "well"}); status != 200 || a["outcome"] != "well" || a["closed_at"] == nil {
		t.Errorf("close by report: %d %s", status, text(a))
	}
	_, log, _ := c.as(access.Auditor, "GET", path+"/log", nil)
	if items, _ := log["items"].([]any); len(items) < 5 {
		t.Errorf("log: %s", text(log))
	}
	_, trail, _ := c.as(access.Administrator, "GET", "/api/v1/audit?limit=3", nil)
	if s := text(trail); !strings.Contains(s, `"close-alert"`) || !strings.Contains(s, c.here.alert) || trail["next"] == nil {
		t.Errorf("audit: %s", s)
	}
}

// The phone's list: what is still to do, and what was done today.
func TestVisitsSince(t *testing.T) {
	c := newCounty(t)
	status, out, _ := c.as(access.Duty, "POST", "/api/v1/visits/"+c.here.visit+"/report", found(uuid.NewString()))
	if status != 200 {
		t.Fatalf("%d %s", status, text(out))
	}
	status, planned, _ := c.as(access.Duty, "POST", "/api/v1/visits", map[string]any{"resident": c.here.resident, "due": "2030-01-01T00:00:00Z"})
	if status != 201 {
		t.Fatalf("%d %s", status, text(planned))
	}
	before, after := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for query, want := range map[string]int{
		"": 2, "?since=" + before: 2, "?since=" + after: 1, "?state=reported&since=" + before: 1, "?due_before=2029-12-31T00:00:00Z": 1, "?due_before=2030-01-01T00:00:01Z": 2,
	} {
		_, list, _ := c.as(access.Duty, "GET", "/api/v1/visits"+query, nil)
		if items, _ := list["items"].([]any); len(items) != want {
			t.Errorf("%q: %d visits, want %d: %s", query, len(items), want, text(list))
		}
	}
}

func TestSessionCookie(t *testing.T) {
	c := newCounty(t)
	jar, err := cookiejar.New(nil)
	must(t, err)
	client := &http.Client{Jar: jar}
	post := func(body string, header ...string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), "POST", c.url+"/api/v1/session", strings.NewReader(body))
		must(t, err)
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := client.Do(r)
		must(t, err)
		_ = resp.Body.Close()
		return resp
	}
	if resp := post(`{"username":"duty","password":"wrong horse"}`); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("wrong password: %d", resp.StatusCode)
	}
	if resp := post(`{"username":"duty","password":"correct horse"}`, "Sec-Fetch-Site", "cross-site"); resp.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another site could sign in: %d", resp.StatusCode)
	}
	resp := post(`{"username":"duty","password":"correct horse"}`)
	cookies := resp.Cookies()
	if resp.StatusCode != 200 || len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode || cookies[0].Path != "/" {
		t.Fatalf("sign-in: %d %v", resp.StatusCode, cookies)
	}
	get := func() int {
		resp, err := client.Get(c.url + "/api/v1/session")
		must(t, err)
		_ = resp.Body.Close()
		return resp.StatusCode
	}
	if got := get(); got != 200 {
		t.Errorf("with the cookie: %d", got)
	}
	r, err := http.NewRequestWithContext(t.Context(), "DELETE", c.url+"/api/v1/session", nil)
	must(t, err)
	if resp, err = client.Do(r); err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("sign-out: %v %v", resp, err)
	}
	_ = resp.Body.Close()
	r, err = http.NewRequestWithContext(t.Context(), "GET", c.url+"/api/v1/session", nil)
	must(t, err)
	r.AddCookie(&http.Cookie{Name: cookieName, Value: cookies[0].Value})
	if status, _, _ := c.do(r); status != http.StatusUnauthorized {
		t.Errorf("the cookie works after sign-out: %d", status)
	}
}

func TestPageDocsHealthAndHeaders(t *testing.T) {
	web := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(web, "assets"), 0o755))
	must(t, os.WriteFile(filepath.Join(web, "index.html"), []byte("<p>the page</p>"), 0o644))
	must(t, os.WriteFile(filepath.Join(web, "assets", "app-1.js"), []byte("1"), 0o644))
	ready := errors.New("write /var/lib/shouwang/x: disk is full")
	c := newCounty(t, func(o *Options) {
		o.page = os.DirFS(web)
		o.Checks = []Check{{"disk", func(context.Context) error { return ready }}}
		o.MetricsToken = "let me scrape"
	})
	for _, test := range []struct {
		method, path string
		status       int
		holds        string
		cache        string
	}{
		{"GET", "/", 200, "the page", "no-cache"},
		{"GET", "/residents/r-1", 200, "the page", "no-cache"},
		{"GET", "/assets/app-1.js", 200, "1", "public, max-age=31536000, immutable"},
		{"GET", "/assets/app-2.js", 404, "", ""},
		{"GET", "/assets/../../options.go", 200, "the page", ""},
		{"GET", "/docs", 200, "Shouwang API", ""},
		{"GET", "/docs/docs.js", 200, "openapi.json", ""},
		{"GET", "/openapi.json", 200, "3.1.0", ""},
		{"GET", "/healthz", 200, "ok", ""},
		{"GET", "/readyz", 503, `"disk":"not ready; the service's log says why"`, ""},
		{"GET", "/metrics", 401, "", ""},
		{"GET", "/api/v1/nothing", 404, "", ""},
		{"PUT", "/api/v1/alerts", 405, "", ""},
		{"POST", "/", 405, "", ""},
	} {
		status, out, header := c.as("", test.method, test.path, nil)
		if status != test.status || !strings.Contains(text(out), test.holds) {
			t.Errorf("%s %s: %d %.100s, want %d with %q", test.method, test.path, status, text(out), test.status, test.holds)
		}
		if test.cache != "" && header.Get("Cache-Control") != test.cache {
			t.Errorf("%s: cached as %q", test.path, header.Get("Cache-Control"))
		}
		policy := header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'self'") || strings.Contains(policy, "unsafe") || header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", test.path, header)
		}
	}
	ready = nil
	if status, out, _ := c.as("", "GET", "/readyz", nil); status != 200 {
		t.Errorf("ready: %d %s", status, text(out))
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", c.url+"/metrics", nil)
	must(t, err)
	r.Header.Set("Authorization", "Bearer let me scrape")
	if status, _, _ := c.do(r); status != 200 {
		t.Errorf("metrics with the token: %d", status)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	c := newCounty(t)
	big := `{"note":"` + strings.Repeat("x", 2<<20) + `"}`
	if status, out, _ := c.as(access.Duty, "POST", "/api/v1/alerts/"+c.here.alert+"/note", big); status != http.StatusRequestEntityTooLarge {
		t.Errorf("2 MiB note: %d %.200s", status, text(out))
	}
}

// A resident had one band until 09:00 and another from 10:00 on: each counts
// only for its time, and the hour between is a gap.
func TestHistoryJoinsTheDevicesAResidentHad(t *testing.T) {
	day := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	hour := func(h float64) time.Time { return day.Add(time.Duration(h * float64(time.Hour))) }
	series := &memorySeries{}
	for h := 8.0; h < 12; h += 0.5 {
		series.readings = append(series.readings,
			devices.Reading{Device: "v/old", Metric: devices.HeartRateBPM, Value: 60, At: hour(h)},
			devices.Reading{Device: "v/new", Metric: devices.HeartRateBPM, Value: 80, At: hour(h)})
	}
	d := &Dashboard{opts: Options{Series: series}}
	assigned := []devices.Assignment{
		{Device: "v/new", From: hour(10)},
		{Device: "v/old", From: hour(0), To: hour(9)},
	}
	q := devices.HistoryQuery{Metric: devices.HeartRateBPM, From: hour(8), To: hour(12), Limit: 1000}
	raw, err := d.historyOf(t.Context(), assigned, q)
	must(t, err)
	want := []float64{60, 60, 80, 80, 80, 80}
	if len(raw) != len(want) {
		t.Fatalf("%d points, want %d", len(raw), len(want))
	}
	for i, p := range raw {
		if *p.Value != want[i] || i > 0 && p.At.Before(raw[i-1].At) {
			t.Errorf("point %d: %v at %s", i, *p.Value, p.At)
		}
	}
	q.Every = time.Hour
	windows, err := d.historyOf(t.Context(), assigned, q)
	must(t, err)
	if len(windows) != 4 || windows[0].Value == nil || *windows[0].Value != 60 || windows[1].Value != nil || windows[2].Value == nil || *windows[2].Value != 80 {
		t.Errorf("windows: %+v, want 60, a gap, 80, 80", windows)
	}
	q.Every, q.Limit = 0, 2
	if raw, err = d.historyOf(t.Context(), assigned, q); err != nil || len(raw) != 2 || !raw[1].At.Equal(hour(8.5)) {
		t.Errorf("limit 2: %+v %v", raw, err)
	}
}

func TestVendorsLearnNothingAboutPeople(t *testing.T) {
	c := newCounty(t)
	now := time.Now().UTC()
	must(t, c.letters.Add(t.Context(), []devices.Refusal{
		{Device: "v1/band1", Code: devices.Malformed, Topic: "homecare/v1/v1/band1/telemetry", Received: now, SHA256: "1", Payload: []byte("{")},
		{Device: "v2/band1", Code: devices.Malformed, Topic: "homecare/v1/v2/band1/telemetry", Received: now, SHA256: "2", Payload: []byte{0xff}},
	}))
	_, list, _ := c.as(access.Vendor, "GET", "/api/v1/devices", nil)
	if s := text(list); !strings.Contains(s, "v1/band1") || strings.Contains(s, "v2/") || strings.Contains(s, "xian") || strings.Contains(s, c.here.resident) {
		t.Errorf("devices: %s", s)
	}
	if _, letters, _ := c.as(access.Vendor, "GET", "/api/v1/deadletters", nil); strings.Contains(text(letters), "v2/") {
		t.Errorf("dead letters: %s", text(letters))
	}
	if _, letters, _ := c.as(access.Administrator, "GET", "/api/v1/deadletters", nil); !strings.Contains(text(letters), `"/w=="`) {
		t.Errorf("dead letters: %s", text(letters))
	}
}

func TestImportAnswersSecretsOnce(t *testing.T) {
	c := newCounty(t)
	doc := map[string]any{
		"areas":     []any{map[string]any{"path": "xian/a/2", "name": "二村"}},
		"providers": []any{map[string]any{"id": "p3", "name": "新", "villages": []string{"xian/a/2"}}},
		"residents": []any{map[string]any{"id": "r9", "name": "李", "area": "xian/a/2"}},
		"devices":   []any{map[string]any{"vendor": "v9", "id": "m1", "kind": "water_meter", "area": "xian/a/2"}},
		"assignments": []any{
			map[string]any{"device": "v9/m1", "resident": "r9", "from": "2026-01-01T00:00:00Z"},
		},
	}
	for i, want := range []int{1, 0} {
		status, out, _ := c.as(access.Administrator, "POST", "/api/v1/registry/import", doc)
		if secrets, _ := out["secrets"].([]any); status != 200 || len(secrets) != want {
			t.Errorf("import %d: %d %s, want %d secrets", i, status, text(out), want)
		}
	}
	_, r, _ := c.as(access.Administrator, "GET", "/api/v1/residents/r9", nil)
	if worn, _ := r["devices"].([]any); len(worn) != 1 || r["tier"] != "green" || r["state"] != "active" {
		t.Errorf("resident: %s", text(r))
	}
	doc["residents"] = []any{map[string]any{"id": "r10", "name": "赵", "area": "xian/nowhere"}}
	doc["areas"] = []any{map[string]any{"path": "xian/a/3", "name": "三村"}}
	if status, out, _ := c.as(access.Administrator, "POST", "/api/v1/registry/import", doc); status != 422 || !strings.Contains(text(out), "xian/nowhere") {
		t.Errorf("wrong area: %d %s", status, text(out))
	}
	if _, areas, _ := c.as(access.Administrator, "GET", "/api/v1/areas", nil); strings.Contains(text(areas), "xian/a/3") {
		t.Error("half of a wrong import was taken")
	}
}

// The secret is shown once: what fails after it was stored must not lose it.
func TestSecretIsAnsweredThoughTheDeviceStaysConnected(t *testing.T) {
	c := newCounty(t, func(o *Options) { o.Disconnect = func(string) error { return errors.New("broker is gone") } })
	status, out, _ := c.as(access.Administrator, "POST", "/api/v1/devices/v1/band1/secret", nil)
	if p, _ := out["password"].(string); status != 200 || len(p) < 22 {
		t.Errorf("%d %s, want the secret", status, text(out))
	}
	if status, out, _ = c.as(access.Administrator, "POST", "/api/v1/devices/v1/band1/disable", nil); status != http.StatusNoContent {
		t.Errorf("disable: %d %s", status, text(out))
	}
	dev := map[string]any{"vendor": "v1", "id": "band1", "kind": "water_meter", "area": "xian/b/1"}
	if status, out, _ = c.as(access.Administrator, "POST", "/api/v1/devices", dev); status != http.StatusConflict || !strings.Contains(text(out), `"field":"id"`) {
		t.Errorf("a device that exists: %d %s", status, text(out))
	}
}

func TestRulesRoundTrip(t *testing.T) {
	c := newCounty(t)
	_, rules, _ := c.as(access.Administrator, "GET", "/api/v1/rules", nil)
	if s := text(rules); !strings.Contains(s, `"window":"24h0m0s"`) || !strings.Contains(s, `"red":["1m0s","3m0s"]`) {
		t.Errorf("rules: %s", s)
	}
	version := rules["version"]
	rules["low_battery_pct"] = 15
	status, out, _ := c.as(access.Administrator, "PUT", "/api/v1/rules", map[string]any{"rules": rules, "reason": "bands last longer"})
	if status != 200 || out["low_battery_pct"] != float64(15) || out["version"] == version {
		t.Errorf("put: %d %s", status, text(out))
	}
	if status, out, _ = c.as(access.Administrator, "PUT", "/api/v1/rules", map[string]any{"rules": rules, "reason": "again"}); status != 409 {
		t.Errorf("put from an old version: %d %s, want 409", status, text(out))
	}
	if status, out, _ = c.as(access.Supervisor, "PUT", "/api/v1/rules", map[string]any{"rules": out, "reason": "again"}); status == 200 {
		t.Errorf("a supervisor of one town changed the rules of the service: %s", text(out))
	}
	if got := c.store.Rules(time.Now(), alerting.RuleScope{}).LowBatteryPct; got != 15 {
		t.Errorf("the store has %v", got)
	}
}

func TestRulesBodyHoldsEveryRule(t *testing.T) {
	want := *alerting.DefaultRules()
	raw, err := json.Marshal(showRules(want))
	must(t, err)
	var read rulesBody
	must(t, json.Unmarshal(raw, &read))
	got, err := read.rules()
	must(t, err)
	if text(map[string]any{"r": got}) != text(map[string]any{"r": want}) {
		t.Errorf("rules changed on their way:\n%s\n%s", text(map[string]any{"r": got}), text(map[string]any{"r": want}))
	}
}

func TestAPlusInATimeNeedNotBeEncoded(t *testing.T) {
	var query string
	handler := mendTimes(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { query = r.URL.Query().Get("from") }))
	for _, sent := range []string{
		"/h?from=2026-11-23T08:00:00+08:00&q=a+b", "/h?from=2026-11-23T08:00:00%2B08:00", "/h?from=2026-11-23T08%3A00%3A00+08%3A00&to=x",
	} {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, sent, nil))
		if query != "2026-11-23T08:00:00+08:00" {
			t.Errorf("%s: from is %q", sent, query)
		}
	}
}
