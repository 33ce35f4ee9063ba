package mqtt

import (
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"shouwang/ingest"
)

// errDeaf ends a connection that is up, as far as pings tell, and carries no
// messages.
var errDeaf = errors.New("the connection is up but deaf: nothing arrives, not even what we sent ourselves")

// ears know when something was last heard on a connection.
type ears struct {
	refused bool // the broker does not let us hear ourselves; set before listening

	mu      sync.Mutex
	voice   string    // what we say
	proven  bool      // we have heard ourselves on this connection
	heard   time.Time // the last message of any kind
	working bool      // a message is being handed to the journal
}

// own takes what was said on the topic of the watchdog, by whomever.
func (e *ears) own(voice []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if string(voice) == e.voice {
		e.proven, e.heard = true, time.Now()
	}
}

func (e *ears) busy() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.working = true
}

func (e *ears) idle() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.working, e.heard = false, time.Now()
}

// deafSince says whether nothing was heard since then. While the journal takes
// its time with a message nothing can be heard, and where we have never heard
// ourselves (the broker may not allow it) silence proves nothing.
func (e *ears) deafSince(then time.Time) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.proven && !e.working && e.heard.Before(then)
}

// listen publishes to ourselves again and again, and ends the connection when
// nothing has arrived between two times. It returns when the connection ends.
func (l *link) listen() {
	if l.ears.refused {
		l.s.log.Warn().Str("topic", ingest.WatchdogTopic).Msg("the broker does not allow the watchdog's topic; a deaf connection is noticed late")
		<-l.ctx.Done()
		return
	}
	voice := rand.Text()
	l.ears.mu.Lock()
	l.ears.voice = voice
	l.ears.mu.Unlock()
	ticker := time.NewTicker(l.s.opts.Watchdog)
	defer ticker.Stop()
	spoken := time.Time{}
	for {
		if l.ears.deafSince(spoken) {
			l.s.metrics.deaf.WithLabelValues(string(l.s.lane)).Inc()
			l.cancel(errDeaf)
		}
		if l.ctx.Err() != nil {
			return
		}
		spoken = time.Now()
		l.client.Publish(ingest.WatchdogTopic, 0, false, voice)
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
