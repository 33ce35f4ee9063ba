package dashboard

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// person makes the resident of the house one with a phone and a son.
func (c *county) person(h house) {
	must(c.t, c.registry.PutResident(c.t.Context(), devices.Resident{
		ID: h.resident, Name: "王小明", Phone: "13812345678", Address: "槐树村 3 组", Area: h.village, Tier: devices.TierGreen, State: devices.Active,
		Contacts: []devices.ContactPerson{{Name: "王大明", Relation: "子", Phone: "13987654321"}},
	}))
}

// quiet ends everything that is open about the house.
func (c *county) quiet(h house) {
	ctx := c.t.Context()
	by := alerting.Actor{User: "duty"}
	if _, err := c.desk.CancelVisit(ctx, h.visit, by, "not needed"); err != nil {
		c.t.Fatal(err)
	}
	_, err := c.desk.Ack(ctx, h.alert, by)
	must(c.t, err)
	_, err = c.desk.Close(ctx, h.alert, by, alerting.Closing{Outcome: alerting.Well, VerifiedBy: "duty", How: "phone"})
	must(c.t, err)
}

func (c *county) audited(action, object string) []access.Entry {
	list, err := c.access.AuditLog(c.t.Context(), access.AuditFilter{Scope: devices.Scope{Areas: []devices.AreaPath{""}}, Action: action, Object: object, Limit: 100})
	must(c.t, err)
	return list
}

// In lists nobody but the administrator reads names and phone numbers; who is on
// a case reads the name on it.
func TestListsAreMasked(t *testing.T) {
	c := newCounty(t)
	c.person(c.here)
	for role, want := range map[access.Role]struct{ residents, alerts, one string }{
		access.Administrator: {"王小明", "王", "王"}, access.Duty: {"王**", "王", "王"}, access.TownDuty: {"王**", "王", "王"},
		access.Assistant: {"王**", "王", "王"}, access.Provider: {"王**", "王", "王"},
		access.Supervisor: {"王**", "*", "王"}, access.Auditor: {"王**", "*", "*"},
	} {
		_, out, _ := c.as(role, "GET", "/api/v1/residents?search="+c.here.resident, nil)
		r := out["items"].([]any)[0].(map[string]any)
		if r["name"] != want.residents {
			t.Errorf("%s lists the resident as %v, want %s", role, r["name"], want.residents)
		}
		if masked := strings.Contains(want.residents, "*"); masked && (r["phone"] != "138****5678" || r["address"] != nil || r["contacts"] != nil || r["masked"] != true) {
			t.Errorf("%s lists %s", role, text(r))
		}
		if role != access.Provider {
			_, out, _ := c.as(role, "GET", "/api/v1/devices?search="+strings.Split(string(c.here.device), "/")[1], nil)
			if d := out["items"].([]any)[0].(map[string]any); d["resident"] == c.here.resident && d["resident_name"] != want.residents {
				t.Errorf("%s lists the device of %v, want %s", role, d["resident_name"], want.residents)
			} else if d["resident"] != c.here.resident {
				t.Errorf("%s lists %s", role, text(d))
			}
		}
		name := func(path string) any {
			_, out, _ := c.as(role, "GET", path, nil)
			if list, ok := out["items"].([]any); ok {
				out = list[0].(map[string]any)
			}
			return out["resident"].(map[string]any)["name"]
		}
		if got := name("/api/v1/alerts"); got != want.alerts {
			t.Errorf("%s lists the alert of %v, want %s", role, got, want.alerts)
		}
		if got := name("/api/v1/alerts/" + c.here.alert); got != want.one {
			t.Errorf("%s opens the alert of %v, want %s", role, got, want.one)
		}
		if got := name("/api/v1/visits"); strings.Contains(got.(string), "*") != strings.Contains(want.alerts, "*") {
			t.Errorf("%s lists the visit to %v", role, got)
		}
	}
	// What a list has masked must not come back as a name.
	for _, wrong := range []map[string]any{
		{"id": c.here.resident, "name": "王**", "area": c.here.village}, {"id": c.here.resident, "name": "王小明", "phone": "138****5678", "area": c.here.village},
	} {
		if status, out, _ := c.as(access.Administrator, "POST", "/api/v1/residents", wrong); status != http.StatusUnprocessableEntity {
			t.Errorf("%v was taken: %d %s", wrong, status, text(out))
		}
		if status, out, _ := c.as(access.Administrator, "POST", "/api/v1/registry/import", map[string]any{"residents": []any{wrong}}); status != http.StatusUnprocessableEntity {
			t.Errorf("%v was imported: %d %s", wrong, status, text(out))
		}
	}
}

