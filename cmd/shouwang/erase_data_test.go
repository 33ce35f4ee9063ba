package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/ingest"
)

// A resident no longer wants to be located. From the decision on no position is
// stored; what is stored goes from everywhere, and nothing else does: the pulse
// stays, and a call for help is heard as before.
func TestEraseOneTypeOfData(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole service")
	}
	t.Parallel() // it waits more than it works
	const (
		band    = devices.DeviceID("acme/b-walker")
		village = devices.AreaPath("x/y/z")
		mark    = "36.2379417" // of the latitude, as it is written
	)
	s := testSettings(t.TempDir())
	s.Journal.Replay = 2 * time.Second
	p := start(t, s)
	yesterday := time.Now().Add(-24 * time.Hour)
	must(t, p.registry.PutAll(t.Context(), devices.Import{
		Areas:       []devices.Area{{Path: "x", Name: "X"}, {Path: "x/y", Name: "Y"}, {Path: village, Name: "Z"}},
		Residents:   []devices.Resident{{ID: "walker", Name: "行者", Area: village, Tier: devices.TierGreen, State: devices.Active}},
		Devices:     []devices.Device{{ID: band, Kind: devices.Wristband, Area: village}},
		Assignments: []devices.Assignment{{Device: band, Resident: "walker", From: yesterday}},
		Secrets:     []devices.Secret{{User: string(band), Secret: strings.Repeat("w", 32)}},
	}))
	send := p.device(t, band, strings.Repeat("w", 32))
	telemetry := func(at time.Time) {
		send("telemetry", fmt.Sprintf(`{"ts":%d,"metrics":{"heart_rate_bpm":70,"lat_deg":`+mark+`,"lon_deg":115.6712345}}`, at.UnixMilli()))
	}
	for i := range 20 {
		telemetry(time.Now().Add(-time.Duration(20-i) * time.Minute))
	}
	send("telemetry", `{"torn":`+mark)
	count := func(metric devices.Metric) int {
		points, err := p.series.History(t.Context(), devices.HistoryQuery{Device: band, Metric: metric, From: yesterday, To: time.Now().Add(time.Hour)})
		must(t, err)
		return len(points)
	}
	eventually(t, 10*time.Second, "readings are stored", func() bool { return count(devices.LatDeg) == 20 && count(devices.HeartRateBPM) == 20 })
	sos := func() (a alerting.Alert) {
		send("event", fmt.Sprintf(`{"ts":%d,"event":"sos","metrics":{"lat_deg":`+mark+`,"lon_deg":115.6712345}}`, time.Now().UnixMilli()))
		eventually(t, 10*time.Second, "the SOS is an alert", func() bool {
			page, err := p.alerts.Alerts(t.Context(), alerting.AlertFilter{Scope: devices.Everywhere(), Resident: "walker", State: []alerting.State{alerting.Open}})
			if err != nil || len(page.Items) == 0 {
				return false
			}
			a = page.Items[0]
			return true
		})
		return a
	}
	alert := sos()
	if alert.Evidence["lat_deg"] == nil {
		t.Fatalf("the SOS has no place: %v", alert.Evidence)
	}
	desk := alerting.NewDesk(alerting.DeskOptions{Book: p.alerts, Directory: p.registry})
	by := alerting.Actor{User: "duty", Name: "duty"}
	_, err := desk.Close(t.Context(), alert.ID, by, alerting.Closing{Outcome: alerting.Well, VerifiedBy: "duty", How: "phone", Note: "notemark"})
	must(t, err)
	if len(grepFolder(t, s.Data, mark)) == 0 {
		t.Fatal("the place is not in the files to begin with")
	}

	decide := func(granted bool) {
		must(t, p.registry.PutAll(t.Context(), devices.Import{Consents: []devices.Consent{{Resident: "walker", Data: devices.PositionData, Granted: granted}}}))
	}
	decide(false)
	var out bytes.Buffer
	must(t, (&eraseCmd{settings: s, Resident: "walker", DataType: "position", Wait: 20 * time.Second}).Run(t.Context(), &out, zerolog.Nop()))
	if !strings.Contains(out.String(), "walker (position) is erased") {
		t.Errorf("the command says %q", out.String())
	}
	if lat, rate := count(devices.LatDeg), count(devices.HeartRateBPM); lat != 0 || rate != 20 {
		t.Errorf("%d positions and %d pulses are left, want 0 and 20", lat, rate)
	}
	closed, err := p.alerts.Alert(t.Context(), devices.Everywhere(), alert.ID)
	must(t, err)
	if closed.Resident.Name != "行者" || closed.Evidence["lat_deg"] != nil || closed.Evidence["device"] != string(band) {
		t.Errorf("the case has %+v %v", closed.Resident, closed.Evidence)
	}
	log, err := p.alerts.Log(t.Context(), alert.ID)
	must(t, err)
	if last := log[len(log)-1]; last.Text != "notemark" {
		t.Errorf("what people wrote is gone: %+v", last)
	}
	if chain, err := p.alerts.Verify(t.Context(), 0, ""); err != nil || !chain.Whole() {
		t.Errorf("the chain: %+v, %v", chain, err)
	}

	eventually(t, 30*time.Second, "the erasure is complete", func() bool {
		must(t, p.engine.Checkpoint(t.Context()))
		for _, lane := range ingest.Lanes {
			p.journal.Passed(lane, p.engine.Position(string(lane)))
		}
		erasure, err := findErasure(t.Context(), p.db, "walker", devices.PositionData)
		return err == nil && erasure.Complete()
	})
	if found := grepFolder(t, s.Data, mark); len(found) > 0 {
		t.Errorf("the place is still in %v", found)
	}

	// Agreed to again: what comes late of the time before is not stored, what is new is.
	decide(true)
	telemetry(time.Now().Add(-time.Hour))
	telemetry(time.Now())
	eventually(t, 10*time.Second, "new readings are stored", func() bool { return count(devices.HeartRateBPM) == 22 })
	eventually(t, 10*time.Second, "and the new position alone", func() bool { return count(devices.LatDeg) == 1 })
	decide(false)
	must(t, (&eraseCmd{settings: s, Resident: "walker", DataType: "position", Wait: 20 * time.Second}).Run(t.Context(), &out, zerolog.Nop()))
	sos() // is heard all the same
	if n := count(devices.LatDeg); n != 0 {
		t.Errorf("%d positions are there again", n)
	}
}
