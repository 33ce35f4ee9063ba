package dashboard

import (
	"net/http"
	"strings"
	"testing"

	"shouwang/alerting"
	"shouwang/dashboard/access"
)

func TestMaskText(t *testing.T) {
	wang := &alerting.ResidentRef{ID: "r-1", Name: "王秀英"}
	for text, want := range map[string]string{
		"":                                "",
		"王秀英在家，儿子 13812345678":            "王**在家，儿子 138****5678",
		"打 138 1234 5678 或 138-1234-5678": "打 138****5678 或 138****5678",
		"座机 0635-7123456，村委 7123456":      "座机 063****3456，村委 *****56",
		"血压 150/90，血氧 93%，2026-11-24 08:30 再测": "血压 150/90，血氧 93%，2026-11-24 08:30 再测",
		"打了 120，110 也到了；3 号楼 1204":             "打了 120，110 也到了；3 号楼 1204",
	} {
		if got := maskText(text, wang); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	if got := maskText("王在家", &alerting.ResidentRef{Name: "王"}); got != "王在家" {
		t.Errorf("one character is a word: %s", got)
	}
}

// What somebody wrote at the door names in lists whom the list does not name.
func TestNotesAreMaskedAsNamesAre(t *testing.T) {
	c := newCounty(t)
	const name = "王v1" // as the visit has it
	report := found("5b0f2f2e-6a0e-4d0e-9d7f-1f3b8d9f7a11")
	report["note"] = name + "在家，女儿 13900001111"
	if status, out, _ := c.as(access.Assistant, "POST", "/api/v1/visits/"+c.here.visit+"/report", report); status != http.StatusOK {
		t.Fatalf("%d %s", status, text(out))
	}
	if status, out, _ := c.as(access.Duty, "POST", "/api/v1/alerts/"+c.here.alert+"/note", map[string]any{"note": "已告知 13900001111"}); status != http.StatusOK {
		t.Fatalf("%d %s", status, text(out))
	}
	for path, roles := range map[string]map[access.Role]bool{ // whether it is in clear
		"/api/v1/visits":                          {access.Duty: true, access.Administrator: true, access.Supervisor: false, access.Auditor: false},
		"/api/v1/visits/" + c.here.visit:          {access.Supervisor: true, access.Auditor: false},
		"/api/v1/alerts/" + c.here.alert + "/log": {access.Duty: true, access.Supervisor: true, access.Auditor: false},
	} {
		for role, clear := range roles {
			_, out, _ := c.as(role, "GET", path, nil)
			if got := strings.Contains(text(out), "13900001111"); got != clear || !clear && !strings.Contains(text(out), "139****1111") {
				t.Errorf("%s for %s: in clear %t, want %t: %s", path, role, got, clear, text(out))
			}
			if !clear && strings.Contains(text(out), name) {
				t.Errorf("%s names %s to %s", path, name, role)
			}
		}
	}
}
