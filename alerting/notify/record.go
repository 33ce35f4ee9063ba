package notify

import (
	"context"
	"errors"
	"slices"
	"time"
)

// note keeps how the channel is doing.
func (l *lane) note(err error, took time.Duration) {
	now := l.d.now()
	result := "taken"
	l.mu.Lock()
	defer l.mu.Unlock()
	day := now.Add(-24 * time.Hour)
	l.failed = slices.DeleteFunc(l.failed, func(t time.Time) bool { return t.Before(day) })
	l.pace = (3*l.pace + took) / 4
	if rate, ok := errors.AsType[*RateError](err); ok {
		result = "limited"
		l.lastError = err.Error()
		l.limit.block(now.Add(orElse(rate.RetryAfter, time.Minute)))
	} else if _, ok := errors.AsType[*RefusedError](err); ok {
		result = "refused" // the provider answers: it is not down
		l.failures, l.rest = 0, time.Time{}
		l.failed, l.lastError = append(l.failed, now), err.Error()
	} else if err != nil {
		result = "failed"
		l.failures++
		l.failed, l.lastError = append(l.failed, now), err.Error()
		if l.failures >= downAfter {
			l.rest = now.Add(l.d.opts.Timing.backoff("red", l.failures-downAfter+1, luck()))
		}
		l.d.log.Warn().Err(err).Str("channel", l.channel.Name).Int("in_a_row", l.failures).Msg("a message was not taken")
	} else {
		if l.failures >= downAfter {
			l.d.log.Info().Str("channel", l.channel.Name).Msg("channel works again")
		}
		l.failures, l.rest, l.lastSuccess, l.lastError = 0, time.Time{}, now, ""
	}
	if result == "refused" {
		l.d.log.Warn().Err(err).Str("channel", l.channel.Name).Msg("a message was refused")
	}
	l.d.metrics.messages.WithLabelValues(l.channel.Name, result).Inc()
	l.d.metrics.seconds.WithLabelValues(l.channel.Name).Observe(took.Seconds())
}

func orElse(d, other time.Duration) time.Duration {
	if d <= 0 {
		return other
	}
	return d
}

// outcome is the attempt as the provider's answer makes it.
func (l *lane) outcome(j *job, key string, receipt Receipt, err error, now time.Time) Attempt {
	a := j.attempt(key, TryTaken, now)
	a.ID = receipt.ID
	if receipt.Delivered {
		a.State = TryDelivered
	}
	if err == nil {
		return a
	}
	a.Error = err.Error()
	if rate, ok := errors.AsType[*RateError](err); ok {
		a.State, a.Tries, a.NextAt = TryLimited, a.Tries-1, now.Add(orElse(rate.RetryAfter, time.Minute))
	} else if _, ok := errors.AsType[*RefusedError](err); ok {
		a.State = TryRefused
	} else {
		a.State, a.NextAt = TryFailed, now.Add(l.d.opts.Timing.backoff(j.entry.Severity, a.Tries, luck()))
	}
	return a
}

// record writes what the provider answered and what follows for each notice. It
// is tried until it is written, or until the service stops: what is not written
// is sent a second time.
func (l *lane) record(ctx context.Context, live []*job, key string, receipt Receipt, sendErr error) error {
	now := l.d.now()
	attempts, turns, entries := make([]Attempt, len(live)), make([]Turn, len(live)), make([]Entry, len(live))
	for i, j := range live {
		attempts[i] = l.outcome(j, key, receipt, sendErr, now)
		e := j.entry
		e.Attempts = slices.Clone(e.Attempts)
		e.put(attempts[i])
		entries[i] = e
		s := l.d.opts.Timing.next(&e, &j.person, l.d.configured, now)
		turns[i] = s.turn(&e, now) // to be sent by another channel: due at once
	}
	for {
		err := l.write(ctx, attempts, turns)
		if err == nil {
			break
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(time.Second):
		}
	}
	l.d.ended(entries, turns)
	if sendErr == nil && receipt.Delivered && l.d.opts.Delivered != nil {
		for i := range entries {
			if e := &entries[i]; e.Alert != "" {
				if err := l.d.opts.Delivered(ctx, e.Alert, e.Person, l.channel.Name, now); err != nil {
					l.d.log.Error().Err(err).Str("alert", e.Alert).Msg("proof of delivery lost")
				}
			}
		}
	}
	return nil
}

// write is not cut off by the service's stop.
func (l *lane) write(ctx context.Context, attempts []Attempt, turns []Turn) error {
	writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	return l.d.opts.Outbox.Record(writing, attempts, turns)
}

// state is how the channel is doing.
func (l *lane) state() ChannelState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return ChannelState{
		Name: l.channel.Name, Waiting: len(l.queue) + len(l.sending), Failing: l.failures > 0 || l.lastError != "",
		Failed: len(l.failed), LastSuccess: l.lastSuccess, LastError: l.lastError,
	}
}
