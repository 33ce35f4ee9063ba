package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// fleet publishes messages with QoS 1 as devices do: what is not acknowledged is
// sent again after the next connect, what is acknowledged never again. So a
// message that is missing at the end and was acknowledged once is lost.
type fleet struct {
	addr, user, password string
	name                 string // tells fleets of one user apart
	connections          int
	inFlight             int
	perSecond            float64     // 0: as fast as it goes
	hold                 func() bool // nil: never; asked before each message

	published, acked, resent, connects, heldFor atomic.Int64

	mu    sync.Mutex
	state []string // of each connection: what it waits for, or why the last one ended
}

// stalledError says for what a fleet has waited in vain.
type stalledError struct{ text string }

func (e *stalledError) Error() string { return e.text }

// run publishes until all messages are acknowledged or ctx ends, which is no
// error. It is one when for the time of patience no acknowledgement comes. A
// connection has every connections-th message, in their order.
func (f *fleet) run(ctx context.Context, messages []*message) error {
	ctx, give := context.WithCancelCause(ctx)
	defer give(nil)
	f.mu.Lock()
	f.state = make([]string, f.connections)
	f.mu.Unlock()
	var under sync.WaitGroup
	began := time.Now()
	for c := range f.connections {
		var own []*message
		for i := c; i < len(messages); i += f.connections {
			own = append(own, messages[i])
		}
		under.Go(func() { f.deliver(ctx, c, own, began) })
	}
	done := make(chan struct{})
	go func() { defer close(done); under.Wait() }()
	for last, since := f.acked.Load(), time.Now(); ; {
		select {
		case <-done:
			if stuck := new(stalledError); errors.As(context.Cause(ctx), &stuck) {
				return stuck
			}
			return nil
		case <-time.After(time.Second):
		}
		if now := f.acked.Load(); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) > patience {
			give(&stalledError{fmt.Sprintf("nothing was acknowledged for %v, %d of %d messages are: %s",
				patience, acknowledged(messages), len(messages), f.states())})
		}
	}
}

// held is how long hold has held it up, on average over its connections.
func (f *fleet) held() time.Duration {
	return time.Duration(f.heldFor.Load() / int64(f.connections))
}

// start is run beside the caller, until wait or stop.
func (f *fleet) start(ctx context.Context, messages []*message) *publishing {
	ctx, end := context.WithCancel(ctx)
	p := &publishing{end: end, done: make(chan struct{})}
	go func() { defer close(p.done); p.err = f.run(ctx, messages) }()
	return p
}

// publishing is a fleet at work.
type publishing struct {
	end  context.CancelFunc
	done chan struct{}
	err  error
}

// wait returns when all is acknowledged.
func (p *publishing) wait() error {
	<-p.done
	p.end()
	return p.err
}

// stop ends it where it is.
func (p *publishing) stop() error {
	p.end()
	return p.wait()
}

func (f *fleet) says(number int, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state[number] = fmt.Sprintf(format, args...)
}

func (f *fleet) states() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.state, "; ")
}

func (f *fleet) deliver(ctx context.Context, number int, own []*message, began time.Time) {
	for ctx.Err() == nil && len(own) > 0 {
		err := f.connection(ctx, number, own, began) // it broke, as was intended
		for len(own) > 0 && own[0].acked.Load() {
			own = own[1:]
		}
		if len(own) > 0 {
			f.says(number, "connection ended: %v", err)
			_ = pause(ctx, 50*time.Millisecond)
		}
	}
	f.says(number, "done")
}

