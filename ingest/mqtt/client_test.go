package mqtt

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"

	"shouwang/ingest"
)

// testJournal keeps what it is given in memory and does with it what the test
// wants.
type testJournal struct {
	mu      sync.Mutex
	records map[ingest.Lane][]ingest.Record
	calls   int
	// mode decides per lane: "" done at once, "hold" never done, "block" not
	// taken until the mode changes, "fail" done with an error, "panic".
	mode    map[ingest.Lane]string
	changed chan struct{}
}

func newTestJournal() *testJournal {
	return &testJournal{records: map[ingest.Lane][]ingest.Record{}, mode: map[ingest.Lane]string{}, changed: make(chan struct{})}
}

func (j *testJournal) set(lane ingest.Lane, mode string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.mode[lane] = mode
	close(j.changed)
	j.changed = make(chan struct{})
}

func (j *testJournal) Append(ctx context.Context, lane ingest.Lane, rec ingest.Record, done func(error)) error {
	j.mu.Lock()
	j.calls++
	for j.mode[lane] == "block" {
		changed := j.changed
		j.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
		j.mu.Lock()
	}
	defer j.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	switch j.mode[lane] {
	case "panic":
		panic("a bug in the journal")
	case "fail":
		j.mode[lane] = ""
		go done(errors.New("disk on fire"))
		return nil
	case "hold":
	default:
		done(nil)
	}
	j.records[lane] = append(j.records[lane], rec)
	return nil
}

func (j *testJournal) payloads(lane ingest.Lane) (list []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, rec := range j.records[lane] {
		list = append(list, string(rec.Payload))
	}
	return list
}

func (j *testJournal) count(lane ingest.Lane) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.records[lane])
}

// firsts drops what came again.
func firsts(list []string) []string {
	known := map[string]bool{}
	return slices.DeleteFunc(list, func(s string) bool {
		if known[s] {
			return true
		}
		known[s] = true
		return false
	})
}

func startClient(t *testing.T, b testBroker, j Journal) (c *Client, stop func() error) {
	t.Helper()
	c, err := New(Options{
		Broker: b.url(), Username: service, Password: "secret", Journal: j,
		Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		select {
		case err := <-ended:
			return err
		case <-time.After(time.Minute):
			return errors.New("Run does not end")
		}
	})
	t.Cleanup(func() { _ = stop() })
	return c, stop
}

func TestOrder(t *testing.T) {
	eachBroker(t, func(t *testing.T, b testBroker) {
		j := newTestJournal()
		c, stop := startClient(t, b, j)
		eventually(t, "connected", c.Connected)
		dev := publisher(t, b)
		before := time.Now().Truncate(time.Microsecond)
		telemetry := publish(t, dev, "telemetry", 0, 3000, "")
		events := publish(t, dev, "event", 0, 500, "")
		publish(t, dev, "status", 0, 1, "")
		publish(t, dev, "ack", 0, 1, "")
		publish(t, dev, "error", 0, 1, "") // not ours to read
		// QoS 1: on a busy machine the embedded server sends again what it
		// believes lost. What counts is the order in which each first came, per
		// subscription.
		eventually(t, "all in the journal", func() bool {
			return len(firsts(j.payloads(ingest.Telemetry))) == 3002 && len(firsts(j.payloads(ingest.Events))) == 500
		})
		if got := firsts(j.payloads(ingest.Telemetry)); !slices.Equal(of("telemetry", got), telemetry) {
			t.Error("telemetry out of order")
		} else if others := []string{of("status", got)[0], of("ack", got)[0]}; len(got) != len(telemetry)+len(others) {
			t.Errorf("%d messages beside the telemetry", len(got)-len(telemetry))
		}
		if got := firsts(j.payloads(ingest.Events)); !slices.Equal(got, events) {
			t.Error("events out of order")
		}
		j.mu.Lock()
		rec := j.records[ingest.Events][0]
		j.mu.Unlock()
		if rec.Topic != "homecare/v1/acme/m-1/event" || rec.Retained || rec.Received.Before(before) ||
			time.Since(rec.Received) > time.Minute || rec.Received.Location() != time.UTC {
			t.Errorf("record %+v", rec)
		}
		// Everything was acknowledged: a second client is sent nothing again.
		eventually(t, "acknowledged", func() bool { return acked(t, c) >= j.count(ingest.Telemetry)+j.count(ingest.Events) })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		again := newTestJournal()
		c, _ = startClient(t, b, again)
		eventually(t, "connected again", c.Connected)
		publish(t, dev, "event", 500, 1, "")
		publish(t, dev, "telemetry", 3000, 1, "")
		eventually(t, "the new ones", func() bool {
			return slices.Contains(again.payloads(ingest.Events), "event-500") && slices.Contains(again.payloads(ingest.Telemetry), "telemetry-3000")
		})
		if _, ok := b.(*embedded); ok {
			return // it may have been about to send some again
		}
		if e, tm := again.count(ingest.Events), again.count(ingest.Telemetry); e != 1 || tm != 1 {
			t.Errorf("%d events and %d telemetry came, want one of each", e, tm)
		}
	})
}

