package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

// lockedBuffer is a log that is read while it is written.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// admin is the broker's own connection, to look at what is stored.
func (r *running) admin() jetstream.JetStream {
	r.t.Helper()
	conn, err := r.connect(adminUser)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		r.t.Fatal(err)
	}
	return js
}

func TestWrongCredentials(t *testing.T) {
	var log lockedBuffer
	reg := prometheus.NewRegistry()
	o := open(registry(device(t, "acme", "b1")))
	o.Log, o.Metrics = logTo(&log), reg
	b := start(t, o)
	for name, c := range map[string]struct{ user, password string }{
		"wrong password":         {"acme/b1", "hunter2-secret"},
		"unknown device":         {"acme/b2", "hunter2-secret"},
		"no user":                {"", ""},
		"no password":            {"acme/b1", ""},
		"service, wrong":         {"shouwang", "hunter2-secret"},
		"internal user":          {adminUser, "hunter2-secret"},
		"internal user, right":   {adminUser, b.internalPassword},
		"journal user, right":    {journalUser, b.internalPassword},
		"device user as service": {b.Service().User, devicePassword},
	} {
		_, err := b.dial(c.user, c.password, "")
		if err == nil {
			t.Errorf("%s: let in", name)
			continue
		}
		if s := err.Error(); !strings.Contains(s, "ot Authorized") && !strings.Contains(s, "ot authorized") {
			t.Errorf("%s: %v, want CONNACK 5", name, err)
		}
	}
	if n := count(t, reg, "shouwang_broker_logins_refused_total", "credentials"); n != 9 {
		t.Errorf("counted %v refused logins, want 9", n)
	}
	if s := log.String(); !strings.Contains(s, `"user":"acme/b1"`) || !strings.Contains(s, `"remote":"127.0.0.1:`) {
		t.Errorf("log does not name user and address:\n%s", s)
	}
	for _, secret := range []string{"hunter2-secret", b.internalPassword, b.Service().Password, devicePassword} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("a password is in the log:\n%s", log.String())
		}
	}
}

// TestServerWords: a forbidden publish is acknowledged all the same, dropped,
// counted and written to the log; a forbidden subscription is refused.
func TestServerWords(t *testing.T) {
	var log lockedBuffer
	reg := prometheus.NewRegistry()
	b := start(t, Options{Auth: registry(device(t, "acme", "b1"), gateway("acme")), Metrics: reg, Log: logTo(&log), SyncInterval: time.Minute})
	service := b.reader()
	dev := b.device("acme/b1", "b1")
	forbidden := []string{
		"homecare/v1/acme/b2/event", "homecare/v1/other/b1/event",
		"homecare/v1/acme/b1/command", "homecare/v1/acme/b1/event/x", "homecare/v1/acme/b1",
		"$MQTT/msgs/homecare/v1/acme/b2/event", "client_ids/x", "anything",
	}
	for _, topic := range forbidden {
		if !dev.publish(topic, 1, "forged") {
			t.Errorf("%s: no PUBACK; the guide for vendors says there is one", topic)
		}
	}
	dev.publish("homecare/v1/acme/b1/event", 1, "mine")
	service.want("homecare/v1/acme/b1/event", "mine") // none of the others came before
	if n := count(t, reg, "shouwang_broker_violations_total", "publish"); n != float64(len(forbidden)) {
		t.Errorf("counted %v publish violations, want %d", n, len(forbidden))
	}
	filters := []string{
		"#", "homecare/#", "homecare/v1/acme/b1/#", "homecare/v1/acme/+/command", "homecare/v1/acme/b2/command",
		"homecare/v1/acme/b1/event", "$MQTT/#", "$MQTT/sub/#", "$JS/API/#", "$SYS/#", "client_ids/#", "shed/#",
	}
	for _, filter := range filters {
		if code := dev.subscribe(filter, 1); code != 0x80 {
			t.Errorf("subscribe %s: %#x", filter, code)
		}
	}
	// Those below $MQTT are refused by the server before its permissions.
	if n := count(t, reg, "shouwang_broker_violations_total", "subscribe"); n < float64(len(filters)-2) {
		t.Errorf("counted %v subscribe violations of %d", n, len(filters))
	}
	if s := log.String(); !strings.Contains(s, "Publish Violation") || strings.Contains(s, "forged") {
		t.Errorf("log:\n%s", s)
	}
	gw := b.device("vendor:acme", "")
	gw.publish("homecare/v1/other/b1/event", 1, "forged")
	gw.publish("homecare/v1/acme/b7/event", 1, "gateway's")
	service.want("homecare/v1/acme/b7/event", "gateway's")
	if code := gw.subscribe("homecare/v1/acme/+/command", 1); code != 1 {
		t.Errorf("gateway's subscription: %#x", code)
	}
	if code := gw.subscribe("homecare/v1/+/+/command", 1); code != 0x80 {
		t.Errorf("gateway may read all vendors' commands: %#x", code)
	}
}

