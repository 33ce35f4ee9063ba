package dashboard

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

func TestAResidentSaysHowLongSomethingMayGoUnseen(t *testing.T) {
	var asked []devices.DeviceID
	known := true
	c := newCounty(t, func(o *Options) {
		o.Blind = func(r *devices.Resident, ids []devices.DeviceID) (Blind, bool) {
			asked = ids
			return Blind{Time: 25 * time.Hour, Device: "v1/m", Measure: time.Hour, Upload: 24 * time.Hour, DailyCall: true}, known
		}
	})
	status, out, _ := c.as(access.Duty, "GET", "/api/v1/residents/"+c.here.resident, nil)
	if s := inJSON(out["blind"]); status != 200 || s != `{"daily_call":true,"device":"v1/m","hours":25,"measure_min":60,"upload_min":1440}` {
		t.Errorf("%d, blind: %s", status, s)
	}
	if len(asked) == 0 {
		t.Error("nobody asked about the resident's devices")
	}
	known = false
	if _, out, _ = c.as(access.Duty, "GET", "/api/v1/residents/"+c.here.resident, nil); out["blind"] != nil {
		t.Errorf("blind is %s, want null", inJSON(out["blind"]))
	}
}

func TestVersionsOfRulesSayWhoAndWhy(t *testing.T) {
	c := newCounty(t)
	status, out, _ := c.as(access.Duty, "GET", "/api/v1/rules/versions", nil)
	if items, _ := out["items"].([]any); status != 200 || len(items) != 0 {
		t.Fatalf("%d %s, want no versions", status, text(out))
	}
	for _, pct := range []float64{15, 18} {
		r := *alerting.DefaultRules()
		r.LowBatteryPct = pct
		_, err := c.store.PutRules(t.Context(), &r, alerting.Actor{User: "chen"}, "bands last longer", time.Now())
		must(t, err)
	}
	_, out, _ = c.as(access.Duty, "GET", "/api/v1/rules/versions", nil)
	items, _ := out["items"].([]any)
	if len(items) != 2 {
		t.Fatalf("%d versions: %s", len(items), text(out))
	}
	if s := inJSON(items[0]); !strings.Contains(s, `"low_battery_pct":18`) || !strings.Contains(s, `"by":"chen"`) || !strings.Contains(s, `"reason":"bands last longer"`) || !strings.Contains(s, `"version":3`) {
		t.Errorf("newest version: %s", s)
	}
	if status, _, _ = c.as(access.Assistant, "GET", "/api/v1/rules/versions", nil); status != 403 {
		t.Errorf("an assistant reads the versions of the rules: %d", status)
	}
}

func inJSON(v any) string {
	data, _ := json.Marshal(v)
	return string(data)
}