// connection sends what is not acknowledged over one connection.
func (f *fleet) connection(ctx context.Context, number int, own []*message, began time.Time) error {
	dialer := net.Dialer{Timeout: 10 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", f.addr)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer conn.Close() //nolint:errcheck // it may be broken already
	r := bufio.NewReader(conn)
	id := fmt.Sprintf("%s~%s%d", f.user, f.name, number)
	if f.user == "" {
		id = fmt.Sprintf("fleet-%s%d", f.name, number)
	}
	f.says(number, "waits for the CONNACK")
	if err := greet(conn, r, id, f.user, f.password); err != nil {
		return err
	}
	f.connects.Add(1)
	f.says(number, "waits for PUBACKs")

	flying := make(chan struct{}, f.inFlight)
	var mu sync.Mutex
	waiting := map[uint16]*message{}
	broken := make(chan struct{})
	var reader sync.WaitGroup
	defer reader.Wait()
	defer conn.Close() //nolint:errcheck // ends the reader
	reader.Go(func() {
		defer close(broken)
		for {
			kind, body, err := readPacket(r)
			if err != nil {
				return
			}
			if kind>>4 != 4 || len(body) < 2 {
				continue
			}
			id := binary.BigEndian.Uint16(body)
			mu.Lock()
			m := waiting[id]
			delete(waiting, id)
			mu.Unlock()
			if m != nil {
				if !m.acked.Swap(true) {
					f.acked.Add(1)
				}
				<-flying
			}
		}
	})
	w := bufio.NewWriter(conn)
	next := uint16(0)
	for i, m := range own {
		if m.acked.Load() {
			continue
		}
		if f.perSecond > 0 {
			due := began.Add(time.Duration(float64(i*f.connections+number) / f.perSecond * float64(time.Second)))
			if wait := time.Until(due); wait > 0 {
				if err := w.Flush(); err != nil {
					return err
				}
				select {
				case <-broken:
					return io.ErrUnexpectedEOF
				case <-time.After(wait):
				}
			}
		}
		for f.hold != nil && f.hold() {
			since := time.Now()
			if err := w.Flush(); err != nil {
				return err
			}
			select {
			case <-broken:
				return io.ErrUnexpectedEOF
			case <-time.After(time.Millisecond):
			}
			f.heldFor.Add(int64(time.Since(since)))
		}
		select {
		case flying <- struct{}{}:
		default:
			if err := w.Flush(); err != nil {
				return err
			}
			select {
			case flying <- struct{}{}:
			case <-broken:
				return io.ErrUnexpectedEOF
			}
		}
		mu.Lock()
		for next++; next == 0 || waiting[next] != nil; next++ {
		}
		waiting[next] = m
		mu.Unlock()
		again := byte(0)
		if m.sentAt.CompareAndSwap(0, time.Now().UnixMicro()) {
			f.published.Add(1)
		} else {
			again = 8
			f.resent.Add(1)
		}
		if _, err := w.Write(publishPacket(m, next, again)); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for range f.inFlight { // all are back when all places are free
		select {
		case flying <- struct{}{}:
		case <-broken:
			return io.ErrUnexpectedEOF
		}
	}
	_, err = conn.Write([]byte{0xe0, 0})
	return err
}

func greet(w io.Writer, r *bufio.Reader, id, user, password string) error {
	flags := byte(2)
	if user != "" {
		flags |= 0xc0
	}
	body := append([]byte{0, 4, 'M', 'Q', 'T', 'T', 4, flags, 0, 0}, text(id)...)
	if user != "" {
		body = append(append(body, text(user)...), text(password)...)
	}
	if _, err := w.Write(packet(0x10, body)); err != nil {
		return err
	}
	kind, answer, err := readPacket(r)
	if err != nil {
		return err
	}
	if kind != 0x20 || len(answer) != 2 || answer[1] != 0 {
		return fmt.Errorf("not let in: %x %x", kind, answer)
	}
	return nil
}

func publishPacket(m *message, id uint16, flags byte) []byte {
	if m.retained {
		flags |= 1
	}
	body := binary.BigEndian.AppendUint16(text(m.topic), id)
	return packet(0x32|flags, append(body, m.payload...))
}

func text(s string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...) //nolint:gosec // short
}

func packet(kind byte, body []byte) []byte {
	out := []byte{kind}
	for n := len(body); ; {
		b := byte(n & 127)
		if n >>= 7; n > 0 {
			b |= 128
		}
		out = append(out, b)
		if n == 0 {
			break
		}
	}
	return append(out, body...)
}

var errPacket = errors.New("not an MQTT packet")

func readPacket(r *bufio.Reader) (kind byte, body []byte, err error) {
	if kind, err = r.ReadByte(); err != nil {
		return 0, nil, err
	}
	n := 0
	for shift := 0; ; shift += 7 {
		b, err := r.ReadByte()
		if err != nil {
			return 0, nil, err
		}
		n |= int(b&127) << shift
		if b < 128 {
			break
		}
		if shift > 21 {
			return 0, nil, errPacket
		}
	}
	body = make([]byte, n)
	_, err = io.ReadFull(r, body)
	return kind, body, err
}
