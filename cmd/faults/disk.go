package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// fullDisk fills the disk under a running service, first to where only events
// are taken, then to the last byte, and gives the room back.
func fullDisk(ctx context.Context, h *harness) (err error) {
	const bands, megabytes, reserve = 50, 128, 24
	count := h.pick(20_000, 2_000)
	if os.Getuid() != 0 {
		return &missingError{"a small disk: only root may mount one"}
	}
	dir, err := h.folder("disk")
	if err != nil {
		return err
	}
	root, err := h.folder("disk/small")
	if err != nil {
		return err
	}
	mount := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", megabytes), "shouwang-faults", root) //nolint:gosec // ours
	if out, err := mount.CombinedOutput(); err != nil {
		return &missingError{fmt.Sprintf("a small disk: %v: %s", err, out)}
	}
	defer func() { _ = exec.Command("umount", "-l", root).Run() }() //nolint:noctx,gosec // ends at once
	filler := filepath.Join(root, "filler")

	s, err := h.serviceIn(ctx, dir, filepath.Join(root, "data"), bands, 3, "--journal-reserve-mb", fmt.Sprint(reserve), "--broker-max-store-mb", "64")
	if err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	defer func() { s.kill(); err = errors.Join(err, s.fault()) }()
	load, help := readings(count, bands, startOf(count, bands), 0), calls(3)
	f := &fleet{addr: s.mqtt, user: gateway, password: password, connections: 4, inFlight: 8, perSecond: 400}
	loaded := f.start(ctx, load)
	call := func(i int, limit time.Duration) bool {
		limited, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return s.caller().run(limited, help[i:i+1]) == nil && help[i].acked.Load()
	}
	ready := func() error {
		_, err := get(ctx, "http://"+s.http+"/readyz", nil, http.StatusOK)
		return err
	}
	if err := pause(ctx, time.Second); err != nil {
		return err
	}

	if err := fill(filler, root, (reserve-6)<<20); err != nil {
		return err
	}
	if err := s.wait(ctx, "telemetry is refused", func() bool { return s.gauge(ctx, "shouwang_disk_telemetry_refused") == 1 }); err != nil {
		return err
	}
	before := int64(-1)
	for before != f.acked.Load() { // until what was on its way is there
		before = f.acked.Load()
		_ = pause(ctx, time.Second)
	}
	if !call(0, patience) {
		return fmt.Errorf("a call for help is not taken while %d MB are kept for it", reserve)
	}
	_ = pause(ctx, 3*time.Second)
	during := f.acked.Load() - before
	why := ready()
	h.say("disk nearly full: %d readings acknowledged in 4 s, a call for help taken; /readyz: %v", during, why)
	if during > 0 || why == nil || !strings.Contains(why.Error(), "disk") {
		return errors.New("a nearly full disk takes telemetry, or is not shown")
	}

	// To the last byte, as other programs can: even our own files do not grow.
	if err := fill(filler, root, 0); err != nil {
		return err
	}
	if err := s.wait(ctx, "everything is refused", func() bool { return s.gauge(ctx, "shouwang_disk_events_refused") == 1 }); err != nil {
		return err
	}
	_ = pause(ctx, 300*time.Millisecond)
	taken := call(1, 2*time.Second)
	h.say("disk full to the last byte: a call for help acknowledged %v; %d readings acknowledged; the program runs %v", taken, f.acked.Load()-before, !s.ended())
	if taken || f.acked.Load() > before {
		return errors.New("a full disk takes messages")
	}
	if s.ended() {
		return fmt.Errorf("shouwang has ended:\n%s", s.tail())
	}
	if err := os.Remove(filler); err != nil {
		return err
	}
	room := time.Now()
	if err := s.wait(ctx, "telemetry is taken again", func() bool { return f.acked.Load() > before }); err != nil {
		return err
	}
	h.say("with room again telemetry was acknowledged after %v", time.Since(room).Round(10*time.Millisecond))
	if !call(1, patience) || !call(2, patience) {
		return errors.New("a call for help is not taken though there is room again")
	}
	_ = pause(ctx, time.Duration(h.pick(5, 1))*time.Second)
	err = errors.Join(loaded.stop(), s.expectReadings(ctx, h, load), s.expectAlerts(ctx, h, help))
	if err == nil {
		err = within(ctx, patience, fine, "/readyz is content again", func() bool { return ready() == nil })
	}
	return err
}

