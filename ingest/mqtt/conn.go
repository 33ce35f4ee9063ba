package mqtt

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

const (
	readBuffer = 128 << 10 // more than comes in gatherMuch
	// gather is the least time between two reads from the network: after a pause
	// a message is read at once, under load many together. A broker sends each
	// with a system call of its own, and a read and a wake-up for each would be a
	// fifth of all we do. After a read that brought much, some 30 messages, it is
	// gatherMuch: not always, since a broker that lets only 20 be in flight
	// (Mosquitto's default) would stand still meanwhile.
	gather     = time.Millisecond
	gatherMuch = 5 * time.Millisecond
	much       = 4 << 10
	// writeLimit is how much may wait to be sent before Write waits itself.
	writeLimit = 64 << 10
	// sendTimeout bounds one write to the network: a peer that takes nothing
	// for so long is gone.
	sendTimeout = 10 * time.Second
	// closeTimeout is how long Close still sends what waits.
	closeTimeout = time.Second
)

// conn is a connection that reads ahead and sends in the background what was
// written: paho reads packets byte by byte, which costs a system call each time.
// What is written is sent at once when nothing is being sent, else together as
// soon as that is through; no timer is involved.
//
// Messages do not come as far as paho: where its next packet would begin, those
// that stand before it are handed over, one after the other. Through paho each
// passes three more goroutines and a dozen allocations, 4 µs.
//
// An error of sending closes the connection, so that the reader notices, and is
// returned by the next Write.
type conn struct {
	net.Conn
	reader *bufio.Reader
	take   func(message) // called from Read, which waits for it
	rest   int           // bytes of a packet that paho has begun to read
	last   time.Time     // of the last read from the network for a new packet
	got    int           // bytes of messages it brought
	down   func(error)   // called once, when the connection is of no use any more
	once   sync.Once

	mu      sync.Mutex
	changed sync.Cond // pending, sending or err changed
	pending []byte
	spare   []byte // the other of the two buffers
	sending bool
	err     error // from then on nothing is written
}

// newConn takes over raw. take is called with each message, in order. down is
// called once, from any goroutine, with the first error, or net.ErrClosed after
// Close.
func newConn(raw net.Conn, take func(message), down func(error)) *conn {
	c := &conn{Conn: raw, reader: bufio.NewReaderSize(raw, readBuffer), take: take, down: down}
	c.changed.L = &c.mu
	return c
}

// Read gives paho its packets, and hands over the messages between them.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.read(p)
	if err != nil {
		c.once.Do(func() { c.down(err) })
	}
	return n, err
}

func (c *conn) read(p []byte) (int, error) {
	for c.rest == 0 {
		if c.reader.Buffered() == 0 {
			pause := gather
			if c.got > much {
				pause = gatherMuch
			}
			time.Sleep(pause - time.Since(c.last))
			c.last, c.got = time.Now(), 0
		}
		first, header, rest, err := nextPacket(c.reader)
		if err != nil {
			return 0, err
		}
		if first>>4 != packets.Publish {
			c.rest = header + rest
			break
		}
		m, err := readPublish(c.reader, first, header, rest)
		if err != nil {
			return 0, err
		}
		c.got += header + rest
		c.take(m)
	}
	n, err := c.reader.Read(p[:min(len(p), c.rest)])
	c.rest -= n
	return n, err
}

// Write takes all of p, and waits while more than writeLimit waits to be sent.
func (c *conn) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.err == nil && len(c.pending) > 0 && len(c.pending)+len(p) > writeLimit {
		c.changed.Wait()
	}
	if c.err != nil {
		return 0, c.err
	}
	c.pending = append(c.pending, p...)
	if !c.sending {
		c.sending = true
		go c.send()
	}
	return len(p), nil
}

// send sends until nothing is pending.
func (c *conn) send() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.pending) > 0 && c.err == nil {
		out := c.pending
		c.pending = c.spare[:0]
		c.mu.Unlock()
		err := c.Conn.SetWriteDeadline(time.Now().Add(sendTimeout))
		if err == nil {
			_, err = c.Conn.Write(out)
		}
		c.mu.Lock()
		if cap(out) <= 2*writeLimit {
			c.spare = out[:0]
		}
		if err != nil && c.err == nil {
			c.err = fmt.Errorf("send: %w", err)
			_ = c.Conn.Close()
			c.once.Do(func() { c.down(c.err) })
		}
		c.changed.Broadcast()
	}
	c.sending = false
	c.changed.Broadcast()
}

// Close sends what waits, for at most closeTimeout, and closes.
func (c *conn) Close() error {
	timer := time.AfterFunc(closeTimeout, func() { _ = c.Conn.Close() })
	defer timer.Stop()
	c.mu.Lock()
	for c.sending && c.err == nil {
		c.changed.Wait()
	}
	if c.err == nil {
		c.err = net.ErrClosed
	}
	c.changed.Broadcast()
	c.mu.Unlock()
	err := c.Conn.Close()
	c.once.Do(func() { c.down(net.ErrClosed) })
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// SetDeadline sets the one for reading; sending has its own.
func (c *conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetWriteDeadline does nothing: sending has its own.
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

// dial opens the connection to the broker, with TLS where the URL says so.
func dial(ctx context.Context, broker *url.URL, config *tls.Config) (net.Conn, error) {
	dialer := &net.Dialer{KeepAlive: 15 * time.Second}
	if !isTLS(broker.Scheme) {
		return dialer.DialContext(ctx, "tcp", broker.Host)
	}
	return (&tls.Dialer{NetDialer: dialer, Config: config}).DialContext(ctx, "tcp", broker.Host)
}

func isTLS(scheme string) bool { return scheme == "ssl" || scheme == "tls" || scheme == "mqtts" }

// parseBroker accepts tcp://, mqtt://, ssl://, tls:// and mqtts:// with a host
// and adds the usual port where there is none.
func parseBroker(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("broker address: %w", err)
	}
	switch u.Scheme {
	case "tcp", "mqtt", "ssl", "tls", "mqtts":
	default:
		return nil, fmt.Errorf("broker address: scheme %q is none of tcp, mqtt, ssl, tls, mqtts", u.Scheme)
	}
	if u.Hostname() == "" {
		return nil, errors.New("broker address: no host")
	}
	if u.User != nil {
		return nil, errors.New("broker address: user and password do not belong into it")
	}
	if u.Port() == "" {
		port := "1883"
		if isTLS(u.Scheme) {
			port = "8883"
		}
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, nil
}
