package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/devices"
)

func TestFromThePressToTheOutcome(t *testing.T) {
	room := demoRoom(t)
	band := room.Device(devices.Wristband)
	duty, supervisor, provider := room.SignIn("duty"), room.SignIn("supervisor"), room.Phone("provider")

	pressed := band.PublishSOS()
	acknowledged := time.Now()
	alert := room.as("duty").expectAlert("sos", band)
	took := duty.Sees(alert, pressed)
	t.Logf("the alert stood on the board %d ms after mosquitto_pub was started, %d ms after the broker had acknowledged it",
		took.Milliseconds(), (took - acknowledged.Sub(pressed)).Milliseconds())
	if alert.Severity != alerting.Red || alert.State != alerting.Open || alert.Late {
		t.Errorf("alert %+v", alert)
	}
	supervisor.Sees(alert, pressed)
	supervisor.Opens(alert)
	duty.Opens(alert)
	duty.expect(5*time.Second, "the resident's name", fmt.Sprintf("%s.innerText.includes(%q)", byTestID("case"), band.name))
	duty.show("board")

	duty.Acknowledges(alert)
	supervisor.SeesState(alert, alerting.Acknowledged)
	duty.Dispatches(alert)
	supervisor.SeesState(alert, alerting.Dispatched)
	provider.expect(5*time.Second, "the visit", byTestID("visit-card", ofAlert(alert)))
	provider.Reports(alert, alerting.Well, "老人在家，一切正常")
	duty.SeesState(alert, alerting.Visited)
	duty.expect(5*time.Second, "the report", byTestID("case-visit")+`.innerText.includes("老人在家，一切正常")`)
	duty.Closes(alert, alerting.Well)
	duty.expect(5*time.Second, "the list without it", "!"+byTestID("alert-row", ofAlert(alert)))
	duty.show("closed")

	supervisor.SeesState(alert, alerting.Closed)
	supervisor.expect(5*time.Second, "the whole story", byTestID("log")+".children.length >= 6")
	all := []alerting.State{alerting.Open, alerting.Acknowledged, alerting.Dispatched, alerting.Visited, alerting.Closed}
	if saw := supervisor.SawStates(alert); !slices.Equal(saw, all) {
		t.Errorf("the supervisor saw %v, want %v", saw, all)
	}
	for _, p := range []*person{duty, supervisor, provider} {
		p.Undisturbed()
	}
	if end := room.as("duty").alert(alert.ID); end.Outcome == nil || *end.Outcome != alerting.Well || end.ClosedAt == nil {
		t.Errorf("in the end it is %+v", end)
	}
	duty.do("open the resident's page", navigate(room.http+"/residents/"+band.Resident))
	duty.expect(10*time.Second, "charts with data", `document.querySelector('[data-testid="chart"][data-empty="false"]')`)
	duty.show("resident")
}

func TestADayWithoutWater(t *testing.T) {
	room := emptyRoom(t, 1, 3)
	admin, duty := room.as("administrator"), room.SignIn("duty")
	short, full, witness := room.Device(devices.WaterMeter), room.Device(devices.WaterMeter), room.Device(devices.Wristband)
	last := time.Now().Add(-10 * time.Minute).Truncate(time.Second)

	short.Registers(24, last, 12.345) // 23 hours: proves nothing
	full.Registers(25, last, 80.001)
	alert := admin.expectAlert("water_inactivity", full)
	if alert.Severity != alerting.Yellow || alert.State != alerting.Open || alert.Late || alert.RecoveredAt != nil {
		t.Errorf("alert %+v", alert)
	}
	duty.Sees(alert, last)
	if points := admin.history(full, "volume_m3", last.Add(-25*time.Hour)); len(points) != 25 {
		t.Errorf("%d of 25 registers are in history", len(points))
	}
	full.Registers(25, last, 80.001) // the upload again, as after a lost PUBACK
	full.publish("telemetry", fmt.Sprintf(`{"ts":%q,"metrics":{"volume_m3":80.001}}`, last.Add(time.Minute).Format(time.RFC3339)))
	room.settled(witness)
	alerts, _ := admin.alerts("kind=water_inactivity")
	sameStates(t, alerts, []alerting.Alert{alert})

	full.publish("telemetry", fmt.Sprintf(`{"ts":%q,"metrics":{"volume_m3":80.051}}`, last.Add(5*time.Minute).Format(time.RFC3339)))
	eventually(t, 5*time.Second, "the alert is marked as recovered", func() bool { return admin.alert(alert.ID).RecoveredAt != nil })
	if now := admin.alert(alert.ID); now.State != alerting.Open || now.Outcome != nil || now.ClosedAt != nil {
		t.Errorf("after use it is %+v, want it open and marked", now)
	}
	duty.expect(5*time.Second, "the mark on the list", byTestID("alert-row", ofAlert(alert))+`.innerText.includes("已恢复")`)
	duty.Undisturbed()
}

