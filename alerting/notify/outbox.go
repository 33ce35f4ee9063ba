package notify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"
)

// Options are what a Dispatcher needs.
type Options struct {
	Outbox   Outbox
	People   *People
	Channels []Channel
	Texts    Texts
	Timing   Timing
	// DigestAfter: what would take a channel longer than this one by one becomes
	// one message for each address. What its limits hold back does so anyway.
	DigestAfter time.Duration
	// Delivered is told of each proof that a notice of an alert reached a person;
	// may be nil. It must bear being told twice.
	Delivered func(ctx context.Context, alert, person, via string, at time.Time) error
	Now       func() time.Time // nil is time.Now
	Log       zerolog.Logger
	Metrics   prometheus.Registerer
}

// Dispatcher sends what is in the outbox. What it has decided and done is in SQL
// before and after each message, so that a killed one goes on where it was: the
// message that was under way goes out again, with the same key.
type Dispatcher struct {
	opts    Options
	log     zerolog.Logger
	metrics *metrics
	lanes   map[string]*lane
	names   []string      // of the lanes, in the order of the settings
	again   chan struct{} // something is to be decided anew

	mu   sync.Mutex
	held map[string]bool // notices in the hands of a lane
}

// NewDispatcher makes it; Run lets it work.
func NewDispatcher(o Options) *Dispatcher {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.DigestAfter == 0 {
		o.DigestAfter = 20 * time.Second
	}
	d := &Dispatcher{
		opts: o, log: o.Log.With().Str("component", "notify").Logger(), metrics: newMetrics(o.Metrics),
		lanes: map[string]*lane{}, again: make(chan struct{}, 1), held: map[string]bool{},
	}
	for _, c := range o.Channels {
		if c.Timeout == 0 {
			c.Timeout = 10 * time.Second
		}
		d.lanes[c.Name] = newLane(d, c)
		d.names = append(d.names, c.Name)
	}
	return d
}

func (d *Dispatcher) now() time.Time { return d.opts.Now().UTC().Truncate(time.Microsecond) }

const (
	// between bounds how often the outbox is read while much is going on.
	between = 50 * time.Millisecond
	// chunk is how many notices are read at once.
	chunk = 200
	// idle bounds how long nothing is looked at although nothing is known to come.
	idle = 10 * time.Second
	// remembered is for how long ended notices are kept.
	remembered = 180 * 24 * time.Hour
)

