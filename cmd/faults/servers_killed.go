package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// killInflux kills InfluxDB again and again while readings are written to it.
func killInflux(ctx context.Context, h *harness) (err error) {
	const bands = 200
	count, kills := h.pick(30_000, 3_000), h.pick(20, 2)
	dir, err := h.folder("influxd")
	if err != nil {
		return err
	}
	db, err := h.newInflux(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { db.kill() }()
	args, err := db.seriesArgs(dir)
	if err != nil {
		return err
	}
	s, err := h.newService(ctx, dir, bands, kills, args...)
	if err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	defer func() { s.stop(); err = errors.Join(err, s.fault()) }()
	load, help := readings(count, bands, startOf(count, bands), 0), calls(kills)
	f := &fleet{addr: s.mqtt, user: gateway, password: password, connections: 8, inFlight: 32, perSecond: 3000}
	loaded := f.start(ctx, load)
	for i := range kills {
		if err := pause(ctx, time.Duration(300+h.random.IntN(900))*time.Millisecond); err != nil {
			return err
		}
		db.kill()
		if err := s.caller().run(ctx, help[i:i+1]); err != nil { // while there is no InfluxDB
			return err
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
		if err := db.run(ctx); err != nil {
			return err
		}
	}
	if err := loaded.wait(); err != nil {
		return err
	}
	acked := acknowledged(load)
	have, took := db.expectPoints(ctx, metric, "value", acked, patience)
	h.say("InfluxDB killed %d times; readings: %d acknowledged, %d stored, %d lost, the last after %v; %.0f writes were tried again",
		kills, acked, have, acked-have, took.Round(100*time.Millisecond), s.gauge(ctx, "shouwang_ingest_write_failures_total"))
	if have != acked {
		err = fmt.Errorf("%d acknowledged readings are lost", acked-have)
	}
	return errors.Join(err, s.expectAlerts(ctx, h, help))
}

// killMosquitto kills the outside broker while shouwang is killed too, so that
// something always waits in it. What Mosquitto had not handed over when it was
// killed is its own to lose (it saves every so often); what it handed over and
// shouwang acknowledged must be there.
func killMosquitto(ctx context.Context, h *harness) (err error) {
	const bands = 200
	count, kills := h.pick(100_000, 8_000), h.pick(20, 3)
	dir, err := h.folder("mosquitto")
	if err != nil {
		return err
	}
	broker, err := h.newMosquitto(ctx, dir, "persistence true", "persistence_location "+dir+"/", "autosave_interval 30",
		"max_inflight_messages 1000", "max_queued_messages 1000000")
	if err != nil {
		return err
	}
	defer func() { broker.kill() }()
	line, err := newTap(ctx, broker.addr)
	if err != nil {
		return err
	}
	s, err := h.newService(ctx, dir, bands, 1, "--mqtt-url", "tcp://"+line.addr)
	if err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	defer func() { s.kill(); err = errors.Join(err, s.fault()) }()
	connected := func() bool { return s.gauge(ctx, "shouwang_mqtt_connected") == 2 }
	if err := s.wait(ctx, "subscribed", connected); err != nil {
		return err
	}
	load := readings(count, bands, startOf(count, bands), 0)
	loaded := (&fleet{addr: broker.addr, connections: 8, inFlight: 32, perSecond: 4000}).start(ctx, load)
	for i := range kills {
		if err := pause(ctx, time.Duration(300+h.random.IntN(900))*time.Millisecond); err != nil {
			return err
		}
		if i%2 == 1 { // the service first: then messages wait in Mosquitto
			s.kill()
			_ = pause(ctx, 100*time.Millisecond)
		}
		broker.kill()
		if err := broker.run(ctx); err != nil {
			return err
		}
		if s.ended() {
			if err := s.run(ctx); err != nil {
				return err
			}
		}
	}
	if err := loaded.wait(); err != nil {
		return err
	}
	if err := s.wait(ctx, "subscribed again", connected); err != nil {
		return err
	}
	var c counts
	for began, before := time.Now(), -1; time.Since(began) < patience; { // until nothing comes any more
		_ = pause(ctx, time.Duration(h.pick(3000, 1000))*time.Millisecond)
		have, err := s.stored(ctx)
		if err != nil {
			return err
		}
		if c = line.count(load, have); c.takenLost == 0 && c.stored == before {
			break
		}
		before = c.stored
	}
	h.say("Mosquitto killed %d times, shouwang %d times", kills, kills/2)
	h.say("readings: %d acknowledged by Mosquitto, %d handed over, %d taken by shouwang; of those taken %d are lost", c.acked, c.handed, c.taken, c.takenLost)
	h.say("Mosquitto's own loss: %d acknowledged and never handed over; %d acknowledged and not stored", c.unhanded, c.lost)
	if c.takenLost > 0 {
		return fmt.Errorf("%d readings that shouwang acknowledged are lost", c.takenLost)
	}
	return nil
}
