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

// logged says whether the newest line of the audit log for the action is about
// the object and by whom.
func (c *county) logged(action, object, by string) {
	c.t.Helper()
	lines, err := c.access.AuditLog(c.t.Context(), access.AuditFilter{Scope: devices.Scope{Areas: []devices.AreaPath{""}}, Limit: 200})
	must(c.t, err)
	for _, l := range lines {
		if l.Action == action && l.Object == object && l.Actor == by {
			return
		}
	}
	c.t.Errorf("no audit line: %s of %s by %s", action, object, by)
}

func TestTheDeskSilencesAKindAndEndsIt(t *testing.T) {
	c := newCounty(t)
	ask := func(kind string, until time.Time, reason string) (int, map[string]any) {
		status, out, _ := c.as(access.Duty, "POST", "/api/v1/silences", map[string]any{"resident": c.here.resident, "kind": kind, "until": until, "reason": reason})
		return status, out
	}
	soon := time.Now().Add(time.Hour)
	for field, got := range map[string]func() (int, map[string]any){
		"kind":   func() (int, map[string]any) { return ask("sos", soon, "x") },
		"until":  func() (int, map[string]any) { return ask("spo2", soon.AddDate(0, 0, 7), "x") },
		"reason": func() (int, map[string]any) { return ask("spo2", soon, "") },
	} {
		if status, out := got(); status != http.StatusUnprocessableEntity || !strings.Contains(text(out), field) {
			t.Errorf("%s: %d %s", field, status, text(out))
		}
	}
	status, s := ask("spo2", soon, "手环戴得松")
	if status != http.StatusCreated || s["by"] != "duty" || s["held"] != 0.0 {
		t.Fatalf("%d %s", status, text(s))
	}
	id := s["id"].(string)
	c.logged("create-silence", id, "duty")
	_, list, _ := c.as(access.TownDuty, "GET", "/api/v1/silences?running=true&resident="+c.here.resident, nil)
	if n := len(list["items"].([]any)); n != 2 { // the house has one
		t.Errorf("%d silences run: %s", n, text(list))
	}
	if status, out, _ := c.as(access.TownDuty, "POST", "/api/v1/silences/"+id+"/end", map[string]any{"reason": "换了表带"}); status != http.StatusOK || out["ended_by"] != "town_duty" || out["ended_for"] != "换了表带" {
		t.Errorf("%d %s", status, text(out))
	}
	c.logged("end-silence", id, "town_duty")
	if status, _, _ := c.as(access.Duty, "POST", "/api/v1/silences/"+id+"/end", nil); status != http.StatusConflict {
		t.Errorf("ended twice: %d", status)
	}
	_, list, _ = c.as(access.Auditor, "GET", "/api/v1/silences", nil)
	if strings.Contains(text(list), "王v1") {
		t.Errorf("the auditor reads a name in the list: %s", text(list))
	}
}

func TestAResidentWhoDiedIsLeftInPeaceAndAMistakeIsTakenBack(t *testing.T) {
	c := newCounty(t)
	life := c.open(c.here, "p1", alerting.KindHeartRate)
	set := func(state, reason string) map[string]any {
		status, out, _ := c.as(access.Duty, "POST", "/api/v1/residents/"+c.here.resident+"/state", map[string]any{"state": state, "reason": reason})
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", state, status, text(out))
		}
		return out
	}
	if status, _, _ := c.as(access.Duty, "POST", "/api/v1/residents/"+c.here.resident+"/state", map[string]any{"state": "deceased"}); status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", status)
	}
	out := set("deceased", "家属来电")
	if list := out["collect"].([]any); len(list) != 1 || list[0].(map[string]any)["device"] != string(c.here.device) {
		t.Errorf("to collect: %s", text(out))
	}
	if items := out["items"].([]any); items[0].(map[string]any)["by"] != "duty" || items[0].(map[string]any)["reason"] != "家属来电" {
		t.Errorf("history: %s", text(out))
	}
	c.logged("set-resident-state", c.here.resident, "duty")
	get := func(path string) map[string]any {
		_, out, _ := c.as(access.Duty, "GET", path, nil)
		return out
	}
	if v := get("/api/v1/visits/" + c.here.visit); v["state"] != "canceled" {
		t.Errorf("the visit is %s", v["state"])
	}
	if a := get("/api/v1/alerts/" + life); a["frozen"] != "deceased" {
		t.Errorf("the case is not frozen: %s", text(a))
	}
	if a := get("/api/v1/alerts/" + c.here.alert); a["frozen"] != "" {
		t.Error("an SOS is frozen")
	}
	if status, out, _ := c.as(access.Duty, "POST", "/api/v1/alerts/"+life+"/ack", nil); status != http.StatusConflict || !strings.Contains(text(out), "deceased") {
		t.Errorf("ack of a frozen case: %d %s", status, text(out))
	}
	if status, _, _ := c.as(access.Duty, "POST", "/api/v1/alerts/"+life+"/note", map[string]any{"note": "家属已到"}); status != http.StatusOK {
		t.Errorf("note on a frozen case: %d", status)
	}
	set("active", "同名同姓，弄错了")
	if a := get("/api/v1/alerts/" + life); a["frozen"] != "" || a["state"] != "open" {
		t.Errorf("after it was taken back: %s", text(a))
	}
	if status, _, _ := c.as(access.Duty, "POST", "/api/v1/devices/"+string(c.here.device)+"/collect", nil); status != http.StatusConflict {
		t.Errorf("a device of somebody who is watched was collected: %d", status)
	}
	set("moved", "搬去女儿家")
	if status, out, _ := c.as(access.Assistant, "POST", "/api/v1/devices/"+string(c.here.device)+"/collect", nil); status != http.StatusNoContent {
		t.Errorf("collect: %d %s", status, text(out))
	}
	if list := get("/api/v1/collectable-devices")["items"].([]any); len(list) != 0 {
		t.Errorf("after it was collected: %v", list)
	}
}