// While somebody is to be phoned, the desk has the number without a click;
// afterwards it takes one, with a reason, that the audit log keeps.
func TestAnOpenCaseShowsWhomToCall(t *testing.T) {
	c := newCounty(t)
	c.person(c.here)
	page := "/api/v1/residents/" + c.here.resident
	shown := func(role access.Role) (phone, name any) {
		_, out, _ := c.as(role, "GET", page, nil)
		contact := out["contacts"].([]any)[0].(map[string]any)
		if (out["phone"] == "13812345678") != (contact["phone"] == "13987654321") || (out["phone"] == "13812345678") != (out["address"] == "槐树村 3 组") {
			t.Errorf("%s: %s", role, text(out))
		}
		return out["phone"], out["name"]
	}
	desk := []access.Role{access.Duty, access.TownDuty, access.Assistant, access.Provider, access.Supervisor}
	for _, role := range desk {
		if phone, _ := shown(role); phone != "13812345678" {
			t.Errorf("%s reads %v while an alert is open", role, phone)
		}
	}
	c.quiet(c.here)
	for _, role := range desk {
		if phone, name := shown(role); phone != "138****5678" || name != "王小明" {
			t.Errorf("%s reads %v %v while nothing is open", role, name, phone)
		}
	}
	if phone, name := shown(access.Auditor); phone != "138****5678" || name != "王**" {
		t.Errorf("the auditor reads %v %v", name, phone)
	}
	if phone, _ := shown(access.Administrator); phone != "13812345678" {
		t.Errorf("the administrator reads %v", phone)
	}
	if status, _, _ := c.as(access.Duty, "POST", page+"/reveal", map[string]any{"reason": ""}); status != http.StatusUnprocessableEntity {
		t.Errorf("revealed without a reason: %d", status)
	}
	_, out, _ := c.as(access.Duty, "POST", page+"/reveal", map[string]any{"reason": "家属来电"})
	if out["phone"] != "13812345678" || out["address"] != "槐树村 3 组" {
		t.Errorf("revealed: %s", text(out))
	}
	if lines := c.audited("reveal-resident", c.here.resident); len(lines) != 1 || lines[0].Actor != "duty" || lines[0].Detail != "家属来电" || lines[0].Area != c.here.village {
		t.Errorf("audited: %+v", lines)
	}
	if status, _, _ := c.as(access.Auditor, "POST", page+"/reveal", map[string]any{"reason": "x y"}); status != http.StatusForbidden {
		t.Errorf("the auditor reveals: %d", status)
	}
}

// Where somebody is, is shown while an alert about them is open; else for a
// reason, that is audited.
func TestPositionNeedsAnAlertOrAReason(t *testing.T) {
	c := newCounty(t)
	now := time.Now().UTC()
	for metric, value := range map[devices.Metric]float64{devices.LatDeg: 36.2, devices.LonDeg: 115.6, devices.HeartRateBPM: 70} {
		c.series.readings = append(c.series.readings, devices.Reading{Device: c.here.device, Metric: metric, Value: value, At: now.Add(-time.Minute), Received: now})
	}
	history := "/api/v1/residents/" + c.here.resident + "/history?metric="
	latest := "/api/v1/devices/" + string(c.here.device) + "/latest"
	see := func(role access.Role, query string) (status int, points int, there bool, hidden any) {
		status, out, _ := c.as(role, "GET", history+"lat_deg"+query, nil)
		if list, ok := out["points"].([]any); ok {
			points = len(list)
		}
		if status == http.StatusForbidden && role != access.Auditor && out["code"] != "reason_required" {
			t.Errorf("%s: %s", role, text(out))
		}
		_, out, _ = c.as(role, "GET", latest+strings.Replace(query, "&", "?", 1), nil)
		return status, points, strings.Contains(text(out), "lat_deg"), out["position_hidden"]
	}
	check := func(when string, role access.Role, query string, want bool) {
		t.Helper()
		status, points, there, hidden := see(role, query)
		if (status == http.StatusOK) != want || (points == 1) != want || there != want || (hidden == true) == want {
			t.Errorf("%s, %s %s: %d, %d points, in latest %t, hidden %v; want shown %t", when, role, query, status, points, there, hidden, want)
		}
	}
	for _, role := range []access.Role{access.Duty, access.TownDuty, access.Supervisor, access.Assistant, access.Administrator} {
		check("open", role, "", true)
	}
	check("open", access.Auditor, "", false)
	if _, out, _ := c.as(access.Vendor, "GET", latest, nil); strings.Contains(text(out), "lat_deg") || !strings.Contains(text(out), "heart_rate") {
		t.Errorf("the vendor reads %s", text(out))
	}
	if lines := c.audited("read-position", c.here.resident); len(lines) != 5 || !strings.Contains(lines[0].Detail, c.here.alert) {
		t.Errorf("audited while open: %+v", lines)
	}
	c.quiet(c.here)
	check("closed", access.Duty, "", false)
	check("closed", access.Duty, "&reason=walked+off", true)
	check("closed", access.Administrator, "", true)
	check("closed", access.Auditor, "&reason=curious", false)
	lines := c.audited("read-position", c.here.resident)
	if len(lines) < 7 || lines[0].Actor != "administrator" && lines[0].Detail != "walked off" {
		t.Errorf("audited afterwards: %+v", lines)
	}
	reasons := 0
	for _, l := range lines {
		if l.Detail == "walked off" {
			reasons++
		}
	}
	if reasons != 2 {
		t.Errorf("%d lines say why, want 2: %+v", reasons, lines)
	}
	if status, _, _ := c.as(access.Duty, "GET", history+"heart_rate_bpm", nil); status != http.StatusOK {
		t.Errorf("the pulse: %d", status)
	}
}

