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

// A county's papers come with its residents: what they did not agree to is not
// taken from the first reading on.
func TestImportTakesConsents(t *testing.T) {
	c := newCounty(t)
	doc := map[string]any{
		"residents": []any{map[string]any{"id": "zhao", "name": "赵", "area": c.here.village}},
		"consents": []any{
			map[string]any{"resident": "zhao", "data": []any{"water", "vitals"}, "granted": true, "paper": "箱 3"},
			map[string]any{"resident": "zhao", "data": []any{"position"}, "granted": false, "paper": "箱 3"},
		},
	}
	for range 2 { // sent again it changes nothing
		if status, out, _ := c.as(townAdministrator, "POST", "/api/v1/registry/import", doc); status != http.StatusOK || out["consents"] != 2.0 {
			t.Fatalf("%d %s", status, text(out))
		}
	}
	if not := c.registry.WithheldOf("zhao", time.Now()); not != devices.Withhold(devices.PositionData) {
		t.Errorf("withheld: %b", not)
	}
	_, out, _ := c.as(townAdministrator, "GET", "/api/v1/residents/zhao/consents", nil)
	if items, _ := out["items"].([]any); len(items) != 3 || !strings.Contains(text(out), `"by":"town_administrator"`) || !strings.Contains(text(out), "箱 3") {
		t.Errorf("%s", text(out))
	}
	for field, decision := range map[string]map[string]any{
		"consents[0].resident": {"resident": c.there.resident, "data": []any{"position"}, "granted": false},
		"consents[0].to":       {"resident": "zhao", "data": []any{"position"}, "granted": true, "to": "2020-01-01T00:00:00Z"},
	} {
		status, out, _ := c.as(townAdministrator, "POST", "/api/v1/registry/import", map[string]any{"consents": []any{decision}})
		if status != http.StatusUnprocessableEntity || !strings.Contains(text(out), `"field":"`+field+`"`) {
			t.Errorf("%s: %d %s", field, status, text(out))
		}
	}
}

// Where somebody works is said by name, not by a code.
func TestProvidersAreNamed(t *testing.T) {
	c := newCounty(t)
	if _, out, _ := c.as(access.Administrator, "GET", "/api/v1/users", nil); !strings.Contains(text(out), `"provider":"p1","provider_name":"康养"`) {
		t.Errorf("%s", text(out))
	}
	_, err := c.desk.StartVisit(t.Context(), c.here.visit, alerting.Actor{User: "provider"})
	must(t, err)
	report := found("7b0f2f2e-6a0e-4d0e-9d7f-1f3b8d9f7a11")
	if status, out, _ := c.as(access.Provider, "POST", "/api/v1/visits/"+c.here.visit+"/report", report); status != http.StatusOK {
		t.Fatalf("%d %s", status, text(out))
	}
	if _, out, _ := c.as(access.Administrator, "GET", "/api/v1/reports/month", nil); !strings.Contains(text(out), `"name":"康养"`) {
		t.Errorf("%s", text(out))
	}
	_, out, _ := c.as(access.Administrator, "GET", "/api/v1/reports/month/file?format=csv", nil)
	if !strings.Contains(text(out), "康养,1,") {
		t.Errorf("%s", text(out))
	}
}
