package mqtt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"runtime/debug"
	"sync/atomic"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/ingest"
)

const (
	retryFloor   = 250 * time.Millisecond
	retryCeiling = 10 * time.Second
	// stable is how long a connection must have lasted to be forgiven: after a
	// shorter one the pause before the next try grows.
	stable = 30 * time.Second
	// connectTimeout bounds each step: dialling, CONNACK, SUBACK.
	connectTimeout = 10 * time.Second
	// packetIDs is how many messages MQTT allows to be unacknowledged.
	packetIDs = 65535
)

// session is one session with the broker, over many connections.
type session struct {
	lane    ingest.Lane
	broker  *url.URL
	opts    Options
	log     zerolog.Logger
	metrics *metrics
	filters map[string]byte
	limits  *limiter             // nil: none
	away    time.Time            // end of the last connection, zero when not known
	link    atomic.Pointer[link] // the connection that is up and subscribed
	// received is one of metrics, looked up once.
	received prometheus.Counter
}

// link is one connection of a session. Its context ends with it, with the
// reason as its cause: whatever belongs to it ends too.
type link struct {
	s      *session
	ctx    context.Context
	cancel context.CancelCauseFunc
	client paho.Client
	conn   atomic.Pointer[conn]
	// acks are the packet ids of messages that are on disk, in the order in
	// which that was known. It can hold all that the broker may have sent, so
	// done never waits.
	acks chan uint16
	ears ears
}

// panicError is the reason of a link that ended by a panic of ours.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v\n%s", e.value, e.stack) }

func newSession(lane ingest.Lane, broker *url.URL, opts Options, m *metrics) *session {
	s := &session{
		lane: lane, broker: broker, opts: opts, metrics: m, filters: map[string]byte{},
		log: opts.Log.With().Str("lane", string(lane)).Logger(), received: m.received.WithLabelValues(string(lane)),
	}
	for _, filter := range filters(lane) {
		s.filters[filter] = 1
	}
	s.filters[ingest.WatchdogTopic] = 0
	return s
}

func (s *session) connected() bool {
	l := s.link.Load()
	return l != nil && l.ctx.Err() == nil
}

