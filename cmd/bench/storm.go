package main

import (
	"context"
	"fmt"
	"time"

	"shouwang/devices/simulate/publisher"
)

// storm measures publish to stored at 100 messages a second beside one device
// that sends garbage at half of what saturates.
func (b *bench) storm(ctx context.Context, t *table, p *plan) error {
	proxy, err := newProxy(b.influx.url)
	if err != nil {
		return err
	}
	defer proxy.close()
	s, err := b.session(ctx, b.shouwangPeer(&plan{}), proxy.url)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.up(ctx); err != nil {
		return err
	}
	if _, err := s.publish(ctx, devicesOfLoad, 1); err != nil { // every series once
		return err
	}
	if err := proxy.seen(ctx, devicesOfLoad); err != nil {
		return err
	}
	mad, err := publisher.Dial(ctx, publisher.Login{Broker: "tcp://" + s.broker.addr, ClientID: "mad"})
	if err != nil {
		return err
	}
	defer mad.Close()
	// Saturation is what goes through the whole service: what comes last is
	// stored when all before it is done with.
	began := time.Now()
	if _, err := garbage(ctx, mad, p.messages/4, 0); err != nil {
		return err
	}
	if _, err := s.publish(ctx, 1, 1); err != nil {
		return err
	}
	if _, err := s.stored(ctx); err != nil {
		return err
	}
	saturation := float64(p.messages/4) / time.Since(began).Seconds()

	proxy.reset()
	flooding, end := context.WithCancel(ctx)
	defer end()
	sent := make(chan float64, 1)
	go func() {
		n, _ := garbage(flooding, mad, 1<<30, saturation/2) // ends by end
		sent <- float64(n)
	}()
	began = time.Now()
	n := int(p.latency.Seconds() * 100)
	if _, err := s.publish(ctx, n, 1, "--rate", "100"); err != nil {
		return err
	}
	took := time.Since(began)
	end()
	if err := proxy.seen(ctx, n); err != nil {
		return err
	}
	p50, p99 := proxy.quantiles()
	const row = "one device's garbage at half saturation: "
	t.add(row+"messages/s of it", "shouwang", <-sent/took.Seconds())
	t.add(row+"publish to stored of the others at 100/s, p50 ms", "shouwang", p50)
	t.add(row+"publish to stored of the others at 100/s, p99 ms", "shouwang", p99)
	return nil
}

// garbage publishes messages that are no JSON at a rate, 0 for as fast as it
// goes, until there are n or ctx ends; it returns how many.
func garbage(ctx context.Context, c *publisher.Client, n int, rate float64) (int, error) {
	const inFlight = 500
	window := make(chan publisher.Pending, inFlight)
	began := time.Now()
	for i := range n {
		if rate > 0 {
			if ahead := time.Duration(float64(i)/rate*1e9) - time.Since(began); ahead > time.Millisecond {
				_ = pause(ctx, ahead)
			}
		}
		if ctx.Err() != nil {
			return i, nil
		}
		if len(window) == inFlight {
			if err := (<-window).Wait(ctx); err != nil && ctx.Err() == nil {
				return i, err
			}
		}
		window <- c.Begin("homecare/v1/load/load-001000/telemetry", fmt.Appendf(nil, `{"metrics":{"steps":"garbage %d`, i), false)
	}
	for len(window) > 0 {
		if err := (<-window).Wait(ctx); err != nil {
			return n, err
		}
	}
	return n, nil
}