// of are the payloads of one channel.
func of(channel string, payloads []string) []string {
	return slices.DeleteFunc(slices.Clone(payloads), func(s string) bool { return !strings.HasPrefix(s, channel+"-") })
}

// acked is how many PUBACKs the client has written.
func acked(t *testing.T, c *Client) (n int) {
	t.Helper()
	for lane, s := range c.sessions {
		var m dto.Metric
		if err := s.metrics.acked.WithLabelValues(string(lane)).Write(&m); err != nil {
			t.Fatal(err)
		}
		n += int(m.GetCounter().GetValue())
	}
	return n
}

// What came with QoS 0 has no packet id; acknowledging it would break the
// connection.
func TestQoS0IsTakenAndNotAcknowledged(t *testing.T) {
	eachBroker(t, func(t *testing.T, b testBroker) {
		j := newTestJournal()
		c, _ := startClient(t, b, j)
		eventually(t, "connected", c.Connected)
		link := c.sessions[ingest.Telemetry].link.Load()
		dev := publisher(t, b)
		for i := range 20 {
			must(t, dev.Publish("homecare/v1/acme/m-1/telemetry", byte(i%2), false, "x"))
		}
		eventually(t, "all in the journal", func() bool { return j.count(ingest.Telemetry) == 20 })
		time.Sleep(100 * time.Millisecond) // for the broker to take offence
		if c.sessions[ingest.Telemetry].link.Load() != link {
			t.Error("the connection was lost")
		}
	})
}

// What the journal did not confirm comes again to the next process.
func TestAckOnlyWhenDurable(t *testing.T) {
	eachBroker(t, func(t *testing.T, b testBroker) {
		dying := newTestJournal()
		dying.set(ingest.Telemetry, "hold")
		dying.set(ingest.Events, "hold")
		c, stop := startClient(t, b, dying)
		eventually(t, "connected", c.Connected)
		dev := publisher(t, b)
		want := publish(t, dev, "telemetry", 0, 300, "")
		events := publish(t, dev, "event", 0, 20, "")
		eventually(t, "all held", func() bool { return dying.count(ingest.Telemetry) >= 300 && dying.count(ingest.Events) >= 20 })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		j := newTestJournal()
		startClient(t, b, j)
		eventually(t, "all come again", func() bool {
			return len(firsts(j.payloads(ingest.Telemetry))) == 300 && len(firsts(j.payloads(ingest.Events))) == 20
		})
		got := j.payloads(ingest.Telemetry)
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(slices.Compact(got), want) || len(events) != 20 {
			t.Error("other messages came again than were held")
		}
	})
}

// A journal that says it could not write gets the message again by itself.
func TestJournalFails(t *testing.T) {
	eachBroker(t, func(t *testing.T, b testBroker) {
		j := newTestJournal()
		c, _ := startClient(t, b, j)
		eventually(t, "connected", c.Connected)
		j.set(ingest.Telemetry, "fail")
		want := publish(t, publisher(t, b), "telemetry", 0, 50, "")
		eventually(t, "all in the journal", func() bool { return len(firsts(j.payloads(ingest.Telemetry))) == len(want) })
		eventually(t, "connected again", c.Connected)
	})
}

