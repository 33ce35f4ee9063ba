package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/ingest"
)

// inProcess is the service in this process, so that a test can look into it.
type inProcess struct {
	*app

	stop func()
}

func testSettings(dir string) settings {
	s := settings{Data: dir, Roles: []string{"broker", "ingest", "alerting", "dashboard"}, TimeZone: "Asia/Shanghai"}
	s.HTTP.Listen, s.Broker.Listen, s.Broker.Plain, s.Broker.MaxStoreMB = "127.0.0.1:0", "127.0.0.1:0", true, 256
	s.Journal.Replay, s.Ingest.AgeLimit, s.Series.Store = 24*time.Hour, 35*24*time.Hour, "sqlite"
	s.Log.Level, s.Log.Format = "info", "json"
	return s
}

func start(t *testing.T, s settings) *inProcess {
	t.Helper()
	a, err := open(t.Context(), s, s.logger(zerolog.New(zerolog.NewTestWriter(t))).Level(zerolog.WarnLevel))
	if err != nil {
		t.Fatal(err)
	}
	a.purgeEvery = 100 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	p := &inProcess{app: a}
	stopped := false
	p.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(<-done, a.close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(p.stop)
	select {
	case <-a.ready:
	case <-time.After(patience):
		t.Fatal("not ready within 20 s")
	}
	return p
}

// device connects as a device and returns how it publishes with QoS 1.
func (p *inProcess) device(t *testing.T, id devices.DeviceID, secret string) func(channel, payload string) {
	t.Helper()
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + p.mqttAddr).SetClientID(local(id)).
		SetUsername(string(id)).SetPassword(secret).SetAutoReconnect(false))
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("%s cannot connect: %v", id, token.Error())
	}
	t.Cleanup(func() { c.Disconnect(0) })
	return func(channel, payload string) {
		t.Helper()
		token := c.Publish("homecare/v1/"+string(id)+"/"+channel, 1, false, payload)
		if !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatalf("%s not acknowledged: %v", id, token.Error())
		}
	}
}