// The place in the evidence goes when the alert is closed, from the object and
// from the frame alike.
func TestPositionLeavesTheEvidence(t *testing.T) {
	c := newCounty(t)
	d := c.d
	open := alerting.Alert{State: alerting.Acknowledged, Evidence: map[string]any{"lat_deg": 36.2, "lon_deg": 115.6, "fix_at": at(0), "zone": "home"}}
	duty := &access.Caller{Role: access.Duty}
	if got := d.showAlert(duty, open, true).Evidence; len(got) != 4 {
		t.Errorf("open: %v", got)
	}
	if got := d.showAlert(&access.Caller{Role: access.Auditor}, open, false).Evidence; len(got) != 1 {
		t.Errorf("to the auditor: %v", got)
	}
	closed := open
	closed.State = alerting.Closed
	if got := d.showAlert(duty, closed, false).Evidence; len(got) != 1 || got["zone"] != "home" {
		t.Errorf("closed: %v", got)
	}
	if len(open.Evidence) != 4 {
		t.Error("what others share was changed")
	}
	yesterday := time.Now().Add(-25 * time.Hour)
	closed.ClosedAt, closed.Resident = &yesterday, &alerting.ResidentRef{ID: "r", Name: "王小明"}
	if got := d.showAlert(duty, closed, false).Resident.Name; got != "王**" {
		t.Errorf("a day after it was closed the name is %s", got)
	}
}

// What a resident does not agree to is not shown either.
func TestConsentGatesShowing(t *testing.T) {
	c := newCounty(t)
	now := time.Now().UTC()
	c.series.readings = []devices.Reading{
		{Device: c.here.device, Metric: devices.HeartRateBPM, Value: 70, At: now.Add(-time.Minute), Received: now},
		{Device: c.here.device, Metric: devices.Steps, Value: 900, At: now.Add(-time.Minute), Received: now},
		{Device: c.here.device, Metric: devices.BatteryPct, Value: 50, At: now.Add(-time.Minute), Received: now},
	}
	page := "/api/v1/residents/" + c.here.resident
	status, out, _ := c.as(access.Duty, "POST", page+"/consents", map[string]any{"data": []any{"vitals", "position"}, "granted": false, "paper": "柜 2"})
	if status != http.StatusCreated || strings.Count(text(out), `"taken":false`) != 2 || strings.Count(text(out), `"known":true`) != 2 {
		t.Fatalf("withdrawn: %d %s", status, text(out))
	}
	_, out, _ = c.as(access.Duty, "GET", page+"/history?metric=heart_rate_bpm", nil)
	if out["withheld"] != true || len(out["points"].([]any)) != 0 {
		t.Errorf("the pulse: %s", text(out))
	}
	_, out, _ = c.as(access.Duty, "GET", page+"/history?metric=steps", nil)
	if out["withheld"] != nil || len(out["points"].([]any)) != 1 {
		t.Errorf("the steps: %s", text(out))
	}
	for _, role := range []access.Role{access.Duty, access.Vendor, access.Administrator} {
		_, out, _ = c.as(role, "GET", "/api/v1/devices/"+string(c.here.device)+"/latest", nil)
		if strings.Contains(text(out), "heart_rate") || !strings.Contains(text(out), "battery") {
			t.Errorf("%s: %s", role, text(out))
		}
	}
	if lines := c.audited("put-consent", c.here.resident); len(lines) != 1 || lines[0].Detail != "vitals, position: granted false" {
		t.Errorf("audited: %+v", lines)
	}
	for role, want := range map[access.Role]int{access.Assistant: http.StatusForbidden, access.Auditor: http.StatusForbidden, access.TownDuty: http.StatusCreated} {
		if status, _, _ := c.as(role, "POST", page+"/consents", map[string]any{"data": []any{"water"}, "granted": true}); status != want {
			t.Errorf("%s enters a consent: %d, want %d", role, status, want)
		}
	}
}

