package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// killEmbedded kills the whole service, its broker included, at random moments
// while devices publish; they come back as soon as they can.
func killEmbedded(ctx context.Context, h *harness) (err error) {
	const bands = 50
	kills := h.Kills
	count := h.pick(400_000, 40_000) // more than can be sent before the last kill; what is left is not sent
	dir, err := h.folder("kill")
	if err != nil {
		return err
	}
	s, err := h.newService(ctx, dir, bands, kills)
	if err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	defer func() { s.kill(); err = errors.Join(err, s.fault()) }()

	load, help := readings(count, bands, startOf(count, bands), 0), calls(kills)
	telemetry := &fleet{addr: s.mqtt, user: gateway, password: password, connections: 8, inFlight: 16}
	loaded := telemetry.start(ctx, load)
	helped := make(chan error, 1)
	moments := rand.New(rand.NewPCG(h.Seed, 1)) //nolint:gosec // no secret
	go func() {
		for i := range help { // one in each life of the service, at any moment of it
			if err := s.caller().run(ctx, help[i:i+1]); err != nil {
				helped <- err
				return
			}
			_ = pause(ctx, time.Duration(moments.IntN(600))*time.Millisecond)
		}
		helped <- nil
	}()
	began, starting := time.Now(), time.Duration(0)
	for range kills {
		if err := pause(ctx, 200*time.Millisecond+time.Duration(h.random.IntN(800))*time.Millisecond); err != nil {
			return err
		}
		s.kill()
		restart := time.Now()
		if err := s.run(ctx); err != nil {
			return err
		}
		starting += time.Since(restart)
	}
	err = <-helped
	_ = pause(ctx, time.Second)
	if err = errors.Join(err, loaded.stop(), ctx.Err()); err != nil {
		return err
	}
	h.say("killed %d times in %v; ready again after %v on average; devices connected %d times and sent %d messages again",
		kills, time.Since(began).Round(time.Second), (starting / time.Duration(kills)).Round(time.Millisecond), telemetry.connects.Load(), telemetry.resent.Load())
	return errors.Join(s.expectReadings(ctx, h, load), s.expectAlerts(ctx, h, help))
}
