package notify

import (
	"time"

	"shouwang/alerting"
)

// Timing are the times of the fall-through.
type Timing struct {
	// ReceiptWithin is how long a red notice waits for a channel's proof before
	// the next channel is asked as well.
	ReceiptWithin time.Duration
	// Patience is how long a red notice waits for a channel that is slow or may
	// not send, before the next is asked.
	Patience time.Duration
	// RetryFirst and RetryMost bound the time to the next try; between them it
	// doubles. A red notice waits at most RetryRed.
	RetryFirst, RetryMost, RetryRed time.Duration
	// MaxAge is what a notice is worth: an older one is not sent any more.
	MaxAge time.Duration
	// MaxTries is after how many tries by all channels a notice has failed.
	MaxTries int
	Zone     *time.Location
}

// DefaultTiming is used where nothing is set.
func DefaultTiming() Timing {
	return Timing{
		ReceiptWithin: time.Minute, Patience: 15 * time.Second,
		RetryFirst: 5 * time.Second, RetryMost: 10 * time.Minute, RetryRed: time.Minute,
		MaxAge: 24 * time.Hour, MaxTries: 60, Zone: time.UTC,
	}
}

// step is what is to be done next with a notice: send it by a channel, wait, or
// end.
type step struct {
	send *PersonChannel
	wait time.Time
	end  State
	why  string
	via  string
}

// next decides. It knows nothing but its arguments, so a restarted service goes
// on where the killed one was. configured says whether a channel is there.
func (t *Timing) next(e *Entry, p *Person, configured func(string) bool, now time.Time) step {
	taken := e.taken()
	if e.Facts != nil {
		if why := Settles(e.Reason, e.Facts.State); why != "" {
			return ended(taken, Settled, why)
		}
	}
	tries := e.tries()
	if now.Sub(e.At) > t.MaxAge {
		if taken == nil && tries > 0 {
			return step{end: Failed, why: WhyGaveUp}
		}
		return ended(taken, Settled, WhyTooOld)
	}
	usable := usable(e, p, configured)
	if len(usable) == 0 {
		return ended(taken, Settled, WhyNoChannel)
	}
	if tries >= t.MaxTries {
		return ended(taken, Failed, WhyGaveUp)
	}
	return t.walk(e, usable, taken, now)
}

// walk goes down the person's channels to the first that can be asked now.
func (t *Timing) walk(e *Entry, usable []*PersonChannel, taken *Attempt, now time.Time) step {
	red := e.Severity == alerting.Red
	local := now.In(t.Zone)
	minute := local.Hour()*60 + local.Minute()
	var soonest time.Time
	later := func(at time.Time) {
		if soonest.IsZero() || at.Before(soonest) {
			soonest = at
		}
	}
	refused := 0
	for _, c := range usable {
		a := e.attempt(c.Channel, c.Address)
		switch {
		case a == nil || a.State == TrySending: // cut off: the same goes out again
			if !red && e.Reason != alerting.NoticeTest && c.quiet(minute) {
				later(quietEnds(c, local))
				continue
			}
			return step{send: c}
		case a.State == TryDelivered:
			return step{end: Delivered, via: a.Channel}
		case a.State == TryTaken:
			if !red || !e.asks() {
				return step{end: Sent, via: a.Channel}
			}
			if proof := a.At.Add(t.ReceiptWithin); proof.After(now) {
				return step{wait: proof}
			}
		case a.State == TryRefused:
			refused++
		case a.NextAt.After(now):
			later(a.NextAt)
		default:
			if !red && e.Reason != alerting.NoticeTest && c.quiet(minute) {
				later(quietEnds(c, local))
				continue
			}
			return step{send: c}
		}
	}
	switch {
	case taken != nil: // red, and no further channel has anything better
		return step{end: Sent, via: taken.Channel}
	case refused == len(usable):
		return step{end: Failed, why: WhyRefused}
	}
	return step{wait: soonest}
}

// usable are the channels that are there to be tried, in the person's order. A
// test goes by the one channel that is tested.
func usable(e *Entry, p *Person, configured func(string) bool) []*PersonChannel {
	if e.Reason == alerting.NoticeTest {
		channel, _ := e.Data["channel"].(string)
		address, _ := e.Data["address"].(string)
		if channel == "" || !configured(channel) {
			return nil
		}
		return []*PersonChannel{{Channel: channel, Address: address, Enabled: true}}
	}
	var list []*PersonChannel
	for i := range p.Channels {
		if c := &p.Channels[i]; c.Enabled && configured(c.Channel) {
			list = append(list, c)
		}
	}
	return list
}

// taken is the first attempt that a provider took, nil when none has.
func (e *Entry) taken() *Attempt {
	for i := range e.Attempts {
		if s := e.Attempts[i].State; s == TryTaken || s == TryDelivered {
			return &e.Attempts[i]
		}
	}
	return nil
}

// ended is the end of a notice: what somebody has got was sent, whatever else.
func ended(taken *Attempt, state State, why string) step {
	switch {
	case taken == nil:
		return step{end: state, why: why}
	case taken.State == TryDelivered:
		return step{end: Delivered, via: taken.Channel}
	}
	return step{end: Sent, via: taken.Channel}
}

// quietEnds is when the channel's quiet hours, in which local lies, are over.
func quietEnds(c *PersonChannel, local time.Time) time.Time {
	end := time.Date(local.Year(), local.Month(), local.Day(), c.QuietTo/60, c.QuietTo%60, 0, 0, local.Location())
	if !end.After(local) {
		end = end.AddDate(0, 0, 1)
	}
	return end
}

// backoff is how long to wait after so many tries; luck lies in [0, 1) and
// spreads what failed together.
func (t *Timing) backoff(severity alerting.Severity, tries int, luck float64) time.Duration {
	most := t.RetryMost
	if severity == alerting.Red {
		most = min(most, t.RetryRed)
	}
	wait := t.RetryFirst
	for range min(tries-1, 30) {
		if wait *= 2; wait >= most {
			break
		}
	}
	wait = min(wait, most)
	return wait/2 + time.Duration(luck*float64(wait)/2)
}
