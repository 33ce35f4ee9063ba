package broker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/devices"
)

// secrets is a registry of devices "vendor/id" and gateways "vendor:vendor".
type secrets struct {
	mu     sync.Mutex
	logins map[string]devices.Login
}

const devicePassword = "correct horse battery staple"

var errWrongLogin = errors.New("unknown user or wrong password")

var _ Authenticator = (*secrets)(nil)

func (s *secrets) Authenticate(user, password string) (devices.Login, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	login, ok := s.logins[user]
	if !ok || password != devicePassword {
		return devices.Login{}, errWrongLogin
	}
	return login, nil
}

func (s *secrets) revoke(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.logins, user)
}

func device(t testing.TB, vendor, id string) devices.Login {
	t.Helper()
	if _, err := devices.NewDeviceID(vendor, id); err != nil {
		t.Fatal(err)
	}
	return deviceLogin(vendor, id)
}

func deviceLogin(vendor, id string) devices.Login {
	d := devices.DeviceID(vendor + "/" + id)
	return devices.Login{User: string(d), Vendor: vendor, Device: d}
}

func gateway(vendor string) devices.Login {
	return devices.Login{User: "vendor:" + vendor, Vendor: vendor}
}

func registry(logins ...devices.Login) *secrets {
	s := &secrets{logins: map[string]devices.Login{}}
	for _, l := range logins {
		s.logins[l.User] = l
	}
	return s
}

// running is a broker under test; stop ends it and waits.
type running struct {
	*Broker
	t    testing.TB
	stop func()
}

func start(t testing.TB, o Options) *running {
	t.Helper()
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.MQTTAddr == "" {
		o.MQTTAddr = "127.0.0.1:0"
	}
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- b.Run(ctx) }()
	r := &running{Broker: b, t: t, stop: sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("broker ended: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("broker did not stop")
		}
	})}
	t.Cleanup(r.stop)
	select {
	case <-b.Ready():
	case err := <-done:
		done <- err
		t.Fatalf("broker ended at once: %v", err)
	case <-time.After(20 * time.Second):
		t.Fatal("broker not ready")
	}
	return r
}

// open lets devices in at once, for tests that have no service.
func open(auth Authenticator) Options {
	return Options{Auth: auth, Await: []string{}, Log: zerolog.Nop(), SyncInterval: time.Minute}
}

type received struct {
	topic, payload string
	msg            mqtt.Message
}

// client is a paho client that never reconnects by itself.
type client struct {
	mqtt.Client
	t    testing.TB
	gone chan struct{} // closed when the broker has ended the connection
	got  chan received
}

type option func(*mqtt.ClientOptions)

func persistent(o *mqtt.ClientOptions) { o.SetCleanSession(false) }

func (r *running) dial(user, password, clientID string, opts ...option) (*client, error) {
	c := &client{t: r.t, gone: make(chan struct{}), got: make(chan received, 1000)}
	o := mqtt.NewClientOptions().AddBroker("tcp://" + r.MQTTAddr()).
		SetUsername(user).SetPassword(password).SetClientID(clientID).
		SetAutoReconnect(false).SetConnectRetry(false).SetProtocolVersion(4).
		SetConnectTimeout(10 * time.Second).SetCleanSession(true).
		SetConnectionLostHandler(func(mqtt.Client, error) { close(c.gone) }).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
			c.got <- received{m.Topic(), string(m.Payload()), m}
		})
	for _, f := range opts {
		f(o)
	}
	c.Client = mqtt.NewClient(o)
	token := c.Connect()
	if !token.WaitTimeout(15 * time.Second) {
		return nil, fmt.Errorf("no CONNACK")
	}
	if err := token.Error(); err != nil {
		return nil, err
	}
	r.t.Cleanup(func() { c.Disconnect(0) })
	return c, nil
}

func (r *running) device(user, clientID string, opts ...option) *client {
	r.t.Helper()
	c, err := r.dial(user, devicePassword, clientID, opts...)
	if err != nil {
		r.t.Fatalf("connect %s as %q: %v", user, clientID, err)
	}
	return c
}

func (r *running) serve(clientID string, opts ...option) *client {
	r.t.Helper()
	s := r.Service()
	c, err := r.dial(s.User, s.Password, clientID, opts...)
	if err != nil {
		r.t.Fatalf("connect service: %v", err)
	}
	return c
}

