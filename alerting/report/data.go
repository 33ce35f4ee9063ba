package report

import (
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// Month is one calendar month of the county.
type Month struct {
	From, To time.Time // [From, To)
}

// String is the month as people write it: 2026-11.
func (m Month) String() string { return m.From.Format("2006-01") }

func (m Month) holds(t time.Time) bool { return !t.Before(m.From) && t.Before(m.To) }

// Case is an alert that was opened in the month, and when each step was first
// taken after it rang; zero for a step that was not taken (yet).
type Case struct {
	ID       string
	Kind     alerting.Kind
	Severity alerting.Severity // the highest it had
	State    alerting.State
	Late     bool
	Area     devices.AreaPath
	Resident string
	Outcome  alerting.Outcome
	Cause    alerting.Cause

	Opened time.Time
	// Red is when it became red, Opened when it opened so.
	Red                                 time.Time
	Seen, Acked, Called, AtDoor, Closed time.Time
}

// Silence is a time in which a device of a resident said nothing. To is zero
// while it lasts.
type Silence struct {
	Device   devices.DeviceID
	Resident string
	Area     devices.AreaPath
	From, To time.Time
}

// Data is what a month is counted from, all of one area. Visits are those that
// were due or reported in the month.
type Data struct {
	Area      devices.AreaPath
	Month     Month
	Now       time.Time
	Residents int // watched at Now
	Cases     []Case
	Visits    []alerting.Visit
	Silences  []Silence
	// Devices is how many devices a resident has; one who has none is not dark.
	Devices   map[string]int
	Uncovered []alerting.Uncovered
	Checks    []alerting.DutyCheck
	Quotas    []alerting.VisitQuota
	Providers map[string]string // names by id
}

// end is up to when the month has gone.
func (d *Data) end() time.Time {
	if d.Now.Before(d.Month.To) {
		return d.Now
	}
	return d.Month.To
}

// Item is one line of the list behind a number.
type Item struct {
	Alert    string           `json:"alert,omitempty"`
	Visit    string           `json:"visit,omitempty"`
	Resident string           `json:"resident,omitempty" doc:"Id."`
	Area     devices.AreaPath `json:"area"`
	Kind     alerting.Kind    `json:"kind,omitempty"`
	At       time.Time        `json:"at"`
	Seconds  *float64         `json:"seconds" doc:"How long it took, or lasted; null where that is not counted or not over."`
	Outcome  alerting.Outcome `json:"outcome,omitempty"`
}

// Number is a count that can be opened.
type Number struct {
	N    int    `json:"n"`
	List string `json:"list" doc:"Name of the list behind the number."`
}

// lists keeps what is behind each number.
type lists map[string][]Item

func (l lists) number(items []Item, format string, args ...any) Number {
	name := fmt.Sprintf(format, args...)
	l[name] = items
	return Number{len(items), name}
}