// A change that came with an import, or whose service died before it was done, is
// followed up.
func TestAChangeOfStateIsFollowedUpLater(t *testing.T) {
	c := newCounty(t)
	r, err := c.registry.GetResident(t.Context(), devices.Scope{Areas: []devices.AreaPath{""}}, c.here.resident)
	must(t, err)
	r.State = devices.Left
	must(t, c.registry.PutResident(t.Context(), r.Resident))
	must(t, c.d.followTurns(t.Context()))
	if _, v, _ := c.as(access.Duty, "GET", "/api/v1/visits/"+c.here.visit, nil); v["state"] != "canceled" {
		t.Errorf("the visit is %s", v["state"])
	}
}

func TestAShiftIsHandedOverByTwoSignatures(t *testing.T) {
	c := newCounty(t)
	status, draft, _ := c.as(access.Duty, "GET", "/api/v1/handovers/draft", nil)
	if status != http.StatusOK || !strings.Contains(text(draft), c.here.alert) || strings.Contains(text(draft), c.there.alert) {
		t.Fatalf("%d %s", status, text(draft))
	}
	status, s, _ := c.as(access.Duty, "POST", "/api/v1/handovers", map[string]any{
		"remarks": []any{map[string]any{"alert": c.here.alert, "text": "女儿六点来"}}, "note": "夜里平静", "sound_heard": true,
	})
	if status != http.StatusCreated || s["state"] != "waiting" || s["intact"] != true || !strings.Contains(text(s), "女儿六点来") {
		t.Fatalf("%d %s", status, text(s))
	}
	id := s["id"].(string)
	c.logged("sign-handover", id, "duty")
	take := "/api/v1/handovers/" + id + "/take"
	if status, out, _ := c.as(access.Duty, "POST", take, map[string]any{}); status != http.StatusConflict {
		t.Errorf("one person signed twice: %d %s", status, text(out))
	}
	if status, out, _ := c.as(access.TownDuty, "POST", take, map[string]any{"note": "已看", "sound_heard": true}); status != http.StatusOK || out["incoming"] != "town_duty" {
		t.Errorf("%d %s", status, text(out))
	}
	c.logged("take-handover", id, "town_duty")
	if status, _, _ := c.as(access.Supervisor, "POST", take, map[string]any{}); status != http.StatusConflict {
		t.Errorf("taken twice: %d", status)
	}
	// A sheet of the county's desk is not the town's to take.
	_, county, _ := c.as(access.Administrator, "POST", "/api/v1/handovers", map[string]any{})
	if status, _, _ := c.as(access.TownDuty, "POST", "/api/v1/handovers/"+county["id"].(string)+"/take", map[string]any{}); status != http.StatusNotFound {
		t.Errorf("a sheet of a wider desk: %d", status)
	}
	_, list, _ := c.as(access.Auditor, "GET", "/api/v1/handovers?state=taken", nil)
	if !strings.Contains(text(list), id) || strings.Contains(text(list), county["id"].(string)) {
		t.Errorf("%s", text(list))
	}
}
