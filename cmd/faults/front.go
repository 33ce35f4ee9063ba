package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// behindMosquitto is a service with Mosquitto in front, and a line between them.
func (h *harness) behindMosquitto(ctx context.Context, name string, bands, callers int) (*service, *mosquitto, *tap, error) {
	dir, err := h.folder(name)
	if err != nil {
		return nil, nil, nil, err
	}
	broker, err := h.newMosquitto(ctx, dir, "max_inflight_messages 200", "max_queued_messages 1000000")
	if err != nil {
		return nil, nil, nil, err
	}
	line, err := newTap(ctx, broker.addr)
	if err != nil {
		broker.kill()
		return nil, nil, nil, err
	}
	s, err := h.newService(ctx, dir, bands, callers, "--mqtt-url", "tcp://"+line.addr)
	if err == nil {
		err = errors.Join(s.run(ctx), s.subscribed(ctx))
	}
	if err != nil {
		broker.kill()
		return nil, nil, nil, err
	}
	return s, broker, line, nil
}

// subscribed waits until both sessions with an outside broker are up.
func (s *service) subscribed(ctx context.Context) error {
	return s.wait(ctx, "subscribed", func() bool { return s.gauge(ctx, "shouwang_mqtt_connected") == 2 })
}

// front is clocks with Mosquitto in front, and messages that it keeps and sends
// again at each subscription.
func front(ctx context.Context, h *harness) (err error) {
	s, broker, line, err := h.behindMosquitto(ctx, "front", 9, 5)
	if err != nil {
		return err
	}
	defer func() { s.kill(); broker.kill(); err = errors.Join(err, s.fault()) }()
	f := &fleet{addr: broker.addr, name: "call", connections: 1, inFlight: 1}
	if err := h.mislead(ctx, s, f); err != nil {
		return err
	}
	topic := "homecare/v1/" + vendor + "/" + band(8) + "/"
	now := time.Now()
	reading := func(channel string, at time.Time, value int) *message {
		return &message{retained: true, topic: topic + channel, device: vendor + "/" + band(8), value: value,
			payload: fmt.Appendf(nil, `{"ts":%d,"metrics":{"%s":%d}}`, at.UnixMilli(), metric, value)}
	}
	old := reading("telemetry", now.Add(-time.Hour), 1)
	newer := reading("telemetry", now, 2)
	help := calls(5)[4]
	help.retained = true
	if err := f.run(ctx, []*message{old, newer, help}); err != nil {
		return err
	}
	const starts = 3
	state := func() (calls, points int) {
		alerts, err := s.alerts(ctx, "sos")
		have, storedErr := s.stored(ctx)
		if errors.Join(err, storedErr) != nil {
			return -1, -1
		}
		return len(alerts[caller(4)]), len(have[vendor+"/"+band(8)])
	}
	good := func() bool { calls, points := state(); return calls == 1 && points == 2 }
	if err := within(ctx, patience, fine, "the retained messages are taken, once each", good); err != nil {
		calls, points := state()
		return fmt.Errorf("%w: %d alerts, %d readings", err, calls, points)
	}
	for range starts { // Mosquitto sends them again at each subscription
		before := line.passed(newer) + line.passed(help)
		s.kill()
		if err := errors.Join(s.run(ctx), s.subscribed(ctx)); err != nil {
			return err
		}
		again := func() bool { return line.passed(newer)+line.passed(help) == before+2 }
		if err := within(ctx, patience, fine, "Mosquitto sends the retained messages again", again); err != nil {
			return err
		}
	}
	// What comes after them has been judged and stored: so have they.
	last := &message{topic: topic + "telemetry", payload: fmt.Appendf(nil, `{"ts":%d,"metrics":{"%s":3}}`, now.Add(time.Second).UnixMilli(), metric)}
	if err := f.run(ctx, []*message{last}); err != nil {
		return err
	}
	err = within(ctx, patience, fine, "a reading after them is stored", func() bool { _, points := state(); return points == 3 })
	calls, points := state()
	h.say("retained: a call for help and a reading sent again by Mosquitto at %d subscriptions: %d alert, %d of 3 readings stored", starts, calls, points)
	if err == nil && calls != 1 {
		err = fmt.Errorf("%d alerts of one retained call for help", calls)
	}
	return err
}

// deafLine lets both connections with Mosquitto fall silent while they stay up,
// as behind a router that has forgotten them.
func deafLine(ctx context.Context, h *harness) (err error) {
	const bands = 20
	count := h.pick(10_000, 4_000)
	s, broker, line, err := h.behindMosquitto(ctx, "deaf", bands, 3)
	if err != nil {
		return err
	}
	defer func() { s.kill(); broker.kill(); err = errors.Join(err, s.fault()) }()
	load, help := readings(count, bands, startOf(count, bands), 0), calls(3)
	loaded := (&fleet{addr: broker.addr, connections: 4, inFlight: 16, perSecond: float64(h.pick(300, 200))}).start(ctx, load)
	call := func(i int) error {
		return (&fleet{addr: broker.addr, name: "call", connections: 1, inFlight: 1}).run(ctx, help[i:i+1])
	}
	if err := errors.Join(call(0), pause(ctx, time.Second)); err != nil {
		return err
	}
	// In the long form new connections hang too, each for the 10 s after which
	// the service gives it up.
	line.hush.Store(int32(h.pick(int(deaf), int(shut)))) //nolint:gosec // one of three
	silent := time.Now()
	if err := call(1); err != nil { // Mosquitto has it and cannot hand it over
		return err
	}
	type status struct {
		Connected bool
		Lag       float64 `json:"lag_seconds"`
	}
	board := func() (st status) {
		st.Connected = true
		if body, err := s.get(ctx, "/api/v1/status"); err == nil {
			_ = json.Unmarshal(body, &st)
		}
		return st
	}
	if err := s.wait(ctx, "the board says that the broker is not reached", func() bool { return !board().Connected }); err != nil {
		return err
	}
	noticed, deafened := time.Since(silent), s.gauge(ctx, "shouwang_mqtt_deaf_connections_total")
	_, readyErr := s.get(ctx, "/readyz")
	if err := errors.Join(call(2), pause(ctx, time.Second)); err != nil {
		return err
	}
	if board().Connected {
		return errors.New("the board says that all is well on a line that carries nothing")
	}
	line.hush.Store(carries)
	mended := time.Now()
	if err := s.subscribed(ctx); err != nil {
		return err
	}
	back := time.Since(mended)
	if err := s.wait(ctx, "the board says that the broker is reached", func() bool { return board().Connected }); err != nil {
		return err
	}
	h.say("deaf both ways: the board said so after %v (the watchdog ended %.0f connections), connected again %v after the line was whole; /readyz: %v",
		noticed.Round(100*time.Millisecond), deafened, back.Round(100*time.Millisecond), readyErr)
	err = errors.Join(loaded.wait(), s.expectReadings(ctx, h, load), s.expectAlerts(ctx, h, help))
	others, alertErr := s.alerts(ctx, "")
	sum := 0
	for _, list := range others {
		sum += len(list)
	}
	switch err = errors.Join(err, alertErr); {
	case err != nil:
	case deafened == 0:
		err = errors.New("it was not the watchdog that noticed")
	case readyErr == nil:
		err = errors.New("/readyz was content")
	case sum != len(help):
		err = fmt.Errorf("%d alerts beside %d calls for help", sum-len(help), len(help))
	}
	return err
}
