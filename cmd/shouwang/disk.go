package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/dashboard"
	"shouwang/ingest"
	"shouwang/ingest/broker"
	"shouwang/ingest/journal"
)

// newDisk watches the disk on which everything is kept.
func (a *app) newDisk() (*ingest.Disk, error) {
	return ingest.NewDisk(ingest.DiskOptions{
		Dir: a.settings.Data, Reserve: a.settings.Journal.ReserveMB << 20,
		Log: a.log.With().Str("component", "disk").Logger(), Metrics: a.metrics,
	})
}

// diskCheck is the condition of readiness that says what is refused.
func (a *app) diskCheck() dashboard.Check {
	return dashboard.Check{Name: "disk", Ready: func(context.Context) error {
		if room := a.disk.Room(); room != ingest.RoomForAll {
			return fmt.Errorf("disk is nearly full (%d MB free): room %s", a.disk.Free()>>20, room)
		}
		return nil
	}}
}

// warnings are what people at the board are told of the disk, the journal and the
// store.
func (a *app) warnings(brk *broker.Broker) (list []dashboard.Warning) {
	switch a.disk.Room() {
	case ingest.NoRoom:
		list = append(list, dashboard.EventsRefused)
	case ingest.RoomForEvents:
		list = append(list, dashboard.TelemetryRefused)
	case ingest.RoomForAll:
	}
	if a.journal.SetAside() > 0 {
		list = append(list, dashboard.MessagesSetAside)
	}
	if a.telling.dispatch.Troubled() {
		list = append(list, dashboard.NoticesFailed)
	}
	for _, d := range brk.Damaged() {
		if !d.AtEnd { // an unfinished write is nothing that was promised
			return append(list, dashboard.StoreDamaged)
		}
	}
	return list
}

// hears says whether devices can reach us: a tick with it tells the time in
// which a device's silence is its own. While telemetry is turned away for want
// of room, that silence is ours.
func (a *app) hears(connected func() bool) func() bool {
	return func() bool { return connected() && a.disk.Takes(ingest.Telemetry) }
}

// resume lets alerting go on where the journal ends, if that is before alerting's
// own position: see docs/decisions/shorter-journal.md.
func resume(ctx context.Context, jrn *journal.Journal, engine *alerting.Engine) error {
	for _, lane := range ingest.Lanes {
		after := engine.Seen(string(lane))
		if seq := jrn.Resume("alerting", lane, after); seq != after {
			if err := engine.Rewind(ctx, string(lane), seq); err != nil {
				return fmt.Errorf("rewind alerting: %w", err)
			}
		}
	}
	return nil
}

// storePause is the least time between two runs of serveOn.
const storePause = 2 * time.Second

// whileStoreFails runs the service, and runs it anew after its message store
// has failed, when the disk has room: nobody has to come and start it. Whatever
// else ends it is returned.
func whileStoreFails(ctx context.Context, dir string, reserve int64, log zerolog.Logger, run func(context.Context) error) error {
	for {
		err := run(ctx)
		if ctx.Err() != nil || !errors.Is(err, broker.ErrStore) && !errors.Is(err, syscall.ENOSPC) {
			return err
		}
		log.Error().Err(err).Msg("service has stopped, it starts again when the disk has room")
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(storePause):
		}
		if err := awaitRoom(ctx, dir, reserve, log); err != nil {
			return err
		}
	}
}

func awaitRoom(ctx context.Context, dir string, reserve int64, log zerolog.Logger) error {
	disk, err := ingest.NewDisk(ingest.DiskOptions{Dir: dir, Reserve: reserve, Log: log})
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = disk.Run(watching)
	}()
	defer func() { stop(); <-ended }()
	for {
		changed := disk.Changed()
		if disk.Room() != ingest.NoRoom {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}
