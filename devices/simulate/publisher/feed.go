package publisher

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"shouwang/devices"
	"shouwang/devices/simulate"
)

// Options of a Feed.
type Options struct {
	Broker string // tcp://host:port
	// Password returns the secret of a device; its user name is its id.
	Password func(devices.DeviceID) (string, bool)
	// Uploads is how many devices may upload a backlog at one time, 16 by
	// default.
	Uploads int
	// HistoryOnly ends the feed when history is uploaded.
	HistoryOnly bool
	Log         zerolog.Logger
}

// Feed publishes a simulated county: the history of every device as a backlog,
// then live readings, each device on a connection of its own.
type Feed struct {
	sim      *simulate.Simulator
	o        Options
	slots    chan struct{}
	devices  map[devices.DeviceID]*feeder
	uploaded chan struct{}
	waiting  atomic.Int64 // devices whose history is not uploaded
	readings atomic.Int64
	messages atomic.Int64
}

// New returns a Feed; nothing happens before Run.
func New(sim *simulate.Simulator, o Options) *Feed {
	if o.Uploads <= 0 {
		o.Uploads = 16
	}
	f := &Feed{
		sim: sim, o: o, slots: make(chan struct{}, o.Uploads),
		devices: map[devices.DeviceID]*feeder{}, uploaded: make(chan struct{}),
	}
	for _, i := range sim.Instruments() {
		f.devices[i.Device.ID] = &feeder{instrument: i, wake: make(chan struct{}, 1)}
	}
	f.waiting.Store(int64(len(f.devices)))
	return f
}

// Uploaded is closed when the broker has acknowledged the whole history.
func (f *Feed) Uploaded() <-chan struct{} { return f.uploaded }

// Sent is what the broker has acknowledged so far.
func (f *Feed) Sent() (messages, readings int64) { return f.messages.Load(), f.readings.Load() }

// Run publishes until ctx ends, or until history is uploaded if that is all.
func (f *Feed) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, d := range f.devices {
		group.Go(func() error { return f.keep(ctx, d) })
	}
	err := group.Wait()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// keep connects the device again and again.
func (f *Feed) keep(ctx context.Context, d *feeder) error {
	for try := 0; ; try++ {
		if err := d.idle(ctx); err != nil {
			return err
		}
		before := d.instrument.Sent()
		err := f.session(ctx, d)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && f.o.HistoryOnly:
			return nil
		case err == nil:
			try = -1
			continue
		case d.instrument.Sent().After(before):
			try = 0
		}
		f.o.Log.Debug().Err(err).Str("device", string(d.instrument.Device.ID)).Int("try", try).Msg("device session ended")
		if !sleep(ctx, backoff(try)) {
			return ctx.Err()
		}
	}
}

// session is one connection of the device. History goes over one of its own, so
// that the broker need not keep the buffers of large messages for as long as the
// device stays; a daily meter has one for each upload. Neither says anything of
// being online. Then a device stays connected, and its session ends with an
// error.
func (f *Feed) session(ctx context.Context, d *feeder) error {
	release, err := f.slot(ctx)
	if err != nil {
		return err
	}
	defer release()
	stays := d.uploaded && !d.instrument.Daily()
	client, err := f.dial(ctx, d, stays)
	if err != nil {
		return err
	}
	defer client.Close()
	if stays {
		topic := simulate.Topic(d.instrument.Device.ID, "status")
		if err := client.Publish(ctx, topic, []byte(`{"online":true}`), true); err != nil {
			return err
		}
		f.messages.Add(1)
	}
	for {
		if err := f.upload(ctx, client, d); err != nil {
			return err
		}
		if !d.uploaded {
			d.uploaded = true
			if f.waiting.Add(-1) == 0 {
				close(f.uploaded)
			}
		}
		release()
		if !stays {
			return nil
		}
		if err := d.rest(ctx, client.Lost()); err != nil {
			return err
		}
	}
}

func (f *Feed) dial(ctx context.Context, d *feeder, stays bool) (*Client, error) {
	id := d.instrument.Device.ID
	password, ok := f.o.Password(id)
	if !ok {
		return nil, fmt.Errorf("no password for %s", id)
	}
	_, short := id.Split()
	login := Login{
		// The end after ~ leaves the plain id to whoever tries out the device.
		Broker: f.o.Broker, User: string(id), Password: password, ClientID: short + "~county",
	}
	if stays {
		login.WillTopic, login.Will = simulate.Topic(id, "status"), []byte(`{"online":false}`)
	}
	return Dial(ctx, login)
}

// slot takes one of the places for uploading; release may be called again.
func (f *Feed) slot(ctx context.Context) (release func(), err error) {
	select {
	case f.slots <- struct{}{}:
		return sync.OnceFunc(func() { <-f.slots }), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// upload says what there is to say at once, then publishes what the device has
// measured and not uploaded, in arrays.
func (f *Feed) upload(ctx context.Context, client *Client, d *feeder) error {
	id := d.instrument.Device.ID
	for c := d.call(); c != nil; c = d.call() {
		if err := client.Publish(ctx, simulate.Topic(id, c.message.Channel), c.message.Payload, false); err != nil {
			return err
		}
		f.messages.Add(1)
		d.said(c)
	}
	for {
		samples := d.instrument.Pending(time.Now(), simulate.MaxObjects)
		if len(samples) == 0 {
			return nil
		}
		payload, taken := d.instrument.Payload(samples)
		if err := client.Publish(ctx, simulate.Topic(id, "telemetry"), payload, false); err != nil {
			return err
		}
		d.instrument.Acknowledge(samples[taken-1].At)
		f.messages.Add(1)
		for _, s := range samples[:taken] {
			f.readings.Add(int64(len(s.Measures)))
		}
	}
}

// Kinds lists the incidents that can be asked for.
func (f *Feed) Kinds() []string { return f.sim.Kinds() }

// Start makes an incident happen to the device's resident, or to somebody
// suitable when device is "". It returns when the broker has acknowledged what
// the device says of it at once. Requests that do not fit answer a
// *simulate.InputError.
func (f *Feed) Start(ctx context.Context, kind string, device devices.DeviceID) (simulate.Truth, error) {
	if f.o.HistoryOnly {
		return simulate.Truth{}, &simulate.InputError{Field: "kind", Value: kind, Rule: "the simulator is off"}
	}
	truth, message, err := f.sim.Incident(kind, device, time.Now())
	if err != nil {
		return simulate.Truth{}, err
	}
	if kind == simulate.Recover {
		for _, other := range f.devices { // an outage of a whole village may be over
			other.poke()
		}
	}
	d := f.devices[truth.Device]
	if message.Payload == nil {
		d.poke()
		return truth, nil
	}
	c := &call{message, make(chan struct{})}
	d.add(c)
	select {
	case <-c.done:
		return truth, nil
	case <-ctx.Done():
		return truth, ctx.Err()
	}
}
