package publisher

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

const (
	qos = 1
	// patience is how long a broker may take to answer.
	patience  = 30 * time.Second
	keepAlive = 60 * time.Second
)

// Login is how a device, or a vendor's gateway, shows itself to the broker.
type Login struct {
	Broker   string // tcp://host:port or ssl://host:port
	TLS      *tls.Config
	User     string
	Password string
	ClientID string
	// WillTopic and Will are published, retained, when the connection breaks;
	// no will when the topic is "".
	WillTopic string
	Will      []byte
}

// Client is one connection of a device to the broker: clean session, publishes
// only. It does not reconnect; what was not acknowledged is the caller's to send
// again.
type Client struct {
	paho paho.Client
	lost chan struct{}
}

// errLost is a connection that broke before the broker acknowledged.
var errLost = errors.New("connection lost")

// Dial connects. A refusal by the broker is an error and says why.
func Dial(ctx context.Context, l Login) (*Client, error) {
	c := &Client{lost: make(chan struct{})}
	o := paho.NewClientOptions().AddBroker(l.Broker).SetProtocolVersion(4).
		SetClientID(l.ClientID).SetUsername(l.User).SetPassword(l.Password).
		SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetOrderMatters(false).
		SetKeepAlive(keepAlive).SetConnectTimeout(patience).SetWriteTimeout(patience).
		SetMessageChannelDepth(1).
		SetConnectionLostHandler(func(paho.Client, error) { close(c.lost) })
	if l.TLS != nil {
		o.SetTLSConfig(l.TLS)
	}
	if l.WillTopic != "" {
		o.SetBinaryWill(l.WillTopic, l.Will, qos, true)
	}
	c.paho = paho.NewClient(o)
	token := c.paho.Connect()
	select {
	case <-token.Done():
	case <-ctx.Done():
		c.paho.Disconnect(0)
		return nil, ctx.Err()
	}
	if err := token.Error(); err != nil {
		return nil, fmt.Errorf("connect to %s as %s: %w", l.Broker, l.User, err)
	}
	return c, nil
}

// Lost is closed when the connection breaks.
func (c *Client) Lost() <-chan struct{} { return c.lost }

// Close says goodbye; the will is not published.
func (c *Client) Close() { c.paho.Disconnect(100) }

// Begin publishes with QoS 1 and returns at once; wait on the result for the
// broker's acknowledgement.
func (c *Client) Begin(topic string, payload []byte, retained bool) Pending {
	// In a connection that is just breaking paho waits out its whole write
	// timeout; the news of the break comes sooner.
	begun := make(chan paho.Token, 1)
	go func() { begun <- c.paho.Publish(topic, qos, retained, payload) }()
	select {
	case token := <-begun:
		return Pending{token, c.lost}
	case <-c.lost:
		return Pending{nil, c.lost}
	}
}

// Publish publishes with QoS 1 and waits for the acknowledgement.
func (c *Client) Publish(ctx context.Context, topic string, payload []byte, retained bool) error {
	if err := c.Begin(topic, payload, retained).Wait(ctx); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

// Pending is a message on its way.
type Pending struct {
	token paho.Token // nil when it did not get on its way
	lost  <-chan struct{}
}

// Wait returns nil once the broker has acknowledged the message.
func (p Pending) Wait(ctx context.Context) error {
	if p.token == nil {
		return errLost
	}
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case <-p.token.Done():
		return p.token.Error()
	case <-p.lost:
		return errLost
	case <-ctx.Done():
		return ctx.Err()
	case <-timeout.C:
		return fmt.Errorf("no acknowledgement within %s", patience)
	}
}

// backoff is the wait before try n (from 0): doubling from 200 ms, 10 s at most.
func backoff(n int) time.Duration {
	return min(200*time.Millisecond<<min(n, 10), 10*time.Second)
}

// sleep waits, and says whether the whole time has passed.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
