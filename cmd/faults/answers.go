package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// madeUp is an InfluxDB that can be made to give the answers a real one gives
// when it is ill.
type madeUp struct {
	mu     sync.Mutex
	points map[string]bool
	order  []string                                                      // the points, as each came first
	again  int                                                           // points that came another time
	answer func(lines []string) (status int, header, value, body string) // 0: stored
	asked  []time.Time
}

func (d *madeUp) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/write") {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		if z, err := gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, _ = io.ReadAll(z)
		}
	}
	lines := strings.Split(strings.TrimSpace(string(body)), "\n")
	d.mu.Lock()
	defer d.mu.Unlock()
	d.asked = append(d.asked, time.Now())
	if d.answer != nil {
		if status, header, value, text := d.answer(lines); status != 0 {
			if header != "" {
				w.Header().Set(header, value)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text)
			return
		}
	}
	for _, line := range lines {
		fields := strings.Fields(line) // tags, fields, time
		point := fields[0] + " " + fields[len(fields)-1]
		if d.points[point] {
			d.again++
			continue
		}
		d.points[point] = true
		d.order = append(d.order, line)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (d *madeUp) set(answer func([]string) (int, string, string, string)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer, d.asked = answer, nil
}

func (d *madeUp) stored() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.points)
}

// requests says how many there were since the answer was set, and the least time
// between two of them.
func (d *madeUp) requests() (n int, closest time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	closest = time.Hour
	for i := range len(d.asked) - 1 {
		closest = min(closest, d.asked[i+1].Sub(d.asked[i]))
	}
	return len(d.asked), closest
}

// madeUpArgs let the service write to a made-up InfluxDB.
func madeUpArgs(dir, url string) ([]string, error) {
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("a token"), 0o600); err != nil {
		return nil, err
	}
	return []string{"--series-store", "influxdb", "--series-url", url, "--series-org", "o", "--series-bucket", "b", "--series-token-file", token}, nil
}

// values are the readings of each device, in the order in which each came first.
func (d *madeUp) values() map[string][]int {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[string][]int{}
	for _, line := range d.order {
		_, rest, _ := strings.Cut(line, "device=")
		device, rest, _ := strings.Cut(rest, " value=")
		number := rest[:max(0, strings.IndexAny(rest, ", "))]
		if n, err := strconv.ParseFloat(number, 64); err == nil {
			all[device] = append(all[device], int(n))
		}
	}
	return all
}

// answers lets InfluxDB answer with every class of error while readings come.
func answers(ctx context.Context, h *harness) (err error) {
	const bands = 10
	db := &madeUp{points: map[string]bool{}}
	server := httptest.NewServer(db)
	defer server.Close()
	dir, err := h.folder("answers")
	if err != nil {
		return err
	}
	args, err := madeUpArgs(dir, server.URL)
	if err != nil {
		return err
	}
	s, err := h.newService(ctx, dir, bands, 5, args...)
	if err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	defer func() { s.stop(); err = errors.Join(err, s.fault()) }()
	constant := func(status int, header, value, body string) func([]string) (int, string, string, string) {
		return func([]string) (int, string, string, string) { return status, header, value, body }
	}
	help, sent := calls(5), 0
	f := &fleet{addr: s.mqtt, user: gateway, password: password, name: "call", connections: 1, inFlight: 50}
	for i, step := range []struct {
		name   string
		answer func([]string) (int, string, string, string)
		hold   time.Duration // how long it answers so; 0: for ever
		every  time.Duration // the least time between two requests while it does
		lost   int           // that it never takes
	}{
		{name: "429 with Retry-After: 3", answer: constant(429, "Retry-After", "3", `{"code":"too many requests","message":"rate limit"}`), hold: 2500 * time.Millisecond, every: 3 * time.Second},
		{name: "503 with Retry-After: 3", answer: constant(503, "Retry-After", "3", `{"code":"unavailable","message":"busy"}`), hold: 2500 * time.Millisecond, every: 3 * time.Second},
		{name: "401", answer: constant(401, "", "", `{"code":"unauthorized","message":"unauthorized access"}`), hold: time.Second},
		{name: "413 beyond 20 lines", answer: func(lines []string) (int, string, string, string) {
			if len(lines) > 20 {
				return 413, "", "", `{"code":"request too large","message":"too large"}`
			}
			return 0, "", "", ""
		}},
		{name: "400, partial write, one bad point", lost: 1, answer: func(lines []string) (int, string, string, string) {
			for _, line := range lines {
				if strings.Contains(line, "device="+vendor+"/"+band(3)+" value=7") {
					return 422, "", "", `{"code":"unprocessable entity","message":"failure writing points to database: partial write: field type conflict: input field \"value\" dropped=1"}`
				}
			}
			return 0, "", "", ""
		}},
	} {
		db.set(step.answer)
		base := startOf(100, bands).Add(-time.Duration(i+1) * time.Hour)
		load := readings(100, bands, base, 0)
		if err := errors.Join(f.run(ctx, load), s.caller().run(ctx, help[i:i+1])); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		before := sent
		sent += len(load) - step.lost
		if step.hold > 0 {
			if err := within(ctx, patience, fine, step.name+": is asked", func() bool { n, _ := db.requests(); return n > 0 }); err != nil {
				return err
			}
			_ = pause(ctx, step.hold)
			asked, closest := db.requests()
			if db.stored() != before || asked > 1 && closest < step.every || asked > 1000 {
				return fmt.Errorf("%s: asked %d times, the closest %v apart, %d points more stored", step.name, asked, closest, db.stored()-before)
			}
			db.set(nil)
		}
		err := within(ctx, patience, fine, step.name+": all is stored", func() bool { return db.stored() >= sent })
		h.say("%-36s %d of %d readings stored", step.name, db.stored()-before, len(load))
		if err != nil {
			return err
		}
	}
	if db.stored() != sent {
		return fmt.Errorf("%d points stored, want %d", db.stored(), sent)
	}
	var letters []byte
	err = within(ctx, patience, fine, "the bad point is a dead letter", func() bool {
		letters, err = s.get(ctx, "/api/v1/deadletters?limit=10")
		return err == nil && strings.Contains(string(letters), "field type conflict")
	})
	if err != nil {
		return fmt.Errorf("%w: %s", err, letters)
	}
	h.say("the bad point is a dead letter with InfluxDB's reason")
	return s.expectAlerts(ctx, h, help)
}
