package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// measure runs all parts of the plan. The table holds what was measured also
// beside an error.
func (b *bench) measure(ctx context.Context, p *plan) (*table, error) {
	t := newTable()
	for i := range p.runs {
		peers := []peer{b.shouwangPeer(p), telegrafPeer{binary: b.telegraf, array: true, flush: time.Second}}
		if i%2 == 1 { // neither is always first
			peers[0], peers[1] = peers[1], peers[0]
		}
		for _, peer := range peers {
			if p.peer != "" && p.peer != peer.name() {
				continue
			}
			if p.has("throughput") {
				b.say("run %d of %d: throughput of %s", i+1, p.runs, peer.name())
				if err := b.throughput(ctx, t, p, peer, i == 0); err != nil {
					return t, err
				}
			}
			if p.has("latency") {
				b.say("run %d of %d: latency of %s", i+1, p.runs, peer.name())
				if err := b.latency(ctx, t, p, peer); err != nil {
					return t, err
				}
			}
		}
		if p.has("alert") {
			b.say("run %d of %d: alerts beside telemetry", i+1, p.runs)
			if err := b.alert(ctx, t, p); err != nil {
				return t, err
			}
		}
		if p.has("storm") {
			b.say("run %d of %d: one device's garbage", i+1, p.runs)
			if err := b.storm(ctx, t, p); err != nil {
				return t, err
			}
		}
		if p.has("embedded") {
			b.say("run %d of %d: embedded broker and SQLite", i+1, p.runs)
			if err := b.embedded(ctx, t, p); err != nil {
				return t, err
			}
		}
	}
	if p.has("memory") {
		b.say("memory with %d devices", p.many)
		if err := b.manyDevices(ctx, t, p); err != nil {
			return t, err
		}
	}
	if p.has("backlog") {
		b.say("start with %d MB of journal unread", p.unread>>20)
		if err := b.backlog(ctx, t, p); err != nil {
			return t, err
		}
	}
	return t, nil
}

func (b *bench) shouwangPeer(p *plan) shouwangPeer {
	s := shouwangPeer{binary: b.shouwang, template: b.template}
	if p.pprof != "" {
		s.more = []string{"--pprof", pprofAddr}
	}
	return s
}

// pprofAddr is fixed, so that one can also look by hand.
const pprofAddr = "127.0.0.1:16060"

// throughput measures a flood from start to end, then messages of ten readings,
// then the drain of what has waited in the broker.
func (b *bench) throughput(ctx context.Context, t *table, p *plan, peer peer, first bool) error {
	s, err := b.session(ctx, peer, "")
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.up(ctx); err != nil {
		return err
	}
	// Every series and every device once, before it counts.
	if _, err := s.publish(ctx, 5*devicesOfLoad, 1); err != nil {
		return err
	}
	if _, err := s.stored(ctx); err != nil {
		return err
	}
	if first && p.pprof != "" && peer.name() == "shouwang" {
		go profile(ctx, p.pprof)
	}
	single, err := s.flood(ctx, t, "one reading a message", p.messages, 1)
	if err != nil {
		return err
	}
	_, peak := s.process.memory()
	t.add("memory at its peak, MB", peer.name(), peak)
	if peer.name() == "shouwang" {
		ten, err := s.flood(ctx, t, "ten readings a message", p.messages/4, 10)
		if err != nil {
			return err
		}
		t.add("readings/s in tens / readings/s single", peer.name(), ten/single)
	}
	return s.drain(ctx, t, p)
}

// flood publishes as fast as the broker takes it and returns readings a second.
func (s *session) flood(ctx context.Context, t *table, what string, messages, batch int) (float64, error) {
	cpu, influx, broker, began := s.process.cpu(), s.b.influx.cpu(), s.broker.cpu(), time.Now()
	load, err := s.publish(ctx, messages, batch)
	if err != nil {
		return 0, err
	}
	end, err := s.stored(ctx)
	if err != nil {
		return 0, err
	}
	name, rate := s.peer.name(), float64(messages*batch)/end.Sub(began).Seconds()
	per := func(d time.Duration) float64 { return d.Seconds() / float64(messages) * 100_000 }
	t.add(what+": messages/s, stored and counted", name, rate/float64(batch))
	t.add(what+": CPU s per 100 000 messages", name, per(s.process.cpu()-cpu))
	if batch == 1 {
		t.add("  of InfluxDB meanwhile", name, per(s.b.influx.cpu()-influx))
		t.add("  of Mosquitto meanwhile", name, per(s.broker.cpu()-broker))
		t.add("  of the generator", name, (load.User+load.System)/float64(messages)*100_000)
	}
	return rate, nil
}

