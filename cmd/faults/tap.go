package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	carries int32 = iota
	deaf          // nothing passes, either way; the connections stay up
	shut          // deaf, and new connections are closed
)

// tap is a line between a broker and the service that counts what passes: which
// messages the broker handed over, and which of them the service acknowledged.
type tap struct {
	addr string
	acks atomic.Int64 // of the service, all

	// hush says what becomes of connections. Those that are hushed once stay so.
	hush   atomic.Int32
	mu     sync.Mutex
	handed map[string]int // how often, payloads with their topics
	taken  map[string]bool
	left   int // acknowledgements until do is called
	do     func()
}

func newTap(ctx context.Context, to string) (*tap, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t := &tap{addr: l.Addr().String(), handed: map[string]int{}, taken: map[string]bool{}}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			if t.hush.Load() == shut {
				_ = near.Close()
				continue
			}
			far, err := (&net.Dialer{}).DialContext(ctx, "tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			context.AfterFunc(ctx, func() { _ = near.Close(); _ = far.Close() })
			go t.carry(near, far)
		}
	}()
	return t, nil
}

// writer is a function that is an io.Writer.
type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }

func (t *tap) carry(near, far net.Conn) {
	var mu sync.Mutex
	flying := map[uint16]string{}
	var gone, hushed atomic.Bool
	one := func(to, from net.Conn, see func(kind byte, body []byte)) {
		defer to.Close()   //nolint:errcheck // one end is gone
		defer from.Close() //nolint:errcheck // one end is gone
		r := bufio.NewReader(io.TeeReader(from, writer(func(p []byte) (int, error) {
			if t.hush.Load() != carries {
				hushed.Store(true)
			}
			if hushed.Load() {
				return len(p), nil
			}
			return to.Write(p)
		})))
		for !gone.Load() {
			kind, body, err := readPacket(r)
			if err != nil {
				gone.Store(true)
				return
			}
			if !hushed.Load() {
				see(kind, body)
			}
		}
	}
	go one(near, far, func(kind byte, body []byte) {
		if kind>>4 != 3 || kind&6 == 0 || len(body) < 4 {
			return
		}
		n := int(binary.BigEndian.Uint16(body))
		id := binary.BigEndian.Uint16(body[2+n:])
		key := string(body[2:2+n]) + " " + string(body[4+n:])
		mu.Lock()
		flying[id] = key
		mu.Unlock()
		t.mu.Lock()
		t.handed[key]++
		t.mu.Unlock()
	})
	one(far, near, func(kind byte, body []byte) {
		if kind>>4 != 4 || len(body) < 2 {
			return
		}
		id := binary.BigEndian.Uint16(body)
		mu.Lock()
		key := flying[id]
		delete(flying, id)
		mu.Unlock()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.taken[key] = true
		t.acks.Add(1)
		if t.left--; t.left == 0 {
			t.do()
		}
	})
}

// atTaken calls do when n more messages have been acknowledged by the service.
func (t *tap) atTaken(n int, do func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.left, t.do = n, do
}

// counts is what became of messages on their way through a broker. Acknowledged
// is by the broker, taken by the service; lost is what the broker acknowledged
// and is not stored.
type counts struct{ acked, handed, unhanded, taken, takenLost, stored, lost int }

// count compares with what is stored.
func (t *tap) count(load []*message, have map[string]map[int]bool) (c counts) {
	for _, m := range load {
		handed, taken := t.of(m)
		acked, stored := m.acked.Load(), have[m.device][m.value]
		for n, is := range map[*int]bool{
			&c.acked: acked, &c.handed: handed, &c.unhanded: acked && !handed, &c.taken: taken,
			&c.takenLost: taken && !stored, &c.stored: stored, &c.lost: acked && !stored,
		} {
			if is {
				*n++
			}
		}
	}
	return c
}

// settled is how many of the messages the broker has handed over, once all have
// been or none has come for three seconds.
func (t *tap) settled(ctx context.Context, load []*message) (handed int) {
	for moved := time.Now(); handed < len(load) && time.Since(moved) < 3*time.Second && ctx.Err() == nil; _ = pause(ctx, 100*time.Millisecond) {
		if now := t.count(load, nil).handed; now > handed {
			handed, moved = now, time.Now()
		}
	}
	return handed
}

// of says of a message whether the broker handed it over and whether the service
// acknowledged it.
func (t *tap) of(m *message) (handed, taken bool) {
	key := m.topic + " " + string(m.payload)
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.handed[key] > 0, t.taken[key]
}

// passed is how often the broker has handed the message over.
func (t *tap) passed(m *message) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.handed[m.topic+" "+string(m.payload)]
}
