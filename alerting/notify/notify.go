package notify

import (
	"context"
	"fmt"
	"time"

	"shouwang/alerting"
)

// Sender sends one message by one channel. It may be called by several
// goroutines at once, and it keeps to the context's deadline.
type Sender interface {
	// Send returns once the provider has taken the message. The error is a
	// *RateError, a *RefusedError, or any other, which is taken for temporary.
	Send(ctx context.Context, to Address, m Message) (Receipt, error)
}

// Address is where a channel reaches a person.
type Address struct {
	Person string // user name; not for others to read
	// To is the channel's own: a phone number, an e-mail address, the id of a
	// group's member to be mentioned. It is empty where the channel itself is
	// the address, such as a robot of a group.
	To string
}

// Message is what is sent. It names nobody: of a case it says kind, severity
// and area, and the link leads to the rest after signing in.
type Message struct {
	// Key is the same whenever this message is sent again, so that a receiver
	// can drop what it has.
	Key string
	// Notices are the keys of the notices it tells of: several in a digest.
	Notices  []string
	Title    string // one line, plain text
	Text     string // some lines, plain text: a channel with markup escapes it
	URL      string // where to acknowledge or read on; may be empty
	Severity alerting.Severity
	Reason   alerting.NoticeReason
	Language string // zh or en
	At       time.Time
	Voice    string // what a voice call says
}

// Receipt is what the provider answered.
type Receipt struct {
	ID string // the provider's id of the message, may be empty
	// Delivered says that the answer itself proves that the message has reached
	// the person's device or robot, and not only the provider.
	Delivered bool
}

// RateError says that the provider takes no more for now.
type RateError struct {
	RetryAfter time.Duration // 0: not said
	Detail     string        // the provider's code and words, no address and no secret
}

// Error implements error.
func (e *RateError) Error() string {
	return fmt.Sprintf("rate limited, again after %v: %s", e.RetryAfter, e.Detail)
}

// RefusedError says that the message will never be taken as it is: a wrong
// address, signature or template.
type RefusedError struct {
	Detail string // the provider's code and words, no address and no secret
}

// Error implements error.
func (e *RefusedError) Error() string { return "refused: " + e.Detail }