// drain stops the peer, lets messages wait in the broker, and measures from the
// peer's start until all are stored.
func (s *session) drain(ctx context.Context, t *table, p *plan) error {
	s.process.stop()
	if _, err := s.publish(ctx, p.queued, 1); err != nil {
		return err
	}
	began := time.Now()
	if err := s.run(ctx); err != nil {
		return err
	}
	end, err := s.storedOf(ctx, p.queued, s.sent)
	if err != nil {
		return err
	}
	t.add(fmt.Sprintf("draining %d waiting messages, from start: messages/s", p.queued), s.peer.name(), float64(p.queued)/end.Sub(began).Seconds())
	return nil
}

// latency measures publish to stored at 100 messages a second: a proxy before
// InfluxDB notes when each line was confirmed.
func (b *bench) latency(ctx context.Context, t *table, p *plan, peer peer) error {
	proxy, err := newProxy(b.influx.url)
	if err != nil {
		return err
	}
	defer proxy.close()
	if telegraf, ok := peer.(telegrafPeer); ok {
		telegraf.flush = 200 * time.Millisecond
		peer = telegraf
	}
	s, err := b.session(ctx, peer, proxy.url)
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
	if _, err := s.stored(ctx); err != nil {
		return err
	}
	if err := proxy.seen(ctx, devicesOfLoad); err != nil {
		return err
	}
	proxy.reset()
	n := int(p.latency.Seconds() * 100)
	if _, err := s.publish(ctx, n, 1, "--rate", "100"); err != nil {
		return err
	}
	if err := proxy.seen(ctx, n); err != nil {
		return err
	}
	if _, err := s.stored(ctx); err != nil {
		return err
	}
	p50, p99 := proxy.quantiles()
	t.add("publish to stored at 100/s, p50 ms", peer.name(), p50)
	t.add("publish to stored at 100/s, p99 ms", peer.name(), p99)
	return nil
}

// manyDevices measures memory with a large registry, all of it publishing.
func (b *bench) manyDevices(ctx context.Context, t *table, p *plan) error {
	template := filepath.Join(b.dir, "many")
	if _, err := makeState(ctx, template, p.many); err != nil {
		return err
	}
	s, err := b.session(ctx, shouwangPeer{binary: b.shouwang, template: template}, "")
	if err != nil {
		return err
	}
	defer s.close()
	began := time.Now()
	if err := s.up(ctx); err != nil {
		return err
	}
	if _, err := address(ctx, s.process, "http"); err != nil {
		return err
	}
	t.add(fmt.Sprintf("%d devices: start, s", p.many), "shouwang", time.Since(began).Seconds())
	now, _ := s.process.memory()
	t.add(fmt.Sprintf("%d devices known, none heard: memory, MB", p.many), "shouwang", now)
	if _, err := s.publish(ctx, p.messages, 1); err != nil {
		return err
	}
	if _, err := s.stored(ctx); err != nil {
		return err
	}
	_, peak := s.process.memory()
	t.add(fmt.Sprintf("%d devices known, %d at saturation: memory at its peak, MB", p.many, devicesOfLoad), "shouwang", peak)
	for range 2 {
		if _, err := s.publish(ctx, p.many, 1, "--devices", fmt.Sprint(p.many)); err != nil {
			return err
		}
		if _, err := s.stored(ctx); err != nil {
			return err
		}
	}
	_, peak = s.process.memory()
	t.add(fmt.Sprintf("%d devices known, all at saturation: memory at its peak, MB", p.many), "shouwang", peak)
	return nil
}

// profile keeps a CPU profile of some seconds.
func profile(ctx context.Context, file string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+pprofAddr+"/debug/pprof/profile?seconds=12", nil)
	if err != nil {
		return
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close() //nolint:errcheck // nothing to do about it
	out, err := os.Create(file)
	if err != nil {
		return
	}
	defer out.Close() //nolint:errcheck // a broken profile shows itself
	_, _ = io.Copy(out, resp.Body)
}
