package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/devices/recording"
	"shouwang/devices/simulate/publisher"
)

// simulateReplayCmd publishes recordings. Readings keep their recorded times, so
// the instance's age limit must let them in.
type simulateReplayCmd struct {
	instance
	Readings     []string      `help:"Readings CSV (gzip taken too); may be given several times." required:"" type:"existingfile" placeholder:"FILE"`
	Register     bool          `help:"Enter the devices, and made-up residents for them, before they publish."`
	MQTT         string        `help:"Broker, host:port or URL, instead of the ready file's." name:"mqtt" placeholder:"ADDR"`
	User         string        `help:"Publish as this user for all devices (a gateway: vendor:NAME)." placeholder:"USER"`
	PasswordFile string        `help:"File with the user's password." type:"existingfile" placeholder:"FILE"`
	Vendor       string        `help:"Vendor of devices that are written without one; the default is what stands before the first - of their id."`
	Area         string        `help:"Area of the made-up residents." default:"replay/town/village"`
	Batch        int           `help:"Readings in one message, 1 to 1000." default:"24"`
	Span         time.Duration `help:"How much recorded time a message may cover." default:"24h"`
	InFlight     int           `help:"Unacknowledged messages on one connection." default:"16"`
}

// Run loads, registers, publishes, and prints what was sent and acknowledged.
func (c *simulateReplayCmd) Run(ctx context.Context, stdout io.Writer, log zerolog.Logger) error {
	api, ready, err := c.open()
	if err != nil {
		return err
	}
	broker := withScheme(ready.MQTT, "tcp://")
	if c.MQTT != "" {
		broker = withScheme(c.MQTT, "tcp://")
	}
	if broker == "" {
		return errors.New("which broker? --ready-file or --mqtt")
	}
	rec, err := recording.Load(c.Readings...)
	if err != nil {
		return err
	}
	names, err := c.names(rec)
	if err != nil {
		return err
	}
	log.Info().Int("readings", rec.Len()).Int("devices", len(names)).Msg("recording loaded")
	passwords := map[string]string{}
	if c.PasswordFile != "" {
		raw, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return fmt.Errorf("read password: %w", err)
		}
		passwords[c.User] = strings.TrimSpace(string(raw))
	}
	if c.Register {
		if err := c.register(ctx, api, rec, names, passwords); err != nil {
			return err
		}
		log.Info().Int("devices", len(names)).Msg("devices registered")
	}
	began := time.Now()
	stats, err := publisher.Replay(ctx, rec.All(), publisher.ReplayOptions{
		Batch: c.Batch, Span: c.Span, InFlight: c.InFlight,
		Device: func(recorded string) (devices.DeviceID, error) { return names[recorded], nil },
		User:   c.user,
		Dial: func(ctx context.Context, user string) (*publisher.Client, error) {
			password, ok := passwords[user]
			if !ok {
				return nil, fmt.Errorf("no password for %s: --register, or --user and --password-file", user)
			}
			return publisher.Dial(ctx, publisher.Login{Broker: broker, User: user, Password: password})
		},
		Progress: func(s publisher.Stats) {
			log.Info().Int("readings", s.Readings).Int("of", rec.Len()).Int("messages", s.Messages).Msg("replaying")
		},
	})
	took := time.Since(began)
	fmt.Fprintf(stdout, "sent %d of %d readings of %d devices in %d messages, %d acknowledged, %d sent again, in %s (%.0f readings/s)\n",
		stats.Readings, rec.Len(), len(names), stats.Messages, stats.Acknowledged, stats.Resent,
		took.Round(time.Millisecond), float64(stats.Readings)/took.Seconds())
	return err
}

func (c *simulateReplayCmd) user(id devices.DeviceID) string {
	if c.User != "" {
		return c.User
	}
	return string(id)
}

// names gives every recorded device its vendor.
func (c *simulateReplayCmd) names(rec *recording.Recording) (map[string]devices.DeviceID, error) {
	names := map[string]devices.DeviceID{}
	for _, d := range rec.Devices() {
		vendor, id, ok := strings.Cut(d.Device, "/")
		if !ok {
			vendor, id = c.Vendor, d.Device
		}
		if vendor == "" {
			if vendor, _, ok = strings.Cut(id, "-"); !ok {
				vendor = "replay"
			}
		}
		name, err := devices.NewDeviceID(vendor, id)
		if err != nil {
			return nil, fmt.Errorf("device %q: %w", d.Device, err)
		}
		names[d.Device] = name
	}
	return names, nil
}
