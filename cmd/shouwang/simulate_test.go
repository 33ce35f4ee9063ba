package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"shouwang/devices/recording"
)

// answering is an instance that keeps what it was asked.
type answering struct {
	*httptest.Server
	asked map[string]map[string]any
}

func answer(t *testing.T, answers map[string]string) *answering {
	t.Helper()
	a := &answering{asked: map[string]map[string]any{}}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer of the administrator" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var in map[string]any
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			t.Error(err)
		}
		a.asked[r.URL.Path] = in
		text, ok := answers[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusUnprocessableEntity)
			text = `{"title":"Unprocessable Entity","errors":[{"field":"kind","value":"x","rule":"must be known"}]}`
		}
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(a.Close)
	return a
}

func fileWith(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func readyOf(t *testing.T, a *answering) string {
	t.Helper()
	return fileWith(t, "ready.json", `{"http":"`+a.URL+`","mqtt":"127.0.0.1:1883","accounts":[
		{"role":"duty","token":"of somebody"},{"role":"administrator","token":"of the administrator"}]}`)
}

func TestSimulateIncidentAsksTheDemo(t *testing.T) {
	a := answer(t, map[string]string{"/api/v1/demo/incidents": `{"kind":"sos","device":"v/d"}`})
	var out strings.Builder
	c := simulateIncidentCmd{instance: instance{ReadyFile: readyOf(t, a)}, Kind: "sos", Device: "v/d"}
	if err := c.Run(t.Context(), &out); err != nil || out.String() != `{"kind":"sos","device":"v/d"}`+"\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
	if in := a.asked["/api/v1/demo/incidents"]; in["kind"] != "sos" || in["device"] != "v/d" {
		t.Errorf("asked %v", in)
	}
	for name, test := range map[string]struct {
		instance instance
		want     string
	}{
		"nobody":      {instance{}, "--ready-file"},
		"wrong token": {instance{URL: a.URL, TokenFile: fileWith(t, "token", "wrong\n")}, "401"},
	} {
		c := simulateIncidentCmd{instance: test.instance, Kind: "sos"}
		if err := c.Run(t.Context(), &out); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := answer(t, nil)
	c = simulateIncidentCmd{instance: instance{ReadyFile: readyOf(t, b)}, Kind: "x"}
	if err := c.Run(t.Context(), &out); err == nil || !strings.Contains(err.Error(), "kind: x: must be known") {
		t.Errorf("refusal: %v", err)
	}
}

func TestReplayRegistersEveryDevice(t *testing.T) {
	a := answer(t, map[string]string{
		"/api/v1/registry/import":           `{"devices":3,"secrets":[{"device":"daiad/daiad-1","username":"daiad/daiad-1","password":"p1"},{"username":"acme/7","password":"p2"}]}`,
		"/api/v1/devices/replay/old/secret": `{"username":"replay/old","password":"p3"}`,
	})
	file := fileWith(t, "readings.csv", "ts,received,device,metric,value\n"+
		"2026-03-01T00:00:49Z,,daiad-1,volume_m3,1\n2026-03-01T00:00:49Z,,acme/7,heart_rate_bpm,70\n2026-03-01T00:00:49Z,,old,volume_m3,1\n")
	rec, err := recording.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	c := simulateReplayCmd{instance: instance{ReadyFile: readyOf(t, a)}, Area: "replay/town/village"}
	api, ready, err := c.open()
	if err != nil || ready.MQTT != "127.0.0.1:1883" {
		t.Fatal(ready, err)
	}
	names, err := c.names(rec)
	if err != nil || names["daiad-1"] != "daiad/daiad-1" || names["acme/7"] != "acme/7" || names["old"] != "replay/old" {
		t.Fatal(names, err)
	}
	passwords := map[string]string{}
	if err := c.register(t.Context(), api, rec, names, passwords); err != nil {
		t.Fatal(err)
	}
	if passwords["daiad/daiad-1"] != "p1" || passwords["acme/7"] != "p2" || passwords["replay/old"] != "p3" {
		t.Errorf("passwords %v", passwords)
	}
	in := a.asked["/api/v1/registry/import"]
	for list, want := range map[string]int{"areas": 3, "residents": 3, "devices": 3, "assignments": 3} {
		if got, _ := in[list].([]any); len(got) != want {
			t.Errorf("%d %s, want %d", len(got), list, want)
		}
	}
	first, _ := in["devices"].([]any)[0].(map[string]any)
	if first["vendor"] != "acme" || first["id"] != "7" || first["kind"] != "wristband" || first["area"] != "replay/town/village" {
		t.Errorf("device %v", first)
	}
}

func TestSimulateCommandLine(t *testing.T) {
	file := fileWith(t, "file", "")
	var c struct {
		Simulate simulateCmd `cmd:""`
	}
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"simulate", "incident", "collapse", "--ready-file", file, "--device", "v/d"}); err != nil {
		t.Fatal(err)
	}
	if i := c.Simulate.Incident; i.Kind != "collapse" || i.ReadyFile != file || i.Device != "v/d" {
		t.Errorf("incident %+v", i)
	}
	args := []string{"simulate", "replay", "--readings", file, "--readings", file, "--register", "--url", "http://h", "--token-file", file, "--mqtt", "h:1", "--batch", "5"}
	if _, err := parser.Parse(args); err != nil {
		t.Fatal(err)
	}
	if r := c.Simulate.Replay; len(r.Readings) != 2 || !r.Register || r.URL != "http://h" || r.MQTT != "h:1" || r.Batch != 5 || r.Span != 24*time.Hour || r.InFlight != 16 {
		t.Errorf("replay %+v", r)
	}
}
