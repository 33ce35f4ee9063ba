package dashboard

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// at36 is a home that is known.
func (c *county) at36(h house) {
	note := "钥匙在窗台"
	_, err := c.desk.SetHome(c.t.Context(), h.resident, alerting.System(), alerting.HomeChange{Position: &alerting.Position{Lat: 36.2401, Lon: 115.6602}, Note: &note})
	must(c.t, err)
}

func hides(t *testing.T, what string, out map[string]any, secrets ...string) {
	t.Helper()
	for _, s := range secrets {
		if strings.Contains(text(out), s) {
			t.Errorf("%s tells %s: %s", what, s, text(out))
		}
	}
}

// The field page is no way round the masks: a visit that is over, or far ahead,
// shows whom it is about as the resident's page does.
func TestAFieldCardShowsNoMoreThanItsVisitNeeds(t *testing.T) {
	c := newCounty(t)
	ctx := t.Context()
	c.person(c.here)
	c.at36(c.here)
	secrets := []string{"13812345678", "13987654321", "槐树村 3 组", "36.24"}
	roles := []access.Role{access.Provider, access.Assistant, access.Duty, access.Supervisor}
	field := "/api/v1/field?visit=" + c.here.visit
	for _, role := range roles {
		if _, out, _ := c.as(role, "GET", field, nil); !strings.Contains(text(out), "13812345678") || !strings.Contains(text(out), "36.24") {
			t.Errorf("%s, on the way: %s", role, text(out))
		}
	}
	must(t, c.store.Tx(ctx, func(tx alerting.Tx) error {
		a, err := tx.Alert(c.here.alert)
		must(t, err)
		a.Evidence = map[string]any{"lat_deg": 36.25, "lon_deg": 115.6}
		return tx.PutAlert(a)
	}))
	answer, err := c.desk.CreateVisit(ctx, alerting.System(), alerting.NewVisit{Alert: c.here.alert})
	must(t, err)
	by := alerting.Actor{User: "duty"}
	for _, id := range []string{answer.ID, c.here.visit} {
		_, err = c.desk.CancelVisit(ctx, id, by, "x")
		must(t, err)
	}
	_, err = c.desk.Close(ctx, c.here.alert, by, alerting.Closing{Outcome: alerting.Well, VerifiedBy: "duty", How: "phone"})
	must(t, err)
	ahead, err := c.desk.CreateVisit(ctx, alerting.System(), alerting.NewVisit{Resident: c.here.resident, Due: time.Now().AddDate(0, 1, 0)})
	must(t, err)
	now := time.Now().UTC()
	c.series.readings = []devices.Reading{{Device: c.here.device, Metric: devices.HeartRateBPM, Value: 71, At: now.Add(-time.Minute), Received: now}}
	for _, role := range roles {
		for _, query := range []string{"?visit=" + c.here.visit, "?visit=" + ahead.ID, "?visit=" + answer.ID, "?until=2100-01-01T00:00:00Z"} {
			status, out, _ := c.as(role, "GET", "/api/v1/field"+query, nil)
			if items := out["items"].([]any); status != http.StatusOK || len(items) != 1 {
				t.Fatalf("%s %s: %d %s", role, query, status, text(out))
			}
			hides(t, fmt.Sprintf("%s %s", role, query), out, append(secrets, "36.25", "heart_rate")...)
		}
	}
}

// Signs of life are data: consent gates them, and the wearer of before is nobody's
// sign.
func TestSignsOfLifeAreTheResidentsOwnAndAgreedTo(t *testing.T) {
	c := newCounty(t)
	now := time.Now().UTC()
	signs := func() string {
		_, out, _ := c.as(access.Provider, "GET", "/api/v1/field?visit="+c.here.visit, nil)
		return text(map[string]any{"signs": out["items"].([]any)[0].(map[string]any)["signs"]})
	}
	c.series.readings = []devices.Reading{{Device: c.here.device, Metric: devices.HeartRateBPM, Value: 71, At: now.Add(-2 * time.Hour), Received: now}}
	if got := signs(); strings.Contains(got, "heart_rate") {
		t.Errorf("from before the band was the resident's: %s", got)
	}
	c.series.readings = append(c.series.readings,
		devices.Reading{Device: c.here.device, Metric: devices.HeartRateBPM, Value: 72, At: now.Add(-time.Minute), Received: now},
		devices.Reading{Device: c.here.device, Metric: devices.Steps, Value: 500, At: now.Add(-time.Minute), Received: now})
	if got := signs(); !strings.Contains(got, "heart_rate") || !strings.Contains(got, "steps") {
		t.Errorf("the resident's own: %s", got)
	}
	c.as(access.Duty, "POST", "/api/v1/residents/"+c.here.resident+"/consents", map[string]any{"data": []any{"vitals"}, "granted": false})
	if got := signs(); strings.Contains(got, "heart_rate") || !strings.Contains(got, "steps") {
		t.Errorf("vitals withdrawn: %s", got)
	}
}

// Where the home is, is an address.
func TestTheHomeIsMaskedAsTheAddressIs(t *testing.T) {
	c := newCounty(t)
	c.person(c.here)
	c.at36(c.here)
	page := "/api/v1/residents/" + c.here.resident
	_, out, _ := c.as(access.Auditor, "GET", page, nil)
	hides(t, "the auditor's page", out, "36.24", "钥匙")
	c.quiet(c.here)
	for _, role := range []access.Role{access.Duty, access.Supervisor, access.Provider} {
		_, out, _ := c.as(role, "GET", page, nil)
		hides(t, string(role)+"'s page", out, "36.24")
		_, out, _ = c.as(role, "POST", page+"/home", map[string]any{"note": "钥匙在窗台"})
		hides(t, string(role)+"'s change", out, "36.24")
	}
	if _, out, _ = c.as(access.Administrator, "GET", page, nil); !strings.Contains(text(out), "36.24") {
		t.Errorf("the administrator reads %s", text(out))
	}
}

