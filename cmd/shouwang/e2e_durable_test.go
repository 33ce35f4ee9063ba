package main

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"

	"shouwang/alerting"
	"shouwang/devices"
)

// event is a frame of the live view, as far as these tests look.
type event struct {
	Event int64
	Prev  int64
	Type  string
	Alert *alerting.Alert
}

// events are all numbered events after the given one, as a client that sees
// everything gets them. Their numbers must have no gaps.
func (a *api) events(after int64) []event {
	a.t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(fmt.Sprintf("ws%s/api/v1/live?after=%d", strings.TrimPrefix(a.base, "http"), after),
		http.Header{"Authorization": {"Bearer " + a.token}})
	if err != nil {
		a.t.Fatalf("live: %v", err)
	}
	defer conn.Close()
	var all []event
	_ = conn.SetReadDeadline(time.Now().Add(patience)) // beats would go on for ever
	// The live view hears of what was committed a moment later than a list shows it.
	_, listed := a.alerts("")
	newest, position := int64(-1), after
	for newest < 0 || position < max(newest, listed) {
		var e event
		if err := conn.ReadJSON(&e); err != nil {
			a.t.Fatalf("live after %d: %v", position, err)
		}
		switch e.Type {
		case "hello":
			newest = e.Event
		case "beat":
		case "reset":
			a.t.Fatalf("the log no longer has what came after %d", after)
		default:
			if e.Event != position+1 || e.Prev != position {
				a.t.Fatalf("event %d (after %d) came where %d should", e.Event, e.Prev, position+1)
			}
			position = e.Event
			all = append(all, e)
		}
	}
	return all
}

// opened counts how often each alert was opened in the events.
func opened(events []event) map[string]int {
	count := map[string]int{}
	for _, e := range events {
		if e.Type == string(alerting.AlertOpened) {
			count[e.Alert.ID]++
		}
	}
	return count
}

// message is one that a device must get through to the service.
type message struct {
	from           *device
	topic, payload string
	acked          atomic.Bool
}

// connect is a device's own client: it gives up when the connection breaks.
func (d *device) connect() (mqtt.Client, error) {
	o := mqtt.NewClientOptions().AddBroker("tcp://" + d.room.mqtt).SetClientID(d.ID).SetUsername(d.Username).SetPassword(d.Password).
		SetAutoReconnect(false).SetConnectTimeout(patience).SetProtocolVersion(4).SetOrderMatters(false)
	client := mqtt.NewClient(o)
	token := client.Connect()
	if !token.WaitTimeout(patience) {
		return nil, fmt.Errorf("connect %s: no answer", d.Username)
	}
	return client, token.Error()
}

// send publishes what is not acknowledged yet, many at once, until all is or the
// connections break. each is called after every acknowledgement.
func send(t *testing.T, messages []*message, each func()) {
	t.Helper()
	clients := map[*device]mqtt.Client{}
	for _, m := range messages {
		if clients[m.from] != nil {
			continue
		}
		client, err := m.from.connect()
		if err != nil {
			t.Fatal(err)
		}
		defer client.Disconnect(0)
		clients[m.from] = client
	}
	var under sync.WaitGroup
	defer under.Wait()
	room := make(chan struct{}, 256) // in flight
	for _, m := range messages {
		if m.acked.Load() {
			continue
		}
		room <- struct{}{}
		client := clients[m.from]
		if !client.IsConnectionOpen() {
			return
		}
		token := client.Publish(m.topic, 1, false, m.payload)
		under.Go(func() {
			defer func() { <-room }()
			select {
			case <-token.Done():
				if token.Error() == nil {
					m.acked.Store(true)
					each()
				}
			case <-time.After(patience):
			}
		})
	}
}

