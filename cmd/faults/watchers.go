package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/sync/errgroup"

	"shouwang/dashboard/access"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/registry"
)

// watcher is a board that follows the live view over all restarts by the number of
// the last event it saw.
type watcher struct {
	addr, token string
	area        devices.AreaPath // what it may see
	end         *atomic.Int64    // the last event there will be, 0 while not known

	at       int64
	got      []int64
	connects int
}

// follow reads until it stands at the end, and fails when the chain of prev breaks.
func (w *watcher) follow(ctx context.Context) error {
	for ctx.Err() == nil {
		done, err := w.connection(ctx)
		if done || err != nil {
			return err
		}
		_ = pause(ctx, 50*time.Millisecond) // as a page does, only sooner
	}
	return fmt.Errorf("a board stands at %d of %d", w.at, w.end.Load())
}

// connection reads until it breaks. Only what the service says wrongly is an error.
func (w *watcher) connection(ctx context.Context) (done bool, err error) {
	conn, resp, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+w.addr+"/api/v1/live?after="+strconv.FormatInt(w.at, 10),
		http.Header{"Authorization": {"Bearer " + w.token}})
	if err != nil {
		return false, nil //nolint:nilerr // the service is being killed
	}
	_ = resp.Body.Close()
	defer conn.Close() //nolint:errcheck // read to its end
	w.connects++
	for {
		if err := conn.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			return false, nil //nolint:nilerr // the connection is gone
		}
		var frame struct {
			Type        string
			Event, Prev int64
		}
		if err := conn.ReadJSON(&frame); err != nil {
			return false, nil //nolint:nilerr // the service was killed
		}
		switch frame.Type {
		case "hello":
		case "beat": // everything up to its event was sent
			if end := w.end.Load(); end > 0 && frame.Event >= end {
				return true, nil
			}
		case "reset":
			return false, fmt.Errorf("a board at %d is told that the log does not reach back to it", w.at)
		default:
			if frame.Prev != w.at {
				return false, fmt.Errorf("event %d has prev %d, the board stands at %d", frame.Event, frame.Prev, w.at)
			}
			w.at = frame.Event
			w.got = append(w.got, frame.Event)
		}
	}
}

// restartsWhileWatched kills the service while boards of the county and of one town
// follow it: each sees every event of its area once, in order, and the chain of
// prev is whole.
func restartsWhileWatched(ctx context.Context, h *harness) (err error) {
	const perLife = 6
	kills, boards := min(h.Kills, 20), h.pick(50, 12)
	dir, err := h.folder("watchers")
	if err != nil {
		return err
	}
	s, err := h.newService(ctx, dir, 1, (kills+1)*perLife)
	if err != nil {
		return err
	}
	town, err := enterTown(ctx, s.data, (kills+1)*perLife)
	if err != nil {
		return err
	}
	if err := s.run(ctx); err != nil {
		return err
	}
	defer func() { s.kill(); err = errors.Join(err, s.fault()) }()
	var end atomic.Int64
	all := make([]*watcher, boards)
	watching, ctxOfAll := errgroup.WithContext(ctx)
	ctxOfAll, cancel := context.WithTimeout(ctxOfAll, patience)
	defer cancel()
	for i := range all {
		all[i] = &watcher{addr: s.http, token: s.token, end: &end}
		if i%2 == 1 {
			all[i].token, all[i].area = town, "f/other"
		}
		watching.Go(func() error { return all[i].follow(ctxOfAll) })
	}
	if err := s.livesOfCalls(ctx, h, calls((kills+1)*perLife), kills); err != nil {
		return err
	}
	want, err := events(ctx, s.data)
	if err != nil {
		return err
	}
	end.Store(want[""][len(want[""])-1])
	if err := watching.Wait(); err != nil {
		return err
	}
	connects := 0
	for i, w := range all {
		connects += w.connects
		// An alert may have climbed a step since the end was read.
		seen := slices.DeleteFunc(w.got, func(n int64) bool { return n > end.Load() })
		if !slices.Equal(seen, want[w.area]) {
			return fmt.Errorf("board %d of %q saw %d events, %d there are", i, w.area, len(seen), len(want[w.area]))
		}
	}
	h.say("killed %d times; %d boards connected %d times and each saw its %d (county) or %d (town) events once and in order",
		kills, boards, connects, len(want[""]), len(want["f/other"]))
	return nil
}

// enterTown moves every other caller to another town, and makes an account that
// sees that town alone.
func enterTown(ctx context.Context, data string, callers int) (token string, err error) {
	db, err := database.Open(ctx, filepath.Join(data, "state.db"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	reg, err := registry.Open(ctx, db)
	if err != nil {
		return "", err
	}
	in := devices.Import{Areas: []devices.Area{{Path: "f/other", Name: "other"}, {Path: "f/other/village", Name: "village"}}}
	for i := 0; i < callers; i += 2 {
		in.Residents = append(in.Residents, devices.Resident{ID: caller(i), Name: "Resident " + caller(i), Area: "f/other/village", Tier: devices.TierYellow, State: devices.Active})
	}
	if err := reg.PutAll(ctx, in); err != nil {
		return "", err
	}
	accounts := access.New(db, access.Options{})
	if err := accounts.Create(ctx, access.Account{Username: "town", Name: "town", Role: access.TownDuty, Areas: []devices.AreaPath{"f/other"}}, ""); err != nil {
		return "", err
	}
	return accounts.NewToken(ctx, "town")
}

// events are the numbers there are, of everywhere ("") and of the other town.
func events(ctx context.Context, data string) (map[devices.AreaPath][]int64, error) {
	db, err := readState(data)
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // read to its end
	rows, err := db.QueryContext(ctx, `SELECT number, area FROM alert_events ORDER BY number`)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to its end
	of := map[devices.AreaPath][]int64{}
	for rows.Next() {
		var n int64
		var area devices.AreaPath
		if err := rows.Scan(&n, &area); err != nil {
			return nil, err
		}
		of[""] = append(of[""], n)
		if devices.AreaPath("f/other").Contains(area) {
			of["f/other"] = append(of["f/other"], n)
		}
	}
	return of, rows.Err()
}
