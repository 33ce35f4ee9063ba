package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// session is one peer with a broker and a database of its own.
type session struct {
	b        *bench
	peer     peer
	dir      string
	broker   *mosquitto
	url      string // of InfluxDB, as the peer sees it
	database string
	process  *process
	began    int // what InfluxDB was given before
	sent     int // readings published
}

// session starts a broker and makes a database, but does not start the peer. An
// empty url is InfluxDB's own.
func (b *bench) session(ctx context.Context, p peer, url string) (*session, error) {
	b.databaseNumber++
	s := &session{b: b, peer: p, url: url, database: fmt.Sprintf("run%d", b.databaseNumber)}
	if url == "" {
		s.url = b.influx.url
	}
	s.dir = filepath.Join(b.dir, s.database)
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return nil, err
	}
	if _, err := b.influx.query(ctx, "", "CREATE DATABASE "+s.database); err != nil {
		return nil, err
	}
	var err error
	if s.broker, err = startMosquitto(s.dir); err != nil {
		return nil, err
	}
	return s, nil
}

// up starts the peer and waits until it has subscribed.
func (s *session) up(ctx context.Context) error {
	if err := s.run(ctx); err != nil {
		return err
	}
	return s.process.wait(ctx, s.peer.name()+" subscribes", s.broker.subscribed)
}

// run starts the peer and does not wait.
func (s *session) run(ctx context.Context) (err error) {
	if s.began, err = s.b.influx.points(ctx); err != nil {
		return err
	}
	s.process, err = s.peer.start(ctx, s.dir, s.broker.addr, s.url, s.database)
	return err
}

// close stops both and forgets the data.
func (s *session) close() {
	s.process.stop()
	s.broker.stop()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	_, _ = s.b.influx.query(ctx, "", "DROP DATABASE "+s.database)
	_ = os.RemoveAll(s.dir)
}

// loadReport is what `shouwang simulate load --json` says.
type loadReport struct {
	Messages     int     `json:"messages"`
	Readings     int     `json:"readings"`
	Acknowledged int     `json:"acknowledged"`
	PerSecond    float64 `json:"messages_per_second"`
	P50          float64 `json:"puback_p50_ms"`
	P99          float64 `json:"puback_p99_ms"`
	User         float64 `json:"cpu_user_s"`
	System       float64 `json:"cpu_system_s"`
}

// load runs the generator, a process of its own, to its end.
func (b *bench) load(ctx context.Context, broker string, args ...string) (loadReport, error) {
	var r loadReport
	args = append([]string{"simulate", "load", "--json", "--mqtt", broker}, args...)
	cmd := exec.CommandContext(ctx, b.shouwang, args...) //nolint:gosec // ours
	killedWithUs(cmd)
	var out, fault bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &fault
	if err := cmd.Run(); err != nil {
		return r, fmt.Errorf("simulate load: %w\n%s%s", err, &out, &fault)
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return r, fmt.Errorf("simulate load: %w", err)
	}
	if r.Acknowledged != r.Messages {
		return r, fmt.Errorf("simulate load: %d of %d messages acknowledged", r.Acknowledged, r.Messages)
	}
	return r, nil
}

// publish sends messages of batch readings each; stored waits for them.
func (s *session) publish(ctx context.Context, messages, batch int, more ...string) (loadReport, error) {
	args := append([]string{"--messages", strconv.Itoa(messages), "--batch", strconv.Itoa(batch), "--seed", strconv.Itoa(s.sent + 1)}, more...)
	s.sent += messages * batch
	return s.b.load(ctx, s.broker.addr, args...)
}

// stored waits until InfluxDB was given everything that was published and returns
// when; then it counts what is there. Fewer points than readings is an error: the
// figures of the run mean nothing then.
func (s *session) stored(ctx context.Context) (time.Time, error) {
	return s.storedOf(ctx, s.sent, s.sent)
}

// storedOf waits until InfluxDB was given n points since the peer's start and
// holds all of the session.
func (s *session) storedOf(ctx context.Context, n, all int) (time.Time, error) {
	at, err := s.given(ctx, n)
	if err != nil {
		return at, err
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		found, err := s.count(ctx)
		switch {
		case err != nil:
			return at, err
		case found == all:
			return at, nil
		case time.Now().After(deadline):
			return at, fmt.Errorf("%s: %d points stored, %d readings were published\n%s", s.peer.name(), found, all, s.process.tail())
		}
		if err := pause(ctx, 50*time.Millisecond); err != nil {
			return at, err
		}
		at = time.Now() // given, but not yet stored
	}
}

// given waits until InfluxDB was given n points since the peer's start.
func (s *session) given(ctx context.Context, n int) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		points, err := s.b.influx.points(ctx)
		switch {
		case err != nil:
			return time.Time{}, err
		case points-s.began >= n:
			return time.Now(), nil
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			return time.Time{}, fmt.Errorf("%s: %d of %d readings stored in time\n%s", s.peer.name(), points-s.began, n, s.process.tail())
		}
	}
}

func (s *session) count(ctx context.Context) (int, error) {
	measurement, field := s.peer.stored(metric)
	return s.b.influx.count(ctx, s.database, measurement, field)
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// address is where the shouwang of the session listens, by what it logs when it
// is ready: field http or mqtt.
func address(ctx context.Context, p *process, field string) (string, error) {
	var found string
	err := p.wait(ctx, "shouwang is ready", func() bool {
		out, _ := os.ReadFile(p.logFile)
		for line := range strings.Lines(string(out)) {
			var l struct{ Message, HTTP, MQTT string }
			if json.Unmarshal([]byte(line), &l) == nil && l.Message == "ready" {
				found = l.HTTP
				if field == "mqtt" {
					found = l.MQTT
				}
			}
		}
		return found != ""
	})
	if err == nil && found == "" {
		err = errors.New("shouwang does not say where it listens")
	}
	return found, err
}
