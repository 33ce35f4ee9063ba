package notify

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"sync"
	"time"

	"shouwang/alerting"
)

// job is a notice that a lane is to send.
type job struct {
	entry  Entry
	person Person
	to     PersonChannel
	queued time.Time
	// again is the message this notice was part of when the process ended.
	again string
}

func newJob(e *Entry, p *Person, to *PersonChannel, now time.Time) *job {
	j := &job{entry: *e, person: *p, to: *to, queued: now}
	if a := e.attempt(to.Channel, to.Address); a != nil && a.State == TrySending {
		j.again = a.Message
	}
	return j
}

func (j *job) red() bool { return j.entry.Severity == alerting.Red }

// attempt is the next one by the lane's channel.
func (j *job) attempt(message string, state AttemptState, at time.Time) Attempt {
	a := Attempt{Key: j.entry.Key, Channel: j.to.Channel, Address: j.to.Address, Message: message, Tries: 1, State: state, At: at}
	if had := j.entry.attempt(j.to.Channel, j.to.Address); had != nil {
		a.Tries += had.Tries
	}
	return a
}

// limited is an attempt that was not made.
func (j *job) limited(now time.Time, wait time.Duration) Attempt {
	a := j.attempt(j.entry.Key, TryLimited, now)
	a.Tries--
	a.NextAt = now.Add(wait)
	return a
}

// lane sends by one channel, one message after the other, so that a killed
// process leaves at most one of which it does not know whether it arrived. Lanes
// do not wait for each other.
type lane struct {
	d       *Dispatcher
	channel Channel
	wake    chan struct{}

	mu          sync.Mutex
	queue       []*job // the most urgent and then the oldest first
	limit       *limiter
	failures    int           // in a row, whatever the notice
	rest        time.Time     // after failures nothing is tried before it
	pace        time.Duration // what a message took of late
	sending     []*job
	failed      []time.Time // within a day
	lastSuccess time.Time
	lastError   string
}

// downAfter is how many failures in a row make a channel one that is down: then
// it is tried only now and then, and red notices go elsewhere.
const downAfter = 3

func newLane(d *Dispatcher, c Channel) *lane {
	return &lane{d: d, channel: c, wake: make(chan struct{}, 1), limit: newLimiter(c.Limits)}
}