// run connects again and again until ctx ends.
func (s *session) run(ctx context.Context) error {
	delay := time.Duration(0)
	for tries := 1; ; tries++ {
		started := time.Now()
		err := s.connection(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if broken := new(panicError); errors.As(err, &broken) {
			return fmt.Errorf("mqtt lane %s: %w", s.lane, err)
		}
		if time.Since(started) >= stable {
			delay, tries = 0, 1
		}
		delay = min(max(2*delay, retryFloor), retryCeiling)
		// Half of the pause is left to chance, so that the two sessions, and
		// the nodes of a county, do not come back in step.
		pause := delay/2 + rand.N(delay/2+1)
		s.log.Warn().Err(err).Int("tries", tries).Dur("pause", pause).Msg("no connection with the MQTT broker")
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// connection makes one connection and returns why it ended.
func (s *session) connection(parent context.Context) error {
	ctx, cancel := context.WithCancelCause(parent)
	l := &link{s: s, ctx: ctx, cancel: cancel, acks: make(chan uint16, packetIDs)}
	defer cancel(nil)
	s.limits.resumed(s.away, time.Now()) // before the broker sends what it has kept
	l.client = paho.NewClient(l.options())
	acking := make(chan struct{})
	go func() {
		defer close(acking)
		l.ack()
	}()
	err := l.up()
	if err == nil {
		s.link.Store(l)
		s.metrics.connected.WithLabelValues(string(s.lane)).Set(1)
		s.metrics.connects.WithLabelValues(string(s.lane)).Inc()
		s.log.Info().Str("broker", s.broker.Host).Msg("connected with the MQTT broker and subscribed")
		l.listen()
		err = context.Cause(ctx)
		s.away = time.Now()
		s.link.Store(nil)
		s.metrics.connected.WithLabelValues(string(s.lane)).Set(0)
	} else {
		s.metrics.failures.WithLabelValues(string(s.lane)).Inc()
		cancel(err)
		if cause := context.Cause(ctx); errors.As(cause, new(*panicError)) {
			err = cause
		}
	}
	// The handler and the acknowledgements end with ctx, so paho can too.
	l.client.Disconnect(250)
	// Where paho was still waiting for the broker's answer, the connection must
	// not come up behind our back: it would throw out the next one.
	if c := l.conn.Load(); c != nil {
		_ = c.Close()
	}
	<-acking
	return err
}

func (l *link) options() *paho.ClientOptions {
	o := l.s.opts
	return paho.NewClientOptions().
		AddBroker(brokerString(l.s.broker)).
		SetClientID(o.ClientPrefix + "~" + string(l.s.lane)).
		SetUsername(o.Username).SetPassword(o.Password).
		SetProtocolVersion(4).
		SetCleanSession(false).
		SetKeepAlive(o.KeepAlive).
		SetPingTimeout(connectTimeout).
		SetConnectTimeout(connectTimeout).
		SetWriteTimeout(sendTimeout).
		SetAutoReconnect(false). // run does that, with a fresh client each time
		SetConnectRetry(false).
		SetStore(noStore{}).
		SetConnectionLostHandler(func(_ paho.Client, err error) { l.cancel(fmt.Errorf("connection lost: %w", err)) }).
		SetCustomOpenConnectionFn(func(*url.URL, paho.ClientOptions) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(l.ctx, connectTimeout)
			defer cancel()
			raw, err := dial(ctx, l.s.broker, o.TLS)
			if err != nil {
				return nil, err
			}
			c := newConn(raw, l.receive, func(err error) { l.cancel(fmt.Errorf("connection lost: %w", err)) })
			l.conn.Store(c)
			if l.ctx.Err() != nil {
				_ = c.Close()
				return nil, context.Cause(l.ctx)
			}
			return c, nil
		})
}

// up connects and subscribes.
func (l *link) up() error {
	if err := l.wait(l.client.Connect()); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	subscribed := l.client.SubscribeMultiple(l.s.filters, nil)
	if err := l.wait(subscribed); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	if token, ok := subscribed.(*paho.SubscribeToken); ok {
		for filter, code := range token.Result() {
			switch {
			case code <= 2:
			case filter == ingest.WatchdogTopic:
				l.ears.refused = true
			default:
				return fmt.Errorf("subscribe: the broker refuses %s", filter)
			}
		}
	}
	return nil
}

func (l *link) wait(token paho.Token) error {
	timer := time.NewTimer(2 * connectTimeout)
	defer timer.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-l.ctx.Done():
		// paho closes a refused connection before it says why it was refused.
		timer.Reset(time.Second)
		select {
		case <-token.Done():
			if err := token.Error(); err != nil {
				return err
			}
		case <-timer.C:
		}
		return context.Cause(l.ctx)
	case <-timer.C:
		return errors.New("no answer from the broker")
	}
}

// receive takes one message; no more are read until it returns. Once a message
// of this connection was not taken, none behind it is: it comes again before
// them.
func (l *link) receive(m message) {
	defer func() {
		if value := recover(); value != nil {
			l.cancel(&panicError{value: value, stack: debug.Stack()})
		}
	}()
	if m.topic == ingest.WatchdogTopic {
		l.ears.own(m.payload)
		return
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	l.ears.busy()
	defer l.ears.idle()
	l.s.received.Inc()
	rec := ingest.Record{Message: ingest.Message{Topic: m.topic, Payload: m.payload, Received: now, Retained: m.retained}}
	id := m.id
	done := func(err error) { l.written(id, err) }
	var err error
	if l.s.limits.takes(rec.Topic, now) {
		err = l.s.opts.Journal.Append(l.ctx, l.s.lane, rec, done)
	} else {
		l.s.metrics.excess.Inc()
		err = l.s.opts.Limit.Excess.Append(l.ctx, rec, done)
	}
	if err != nil {
		l.cancel(fmt.Errorf("journal does not take messages: %w", err))
	}
}

// written is told by the journal, from its own goroutine.
func (l *link) written(id uint16, err error) {
	if err != nil {
		l.cancel(fmt.Errorf("journal did not write a message: %w", err))
		return
	}
	if id == 0 {
		return // QoS 0, which nobody acknowledges
	}
	select {
	case l.acks <- id:
	default:
		l.cancel(errors.New("the broker has sent more messages than there are packet ids"))
	}
}

// ack acknowledges what is on disk until the connection ends. It has a
// goroutine of its own because a broker that takes nothing makes it wait, and
// the journal must not. It writes the PUBACKs itself, as many at once as there
// are: through paho each passes two more goroutines and costs a system call of
// its own. paho knows nothing of them, so it may send a ping too many.
func (l *link) ack() {
	acked := l.s.metrics.acked.WithLabelValues(string(l.s.lane))
	var out []byte
	for {
		select {
		case <-l.ctx.Done():
			return
		case id := <-l.acks:
			out = appendPuback(out[:0], id)
		}
		for len(out) < maxAckBytes && len(l.acks) > 0 {
			out = appendPuback(out, <-l.acks)
		}
		if c := l.conn.Load(); c != nil {
			if _, err := c.Write(out); err != nil {
				return // the connection has ended, and says so itself
			}
		}
		acked.Add(float64(len(out) / pubackBytes))
	}
}

const (
	pubackBytes = 4
	maxAckBytes = 4096 * pubackBytes
)

// appendPuback appends a PUBACK of MQTT 3.1.1.
func appendPuback(b []byte, id uint16) []byte {
	return binary.BigEndian.AppendUint16(append(b, packets.Puback<<4, 2), id)
}

func (s *session) publish(ctx context.Context, topic string, payload []byte) error {
	l := s.link.Load()
	if l == nil || l.ctx.Err() != nil {
		return ErrNotConnected
	}
	token := l.client.Publish(topic, 0, false, payload)
	select {
	case <-token.Done():
		return token.Error()
	case <-l.ctx.Done():
		return ErrNotConnected
	case <-ctx.Done():
		return ctx.Err()
	}
}

// noStore keeps nothing: what is unacknowledged is the broker's to keep, and we
// send with QoS 0.
type noStore struct{}

func (noStore) Open()                             {}
func (noStore) Put(string, packets.ControlPacket) {}
func (noStore) Get(string) packets.ControlPacket  { return nil }
func (noStore) All() []string                     { return nil }
func (noStore) Del(string)                        {}
func (noStore) Close()                            {}
func (noStore) Reset()                            {}
