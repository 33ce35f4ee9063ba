package access

import (
	"sync"
	"time"
)

// After freeFailures wrong passwords in a row the next try on that user name
// must wait 1 s, then 2 s, 4 s and so on up to maxDelay. The ceiling is low on
// purpose: whoever knows a user name can make its owner wait, and the owner may
// be the duty desk.
const (
	freeFailures = 5
	maxDelay     = 2 * time.Minute
	maxNames     = 10_000 // names remembered; when full the oldest goes
)

// lockout counts failed sign-ins by user name, known or not, in memory: who
// guesses cannot restart the service.
type lockout struct {
	mu    sync.Mutex
	names map[string]failures
}

type failures struct {
	count int
	last  time.Time
}

func newLockout() *lockout { return &lockout{names: map[string]failures{}} }

// wait is how long the name must still wait at now.
func (l *lockout) wait(name string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.names[name]
	if f.count < freeFailures {
		return 0
	}
	delay := maxDelay
	if over := f.count - freeFailures; over < 7 {
		delay = min(maxDelay, time.Second<<over)
	}
	return max(0, f.last.Add(delay).Sub(now))
}

func (l *lockout) failed(name string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, known := l.names[name]
	if !known && len(l.names) >= maxNames {
		oldest := ""
		for n, g := range l.names {
			if oldest == "" || g.last.Before(l.names[oldest].last) {
				oldest = n
			}
		}
		delete(l.names, oldest)
	}
	l.names[name] = failures{count: f.count + 1, last: now}
}

func (l *lockout) succeeded(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.names, name)
}
