package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"
)

// firstLife kills services that have just been started for the first time, while
// the very first messages come: when nothing of the service's own is stored yet.
func firstLife(ctx context.Context, h *harness) error {
	const bands, count = 20, 300
	lives, sentAll, ackedEarly := h.pick(30, 4), 0, 0
	for life := range lives {
		early, err := oneFirstLife(ctx, h, life, bands, count)
		if err != nil {
			return fmt.Errorf("service %d: %w", life, err)
		}
		sentAll += count
		ackedEarly += early
	}
	h.say("%d new services killed within 60 ms of their first acknowledgement; %d messages in all, %d acknowledged before the kill; 0 lost", lives, sentAll, ackedEarly)
	return nil
}

func oneFirstLife(ctx context.Context, h *harness, life, bands, count int) (early int, err error) {
	dir, err := h.folder(filepath.Join("first", fmt.Sprint(life)))
	if err != nil {
		return 0, err
	}
	s, err := h.newService(ctx, dir, bands, 1)
	if err != nil {
		return 0, err
	}
	load := readings(count, bands, startOf(count, bands), 0)
	f := &fleet{addr: s.mqtt, user: gateway, password: password, connections: 4, inFlight: 16}
	publishing := f.start(ctx, load)
	started := make(chan error, 1)
	go func() { started <- s.run(ctx) }()
	err = within(ctx, time.Minute, fine, "the first acknowledgement", func() bool { return f.acked.Load() > 0 })
	_ = pause(ctx, time.Duration(h.random.IntN(60))*time.Millisecond)
	early = int(f.acked.Load())
	if err := errors.Join(err, <-started); err != nil {
		return early, err
	}
	s.kill()
	defer func() { s.kill(); err = errors.Join(err, s.fault()) }()
	if err := s.run(ctx); err != nil {
		return early, err
	}
	if err := publishing.wait(); err != nil {
		return early, err
	}
	quiet := *h
	quiet.out = io.Discard
	return early, s.expectReadings(ctx, &quiet, load)
}
