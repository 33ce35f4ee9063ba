package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwang/devices"
)

// room is a duty room: a running service, the people who work in it and the
// devices it watches. The tests speak its words.
type room struct {
	t        *testing.T
	proc     *process
	dir      string // data folder
	http     string // http://host:port
	mqtt     string // host:port
	accounts map[string]demoAccount
	devices  []readyDevice
	browser  *browser // nil until somebody signs in
	restart  func() *process
}

// demoRoom is the made-up county that the tests of a run share. Each takes
// devices of its own from it.
func demoRoom(t *testing.T) *room {
	t.Helper()
	binary := theBinary(t)
	need(t, "mosquitto_pub")
	shared.mu.Lock()
	defer shared.mu.Unlock()
	r := &room{t: t, dir: filepath.Join(shared.dir, "demo")}
	ready := filepath.Join(shared.dir, "ready.json")
	start := func(http, mqtt string) *process {
		t.Helper()
		began := time.Now()
		_ = os.Remove(ready)
		p, err := launch(binary, shared.dir, nil, "demo", "--no-simulator", "--residents", "60", "--data", r.dir,
			"--http", http, "--mqtt", mqtt, "--ready-file", ready)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, 2*time.Minute, "the demo is ready", func() bool {
			if p.ended() {
				t.Fatalf("the demo ended: %v\n%s", p.err, p.output())
			}
			_, err := os.Stat(ready)
			return err == nil
		})
		t.Logf("the demo was ready after %v", time.Since(began).Round(time.Millisecond))
		return p
	}
	if shared.demo == nil || shared.demo.ended() {
		shared.demo = start(freeAddress(t), freeAddress(t)) // not any: it must come back there
	}
	r.proc = shared.demo
	var f readyFile
	if err := json.Unmarshal([]byte(read(t, ready)), &f); err != nil {
		t.Fatal(err)
	}
	r.http, r.mqtt, r.devices = f.HTTP, strings.TrimPrefix(f.MQTT, "tcp://"), f.Devices
	r.accounts = map[string]demoAccount{}
	for _, a := range f.Accounts {
		r.accounts[a.Username] = a
	}
	r.restart = func() *process {
		shared.demo = start(strings.TrimPrefix(r.http, "http://"), r.mqtt)
		return shared.demo
	}
	t.Cleanup(func() { r.proc.sound(t) })
	return r
}

// emptyRoom is a fresh service with a registry entered through its API: two
// towns with a village each, and as many residents with a band as asked for,
// the first of them in the village v01 of yanta, the last in liuhe.
func emptyRoom(t *testing.T, bands, meters int) *room {
	t.Helper()
	binary := theBinary(t)
	need(t, "mosquitto_pub")
	r := &room{t: t, dir: filepath.Join(t.TempDir(), "data"), accounts: map[string]demoAccount{}}
	r.http, r.mqtt = "http://"+freeAddress(t), freeAddress(t)
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	config := fileWith(t, "shouwang.yaml", fmt.Sprintf("data: %s\nhttp: {listen: %q}\nbroker: {listen: %q, plain: true}\nlog: {level: info}\ncanary: {every: 0s}\n",
		r.dir, strings.TrimPrefix(r.http, "http://"), r.mqtt))
	r.restart = func() *process {
		t.Helper()
		p, err := launch(binary, filepath.Dir(config), nil, "serve", "--config", config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.kill(); p.sound(t) })
		eventually(t, 30*time.Second, "the service is ready", func() bool {
			if p.ended() {
				t.Fatalf("the service ended: %v\n%s", p.err, p.output())
			}
			return strings.Contains(read(t, p.stderr), `"message":"ready"`)
		})
		return p
	}
	r.accounts["administrator"] = demoAccount{Username: "administrator", Password: addUser(t, binary, r.dir, "administrator"), Token: userToken(t, binary, r.dir, "administrator")}
	r.proc = r.restart()
	r.populate(bands, meters)
	return r
}

func addUser(t *testing.T, binary, dir, name string) (password string) {
	t.Helper()
	out, err := exec.Command(binary, "user", "add", "--data", dir, name).CombinedOutput()
	if err != nil {
		t.Fatalf("user add: %v\n%s", err, out)
	}
	fields := strings.Fields(string(out))
	return fields[len(fields)-1]
}

