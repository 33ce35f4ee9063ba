package journal

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"shouwang/ingest"
)

// testServer is a real server that can be stopped and started again with the
// same address and store.
type testServer struct {
	tb   testing.TB
	opts *server.Options
	srv  *server.Server
}

func startServer(tb testing.TB) *testServer {
	tb.Helper()
	s := &testServer{tb: tb, opts: &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, NoSigs: true, NoLog: true,
		JetStream: true, StoreDir: tb.TempDir(), SyncAlways: true,
	}}
	s.start()
	tb.Cleanup(s.stop)
	return s
}

func (s *testServer) start() {
	s.tb.Helper()
	srv, err := server.NewServer(s.opts)
	if err != nil {
		s.tb.Fatal(err)
	}
	srv.Start()
	if !srv.ReadyForConnections(10 * time.Second) {
		s.tb.Fatal("server does not start")
	}
	s.opts.Port = srv.Addr().(*net.TCPAddr).Port
	s.srv = srv
}

func (s *testServer) stop() {
	if s.srv != nil {
		s.srv.Shutdown()
		s.srv.WaitForShutdown()
		s.srv = nil
	}
}

func (s *testServer) connect() *nats.Conn {
	s.tb.Helper()
	nc, err := nats.Connect(s.srv.ClientURL(), nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond),
		nats.ReconnectJitter(0, 0))
	if err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(nc.Close)
	return nc
}

func openJournal(tb testing.TB, nc *nats.Conn, opts Options) *Journal {
	tb.Helper()
	if opts.StopTimeout == 0 {
		opts.StopTimeout = time.Second
	}
	opts.Log = zerolog.New(zerolog.NewTestWriter(tb)).Level(zerolog.WarnLevel)
	j, err := Open(tb.Context(), nc, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return j
}

// running starts f and returns a function that ends it and waits for its end.
func running(tb testing.TB, f func(context.Context) error) (stop func() error) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	var err error
	stopped := false
	stop = func() error {
		cancel()
		if !stopped {
			stopped = true
			err = <-ended
		}
		return err
	}
	tb.Cleanup(func() { _ = stop() })
	return stop
}

func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(deadline) {
			tb.Fatalf("not within 30 s: %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func record(text string) ingest.Record {
	return ingest.Record{Message: ingest.Message{Topic: "t", Payload: []byte(text), Received: someTime}}
}

// write appends the record and waits until it is on disk.
func write(tb testing.TB, j *Journal, lane ingest.Lane, rec ingest.Record) {
	tb.Helper()
	done := make(chan error, 1)
	if err := j.Append(tb.Context(), lane, rec, func(err error) { done <- err }); err != nil {
		tb.Fatal(err)
	}
	if err := <-done; err != nil {
		tb.Fatal(err)
	}
}