func TestBrokerGoneAndBack(t *testing.T) {
	eachBroker(t, func(t *testing.T, b testBroker) {
		b.stop() // not there at first either
		j := newTestJournal()
		c, _ := startClient(t, b, j)
		var want []string
		for round := range 3 {
			b.start()
			eventually(t, "connected", c.Connected)
			want = append(want, publish(t, publisher(t, b), "event", round*100, 100, "")...)
			eventually(t, "events", func() bool { return len(firsts(j.payloads(ingest.Events))) == len(want) })
			b.stop()
			eventually(t, "noticed", func() bool { return !c.Connected() })
			eventually(t, "nothing published without a broker", func() bool {
				return errors.Is(c.Publish(t.Context(), "homecare/v1/acme/m-1/error", nil), ErrNotConnected)
			})
		}
		if got := firsts(j.payloads(ingest.Events)); !slices.Equal(got, want) {
			t.Error("events are not the ones sent")
		}
	})
}

func TestWrongPasswordThenRight(t *testing.T) {
	eachBroker(t, func(t *testing.T, b testBroker) {
		b.setUsers(map[string]string{service: "another", device: "secret"})
		var log lockedBuffer
		c, err := New(Options{Broker: b.url(), Username: service, Password: "secret", Journal: newTestJournal(), Log: zerolog.New(&log)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		go func() { ended <- c.Run(ctx) }()
		eventually(t, "refused twice", func() bool { return strings.Count(log.String(), "no connection with the MQTT broker") > 3 })
		if text := log.String(); !strings.Contains(text, "bad user name or password") && !strings.Contains(text, "not Authorized") {
			t.Errorf("log does not say why: %s", text)
		} else if strings.Contains(text, `"secret"`) {
			t.Error("password in the log")
		}
		b.setUsers(map[string]string{service: "secret", device: "secret"})
		eventually(t, "connected", c.Connected)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// A refused subscription is no connection, and is tried again like one.
func TestSubscriptionRefused(t *testing.T) {
	b := &embedded{tb: t, users: map[string]string{service: "secret"}, dir: t.TempDir(), denied: "homecare.v1.*.*.status"}
	b.start()
	t.Cleanup(b.stop)
	var log lockedBuffer
	c, err := New(Options{Broker: b.url(), Username: service, Password: "secret", Journal: newTestJournal(), Log: zerolog.New(&log)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()
	eventually(t, "refused twice", func() bool { return strings.Count(log.String(), "the broker refuses homecare/v1/+/+/status") >= 2 })
	if c.Connected() {
		t.Error("connected without a subscription")
	}
	b.stop()
	b.denied = ""
	b.start()
	eventually(t, "connected", c.Connected)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestLanesAreIndependent(t *testing.T) {
	eachBroker(t, func(t *testing.T, b testBroker) {
		j := newTestJournal()
		c, _ := startClient(t, b, j)
		eventually(t, "connected", c.Connected)
		j.set(ingest.Telemetry, "block")
		dev := publisher(t, b)
		telemetry := publish(t, dev, "telemetry", 0, 2000, "")
		events := publish(t, dev, "event", 0, 200, "")
		eventually(t, "the events", func() bool { return j.count(ingest.Events) == len(events) })
		if n := j.count(ingest.Telemetry); n != 0 {
			t.Errorf("%d telemetry passed a blocked journal", n)
		}
		if !c.Connected() {
			t.Error("not connected while the journal is busy")
		}
		if err := c.Publish(t.Context(), "homecare/v1/acme/m-1/command", []byte("{}")); err != nil {
			t.Errorf("publish while the journal is busy: %v", err)
		}
		j.set(ingest.Telemetry, "")
		eventually(t, "the telemetry", func() bool { return len(firsts(j.payloads(ingest.Telemetry))) == len(telemetry) })
	})
}

// The broker may push what it likes: while the journal takes nothing, our
// memory does not grow.
func TestBlockedJournalBoundsMemory(t *testing.T) {
	padding := strings.Repeat(".", 400)
	eachBroker(t, func(t *testing.T, b testBroker) {
		n := 50_000
		if _, ok := b.(*embedded); ok {
			n = 10_000 // it sends 1024 and waits, however many there are
		}
		j := newTestJournal()
		c, _ := startClient(t, b, j)
		eventually(t, "connected", c.Connected)
		j.set(ingest.Telemetry, "block")
		heap, routines := heapInUse(), runtime.NumGoroutine()
		dev := publisher(t, b)
		publish(t, dev, "telemetry", 0, n, padding)
		// The embedded server lives in this process, so only Mosquitto's heap
		// is not ours.
		if _, ok := b.(mosquitto); ok {
			if grown := int64(heapInUse()) - int64(heap); grown > 16<<20 {
				t.Errorf("heap grew by %d KiB", grown>>10)
			} else {
				t.Logf("heap grew by %d KiB", grown>>10)
			}
			if more := runtime.NumGoroutine() - routines; more > 20 {
				t.Errorf("%d more goroutines", more)
			}
		}
		j.mu.Lock()
		calls := j.calls
		j.mu.Unlock()
		if calls != 1 {
			t.Errorf("%d messages stand before a blocked journal, want 1", calls)
		}
		j.set(ingest.Telemetry, "")
		started := time.Now()
		eventually(t, "all of it", func() bool {
			return j.count(ingest.Telemetry) >= n && len(firsts(j.payloads(ingest.Telemetry))) == n
		})
		t.Logf("%d messages in %s", n, time.Since(started))
	}, "max_inflight_messages 0")
}

func heapInUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

func TestRetained(t *testing.T) {
	eachBroker(t, func(t *testing.T, b testBroker) {
		dev := publisher(t, b)
		topic := "homecare/v1/acme/m-1/status"
		must(t, dev.Publish(topic, 1, true, `{"online":true}`))
		j := newTestJournal()
		c, _ := startClient(t, b, j)
		eventually(t, "connected", c.Connected)
		eventually(t, "the retained message", func() bool { return j.count(ingest.Telemetry) > 0 })
		must(t, dev.Publish(topic, 1, true, `{"online":false}`))
		must(t, dev.Publish(topic, 1, true, ""))
		eventually(t, "the live ones", func() bool { return j.count(ingest.Telemetry) >= 3 })
		j.mu.Lock()
		defer j.mu.Unlock()
		for i, want := range []struct {
			payload  string
			retained bool
		}{{`{"online":true}`, true}, {`{"online":false}`, false}, {"", false}} {
			if rec := j.records[ingest.Telemetry][i]; string(rec.Payload) != want.payload || rec.Retained != want.retained {
				t.Errorf("message %d: %q retained %t, want %+v", i, rec.Payload, rec.Retained, want)
			}
		}
	})
}

func TestPanicEndsRun(t *testing.T) {
	eachBroker(t, func(t *testing.T, b testBroker) {
		j := newTestJournal()
		j.set(ingest.Events, "panic")
		c, err := New(Options{Broker: b.url(), Username: service, Password: "secret", Journal: j, Log: zerolog.Nop()})
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Run(t.Context()) }()
		eventually(t, "connected", c.Connected)
		publish(t, publisher(t, b), "event", 0, 1, "")
		select {
		case err := <-ended:
			if err == nil || !strings.Contains(err.Error(), "a bug in the journal") || !strings.Contains(err.Error(), "client_test.go") {
				t.Errorf("Run ended with %v", err)
			}
		case <-time.After(time.Minute):
			t.Error("Run goes on")
		}
	})
}

func TestNewRefuses(t *testing.T) {
	good := Options{Broker: "tcp://localhost", Username: "u", Journal: newTestJournal()}
	if _, err := New(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Options){
		"scheme":     func(o *Options) { o.Broker = "ws://localhost" },
		"no host":    func(o *Options) { o.Broker = "tcp://" },
		"password":   func(o *Options) { o.Broker = "tcp://u:p@localhost" },
		"no journal": func(o *Options) { o.Journal = nil },
		"no name":    func(o *Options) { o.Username = "" },
		"keep-alive": func(o *Options) { o.KeepAlive = time.Millisecond },
	} {
		o := good
		change(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestCheckTopic(t *testing.T) {
	for topic, ok := range map[string]bool{
		"homecare/v1/acme/m-1/error": true, "homecare/v1/艾/手环/error": true,
		"": false, "a/+/b": false, "a/#": false, "a b": false, "a\x00": false, "a/*": false, "a\xff": false,
		strings.Repeat("x", 1025): false,
	} {
		if err := checkTopic(topic); (err == nil) != ok {
			t.Errorf("%q: %v", topic, err)
		}
	}
}

type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
