package notify

import (
	"slices"
	"time"
)

// Rate is so many messages in any span of that length.
type Rate struct {
	Count int
	Per   time.Duration
}

// Limits are how much a channel may send.
type Limits struct {
	Channel []Rate // by the channel as a whole
	Address []Rate // to one address
}

// limiter holds a channel to its limits. It counts what was handed to the
// provider in spans that slide, as the providers do, and it is told what the
// process before it has sent.
type limiter struct {
	limits  Limits
	all     []time.Time
	to      map[string][]time.Time
	blocked time.Time // the provider wants nothing before it
}

func newLimiter(l Limits) *limiter { return &limiter{limits: l, to: map[string][]time.Time{}} }

// took notes a message to the address.
func (l *limiter) took(address string, at time.Time) {
	l.all = noted(l.all, l.limits.Channel, at)
	l.to[address] = noted(l.to[address], l.limits.Address, at)
	if len(l.to[address]) == 0 {
		delete(l.to, address)
	}
}

// noted adds the time and forgets what no rate looks back to.
func noted(times []time.Time, rates []Rate, at time.Time) []time.Time {
	var longest time.Duration
	for _, r := range rates {
		longest = max(longest, r.Per)
	}
	if longest == 0 {
		return nil
	}
	i, _ := slices.BinarySearchFunc(times, at, time.Time.Compare)
	times = slices.Insert(times, i, at)
	old, _ := slices.BinarySearchFunc(times, times[len(times)-1].Add(-longest), time.Time.Compare)
	return slices.Delete(times, 0, old)
}

// block keeps the channel from sending until then.
func (l *limiter) block(until time.Time) {
	if until.After(l.blocked) {
		l.blocked = until
	}
}

// next is the earliest time from now on at which a message to the address may
// go out.
func (l *limiter) next(address string, now time.Time) time.Time {
	at := now
	if l.blocked.After(at) {
		at = l.blocked
	}
	at = latest(at, freeAt(l.all, l.limits.Channel, now))
	return latest(at, freeAt(l.to[address], l.limits.Address, now))
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// freeAt is when every rate has room again.
func freeAt(times []time.Time, rates []Rate, now time.Time) time.Time {
	at := now
	for _, r := range rates {
		if len(times) < r.Count {
			continue
		}
		// The message that must have left the span before another may come.
		at = latest(at, times[len(times)-r.Count].Add(r.Per))
	}
	return at
}

// free is how many messages may go to the address at once now, and whether
// little is left: a quarter of a span, which is kept for red.
func (l *limiter) free(address string, now time.Time) (n int, scarce bool) {
	const plenty = 1 << 30
	if l.blocked.After(now) {
		return 0, true
	}
	n = plenty
	for _, of := range []struct {
		times []time.Time
		rates []Rate
	}{{l.all, l.limits.Channel}, {l.to[address], l.limits.Address}} {
		for _, r := range of.rates {
			old, _ := slices.BinarySearchFunc(of.times, now.Add(-r.Per), func(t, at time.Time) int {
				if t.After(at) {
					return 1
				}
				return -1
			})
			left := max(r.Count-(len(of.times)-old), 0)
			n = min(n, left)
			scarce = scarce || left*4 <= r.Count
		}
	}
	return n, scarce
}

// rested is how long to wait after the last message when little is left: at the
// limit's own pace, so that what comes meanwhile goes together and the next
// red finds room within seconds instead of at the end of the span.
func (l *limiter) rested(now time.Time) time.Duration {
	if len(l.all) == 0 {
		return 0
	}
	var pace time.Duration
	for _, r := range l.limits.Channel {
		pace = max(pace, r.Per/time.Duration(r.Count))
	}
	return max(l.all[len(l.all)-1].Add(min(pace, mostRest)).Sub(now), 0)
}

// mostRest bounds rested: a red notice is not held longer for a digest.
const mostRest = 5 * time.Second