// grepFolder lists the files that hold the mark.
func grepFolder(t *testing.T, dir, mark string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a block that has just gone
		}
		b, err := os.ReadFile(path)
		if err == nil && bytes.Contains(b, []byte(mark)) {
			name, _ := filepath.Rel(dir, path)
			found = append(found, name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestErase enters two residents, lets their devices report, makes a case of
// one and erases that one: by a query, by a look into every file, with a reading
// that comes too late, and after a restore of what was saved before.
func TestErase(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the whole service")
	}
	t.Parallel() // it waits more than it works
	const (
		gone, stays = devices.DeviceID("acme/b-gone"), devices.DeviceID("acme/b-stays")
		name, phone = "马克尔某某", "13800001234"
		village     = devices.AreaPath("x/y/z")
	)
	dir := t.TempDir()
	s := testSettings(dir)
	s.Journal.Replay = 2 * time.Second
	p := start(t, s)
	secret := map[devices.DeviceID]string{gone: strings.Repeat("g", 32), stays: strings.Repeat("s", 32)}
	yesterday := time.Now().Add(-24 * time.Hour)
	in := devices.Import{
		Areas: []devices.Area{{Path: "x", Name: "X"}, {Path: "x/y", Name: "Y"}, {Path: village, Name: "Z"}},
		Residents: []devices.Resident{
			{ID: "r-gone", Name: name, Phone: phone, Address: "markstreet-17", Born: 1941, Area: village, Tier: devices.TierGreen, State: devices.Active, Contacts: []devices.ContactPerson{{Name: "markson", Phone: phone}}},
			{ID: "r-stays", Name: "留下", Area: village, Tier: devices.TierGreen, State: devices.Active},
		},
		Devices:     []devices.Device{{ID: gone, Kind: devices.Wristband, Area: village}, {ID: stays, Kind: devices.Wristband, Area: village}},
		Assignments: []devices.Assignment{{Device: gone, Resident: "r-gone", From: yesterday}, {Device: stays, Resident: "r-stays", From: yesterday}},
		Secrets:     []devices.Secret{{User: string(gone), Secret: secret[gone]}, {User: string(stays), Secret: secret[stays]}},
	}
	must(t, p.registry.PutAll(t.Context(), in))

	send := map[devices.DeviceID]func(string, string){}
	for _, id := range []devices.DeviceID{gone, stays} {
		send[id] = p.device(t, id, secret[id])
		for i := range 20 {
			send[id]("telemetry", fmt.Sprintf(`{"ts":%d,"metrics":{"heart_rate_bpm":%d,"telemetrymark":%d}}`, time.Now().Add(-time.Duration(i)*time.Minute).UnixMilli(), 60+i, i))
		}
		send[id]("telemetry", `{"lettermark`+local(id)+`":`)
		send[id]("event", fmt.Sprintf(`{"ts":%d,"event":"sos"}`, time.Now().UnixMilli()))
	}
	everything := devices.Scope{Areas: []devices.AreaPath{""}}
	alertOf := func(resident string) (a alerting.Alert) {
		t.Helper()
		eventually(t, 10*time.Second, "SOS of "+resident+" is an alert", func() bool {
			page, err := p.alerts.Alerts(t.Context(), alerting.AlertFilter{Scope: everything, Resident: resident})
			if err != nil || len(page.Items) == 0 {
				return false
			}
			a = page.Items[0]
			return true
		})
		return a
	}
	history := func(p *inProcess, id devices.DeviceID) int {
		points, err := p.series.History(t.Context(), devices.HistoryQuery{Device: id, Metric: "telemetrymark", From: yesterday, To: time.Now().Add(time.Hour)})
		must(t, err)
		return len(points)
	}
	alert := alertOf("r-gone")
	alertOf("r-stays")
	eventually(t, 10*time.Second, "readings are stored", func() bool { return history(p, gone) == 20 && history(p, stays) == 20 })

	// Somebody with an open alert is not erased.
	e := p.newEraser()
	var wrong *devices.InputError
	if _, err := e.Request(t.Context(), "r-gone", "", "t"); !errors.As(err, &wrong) || !strings.Contains(wrong.Rule, alert.ID) {
		t.Fatalf("request with an open alert: %v", err)
	}
	desk := alerting.NewDesk(alerting.DeskOptions{Book: p.alerts, Directory: p.registry})
	by := alerting.Actor{User: "duty", Name: "duty"}
	_, err := desk.Note(t.Context(), alert.ID, by, "notemark")
	must(t, err)
	visit, err := desk.CreateVisit(t.Context(), by, alerting.NewVisit{Alert: alert.ID})
	must(t, err)
	_, _, err = desk.Enter(t.Context(), visit.ID, by, alerting.NewEntry{UUID: uuid.NewString(), Kind: alerting.EntryPhoto, Photo: bytes.Repeat([]byte("photomark"), 3000)})
	must(t, err)
	_, err = desk.ReportVisit(t.Context(), visit.ID, by, alerting.Report{UUID: uuid.NewString(), Outcome: alerting.Well, Note: "reportmark", At: time.Now()})
	must(t, err)
	_, err = desk.Close(t.Context(), alert.ID, by, alerting.Closing{Outcome: alerting.Well, Note: "closemark"})
	must(t, err)

	// A backup from before.
	saved := filepath.Join(t.TempDir(), "saved")
	must(t, os.Mkdir(saved, 0o700))
	_, err = p.db.Write.ExecContext(t.Context(), `VACUUM INTO $1`, filepath.Join(saved, "state.db"))
	must(t, err)
	marks := []string{name, phone, "markstreet-17", "markson", "notemark", "reportmark", "photomark", "closemark", "lettermark" + local(gone)}
	for _, mark := range marks {
		if len(grepFolder(t, dir, mark)) == 0 {
			t.Fatalf("%s is not in the files to begin with", mark)
		}
	}

	var out bytes.Buffer
	cmd := eraseCmd{settings: s, Resident: "r-gone", Wait: 20 * time.Second}
	must(t, cmd.Run(t.Context(), &out, zerolog.Nop()))
	if !strings.Contains(out.String(), "raw messages go with") {
		t.Errorf("the command says %q", out.String())
	}
	check := func(p *inProcess) {
		t.Helper()
		if n, other := history(p, gone), history(p, stays); n != 0 || other != 20 {
			t.Errorf("%d readings of the erased, %d of the other; want 0 and 20", n, other)
		}
		view, err := p.registry.GetResident(t.Context(), everything, "r-gone")
		must(t, err)
		if view.Name != devices.ErasedName || view.Phone+view.Address != "" || view.Born != 0 || len(view.Contacts) > 0 {
			t.Errorf("the registry has %+v", view.Resident)
		}
		a, err := p.alerts.Alert(t.Context(), everything, alert.ID)
		must(t, err)
		if a.Resident.ID != "r-gone" || a.Resident.Name != devices.ErasedName || len(a.Evidence) != 0 {
			t.Errorf("the alert has %+v %v", a.Resident, a.Evidence)
		}
		if s, _ := p.registry.Standing(gone, time.Now()); s.Resident != nil {
			t.Errorf("the device still is %s's", s.Resident.ID)
		}
	}
	check(p)

	// A reading of the erased time, sent late; and one of the other.
	late := fmt.Sprintf(`{"ts":%d,"metrics":{"telemetrymark":99}}`, time.Now().Add(-time.Hour).UnixMilli())
	send[gone]("telemetry", late)
	send[stays]("telemetry", strings.Replace(late, "telemetrymark", "othermark", 1))
	eventually(t, 10*time.Second, "the other's late reading is stored", func() bool {
		points, err := p.series.History(t.Context(), devices.HistoryQuery{Device: stays, Metric: "othermark", From: yesterday, To: time.Now()})
		return err == nil && len(points) == 1
	})
	if n := history(p, gone); n != 0 {
		t.Errorf("%d readings of the erased time came in late", n)
	}

	eventually(t, 30*time.Second, "the erasure is complete", func() bool {
		// As every few seconds: the journal keeps what is behind the last checkpoint.
		must(t, p.engine.Checkpoint(t.Context()))
		for _, lane := range ingest.Lanes {
			p.journal.Passed(lane, p.engine.Position(string(lane)))
		}
		erasure, err := findErasure(t.Context(), p.db, "r-gone", "")
		return err == nil && erasure.Complete()
	})
	out.Reset()
	must(t, (&eraseCmd{settings: s, Status: true}).Run(t.Context(), &out, zerolog.Nop()))
	if !strings.Contains(out.String(), "r-gone") || !strings.Contains(out.String(), "complete since") {
		t.Errorf("status says %q", out.String())
	}
	var snapshots int
	must(t, p.db.Read.QueryRowContext(t.Context(), `SELECT count(*) FROM alert_states WHERE subject = 'r-gone'`).Scan(&snapshots))
	if snapshots > 0 {
		t.Errorf("%d snapshots of detectors are there again", snapshots)
	}
	for _, mark := range marks {
		if found := grepFolder(t, dir, mark); len(found) > 0 {
			t.Errorf("%q is still in %v", mark, found)
		}
	}
	if len(grepFolder(t, dir, "留下")) == 0 {
		t.Error("the other resident is gone too")
	}
	p.stop()

	// The old state.db comes back, its erasures unknown to it.
	for _, file := range []string{"state.db", "state.db-wal", "state.db-shm"} {
		if err := os.Remove(filepath.Join(dir, file)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(filepath.Join(saved, "state.db"))
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "state.db"), b, 0o600))
	p = start(t, s)
	check(p)
	if err := p.registry.PutResident(t.Context(), in.Residents[0]); !errors.As(err, &wrong) {
		t.Errorf("the erased can be entered again: %v", err)
	}
	eventually(t, 10*time.Second, "the restored file is scrubbed", func() bool {
		return len(grepFolder(t, dir, name))+len(grepFolder(t, dir, "notemark")) == 0
	})
}

func local(id devices.DeviceID) string {
	_, name := id.Split()
	return name
}
