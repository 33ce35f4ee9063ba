package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"shouwang/devices/simulate/publisher"
)

// alert measures from the publish of an SOS to the websocket frame with its
// alert, while telemetry runs at half of what saturates.
func (b *bench) alert(ctx context.Context, t *table, p *plan) error {
	half := p.rate
	if half == 0 {
		half = median(t.cells["one reading a message: messages/s, stored and counted"]["shouwang"]) / 2
	}
	if !(half > 0) { // throughput was not asked for
		half = 5000
	}
	s, err := b.session(ctx, b.shouwangPeer(&plan{}), "")
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.up(ctx); err != nil {
		return err
	}
	p50, p99, err := b.presses(ctx, s.process, p.presses, half, publisher.Login{Broker: "tcp://" + s.broker.addr, ClientID: "presses"},
		func(ctx context.Context, rate, seconds string) error {
			_, err := b.load(ctx, s.broker.addr, "--rate", rate, "--duration", seconds)
			return err
		})
	if err != nil {
		return err
	}
	t.add("SOS to websocket frame at half saturation, p50 ms", "shouwang", p50)
	t.add("SOS to websocket frame at half saturation, p99 ms", "shouwang", p99)
	return nil
}

// presses runs the load at a rate and presses n buttons meanwhile, each of
// another device.
func (b *bench) presses(ctx context.Context, service *process, n int, rate float64, login publisher.Login,
	load func(ctx context.Context, rate, seconds string) error,
) (p50, p99 float64, err error) {
	const apart = 100 * time.Millisecond
	http1, err := address(ctx, service, "http")
	if err != nil {
		return 0, 0, err
	}
	watch, err := b.watch(ctx, http1)
	if err != nil {
		return 0, 0, err
	}
	defer watch.close()
	buttons, err := publisher.Dial(ctx, login)
	if err != nil {
		return 0, 0, err
	}
	defer buttons.Close()
	seconds := time.Duration(n)*apart + 4*time.Second
	loaded := make(chan error, 1)
	go func() { loaded <- load(ctx, strconv.Itoa(int(rate)), seconds.String()) }()
	if err := pause(ctx, 2*time.Second); err != nil {
		return 0, 0, err
	}
	began := map[string]time.Time{}
	for i := range n {
		id := fmt.Sprintf("load-%06d", i%devicesOfLoad+1)
		began[id] = time.Now()
		if err := buttons.Publish(ctx, "homecare/v1/load/"+id+"/event", []byte(`{"event":"sos"}`), false); err != nil {
			return 0, 0, err
		}
		if err := pause(ctx, apart-time.Since(began[id])); err != nil {
			return 0, 0, err
		}
	}
	if err := <-loaded; err != nil {
		return 0, 0, err
	}
	seen := watch.opened()
	var delays []float64
	for id, at := range began {
		frame, ok := seen[id]
		if !ok {
			return 0, 0, fmt.Errorf("no frame for the SOS of %s, %d of %d came", id, len(seen), n)
		}
		delays = append(delays, float64(frame.Sub(at).Microseconds())/1000)
		if d := frame.Sub(at); d > 50*time.Millisecond {
			fmt.Println("late", id, at.Format("15:04:05.000"), d)
		}
	}
	return quantile(delays, 0.5), quantile(delays, 0.99), nil
}

// watch follows the live view.
type watch struct {
	conn *websocket.Conn
	mu   sync.Mutex
	seen map[string]time.Time // resident: first alert
}

func (b *bench) watch(ctx context.Context, address string) (*watch, error) {
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+address+"/api/v1/live",
		http.Header{"Authorization": {"Bearer " + b.token}})
	if err != nil {
		return nil, fmt.Errorf("live view: %w", err)
	}
	_ = resp.Body.Close()
	w := &watch{conn: conn, seen: map[string]time.Time{}}
	go w.read()
	return w, nil
}

func (w *watch) read() {
	for {
		var frame struct {
			Type  string
			Alert *struct {
				Kind     string
				Resident *struct{ ID string }
			}
		}
		if err := w.conn.ReadJSON(&frame); err != nil {
			return
		}
		at := time.Now()
		if frame.Type != "alert.opened" || frame.Alert == nil || frame.Alert.Kind != "sos" || frame.Alert.Resident == nil {
			continue
		}
		w.mu.Lock()
		if _, ok := w.seen[frame.Alert.Resident.ID]; !ok {
			w.seen[frame.Alert.Resident.ID] = at
		}
		w.mu.Unlock()
	}
}

func (w *watch) opened() map[string]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

func (w *watch) close() { _ = w.conn.Close() }

// embedded measures the broker of our own, with SQLite behind it.
func (b *bench) embedded(ctx context.Context, t *table, p *plan) error {
	b.sessionNumber++
	dir := filepath.Join(b.dir, fmt.Sprintf("embedded%d", b.sessionNumber))
	if err := copyState(b.template, filepath.Join(dir, "data")); err != nil {
		return err
	}
	args := []string{"serve", "--data", filepath.Join(dir, "data"), "--http-listen", "127.0.0.1:0", "--broker-listen", "127.0.0.1:0", "--broker-plain", "--canary-every", "0"}
	if p.pprof != "" {
		args = append(args, "--pprof", pprofAddr)
	}
	service, err := start(filepath.Join(dir, "log"), b.shouwang, args...)
	if err != nil {
		return err
	}
	defer service.stop()
	e := &embedded{b: b, dir: dir, process: service}
	return e.measure(ctx, t, p)
}