// TestNoUnrestrictedUser: nobody who comes by MQTT can administer the store.
func TestNoUnrestrictedUser(t *testing.T) {
	b := start(t, open(registry(device(t, "acme", "b1"), gateway("acme"))))
	js := b.admin()
	users := map[string]*client{
		"device": b.device("acme/b1", ""), "gateway": b.device("vendor:acme", ""), "service": b.serve("shouwang"),
	}
	for who, c := range users {
		for _, stream := range []string{sessionStream, messageStream, clientIDStream} {
			c.publish("$JS/API/STREAM/DELETE/"+stream, 1, "")
			c.publish("$JS/API/STREAM/PURGE/"+stream, 0, "")
			c.publish("homecare/v1/acme/b1/ack", 1, "") // in order: the others are done
			if _, err := js.Stream(t.Context(), stream); err != nil {
				t.Errorf("%s: %s: %v", who, stream, err)
			}
		}
		if code := c.subscribe("$JS/#", 0); code != 0x80 {
			t.Errorf("%s subscribed to $JS: %#x", who, code)
		}
	}
}

// TestJournalIsApart: the journal's traffic is not seen over MQTT nor the
// other way round.
func TestJournalIsApart(t *testing.T) {
	b := start(t, open(registry(device(t, "acme", "b1"))))
	conn, err := b.Journal()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "journal", Subjects: []string{"homecare.>"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Stream(t.Context(), messageStream); err == nil {
		t.Error("the journal's connection sees the devices' messages")
	}
	service := b.reader()
	dev := b.device("acme/b1", "")
	if _, err := js.Publish(t.Context(), "homecare.v1.acme.b1.event", []byte("journal's")); err != nil {
		t.Fatal(err)
	}
	dev.publish("homecare/v1/acme/b1/event", 1, "device's")
	service.want("homecare/v1/acme/b1/event", "device's")
	stream, err := js.Stream(t.Context(), "journal")
	if err != nil {
		t.Fatal(err)
	}
	if n := stream.CachedInfo().State.Msgs; n != 1 {
		t.Errorf("%d messages in the journal, want its own one", n)
	}
}

func TestClientIDTakeOver(t *testing.T) {
	dir := t.TempDir()
	pinned := device(t, "sly", "p1")
	pinned.ClientID = "b1"
	auth := registry(device(t, "acme", "b1"), device(t, "other", "b1"), device(t, "other", "shouwang"), pinned)
	o := open(auth)
	o.Dir = dir
	b := start(t, o)
	service := b.reader()
	owner := b.device("acme/b1", "b1", persistent)
	if code := owner.subscribe("homecare/v1/acme/b1/command", 1); code != 1 {
		t.Fatalf("subscribe: %#x", code)
	}
	attack := func(when string) {
		t.Helper()
		for user, ids := range map[string][]string{
			"other/b1":       {"b1", "acme/b1", "acme/b1~1", "shouwang", "shouwang~all"},
			"other/shouwang": {"shouwang", "shouwang~all", "shouwang~event"},
			"sly/p1":         {"b1"},
		} {
			for _, id := range ids {
				for _, o := range [][]option{{}, {persistent}} {
					if _, err := b.dial(user, devicePassword, id, o...); err == nil {
						t.Errorf("%s: %s took over %q", when, user, id)
					}
				}
			}
		}
	}
	attack("connected")
	if !owner.IsConnectionOpen() || !service.IsConnectionOpen() {
		t.Fatal("somebody was thrown out")
	}
	owner.Disconnect(100)
	attack("session stored")
	service.Disconnect(100)
	b.stop()

	b = start(t, o)
	attack("after a restart")
	if s := b.serve("shouwang~all", persistent); !s.IsConnectionOpen() {
		t.Error("the service does not get its session back")
	}
	owner = b.device("acme/b1", "b1") // ends its session: a clean one wipes the stored
	owner.Disconnect(100)
	eventually(t, "an id that nothing is left of is free again", func() bool {
		_, err := b.dial("other/b1", devicePassword, "b1")
		return err == nil
	})
}

func TestClientIDs(t *testing.T) {
	auth := registry(device(t, "acme", "b1"), gateway("acme"))
	b := start(t, open(auth))
	for _, id := range []string{"", "b1", "b1~x", "acme/b1", "acme/b1~x"} {
		b.device("acme/b1", id)
	}
	for _, id := range []string{"", "vendor:acme", "vendor:acme~2"} {
		b.device("vendor:acme", id)
	}
	// The same user's second connection does replace its first.
	first := b.device("acme/b1", "b1~again")
	b.device("acme/b1", "b1~again")
	if !first.closed() {
		t.Error("first connection is still there")
	}
	// What a crash leaves of clean sessions does not count, stored ones do.
	for i := range maxClientIDs + 5 {
		b.device("acme/b1", fmt.Sprintf("b1~clean%d", i)).Disconnect(50)
	}
	refused := 0
	for i := range maxClientIDs + 1 {
		c, err := b.dial("acme/b1", devicePassword, fmt.Sprintf("b1~stored%d", i), persistent)
		if err != nil {
			refused++
			continue
		}
		c.Disconnect(50)
	}
	if refused == 0 {
		t.Error("one device may store any number of sessions")
	}
}

func TestRevocation(t *testing.T) {
	auth := registry(device(t, "acme", "b1"), device(t, "acme", "b2"))
	b := start(t, open(auth))
	one, two, other := b.device("acme/b1", "b1"), b.device("acme/b1", "b1~2"), b.device("acme/b2", "b2")
	auth.revoke("acme/b1")
	began := time.Now()
	if err := b.Disconnect("acme/b1"); err != nil {
		t.Fatal(err)
	}
	if !one.closed() || !two.closed() {
		t.Fatal("the revoked device is still connected")
	}
	t.Logf("closed after %s", time.Since(began))
	if _, err := b.dial("acme/b1", devicePassword, "b1"); err == nil {
		t.Error("the revoked device is back")
	}
	if !other.IsConnectionOpen() {
		t.Error("another device was thrown out")
	}
}

func TestPayloadLimit(t *testing.T) {
	reg := prometheus.NewRegistry()
	o := Options{Auth: registry(device(t, "acme", "b1")), Metrics: reg, SyncInterval: time.Minute}
	b := start(t, o)
	service := b.reader()
	dev := b.device("acme/b1", "")
	const topic = "homecare/v1/acme/b1/telemetry"
	if !dev.publish(topic, 1, strings.Repeat("x", MaxPayload-200)) {
		t.Fatal("a message of 1 MiB less 200 bytes was not taken")
	}
	if m := service.next(); len(m.payload) != MaxPayload-200 {
		t.Errorf("%d bytes arrived", len(m.payload))
	}
	dev.Publish(topic, 1, false, strings.Repeat("x", MaxPayload))
	if !dev.closed() {
		t.Fatal("too large a message did not close the connection")
	}
	if n := count(t, reg, "shouwang_broker_violations_total", "payload"); n != 1 {
		t.Errorf("counted %v", n)
	}
}

func TestSpecialNames(t *testing.T) {
	names := []string{"b.1", "b:1", "b_1", "手环一号", ".", "..b..", "-", "b\\1", "a%20b", "$x", "b'\"1"}
	var auth = registry()
	for _, n := range names {
		auth.logins["厂.商/"+n] = device(t, "厂.商", n)
	}
	auth.logins["vendor:厂.商"] = gateway("厂.商")
	b := start(t, Options{Auth: auth, SyncInterval: time.Minute})
	service := b.reader()
	gw := b.device("vendor:厂.商", "") // a . in the name: no client id but an empty one
	for _, n := range names {
		dev := b.device("厂.商/"+n, "")
		up, down := "homecare/v1/厂.商/"+n+"/event", "homecare/v1/厂.商/"+n+"/command"
		if !dev.publish(up, 1, n) {
			t.Errorf("%s: no PUBACK", n)
		}
		service.want(up, n)
		gw.publish(up, 1, n)
		service.want(up, n)
		if code := dev.subscribe(down, 0); code != 0 {
			t.Errorf("%s: subscribe %#x", n, code)
		}
		service.publish(down, 0, n)
		dev.want(down, n)
	}
}

// TestFirstMessages: before the service has subscribed nothing would keep an
// acknowledged message, so a device waits for its CONNACK.
func TestFirstMessages(t *testing.T) {
	b := start(t, Options{Auth: registry(device(t, "acme", "b1")), SyncInterval: time.Minute})
	in := make(chan *client)
	go func() {
		c, err := b.dial("acme/b1", devicePassword, "b1")
		if err != nil {
			t.Error(err)
		}
		in <- c
	}()
	service := b.serve("shouwang~all", persistent)
	for _, topic := range topics("+", "+", upChannels[:])[1:] {
		service.subscribe(topic, 1)
	}
	select {
	case <-in:
		t.Fatal("device let in although nobody reads telemetry")
	case <-b.Admitting():
		t.Fatal("devices let in although nobody reads telemetry")
	case <-time.After(3 * watchEvery):
	}
	service.subscribe("homecare/v1/+/+/telemetry", 1)
	dev := <-in
	if dev == nil {
		t.FailNow()
	}
	dev.publish("homecare/v1/acme/b1/telemetry", 1, "first")
	service.want("homecare/v1/acme/b1/telemetry", "first")
}

// TestRestart: what was acknowledged is delivered after the broker and the
// service have been away.
func TestRestart(t *testing.T) {
	o := Options{Dir: t.TempDir(), Auth: registry(device(t, "acme", "b1"))}
	b := start(t, o)
	b.reader().Disconnect(100)
	dev := b.device("acme/b1", "b1")
	const topic = "homecare/v1/acme/b1/telemetry"
	want := map[string]bool{}
	for i := range 200 {
		payload := fmt.Sprint(i)
		if !dev.publish(topic, 1, payload) {
			t.Fatal("no PUBACK")
		}
		want[payload] = true
	}
	b.stop()
	b = start(t, o)
	service := b.serve("shouwang~all", persistent)
	for range len(want) {
		delete(want, service.next().payload)
	}
	if len(want) > 0 {
		t.Errorf("%d acknowledged messages are lost", len(want))
	}
	// No session of the service is needed now: the devices were let in by the
	// stored one.
	b.device("acme/b1", "b1")
}

// TestFull: with nobody taking messages over, telemetry stops at three
// quarters without an acknowledgement, events go on until the whole is full,
// and what was acknowledged is all there afterwards.
func TestFull(t *testing.T) {
	reg := prometheus.NewRegistry()
	var log lockedBuffer
	b := start(t, Options{
		Auth: registry(device(t, "acme", "b1"), device(t, "acme", "b2")), Metrics: reg, Log: logTo(&log),
		MaxWaitingBytes: 4 << 20, SyncInterval: time.Minute, StoreWait: 3 * time.Second,
	})
	b.reader().Disconnect(100)
	taken := map[string]bool{}
	fill := func(user, topic string, limit int) (n int) {
		t.Helper()
		dev := b.device(user, "")
		for i := range limit {
			payload := fmt.Sprintf("%s %d %s", topic, i, strings.Repeat("x", 10<<10))
			if !dev.publish(topic, 1, payload) || !dev.IsConnectionOpen() {
				if !dev.closed() {
					t.Error("refused, but the connection stays open")
				}
				return i
			}
			taken[payload] = true
		}
		return limit
	}
	shedding := func() bool { return count(t, reg, "shouwang_broker_telemetry_refused", "") == 1 }
	if n := fill("acme/b1", "homecare/v1/acme/b1/telemetry", 280); n != 280 || shedding() {
		t.Fatalf("%d messages of 10 KiB in 4 MiB, shedding %v", n, shedding())
	}
	fill("acme/b1", "homecare/v1/acme/b1/telemetry", 40)
	eventually(t, "telemetry over three quarters is refused", shedding)
	// A device with refused telemetry in its queue gets its SOS in too.
	dev, other := b.device("acme/b1", ""), b.device("acme/b2", "b2")
	dev.Publish("homecare/v1/acme/b1/telemetry", 1, false, "refused")
	dev.Publish("homecare/v1/acme/b1/event", 1, false, "sos behind telemetry")
	refused := other.Publish("homecare/v1/acme/b2/telemetry", 1, false, "refused")
	if !dev.closed() || !other.closed() {
		t.Error("a connection with refused telemetry stays open")
	}
	if refused.Error() == nil {
		t.Error("refused telemetry was acknowledged")
	}
	if events := fill("acme/b2", "homecare/v1/acme/b2/event", 20); events != 20 {
		t.Errorf("%d of 20 events were taken", events)
	}
	if events := fill("acme/b2", "homecare/v1/acme/b2/event", 1000); events == 1000 {
		t.Error("the message stream has no bound")
	}
	if n := count(t, reg, "shouwang_broker_publishes_refused_total", ""); n < 3 {
		t.Errorf("counted %v refused publishes", n)
	}
	service := b.serve("shouwang~all", persistent)
	total, sos := len(taken), false
	for deadline := time.After(20 * time.Second); len(taken) > 0; {
		select {
		case m := <-service.got:
			delete(taken, m.payload)
			sos = sos || m.payload == "sos behind telemetry"
			if m.payload == "refused" {
				t.Error("a refused message came through")
			}
		case <-deadline:
			t.Fatalf("%d of %d acknowledged messages are lost", len(taken), total)
		}
	}
	if !sos {
		t.Error("the SOS behind refused telemetry did not come")
	}
	eventually(t, "telemetry is taken again", func() bool { return !shedding() })
	if n := fill("acme/b1", "homecare/v1/acme/b1/telemetry", 5); n != 5 {
		t.Error("telemetry is still refused")
	}
}

// TestBoundsOnOldFolder: streams that an earlier run left without limits get
// them.
func TestBoundsOnOldFolder(t *testing.T) {
	o := open(registry())
	o.Dir = t.TempDir()
	b := start(t, o)
	ctx, js := context.Background(), b.admin()
	if _, err := js.UpdateStream(ctx, jetstream.StreamConfig{
		Name: messageStream, Subjects: []string{messagePrefix + ">"}, Storage: jetstream.FileStorage, Retention: jetstream.InterestPolicy,
	}); err != nil {
		t.Fatal(err)
	}
	b.stop()
	o.MaxWaitingBytes = 1 << 20
	b = start(t, o)
	b.reader()
	for _, name := range []string{messageStream, qos2Stream, retainedStream} {
		stream, err := b.admin().Stream(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		if c := stream.CachedInfo().Config; c.MaxBytes <= 0 || c.Discard != jetstream.DiscardNew {
			t.Errorf("%s: at most %d bytes, discard %s", name, c.MaxBytes, c.Discard)
		}
	}
}

// TestJournalFull: a journal that has used up its part of the store does not
// stop devices from being acknowledged.
func TestJournalFull(t *testing.T) {
	b := start(t, Options{Auth: registry(device(t, "acme", "b1")), MaxStoreBytes: 16 << 20, SyncInterval: time.Minute})
	service := b.reader()
	conn, err := b.Journal()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "journal", Subjects: []string{"journal.>"}}); err != nil {
		t.Fatal(err)
	}
	frames := 0
	for ; err == nil && frames < 100; frames++ {
		_, err = js.Publish(t.Context(), "journal.event", make([]byte, 512<<10))
	}
	if err == nil {
		t.Fatal("the journal takes more than the whole store")
	}
	t.Logf("after %d frames of 512 KiB: %v", frames-1, err)
	if !b.device("acme/b1", "").publish("homecare/v1/acme/b1/event", 1, "sos") {
		t.Error("no PUBACK")
	}
	service.want("homecare/v1/acme/b1/event", "sos")
}