// reader is the service with all it reads subscribed.
func (r *running) reader(opts ...option) *client {
	r.t.Helper()
	c := r.serve("shouwang~all", append(opts, persistent)...)
	for _, topic := range topics("+", "+", upChannels[:]) {
		if code := c.subscribe(topic, 1); code != 1 {
			r.t.Fatalf("subscribe %s: %#x", topic, code)
		}
	}
	return c
}

// subscribe returns the code of the SUBACK; 0x80 is a refusal.
func (c *client) subscribe(filter string, qos byte) byte {
	c.t.Helper()
	token := c.Subscribe(filter, qos, nil)
	if !token.WaitTimeout(10 * time.Second) {
		c.t.Fatalf("no SUBACK for %s", filter)
	}
	return token.(*mqtt.SubscribeToken).Result()[filter]
}

// publish says whether the PUBACK came.
func (c *client) publish(topic string, qos byte, payload string) bool {
	token := c.Publish(topic, qos, false, payload)
	return token.WaitTimeout(10*time.Second) && token.Error() == nil
}

func (c *client) next() received {
	c.t.Helper()
	select {
	case m := <-c.got:
		return m
	case <-time.After(time.Minute):
		c.t.Fatal("no message")
		return received{}
	}
}

func (c *client) want(topic, payload string) {
	c.t.Helper()
	if m := c.next(); m.topic != topic || m.payload != payload {
		c.t.Fatalf("got %s %q, want %s %q", m.topic, m.payload, topic, payload)
	}
}

func (c *client) closed() bool {
	select {
	case <-c.gone:
		return true
	case <-time.After(10 * time.Second):
		return false
	}
}

// eventually polls, for what another process decides.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(8 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func count(t testing.TB, reg *prometheus.Registry, name, label string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			if label == "" || m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("no metric %s %s", name, label)
	return 0
}

func TestMessagesAndCommands(t *testing.T) {
	b := start(t, Options{Auth: registry(device(t, "acme", "b1"))})
	service := b.reader()
	dev := b.device("acme/b1", "b1")
	if !dev.publish("homecare/v1/acme/b1/event", 1, `{"event":"sos"}`) {
		t.Fatal("no PUBACK")
	}
	service.want("homecare/v1/acme/b1/event", `{"event":"sos"}`)
	for _, channel := range downChannels {
		topic := "homecare/v1/acme/b1/" + channel
		if code := dev.subscribe(topic, 1); code != 1 {
			t.Fatalf("subscribe %s: %#x", topic, code)
		}
		service.publish(topic, 0, "x")
		dev.want(topic, "x")
	}
}

func TestPortInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	b, err := New(Options{Dir: t.TempDir(), MQTTAddr: l.Addr().String(), Auth: registry()})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Run(t.Context()); err == nil {
		t.Error("Run returned no error although the port is in use")
	}
}

func TestBadOptions(t *testing.T) {
	file := t.TempDir() + "/file"
	writeFile(t, file)
	good := Options{Dir: t.TempDir(), MQTTAddr: "127.0.0.1:0", Auth: registry()}
	for name, spoil := range map[string]func(*Options){
		"folder is a file":        func(o *Options) { o.Dir = file },
		"no folder":               func(o *Options) { o.Dir = "" },
		"no authenticator":        func(o *Options) { o.Auth = nil },
		"address without port":    func(o *Options) { o.MQTTAddr = "127.0.0.1" },
		"port is a word":          func(o *Options) { o.MQTTAddr = "127.0.0.1:mqtt" },
		"service named as device": func(o *Options) { o.Service.User = "acme/b1" },
		"bound over the store":    func(o *Options) { o.MaxStoreBytes, o.MaxWaitingBytes = 1<<20, 1<<20 },
		"store too small":         func(o *Options) { o.MaxStoreBytes = 1 << 10 },
		"wildcard in await":       func(o *Options) { o.Await = []string{"homecare/>"} },
	} {
		o := good
		spoil(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: New returned no error", name)
		}
	}
}

func logTo(w io.Writer) zerolog.Logger { return zerolog.New(w) }

func writeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
}
