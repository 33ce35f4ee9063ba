package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"time"
)

// killWithExcess kills the service while devices send far more than they may:
// nearly all of it passes the queue of excess messages. For the first half of the
// kills the series takes nothing, so that the queue itself must keep it.
func killWithExcess(ctx context.Context, h *harness) (err error) {
	const bands = 10
	count, kills := h.pick(20_000, 2_000), h.pick(20, 3)
	dir, err := h.folder("excess")
	if err != nil {
		return err
	}
	broker, err := h.newMosquitto(ctx, dir, "max_inflight_messages 200", "max_queued_messages 1000000")
	if err != nil {
		return err
	}
	defer func() { broker.kill() }()
	line, err := newTap(ctx, broker.addr)
	if err != nil {
		return err
	}
	db := &madeUp{points: map[string]bool{}}
	db.set(func([]string) (int, string, string, string) { return 503, "", "", `{"code":"unavailable"}` })
	server := httptest.NewServer(db)
	defer server.Close()
	args, err := madeUpArgs(dir, server.URL)
	if err != nil {
		return err
	}
	// One message a minute and device is within its rate.
	s, err := h.newService(ctx, dir, bands, kills, append(args, "--mqtt-url", "tcp://"+line.addr, "--ingest-rate-per-minute", "1")...)
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
	began := time.Now()
	load, help := readings(count, bands, startOf(count, bands), 0), calls(kills)
	// A connection for each device: Mosquitto keeps the order of each.
	loaded := (&fleet{addr: broker.addr, connections: bands, inFlight: 16, perSecond: 1000}).start(ctx, load)
	waiting := 0.0
	for i := range kills {
		if err := pause(ctx, time.Duration(200+h.random.IntN(600))*time.Millisecond); err != nil {
			return err
		}
		if err := (&fleet{addr: broker.addr, name: "call", connections: 1, inFlight: 1}).run(ctx, help[i:i+1]); err != nil {
			return err
		}
		if i == kills/2 {
			waiting = s.gauge(ctx, "shouwang_journal_excess_bytes")
			if n := db.stored(); n > 0 {
				return fmt.Errorf("%d points were stored while nothing was taken", n)
			}
			db.set(nil)
		}
		s.kill()
		if err := s.run(ctx); err != nil {
			return err
		}
		if err := s.wait(ctx, "subscribed again", connected); err != nil { // it lives a while
			return err
		}
	}
	if err := loaded.wait(); err != nil {
		return err
	}
	var c counts
	err = within(ctx, patience, fine, "all that was acknowledged is stored", func() bool {
		_ = pause(ctx, 200*time.Millisecond)
		c = line.count(load, haveOf(db.values()))
		return c.lost == 0
	})
	took := time.Since(began)
	overtaken := 0
	for _, values := range db.values() {
		overtaken = max(overtaken, len(values)-ordered(values))
	}
	// What a device may send goes past the queue: one in each life of the service,
	// and one in each minute.
	allowed := kills + 2 + int(took/time.Minute)
	body, letterErr := s.get(ctx, "/api/v1/deadletters?limit=10")
	var letters struct{ Items []json.RawMessage }
	err = errors.Join(err, letterErr, json.Unmarshal(body, &letters))
	h.say("shouwang killed %d times in %v; %.0f kB were in the queue of excess messages when the series took writes at last",
		kills, took.Round(time.Second), waiting/1e3)
	h.say("readings: %d acknowledged by Mosquitto, %d taken by shouwang, %d stored, %d lost; %d were written another time, as the same point; %d dead letters",
		c.acked, c.taken, db.stored(), c.lost, db.again, len(letters.Items))
	h.say("of a device's readings at most %d came before an earlier one; %d were within its rate and may", overtaken, allowed)
	switch {
	case db.stored() != c.handed:
		err = errors.Join(err, fmt.Errorf("%d points are stored, of %d", db.stored(), c.handed))
	case overtaken > allowed:
		err = errors.Join(err, errors.New("the order within a device is lost"))
	case len(letters.Items) > 0:
		err = errors.Join(err, errors.New("there are dead letters"))
	case waiting == 0:
		err = errors.Join(err, errors.New("the queue of excess messages was not in use"))
	}
	return errors.Join(err, s.expectAlerts(ctx, h, help))
}

// haveOf is what is stored, as a set.
func haveOf(values map[string][]int) map[string]map[int]bool {
	have := map[string]map[int]bool{}
	for device, list := range values {
		have[device] = map[int]bool{}
		for _, v := range list {
			have[device][v] = true
		}
	}
	return have
}

// ordered is the length of the longest part of the values that ascends.
func ordered(values []int) int {
	var ends []int // the least end of such a part, for each length
	for _, v := range values {
		i, _ := slices.BinarySearch(ends, v)
		if i == len(ends) {
			ends = append(ends, v)
		} else {
			ends[i] = v
		}
	}
	return len(ends)
}