// Run sends until ctx ends; a message that is then under way is waited for.
func (d *Dispatcher) Run(ctx context.Context) error {
	if err := d.restore(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range d.lanes {
		group.Go(func() error { return l.run(ctx) })
	}
	group.Go(func() error { return d.route(ctx) })
	group.Go(func() error { return d.keep(ctx) })
	if err := group.Wait(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// restore tells the lanes what was sent before this process, for their limits.
func (d *Dispatcher) restore(ctx context.Context) error {
	return d.opts.Outbox.RecentMessages(ctx, d.now().Add(-24*time.Hour), func(a Attempt) {
		if l := d.lanes[a.Channel]; l != nil {
			l.limit.took(a.Address, a.At)
			if a.State != TrySending {
				l.lastSuccess = a.At
			}
		}
	})
}

// route looks at every notice that is due and hands it to a channel, lets it
// wait, or ends it. A failing database is tried again; only the first failure of
// a row is logged.
func (d *Dispatcher) route(ctx context.Context) error {
	failing := false
	for {
		noticed := d.opts.Outbox.Noticed()
		begun := time.Now()
		next, err := d.pass(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil && !failing:
			d.log.Error().Err(err).Msg("outbox fails, tried again every second")
		case err == nil && failing:
			d.log.Info().Msg("outbox works again")
		}
		failing = err != nil
		wait := idle
		if failing || d.busy() {
			wait = time.Second
		}
		if until := next.Sub(d.now()); !next.IsZero() && until < wait && !failing {
			wait = max(until, 0)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-noticed:
		case <-d.again:
		case <-time.After(wait):
		}
		if rest := between - time.Since(begun); rest > 0 {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(rest):
			}
		}
	}
}

// pass is one look at all that is due.
func (d *Dispatcher) pass(ctx context.Context) (next time.Time, err error) {
	now := d.now()
	if err := d.hurry(ctx, now); err != nil {
		return time.Time{}, err
	}
	keys, next, err := d.opts.Outbox.DueNotices(ctx, now)
	if err != nil {
		return next, err
	}
	d.mu.Lock()
	keys = slices.DeleteFunc(keys, func(key string) bool { return d.held[key] })
	d.mu.Unlock()
	// They are handed over together, so that a digest that is to go out again is
	// whole.
	jobs := map[*lane][]*job{}
	for part := range slices.Chunk(keys, chunk) {
		if err := d.decide(ctx, part, now, jobs); err != nil {
			return next, err
		}
	}
	for l, list := range jobs {
		d.hold(list)
		l.push(list)
	}
	return next, nil
}

// decide ends notices or lets them wait, and adds to jobs those to be sent.
func (d *Dispatcher) decide(ctx context.Context, keys []string, now time.Time, jobs map[*lane][]*job) error {
	entries, err := d.opts.Outbox.Notices(ctx, keys)
	if err != nil {
		return err
	}
	var turns []Turn
	for i := range entries {
		e := &entries[i]
		if e.State != Waiting {
			continue
		}
		p := d.opts.People.person(e.Person)
		s := d.opts.Timing.next(e, &p, d.configured, now)
		if s.send == nil {
			turns = append(turns, s.turn(e, now))
			continue
		}
		l := d.lanes[s.send.Channel]
		jobs[l] = append(jobs[l], newJob(e, &p, s.send, now))
	}
	if len(turns) > 0 {
		if err := d.opts.Outbox.Record(ctx, nil, turns); err != nil {
			return err
		}
		d.ended(entries, turns)
	}
	return nil
}

func (d *Dispatcher) configured(channel string) bool { return d.lanes[channel] != nil }

// turn is the decision as it is written.
func (s *step) turn(e *Entry, now time.Time) Turn {
	t := Turn{Key: e.Key, State: Waiting, NextAt: s.wait, At: now}
	if s.end != "" {
		t.State, t.Why, t.Via, t.NextAt = s.end, s.why, s.via, time.Time{}
	}
	return t
}

// ended counts what has ended and says what nobody was told.
func (d *Dispatcher) ended(entries []Entry, turns []Turn) {
	old := 0
	for _, t := range turns {
		if t.State == Waiting {
			continue
		}
		d.metrics.notices.WithLabelValues(string(t.State)).Inc()
		if t.Why == WhyTooOld {
			old++
		}
		if t.State != Failed {
			continue
		}
		for i := range entries {
			if e := &entries[i]; e.Key == t.Key {
				d.log.Error().Str("notice", t.Key).Str("reason", string(e.Reason)).Str("severity", string(e.Severity)).
					Str("why", t.Why).Int("tries", e.tries()).Msg("a person could not be told")
			}
		}
	}
	if old > 0 {
		d.log.Warn().Int("notices", old).Dur("older_than", d.opts.Timing.MaxAge).Msg("notices were too old to be sent")
	}
}

// hurry takes red notices away from channels that are slow, down, or may not
// send, where the person has a further channel.
func (d *Dispatcher) hurry(ctx context.Context, now time.Time) error {
	for _, name := range d.names {
		l := d.lanes[name]
		list := l.stuck(now, func(j *job) bool {
			e := j.entry
			e.Attempts = slices.Clone(e.Attempts)
			e.put(j.limited(now, d.opts.Timing.RetryRed))
			s := d.opts.Timing.next(&e, &j.person, d.configured, now)
			return s.send != nil && s.send.Channel != name
		})
		if len(list) == 0 {
			continue
		}
		attempts, turns := make([]Attempt, len(list)), make([]Turn, len(list))
		for i, j := range list {
			attempts[i] = j.limited(now, d.opts.Timing.RetryRed)
			turns[i] = Turn{Key: j.entry.Key, State: Waiting, At: now}
		}
		err := d.opts.Outbox.Record(ctx, attempts, turns)
		d.release(list, true)
		if err != nil {
			return err
		}
		d.metrics.messages.WithLabelValues(name, "passed_on").Add(float64(len(list)))
	}
	return nil
}

// busy says whether notices wait in a lane.
func (d *Dispatcher) busy() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.held) > 0
}

func (d *Dispatcher) hold(list []*job) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range list {
		d.held[j.entry.Key] = true
	}
}

// release gives notices back to be decided on.
func (d *Dispatcher) release(list []*job, look bool) {
	d.mu.Lock()
	for _, j := range list {
		delete(d.held, j.entry.Key)
	}
	d.mu.Unlock()
	if look {
		select {
		case d.again <- struct{}{}:
		default:
		}
	}
}

// keep brings the figures up to date and forgets what has long ended.
func (d *Dispatcher) keep(ctx context.Context) error {
	var forgot time.Time
	for {
		f, err := d.opts.Outbox.OutboxFigures(ctx, d.now().Add(-time.Hour))
		if err == nil {
			d.metrics.figures(&f, d.now())
			if now := d.now(); now.Sub(forgot) > time.Hour {
				forgot = now
				err = d.opts.Outbox.ForgetNotices(ctx, now.Add(-remembered))
			}
		}
		if err != nil && ctx.Err() == nil {
			d.log.Error().Err(err).Msg("figures of the outbox")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(10 * time.Second):
		}
	}
}

// Channels says how the configured channels are doing, in the order of the
// settings.
func (d *Dispatcher) Channels() []ChannelState {
	list := make([]ChannelState, 0, len(d.names))
	for _, name := range d.names {
		list = append(list, d.lanes[name].state())
	}
	return list
}

// Troubled says whether people were not told of something in the last hour, or
// red notices wait longer than they should.
func (d *Dispatcher) Troubled() bool { return d.metrics.troubled.Load() }

// Configured are the channels of the settings.
func (d *Dispatcher) Configured() []Channel { return slices.Clone(d.opts.Channels) }

// luck spreads what failed together.
func luck() float64 { return rand.Float64() } //nolint:gosec // no secret

// put sets the entry's attempt by its channel and address.
func (e *Entry) put(a Attempt) {
	if old := e.attempt(a.Channel, a.Address); old != nil {
		*old = a
		return
	}
	e.Attempts = append(e.Attempts, a)
}

// digestKey names a message for several notices.
func digestKey(sum [32]byte) string { return fmt.Sprintf("digest/%x", sum[:12]) }