// fill takes the disk's room until so many bytes are left.
func fill(file, root string, left int64) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // written for its size alone
	block := make([]byte, 64<<10)
	for {
		free, err := freeBytes(root)
		if err != nil {
			return err
		}
		if free <= left {
			return nil
		}
		if _, err := f.Write(block[:min(int64(len(block)), free-left)]); err != nil {
			if left == 0 {
				return nil // full is what was asked for
			}
			return err
		}
	}
}

// damage kills the service and spoils the newest block of its journal, in the
// middle and at its end.
func damage(ctx context.Context, h *harness) (err error) {
	const bands = 50
	count := h.pick(4_000, 1_000)
	dir, err := h.folder("damage")
	if err != nil {
		return err
	}
	s, err := h.newService(ctx, dir, bands, 40)
	if err != nil {
		return err
	}
	defer func() { s.kill(); err = errors.Join(err, s.fault()) }()
	help := calls(40)
	part := 0
	var all []*message
	for _, spoil := range []struct {
		name string
		how  func([]byte) []byte
	}{
		{"torn at the end", func(b []byte) []byte { return b[:len(b)-len(b)/20] }},
		{"a byte changed in the middle", func(b []byte) []byte { b[len(b)/2] ^= 0xff; return b }},
		{"the last 4096 bytes zero", func(b []byte) []byte { clear(b[max(0, len(b)-4096):]); return b }},
		{"nothing left of the block", func([]byte) []byte { return nil }},
	} {
		if err := s.run(ctx); err != nil {
			return fmt.Errorf("after %s: %w", spoil.name, err)
		}
		base := startOf(count, bands).Add(-time.Duration(part) * 24 * time.Hour)
		load, own := readings(count, bands, base, part*count), help[part*10:part*10+10]
		part++
		all = append(all, load...)
		f := &fleet{addr: s.mqtt, user: gateway, password: password, connections: 4, inFlight: 16}
		if err := errors.Join(f.run(ctx, load), s.caller().run(ctx, own)); err != nil {
			return err
		}
		// The readers have had them before the damage is done: what a reader has
		// had must not be lost by it, nor what comes after.
		if err := s.expectAlerts(ctx, h, help[:part*10]); err != nil {
			return err
		}
		if err := s.expectReadings(ctx, h, all); err != nil {
			return err
		}
		s.kill()
		blocks, err := filepath.Glob(filepath.Join(s.data, "broker/jetstream/journal/streams/JOURNAL/msgs/*.blk"))
		if err != nil || len(blocks) == 0 {
			return fmt.Errorf("no blocks of the journal: %w", err)
		}
		data, err := os.ReadFile(blocks[len(blocks)-1])
		if err != nil {
			return err
		}
		if err := os.WriteFile(blocks[len(blocks)-1], spoil.how(data), 0o600); err != nil {
			return err
		}
		h.say("killed, then %s (%d kB)", spoil.name, len(data)/1000)
	}
	if err := s.run(ctx); err != nil {
		return fmt.Errorf("the last start: %w", err)
	}
	after := readings(count, bands, startOf(count, bands).Add(-30*24*time.Hour), part*count)
	if err := (&fleet{addr: s.mqtt, user: gateway, password: password, connections: 4, inFlight: 16}).run(ctx, after); err != nil {
		return err
	}
	h.say("reported in the log: damaged store %d times, shorter journal %d times",
		s.said("store is damaged, everything else in it is kept"), s.said("journal is shorter than it was: frames are lost unless all readers had them; reading goes on at its end"))
	return errors.Join(s.expectReadings(ctx, h, append(all, after...)), s.expectAlerts(ctx, h, help))
}
