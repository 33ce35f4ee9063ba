package main

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"shouwang/alerting"
	"shouwang/alerting/canary"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// canaryRoom is the whole service in this process, with an administrator, and a
// heartbeat ten times as fast as it may be set.
func canaryRoom(t *testing.T, set func(*settings)) *inProcess {
	t.Helper()
	s := testSettings(t.TempDir())
	s.Canary.Every, s.Canary.within, s.Canary.backlog = 300*time.Millisecond, 1500*time.Millisecond, 1500*time.Millisecond
	if set != nil {
		set(&s)
	}
	p := start(t, s)
	if err := p.access.Create(t.Context(), access.Account{
		Username: "boss", Name: "主任", Role: access.Administrator, Areas: []devices.AreaPath{""},
	}, "a-long-passw0rd-of-tests"); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *inProcess) openCanary(t *testing.T) []alerting.Alert {
	t.Helper()
	page, err := p.alerts.Alerts(t.Context(), alerting.AlertFilter{
		Scope: devices.Scope{Areas: []devices.AreaPath{""}}, Kind: []alerting.Kind{alerting.KindCanary}, Limit: 10,
	})
	if err != nil {
		t.Fatal(err)
	}
	return page.Items
}

func (p *inProcess) readyz(t *testing.T) (int, string) {
	t.Helper()
	resp, err := http.Get("http://" + p.httpAddr + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var r struct{ Checks map[string]string }
	if err := json.NewDecoder(resp.Body).Decode(&r); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, r.Checks["canary"]
}

func (p *inProcess) metric(t *testing.T, line string) bool {
	t.Helper()
	resp, err := http.Get("http://" + p.httpAddr + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(b), "\n"+line+"\n")
}

func (p *inProcess) count(t *testing.T, query string) (n int) {
	t.Helper()
	if err := p.db.Read.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// beats waits for so many more messages that came through.
func (p *inProcess) heartbeats(t *testing.T, n int) {
	t.Helper()
	var last int64 = -1
	eventually(t, 20*time.Second, "the heartbeat", func() bool {
		beats, err := p.alerts.Beats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range beats {
			if b.Lane == "event" && b.Mark != last {
				last, n = b.Mark, n-1
			}
		}
		return n < 0
	})
}

// watch follows the live view as an ordinary client from the beginning of the log,
// and returns what it was sent beside hello and beats.
func (p *inProcess) watch(t *testing.T, user string) func() []liveFrame {
	t.Helper()
	token, err := p.access.NewToken(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	conn, resp, err := websocket.DefaultDialer.Dial("ws://"+p.httpAddr+"/api/v1/live?after=0", http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	var mu sync.Mutex
	var frames []liveFrame
	go func() {
		for {
			var f liveFrame
			if conn.ReadJSON(&f) != nil {
				return
			}
			if f.Type != "hello" && f.Type != "beat" {
				mu.Lock()
				frames = append(frames, f)
				mu.Unlock()
			}
		}
	}()
	return func() []liveFrame {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(frames)
	}
}

type liveFrame struct {
	Type        string
	Event, Prev int64
}

func TestAHealthyHeartIsOnNobodysBoard(t *testing.T) {
	p := canaryRoom(t, nil)
	// A colleague at the board sees everything, and nothing of this.
	board := p.watch(t, "boss")
	p.heartbeats(t, 5)
	if s := p.canary.monitor.State(); s.Broken {
		t.Fatalf("broken at %s", s.Stage)
	}
	if status, word := p.readyz(t); status != http.StatusOK || word != "ok" {
		t.Errorf("/readyz: %d %s", status, word)
	}
	if !p.metric(t, "shouwang_canary_ok 1") {
		t.Error("the metric does not say so")
	}
	if a := p.openCanary(t); len(a) != 0 {
		t.Errorf("alerts: %+v", a)
	}
	all := devices.Scope{Areas: []devices.AreaPath{""}}
	list, err := p.registry.Devices(t.Context(), devices.DeviceFilter{Scope: all, Limit: 10})
	if err != nil || len(list.Items) != 0 {
		t.Errorf("devices: %+v %v", list.Items, err)
	}
	if frames := board(); len(frames) != 0 {
		t.Errorf("the board was sent %v", frames)
	}
	for _, table := range []string{"alerts", "visits", "dead_letters", "devices", "residents", "outbox"} {
		if n := p.count(t, "SELECT count(*) FROM "+table); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
	if n := p.count(t, "SELECT count(*) FROM alert_events"); n != 0 {
		t.Errorf("%d entries in the event log", n)
	}
	if c, err := p.alerts.Verify(t.Context(), 0, ""); err != nil || !c.Whole() {
		t.Errorf("chain: %+v %v", c, err)
	}
	// The time series has the reading, one for the hour.
	points, err := p.series.History(t.Context(), devices.HistoryQuery{
		Device: devices.CanaryMeter, Metric: devices.VolumeM3,
		From: time.Now().Add(-2 * time.Hour), To: time.Now().Add(time.Hour), Limit: 100,
	})
	if err != nil || len(points) < 1 || len(points) > 2 {
		t.Errorf("%d points %v", len(points), err)
	}
}

func TestABrokenHeartTurnsTheBoardRedUntilItBeats(t *testing.T) {
	p := canaryRoom(t, nil)
	p.heartbeats(t, 1)
	board := p.watch(t, "boss")
	// The broker lets the canary in no more.
	p.breakPublishing(true)
	broke := time.Now()
	eventually(t, 15*time.Second, "the alert", func() bool {
		a := p.openCanary(t)
		return len(a) == 1 && a[0].State == alerting.Open
	})
	t.Logf("red after %v", time.Since(broke).Round(time.Millisecond))
	a := p.openCanary(t)[0]
	if a.Severity != alerting.Red || a.Subject.Type != alerting.SubjectSystem || a.Evidence["stage"] != string(canary.Published) {
		t.Errorf("alert %+v", a)
	}
	if status, word := p.readyz(t); status != http.StatusServiceUnavailable || word == "ok" {
		t.Errorf("/readyz: %d %s", status, word)
	}
	if !p.metric(t, "shouwang_canary_ok 0") {
		t.Error("the metric does not say so")
	}
	if w := p.canary.warnings(nil); len(w) != 1 || w[0] != "canary_silent" {
		t.Errorf("boards are told %v", w)
	}
	if n := p.count(t, "SELECT count(*) FROM outbox WHERE person = 'boss' AND reason = 'canary'"); n != 1 {
		t.Errorf("%d notices to the administrator", n)
	}
	p.breakPublishing(false)
	eventually(t, 15*time.Second, "the alert closes itself", func() bool {
		a := p.openCanary(t)
		return len(a) == 1 && a[0].State == alerting.Closed && a[0].Outcome != nil && *a[0].Outcome == alerting.Recovered
	})
	if status, word := p.readyz(t); status != http.StatusOK || word != "ok" {
		t.Errorf("/readyz: %d %s", status, word)
	}
	p.heartbeats(t, 2)
	// The board got the alert and nothing else, without a gap.
	frames := board()
	var types []string
	stands := int64(0)
	for _, f := range frames {
		types = append(types, f.Type)
		if f.Prev != stands {
			t.Errorf("event %d follows %d, but the board stood at %d", f.Event, f.Prev, stands)
		}
		stands = f.Event
	}
	if len(types) < 2 || types[0] != "alert.opened" || !slices.Contains(types, "alert.closed") || stands != int64(len(frames)) {
		t.Errorf("the board got %v", frames)
	}
	if len(p.openCanary(t)) != 1 || p.count(t, "SELECT count(*) FROM outbox WHERE reason = 'canary'") != 1 {
		t.Error("told more than once")
	}
}

// breakPublishing has the canary sign in with a wrong password.
func (p *inProcess) breakPublishing(broken bool) { p.canary.locked.Store(broken) }

func TestWhenTheDatabaseHangsTheSecondWayTells(t *testing.T) {
	told := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		told <- string(b)
	}))
	defer hook.Close()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("whsec_"+base64.StdEncoding.EncodeToString(make([]byte, 32))), 0o600); err != nil {
		t.Fatal(err)
	}
	p := canaryRoom(t, func(s *settings) {
		s.Notify.Webhook.URL, s.Notify.Webhook.SecretFile = hook.URL, secret
		s.Canary.Channel = "webhook"
	})
	p.heartbeats(t, 1)
	// Another program holds the database: alerting reads the journal and cannot
	// write, the board shows what it showed.
	lock, err := sql.Open("sqlite", filepath.Join(p.settings.Data, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	conn, err := lock.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(context.Background(), "PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	var first string
	select {
	case first = <-told:
	case <-time.After(20 * time.Second):
		t.Fatal("nobody was told")
	}
	if !strings.Contains(first, `"reason":"canary"`) || !strings.Contains(first, "系统自检中断") || !strings.Contains(first, `"severity":"red"`) {
		t.Errorf("told %s", first)
	}
	if s := p.canary.monitor.State(); !s.Broken || s.Stage != canary.Event {
		t.Errorf("state %+v", s)
	}
	if _, err := conn.ExecContext(context.Background(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	select {
	case again := <-told:
		if !strings.Contains(again, "系统自检恢复") {
			t.Errorf("told %s", again)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("nobody was told that it is over")
	}
	eventually(t, 20*time.Second, "the service is ready", func() bool { status, _ := p.readyz(t); return status == http.StatusOK })
	p.heartbeats(t, 2)
	if len(told) != 0 {
		t.Errorf("told once more: %s", <-told)
	}
}
