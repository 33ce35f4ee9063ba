package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"shouwang/devices"
)

// letters are the refusals of a device's messages, by code and field.
func (a *api) letters(d *device) map[string]letter {
	a.t.Helper()
	var page struct{ Items []letter }
	a.must(http.StatusOK, "GET", "/api/v1/deadletters?limit=500&device="+url.QueryEscape(d.Username), nil, &page)
	by := map[string]letter{}
	for _, l := range page.Items {
		by[strings.TrimSuffix(l.Code+" "+l.Field, " ")] = l
	}
	if len(by) != len(page.Items) {
		a.t.Errorf("%d dead letters of %d kinds", len(page.Items), len(by))
	}
	return by
}

type letter struct {
	Code, Field, Value, Rule, Topic, Payload string
	SHA256                                   string `json:"message_sha256"`
	Received                                 time.Time
}

// listen starts mosquitto_sub with the device's credentials on its error topic;
// it returns when the broker has granted the subscription.
func (d *device) listen() <-chan deviceError {
	t := d.room.t
	t.Helper()
	need(t, "mosquitto_sub")
	need(t, "stdbuf") // else what it prints stays in its buffer
	host, port, _ := net.SplitHostPort(d.room.mqtt)
	cmd := exec.Command("stdbuf", "-oL", "mosquitto_sub", "-V", "mqttv311", "-h", host, "-p", port, "-u", d.Username, "-P", d.Password,
		"-i", d.ID, "-q", "0", "-t", d.topic("error"), "-F", "message %p", "-d")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	granted, errors := make(chan bool, 1), make(chan deviceError, 100)
	go func() {
		defer close(errors)
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			payload, ok := strings.CutPrefix(lines.Text(), "message ")
			switch {
			case strings.HasPrefix(lines.Text(), "Subscribed"):
				granted <- strings.HasSuffix(lines.Text(), ": 0")
			case ok:
				var e deviceError
				if json.Unmarshal([]byte(payload), &e) == nil {
					errors <- e
				}
			}
		}
	}()
	select {
	case ok := <-granted:
		if !ok {
			t.Fatal("the broker does not let the device read its error topic")
		}
	case <-time.After(patience):
		t.Fatal("mosquitto_sub was not subscribed")
	}
	return errors
}

