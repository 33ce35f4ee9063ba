package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"shouwang/ingest/peer"
)

// outsideBroker is a real Mosquitto, started as in its container from the files
// in docs/deploy; only paths and ports differ.
type outsideBroker struct {
	secrets, data string
	tls, plain    string // addresses
	env           []string
}

func startMosquitto(t *testing.T) *outsideBroker {
	t.Helper()
	need(t, "mosquitto")
	need(t, "mosquitto_passwd")
	dir := t.TempDir()
	m := &outsideBroker{secrets: makeSecrets(t), data: filepath.Join(dir, "data"), tls: freeAddress(t), plain: freeAddress(t)}
	if err := os.Mkdir(m.data, 0o700); err != nil {
		t.Fatal(err)
	}
	absolute, err := filepath.Abs(deploy)
	if err != nil {
		t.Fatal(err)
	}
	listener := func(address string) string {
		host, port, _ := net.SplitHostPort(address)
		return "listener " + port + " " + host
	}
	config := strings.NewReplacer(
		"/mosquitto/config", absolute, "/mosquitto/data", m.data,
		"/run/secrets/server_cert", filepath.Join(m.secrets, "server.crt"), "/run/secrets/server_key", filepath.Join(m.secrets, "server.key"),
		"listener 8883", listener(m.tls), "listener 1883", listener(m.plain),
	).Replace(read(t, filepath.Join(deploy, "mosquitto.conf")))
	if os.Getuid() == 0 {
		config += "\nuser root\n" // else it becomes a user who may not enter the test's folders
	}
	file := filepath.Join(dir, "mosquitto.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	m.env = append(os.Environ(), "MOSQUITTO_DATA="+m.data, "MOSQUITTO_CONFIG="+file, "MQTT_PASSWORD_FILE="+filepath.Join(m.secrets, "mqtt_password"),
		fmt.Sprint("MOSQUITTO_USER=", os.Getuid()), "XDG_CONFIG_HOME="+filepath.Join(dir, "home"))
	return m
}

