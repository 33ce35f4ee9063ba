package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// outage stops InfluxDB while messages go on, with Mosquitto's own bound of 1000
// queued messages: once with Telegraf behind the broker, once with shouwang.
func outage(ctx context.Context, h *harness) error {
	count, down := h.pick(200_000, 15_000), time.Duration(h.pick(30, 3))*time.Second
	const bands = 1000
	h.say("%d messages with QoS 1 in the %v for which InfluxDB is stopped; Mosquitto queues 1000 for a client, its default", count, down)
	var failed []error
	for _, peer := range []string{"telegraf", "shouwang"} {
		if err := outageOf(ctx, h, peer, count, bands, down); err != nil {
			missing := new(missingError)
			if peer == "telegraf" && errors.As(err, &missing) {
				h.say("telegraf: %v", err)
				continue
			}
			failed = append(failed, fmt.Errorf("%s: %w", peer, err))
		}
	}
	return errors.Join(failed...)
}

func outageOf(ctx context.Context, h *harness, peer string, count, bands int, down time.Duration) (err error) {
	dir, err := h.folder("outage-" + peer)
	if err != nil {
		return err
	}
	db, err := h.newInflux(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { db.kill() }()
	// Messages in flight are more than the default of 20, so that Telegraf,
	// which acknowledges what InfluxDB has, is not slowed down to 20 a second.
	broker, err := h.newMosquitto(ctx, dir, "max_inflight_messages 5000")
	if err != nil {
		return err
	}
	defer broker.stop()
	n := int(down / time.Second)
	help := calls(n)
	var s *service
	var line *tap // between Mosquitto and the service, in the short form
	measurement, field := metric, "value"
	if peer == "telegraf" {
		measurement, field = "vitals", metric
		t, err := h.startTelegraf(ctx, dir, broker.addr, db, 20_000)
		if err != nil {
			return err
		}
		defer t.stop()
	} else {
		args, err := db.seriesArgs(dir)
		if err != nil {
			return err
		}
		from := broker.addr
		if h.Short {
			if line, err = newTap(ctx, broker.addr); err != nil {
				return err
			}
			from = line.addr
		}
		if s, err = h.newService(ctx, dir, bands, n, append(args, "--mqtt-url", "tcp://"+from)...); err != nil {
			return err
		}
		if err := s.run(ctx); err != nil {
			return err
		}
		defer func() { s.stop(); err = errors.Join(err, s.fault()) }()
		if err := s.wait(ctx, "subscribed", func() bool { return s.gauge(ctx, "shouwang_mqtt_connected") == 2 }); err != nil {
			return err
		}
	}
	db.kill()
	stopped := time.Now()
	load := readings(count, bands, startOf(count, bands), 0)
	if s == nil {
		help = nil
	}
	helped := (&fleet{addr: broker.addr, name: "call", connections: 1, inFlight: 1, perSecond: 1}).start(ctx, help)
	f := &fleet{addr: broker.addr, connections: 10, inFlight: 50, perSecond: float64(count) / down.Seconds() * 1.05}
	if line != nil { // on whatever machine: never more than Mosquitto's queue holds
		f.perSecond = 0
		f.hold = func() bool { return f.published.Load()-line.acks.Load() > 800 }
	}
	if err := errors.Join(f.run(ctx, load), helped.wait()); err != nil {
		return err
	}
	if s != nil {
		if err := s.expectAlerts(ctx, h, help); err != nil {
			return err
		}
	}
	if err := pause(ctx, down-time.Since(stopped)); err != nil {
		return err
	}
	behind := 0.0
	if s != nil {
		behind = s.gauge(ctx, "shouwang_journal_store_bytes")
	}
	if err := db.run(ctx); err != nil {
		return err
	}
	acked := acknowledged(load)
	quiet := patience
	if s == nil {
		quiet = time.Duration(h.pick(15, 5)) * time.Second // it will never have them all
	}
	have, took := db.expectPoints(ctx, measurement, field, acked, quiet)
	lost := acked - have
	h.say("%-9s %d acknowledged, %d stored, %d lost (%.1f %%)", peer, acked, have, lost, 100*float64(lost)/float64(acked))
	if s == nil {
		return nil
	}
	h.say("          journal of %.0f MB drained within %v of InfluxDB's return; writes waited %.1f s for the drain limit",
		behind/1e6, took.Round(100*time.Millisecond), s.gauge(ctx, "shouwang_ingest_drain_wait_seconds_total"))
	if lost != 0 {
		return fmt.Errorf("%d acknowledged readings are lost", lost)
	}
	return nil
}
