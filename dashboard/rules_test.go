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

type fields = map[string]any

// set changes some rules of a scope as the role.
func (c *county) set(role access.Role, scope, settings fields) (int, string) {
	c.t.Helper()
	status, out, _ := c.as(role, "PUT", "/api/v1/rules", fields{"scope": scope, "settings": settings, "reason": "because of " + text(settings)})
	return status, text(out)
}

func TestRulesOfAScope(t *testing.T) {
	c := newCounty(t)
	for _, s := range []struct {
		role            access.Role
		scope, settings fields
	}{
		{access.Administrator, fields{}, fields{"low_battery_pct": 30, "silence": fields{"band": "2h"}}},
		{access.Supervisor, fields{"area": "xian/a"}, fields{"low_battery_pct": 25, "escalation": fields{"blue": []any{"1h"}}}},
		{access.Supervisor, fields{"area": "xian/a/1", "tier": "red"}, fields{"visit_due": fields{"yellow": "12h"}}},
		{access.Supervisor, fields{"resident": c.here.resident}, fields{"vitals": fields{"spo2_scale": 2}}},
	} {
		if status, out := c.set(s.role, s.scope, s.settings); status != http.StatusOK {
			t.Fatalf("%v: %d %s", s.scope, status, out)
		}
	}
	_, out, _ := c.as(access.Supervisor, "GET", "/api/v1/rules/effective?resident="+c.here.resident, nil)
	got := text(out)
	for _, want := range []string{
		`"low_battery_pct":25`, `"spo2_scale":2`, `"band":"2h0m0s"`, `"blue":["1h0m0s"]`, `"version":5`,
		`{"field":"low_battery_pct","scope":{"area":"xian/a"},"version":3}`, `{"field":"silence.band","scope":{},"version":2}`,
		`"settings":{"escalation":{"blue":["1h0m0s"]},"low_battery_pct":25}`, `"reason":"because of`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	_, out, _ = c.as(access.Supervisor, "GET", "/api/v1/rules?area=xian/a/1&tier=red", nil)
	if got := text(out); !strings.Contains(got, `"yellow":"12h0m0s"`) || !strings.Contains(got, `"spo2_scale":1`) {
		t.Errorf("of the tier: %s", got)
	}
	_, out, _ = c.as(access.Administrator, "GET", "/api/v1/rules", nil)
	if out["low_battery_pct"] != float64(30) || out["version"] != float64(2) {
		t.Errorf("of the service: %s", text(out))
	}
	// Rules of all of the service do not undo what others have set.
	out["late"] = "20h"
	if status, out, _ := c.as(access.Administrator, "PUT", "/api/v1/rules", fields{"rules": out, "reason": "x"}); status != http.StatusOK {
		t.Errorf("%d %s", status, text(out))
	}
	r := c.store.Rules(time.Now(), alerting.RuleScope{Area: "xian/a/1", Resident: c.here.resident})
	if r.LowBatteryPct != 25 || r.Late != 20*time.Hour || r.Vitals.SpO2Scale != 2 || r.Version != 6 {
		t.Errorf("%v %v %v %d", r.LowBatteryPct, r.Late, r.Vitals.SpO2Scale, r.Version)
	}
	in := fields{"scope": fields{"area": "xian/a"}, "settings": fields{}, "reason": "as elsewhere", "version": 3}
	if status, out, _ := c.as(access.Supervisor, "PUT", "/api/v1/rules", in); status != http.StatusConflict {
		t.Errorf("from an old version: %d %s", status, text(out))
	}
	in["version"] = 6
	if status, out, _ := c.as(access.Supervisor, "PUT", "/api/v1/rules", in); status != http.StatusOK || out["low_battery_pct"] != float64(30) {
		t.Errorf("set back: %d %s", status, text(out))
	}
}

func TestRulesThatAreRefused(t *testing.T) {
	c := newCounty(t)
	if status, out := c.set(access.Supervisor, fields{"area": "xian/a/1"}, fields{"vitals": fields{"heart_rate": fields{"high": 120}}}); status != 200 {
		t.Fatal(status, out)
	}
	for name, s := range map[string]struct {
		role     access.Role
		scope    any
		settings any
		want     int
		says     string
	}{
		"the service by a town":      {access.Supervisor, fields{}, fields{"late": "20h"}, 403, "whole service"},
		"a tier of all by a town":    {access.Supervisor, fields{"tier": "red"}, fields{"late": "20h"}, 403, "whole service"},
		"the county by a town":       {access.Supervisor, fields{"area": "xian"}, fields{"late": "20h"}, 404, "no such area"},
		"another town":               {access.Supervisor, fields{"area": "xian/b"}, fields{"late": "20h"}, 404, "no such area"},
		"a tier there":               {access.Supervisor, fields{"area": "xian/b", "tier": "red"}, fields{"late": "20h"}, 404, "no such area"},
		"somebody there":             {access.Supervisor, fields{"resident": c.there.resident}, fields{"late": "20h"}, 404, ""},
		"who claims to live here":    {access.Supervisor, fields{"resident": c.there.resident, "area": "xian/a/1"}, fields{"late": "20h"}, 404, ""},
		"the county by its auditor":  {access.Auditor, fields{"area": "xian/a"}, fields{"late": "20h"}, 403, ""},
		"the county's administrator": {townAdministrator, fields{"area": "xian/b"}, fields{"late": "20h"}, 404, ""},
		"no area":                    {access.Administrator, fields{"area": "xian/zz"}, fields{"late": "20h"}, 404, "no such area"},
		"nobody":                     {access.Administrator, fields{"resident": "zz"}, fields{"late": "20h"}, 404, ""},
		"no tier":                    {access.Administrator, fields{"tier": "blue"}, fields{"late": "20h"}, 422, "tier"},
		"no setting":                 {access.Supervisor, fields{"area": "xian/a"}, fields{"silence": fields{"radio": "1h"}}, 422, "silence.radio"},
		"no length of time":          {access.Supervisor, fields{"area": "xian/a"}, fields{"silence": fields{"band": "soon"}}, 422, "silence.band"},
		"no severity":                {access.Supervisor, fields{"area": "xian/a"}, fields{"visit_due": fields{"pink": "1h"}}, 422, "visit_due"},
		"impossible":                 {access.Supervisor, fields{"area": "xian/a"}, fields{"late": "0s"}, 422, `"field":"late"`},
		"impossible below":           {access.Supervisor, fields{"area": "xian/a"}, fields{"vitals": fields{"heart_rate": fields{"low": 115}}}, 422, "area xian/a/1"},
		"a storm":                    {access.Supervisor, fields{"area": "xian/a"}, fields{"storm": fields{"devices": 4}}, 422, "storm.devices"},
	} {
		if status, out := c.set(s.role, s.scope.(fields), s.settings.(fields)); status != s.want || !strings.Contains(out, s.says) {
			t.Errorf("%s: %d %s, want %d with %s", name, status, out, s.want, s.says)
		}
	}
	if v := c.store.RuleVersions(9, func(alerting.RuleScope) bool { return true }); len(v) != 1 {
		t.Errorf("%d changes", len(v))
	}
	_, rules, _ := c.as(access.Administrator, "GET", "/api/v1/rules", nil)
	for name, in := range map[string]fields{
		"both":               {"rules": rules, "settings": fields{}, "reason": "x"},
		"neither":            {"reason": "x"},
		"rules with a scope": {"rules": rules, "scope": fields{"area": "xian/a"}, "reason": "x"},
		"no reason":          {"settings": fields{}},
	} {
		if status, out, _ := c.as(access.Administrator, "PUT", "/api/v1/rules", in); status != 422 {
			t.Errorf("%s: %d %s", name, status, text(out))
		}
	}
}

// TestRulesOfOthers: the list of changes shows those of the caller's areas and of
// what lies above, and nothing of other residents.
func TestRulesOfOthers(t *testing.T) {
	c := newCounty(t)
	for _, scope := range []fields{{}, {"area": "xian"}, {"area": "xian/a"}, {"area": "xian/b/1"}, {"resident": c.there.resident}, {"resident": c.here.resident}} {
		if status, out := c.set(access.Administrator, scope, fields{"late": "20h"}); status != 200 {
			t.Fatal(status, out)
		}
	}
	for role, want := range map[access.Role]int{access.Administrator: 6, access.Supervisor: 4, townAdministrator: 4} {
		_, out, _ := c.as(role, "GET", "/api/v1/rules/versions", nil)
		items, _ := out["items"].([]any)
		if len(items) != want || want == 4 && (strings.Contains(text(out), "xian/b") || strings.Contains(text(out), `"`+c.there.resident+`"`)) {
			t.Errorf("%s: %d changes: %s", role, len(items), text(out))
		}
	}
	for _, q := range []string{"area=xian/b", "area=xian", "resident=" + c.there.resident, "area=xian/b&tier=red"} {
		for _, path := range []string{"/api/v1/rules?", "/api/v1/rules/effective?"} {
			if status, out, _ := c.as(access.Supervisor, "GET", path+q, nil); status != http.StatusNotFound {
				t.Errorf("%s%s: %d %s", path, q, status, text(out))
			}
		}
	}
}

func TestPreviewOfAScope(t *testing.T) {
	preview := &asked{}
	c := newCounty(t, func(o *Options) { o.Preview = preview })
	if status, out := c.set(access.Supervisor, fields{"resident": c.here.resident}, fields{"low_battery_pct": 7}); status != 200 {
		t.Fatal(status, out)
	}
	in := fields{"scope": fields{"area": "xian/a", "tier": "red"}, "settings": fields{"low_battery_pct": 9}}
	if status, out, _ := c.as(access.Supervisor, "POST", "/api/v1/rules/preview", in); status != 200 {
		t.Fatal(status, text(out))
	}
	if q := preview.q; q.Area != "xian/a" || q.Tier != devices.TierRed || q.Resident != "" {
		t.Errorf("asked %+v", q)
	}
	for _, s := range []struct {
		of            alerting.RuleScope
		before, after float64
	}{
		{alerting.RuleScope{Area: "xian/a/1", Tier: devices.TierRed}, 20, 9},
		{alerting.RuleScope{Area: "xian/a/1", Tier: devices.TierGreen}, 20, 20},
		{alerting.RuleScope{Area: "xian/a/1", Tier: devices.TierRed, Resident: c.here.resident}, 7, 7},
		{alerting.RuleScope{Area: "xian/b/1", Tier: devices.TierRed}, 20, 20},
	} {
		if b, a := preview.q.Before(s.of).LowBatteryPct, preview.q.After(s.of).LowBatteryPct; b != s.before || a != s.after {
			t.Errorf("%s: %v, then %v; want %v, then %v", s.of, b, a, s.before, s.after)
		}
	}
	in["scope"] = fields{"area": "xian/b"}
	if status, out, _ := c.as(access.Supervisor, "POST", "/api/v1/rules/preview", in); status != http.StatusNotFound {
		t.Errorf("elsewhere: %d %s", status, text(out))
	}
}