func TestNothingIsLostByKill(t *testing.T) {
	t.Parallel() // it waits more than it works
	const count, calls = 5000, 10
	room := emptyRoom(t, 1+calls, 0)
	admin := room.as("administrator")
	band := room.Device(devices.Wristband)
	first := time.Now().Add(-2 * time.Hour).UTC().Truncate(time.Second)
	var messages []*message
	for i := range count {
		at := first.Add(time.Duration(i) * time.Second)
		messages = append(messages, &message{from: band, topic: band.topic("telemetry"), payload: fmt.Sprintf(`{"ts":%q,"metrics":{"steps":%d}}`, at.Format(time.RFC3339), i)})
		if i%(count/calls) == count/calls/2 {
			d := room.Device(devices.Wristband)
			at := time.Now().UTC().Format(time.RFC3339Nano)
			messages = append(messages, &message{from: d, topic: d.topic("event"), payload: fmt.Sprintf(`{"ts":%q,"event":"sos"}`, at)})
		}
	}

	acked, began := atomic.Int64{}, time.Now()
	send(t, messages, func() {
		if acked.Add(1) == count/2 {
			_ = room.proc.cmd.Process.Kill()
		}
	})
	<-room.proc.done
	before := acked.Load()
	t.Logf("killed after %d acknowledged messages in %v", before, time.Since(began).Round(time.Millisecond))
	if before < count/2 || before >= count {
		t.Fatalf("%d of %d messages were acknowledged when the process was dead", before, len(messages))
	}
	survived := map[int]bool{}
	for i, m := range messages {
		survived[i] = m.acked.Load()
	}
	room.proc = room.restart()

	// First what was acknowledged to the dead, with nothing sent again.
	stored := func() map[float64]int {
		values := map[float64]int{}
		for _, v := range admin.history(band, "steps", first.Add(-time.Minute)) {
			values[v]++
		}
		return values
	}
	lost := func(acked func(i int) bool) (missing []string) {
		values := stored()
		alerts, _ := admin.alerts("kind=sos")
		about := map[string]int{}
		for _, a := range alerts {
			about[a.Resident.ID]++
		}
		step := 0
		for i, m := range messages {
			have := about[m.from.Resident]
			if m.from == band {
				have = values[float64(step)]
				step++
			}
			if have > 1 {
				t.Fatalf("%s is there %d times", m.payload, have)
			}
			if acked(i) && have == 0 {
				missing = append(missing, m.payload)
			}
		}
		return missing
	}
	var missing []string
	if !asked(2*patience, 200*time.Millisecond, func() bool {
		missing = lost(func(i int) bool { return survived[i] })
		return len(missing) == 0
	}) {
		t.Fatalf("%d acknowledged messages are lost, as %s", len(missing), missing[0])
	}
	t.Logf("all %d acknowledged messages are there %v after the kill", before, time.Since(began).Round(time.Millisecond))

	// Then the rest, and some again: the device cannot know what arrived.
	for i := max(0, int(before)-300); i < int(before); i++ {
		messages[i].acked.Store(false)
	}
	send(t, messages, func() {})
	for _, m := range messages {
		if !m.acked.Load() {
			t.Fatal("the second run did not get through")
		}
	}
	if !asked(2*patience, 200*time.Millisecond, func() bool {
		missing = lost(func(int) bool { return true })
		return len(missing) == 0
	}) {
		t.Fatalf("%d messages are missing in the end, as %s", len(missing), missing[0])
	}
	if n := len(stored()); n != count {
		t.Errorf("%d readings in history, want %d", n, count)
	}
	events := admin.events(0)
	for id, n := range opened(events) {
		if n != 1 {
			t.Errorf("alert %s was opened %d times", id, n)
		}
	}
	if n := len(opened(events)); n != calls {
		t.Errorf("%d alerts, want %d calls for help", n, calls)
	}
}

// ofAlerts leaves out what is about planned visits alone: a start settles at once
// those of residents who were reached a moment before.
func ofAlerts(events []event) []event {
	return slices.DeleteFunc(events, func(e event) bool { return e.Alert == nil })
}

func TestARestartNeitherLosesNorRepeatsAnAlert(t *testing.T) {
	room := demoRoom(t)
	duty, admin := room.as("duty"), room.as("administrator")
	one, two, three := room.Device(devices.Wristband), room.Device(devices.Wristband), room.Device(devices.Wristband)
	one.PublishSOS()
	two.publish("event", `{"event":"fall","lat_deg":36.24,"lon_deg":115.67}`)
	acked := duty.expectAlert("sos", one)
	duty.must(http.StatusOK, "POST", "/api/v1/alerts/"+acked.ID+"/ack", nil, nil)
	duty.must(http.StatusCreated, "POST", "/api/v1/visits", map[string]any{"alert": duty.expectAlert("fall", two).ID}, nil)
	before, asOf := admin.alerts("")
	logged := ofAlerts(admin.events(0))

	for _, way := range []struct {
		name string
		end  func()
	}{
		{"orderly", func() { room.proc.stop(t) }},
		{"killed", func() { room.proc.kill() }},
	} {
		way.end()
		room.proc = room.restart()
		after, now := admin.alerts("")
		if !reflect.DeepEqual(before, after) {
			t.Errorf("%s: alerts were\n%+v\nand are\n%+v", way.name, before, after)
		}
		if now < asOf {
			t.Errorf("%s: the newest event was %d and is %d", way.name, asOf, now)
		}
		if again := ofAlerts(admin.events(0)); !reflect.DeepEqual(logged, again) {
			t.Errorf("%s: the event log has changed: %d events were %d", way.name, len(again), len(logged))
		}
	}
	three.PublishSOS()
	alert := duty.expectAlert("sos", three)
	next := ofAlerts(admin.events(asOf))
	if len(next) != 1 || next[0].Alert == nil || next[0].Alert.ID != alert.ID {
		t.Errorf("after event %d came %+v, want the new alert", asOf, next)
	}
	now, _ := admin.alerts("")
	want := states(before)
	want[alert.ID] = alerting.Open
	if got := states(now); !maps.Equal(got, want) {
		t.Errorf("alerts %v, want %v", got, want)
	}
}
