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
	loaded := make(chan struct{})
	go func() {
		defer close(loaded)
		f := &fleet{addr: s.mqtt, user: gateway, password: password, connections: 8, inFlight: 32, perSecond: 3000}
		f.run(ctx, load)
	}()
	for i := range kills {
		if err := pause(ctx, time.Duration(300+h.random.IntN(900))*time.Millisecond); err != nil {
			return err
		}
		db.kill()
		one := &fleet{addr: s.mqtt, user: gateway, password: password, name: "call", connections: 1, inFlight: 1}
		one.run(ctx, help[i:i+1]) // while there is no InfluxDB
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
		if err := db.run(ctx); err != nil {
			return err
		}
	}
	<-loaded
	acked := acknowledged(load)
	have, took := db.expectPoints(ctx, metric, "value", acked, 30*time.Second)
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
	loaded := make(chan struct{})
	go func() {
		defer close(loaded)
		(&fleet{addr: broker.addr, connections: 8, inFlight: 32, perSecond: 4000}).run(ctx, load)
	}()
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
	<-loaded
	if err := s.wait(ctx, "subscribed again", connected); err != nil {
		return err
	}
	have, before := map[string]map[int]bool{}, -1
	for now := 0; now != before; { // until nothing comes any more
		before = now
		_ = pause(ctx, 3*time.Second)
		if have, err = s.stored(ctx); err != nil {
			return err
		}
		now = 0
		for _, values := range have {
			now += len(values)
		}
	}
	acked, handed, taken, takenLost, unhanded := 0, 0, 0, 0, 0
	for _, m := range load {
		there := have[m.device][m.value]
		wasHanded, wasTaken := line.of(m)
		if m.acked.Load() {
			acked++
			if !wasHanded {
				unhanded++
			}
		}
		if wasHanded {
			handed++
		}
		if wasTaken {
			taken++
			if !there {
				takenLost++
			}
		}
	}
	lost := lostReadings(load, have)
	h.say("Mosquitto killed %d times, shouwang %d times", kills, kills/2)
	h.say("readings: %d acknowledged by Mosquitto, %d handed over, %d taken by shouwang; of those taken %d are lost", acked, handed, taken, takenLost)
	h.say("Mosquitto's own loss: %d acknowledged and never handed over; %d acknowledged and not stored", unhanded, lost)
	if takenLost > 0 {
		return fmt.Errorf("%d readings that shouwang acknowledged are lost", takenLost)
	}
	return nil
}
