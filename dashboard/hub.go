package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/alerting"
)

const (
	// ringSize is how many of the newest events are kept in memory for the
	// clients that are up to date; who is further behind reads SQL.
	ringSize = 2048
	// readSize is how many events are read from SQL at once.
	readSize = 256
	// maxPoll is the longest time without looking, should a wake-up get lost,
	// e.g. when another process wrote the event.
	maxPoll = 2 * time.Second
)

// hub follows the event log once for all clients. It keeps no queue for a
// client: each remembers the last number it has seen and asks for what comes
// after it, so that a slow client costs nothing but its own time.
type hub struct {
	log    zerolog.Logger
	events EventLog
	// readBeats is nil without a canary.
	readBeats func(context.Context) ([]alerting.Beat, error)

	ready chan struct{} // closed once the newest number is known

	mu     sync.Mutex
	beats  []alerting.Beat  // of the canary, newest of each lane
	ring   []alerting.Event // ascending; complete after floor
	floor  int64            // the ring holds every event after this number
	newest int64
	wake   chan struct{} // closed and replaced at every new event
	ending bool
	done   chan struct{}  // closed when the service stops
	joined map[string]int // open connections by user name

	// accounts grows with every change of an account.
	accounts atomic.Int64

	conns   sync.WaitGroup
	clients prometheus.Gauge
	slow    prometheus.Counter
}

func newHub(d *Dashboard) (*hub, error) {
	h := &hub{
		log: d.log, events: d.opts.Alerts, ready: make(chan struct{}), wake: make(chan struct{}),
		done:    make(chan struct{}),
		joined:  map[string]int{},
		clients: prometheus.NewGauge(prometheus.GaugeOpts{Name: "shouwang_dashboard_live_clients", Help: "Open live connections."}),
		slow:    prometheus.NewCounter(prometheus.CounterOpts{Name: "shouwang_dashboard_live_slow_total", Help: "Live connections closed because the client did not keep up."}),
	}
	if d.opts.Canary != nil {
		h.readBeats = d.opts.Canary.Beats
	}
	if d.opts.Metrics != nil {
		for _, c := range []prometheus.Collector{h.clients, h.slow} {
			if err := d.opts.Metrics.Register(c); err != nil {
				return nil, fmt.Errorf("register metrics: %w", err)
			}
		}
	}
	return h, nil
}

// run fills the ring until the context ends, then closes every client.
func (h *hub) run(ctx context.Context) error {
	defer h.stop()
	newest, err := retry(ctx, h, h.events.NewestEvent)
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.newest, h.floor = newest, newest
	h.mu.Unlock()
	close(h.ready)

	poll := time.NewTicker(maxPoll)
	defer poll.Stop()
	for {
		// Asked for before reading: an event committed in between is seen by
		// one or the other.
		changed := h.events.Changed()
		if err := h.fill(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			h.log.Error().Err(err).Msg("event log not read; trying again")
			changed = nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		case <-poll.C:
		}
	}
}

// retry reads the newest number until it succeeds: a locked database at the
// start must not end the service.
func retry(ctx context.Context, h *hub, read func(context.Context) (int64, error)) (int64, error) {
	for {
		n, err := read(ctx)
		if err == nil {
			return n, nil
		}
		h.log.Error().Err(err).Msg("event log not read; trying again")
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(maxPoll):
		}
	}
}

func (h *hub) fill(ctx context.Context) error {
	for {
		events, err := h.events.EventsAfter(ctx, h.newestEvent(), readSize)
		if err != nil {
			return fmt.Errorf("read events: %w", err)
		}
		if len(events) == 0 {
			return h.fillBeats(ctx)
		}
		h.mu.Lock()
		h.ring = append(h.ring, events...)
		if over := len(h.ring) - ringSize; over > 0 {
			h.floor = h.ring[over-1].Number
			h.ring = slices.Delete(h.ring, 0, over)
		}
		h.newest = events[len(events)-1].Number
		close(h.wake)
		h.wake = make(chan struct{})
		h.mu.Unlock()
	}
}

// after returns up to readSize events after the number; when there are none, a
// channel that is closed once there are.
func (h *hub) after(ctx context.Context, number int64) ([]alerting.Event, <-chan struct{}, error) {
	h.mu.Lock()
	wake := h.wake
	if number >= h.newest {
		h.mu.Unlock()
		return nil, wake, nil
	}
	if number >= h.floor {
		i, _ := slices.BinarySearchFunc(h.ring, number+1, func(e alerting.Event, n int64) int { return int(e.Number - n) })
		batch := slices.Clone(h.ring[i:min(len(h.ring), i+readSize)])
		h.mu.Unlock()
		return batch, wake, nil
	}
	h.mu.Unlock()
	batch, err := h.events.EventsAfter(ctx, number, readSize)
	if err != nil {
		return nil, nil, fmt.Errorf("read events: %w", err)
	}
	return batch, wake, nil
}

func (h *hub) newestEvent() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.newest
}

// recheck lets every client look at once whether it may go on.
func (h *hub) recheck() {
	h.accounts.Add(1)
	h.mu.Lock()
	close(h.wake)
	h.wake = make(chan struct{})
	h.mu.Unlock()
}

// join counts a client in, unless the service is stopping or the account has as
// many connections as it may.
func (h *hub) join(user string, most int) *Problem {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ending {
		return newProblem(http.StatusServiceUnavailable, "the service is stopping")
	}
	if h.joined[user] >= most {
		return newProblem(http.StatusTooManyRequests, fmt.Sprintf("the account has %d live connections, no more are possible", most))
	}
	h.joined[user]++
	h.conns.Add(1)
	h.clients.Inc()
	return nil
}

func (h *hub) leave(user string) {
	h.mu.Lock()
	if h.joined[user]--; h.joined[user] <= 0 {
		delete(h.joined, user)
	}
	h.mu.Unlock()
	h.clients.Dec()
	h.conns.Done()
}

// stop tells every client to close and waits until they have; each has its own
// write deadline, so this ends.
func (h *hub) stop() {
	h.mu.Lock()
	h.ending = true
	close(h.done)
	h.mu.Unlock()
	h.conns.Wait()
}
