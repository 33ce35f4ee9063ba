package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"shouwang/devices"
	"shouwang/ingest/peer"
)

func TestPacketsAreWhatPahoReads(t *testing.T) {
	b := appendConnect(nil, "v/d", "secret")
	b = appendPublish(b, "a/b", bytes.Repeat([]byte("x"), 20_000), 1, 77)
	b = appendPublish(b, "a/c", []byte("y"), 0, 0)
	r := bytes.NewReader(b)
	next := func() packets.ControlPacket {
		t.Helper()
		p, err := packets.ReadPacket(r)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if c := next().(*packets.ConnectPacket); c.Validate() != packets.Accepted || c.Username != "v/d" || string(c.Password) != "secret" || !c.CleanSession {
		t.Errorf("connect: %v", c)
	}
	if p := next().(*packets.PublishPacket); p.TopicName != "a/b" || p.Qos != 1 || p.MessageID != 77 || len(p.Payload) != 20_000 {
		t.Errorf("publish: %v", p)
	}
	if p := next().(*packets.PublishPacket); p.TopicName != "a/c" || p.Qos != 0 || string(p.Payload) != "y" {
		t.Errorf("publish: %v", p)
	}
	if r.Len() != 0 {
		t.Errorf("%d bytes left", r.Len())
	}
}

func TestConnackSaysWhy(t *testing.T) {
	for answer, want := range map[string]string{
		"20020000":     "",
		"20020005":     "the broker refuses: not authorised",
		"20020009":     "the broker refuses with code 9",
		"40020001":     "unreadable packet",
		"20ffffffff01": "more than 4 bytes",
		"20ffff7f":     "unreadable packet",
		"2002":         "EOF",
	} {
		raw, err := hex.DecodeString(answer)
		if err != nil {
			t.Fatal(err)
		}
		err = connack(bufio.NewReader(bytes.NewReader(raw)))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", answer, err, want)
		}
	}
}

func TestQuantilesAreAtMost3PercentTooHigh(t *testing.T) {
	var l Latency
	random := rand.New(rand.NewPCG(1, 2))
	var all []time.Duration
	for range 20_000 {
		d := time.Duration(random.ExpFloat64()*30_000) * time.Microsecond
		all = append(all, d)
		l.Add(d)
	}
	slices.Sort(all)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.99, 0.999} {
		want := all[int(q*float64(len(all)))]
		if got := l.Quantile(q); got < want || float64(got) > float64(want)*1.04+1 {
			t.Errorf("%v: %s, want %s", q, got, want)
		}
	}
	if l.Quantile(1) != all[len(all)-1] || l.Max() != all[len(all)-1] {
		t.Errorf("longest %s, want %s", l.Max(), all[len(all)-1])
	}
}

func TestMessagesHaveDistinctTimes(t *testing.T) {
	m := maker{metrics: []devices.Metric{"heart_rate_bpm", "spo2_pct"}, batch: 3, random: rand.New(rand.NewPCG(1, 1))}
	s := &source{}
	var times []int64
	for _, now := range []int64{1000, 1001, 5000, 4000} {
		var objects []struct {
			TS      int64              `json:"ts"`
			Seq     int                `json:"seq"`
			Metrics map[string]float64 `json:"metrics"`
		}
		if err := json.Unmarshal(m.message(nil, s, now), &objects); err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			times = append(times, o.TS)
			if len(o.Metrics) != 2 || o.Seq != len(times) {
				t.Errorf("%+v", o)
			}
		}
	}
	want := []int64{1000, 1001, 1002, 1003, 1004, 1005, 5000, 5001, 5002, 5003, 5004, 5005}
	if !slices.Equal(times, want) {
		t.Errorf("times %v, want %v", times, want)
	}
	m.batch, m.size = 1, 120
	if b := m.message(nil, s, 1); len(b) != 120 || !json.Valid(b) {
		t.Errorf("%d bytes: %s", len(b), b)
	}
}

func deviceList(n int) []devices.DeviceID {
	list := make([]devices.DeviceID, n)
	for i := range list {
		list[i] = devices.DeviceID("load/d" + strconv.Itoa(i))
	}
	return list
}