func TestBadInput(t *testing.T) {
	room := emptyRoom(t, 4, 0)
	admin := room.as("administrator")
	band, victim, witness := room.Device(devices.Wristband), room.Device(devices.Wristband), room.Device(devices.Wristband)
	heard := band.listen()
	now := time.Now().UTC().Truncate(time.Second)
	at := func(ago time.Duration) string { return now.Add(-ago).Format(time.RFC3339) }
	large := fmt.Sprintf(`{"ts":%q,"metrics":{"steps":1},"padding":%q}`, at(0), strings.Repeat("x", 256<<10))

	// What is wrong, where, and the payload that has it.
	cases := []struct{ letter, value, rule, payload string }{
		{"malformed", "yesterday", "not JSON at byte 6", `{"ts":yesterday,"metrics":{"steps":4}}`},
		{"not_a_number metrics.heart_rate_bpm", `"NaN"`, "must be a finite number", fmt.Sprintf(`{"ts":%q,"metrics":{"heart_rate_bpm":"NaN","spo2_pct":97}}`, at(time.Minute))},
		{"not_a_number metrics.resp_rate_bpm", `NaN`, "must be a finite number", fmt.Sprintf(`{"ts":%q,"metrics":{"resp_rate_bpm":NaN,"skin_temp_c":33.5}}`, at(time.Minute))},
		{"time_ahead ts", at(-time.Hour), "10 minutes", fmt.Sprintf(`{"ts":%q,"metrics":{"steps":2}}`, at(-time.Hour))},
		{"too_old ts", at(40 * 24 * time.Hour), "35 days", fmt.Sprintf(`{"ts":%q,"metrics":{"steps":3}}`, at(40*24*time.Hour))},
		{"too_large", fmt.Sprint(len(large)), "262144", large},
		{"not_a_number [1].metrics.steps", `"many"`, "must be a finite number", fmt.Sprintf(
			`[{"ts":%q,"metrics":{"steps":10}},{"ts":%q,"metrics":{"steps":"many"}},{"ts":%q,"metrics":{"steps":12}}]`, at(12*time.Minute), at(11*time.Minute), at(10*time.Minute))},
	}
	sums := map[string]string{}
	for _, c := range cases {
		band.publish("telemetry", c.payload)
		sum := sha256.Sum256([]byte(c.payload))
		sums[hex.EncodeToString(sum[:])] = c.letter
	}
	band.publish("telemetry", fmt.Sprintf(`{"ts":%q,"metrics":{"humming_db":31.5}}`, at(2*time.Minute)))

	// What another device must not say for it.
	for channel, payload := range map[string]string{"event": `{"event":"sos"}`, "telemetry": `{"metrics":{"steps":99}}`} {
		out, err := band.pub(victim.topic(channel), band.Password, payload).CombinedOutput()
		t.Logf("mosquitto_pub to another device's %s: exit %d %s", channel, exitCode(err), out)
	}
	out, err := band.pub(band.topic("telemetry"), "guessed", `{"metrics":{"steps":98}}`).CombinedOutput()
	t.Logf("mosquitto_pub with a wrong password: exit %d %s", exitCode(err), out)
	if exitCode(err) == 0 || !strings.Contains(string(out), "not authorised") && !strings.Contains(string(out), "bad user name or password") {
		t.Errorf("a wrong password is answered with exit %d %q, want a refusal of the connection", exitCode(err), out)
	}

	room.settled(witness)
	var letters map[string]letter
	eventually(t, 5*time.Second, "all dead letters", func() bool { letters = admin.letters(band); return len(letters) >= len(cases) })
	if len(letters) != len(cases) {
		t.Errorf("%d dead letters, want %d: %+v", len(letters), len(cases), letters)
	}
	for _, c := range cases {
		l, ok := letters[c.letter]
		if !ok {
			t.Errorf("no dead letter %q among %v", c.letter, letters)
			continue
		}
		if !strings.Contains(l.Value, c.value) || !strings.Contains(l.Rule, c.rule) || l.Topic != band.topic("telemetry") ||
			!strings.HasPrefix(c.payload, l.Payload) || time.Since(l.Received) > 5*time.Minute || sums[l.SHA256] != c.letter {
			l.Payload = l.Payload[:min(len(l.Payload), 200)]
			t.Errorf("dead letter %q: %+v", c.letter, l)
		}
	}
	for range cases {
		select {
		case e := <-heard:
			name, ok := sums[e.SHA256]
			if !ok || !strings.HasPrefix(name, string(e.Code)) || e.Detail == "" || time.Since(e.Received) > 5*time.Minute {
				t.Errorf("the device was told %+v of %q", e, name)
			}
			delete(sums, e.SHA256)
		case <-time.After(patience):
			t.Fatalf("the device was not told of %v", sums)
		}
	}

	// The good parts are there, the bad ones are not.
	for metric, want := range map[string]int{"heart_rate_bpm": 0, "spo2_pct": 1, "resp_rate_bpm": 0, "skin_temp_c": 1, "humming_db": 1, "steps": 2} {
		if got := admin.history(band, metric, now.Add(-50*24*time.Hour)); len(got) != want {
			t.Errorf("%d readings of %s are stored, want %d: %v", len(got), metric, want, got)
		}
	}
	if got := admin.history(victim, "steps", now.Add(-time.Hour)); len(got) > 0 {
		t.Errorf("another device's words are in the victim's history: %v", got)
	}
	if alerts, _ := admin.alerts("kind=sos"); len(alerts) > 0 {
		t.Errorf("a foreign SOS made alerts %v", states(alerts))
	}
	for _, secret := range []string{"guessed", band.Password} {
		if strings.Contains(read(t, room.proc.stderr), secret) {
			t.Error("a password is in the log")
		}
	}
	if !strings.Contains(read(t, room.proc.stderr), band.Username) {
		t.Error("the log does not say who was refused")
	}
}

// A call for help is heard whatever is wrong with the message around it.
func TestABrokenSOSIsHeard(t *testing.T) {
	room := emptyRoom(t, 4, 0)
	admin := room.as("administrator")
	for name, payload := range map[string]string{
		"clock of 1970": `{"ts":"1970-01-01T00:00:00Z","event":"sos"}`,
		"cut off":       `{"event":"sos","lat_deg":36.2`,
		"clock far off": fmt.Sprintf(`{"ts":%q,"event":"SOS"}`, time.Now().Add(72*time.Hour).Format(time.RFC3339)),
		"NaN in it":     `{"event":"sos","lat_deg":NaN}`,
	} {
		band := room.Device(devices.Wristband)
		band.publish("event", payload)
		alert := admin.expectAlert("sos", band)
		if alert.Late || time.Since(alert.Since).Abs() > 5*time.Minute {
			t.Errorf("%s: %+v", name, alert)
		}
	}
}
