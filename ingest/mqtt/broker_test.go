package mqtt

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats-server/v2/server"

	"shouwang/ingest/peer"
)

const (
	service = "shouwang"
	device  = "acme/m-1"
)

// testBroker is a real broker that can be stopped and started again with the
// same address and store.
type testBroker interface {
	url() string
	stop()
	start()
	setUsers(users map[string]string)
}

// eachBroker runs the test against Mosquitto and against the MQTT listener of
// the embedded server. extra are lines of Mosquitto's configuration.
func eachBroker(t *testing.T, test func(t *testing.T, b testBroker), extra ...string) {
	users := map[string]string{service: "secret", device: "secret"}
	t.Run("mosquitto", func(t *testing.T) {
		m := peer.StartMosquitto(t, peer.MosquittoOptions{
			Users: users, MaxQueued: 200_000, Extra: append([]string{"max_inflight_messages 1000"}, extra...),
		})
		test(t, mosquitto{m})
	})
	t.Run("embedded", func(t *testing.T) {
		b := &embedded{tb: t, users: users, dir: t.TempDir()}
		b.start()
		t.Cleanup(b.stop)
		test(t, b)
	})
}

type mosquitto struct{ m *peer.Mosquitto }

func (b mosquitto) url() string                      { return "tcp://" + b.m.Addr }
func (b mosquitto) stop()                            { b.m.Stop() }
func (b mosquitto) start()                           { b.m.Start() }
func (b mosquitto) setUsers(users map[string]string) { b.m.SetUsers(users) }

// embedded is the server that the service carries within itself, with the
// settings that matter here; it does not sync, to be quick.
type embedded struct {
	tb    testing.TB
	users map[string]string
	dir   string
	port  int
	// denied is a subject that nobody may subscribe to.
	denied string
	tls    *tls.Config
	srv    *server.Server
}

func (b *embedded) url() string { return "tcp://127.0.0.1:" + strconv.Itoa(b.port) }

func (b *embedded) start() {
	b.tb.Helper()
	if b.port == 0 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.tb.Fatal(err)
		}
		b.port = l.Addr().(*net.TCPAddr).Port
		_ = l.Close()
	}
	opts := &server.Options{
		ServerName: "test", DontListen: true, NoSigs: true, NoLog: true, JetStream: true, StoreDir: b.dir,
		MQTT: server.MQTTOpts{Host: "127.0.0.1", Port: b.port, AckWait: time.Second, MaxAckPending: 1024, TLSConfig: b.tls},
	}
	for name, password := range b.users {
		user := &server.User{Username: name, Password: password}
		if b.denied != "" {
			user.Permissions = &server.Permissions{Subscribe: &server.SubjectPermission{Deny: []string{b.denied}}}
		}
		opts.Users = append(opts.Users, user)
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		b.tb.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(10 * time.Second) {
		b.tb.Fatal("embedded server does not start")
	}
	b.srv = srv
}

func (b *embedded) stop() {
	if b.srv != nil {
		b.srv.Shutdown()
		b.srv.WaitForShutdown()
		b.srv = nil
	}
}

func (b *embedded) setUsers(users map[string]string) {
	b.users = users
	b.stop()
	b.start()
}

// publisher is a device.
func publisher(t *testing.T, b testBroker) paho.Client {
	t.Helper()
	c := paho.NewClient(paho.NewClientOptions().AddBroker(b.url()).SetUsername(device).SetPassword("secret").
		SetClientID("m-1").SetCleanSession(true).SetAutoReconnect(false).SetProtocolVersion(4))
	must(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(100) })
	return c
}

func must(t *testing.T, token paho.Token) {
	t.Helper()
	if !token.WaitTimeout(10 * time.Second) {
		t.Fatal("no answer within 10 s")
	}
	if err := token.Error(); err != nil {
		t.Fatal(err)
	}
}

// publish sends n distinct messages with QoS 1 and waits for every PUBACK.
func publish(t *testing.T, c paho.Client, channel string, from, n int, padding string) (payloads []string) {
	t.Helper()
	var tokens []paho.Token
	for i := from; i < from+n; i++ {
		payload := fmt.Sprintf("%s-%d%s", channel, i, padding)
		payloads = append(payloads, payload)
		tokens = append(tokens, c.Publish("homecare/v1/acme/m-1/"+channel, 1, false, payload))
		if len(tokens) == 500 {
			for _, token := range tokens {
				must(t, token)
			}
			tokens = tokens[:0]
		}
	}
	for _, token := range tokens {
		must(t, token)
	}
	return payloads
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