// Reading is noted, but a page that reads again and again is noted once.
func TestReadsAreAudited(t *testing.T) {
	c := newCounty(t)
	page := "/api/v1/residents/" + c.here.resident
	for range 3 {
		c.as(access.Duty, "GET", page+"/history?metric=heart_rate_bpm", nil)
		c.as(access.Duty, "GET", page+"/history?metric=steps", nil)
	}
	c.as(access.Duty, "GET", page, nil)
	if lines := c.audited("get-resident-history", c.here.resident); len(lines) != 1 || lines[0].Actor != "duty" {
		t.Errorf("%+v", lines)
	}
	if lines := c.audited("get-resident", c.here.resident); len(lines) != 1 {
		t.Errorf("%+v", lines)
	}
	r := newReads()
	key, now := [3]string{"u", "a", "o"}, at(0)
	if r.again(key, now) || !r.again(key, now.Add(sameRead-1)) || r.again(key, now.Add(sameRead)) {
		t.Error("the window of a read is wrong")
	}
	for i := range maxReads + 10 {
		r.again([3]string{"u", "a", string(rune(i))}, now)
	}
	if len(r.last) > maxReads {
		t.Errorf("%d reads are remembered", len(r.last))
	}
}

func TestAuditFile(t *testing.T) {
	c := newCounty(t)
	for _, detail := range []string{`=HYPERLINK("http://x")`, "+1", "-1", "@a", "\tx", "＝1", `plain, "quoted"`} {
		must(t, c.access.Audit(t.Context(), access.Entry{Actor: "duty", Action: "note", Object: "a", Area: "xian/a", Detail: detail}))
	}
	must(t, c.access.Audit(t.Context(), access.Entry{Actor: "other", Action: "note", Object: "b", Area: "xian/b", Detail: "outside"}))
	status, out, h := c.as(access.Auditor, "GET", "/api/v1/audit/export?action=note", nil)
	file, _ := out["text"].(string)
	if status != http.StatusOK || h.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") {
		t.Fatalf("%d %v", status, h)
	}
	for _, want := range []string{`"'=HYPERLINK(""http://x"")"`, "'+1", "'-1", "'@a", "'\tx", "'＝1", `"plain, ""quoted"""`, "时间"} {
		if !strings.Contains(file, want) {
			t.Errorf("no %s in\n%s", want, file)
		}
	}
	if strings.Contains(file, "outside") {
		t.Error("a line of another area is in the file")
	}
	for query, want := range map[string]int{"?action=note": 7, "?search=quoted": 1, "?actor=duty&object=a": 7, "?actor=nobody": 0, "?search=%25": 0, "?from=2100-01-01T00:00:00Z": 0} {
		_, out, _ := c.as(access.Auditor, "GET", "/api/v1/audit"+query, nil)
		if got := len(out["items"].([]any)); got != want {
			t.Errorf("%s: %d lines, want %d", query, got, want)
		}
	}
}

// One type of data is erased alone, once it is withdrawn.
func TestErasingOneTypeAsksForTheWithdrawal(t *testing.T) {
	c := newCounty(t)
	erase := "/api/v1/residents/" + c.here.resident + "/erase"
	position := map[string]any{"data": "position"}
	if status, out, _ := c.as(access.Administrator, "POST", erase, position); status != http.StatusUnprocessableEntity || !strings.Contains(text(out), "withdrawn first") {
		t.Errorf("before: %d %s", status, text(out))
	}
	c.as(access.Duty, "POST", "/api/v1/residents/"+c.here.resident+"/consents", map[string]any{"data": []any{"position"}, "granted": false})
	if status, out, _ := c.as(access.Administrator, "POST", erase, position); status != http.StatusAccepted || out["data"] != "position" {
		t.Errorf("%d %s", status, text(out))
	}
	if _, out, _ := c.as(access.Auditor, "GET", "/api/v1/erasures", nil); !strings.Contains(text(out), `"data":"position"`) {
		t.Errorf("%s", text(out))
	}
}
