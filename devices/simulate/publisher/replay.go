package publisher

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strconv"
	"time"

	"shouwang/devices"
	"shouwang/devices/recording"
	"shouwang/devices/simulate"
)

// ReplayOptions say how a recording is published.
type ReplayOptions struct {
	// User tells as whom a device publishes: as itself, or as its vendor's
	// gateway. Dial connects as that user; each user has one connection.
	User func(devices.DeviceID) string
	Dial func(ctx context.Context, user string) (*Client, error)
	// Device turns the device of a recording into its id here.
	Device func(recorded string) (devices.DeviceID, error)
	// Batch is how many objects one message holds (1 to 1000), and Span how
	// long in the recording's time of receipt a reading may wait for its
	// message to fill: the order between devices is kept to within it.
	Batch int
	Span  time.Duration
	// InFlight is how many messages may be unacknowledged on one connection.
	InFlight int
	// Progress is called now and then, and may be nil.
	Progress func(Stats)
}

// Stats count what a replay has done.
type Stats struct {
	Readings     int // sent, each once
	Messages     int // sent, each once
	Acknowledged int // messages the broker has acknowledged
	Resent       int // messages sent again after a broken connection
}

// group is a message being filled.
type group struct {
	device  devices.DeviceID
	first   time.Time // receipt of its first reading
	at      time.Time // of the last object
	objects int
	payload []byte
	sent    bool
}

type replay struct {
	o      ReplayOptions
	pumps  map[string]*pump  // by user
	open   map[string]*group // by recorded device
	queue  []*group          // in order of their first reading
	quoted map[devices.Metric][]byte
	stats  Stats
	last   time.Time // of progress
}

// Replay publishes the rows, which come in order of receipt, as their devices
// would: readings of one device and time in one object, objects in arrays. It
// ends when the broker has acknowledged everything; a broken connection is made
// again and what was not acknowledged is sent again. The recorded times of
// receipt and qualities cannot be published; only the order follows them.
func Replay(ctx context.Context, rows iter.Seq[recording.Row], o ReplayOptions) (Stats, error) {
	o.Batch = min(max(o.Batch, 1), simulate.MaxObjects)
	o.InFlight = max(o.InFlight, 1)
	r := &replay{
		o: o, pumps: map[string]*pump{}, open: map[string]*group{},
		quoted: map[devices.Metric][]byte{}, last: time.Now(),
	}
	defer func() {
		for _, p := range r.pumps {
			p.close()
		}
	}()
	for row := range rows {
		if err := r.add(ctx, row); err != nil {
			return r.stats, err
		}
	}
	for _, g := range r.queue {
		if err := r.send(ctx, g); err != nil {
			return r.stats, err
		}
	}
	for _, p := range r.pumps {
		if err := p.drain(ctx, 0); err != nil {
			return r.stats, err
		}
	}
	return r.stats, nil
}

func (r *replay) add(ctx context.Context, row recording.Row) error {
	for len(r.queue) > 0 && (r.queue[0].sent || row.Received.Sub(r.queue[0].first) > r.o.Span) {
		if err := r.send(ctx, r.queue[0]); err != nil {
			return err
		}
		r.queue = r.queue[1:]
	}
	const room = 256 // more than one reading
	name, err := r.quote(row.Metric)
	if err != nil {
		return err
	}
	g := r.open[row.Device]
	if g != nil && !g.sent && (len(g.payload)+len(name)+room > simulate.MaxPayload || g.objects >= r.o.Batch && !g.at.Equal(row.At)) {
		if err := r.send(ctx, g); err != nil {
			return err
		}
	}
	if g == nil || g.sent {
		id, err := r.o.Device(row.Device)
		if err != nil {
			return err
		}
		g = &group{device: id, first: row.Received, payload: []byte{'['}}
		r.open[row.Device] = g
		r.queue = append(r.queue, g)
	}
	if g.objects > 0 && g.at.Equal(row.At) {
		g.payload = append(g.payload[:len(g.payload)-2], ',')
	} else {
		if g.objects > 0 {
			g.payload = append(g.payload, ',')
		}
		g.payload = append(g.payload, `{"ts":"`...)
		g.payload = row.At.AppendFormat(g.payload, time.RFC3339Nano)
		g.payload = append(g.payload, `","metrics":{`...)
		g.objects++
		g.at = row.At
	}
	g.payload = append(append(g.payload, name...), ':')
	g.payload = strconv.AppendFloat(g.payload, row.Value, 'g', -1, 64)
	g.payload = append(g.payload, '}', '}')
	r.stats.Readings++
	return nil
}

func (r *replay) quote(m devices.Metric) ([]byte, error) {
	if name, ok := r.quoted[m]; ok {
		return name, nil
	}
	name, err := json.Marshal(string(m))
	if err != nil {
		return nil, fmt.Errorf("metric %q: %w", m, err)
	}
	r.quoted[m] = name
	return name, nil
}

func (r *replay) send(ctx context.Context, g *group) error {
	if g.sent {
		return nil
	}
	g.sent = true
	user := r.o.User(g.device)
	p := r.pumps[user]
	if p == nil {
		p = &pump{stats: &r.stats, dial: func(ctx context.Context) (*Client, error) { return r.o.Dial(ctx, user) }}
		r.pumps[user] = p
	}
	if err := p.send(ctx, simulate.Topic(g.device, "telemetry"), append(g.payload, ']'), r.o.InFlight); err != nil {
		return err
	}
	g.payload = nil
	if r.o.Progress != nil && time.Since(r.last) > time.Second {
		r.last = time.Now()
		r.o.Progress(r.stats)
	}
	return nil
}

// pump sends messages of one login in order and keeps those that are not yet
// acknowledged, to send them again when the connection breaks.
type pump struct {
	dial   func(context.Context) (*Client, error)
	stats  *Stats
	client *Client
	flying []flight
	// connected says that the login has worked once.
	connected bool
}

type flight struct {
	topic   string
	payload []byte
	pending Pending
}

// triesToConnect bounds the wait for a broker that is not there, to a minute.
const triesToConnect = 12

func (p *pump) send(ctx context.Context, topic string, payload []byte, inFlight int) error {
	if p.client == nil {
		if err := p.connect(ctx); err != nil {
			return err
		}
	}
	if err := p.drain(ctx, inFlight-1); err != nil {
		return err
	}
	p.flying = append(p.flying, flight{topic, payload, p.client.Begin(topic, payload, false)})
	p.stats.Messages++
	return nil
}

// drain waits until at most n messages are unacknowledged.
func (p *pump) drain(ctx context.Context, n int) error {
	for len(p.flying) > n {
		err := p.flying[0].pending.Wait(ctx)
		switch {
		case err == nil:
			p.flying[0] = flight{}
			p.flying = p.flying[1:]
			p.stats.Acknowledged++
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			p.close()
			if err := p.connect(ctx); err != nil {
				return err
			}
			for i := range p.flying {
				f := &p.flying[i]
				f.pending = p.client.Begin(f.topic, f.payload, false)
				p.stats.Resent++
			}
		}
	}
	return nil
}

func (p *pump) connect(ctx context.Context) error {
	for try := 0; ; try++ {
		var err error
		if p.client, err = p.dial(ctx); err == nil {
			p.connected = true
			return nil
		}
		p.client = nil
		// The first try tells at once what is wrong with the login.
		if !p.connected || try >= triesToConnect || ctx.Err() != nil {
			return err
		}
		if !sleep(ctx, backoff(try)) {
			return ctx.Err()
		}
	}
}

func (p *pump) close() {
	if p.client != nil {
		p.client.Close()
		p.client = nil
	}
}
