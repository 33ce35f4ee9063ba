package dashboard

import (
	"fmt"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
)

// The round of calls about an outage ends with those who are back, and shows nobody whom the caller may not see.
func TestResidentsWhomAnOutageHides(t *testing.T) {
	c := newCounty(t)
	outage := c.open(c.here, "", alerting.KindDataOutage)
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	must(t, c.store.Tx(t.Context(), func(tx alerting.Tx) error {
		for i, m := range []struct {
			resident string
			back     bool
		}{{c.here.resident, false}, {c.here.resident, true}, {c.there.resident, true}} {
			err := tx.PutMember(outage, alerting.Member{
				Subject: alerting.Subject{Type: alerting.SubjectDevice, ID: fmt.Sprint("acme/band", i)}, Kind: alerting.KindDeviceSilent, Episode: at,
				Resident: &alerting.ResidentRef{ID: m.resident, Name: "王"}, Area: c.here.village, Severity: alerting.Blue, Back: m.back,
			})
			if err != nil {
				return err
			}
		}
		return tx.PutOutageCall(outage, c.here.resident, "no_answer", at, alerting.System())
	}))
	listed := func(role access.Role) string {
		status, doc, _ := c.as(role, "GET", "/api/v1/alerts/"+outage+"/residents", nil)
		if status != 200 {
			t.Fatalf("%s: %d %v", role, status, doc)
		}
		s := ""
		for _, item := range doc["items"].([]any) {
			r := item.(map[string]any)
			s += fmt.Sprint(r["id"], " ", r["back"], " ", r["called_at"], " ", r["result"], "; ")
		}
		return s
	}
	own := c.here.resident + " false 2026-11-23T08:00:00Z no_answer; "
	if got, want := listed(access.Administrator), own+c.there.resident+" true <nil> ; "; got != want {
		t.Errorf("the administrator has %q, want %q", got, want)
	}
	if got := listed(access.TownDuty); got != own {
		t.Errorf("the town has %q, want %q", got, own)
	}
}
