package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"shouwang/devices"
	"shouwang/devices/simulate"
	"shouwang/devices/simulate/publisher"
)

// demoCmd shows the living product: a made-up county whose meters and bands
// publish through the ordinary door.
type demoCmd struct {
	Data        string `help:"Folder to keep the county in; a temporary one when missing." type:"path"`
	HTTP        string `help:"Address of the board, on this machine only." default:"127.0.0.1:8080"`
	MQTT        string `help:"Address of the MQTT listener, on this machine only." default:"127.0.0.1:1883"`
	Residents   int    `help:"Residents of the county, 20 to 5000." default:"500"`
	ReadyFile   string `help:"File written when everything answers, history included: addresses, accounts, devices." type:"path"`
	NoSimulator bool   `help:"Enter the registry and history, and let only outside publishers send."`
}

// Run runs the demo until ctx ends.
func (c *demoCmd) Run(ctx context.Context, stdout io.Writer, log zerolog.Logger) (err error) {
	if err := c.validate(); err != nil {
		return err
	}
	if c.Data == "" {
		if c.Data, err = os.MkdirTemp("", "shouwang-demo-"); err != nil {
			return fmt.Errorf("make data folder: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(c.Data)) }()
	}
	s := settings{Data: c.Data, Roles: []string{"broker", "ingest", "alerting", "dashboard"}, TimeZone: "Asia/Shanghai"}
	s.HTTP.TOTP = "off" // its accounts are no secret
	s.HTTP.Listen, s.Broker.Listen, s.Broker.Plain, s.Broker.MaxStoreMB = c.HTTP, c.MQTT, true, 512
	s.Journal.Replay, s.Ingest.AgeLimit, s.Series.Store = 24*time.Hour, 35*24*time.Hour, "sqlite"
	s.Log.Level, s.Log.Format = "warn", "console"
	s.Canary.Every = time.Minute

	a, err := open(ctx, s, s.logger(log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	if err := c.unready(); err != nil { // of a demo before this one; the folder is ours now
		return err
	}
	defer func() { err = errors.Join(err, c.unready()) }()
	county, err := a.openCounty(ctx, c.Data, c.Residents)
	if err != nil {
		return fmt.Errorf("enter the county: %w", err)
	}
	a.canary.hold = make(chan struct{}) // two weeks of history come first
	sim := simulate.New(county.County, simulate.Options{Seed: county.Seed, Start: time.Now()})
	if !county.Uploaded.IsZero() {
		sim.Resume(county.Uploaded)
	}
	incidents := &demoIncidents{kinds: sim.Kinds(), ready: make(chan struct{})}
	if !c.NoSimulator {
		a.incidents = incidents
	}
	started, first := time.Now(), county.Uploaded.IsZero()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return a.Run(ctx) })
	group.Go(func() error {
		if await(ctx, a.ready) != nil {
			return nil // the service's own error counts
		}
		readings := int64(0)
		// Without a simulator, outside publishers own the time after history.
		if !c.NoSimulator || county.Uploaded.IsZero() {
			feed := publisher.New(sim, publisher.Options{
				Broker: "tcp://" + a.mqttAddr, Password: county.secret, HistoryOnly: c.NoSimulator, Log: a.log,
			})
			incidents.feed = feed
			close(incidents.ready)
			group.Go(func() error { return feed.Run(ctx) })
			if await(ctx, feed.Uploaded()) != nil {
				return nil
			}
			_, readings = feed.Sent()
		}
		if a.caughtUp(ctx) != nil {
			return nil
		}
		if first {
			if err := a.seedShift(ctx, county); err != nil {
				return err
			}
		}
		if err := county.save(c.Data, time.Now()); err != nil {
			return err
		}
		close(a.canary.hold)
		c.greet(stdout, a, county, readings, time.Since(started), incidents.kinds)
		if err := c.writeReady(a, county); err != nil || c.NoSimulator {
			return err
		}
		return county.keepTime(ctx, c.Data)
	})
	return group.Wait()
}

// unready removes the ready file: whoever waits for it must not find an old one.
func (c *demoCmd) unready() error {
	if c.ReadyFile == "" {
		return nil
	}
	if err := os.Remove(c.ReadyFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("--ready-file: %w", err)
	}
	return nil
}

func (c *demoCmd) validate() error {
	if c.Residents < 20 || c.Residents > 5000 {
		return fmt.Errorf("--residents: %d: must lie between 20 and 5000", c.Residents)
	}
	for flag, addr := range map[string]string{"--http": c.HTTP, "--mqtt": c.MQTT} {
		host, _, err := net.SplitHostPort(addr)
		if err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("%s: %s: must be a loopback address: the demo's accounts are no secret", flag, addr)
		}
	}
	return nil
}

// caughtUp waits until both readers have passed all that is in the journal now.
func (a *app) caughtUp(ctx context.Context) error {
	target, err := a.journal.Stats(ctx)
	if err != nil {
		return err
	}
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		now, err := a.journal.Stats(ctx)
		if err != nil {
			return err
		}
		stored, judged := true, true
		for i, lane := range now.Lanes {
			newest := target.Lanes[i].Newest
			for _, r := range lane.Readers {
				stored = stored && (r.Name == "alerting" || r.Position >= newest)
			}
			judged = judged && a.engine.Position(string(lane.Lane)) >= newest
		}
		if stored && judged {
			return nil
		}
		if stored {
			// Alerting's position moves with checkpoints only, and the next may
			// come as late as the next tick.
			if err := a.engine.Checkpoint(ctx); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-poll.C:
		}
	}
}

func (c *demoCmd) greet(w io.Writer, a *app, county *county, readings int64, took time.Duration, kinds []string) {
	fmt.Fprintf(w, "\nShouwang (守望) shows %d made-up residents at\n\n    http://%s\n\n", len(county.Residents), a.httpAddr)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "    account\tpassword\tsees")
	for _, account := range county.Accounts {
		area := string(account.Area)
		if area == "" {
			area = "everything"
		}
		fmt.Fprintf(table, "    %s\t%s\t%s\n", account.Username, account.Password, area)
	}
	_ = table.Flush()
	fmt.Fprintf(w, "\nDevices publish to %s. %d readings of history were uploaded in %.0f s.\n", a.mqttAddr, readings, took.Seconds())
	if !c.NoSimulator {
		fmt.Fprintf(w, "Make something happen on the page, or with\n\n    shouwang simulate incident sos --ready-file FILE   (%s)\n", strings.Join(kinds, ", "))
	}
	fmt.Fprintln(w, "\nStop with Ctrl-C.")
}

// demoIncidents hands incidents to the feed, once there is one.
type demoIncidents struct {
	kinds []string
	ready chan struct{} // closed when feed is set
	feed  *publisher.Feed
}

// Kinds lists what can be asked for.
func (d *demoIncidents) Kinds() []string { return d.kinds }

// Start makes an incident happen to the device's resident, or to somebody.
func (d *demoIncidents) Start(ctx context.Context, kind, device string) (any, error) {
	if err := await(ctx, d.ready); err != nil {
		return nil, err
	}
	return d.feed.Start(ctx, kind, devices.DeviceID(device))
}
