package dashboard

import (
	"sync"
	"time"

	"shouwang/dashboard/access"
)

// watchedFor is for how long a board counts as watched after its page has last
// said so: pages say it every 15 s while somebody is there, so one may get lost.
const watchedFor = 40 * time.Second

// Presence knows who sits at a board. A page says so by its `seen` frames, which
// it sends only while it is shown and somebody has touched keys or mouse of late;
// that a connection is open says nothing. It is kept in memory: after a restart
// pages come back within seconds.
type Presence struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// NewPresence makes one that knows of nobody.
func NewPresence() *Presence { return &Presence{last: map[string]time.Time{}} }

// Watching says whether the user sits at a board at a time, by what is known.
func (p *Presence) Watching(user string, at time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	last, ok := p.last[user]
	return ok && at.Sub(last) <= watchedFor
}

// Watchers are those who do.
func (p *Presence) Watchers(at time.Time) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var users []string
	for u, last := range p.last {
		if at.Sub(last) <= watchedFor {
			users = append(users, u)
		}
	}
	return users
}

func (p *Presence) note(user string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last[user] = at
}

// isDesk says whether a board of the role is one at which alerts are answered: to
// be shown there is to be delivered.
func isDesk(r access.Role) bool { return r == access.Duty || r == access.TownDuty }