// run starts it and waits for both listeners; stop may be called twice.
func (m *outsideBroker) run(t *testing.T) (stop func()) {
	t.Helper()
	log, err := os.Create(filepath.Join(m.data, "..", "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.CommandContext(t.Context(), "/bin/sh", filepath.Join(deploy, "mosquitto-start.sh"))
	cmd.Env, cmd.Stdout, cmd.Stderr = m.env, log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	}
	t.Cleanup(stop)
	deadline := time.Now().Add(patience)
	for _, address := range []string{m.plain, m.tls} {
		for {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				conn.Close()
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("mosquitto does not listen: %v\n%s", err, read(t, log.Name()))
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return stop
}

func freeAddress(t *testing.T) string {
	t.Helper()
	addr, err := peer.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// addDevice does what docs/storage.md tells an administrator to do.
func (m *outsideBroker) addDevice(t *testing.T, user, password string) {
	t.Helper()
	if out, err := exec.Command("mosquitto_passwd", "-b", filepath.Join(m.data, "passwords"), user, password).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_passwd: %v\n%s", err, out)
	}
}

func (m *outsideBroker) connect(t *testing.T, address, id, user, password string) (mqtt.Client, error) {
	t.Helper()
	o := mqtt.NewClientOptions().SetClientID(id).SetUsername(user).SetPassword(password).
		SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(patience).SetProtocolVersion(4)
	if address == m.tls {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(read(t, filepath.Join(m.secrets, "ca.crt"))))
		o.AddBroker("ssl://" + address).SetTLSConfig(&tls.Config{RootCAs: pool, ServerName: "localhost"})
	} else {
		o.AddBroker("tcp://" + address)
	}
	client := mqtt.NewClient(o)
	token := client.Connect()
	if !token.WaitTimeout(patience) {
		return nil, errors.New("no answer")
	}
	if token.Error() == nil {
		t.Cleanup(func() { client.Disconnect(0) })
	}
	return client, token.Error()
}

func (m *outsideBroker) mustConnect(t *testing.T, address, id, user, password string) mqtt.Client {
	t.Helper()
	client, err := m.connect(t, address, id, user, password)
	if err != nil {
		t.Fatalf("connect as %q: %v", user, err)
	}
	return client
}

func wait(t *testing.T, what string, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("%s: %v", what, token.Error())
	}
}

func TestMosquittoOfTheComposeFile(t *testing.T) {
	m := startMosquitto(t)
	stop := m.run(t)
	m.addDevice(t, "acme/band-1", "one")
	m.addDevice(t, "acme/水表=2", "two")
	stop()
	m.run(t) // the start keeps the devices' passwords
	secret := read(t, filepath.Join(m.secrets, "mqtt_password"))

	for _, test := range []struct{ name, address, user, password string }{
		{"nobody", m.plain, "", ""}, {"nobody over TLS", m.tls, "", ""},
		{"a wrong password", m.tls, "acme/band-1", "two"}, {"an unknown user", m.tls, "acme/band-9", "one"},
		{"the service without password", m.plain, "shouwang", ""},
	} {
		if _, err := m.connect(t, test.address, "", test.user, test.password); err == nil {
			t.Errorf("%s may connect", test.name)
		}
	}

	service := m.mustConnect(t, m.plain, "shouwang-telemetry", "shouwang", secret)
	got := make(chan string, 100)
	for _, channel := range []string{"telemetry", "event", "status", "ack", "error", "command"} {
		token := service.Subscribe("homecare/v1/+/+/"+channel, 1, func(_ mqtt.Client, msg mqtt.Message) {
			got <- msg.Topic() + " " + string(msg.Payload()[:min(9, len(msg.Payload()))])
		})
		wait(t, "subscribe to "+channel, token)
	}
	band := m.mustConnect(t, m.tls, "shouwang-telemetry", "acme/band-1", "one")
	meter := m.mustConnect(t, m.tls, "", "acme/水表=2", "two")

	// What a device may not do goes nowhere; the service must not see it.
	for _, topic := range []string{
		"homecare/v1/acme/水表=2/telemetry", "homecare/v1/acme/band-1/error", "homecare/v1/acme/band-1/telemetry/x",
		"homecare/v1/acme/band-1/command", "homecare/v1/acme", "other", "$SYS/broker/uptime",
	} {
		wait(t, "publish to "+topic, band.Publish(topic, 1, false, "forbidden"))
	}
	for _, filter := range []string{"#", "homecare/v1/+/+/telemetry", "homecare/v1/acme/水表=2/command"} {
		token := band.Subscribe(filter, 1, func(_ mqtt.Client, msg mqtt.Message) {
			if !strings.HasPrefix(msg.Topic(), "homecare/v1/acme/band-1/") {
				got <- "leaked " + msg.Topic()
			}
		})
		token.WaitTimeout(5 * time.Second) // Mosquitto grants it and delivers nothing
	}
	for _, channel := range []string{"telemetry", "event", "status", "ack"} {
		wait(t, "publish to "+channel, band.Publish("homecare/v1/acme/band-1/"+channel, 1, false, "own"))
	}
	// The service's own devices speak for themselves and nobody else.
	canary := m.mustConnect(t, m.plain, "", "shouwang-canary", secret)
	wait(t, "publish as another", canary.Publish("homecare/v1/acme/band-1/event", 1, false, "forbidden"))
	wait(t, "publish a heartbeat", canary.Publish("homecare/v1/shouwang/canary-band/event", 1, false, "beat"))
	wait(t, "publish a heartbeat", canary.Publish("homecare/v1/shouwang/canary-meter/telemetry", 1, false, "beat"))
	// 256 KiB is the contract's limit, and a little more is still to be seen.
	wait(t, "publish 300 KiB", meter.Publish("homecare/v1/acme/水表=2/telemetry", 1, false, strings.Repeat("large", 60<<10)))
	commands := make(chan string, 1)
	wait(t, "subscribe to own commands", band.Subscribe("homecare/v1/acme/band-1/command", 0, func(_ mqtt.Client, msg mqtt.Message) { commands <- string(msg.Payload()) }))
	wait(t, "send a command", service.Publish("homecare/v1/acme/band-1/command", 0, false, "ring"))
	select {
	case <-commands:
	case <-time.After(patience):
		t.Error("the device did not get its command")
	}

	want := []string{"homecare/v1/acme/band-1/telemetry own", "homecare/v1/acme/band-1/event own", "homecare/v1/acme/band-1/status own",
		"homecare/v1/shouwang/canary-band/event beat", "homecare/v1/shouwang/canary-meter/telemetry beat",
		"homecare/v1/acme/band-1/ack own", "homecare/v1/acme/水表=2/telemetry largelarg"}
	slices.Sort(want)
	var arrived []string
	for range want {
		select {
		case line := <-got:
			arrived = append(arrived, line)
		case <-time.After(patience):
			t.Fatalf("only %v arrived", arrived)
		}
	}
	slices.Sort(arrived)
	if !slices.Equal(arrived, want) {
		t.Errorf("arrived %v, want %v", arrived, want)
	}
	select {
	case line := <-got:
		t.Errorf("arrived too: %s", line)
	default:
	}
	if !service.IsConnectionOpen() {
		t.Error("a device took over the service's session by its client id")
	}

	need(t, "mosquitto_sub")
	host, port, _ := net.SplitHostPort(m.plain)
	health := exec.CommandContext(t.Context(), "mosquitto_sub", "-h", host, "-p", port, "-t", "$SYS/broker/uptime", "-C", "1", "-W", "5")
	health.Env = m.env
	if out, err := health.CombinedOutput(); err != nil {
		t.Errorf("health check: %v\n%s", err, out)
	}
}
