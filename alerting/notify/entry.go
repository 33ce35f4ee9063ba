package notify

import (
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// State is how far a notice has come.
type State string

// The states of a notice. All but Waiting are ends.
const (
	Waiting   State = "waiting"
	Delivered State = "delivered" // a channel has proved that it reached the person
	Sent      State = "sent"      // a provider took it; that it arrived nobody proved
	Settled   State = "settled"   // nobody needs it any more, or it came too late
	Failed    State = "failed"    // no channel took it, and none will be tried again
)

// Why a notice was settled or has failed.
const (
	WhyAcknowledged = "acknowledged" // somebody took the alert before it was sent
	WhyClosed       = "closed"       // the alert ended before it was sent
	WhyTooOld       = "too_old"      // it waited longer than a notice is worth
	WhyNoChannel    = "no_channel"   // the person has none: only the board tells them
	WhyRefused      = "refused"      // every channel refused it for good
	WhyGaveUp       = "gave_up"      // too many tries
)

// Entry is a notice in the outbox, with what became of it.
type Entry struct {
	alerting.Notice
	State    State
	Why      string
	Via      string // channel that took it
	NextAt   time.Time
	DoneAt   time.Time
	Attempts []Attempt
	Facts    *Facts // nil when it is about no alert, or the alert is no more
}

// Facts are what a text says of an alert.
type Facts struct {
	Kind     alerting.Kind
	Severity alerting.Severity
	State    alerting.State
	Area     devices.AreaPath
	Since    time.Time
}

// AttemptState is how the newest try by one channel ended.
type AttemptState string

// The states of an attempt.
const (
	TrySending   AttemptState = "sending"   // under way, or cut off by the end of the process
	TryTaken     AttemptState = "taken"     // by the provider
	TryDelivered AttemptState = "delivered" // as TryTaken, with a proof
	TryFailed    AttemptState = "failed"    // for the time being
	TryLimited   AttemptState = "limited"   // not sent: the channel may send no more for now
	TryRefused   AttemptState = "refused"   // for good
)

// Attempt is the newest try of a notice by one channel and address.
type Attempt struct {
	Key     string
	Channel string
	Address string
	Message string // Message.Key; shared by the notices of a digest
	Tries   int
	State   AttemptState
	At      time.Time
	NextAt  time.Time // not tried again before it
	ID      string    // the provider's
	Error   string
}

// attempt is the entry's by that channel and address, nil when there was none.
func (e *Entry) attempt(channel, address string) *Attempt {
	for i := range e.Attempts {
		if a := &e.Attempts[i]; a.Channel == channel && a.Address == address {
			return a
		}
	}
	return nil
}

// tries counts what was really sent.
func (e *Entry) tries() (n int) {
	for i := range e.Attempts {
		n += e.Attempts[i].Tries
	}
	return n
}

// asks says whether the notice asks somebody to take an alert, so that it is
// settled once one has.
func (e *Entry) asks() bool {
	switch e.Reason {
	case alerting.NoticeOpened, alerting.NoticeEscalated, alerting.NoticeAgain, alerting.NoticeReturned:
		return e.Alert != ""
	}
	return false
}

// Settles says why a notice with this reason is no longer needed when its alert
// is in that state, "" when it is.
func Settles(reason alerting.NoticeReason, state alerting.State) string {
	switch reason {
	case alerting.NoticeOpened, alerting.NoticeEscalated, alerting.NoticeAgain, alerting.NoticeReturned:
	case alerting.NoticeVisit:
		if state == alerting.Closed {
			return WhyClosed
		}
		return ""
	default:
		return ""
	}
	switch state {
	case alerting.Acknowledged, alerting.Dispatched, alerting.Visited:
		return WhyAcknowledged
	case alerting.Closed:
		return WhyClosed
	}
	return ""
}

// PersonChannel is one of a person's channels, in the person's order.
type PersonChannel struct {
	Channel    string // name of a configured one
	Address    string // Address.To
	Enabled    bool
	VerifiedAt time.Time // when it last took a test, zero for never
	// QuietFrom and QuietTo are minutes of the day between which only red comes;
	// the same twice is none. From may be later than to: over midnight.
	QuietFrom, QuietTo int
}

// quiet says whether minute of the day lies in the quiet hours.
func (c *PersonChannel) quiet(minute int) bool {
	switch {
	case c.QuietFrom == c.QuietTo:
		return false
	case c.QuietFrom < c.QuietTo:
		return c.QuietFrom <= minute && minute < c.QuietTo
	}
	return minute >= c.QuietFrom || minute < c.QuietTo
}

// Person is how one person is told.
type Person struct {
	Language string // zh or en
	Channels []PersonChannel
}

// Filter selects notices of the outbox for a list, newest first.
type Filter struct {
	Scope   devices.Scope
	State   []State
	Reason  []alerting.NoticeReason
	Person  string
	Channel string
	Alert   string
	Cursor  string
	Limit   int
}

// EntryPage is one page of notices.
type EntryPage struct {
	Items []Entry
	Next  string
}

// ChannelState is what an administrator sees of a configured channel.
type ChannelState struct {
	Name        string
	Waiting     int       // notices whose next try would be by it
	Failing     bool      // its newest messages were not taken
	Failed      int       // messages not taken in the last day
	LastSuccess time.Time // zero: none since the last day
	LastError   string
}
