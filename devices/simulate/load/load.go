package load

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"shouwang/devices"
)

// Options of a run.
type Options struct {
	Address string      // host:port of the broker
	TLS     *tls.Config // nil: without TLS
	// Login gives the user and password of a connection that speaks for the
	// devices; an empty user connects without.
	Login   func(speaksFor []devices.DeviceID) (user, password string)
	Devices []devices.DeviceID
	// Connections share the devices: at most one for each.
	Connections int
	QoS         byte // 0 or 1
	Metrics     []devices.Metric
	// Batch is the number of objects in a message; with 1, Size is the least
	// length of its payload in bytes.
	Batch, Size int
	// Rate is in messages a second over all connections; 0 is as fast as the
	// broker takes them.
	Rate float64
	// Messages and Duration end the run, whichever comes first; 0 is no limit,
	// and one of them is needed.
	Messages int64
	Duration time.Duration
	// InFlight is how many messages may be unacknowledged on one connection.
	InFlight int
	// Seed makes the values the same again; times are those of the clock.
	Seed uint64
}

// Stats say what a run has done. Latency is from when a message was due to its
// acknowledgement, which only QoS 1 has.
type Stats struct {
	Messages     int64 // sent, each once
	Acknowledged int64
	Resent       int64 // sent again after a broken connection
	Connects     int64
	Bytes        int64 // of payload, each message once
	Elapsed      time.Duration
	Latency      Latency
}

const (
	// patience is how long a broker may take to answer anything.
	patience = 30 * time.Second
	// dialling is how many connections are opened at once.
	dialling = 64
)

// run is what the connections of one run share.
type run struct {
	Options
	stats struct{ messages, acknowledged, resent, connects, bytes atomic.Int64 }
	times *Latency
	dials chan struct{}
	// started is closed when all have connected; start stands from then.
	started chan struct{}
	start   time.Time
	ready   sync.WaitGroup
}

// Run publishes until the limit is reached and everything is acknowledged, or
// ctx ends. The statistics are true also beside an error.
func Run(ctx context.Context, o Options) (*Stats, error) {
	if err := o.check(); err != nil {
		return &Stats{}, err
	}
	out := &Stats{}
	r := &run{Options: o, times: &out.Latency, dials: make(chan struct{}, dialling), started: make(chan struct{})}
	group, ctx := errgroup.WithContext(ctx)
	r.ready.Add(o.Connections)
	for i := range o.Connections {
		c := newConn(r, i)
		group.Go(func() error { return c.run(ctx) })
	}
	group.Go(func() error {
		all := make(chan struct{})
		go func() { r.ready.Wait(); close(all) }()
		select {
		case <-all:
			r.start = time.Now()
			close(r.started)
		case <-ctx.Done(): // some could not connect
		}
		return nil
	})
	err := group.Wait()
	if !r.start.IsZero() {
		out.Elapsed = time.Since(r.start)
	}
	out.Messages, out.Acknowledged = r.stats.messages.Load(), r.stats.acknowledged.Load()
	out.Resent, out.Connects, out.Bytes = r.stats.resent.Load(), r.stats.connects.Load(), r.stats.bytes.Load()
	return out, err
}

func (o *Options) check() error {
	switch {
	case len(o.Devices) == 0:
		return errors.New("load: no devices")
	case o.Connections < 1 || o.Connections > len(o.Devices):
		return fmt.Errorf("load: connections: %d: must lie between 1 and the number of devices, %d", o.Connections, len(o.Devices))
	case o.QoS > 1:
		return fmt.Errorf("load: qos: %d: must be 0 or 1", o.QoS)
	case o.Batch < 1 || o.Batch > 1000:
		return fmt.Errorf("load: batch: %d: must lie between 1 and 1000", o.Batch)
	case o.InFlight < 1 || o.InFlight > 65535:
		return fmt.Errorf("load: in flight: %d: must lie between 1 and 65535", o.InFlight)
	case o.Rate < 0:
		return fmt.Errorf("load: rate: %v: must not be negative", o.Rate)
	case o.Messages <= 0 && o.Duration <= 0:
		return errors.New("load: neither a number of messages nor a duration")
	case len(o.Metrics) == 0:
		return errors.New("load: no metrics")
	}
	return nil
}

// share is how many of the run's messages connection i sends.
func (o *Options) share(i int) int64 {
	if o.Messages <= 0 {
		return 1<<63 - 1
	}
	n, c := o.Messages, int64(o.Connections)
	return (n + c - 1 - int64(i)) / c
}

// due is when message n of connection i is to be sent: the connections take
// turns.
func (r *run) due(i int, n int64) time.Time {
	turn := float64(n)*float64(r.Connections) + float64(i)
	return r.start.Add(time.Duration(turn / r.Rate * float64(time.Second)))
}

func newConn(r *run, i int) *conn {
	c := &conn{
		r: r, i: i, left: r.share(i),
		free:  make(chan uint16, r.InFlight),
		slots: make([]slot, r.InFlight),
		maker: maker{metrics: r.Metrics, batch: r.Batch, size: r.Size, random: rand.New(rand.NewPCG(r.Seed, uint64(i)))}, //nolint:gosec // made-up values
	}
	var speaksFor []devices.DeviceID
	for j := i; j < len(r.Devices); j += r.Connections {
		id := r.Devices[j]
		speaksFor = append(speaksFor, id)
		c.sources = append(c.sources, source{topic: "homecare/v1/" + string(id) + "/telemetry"})
	}
	if r.Login != nil {
		c.user, c.password = r.Login(speaksFor)
	}
	for id := range r.InFlight {
		c.free <- uint16(id + 1) //nolint:gosec // checked
	}
	return c
}
