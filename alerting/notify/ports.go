package notify

import (
	"context"
	"time"

	"shouwang/alerting"
)

// Outbox is the SQL side: notices and what became of them.
type Outbox interface {
	// Noticed returns a channel that is closed when the next notices come.
	Noticed() <-chan struct{}
	// DueNotices are the keys to be looked at now, the most urgent first, and
	// when the next will be due, zero for never.
	DueNotices(ctx context.Context, now time.Time) (keys []string, next time.Time, err error)
	Notices(ctx context.Context, keys []string) ([]Entry, error)
	// Begin notes attempts before they are made, and returns of which notices:
	// those that still wait and whose alert nobody has taken meanwhile.
	Begin(ctx context.Context, attempts []Attempt) (wanted map[string]bool, err error)
	// Record writes how attempts ended and what becomes of the notices.
	Record(ctx context.Context, attempts []Attempt, turns []Turn) error
	// RecentMessages hands fn one attempt of each message since then.
	RecentMessages(ctx context.Context, since time.Time, fn func(Attempt)) error
	OutboxFigures(ctx context.Context, since time.Time) (Figures, error)
	// ForgetNotices deletes what has ended before then.
	ForgetNotices(ctx context.Context, before time.Time) error
}

// Turn is what becomes of a notice: it waits until NextAt, or has ended.
type Turn struct {
	Key    string
	State  State
	Why    string
	Via    string
	NextAt time.Time // zero: at once
	At     time.Time
}

// Figures are the outbox in numbers.
type Figures struct {
	Waiting   map[alerting.Severity]int
	OldestRed time.Time // zero when none waits
	Failed    int       // since the time that was asked for
}

// Channel is a configured way to tell people.
type Channel struct {
	Name   string // as in the settings: dingtalk, sms
	Kind   string // webhook, wecom, dingtalk, feishu, sms, voice or email
	Sender Sender
	Limits Limits
	// Shared says that others than the person read what is sent: a group's robot.
	Shared bool
	// Timeout of one message; 0 is 10 s.
	Timeout time.Duration
}

// PeopleStore keeps by which channels people are told.
type PeopleStore interface {
	People(ctx context.Context) (map[string]Person, error)
	PutPerson(ctx context.Context, who string, p Person) error
}
