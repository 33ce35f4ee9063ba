// Package mqtt brings what devices publish into the journal. It is the only
// importer of paho.
//
// A client holds two sessions with the broker, one for each lane, so that an
// SOS never waits behind a backlog of telemetry. Sessions outlive connections
// (QoS 1, clean session off), and a message is acknowledged to the broker only
// when the journal has it on disk: what was not acknowledged comes again after
// the next connect. Messages may therefore come twice and, when they come
// again, out of order; between two disturbances they reach the journal in the
// order in which the broker sent them.
//
// Memory is bounded without counting: the next message is read from the network
// only when the journal has taken the one before. What the broker may send
// unacknowledged is its own setting (Mosquitto's max_inflight_messages,
// MaxAckPending of the embedded server) and never more than the 65535 packet ids
// of MQTT. That window should be smaller than the journal's buffer: then a
// journal that stands still leaves the connection up.
// Else the broker's ping replies cannot be read either, and after about 40 s
// the connection is made anew, again and again until the journal moves; nothing
// is lost by it. The size of a message is the broker's to limit
// (message_size_limit of Mosquitto, max_payload of the embedded server).
package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"shouwang/ingest"
)

// ErrNotConnected is returned by Publish while there is no connection.
var ErrNotConnected = errors.New("not connected to the MQTT broker")

// Journal is where messages go. Append blocks while it is full; done is called
// when the record is on disk, or with an error if it never will be.
type Journal interface {
	Append(ctx context.Context, lane ingest.Lane, rec ingest.Record, done func(error)) error
}

// Options of a client.
type Options struct {
	// Broker is tcp://host:port, or mqtts://host:port with TLS.
	Broker             string
	Username, Password string
	// ClientPrefix begins the client ids "<prefix>~event" and
	// "<prefix>~telemetry"; default: the user name. The ids name the sessions
	// on the broker, so they must stay the same over restarts, and no two
	// processes may have the same.
	ClientPrefix string
	TLS          *tls.Config // for mqtts; nil: the system's certificates
	// KeepAlive is how long the connection may be silent before it is probed;
	// 30 s by default.
	KeepAlive time.Duration
	// Watchdog is how often each session publishes to itself; a connection on
	// which then nothing arrives for as long again is made anew. 10 s by
	// default.
	Watchdog time.Duration
	Journal  Journal
	Limit    Limit
	Log      zerolog.Logger
	Metrics  prometheus.Registerer // nil: not registered
}

// Client is the connection with the broker: two sessions.
type Client struct {
	sessions map[ingest.Lane]*session
	limits   *limiter
}

// filters are what each lane subscribes to.
func filters(lane ingest.Lane) []string {
	if lane == ingest.Events {
		return []string{"homecare/v1/+/+/event"}
	}
	return []string{"homecare/v1/+/+/telemetry", "homecare/v1/+/+/status", "homecare/v1/+/+/ack"}
}

// New checks the options; it connects nothing.
func New(opts Options) (*Client, error) {
	broker, err := parseBroker(opts.Broker)
	if err != nil {
		return nil, fmt.Errorf("mqtt: %w", err)
	}
	if opts.Journal == nil {
		return nil, errors.New("mqtt: no journal")
	}
	if opts.Limit.PerMinute > 0 && opts.Limit.Excess == nil {
		return nil, errors.New("mqtt: a rate without a queue for what is beyond it")
	}
	if opts.ClientPrefix == "" {
		opts.ClientPrefix = opts.Username
	}
	if opts.ClientPrefix == "" {
		return nil, errors.New("mqtt: neither user name nor client id prefix")
	}
	if opts.KeepAlive == 0 {
		opts.KeepAlive = 30 * time.Second
	}
	if opts.KeepAlive < time.Second || opts.KeepAlive > 18*time.Hour {
		return nil, fmt.Errorf("mqtt: keep-alive %s is not between 1 s and 18 h", opts.KeepAlive)
	}
	if opts.Watchdog == 0 {
		opts.Watchdog = 10 * time.Second
	}
	if opts.Watchdog < 0 {
		return nil, fmt.Errorf("mqtt: watchdog every %s", opts.Watchdog)
	}
	if opts.TLS == nil {
		opts.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	m := newMetrics(opts.Metrics)
	c := &Client{sessions: map[ingest.Lane]*session{}, limits: newLimiter(opts.Limit)}
	for _, lane := range ingest.Lanes {
		c.sessions[lane] = newSession(lane, broker, opts, m)
	}
	c.sessions[ingest.Telemetry].limits = c.limits
	c.sessions[ingest.Telemetry].away = opts.Limit.Since
	return c, nil
}

// Run keeps both sessions connected until ctx ends, and then returns nil. It
// tries for ever, at most 10 s apart, whatever the broker says. The only error
// is a panic of ours, with its stack.
func (c *Client) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range c.sessions {
		g.Go(func() error { return s.run(ctx) })
	}
	return g.Wait()
}

// Connected says whether both sessions are connected and subscribed.
func (c *Client) Connected() bool {
	for _, s := range c.sessions {
		if !s.connected() {
			return false
		}
	}
	return true
}

// Publish sends a message with QoS 0: nobody confirms that it arrives. It
// returns when it was handed to the connection of the telemetry session, with
// ErrNotConnected if there is none.
func (c *Client) Publish(ctx context.Context, topic string, payload []byte) error {
	if err := checkTopic(topic); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if err := c.sessions[ingest.Telemetry].publish(ctx, topic, payload); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// checkTopic refuses topics for which a broker would close the connection:
// wildcards, and what the embedded server cannot put into a subject.
func checkTopic(topic string) error {
	switch {
	case topic == "" || len(topic) > 1024:
		return fmt.Errorf("topic of %d bytes", len(topic))
	case !utf8.ValidString(topic):
		return errors.New("topic is not UTF-8")
	case strings.ContainsAny(topic, "+#*>"):
		return errors.New("topic with a wildcard")
	case strings.ContainsFunc(topic, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		return errors.New("topic with white space or a control character")
	}
	return nil
}

// brokerString is the form in which paho wants the address.
func brokerString(u *url.URL) string {
	scheme := "tcp"
	if isTLS(u.Scheme) {
		scheme = "ssl"
	}
	return scheme + "://" + u.Host
}
