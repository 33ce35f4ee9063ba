package mqtt

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"shouwang/ingest"
)

// countingConn counts the writes that reach the network.
type countingConn struct {
	net.Conn
	writes atomic.Int64
}

func (c *countingConn) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

func tcpPair(t *testing.T) (ours *countingConn, theirs net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	raw, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	theirs, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = raw.Close(), theirs.Close() })
	return &countingConn{Conn: raw}, theirs
}

func TestConnSendsTogetherAndAll(t *testing.T) {
	raw, theirs := tcpPair(t)
	c := newConn(raw, func(message) {}, func(error) {})
	const n = 50_000
	var want bytes.Buffer
	go func() {
		for i := range n {
			if _, err := c.Write([]byte{0x40, 2, byte(i >> 8), byte(i)}); err != nil {
				t.Error(err)
				return
			}
		}
		_ = c.Close() // sends what waits first
	}()
	for i := range n {
		want.Write([]byte{0x40, 2, byte(i >> 8), byte(i)})
	}
	got, err := io.ReadAll(theirs)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%d bytes came, %d were written, or in another order", len(got), want.Len())
	}
	if writes := raw.writes.Load(); writes > n/2 {
		t.Errorf("%d system calls for %d writes", writes, n)
	} else {
		t.Logf("%d system calls for %d writes", writes, n)
	}
	if _, err := c.Write([]byte{1}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write after close: %v", err)
	}
}

func TestConnSendsAtOnce(t *testing.T) {
	raw, theirs := tcpPair(t)
	c := newConn(raw, func(message) {}, func(error) {})
	const n = 200
	var total time.Duration
	buf := make([]byte, 4)
	for range n {
		started := time.Now()
		if _, err := c.Write([]byte("ping")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(theirs, buf); err != nil {
			t.Fatal(err)
		}
		total += time.Since(started)
	}
	t.Logf("mean %s", total/n)
	if total/n > 2*time.Millisecond { // about 20 µs; other work on the machine is allowed for
		t.Errorf("mean latency %s", total/n)
	}
}

func TestConnTellsErrors(t *testing.T) {
	raw, theirs := tcpPair(t)
	down := make(chan error, 2)
	c := newConn(raw, func(message) {}, func(err error) { down <- err })
	// Nobody reads: Write must wait for room, not pile up.
	stuck := make(chan error, 1)
	var written atomic.Int64
	go func() {
		chunk := make([]byte, 8<<10)
		for {
			if _, err := c.Write(chunk); err != nil {
				stuck <- err
				return
			}
			written.Add(int64(len(chunk)))
		}
	}()
	for before := int64(-1); written.Load() != before; time.Sleep(100 * time.Millisecond) {
		before = written.Load()
	}
	c.mu.Lock()
	if len(c.pending) > writeLimit {
		t.Errorf("%d bytes pile up", len(c.pending))
	}
	c.mu.Unlock()
	_ = theirs.(*net.TCPConn).SetLinger(0)
	_ = theirs.Close()
	select {
	case err := <-stuck:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(time.Minute):
		t.Fatal("Write does not learn of the end")
	}
	if err := <-down; err == nil {
		t.Error("down without a reason")
	}
	if _, err := c.Write([]byte{1}); err == nil {
		t.Error("Write goes on after an error")
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("Read goes on after an error")
	}
	_ = c.Close()
	if len(down) != 0 {
		t.Error("down called twice")
	}
}

func TestTLS(t *testing.T) {
	// httptest has a certificate for 127.0.0.1 and the pool to check it with.
	web := httptest.NewTLSServer(nil)
	certificates := web.TLS.Certificates
	pool := x509.NewCertPool()
	pool.AddCert(web.Certificate())
	web.Close()
	b := &embedded{
		tb: t, users: map[string]string{service: "secret"}, dir: t.TempDir(),
		tls: &tls.Config{Certificates: certificates, MinVersion: tls.VersionTLS12},
	}
	b.start()
	t.Cleanup(b.stop)
	opts := Options{
		Broker: strings.Replace(b.url(), "tcp:", "mqtts:", 1), Username: service, Password: "secret",
		Journal: newTestJournal(), Log: zerolog.Nop(),
		TLS: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
	}
	trusting, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = trusting.Run(t.Context()) }()
	eventually(t, "connected with TLS", trusting.Connected)

	opts.TLS = nil // the system's certificates do not know ours
	wary, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := wary.sessions[ingest.Events].connection(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown certificate: %v", err)
	}
}
