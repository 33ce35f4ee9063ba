package publisher

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/ingest/broker"
)

const secret = "for the tests only"

// registry lets in devices "vendor/id" and gateways "vendor:vendor".
type registry struct{}

func (registry) Authenticate(user, password string) (devices.Login, error) {
	if password != secret {
		return devices.Login{}, errors.New("wrong password")
	}
	if vendor, ok := strings.CutPrefix(user, "vendor:"); ok {
		return devices.Login{User: user, Vendor: vendor}, nil
	}
	return devices.Login{User: user, Vendor: devices.DeviceID(user).Vendor(), Device: devices.DeviceID(user)}, nil
}

// listener is what arrives at the service.
type listener struct {
	addr string

	mu       sync.Mutex
	messages int
	status   map[string]string
	events   []string
	// values by device, time and metric: what is sent twice is here once.
	values map[string]map[int64]map[string]float64
	order  map[string][]int64
}

// startBroker runs the real broker and listens to everything on it.
func startBroker(t *testing.T) *listener {
	t.Helper()
	b, err := broker.New(broker.Options{
		Dir: t.TempDir(), MQTTAddr: "127.0.0.1:0", Auth: registry{},
		SyncInterval: time.Minute, Await: []string{}, Log: zerolog.Nop(), Metrics: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	stopped := make(chan error, 1)
	go func() { stopped <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	select {
	case <-b.Ready():
	case err := <-stopped:
		t.Fatal(err)
	}
	l := &listener{
		addr: "tcp://" + b.MQTTAddr(), status: map[string]string{},
		values: map[string]map[int64]map[string]float64{}, order: map[string][]int64{},
	}
	service := b.Service()
	client := paho.NewClient(paho.NewClientOptions().AddBroker(l.addr).SetUsername(service.User).SetPassword(service.Password).
		SetClientID(service.User + "~test").SetCleanSession(true).SetAutoReconnect(false))
	if token := client.Connect(); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	t.Cleanup(func() { client.Disconnect(0) })
	for _, channel := range []string{"telemetry", "event", "status"} {
		token := client.Subscribe("homecare/v1/+/+/"+channel, 1, l.receive)
		if token.Wait(); token.Error() != nil {
			t.Fatal(token.Error())
		}
	}
	return l
}

func (l *listener) receive(_ paho.Client, m paho.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.messages++
	part := strings.Split(m.Topic(), "/")
	device, channel := part[2]+"/"+part[3], part[4]
	switch channel {
	case "status":
		l.status[device] = string(m.Payload())
		return
	case "event":
		l.events = append(l.events, device+" "+string(m.Payload()))
		return
	}
	type object struct {
		TS      any                `json:"ts"`
		Metrics map[string]float64 `json:"metrics"`
	}
	var list []object
	if json.Unmarshal(m.Payload(), &list) != nil {
		var one object
		if err := json.Unmarshal(m.Payload(), &one); err != nil {
			panic(err)
		}
		list = []object{one}
	}
	if l.values[device] == nil {
		l.values[device] = map[int64]map[string]float64{}
	}
	for _, o := range list {
		at := int64(0)
		switch ts := o.TS.(type) {
		case string:
			t, err := time.Parse(time.RFC3339Nano, ts)
			if err != nil {
				panic(err)
			}
			at = t.UnixMilli()
		case float64:
			at = int64(ts)
		}
		if l.values[device][at] == nil {
			l.values[device][at] = map[string]float64{}
		}
		maps.Copy(l.values[device][at], o.Metrics)
		l.order[device] = append(l.order[device], at)
	}
}

func (l *listener) readings() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, times := range l.values {
		for _, metrics := range times {
			n += len(metrics)
		}
	}
	return n
}

// until polls, since a real broker is at work.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(8 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 8 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// line is a way to the broker that can be cut.
type line struct {
	addr string

	mu    sync.Mutex
	ends  []net.Conn
	links sync.WaitGroup
}

func lineTo(t *testing.T, broker string) *line {
	t.Helper()
	accept, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &line{addr: "tcp://" + accept.Addr().String()}
	n.links.Go(func() {
		for {
			near, err := accept.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", strings.TrimPrefix(broker, "tcp://"))
			if err != nil {
				_ = near.Close()
				continue
			}
			n.mu.Lock()
			n.ends = append(n.ends, near, far)
			n.mu.Unlock()
			for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
				n.links.Go(func() {
					_, _ = io.Copy(pair[0], pair[1]) // ends when the line is cut
					_ = pair[0].Close()
				})
			}
		}
	})
	t.Cleanup(func() {
		_ = accept.Close()
		n.cut()
		n.links.Wait()
	})
	return n
}

func (n *line) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, end := range n.ends {
		_ = end.Close()
	}
	n.ends = nil
}