// received subscribes and counts distinct messages.
func received(t *testing.T, address string) (count func() int) {
	t.Helper()
	var mu sync.Mutex
	seen := map[string]bool{}
	o := paho.NewClientOptions().AddBroker("tcp://" + address).SetClientID("counter").SetAutoReconnect(true).SetCleanSession(false)
	o.SetOnConnectHandler(func(c paho.Client) { c.Subscribe("homecare/#", 1, nil) })
	o.SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) {
		mu.Lock()
		defer mu.Unlock()
		seen[m.Topic()+string(m.Payload())] = true
	})
	c := paho.NewClient(o)
	if token := c.Connect(); token.Wait() && token.Error() != nil {
		t.Fatal(token.Error())
	}
	t.Cleanup(func() { c.Disconnect(10) })
	return func() int { mu.Lock(); defer mu.Unlock(); return len(seen) }
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within 10 s: " + what)
		}
	}
}

func TestEveryMessageArrives(t *testing.T) {
	m := peer.StartMosquitto(t, peer.MosquittoOptions{MaxInflight: 1000, MaxQueued: 100_000})
	count := received(t, m.Addr)
	o := Options{
		Address: m.Addr, Devices: deviceList(10), Connections: 3, QoS: 1, Metrics: []devices.Metric{"heart_rate_bpm"},
		Batch: 1, Size: 120, Messages: 2000, InFlight: 7, Seed: 1,
	}
	s, err := Run(t.Context(), o)
	if err != nil || s.Messages != 2000 || s.Acknowledged != 2000 || s.Resent != 0 || s.Connects != 3 || s.Bytes != 120*2000 {
		t.Fatalf("%v, %+v", err, s)
	}
	eventually(t, "2000 distinct messages", func() bool { return count() == 2000 })
	o.Rate, o.Messages, o.Duration = 200, 0, 500*time.Millisecond
	if s, err = Run(t.Context(), o); err != nil || s.Messages != 100 || s.Acknowledged != 100 || s.Elapsed < 450*time.Millisecond {
		t.Fatalf("%v, %+v", err, s)
	}
	eventually(t, "2100 distinct messages", func() bool { return count() == 2100 })
	o.QoS, o.Rate, o.Messages = 0, 0, 50
	if s, err = Run(t.Context(), o); err != nil || s.Messages != 50 || s.Acknowledged != 0 {
		t.Fatalf("%v, %+v", err, s)
	}
	eventually(t, "2150 distinct messages", func() bool { return count() == 2150 })
}

func TestNothingIsForgottenWhenTheBrokerIsKilled(t *testing.T) {
	m := peer.StartMosquitto(t, peer.MosquittoOptions{})
	var s *Stats
	var err error
	done := make(chan struct{})
	address := m.Addr
	go func() {
		defer close(done)
		s, err = Run(t.Context(), Options{
			Address: address, Devices: deviceList(10), Connections: 5, QoS: 1, Metrics: []devices.Metric{"heart_rate_bpm"},
			Batch: 1, Rate: 2000, Messages: 2000, InFlight: 5,
		})
	}()
	time.Sleep(300 * time.Millisecond)
	m.Kill()
	m.Start()
	<-done
	if err != nil || s.Messages != 2000 || s.Acknowledged != 2000 || s.Connects < 10 {
		t.Errorf("%v, messages %d, acknowledged %d, connects %d", err, s.Messages, s.Acknowledged, s.Connects)
	}
}

func TestWrongLoginIsToldAtOnce(t *testing.T) {
	m := peer.StartMosquitto(t, peer.MosquittoOptions{Users: map[string]string{"gateway": "right"}})
	o := Options{
		Address: m.Addr, Devices: deviceList(4), Connections: 4, QoS: 1, Metrics: []devices.Metric{"heart_rate_bpm"}, Batch: 1, Messages: 8, InFlight: 1,
		Login: func([]devices.DeviceID) (string, string) { return "gateway", "wrong" },
	}
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "not authorised") {
		t.Errorf("wrong password: %v", err)
	}
	o.Login = func([]devices.DeviceID) (string, string) { return "gateway", "right" }
	if s, err := Run(t.Context(), o); err != nil || s.Acknowledged != 8 {
		t.Errorf("right password: %v", err)
	}
}

func TestStopsWhenToldTo(t *testing.T) {
	m := peer.StartMosquitto(t, peer.MosquittoOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	s, err := Run(ctx, Options{
		Address: m.Addr, Devices: deviceList(2), Connections: 2, QoS: 1, Metrics: []devices.Metric{"heart_rate_bpm"}, Batch: 1, Duration: time.Hour, InFlight: 5,
	})
	if err == nil || s.Messages == 0 || s.Elapsed > 5*time.Second {
		t.Errorf("%v, %d messages, %s", err, s.Messages, s.Elapsed)
	}
}
