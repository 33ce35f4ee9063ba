package access

import (
	"sync"
	"time"
)

// A key (a user name, an address) may fail some times for free. After that the
// next try must wait 1 s, then 2 s, 4 s and so on up to a ceiling. The ceilings
// are low on purpose: whoever knows a user name, or works behind the same
// address, can make others wait, and they may be the duty desk.
const (
	freeOfName    = 5
	ceilingOfName = 2 * time.Minute
	// Many people may work behind one address, and a shift begins together.
	freeOfAddress    = 20
	ceilingOfAddress = 30 * time.Second
	// Only who knows the password can fail with a code.
	freeOfCode    = 5
	ceilingOfCode = 15 * time.Minute
	// forgetAfter is how long after its last failure a key is as new.
	forgetAfter = time.Hour
	maxKeys     = 10_000 // keys remembered; when full the oldest goes
)

// lockout counts failed sign-ins by key in memory: who guesses cannot restart
// the service.
type lockout struct {
	free    int
	ceiling time.Duration

	mu   sync.Mutex
	keys map[string]failures
}

type failures struct {
	count int
	last  time.Time
}

func newLockout(free int, ceiling time.Duration) *lockout {
	return &lockout{free: free, ceiling: ceiling, keys: map[string]failures{}}
}

// try counts a try as failed and returns 0, or returns how long the key must
// still wait. It is counted before it is known to fail, so that many tries at
// once are not one.
func (l *lockout) try(key string, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, known := l.keys[key]
	if now.Sub(f.last) >= forgetAfter {
		f.count = 0
	}
	if over := f.count - l.free; over >= 0 {
		delay := l.ceiling
		if over < 20 {
			delay = min(l.ceiling, time.Second<<over)
		}
		if wait := f.last.Add(delay).Sub(now); wait > 0 {
			return wait
		}
	}
	if !known && len(l.keys) >= maxKeys {
		l.dropOldest()
	}
	l.keys[key] = failures{count: f.count + 1, last: now}
	return 0
}

func (l *lockout) dropOldest() {
	oldest := ""
	for k, f := range l.keys {
		if oldest == "" || f.last.Before(l.keys[oldest].last) {
			oldest = k
		}
	}
	delete(l.keys, oldest)
}

// undo takes one try back: it did not fail.
func (l *lockout) undo(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.keys[key]; f.count > 1 {
		f.count--
		l.keys[key] = f
	} else {
		delete(l.keys, key)
	}
}

// forget makes the key as new.
func (l *lockout) forget(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.keys, key)
}