// A meter that uploads once a day tells with its batch and the register before
// it, not with the batch alone.
func TestADayWithoutWaterOnAMeterWithHistory(t *testing.T) {
	room := demoRoom(t)
	admin := room.as("administrator")
	var newest struct {
		At    time.Time `json:"ts"`
		Value float64   `json:"value"`
	}
	meter := room.deviceWhere(devices.WaterMeter, func(d readyDevice) bool {
		var latest struct {
			Items []struct {
				Metric string    `json:"metric"`
				At     time.Time `json:"ts"`
				Value  float64   `json:"value"`
			}
		}
		admin.must(http.StatusOK, "GET", "/api/v1/devices/"+d.Username+"/latest", nil, &latest)
		for _, i := range latest.Items {
			if i.Metric == "volume_m3" && time.Since(i.At) > 25*time.Hour && time.Since(i.At) < 47*time.Hour {
				newest.At, newest.Value = i.At, i.Value
				return true
			}
		}
		return false
	})
	if before, _ := admin.alerts("resident=" + meter.Resident); len(before) > 0 {
		t.Fatalf("alerts before: %v", states(before))
	}
	meter.Registers(24, newest.At.Add(24*time.Hour), newest.Value)
	alert := admin.expectAlert("water_inactivity", meter)
	if alert.State != alerting.Open || alert.Late {
		t.Errorf("alert %+v", alert)
	}
	if alert.Since.After(newest.At) {
		t.Errorf("the episode begins %v, after the last register %v of history", alert.Since, newest.At)
	}
}

func TestAReportSentTwiceIsOneReport(t *testing.T) {
	room := demoRoom(t)
	duty, provider, town := room.as("duty"), room.as("provider"), room.as("town_duty")
	home := room.accounts["town_duty"].Area
	band := room.deviceWhere(devices.Wristband, func(d readyDevice) bool { return !home.Contains(d.Area) })
	band.PublishSOS()
	alert := duty.expectAlert("sos", band)

	var visit alerting.Visit
	duty.must(http.StatusCreated, "POST", "/api/v1/visits", map[string]any{"alert": alert.ID}, &visit)
	report := map[string]any{"uuid": uuid.NewString(), "outcome": "assisted", "note": "扶起", "at": time.Now().Add(-time.Minute)}
	var first, second alerting.Visit
	provider.must(http.StatusOK, "POST", "/api/v1/visits/"+visit.ID+"/report", report, &first)
	_, after := duty.alerts("")
	provider.must(http.StatusOK, "POST", "/api/v1/visits/"+visit.ID+"/report", report, &second)
	if _, now := duty.alerts(""); now != after {
		t.Errorf("the second report made events %d to %d", after+1, now)
	}
	if second.Report == nil || *second.Report != *first.Report || second.Report.Note != "扶起" {
		t.Errorf("reports %+v and %+v", first.Report, second.Report)
	}

	// What somebody else found is kept in the log; the first report stands.
	var third alerting.Visit
	further := map[string]any{"uuid": uuid.NewString(), "outcome": "well", "note": "我也去过"}
	duty.must(http.StatusOK, "POST", "/api/v1/visits/"+visit.ID+"/report", further, &third)
	if third.Report == nil || *third.Report != *first.Report {
		t.Errorf("after a further report it is %+v, want %+v", third.Report, first.Report)
	}
	if status, log, err := duty.call("GET", "/api/v1/alerts/"+alert.ID+"/log", nil, nil); err != nil || status != http.StatusOK || !strings.Contains(log, "我也去过") {
		t.Errorf("the log does not have the further report: %d %s %v", status, log, err)
	}

	// What the state does not allow is refused by its name.
	for path, body := range map[string]any{
		"/api/v1/visits/" + visit.ID + "/start": nil,
		"/api/v1/alerts/" + alert.ID + "/ack":   nil,
	} {
		status, answer, err := duty.call("POST", path, body, nil)
		if err != nil || status != http.StatusConflict || !strings.Contains(answer, `"state":"`) {
			t.Errorf("%s: %d %s %v, want 409 that names the state", path, status, answer, err)
		}
	}

	// For the duty room of another town none of it exists.
	for _, path := range []string{
		"GET /api/v1/alerts/" + alert.ID, "POST /api/v1/alerts/" + alert.ID + "/ack", "GET /api/v1/alerts/" + alert.ID + "/log",
		"GET /api/v1/visits/" + visit.ID, "GET /api/v1/residents/" + band.Resident,
	} {
		method, path, _ := strings.Cut(path, " ")
		if status, answer, err := town.call(method, path, nil, nil); err != nil || status != http.StatusNotFound {
			t.Errorf("%s %s as the duty room of %s: %d %s %v, want 404", method, path, home, status, answer, err)
		}
	}
	if seen, _ := town.alerts("resident=" + band.Resident); len(seen) > 0 {
		t.Errorf("the duty room of %s lists %v", home, states(seen))
	}
}
