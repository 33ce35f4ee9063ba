package broker

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
	"golang.org/x/time/rate"
)

// Lines a misbehaving client can cause are written at most linesPerSecond
// times a second (counters count them all).
const (
	linesPerSecond = 10
	linesBurst     = 50
)

// serverLog hands the server's log lines to zerolog and counts those that say
// that a client did what it may not. The server has no other way to tell:
// a forbidden publish is acknowledged to the client like any other.
type serverLog struct {
	log     zerolog.Logger
	metrics *metrics
	limit   *rate.Limiter
	skipped atomic.Int64
	fatal   atomic.Pointer[string]
	store   atomic.Pointer[string] // a stream has failed to write
}

var _ server.Logger = (*serverLog)(nil)

func newServerLog(log zerolog.Logger, m *metrics) *serverLog {
	return &serverLog{log: log, metrics: m, limit: rate.NewLimiter(linesPerSecond, linesBurst)}
}

func (l *serverLog) Debugf(string, ...any) {}
func (l *serverLog) Tracef(string, ...any) {}

func (l *serverLog) Noticef(format string, v ...any) {
	l.log.Debug().Msg(fmt.Sprintf(format, v...))
}

func (l *serverLog) Warnf(format string, v ...any) {
	l.client(func() { l.log.Warn().Msg(fmt.Sprintf(format, v...)) })
}

// Errorf sorts the server's errors by their wording (TestServerWords holds the
// words to the version in use).
func (l *serverLog) Errorf(format string, v ...any) {
	line := fmt.Sprintf(format, v...)
	switch {
	case strings.Contains(line, "Publish Violation"):
		l.metrics.violations.WithLabelValues("publish").Inc()
	case strings.Contains(line, "Subscription Violation"):
		l.metrics.violations.WithLabelValues("subscribe").Inc()
	case strings.Contains(line, server.ErrMaxPayload.Error()+":"):
		l.metrics.violations.WithLabelValues("payload").Inc()
	case strings.Contains(line, "JetStream failed a pipelined"):
		l.metrics.refused.Inc()
	case strings.Contains(line, server.ErrAuthentication.Error()):
		return // the gate has logged it with its reason
	case strings.Contains(line, " - mid:"):
		// Some other trouble with one client: a client can cause it, so it
		// is a warning and limited like the rest.
	default:
		if strings.Contains(line, "ritical write error") {
			l.store.CompareAndSwap(nil, &line)
		}
		l.log.Error().Msg(line)
		return
	}
	l.client(func() { l.log.Warn().Msg(line) })
}

// Fatalf keeps the first fatal error for Run, which returns it; the server
// itself goes on after a fatal line.
func (l *serverLog) Fatalf(format string, v ...any) {
	line := fmt.Sprintf(format, v...)
	l.fatal.CompareAndSwap(nil, &line)
}

func (l *serverLog) fatalError() error {
	if line := l.fatal.Load(); line != nil {
		return fmt.Errorf("broker: %s", *line)
	}
	return nil
}

// client writes a line that a client can cause, within the limit.
func (l *serverLog) client(write func()) {
	if !l.limit.AllowN(time.Now(), 1) {
		l.skipped.Add(1)
		return
	}
	if n := l.skipped.Swap(0); n > 0 {
		l.log.Warn().Int64("lines", n).Msg("lines about clients were left out")
	}
	write()
}
