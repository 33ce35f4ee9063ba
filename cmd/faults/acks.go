package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// killAtAcknowledgement kills the service in the very moment in which it has
// acknowledged messages to a broker that lives on and has let go of them: what
// is not on disk by then is lost for ever. Each time hundreds of messages wait in
// the broker and are handed over at once.
func killAtAcknowledgement(ctx context.Context, h *harness) (err error) {
	const bands, each = 100, 1_000
	lives := h.pick(40, 6)
	dir, err := h.folder("acks")
	if err != nil {
		return err
	}
	broker, err := h.newMosquitto(ctx, dir, "max_inflight_messages 2000", "max_queued_messages 1000000")
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
	defer func() { s.kill(); err = errors.Join(err, s.fault()) }()
	connected := func() bool { return s.gauge(ctx, "shouwang_mqtt_connected") == 2 }
	if err := s.run(ctx); err != nil {
		return err
	}
	if err := s.wait(ctx, "subscribed", connected); err != nil { // from here on Mosquitto keeps messages for it
		return err
	}
	s.kill()

	load := readings(lives*each, bands, startOf(lives*each, bands), 0)
	for i := range lives {
		f := &fleet{addr: broker.addr, name: fmt.Sprintf("%d-", i), connections: 4, inFlight: 100}
		if err := f.run(ctx, load[i*each:(i+1)*each]); err != nil {
			return err
		}
		after := 1
		if i%2 == 1 {
			after += h.random.IntN(each / 2)
		}
		var victim atomic.Pointer[process]
		line.atTaken(after, func() {
			if p := victim.Load(); p != nil {
				_ = p.cmd.Process.Kill()
			}
		})
		if err := s.launch(); err != nil {
			return err
		}
		victim.Store(s.process)
		err := within(ctx, patience, fine, fmt.Sprintf("shouwang has acknowledged %d messages and was killed", after), s.ended)
		if err != nil {
			return err
		}
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	var c counts
	err = within(ctx, patience, fine, "all that was taken is stored", func() bool {
		_ = pause(ctx, 200*time.Millisecond)
		have, err := s.stored(ctx)
		if err != nil {
			return false
		}
		c = line.count(load, have)
		return c.lost == 0
	})
	h.say("shouwang killed %d times at an acknowledgement; readings: %d acknowledged by Mosquitto, %d taken by shouwang, %d stored; of those taken %d are lost",
		lives, c.acked, c.taken, c.stored, c.takenLost)
	return err
}
