package dashboard

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
)

// The month's report counts what the desk did a moment ago, and each number opens
// the list behind it.
func TestTheReportCountsWhatTheDeskDid(t *testing.T) {
	c := newCounty(t)
	do := func(role access.Role, method, path string, body any) map[string]any {
		t.Helper()
		status, out, _ := c.as(role, method, path, body)
		if status/100 != 2 {
			t.Fatalf("%s %s: %d %v", method, path, status, out)
		}
		return out
	}
	alert := "/api/v1/alerts/" + c.here.alert
	do(access.Duty, "POST", alert+"/ack", nil)
	do(access.Duty, "POST", alert+"/call", map[string]any{"whom": "resident", "result": "no_answer"})
	do(access.Duty, "POST", "/api/v1/visits/"+c.here.visit+"/report", map[string]any{"uuid": "b0000000-0000-4000-8000-000000000001", "outcome": "assisted"})
	do(access.Duty, "POST", alert+"/close", map[string]any{"outcome": "assisted", "verified_by": "li", "how": "door"})

	path := "/api/v1/reports/month?area=" + string(c.here.village)
	r := do(access.Supervisor, "GET", path, nil)
	if n := r["alerts"].(map[string]any)["n"].(float64); n != 1 {
		t.Errorf("%v alerts, want the village's one", n)
	}
	goals := map[string]map[string]any{}
	for _, g := range r["targets"].([]any) {
		g := g.(map[string]any)
		goals[g["id"].(string)] = g
	}
	if g := goals["red_acked_60s"]; g["share"] != 1.0 || g["met"] != true {
		t.Errorf("acknowledged within a second: %v", g)
	}
	list := goals["red_acked_60s"]["within"].(map[string]any)["list"].(string)
	items := do(access.Supervisor, "GET", "/api/v1/reports/month/items?area="+string(c.here.village)+"&list="+list, nil)["items"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["alert"] != c.here.alert {
		t.Errorf("behind %s: %v", list, items)
	}
	steps := map[string]float64{}
	for _, s := range r["steps"].([]any) {
		s := s.(map[string]any)
		steps[s["step"].(string)] = s["taken"].(map[string]any)["n"].(float64)
	}
	if steps["acked"] != 1 || steps["called"] != 1 || steps["closed"] != 1 {
		t.Errorf("steps taken: %v", steps)
	}
	if status, _, _ := c.as(access.Supervisor, "GET", path+"&list=nothing", nil); status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown query: %d", status)
	}
	if status, _, _ := c.as(access.Supervisor, "GET", "/api/v1/reports/month?month=2026-13", nil); status != http.StatusUnprocessableEntity {
		t.Errorf("month 13: %d", status)
	}
	status, out, head := c.as(access.Supervisor, "GET", "/api/v1/reports/month/file?format=csv", nil)
	if status != http.StatusOK || !strings.Contains(out["text"].(string), "一键呼救,1,") || !strings.Contains(head.Get("Content-Disposition"), ".csv") {
		t.Errorf("file: %d %v %v", status, head, out)
	}
	status, out, _ = c.as(access.Supervisor, "GET", "/api/v1/reports/month/file?format=xlsx&language=en", nil)
	if status != http.StatusOK || !strings.HasPrefix(out["text"].(string), "PK") {
		t.Errorf("workbook: %d", status)
	}
}

// A desk that is asked answers once; who is asked too late cannot, and another
// town's desk does not hear of it.
func TestADeskIsAskedWhetherSomebodyIsThere(t *testing.T) {
	c := newCounty(t)
	ask := func(area string) string {
		t.Helper()
		status, out, _ := c.as(access.Administrator, "POST", "/api/v1/duty-checks", map[string]any{"area": area})
		if status != http.StatusCreated {
			t.Fatalf("%d %v", status, out)
		}
		return "/api/v1/duty-checks/" + out["id"].(string) + "/answer"
	}
	if status, _, _ := c.as(access.TownDuty, "POST", ask("xian/b"), nil); status != http.StatusNotFound {
		t.Errorf("a desk of another town: %d", status)
	}
	answer := ask("xian/a")
	status, out, _ := c.as(access.Duty, "GET", "/api/v1/duty-checks/current", nil)
	if status != http.StatusOK || out["check"] == nil {
		t.Errorf("the desk is not asked: %d %v", status, out)
	}
	if status, _, _ := c.as(access.Duty, "POST", answer, nil); status != http.StatusOK {
		t.Errorf("the desk: %d", status)
	}
	status, out, _ = c.as(access.Duty, "POST", answer, nil)
	if status != http.StatusConflict || !strings.Contains(text(out), "duty") {
		t.Errorf("again: %d %v", status, out)
	}
	late := alerting.AskNow("xian/a", alerting.System(), time.Now().Add(-time.Hour))
	must(t, c.store.PutDutyCheck(t.Context(), late))
	if status, _, _ := c.as(access.Duty, "POST", "/api/v1/duty-checks/"+late.ID+"/answer", nil); status != http.StatusConflict {
		t.Errorf("an hour late: %d", status)
	}
	drawn := alerting.AskNow("xian/a", alerting.System(), time.Now().Add(time.Hour))
	must(t, c.store.PutDutyCheck(t.Context(), drawn))
	if status, _, _ := c.as(access.Duty, "POST", "/api/v1/duty-checks/"+drawn.ID+"/answer", nil); status != http.StatusNotFound {
		t.Errorf("before it was asked: %d", status)
	}
	_, out, _ = c.as(access.Duty, "GET", "/api/v1/duty-checks", nil)
	if strings.Contains(text(out), drawn.ID) {
		t.Error("the desk can read when it will be asked")
	}
}
