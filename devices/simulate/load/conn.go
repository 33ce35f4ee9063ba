package load

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

// conn is one client of the broker, over as many connections as it takes.
type conn struct {
	r              *run
	i              int
	user, password string
	maker          maker
	sources        []source
	next           int   // the source whose turn it is
	sent, left     int64 // messages made, and still to be made
	payload        []byte
	connected      bool // once

	// A message holds a slot, and its packet id, from when it is made until it
	// is acknowledged.
	slots []slot
	free  chan uint16 // ids; slot id-1
}

// slot holds a message that is not acknowledged.
type slot struct {
	packet []byte
	due    atomic.Int64 // Unix nanoseconds; 0 when free
}

var errSilent = fmt.Errorf("the broker has acknowledged nothing for %s", patience)

// run sends the connection's share. It comes back after a broken connection,
// but not before the first has stood: that tells what is wrong with the login.
func (c *conn) run(ctx context.Context) error {
	for try := 0; ; try++ {
		before := c.sent
		err := c.session(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !c.connected {
			return fmt.Errorf("connect to %s: %w", c.r.Address, err)
		}
		if c.sent > before {
			try = 0
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(min(100*time.Millisecond<<min(try, 10), 5*time.Second)):
		}
	}
}

// session is one connection; nil means that everything is sent and
// acknowledged.
func (c *conn) session(ctx context.Context) error {
	c.r.dials <- struct{}{}
	raw, reader, err := c.dial(ctx)
	<-c.r.dials
	if err != nil {
		return err
	}
	broken := make(chan struct{}) // closed when nothing more is read
	unhook := context.AfterFunc(ctx, func() { _ = raw.Close() })
	go func() {
		defer close(broken)
		defer raw.Close() //nolint:errcheck // it is of no use any more
		c.read(reader)
	}()
	defer func() {
		unhook()
		_ = raw.Close()
		<-broken
	}()
	c.r.stats.connects.Add(1)
	if !c.connected {
		c.connected = true
		c.r.ready.Done()
	}
	select {
	case <-c.r.started:
	case <-ctx.Done():
		return ctx.Err()
	}
	w := bufio.NewWriterSize(raw, 8<<10)
	if err := c.again(w); err != nil {
		return err
	}
	if err := c.publish(ctx, w, broken); err != nil {
		return err
	}
	if err := c.drain(ctx, w, broken); err != nil {
		return err
	}
	_, err = raw.Write([]byte{typeDisconnect, 0})
	return err
}

func (c *conn) dial(ctx context.Context) (net.Conn, *bufio.Reader, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var raw net.Conn
	var err error
	if c.r.TLS != nil {
		raw, err = (&tls.Dialer{Config: c.r.TLS}).DialContext(ctx, "tcp", c.r.Address)
	} else {
		raw, err = (&net.Dialer{}).DialContext(ctx, "tcp", c.r.Address)
	}
	if err != nil {
		return nil, nil, err
	}
	reader := bufio.NewReaderSize(raw, 4<<10)
	err = raw.SetDeadline(time.Now().Add(patience))
	if err == nil {
		_, err = raw.Write(appendConnect(nil, c.user, c.password))
	}
	if err == nil {
		err = connack(reader)
	}
	if err == nil {
		err = raw.SetDeadline(time.Time{})
	}
	if err != nil {
		_ = raw.Close()
		return nil, nil, err
	}
	return raw, reader, nil
}

// read takes acknowledgements until the connection breaks.
func (c *conn) read(r *bufio.Reader) {
	for {
		first, content, err := readPacket(r)
		if err != nil {
			return
		}
		if first&0xf0 != typePuback {
			continue
		}
		id := binary.BigEndian.Uint16(content[:])
		if id == 0 || int(id) > len(c.slots) {
			continue
		}
		// One that is acknowledged twice counts once.
		if due := c.slots[id-1].due.Swap(0); due != 0 {
			c.r.times.Add(time.Duration(time.Now().UnixNano() - due))
			c.r.stats.acknowledged.Add(1)
			c.free <- id
		}
	}
}

// again sends what the connection before has left unacknowledged.
func (c *conn) again(w *bufio.Writer) error {
	for i := range c.slots {
		if s := &c.slots[i]; s.due.Load() != 0 {
			c.r.stats.resent.Add(1)
			if _, err := w.Write(s.packet); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// publish makes and sends messages until the limit is reached.
func (c *conn) publish(ctx context.Context, w *bufio.Writer, broken <-chan struct{}) error {
	end := time.Time{}
	if c.r.Duration > 0 {
		end = c.r.start.Add(c.r.Duration)
	}
	for c.left > 0 {
		due := time.Now()
		if c.r.Rate > 0 {
			now := due
			due = c.r.due(c.i, c.sent)
			if !end.IsZero() && !due.Before(end) {
				break
			}
			if wait := due.Sub(now); wait > 0 {
				if err := w.Flush(); err != nil {
					return err
				}
				if err := c.wait(ctx, wait, broken); err != nil {
					return err
				}
			}
		} else if !end.IsZero() && !due.Before(end) {
			break
		}
		if err := c.send(ctx, w, due, broken); err != nil {
			return err
		}
	}
	c.left = 0 // the time is over, for a next connection too
	return w.Flush()
}

func (c *conn) wait(ctx context.Context, d time.Duration, broken <-chan struct{}) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-broken:
		return errBroken
	case <-ctx.Done():
		return ctx.Err()
	}
}

var errBroken = errors.New("connection lost")

// send makes one message and writes it, when there is room in flight.
func (c *conn) send(ctx context.Context, w *bufio.Writer, due time.Time, broken <-chan struct{}) error {
	id := uint16(0)
	if c.r.QoS > 0 {
		var err error
		if id, err = c.slot(ctx, w, broken); err != nil {
			return err
		}
	}
	s := &c.sources[c.next]
	c.next = (c.next + 1) % len(c.sources)
	c.payload = c.maker.message(c.payload[:0], s, time.Now().UnixMilli())
	c.sent++
	c.left--
	c.r.stats.messages.Add(1)
	c.r.stats.bytes.Add(int64(len(c.payload)))
	held := &c.slots[max(id, 1)-1]
	held.packet = appendPublish(held.packet[:0], s.topic, c.payload, c.r.QoS, id)
	if id > 0 {
		held.due.Store(due.UnixNano())
	}
	_, err := w.Write(held.packet)
	return err
}

// slot waits for a free one. Before it waits, all that is written goes out.
func (c *conn) slot(ctx context.Context, w *bufio.Writer, broken <-chan struct{}) (uint16, error) {
	select {
	case id := <-c.free:
		return id, nil
	default:
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case id := <-c.free:
		return id, nil
	case <-broken:
		return 0, errBroken
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-timer.C:
		return 0, errSilent
	}
}

// drain waits until everything is acknowledged.
func (c *conn) drain(ctx context.Context, w *bufio.Writer, broken <-chan struct{}) error {
	if c.r.QoS == 0 {
		return nil
	}
	taken := make([]uint16, 0, len(c.slots))
	defer func() { // for a next connection
		for _, id := range taken {
			c.free <- id
		}
	}()
	for len(taken) < len(c.slots) {
		id, err := c.slot(ctx, w, broken)
		if err != nil {
			return err
		}
		taken = append(taken, id)
	}
	return nil
}