func TestTheLadderNamesNobodyToTheAuditor(t *testing.T) {
	c := newCounty(t)
	c.person(c.here)
	path := "/api/v1/alerts/" + c.here.alert + "/ladder"
	_, out, _ := c.as(access.Auditor, "GET", path, nil)
	hides(t, "the auditor's ladder", out, "王大明")
	if _, out, _ = c.as(access.Duty, "GET", path, nil); !strings.Contains(text(out), "王大明") {
		t.Errorf("the desk's ladder: %s", text(out))
	}
}

func TestASheetMasksWhomToCall(t *testing.T) {
	c := newCounty(t)
	line := alerting.SheetLine{Name: "王小明", Whom: "王大明"}
	got := c.d.showSheet(&access.Caller{Role: access.Auditor}, alerting.Sheet{Lines: []alerting.SheetLine{line}}).Lines[0]
	if got.Name != "王**" || got.Whom != "王**" {
		t.Errorf("the auditor reads %+v", got)
	}
}

// Whose visit it was may still send what its phone kept, and is told nothing of
// what the next organisation found.
func TestAMovedVisitTellsNothingOfTheNextProvider(t *testing.T) {
	c := newCounty(t)
	ctx := t.Context()
	c.person(c.here)
	must(t, c.registry.PutProvider(ctx, "p1", "康养", []devices.AreaPath{"xian/b"}))
	must(t, c.registry.PutProvider(ctx, "p2", "安心", []devices.AreaPath{"xian/a/1"}))
	must(t, c.store.Tx(ctx, func(tx alerting.Tx) error {
		v, err := tx.Visit(c.here.visit)
		must(t, err)
		p2 := "p2"
		v.Provider = &p2
		return tx.PutVisit(v)
	}))
	_, err := c.desk.ReportVisit(ctx, c.here.visit, alerting.Actor{User: "p2-li"}, alerting.Report{UUID: uuid.NewString(), By: "p2-li", Outcome: alerting.InHospital, Note: "骨折"})
	must(t, err)
	visit := "/api/v1/visits/" + c.here.visit
	out := c.post(visit+"/checkout", map[string]any{"uuid": uuid.NewString()})
	hides(t, "the check-out", out, "骨折", "hospital", "王小明", "p2-li")
	out = c.post(visit+"/report", map[string]any{"uuid": uuid.NewString(), "outcome": "well"})
	hides(t, "the report", out, "骨折", "hospital", "王小明", "p2-li")
}

// A device that is taken back still knows where it was worn.
func TestADeviceTakenBackTellsNoPosition(t *testing.T) {
	c := newCounty(t)
	now := time.Now().UTC()
	c.series.readings = []devices.Reading{{Device: c.here.device, Metric: devices.LatDeg, Value: 36.2, At: now.Add(-time.Minute), Received: now}}
	must(t, c.registry.Unassign(t.Context(), c.here.device, now))
	latest := "/api/v1/devices/" + string(c.here.device) + "/latest"
	for _, role := range []access.Role{access.Duty, access.Assistant, access.Supervisor, access.Auditor} {
		_, out, _ := c.as(role, "GET", latest, nil)
		hides(t, string(role), out, "lat_deg")
	}
	if _, out, _ := c.as(access.Administrator, "GET", latest, nil); !strings.Contains(text(out), "lat_deg") {
		t.Errorf("the administrator reads %s", text(out))
	}
	if len(c.audited("read-position", string(c.here.device))) != 1 {
		t.Error("not audited")
	}
	// Nor does it tell the next one's position before it was theirs.
	must(t, c.registry.Assign(t.Context(), c.here.device, c.here.resident, time.Now()))
	_, out, _ := c.as(access.Duty, "GET", latest, nil)
	hides(t, "the next resident's", out, "lat_deg")
}

// Pictures lie in the database: nobody fills the disk with them.
func TestAVisitTakesSoManyPicturesOnly(t *testing.T) {
	c := newCounty(t)
	path := "/api/v1/visits/" + c.here.visit + "/photos?uuid="
	first := uuid.NewString()
	for i := range maxPhotos { // the house has one
		id := uuid.NewString()
		if i == 0 {
			id = first
		}
		status, out, _ := c.as(access.Provider, "POST", path+id, string(picture(8, 8)))
		if want := i < maxPhotos-1; (status == http.StatusOK) != want {
			t.Fatalf("picture %d: %d %s", i+2, status, text(out))
		}
	}
	if status, out, _ := c.as(access.Provider, "POST", path+first, string(picture(8, 8))); status != http.StatusOK {
		t.Errorf("one that was taken, sent again: %d %s", status, text(out))
	}
	c.post("/api/v1/visits/"+c.here.visit+"/checkout", map[string]any{"uuid": uuid.NewString()})
}

// A test costs money and takes of what alerts may send.
func TestTestsOfChannelsAreFew(t *testing.T) {
	c := newCounty(t)
	c.dispatching()
	for i := range maxTests + 1 {
		number := fmt.Sprintf("138000000%02d", i)
		c.as(access.Vendor, "PUT", "/api/v1/me/channels", map[string]any{"language": "zh", "channels": []any{map[string]any{"channel": "sms", "address": number, "enabled": true}}})
		status, out, _ := c.as(access.Vendor, "POST", "/api/v1/me/channels/test", map[string]any{"channel": "sms", "address": number})
		if want := i < maxTests; (status == http.StatusOK) != want || !want && status != http.StatusTooManyRequests {
			t.Fatalf("test %d: %d %s", i+1, status, text(out))
		}
	}
}
