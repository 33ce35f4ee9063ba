package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// outage stops InfluxDB while messages go on, with Mosquitto's own bound of 1000
// queued messages: once with Telegraf behind the broker, once with shouwang. What
// passes between broker and consumer is counted, so that what the broker dropped
// and what the consumer lost are two figures.
func outage(ctx context.Context, h *harness) error {
	count, down := h.pick(200_000, 9000), time.Duration(h.pick(30, 3))*time.Second
	const bands = 1000
	h.say("%d messages with QoS 1, InfluxDB stopped for %v of it; Mosquitto queues 1000 for a client, its default", count, down)
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
	// Both consumers are behind a line that counts.
	line, err := newTap(ctx, broker.addr)
	if err != nil {
		return err
	}
	n := int(down / time.Second)
	help := calls(n)
	var s *service
	measurement, field := metric, "value"
	if peer == "telegraf" {
		measurement, field, help = "vitals", metric, nil
		t, err := h.startTelegraf(ctx, dir, line.addr, db, 20_000)
		if err != nil {
			return err
		}
		defer t.stop()
	} else {
		args, err := db.seriesArgs(dir)
		if err != nil {
			return err
		}
		if s, err = h.newService(ctx, dir, bands, n, append(args, "--mqtt-url", "tcp://"+line.addr)...); err != nil {
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
	load := readings(count, bands, startOf(count, bands), 0)
	f := &fleet{addr: broker.addr, connections: 10, inFlight: 50, perSecond: float64(h.pick(4000, 2000))}
	if s != nil {
		// Where the machine is too slow for the rate the publisher waits, and says
		// so: otherwise Mosquitto's queue overflows for want of processors. A
		// consumer that acknowledges nothing during the outage would stop it for
		// as long, so Telegraf's has no such mercy. The rate is needed all the
		// same: Mosquitto reads one packet of each connection in turn, so ten
		// publishers without a bound keep it from the acknowledgements of one
		// consumer until its queue is full, whoever that is.
		f.hold = func() bool { return f.published.Load()-line.acks.Load() > 800 }
	}
	db.kill()
	stopped := time.Now()
	loaded := f.start(ctx, load)
	helped := (&fleet{addr: broker.addr, name: "call", connections: 1, inFlight: 1, perSecond: 1}).start(ctx, help)
	if err := errors.Join(pause(ctx, down), helped.wait()); err != nil {
		return err
	}
	if s != nil {
		if err := s.expectAlerts(ctx, h, help); err != nil {
			return err
		}
	}
	during := f.acked.Load()
	behind := 0.0
	if s != nil {
		behind = s.gauge(ctx, "shouwang_journal_store_bytes")
	}
	if err := db.run(ctx); err != nil {
		return err
	}
	away := time.Since(stopped)
	if err := loaded.wait(); err != nil {
		return err
	}
	published := time.Since(stopped)
	acked := acknowledged(load)
	handed := line.settled(ctx, load)
	quiet := patience
	if s == nil {
		quiet = time.Duration(h.pick(15, 5)) * time.Second // it will never have them all
	}
	// What is stored was handed over, and each message is one point: the
	// differences are the losses of the two.
	have, took := db.expectPoints(ctx, measurement, field, handed, quiet)
	h.say("%-9s %d acknowledged by Mosquitto in %v, %d of them while InfluxDB was away for %v", peer, acked, published.Round(time.Second), during, away.Round(100*time.Millisecond))
	h.say("%-9s %d dropped by Mosquitto (%.1f %%), %d handed over, %d stored; of those handed over %d are lost",
		"", acked-handed, 100*float64(acked-handed)/float64(acked), handed, have, handed-have)
	if s == nil {
		return nil
	}
	h.say("%-9s the publisher waited for the machine %v of that time; journal of %.0f MB at InfluxDB's return; the last reading stored %v after the last was published, %.1f s of waiting for the drain limit",
		"", f.held().Round(100*time.Millisecond), behind/1e6, took.Round(100*time.Millisecond), s.gauge(ctx, "shouwang_ingest_drain_wait_seconds_total"))
	if handed != have {
		return fmt.Errorf("%d readings that Mosquitto handed over are lost", handed-have)
	}
	if acked != handed && !h.Short { // the short form runs beside anything
		return fmt.Errorf("%d readings were dropped by Mosquitto, though the publisher waits before its queue is full", acked-handed)
	}
	return nil
}