func TestStopWhileStarting(t *testing.T) {
	o := open(registry())
	o.Dir, o.MQTTAddr = t.TempDir(), "127.0.0.1:0"
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Run(ctx); err != nil {
		t.Errorf("Run of an ended context: %v", err)
	}
	if _, err := b.Journal(); err == nil {
		conn, _ := b.Journal()
		t.Errorf("a journal connection to a stopped broker: %v", conn.Status())
	}
}

// TestJournalOnly: without a listener the broker carries the journal alone.
func TestJournalOnly(t *testing.T) {
	b, err := New(Options{Dir: t.TempDir(), Auth: registry()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	<-b.Ready()
	conn, err := b.Journal()
	if err != nil {
		t.Fatal(err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "journal", Subjects: []string{"journal.>"}}); err != nil {
		t.Error(err)
	}
	if b.MQTTAddr() != "" {
		t.Errorf("listens on %s", b.MQTTAddr())
	}
	conn.Close()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestStoreStopped: the server turns its store off when the disk is full and
// goes on without; Run must not.
func TestStoreStopped(t *testing.T) {
	o := open(registry())
	o.Dir, o.MQTTAddr = t.TempDir(), "127.0.0.1:0"
	b, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() { done <- b.Run(t.Context()) }()
	<-b.Ready()
	if err := b.server.DisableJetStream(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-done:
		if !errors.Is(err, ErrStore) {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(8 * time.Second):
		t.Error("Run goes on without a store")
	}
}
