package alerting

import (
	"time"

	"shouwang/devices"
)

// NoticeReason is why somebody is told of something.
type NoticeReason string

// The reasons for a notice.
const (
	NoticeOpened    NoticeReason = "opened"    // an alert rings, for the first time or again
	NoticeEscalated NoticeReason = "escalated" // nobody answered, and the next step is asked
	NoticeReturned  NoticeReason = "returned"  // acknowledged, and then nothing was done
	NoticeVisit     NoticeReason = "visit"     // a visit was given to somebody, or its time runs out
	NoticeCoverage  NoticeReason = "coverage"  // hours in which nobody could be reached
	NoticeHandover  NoticeReason = "handover"  // a shift was handed over and not taken
	// NoticeAgain: after the last step still nobody has taken it up. It is left out
	// for whom a notice of the alert still waits: whoever cannot be reached is not
	// to be told of it more and more often.
	NoticeAgain NoticeReason = "again"
	// NoticeUnattended: a random test of a desk found nobody there.
	NoticeUnattended NoticeReason = "unattended"
	NoticeCanary     NoticeReason = "canary" // the service's own heartbeat is broken
	NoticeTest       NoticeReason = "test"   // somebody tries a channel
)

// Notice asks that one person be told of something. It is written in the
// transaction of the change that it tells of and sent once that is committed,
// by the channels the person has, in their order. It says nothing of a resident
// but the area: names, addresses and conditions are read after signing in.
type Notice struct {
	// Key tells notices apart: of two with the same key only the first is kept.
	Key      string
	Person   string // user name
	Reason   NoticeReason
	Alert    string // "" when it is about none
	Severity Severity
	Area     devices.AreaPath
	At       time.Time
	// Data is what the text is made of beside that, e.g. kind, step, due.
	Data map[string]any
}
