package mqtt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/ingest"
	"shouwang/ingest/peer"
)

// swallower is a line to the broker that can lose all that is sent in one
// direction while both ends believe it is up.
type swallower struct {
	addr     string
	toBroker atomic.Bool
	toClient atomic.Bool
}

func swallow(t *testing.T, to string) *swallower {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &swallower{addr: l.Addr().String()}
	var under sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		under.Wait()
	})
	carry := func(to, from net.Conn, lost *atomic.Bool) {
		defer to.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			if n > 0 && !lost.Load() {
				_, _ = to.Write(buf[:n])
			}
			if err != nil {
				return
			}
		}
	}
	under.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			context.AfterFunc(ctx, func() { _ = near.Close(); _ = far.Close() })
			under.Go(func() { carry(far, near, &s.toBroker) })
			under.Go(func() { carry(near, far, &s.toClient) })
		}
	})
	return s
}

// watched is a client whose pings notice nothing, with a quick watchdog.
func watched(t *testing.T, addr string, j Journal) (*Client, *prometheus.Registry) {
	t.Helper()
	reg := prometheus.NewRegistry()
	c, err := New(Options{
		Broker: "tcp://" + addr, Username: service, Password: "secret", Journal: j, Metrics: reg,
		KeepAlive: time.Hour, Watchdog: 200 * time.Millisecond,
		Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	eventually(t, "connected", c.Connected)
	return c, reg
}

// deaf is how many connections were given up as deaf.
func deaf(t *testing.T, reg *prometheus.Registry) (n float64) {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "shouwang_mqtt_deaf_connections_total" {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}

func proven(c *Client) bool {
	for _, s := range c.sessions {
		l := s.link.Load()
		if l == nil {
			return false
		}
		l.ears.mu.Lock()
		ok := l.ears.proven
		l.ears.mu.Unlock()
		if !ok {
			return false
		}
	}
	return true
}

func TestDeafConnection(t *testing.T) {
	for _, direction := range []string{"from the broker", "to the broker"} {
		t.Run(direction, func(t *testing.T) {
			eachBroker(t, func(t *testing.T, b testBroker) {
				line := swallow(t, strings.TrimPrefix(b.url(), "tcp://"))
				lost := &line.toClient
				if direction == "to the broker" {
					lost = &line.toBroker
				}
				j := newTestJournal()
				c, reg := watched(t, line.addr, j)
				eventually(t, "both sessions hear themselves", func() bool { return proven(c) })
				time.Sleep(600 * time.Millisecond)
				if n := deaf(t, reg); n != 0 {
					t.Fatalf("%v connections were given up that were whole", n)
				}
				lost.Store(true)
				began := time.Now()
				// While the line is deaf.
				want := publish(t, publisher(t, b), "event", 0, 20, "")
				want = append(want, publish(t, publisher(t, b), "telemetry", 0, 20, "")...)
				eventually(t, "both were noticed", func() bool { return deaf(t, reg) >= 2 })
				t.Logf("noticed after %v at a watchdog of 200 ms", time.Since(began).Round(time.Millisecond))
				lost.Store(false)
				got := func() []string {
					list := firsts(append(j.payloads(ingest.Events), j.payloads(ingest.Telemetry)...))
					slices.Sort(list)
					return list
				}
				slices.Sort(want)
				eventually(t, "all that was sent meanwhile", func() bool { return slices.Equal(got(), want) })
			})
		})
	}
}

// TestWatchdogWaitsForTheJournal: a journal that takes nothing for a while is no
// deaf connection.
func TestWatchdogWaitsForTheJournal(t *testing.T) {
	eachBroker(t, func(t *testing.T, b testBroker) {
		j := newTestJournal()
		c, reg := watched(t, strings.TrimPrefix(b.url(), "tcp://"), j)
		eventually(t, "both sessions hear themselves", func() bool { return proven(c) })
		j.set(ingest.Telemetry, "block")
		publish(t, publisher(t, b), "telemetry", 0, 5, "")
		time.Sleep(1500 * time.Millisecond)
		if n := deaf(t, reg); n != 0 || !c.Connected() {
			t.Errorf("%v connections were given up, connected %v", n, c.Connected())
		}
		j.set(ingest.Telemetry, "")
		eventually(t, "what waited", func() bool { return len(firsts(j.payloads(ingest.Telemetry))) == 5 })
	})
}

// TestWatchdogForbidden: a broker whose rules know nothing of the watchdog is
// used without.
func TestWatchdogForbidden(t *testing.T) {
	for name, rules := range map[string]string{
		"subscribing": "user shouwang\ntopic read homecare/v1/+/+/event\ntopic read homecare/v1/+/+/telemetry\ntopic read homecare/v1/+/+/status\ntopic read homecare/v1/+/+/ack\n",
		"publishing":  "user shouwang\ntopic read homecare/v1/#\n",
	} {
		t.Run(name, func(t *testing.T) {
			acl := t.TempDir() + "/acl"
			if err := os.WriteFile(acl, []byte(rules), 0o644); err != nil {
				t.Fatal(err)
			}
			m := peer.StartMosquitto(t, peer.MosquittoOptions{Users: map[string]string{service: "secret"}, Extra: []string{"acl_file " + acl}})
			c, reg := watched(t, m.Addr, newTestJournal())
			time.Sleep(time.Second)
			if n := deaf(t, reg); n != 0 || !c.Connected() {
				t.Errorf("%v connections were given up, connected %v", n, c.Connected())
			}
			if err := c.Publish(t.Context(), "homecare/v1/a/b/error", nil); errors.Is(err, ErrNotConnected) {
				t.Error(fmt.Errorf("publish: %w", err))
			}
		})
	}
}
