package dashboard

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

func reportOf(outcome, cause string) map[string]any {
	r := map[string]any{"uuid": uuid.NewString(), "outcome": outcome}
	if cause != "" {
		r["cause"] = cause
	}
	return r
}

// A month's work is the provider's own to see, and of an area that area's.
func TestProviderWorkOfOthers(t *testing.T) {
	c := newCounty(t)
	for _, h := range []house{c.here, c.there} {
		if status, out, _ := c.as(access.Administrator, "POST", "/api/v1/visits/"+h.visit+"/report", reportOf("well", "")); status != http.StatusOK {
			t.Fatalf("%d %s", status, text(out))
		}
	}
	for user, want := range map[access.Role]int{access.Administrator: 2, access.Provider: 1, access.Duty: 1, access.Assistant: 1} {
		status, out, _ := c.as(user, "GET", "/api/v1/providers/work", nil)
		items, _ := out["items"].([]any)
		if status != http.StatusOK || len(items) != want {
			t.Errorf("%s: %d %s, want %d lines", user, status, text(out), want)
		}
		if user != access.Administrator && strings.Contains(text(out), `"p2"`) {
			t.Errorf("%s sees another's provider: %s", user, text(out))
		}
	}
	if status, out, _ := c.as(access.Duty, "GET", "/api/v1/providers/work?month=11-2026", nil); status != http.StatusUnprocessableEntity {
		t.Errorf("%d %s for a month that is none", status, text(out))
	}
	status, out, _ := c.as(access.Supervisor, "GET", "/api/v1/visits/quotas?month="+time.Now().Format("2006-01"), nil)
	if status != http.StatusOK || !strings.Contains(text(out), `"home_done":1`) {
		t.Errorf("quotas: %d %s", status, text(out))
	}
}

// How alerts ended counts for their areas, and the cause of a false alarm is kept.
func TestTruthRatesOfOthers(t *testing.T) {
	c := newCounty(t)
	end := func(h house, outcome, cause string) {
		t.Helper()
		body := map[string]any{"outcome": outcome, "verified_by": "x", "how": "phone"}
		if cause != "" {
			body["cause"] = cause
		}
		if status, out, _ := c.as(access.Administrator, "POST", "/api/v1/alerts/"+h.alert+"/close", body); status != http.StatusOK {
			t.Fatalf("%d %s", status, text(out))
		}
	}
	if status, out, _ := c.as(access.Administrator, "POST", "/api/v1/alerts/"+c.here.alert+"/close", map[string]any{"outcome": "well", "verified_by": "x", "how": "phone", "cause": "away"}); status != http.StatusUnprocessableEntity {
		t.Errorf("%d %s: a cause of what was no false alarm was taken", status, text(out))
	}
	end(c.here, "false_alarm", "habit")
	end(c.there, "assisted", "")
	c.here.alert = c.open(c.here, "p1", alerting.KindSOS)
	end(c.here, "real_emergency", "")
	c.here.alert = c.open(c.here, "p1", alerting.KindSOS)
	end(c.here, "test", "")

	_, out, _ := c.as(access.Duty, "GET", "/api/v1/rules/truth", nil)
	got := text(out)
	for _, want := range []string{`"kind":"sos"`, `"judged":2`, `"real":1`, `"false":1`, `"unjudged":1`, `"rate":0.5`, `"habit":1`} {
		if !strings.Contains(got, want) {
			t.Errorf("the town's rates: %s, want %s in it", got, want)
		}
	}
	if _, out, _ = c.as(access.Administrator, "GET", "/api/v1/rules/truth", nil); !strings.Contains(text(out), `"judged":3`) {
		t.Errorf("all rates: %s", text(out))
	}
	_, out, _ = c.as(access.Duty, "GET", "/api/v1/residents/"+c.here.resident+"/labels", nil)
	if items, _ := out["items"].([]any); len(items) != 3 {
		t.Errorf("labels: %s", text(out))
	}
}

func TestLadderAndOverdueOverHTTP(t *testing.T) {
	c := newCounty(t)
	must(t, c.registry.PutResident(t.Context(), devices.Resident{ // with a number to call
		ID: c.here.resident, Name: "王", Phone: "13812345678", Area: c.here.village, Tier: devices.TierGreen, State: devices.Active,
	}))
	path := "/api/v1/alerts/" + c.here.alert
	if _, out, _ := c.as(access.Duty, "GET", path+"/ladder", nil); out["next"] != 0.0 {
		t.Fatalf("%s, want the resident first", text(out))
	}
	if status, out, _ := c.as(access.Duty, "POST", path+"/call", map[string]any{"whom": "resident", "result": "no_answer"}); status != http.StatusOK {
		t.Fatalf("%d %s", status, text(out))
	}
	_, out, _ := c.as(access.Duty, "GET", path+"/ladder", nil)
	if out["next"] != 1.0 || !strings.Contains(text(out), "name of assistant") {
		t.Errorf("%s, want the village's assistant next", text(out))
	}
	_, out, _ = c.as(access.Duty, "GET", "/api/v1/visits?overdue=true&area=xian/a", nil)
	if items, _ := out["items"].([]any); len(items) != 0 {
		t.Errorf("nothing is overdue: %s", text(out))
	}
	_, err := c.desk.CreateVisit(t.Context(), alerting.System(), alerting.NewVisit{Resident: c.here.resident, Due: time.Now().Add(-time.Minute), Kind: alerting.PhoneVisit})
	must(t, err)
	_, out, _ = c.as(access.Duty, "GET", "/api/v1/visits?overdue=true&area=xian/a&kind=phone", nil)
	if items, _ := out["items"].([]any); len(items) != 1 {
		t.Errorf("overdue: %s", text(out))
	}
}
