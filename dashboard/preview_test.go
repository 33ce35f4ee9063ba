package dashboard

import (
	"context"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
)

// asked is a Preview that keeps what it was asked.
type asked struct {
	q    PreviewQuery
	left time.Duration
	err  error
}

func (a *asked) Preview(ctx context.Context, q PreviewQuery) (PreviewResult, error) {
	deadline, _ := ctx.Deadline()
	a.q, a.left = q, time.Until(deadline)
	return PreviewResult{From: q.From, To: q.To, Residents: 7, Complete: true, Kinds: []PreviewKind{{
		Kind: alerting.KindWaterInactivity,
		Now:  PreviewCount{Alerts: 3, Severity: map[alerting.Severity]int{alerting.Yellow: 3}}, Proposed: PreviewCount{Alerts: 1},
	}}}, a.err
}

func TestPreviewOfRules(t *testing.T) {
	preview := &asked{}
	c := newCounty(t, func(o *Options) { o.Preview = preview })
	_, rules, _ := c.as(access.Administrator, "GET", "/api/v1/rules", nil)
	changed := maps.Clone(rules)
	changed["low_battery_pct"] = 15
	post := func(role access.Role, in map[string]any) (int, string) {
		t.Helper()
		status, out, _ := c.as(role, "POST", "/api/v1/rules/preview", in)
		return status, text(out)
	}
	status, out := post(access.Supervisor, map[string]any{"rules": changed, "days": 30})
	if status != http.StatusOK || !strings.Contains(out, `"residents":7`) || !strings.Contains(out, `"alerts":3`) {
		t.Errorf("%d %s", status, out)
	}
	q := preview.q
	if q.Before(alerting.RuleScope{}).LowBatteryPct == 15 || q.After(alerting.RuleScope{}).LowBatteryPct != 15 || q.To.Sub(q.From) != 30*24*time.Hour || !q.Scope.Area("xian/a/1") || q.Scope.Area("xian/b") {
		t.Errorf("asked %+v", q)
	}
	if preview.left <= 0 || preview.left > 2*time.Minute {
		t.Errorf("may take %s", preview.left)
	}
	if now := c.store.Rules(time.Now(), alerting.RuleScope{}).LowBatteryPct; now == 15 {
		t.Error("a preview changed the rules")
	}
	for _, wrong := range []struct {
		role access.Role
		in   map[string]any
		want int
	}{
		{access.Duty, map[string]any{"rules": changed}, http.StatusForbidden},
		{access.Supervisor, map[string]any{"rules": changed, "area": "xian/b"}, http.StatusNotFound},
		{access.Supervisor, map[string]any{"rules": changed, "days": 61}, http.StatusUnprocessableEntity},
		{access.Supervisor, map[string]any{"rules": map[string]any{}}, http.StatusUnprocessableEntity},
	} {
		if status, out := post(wrong.role, wrong.in); status != wrong.want {
			t.Errorf("%s %v: %d %s, want %d", wrong.role, wrong.in["area"], status, out, wrong.want)
		}
	}
	rules["late"] = "soon"
	if status, out := post(access.Administrator, map[string]any{"rules": rules}); status != http.StatusUnprocessableEntity || !strings.Contains(out, "rules.late") {
		t.Errorf("a length of time that is none: %d %s, want the field named", status, out)
	}
	rules["late"] = "24h"
	preview.err = ErrPreviewBusy
	if status, out := post(access.Administrator, map[string]any{"rules": rules}); status != http.StatusConflict {
		t.Errorf("while another is made: %d %s", status, out)
	}
}