func userToken(t *testing.T, binary, dir, name string) string {
	t.Helper()
	out, err := exec.Command(binary, "user", "token", "--data", dir, name).CombinedOutput()
	if err != nil {
		t.Fatalf("user token: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *room) populate(bands, meters int) {
	r.t.Helper()
	type m = map[string]any
	doc := m{
		"areas": []m{
			{"path": "shen", "name": "莘安县"}, {"path": "shen/yanta", "name": "雁台镇"}, {"path": "shen/yanta/v01", "name": "槐树村"},
			{"path": "shen/liuhe", "name": "柳禾镇"}, {"path": "shen/liuhe/v01", "name": "东李庄"},
		},
		"providers": []m{{"id": "anhe", "name": "安禾", "villages": []string{"shen/yanta/v01", "shen/liuhe/v01"}}},
	}
	var people, things, given []m
	for i := range bands + meters {
		kind, area := "wristband", "shen/yanta/v01"
		if i >= bands {
			kind = "water_meter"
		}
		if i == bands+meters-1 && i > 0 {
			area = "shen/liuhe/v01"
		}
		people = append(people, m{"id": fmt.Sprintf("p%03d", i), "name": fmt.Sprintf("居民%03d", i), "area": area})
		things = append(things, m{"vendor": "acme", "id": fmt.Sprintf("d%03d", i), "kind": kind, "area": area})
		given = append(given, m{"device": fmt.Sprintf("acme/d%03d", i), "resident": fmt.Sprintf("p%03d", i), "from": time.Now().Add(-60 * 24 * time.Hour)})
		r.devices = append(r.devices, readyDevice{
			ID: fmt.Sprintf("d%03d", i), Vendor: "acme", Username: fmt.Sprintf("acme/d%03d", i), Kind: devices.Kind(kind),
			Resident: fmt.Sprintf("p%03d", i), Area: devices.AreaPath(area),
		})
	}
	doc["residents"], doc["devices"], doc["assignments"] = people, things, given
	var out struct {
		Secrets []struct{ Device, Password string }
	}
	admin := r.as("administrator")
	admin.must(http.StatusOK, "POST", "/api/v1/registry/import", doc, &out)
	for _, s := range out.Secrets {
		i := slices.IndexFunc(r.devices, func(d readyDevice) bool { return d.Username == s.Device })
		r.devices[i].Password = s.Password
	}
	for _, user := range []string{"duty", "provider", "supervisor"} {
		account := m{"username": user, "name": user, "role": user, "areas": []string{"shen"}, "password": "knock-knock-" + user}
		if user == "provider" {
			account["provider"] = "anhe"
		}
		admin.must(http.StatusCreated, "POST", "/api/v1/users", account, nil)
		var token struct{ Token string }
		admin.must(http.StatusCreated, "POST", "/api/v1/users/"+user+"/token", nil, &token)
		r.accounts[user] = demoAccount{Username: user, Password: "knock-knock-" + user, Token: token.Token}
	}
}

// device is one that this test has for itself.
type device struct {
	readyDevice
	room *room
	name string // of its resident
}

// Device takes a device of the kind that no other test uses; in a village of
// the area, if one is given.
func (r *room) Device(kind devices.Kind, in ...devices.AreaPath) *device {
	r.t.Helper()
	return r.deviceWhere(kind, func(d readyDevice) bool { return len(in) == 0 || in[0].Contains(d.Area) })
}

func (r *room) deviceWhere(kind devices.Kind, fits func(readyDevice) bool) *device {
	r.t.Helper()
	shared.mu.Lock()
	defer shared.mu.Unlock()
	for _, d := range r.devices {
		key := r.http + d.Username
		if d.Kind != kind || shared.taken[key] || !fits(d) {
			continue
		}
		shared.taken[key] = true
		var resident struct{ Name string }
		r.as("administrator").must(http.StatusOK, "GET", "/api/v1/residents/"+d.Resident, nil, &resident)
		return &device{readyDevice: d, room: r, name: resident.Name}
	}
	r.t.Fatalf("no %s is left", kind)
	return nil
}

func (d *device) topic(channel string) string {
	return "homecare/v1/" + d.Username + "/" + channel
}

// publish sends a message with QoS 1 as the device's firmware would, and returns
// when the broker has acknowledged it.
func (d *device) publish(channel, payload string) {
	d.room.t.Helper()
	if out, err := d.pub(d.topic(channel), d.Password, payload).CombinedOutput(); err != nil {
		d.room.t.Fatalf("mosquitto_pub: %v\n%s", err, out)
	}
}

func (d *device) pub(topic, password, payload string) *exec.Cmd {
	host, port, _ := net.SplitHostPort(d.room.mqtt)
	cmd := exec.Command("mosquitto_pub", "-V", "mqttv311", "-h", host, "-p", port, "-u", d.Username, "-P", password,
		"-i", d.ID+"~test", "-q", "1", "-t", topic, "-s")
	cmd.Stdin = strings.NewReader(payload)
	return cmd
}

// PublishSOS presses the button, and says when.
func (d *device) PublishSOS() time.Time {
	d.room.t.Helper()
	pressed := time.Now()
	d.publish("event", fmt.Sprintf(`{"ts":%q,"event":"sos"}`, pressed.Format(time.RFC3339Nano)))
	return pressed
}

// Registers uploads hourly registers, the last one at the given time, in one
// message as a meter does.
func (d *device) Registers(count int, last time.Time, m3 float64) {
	d.room.t.Helper()
	var b strings.Builder
	for i := range count {
		at := last.Add(-time.Duration(count-1-i) * time.Hour)
		fmt.Fprintf(&b, `,{"ts":%q,"metrics":{"volume_m3":%.3f}}`, at.Format(time.RFC3339), m3)
	}
	d.publish("telemetry", "["+b.String()[1:]+"]")
}

// settled returns when alerting has judged all that was acknowledged so far: a
// message published now, whose alert is awaited, comes after it in the same lane.
func (r *room) settled(witness *device) {
	r.t.Helper()
	query := "kind=low_battery&state=open"
	before, _ := r.as("administrator").alerts(query)
	witness.publish("telemetry", `{"metrics":{"battery_pct":3}}`)
	eventually(r.t, 10*time.Second, "alert of the witness", func() bool {
		now, _ := r.as("administrator").alerts(query)
		return len(now) > len(before)
	})
}
