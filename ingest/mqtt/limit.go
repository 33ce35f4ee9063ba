package mqtt

import (
	"context"
	"strings"
	"sync"
	"time"

	"shouwang/devices"
	"shouwang/ingest"
)

// Excess is where messages go that a device sends beyond its rate. Append is
// that of Journal.
type Excess interface {
	Append(ctx context.Context, rec ingest.Record, done func(error)) error
}

// Limit bounds what one device may send in the telemetry lane; events are never
// limited.
type Limit struct {
	// PerMinute is how many messages a device may send in a minute, evenly or all
	// at once; 0 is no bound.
	PerMinute int
	// Excess takes the rest. It is required when there is a bound.
	Excess Excess
	// Since is when we last received anything before this start, zero when not
	// known. What came to the broker while we were away is no excess.
	Since time.Time
}

// Overrun is what a device has sent beyond its rate since the start.
type Overrun struct {
	Messages int64
	Last     time.Time
}

// maxCredit bounds the time for which a device may make up.
const maxCredit = 7 * 24 * time.Hour

// limiter counts each device's messages. A device has one number: the time at
// which it would be within its rate with nothing saved, had it sent as slowly as
// it may. It may run ahead of the clock by a minute.
type limiter struct {
	each time.Duration // between two messages at the rate

	mu   sync.Mutex
	due  map[string]int64 // by vendor/device; microseconds
	over map[devices.DeviceID]Overrun
	// While the clock is before until, time saved since credit counts: what the
	// broker kept for us while we were away comes all at once.
	credit, until int64
	sweepAt       int
}

func newLimiter(l Limit) *limiter {
	if l.PerMinute <= 0 {
		return nil
	}
	lim := &limiter{each: time.Minute / time.Duration(l.PerMinute), due: map[string]int64{}, over: map[devices.DeviceID]Overrun{}, sweepAt: 1024}
	return lim
}

// resumed says that messages come again after a time without.
func (l *limiter) resumed(away, now time.Time) {
	if l == nil || away.IsZero() || !away.Before(now) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	gap := min(now.Sub(away), maxCredit)
	l.credit = now.Add(-gap).UnixMicro()
	l.until = now.Add(gap + time.Minute).UnixMicro()
}

// takes counts a message and says whether it is within its device's rate.
func (l *limiter) takes(topic string, now time.Time) bool {
	if l == nil {
		return true
	}
	name := deviceOf(topic)
	l.mu.Lock()
	defer l.mu.Unlock()
	at := now.UnixMicro()
	floor := at
	if at < l.until {
		floor = l.credit
	}
	due, ok := l.due[name]
	if due = max(due, floor) + l.each.Microseconds(); due-at > time.Minute.Microseconds() {
		l.overrun(devices.DeviceID(name), now)
		return false
	}
	if !ok {
		l.sweep(at)
		name = strings.Clone(name) // the topic is part of a packet
	}
	l.due[name] = due
	return true
}

// sweep forgets devices that are within their rate, which is what those are of
// whom nothing is known.
func (l *limiter) sweep(now int64) {
	if len(l.due) < l.sweepAt || now < l.until {
		return
	}
	for name, due := range l.due {
		if due <= now {
			delete(l.due, name)
		}
	}
	l.sweepAt = max(1024, 2*len(l.due))
}

// maxOver bounds the list of devices that are counted one by one.
const maxOver = 10_000

func (l *limiter) overrun(device devices.DeviceID, now time.Time) {
	o, ok := l.over[device]
	if !ok {
		if len(l.over) >= maxOver {
			return
		}
		device = devices.DeviceID(strings.Clone(string(device)))
	}
	l.over[device] = Overrun{o.Messages + 1, now}
}

// deviceOf is vendor/device of homecare/v1/vendor/device/channel.
func deviceOf(topic string) string {
	rest := strings.TrimPrefix(topic, "homecare/v1/")
	if i := strings.LastIndexByte(rest, '/'); i >= 0 {
		rest = rest[:i]
	}
	return rest
}

// Overrun says what the device has sent beyond its rate since the start.
func (c *Client) Overrun(device devices.DeviceID) Overrun {
	if c.limits == nil {
		return Overrun{}
	}
	c.limits.mu.Lock()
	defer c.limits.mu.Unlock()
	return c.limits.over[device]
}