// push adds notices to the queue.
func (l *lane) push(list []*job) {
	l.mu.Lock()
	l.queue = append(l.queue, list...)
	slices.SortStableFunc(l.queue, func(a, b *job) int {
		return cmp.Or(a.entry.Severity.Rank()-b.entry.Severity.Rank(), a.entry.At.Compare(b.entry.At))
	})
	l.d.metrics.waiting.WithLabelValues(l.channel.Name).Set(float64(len(l.queue)))
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// stuck takes out of the queue the red notices that have waited too long here,
// or would, and that elsewhere says may go by another channel.
func (l *lane) stuck(now time.Time, elsewhere func(*job) bool) (taken []*job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	patience := l.d.opts.Timing.Patience
	down := l.failures >= downAfter && l.rest.After(now)
	l.queue = slices.DeleteFunc(l.queue, func(j *job) bool {
		late := down || now.Sub(j.queued) > patience || l.limit.next(j.to.Address, now).Sub(now) > patience
		if !j.red() || !late || !elsewhere(j) {
			return false
		}
		taken = append(taken, j)
		return true
	})
	return taken
}

// run sends what is queued until ctx ends.
func (l *lane) run(ctx context.Context) error {
	for {
		batch, message, wait := l.choose(l.d.now())
		if len(batch) > 0 {
			if err := l.send(ctx, batch, message); err != nil {
				l.d.log.Error().Err(err).Str("channel", l.channel.Name).Msg("outbox fails, tried again")
				wait = time.Second
			} else if ctx.Err() == nil {
				continue
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-l.wake:
		case <-time.After(wait):
		}
	}
}

// choose takes out of the queue what is to be sent now as one message, and the
// message's key. Without any, it says how long to wait for more.
func (l *lane) choose(now time.Time) (batch []*job, message string, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait = time.Minute
	if l.rest.After(now) {
		return nil, "", l.rest.Sub(now)
	}
	for _, j := range l.queue {
		at := l.limit.next(j.to.Address, now)
		_, scarce := l.limit.free(j.to.Address, now)
		switch {
		case at.After(now):
			wait = min(wait, at.Sub(now))
			continue
		case scarce && !j.red() && j.entry.Reason != alerting.NoticeTest:
			wait = min(wait, time.Second) // what is left is for red
			continue
		case scarce && l.limit.rested(now) > 0:
			wait = min(wait, l.limit.rested(now))
			continue
		}
		batch, message = l.batch(j, now)
		break
	}
	if len(batch) == 0 {
		return nil, "", wait
	}
	l.queue = slices.DeleteFunc(l.queue, func(j *job) bool { return slices.Contains(batch, j) })
	l.sending = batch
	l.d.metrics.waiting.WithLabelValues(l.channel.Name).Set(float64(len(l.queue)))
	return batch, message, 0
}

// mostTogether bounds a digest.
const mostTogether = 500

// batch is what goes out together with the first job.
func (l *lane) batch(first *job, now time.Time) ([]*job, string) {
	if first.again != "" { // as it was, so that a receiver knows it again
		return l.like(first, func(j *job) bool { return j.again == first.again }), first.again
	}
	if first.entry.Reason == alerting.NoticeTest {
		return []*job{first}, first.entry.Key
	}
	together := l.like(first, func(j *job) bool {
		return j.again == "" && j.entry.Reason != alerting.NoticeTest && j.red() == first.red() && j.person.Language == first.person.Language &&
			(l.channel.Shared || j.to.Address == first.to.Address)
	})
	if !l.crowded(first, together, now) {
		together = l.like(first, func(j *job) bool {
			return l.channel.Shared && slices.Contains(together, j) &&
				j.entry.Alert != "" && j.entry.Alert == first.entry.Alert && j.entry.Reason == first.entry.Reason
		})
	}
	if len(together) == 1 {
		return together, first.entry.Key
	}
	keys := make([]string, len(together))
	for i, j := range together {
		keys[i] = j.entry.Key
	}
	slices.Sort(keys)
	return together, digestKey(sha256.Sum256([]byte(strings.Join(keys, "\n"))))
}

// like are the first and the others of the queue that fit.
func (l *lane) like(first *job, fits func(*job) bool) []*job {
	list := []*job{first}
	for _, j := range l.queue {
		if j != first && len(list) < mostTogether && fits(j) {
			list = append(list, j)
		}
	}
	return list
}

// crowded says whether one message for each would run into the limits, or take
// too long at the pace of late.
func (l *lane) crowded(first *job, together []*job, now time.Time) bool {
	if len(together) < 2 {
		return false
	}
	free, _ := l.limit.free(first.to.Address, now)
	waiting := 0
	for _, j := range l.queue {
		if j.red() == first.red() {
			waiting++
		}
	}
	slow := time.Duration(waiting)*l.pace > l.d.opts.DigestAfter
	return waiting > free || slow
}

// send makes one message of the batch and gives it to the provider. The error
// is the database's: then nothing is known to have been sent, or all of it is
// recorded later.
func (l *lane) send(ctx context.Context, batch []*job, key string) error {
	defer l.done(batch)
	begun := l.d.now()
	attempts := make([]Attempt, len(batch))
	for i, j := range batch {
		attempts[i] = j.attempt(key, TrySending, begun)
	}
	if ctx.Err() != nil {
		return nil
	}
	wanted, err := l.d.opts.Outbox.Begin(ctx, attempts)
	if err != nil {
		return err
	}
	var live []*job
	var entries []*Entry
	for _, j := range batch {
		if wanted[j.entry.Key] {
			live, entries = append(live, j), append(entries, &j.entry)
		}
	}
	if len(live) == 0 {
		return nil
	}
	to := Address{Person: live[0].entry.Person, To: live[0].to.Address}
	m := l.d.opts.Texts.message(key, live[0].person.Language, l.channel.Shared, entries)

	l.mu.Lock()
	l.limit.took(to.To, begun)
	l.mu.Unlock()
	receipt, sendErr := l.hand(ctx, to, m)
	l.note(sendErr, l.d.now().Sub(begun))
	return l.record(ctx, live, key, receipt, sendErr)
}

// grace is how long a message under way is waited for when the service stops.
const grace = 4 * time.Second

// hand gives the message to the channel; the service's stop does not cut it off
// at once, which would leave it unknown whether it arrived.
func (l *lane) hand(ctx context.Context, to Address, m Message) (Receipt, error) {
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.channel.Timeout)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		late := time.AfterFunc(grace, cancel)
		context.AfterFunc(sending, func() { late.Stop() })
	})
	defer stop()
	return l.channel.Sender.Send(sending, to, m)
}

// done gives the batch back.
func (l *lane) done(batch []*job) {
	l.mu.Lock()
	l.sending = nil
	l.mu.Unlock()
	l.d.release(batch, true)
}
