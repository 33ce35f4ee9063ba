package alerting

import (
	"time"

	"shouwang/devices"
)

// State is where an alert stands in its life; state.go has the table of what
// may follow what.
type State string

// The states of an alert.
const (
	Open         State = "open"
	Acknowledged State = "acknowledged"
	Dispatched   State = "dispatched"
	Visited      State = "visited"
	Closed       State = "closed"
)

// Outcome is how an alert or a visit ended.
type Outcome string

// The outcome codes.
const (
	RealEmergency Outcome = "real_emergency"
	Assisted      Outcome = "assisted"
	Well          Outcome = "well"
	DeceasedFound Outcome = "deceased"
	InHospital    Outcome = "hospital"
	AwayFromHome  Outcome = "away"
	Refused       Outcome = "refused"
	FalseAlarm    Outcome = "false_alarm"
	DeviceFault   Outcome = "device_fault"
	Repair        Outcome = "repair"
	Recovered     Outcome = "recovered"
	Test          Outcome = "test"
	Duplicate     Outcome = "duplicate"
)

// ResidentRef names a resident on an alert.
type ResidentRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Alert is a case that people work on. It keeps the area path it had when it
// opened.
type Alert struct {
	ID          string           `json:"id"`
	Kind        Kind             `json:"kind"`
	Severity    Severity         `json:"severity"`
	State       State            `json:"state"`
	Late        bool             `json:"late" doc:"The finding was older than a day when it came: listed, without siren."`
	Subject     Subject          `json:"subject"`
	Resident    *ResidentRef     `json:"resident"`
	Area        devices.AreaPath `json:"area"`
	Since       time.Time        `json:"since" doc:"Start of the episode in event time."`
	OpenedAt    time.Time        `json:"opened_at"`
	RangAt      time.Time        `json:"rang_at" doc:"When it last began to ring: at opening, and whenever a new episode or a new SOS brought it back."`
	AckedAt     *time.Time       `json:"acked_at"`
	RecoveredAt *time.Time       `json:"recovered_at"`
	ClosedAt    *time.Time       `json:"closed_at"`
	Assignee    *string          `json:"assignee" doc:"User name of who works on it."`
	Outcome     *Outcome         `json:"outcome"`
	Evidence    map[string]any   `json:"evidence"`
	Rule        RuleRef          `json:"rule"`
	// Escalation is the step reached while nobody acknowledged, 0 at first.
	Escalation int        `json:"escalation" doc:"Steps up the area tree while nobody acknowledged: 0 none."`
	EscalateAt *time.Time `json:"escalate_at" doc:"When the next step is due; null when none is."`
	AgainAt    *time.Time `json:"again_at" doc:"Nobody has taken it up after the last step: when its people are told again. Null when they are not."`
	// AckDue is when an acknowledged alert goes back to the queue.
	AckDue *time.Time `json:"ack_due" doc:"Acknowledged and nothing done by then: it goes back to the queue and rings again. Null when no countdown runs."`
	// NextCall is the earliest of the calls that were promised and not made yet.
	NextCall *time.Time `json:"next_call" doc:"When the next promised call is due; null when none is promised."`
	// WaitsUntil, DeliveredAt and DeliveredTo are of its last ringing.
	WaitsUntil  *time.Time `json:"waits_until" doc:"At night: it waits for the morning until then and makes no sound; null when it does not."`
	DeliveredAt *time.Time `json:"delivered_at" doc:"When the first person is known to have been shown it since it last rang; null while nobody is."`
	DeliveredTo *string    `json:"delivered_to" doc:"User name of who that was."`
	// Silenced and Frozen are what keeps it from ringing.
	Silenced *SilenceRef           `json:"silenced" doc:"The silence that holds it back: it is listed and does not ring. Null when none does."`
	Frozen   devices.ResidentState `json:"frozen" enum:",moved,deceased,left" doc:"The resident is listed as this (deceased, moved, left): it can be noted, printed and closed. Empty when it is not frozen."`
	// FoundAt and KnownAt are the finding's: event time and receipt time.
	FoundAt time.Time `json:"found_at"`
	KnownAt time.Time `json:"known_at"`
	// Visit is the newest visit for this alert, and Report whether one came.
	Visit *Visit `json:"visit"`
}

// LogEntry is one line of an alert's history, who did what and when.
type LogEntry struct {
	Event int64     `json:"event"`
	At    time.Time `json:"at"`
	Type  EventType `json:"type"`
	Actor string    `json:"actor" doc:"User name, or 'system'."`
	Text  string    `json:"text" doc:"Note, reason or report text as entered; may be empty."`
	// Data holds what the entry is about, e.g. outcome, from and to severity.
	Data map[string]any `json:"data"`
}

// AlertFilter selects alerts; zero fields select everything in the scope.
type AlertFilter struct {
	Scope    devices.Scope
	State    []State
	Severity []Severity
	Kind     []Kind
	Area     devices.AreaPath
	Resident string
	Cursor   string
	Limit    int
}

// AlertPage is one page of alerts, and the event number it is true as of.
type AlertPage struct {
	Items     []Alert
	Next      string
	AsOfEvent int64
}
