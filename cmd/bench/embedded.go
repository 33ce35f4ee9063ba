package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"shouwang/devices/simulate/publisher"
)

// embedded is a service with its own broker and SQLite.
type embedded struct {
	b            *bench
	dir          string
	process      *process
	http, broker string
	password     string // file
}

func (e *embedded) measure(ctx context.Context, t *table, p *plan) (err error) {
	if e.http, err = address(ctx, e.process, "http"); err != nil {
		return err
	}
	if e.broker, err = address(ctx, e.process, "mqtt"); err != nil {
		return err
	}
	e.password = filepath.Join(e.dir, "gateway")
	if err := os.WriteFile(e.password, []byte(gatewayPassword), 0o600); err != nil {
		return err
	}
	if p.pprof != "" && e.b.sessionNumber == 1 {
		go profile(ctx, p.pprof+".embedded")
	}
	messages := max(p.messages/10, 5000)
	const row = "embedded broker, SQLite: "
	for _, way := range []struct {
		name string
		args []string
	}{
		{"1000 connections, one message in flight each", []string{"--connections", "1000", "--in-flight", "1"}},
		{"10 connections, 100 in flight each", []string{"--connections", "10", "--in-flight", "100"}},
		{"1000 messages/s", []string{"--connections", "1000", "--rate", "1000"}},
	} {
		before, err := e.written(ctx)
		if err != nil {
			return err
		}
		cpu, began := e.process.cpu(), time.Now()
		load, err := e.load(ctx, append(way.args, "--messages", strconv.Itoa(messages))...)
		if err != nil {
			return err
		}
		for n := before; n-before < messages; {
			if time.Since(began) > 3*time.Minute {
				return fmt.Errorf("embedded: %d of %d readings stored in time", n-before, messages)
			}
			if err := pause(ctx, 20*time.Millisecond); err != nil {
				return err
			}
			if n, err = e.written(ctx); err != nil {
				return err
			}
		}
		t.add(row+way.name+", stored messages/s", "shouwang", float64(messages)/time.Since(began).Seconds())
		t.add(row+way.name+", CPU s per 100 000", "shouwang", (e.process.cpu()-cpu).Seconds()/float64(messages)*100_000)
		t.add(row+way.name+", PUBACK p99 ms", "shouwang", load.P99)
	}
	p50, p99, err := e.b.presses(ctx, e.process, p.presses, 1000,
		publisher.Login{Broker: "tcp://" + e.broker, User: gateway, Password: gatewayPassword},
		func(ctx context.Context, rate, seconds string) error {
			_, err := e.load(ctx, "--connections", "1000", "--rate", rate, "--duration", seconds)
			return err
		})
	if err != nil {
		return err
	}
	t.add(row+"SOS to websocket frame at 1000 messages/s, p50 ms", "shouwang", p50)
	t.add(row+"SOS to websocket frame at 1000 messages/s, p99 ms", "shouwang", p99)
	_, peak := e.process.memory()
	t.add(row+"memory at its peak, MB", "shouwang", peak)
	return nil
}

// load publishes as a gateway for all devices.
func (e *embedded) load(ctx context.Context, args ...string) (loadReport, error) {
	return e.b.load(ctx, e.broker, append(args, "--user", gateway, "--password-file", e.password)...)
}

// written is what the history reader has stored, by the service's own count.
func (e *embedded) written(ctx context.Context) (int, error) {
	body, err := get(ctx, "http://"+e.http+"/metrics", "", "")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(body)) {
		if rest, ok := strings.CutPrefix(line, `shouwang_ingest_written_readings_total{lane="telemetry",reader="history"} `); ok {
			n, err := strconv.ParseFloat(strings.TrimSpace(rest), 64)
			return int(n), err
		}
	}
	return 0, nil
}
