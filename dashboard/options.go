package dashboard

import (
	"context"
	"io/fs"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// Alerts reads alerts, visits and the event log.
type Alerts interface {
	Alerts(ctx context.Context, f alerting.AlertFilter) (alerting.AlertPage, error)
	Alert(ctx context.Context, scope devices.Scope, id string) (alerting.Alert, error)
	Log(ctx context.Context, id string) ([]alerting.LogEntry, error)
	// Calls are those about alerts in the scope, oldest first; Callbacks those that
	// were promised until then and not made yet, the most overdue first.
	Calls(ctx context.Context, f alerting.CallFilter) ([]alerting.CallRecord, error)
	Callbacks(ctx context.Context, scope devices.Scope, until time.Time) ([]alerting.Callback, error)
	Visits(ctx context.Context, f alerting.VisitFilter) (alerting.VisitPage, error)
	Visit(ctx context.Context, scope devices.Scope, id string) (alerting.Visit, error)
	// Labels are what people found out about what detectors said of a resident,
	// TruthRates how alerts that were closed in [from, to) ended, by kind and rule.
	Labels(ctx context.Context, resident string) ([]alerting.Label, error)
	TruthRates(ctx context.Context, scope devices.Scope, from, to time.Time) ([]alerting.TruthRate, error)
	EventLog
}

// EventLog is the numbered log of changes the live view follows.
type EventLog interface {
	// EventsAfter reads up to limit events with a greater number, in order.
	EventsAfter(ctx context.Context, after int64, limit int) ([]alerting.Event, error)
	// OldestEvent is one more than NewestEvent while the log is empty, and
	// NewestEvent is 0 while nothing was ever written.
	OldestEvent(ctx context.Context) (int64, error)
	NewestEvent(ctx context.Context) (int64, error)
	// Changed is closed at the first commit of an event after the call.
	Changed() <-chan struct{}
}

// Desk does what people do to alerts and visits.
type Desk interface {
	Ack(ctx context.Context, id string, by alerting.Actor) (alerting.Alert, error)
	Assign(ctx context.Context, id string, by alerting.Actor, assignee string) (alerting.Alert, error)
	Note(ctx context.Context, id string, by alerting.Actor, text string) (alerting.Alert, error)
	Call(ctx context.Context, id string, by alerting.Actor, call alerting.Call) (alerting.Alert, error)
	Lower(ctx context.Context, id string, by alerting.Actor, to alerting.Severity, reason string) (alerting.Alert, error)
	Escalate(ctx context.Context, id string, by alerting.Actor, reason string) (alerting.Alert, error)
	Merge(ctx context.Context, id string, by alerting.Actor, into string) (alerting.Alert, error)
	Reopen(ctx context.Context, id string, by alerting.Actor, reason string) (alerting.Alert, error)
	Close(ctx context.Context, id string, by alerting.Actor, c alerting.Closing) (alerting.Alert, error)
	CreateVisit(ctx context.Context, by alerting.Actor, v alerting.NewVisit) (alerting.Visit, error)
	StartVisit(ctx context.Context, id string, by alerting.Actor) (alerting.Visit, error)
	ReportVisit(ctx context.Context, id string, by alerting.Actor, r alerting.Report) (alerting.Visit, error)
	CancelVisit(ctx context.Context, id string, by alerting.Actor, reason string) (alerting.Visit, error)
	Silence(ctx context.Context, by alerting.Actor, in alerting.NewSilence) (alerting.Silence, error)
	EndSilence(ctx context.Context, id string, by alerting.Actor, reason string) (alerting.Silence, error)
	// Turned does what follows from a change of a resident's state.
	Turned(ctx context.Context, t devices.ResidentTurn) error
	Enter(ctx context.Context, visit string, by alerting.Actor, e alerting.NewEntry) (alerting.DoorEntry, alerting.Visit, error)
	SetHome(ctx context.Context, resident string, by alerting.Actor, in alerting.HomeChange) (alerting.Home, error)
	NewDoorCode(ctx context.Context, resident string, by alerting.Actor, fresh bool) (alerting.Home, error)
}

// Registry reads and edits areas, residents, devices and who wears what.
type Registry interface {
	Device(id devices.DeviceID, at time.Time) (*devices.Device, bool)
	Resident(id string, at time.Time) (*devices.Resident, bool)
	Provider(area devices.AreaPath, at time.Time) string
	Providers() []devices.Provider
	// Everybody is all residents, in order of their ids; they must not be changed.
	Everybody(at time.Time) []*devices.Resident

	Areas(ctx context.Context, scope devices.Scope) ([]devices.Area, error)
	Residents(ctx context.Context, f devices.ResidentFilter) (devices.ResidentPage, error)
	Devices(ctx context.Context, f devices.DeviceFilter) (devices.DevicePage, error)
	// GetResident and GetDevice return devices.ErrNotFound for what is not in
	// the scope.
	GetResident(ctx context.Context, scope devices.Scope, id string) (devices.ResidentView, error)
	GetDevice(ctx context.Context, scope devices.Scope, id devices.DeviceID) (devices.DeviceView, error)
	Assignments(ctx context.Context, resident string) ([]devices.Assignment, error)
	Absences(ctx context.Context, resident string) ([]devices.Absence, error)
	Consents(ctx context.Context, resident string) ([]devices.Consent, error)
	// Withheld and WithheldOf are the types of data that may be neither taken
	// nor shown.
	Withheld(id devices.DeviceID, at time.Time) devices.Withheld
	WithheldOf(resident string, at time.Time) devices.Withheld

	// PutAll enters all or nothing; Enter too, and makes secrets for the
	// devices that are new.
	PutAll(ctx context.Context, in devices.Import) error
	Enter(ctx context.Context, in devices.Import) ([]devices.Secret, error)
	Unassign(ctx context.Context, device devices.DeviceID, at time.Time) error
	AddAbsence(ctx context.Context, a devices.Absence) (devices.Absence, error)
	EndAbsence(ctx context.Context, id string, at time.Time) error
	NewSecret(ctx context.Context, user string) (string, error)
}

// Series reads the time series.
type Series interface {
	History(ctx context.Context, q devices.HistoryQuery) ([]devices.Point, error)
	Latest(ctx context.Context, device devices.DeviceID) ([]devices.Reading, error)
}

// DeadLetters reads what was refused.
type DeadLetters interface {
	List(ctx context.Context, f devices.DeadLetterFilter) (devices.DeadLetterPage, error)
}

// Rules reads and changes the thresholds.
type Rules interface {
	// Rules are those that hold at the time; they must not be changed.
	Rules(at time.Time, of alerting.RuleScope) *alerting.Rules
	// PutRules stores a new version, which holds from the given time on, and
	// returns its number.
	PutRules(ctx context.Context, r *alerting.Rules, by alerting.Actor, reason string, from time.Time) (int, error)
	// ChangeRules makes the settings of one scope hold from then on, and returns
	// the change's version; TryRules what everybody's rules would be then.
	ChangeRules(ctx context.Context, c alerting.RuleChange) (int, error)
	TryRules(c alerting.RuleChange) (func(alerting.RuleScope) *alerting.Rules, error)
	// RuleVersions are the changes that see is true of, newest first.
	RuleVersions(limit int, see func(alerting.RuleScope) bool) []alerting.RuleVersion
	// RuleChanges and RuleSources tell how somebody's rules came to be.
	RuleChanges(of alerting.RuleScope) []alerting.RuleChange
	RuleSources(at time.Time, of alerting.RuleScope) []alerting.RuleSource
}

// Incidents starts made-up incidents in the demo's simulator.
type Incidents interface {
	Kinds() []string
	Start(ctx context.Context, kind, device string) (any, error)
}

// Check is one condition of readiness: Ready returns nil, or why it is not,
// for the log.
type Check struct {
	Name  string
	Ready func(ctx context.Context) error
}

// State is what the page shows of the service's health.
type State struct {
	AsOf      time.Time // receipt time of the newest record alerting has committed
	Lag       time.Duration
	Connected bool // ingest's connection to the broker
	// Warnings are what people at the board must know of the service.
	Warnings []Warning
}

// Warning is a state of the service that costs something; the page has words
// for each.
type Warning string

// The warnings.
const (
	TelemetryRefused Warning = "telemetry_refused"  // the disk is nearly full, events are taken
	EventsRefused    Warning = "events_refused"     // the disk is full, nothing is taken
	StoreDamaged     Warning = "store_damaged"      // at the start, readings may be missing
	MessagesSetAside Warning = "messages_set_aside" // unreadable ones are kept for a week, judged by nobody
	NoticesFailed    Warning = "notices_failed"     // in the last hour somebody could not be told, or red notices are stuck
	CanarySilent     Warning = "canary_silent"      // the service's own messages do not come through: the board may not show the truth
)

// Blind is the longest time from something that happens to a resident to when a
// reading of it can be here. It is that of the quickest device.
type Blind struct {
	Time            time.Duration
	Device          devices.DeviceID
	Measure, Upload time.Duration // how often it measures and reports
	// DailyCall: too long for the resident's risk, so somebody is to phone daily.
	DailyCall bool
}

// Options hand the dashboard what it needs.
type Options struct {
	Access      *access.Store
	Alerts      Alerts
	Desk        Desk
	Shift       Shift
	Handovers   Handovers
	States      States
	Doors       Doors
	Registry    Registry
	Rounds      Rounds
	Reports     Reports
	Series      Series
	DeadLetters DeadLetters
	Erasures    Erasures
	Rules       Rules
	Preview     Preview   // nil: none are made
	Incidents   Incidents // nil outside the demo
	Telling     *Telling  // nil: nobody is told
	Duty        Duty
	Presence    *Presence // who sits at a board; nil: its own
	// Reachable says whether somebody can be told at a time by a channel of
	// theirs; nil: nobody can.
	Reachable func(user string, at time.Time) bool
	// State is asked for every beat and status; from memory.
	State  func() State
	Checks []Check
	// Blind says how long something that happens to a resident may go unseen, by
	// the devices they have now; false when that is not known. May be nil.
	Blind func(r *devices.Resident, ids []devices.DeviceID) (Blind, bool)
	// Excess says what a device has sent beyond its rate; may be nil.
	Excess func(devices.DeviceID) (messages int64, last time.Time)
	// Disconnect closes the MQTT connections of a user whose secret was
	// changed or who was disabled; may be nil.
	Disconnect func(user string) error

	// Canary lets the service watch its own live view; may be nil.
	Canary *Canary

	// Gatherer is what /metrics serves, Metrics where the dashboard's own go.
	Gatherer prometheus.Gatherer
	Metrics  prometheus.Registerer
	// MetricsToken opens /metrics to programs that send it as a bearer token.
	// Without one only this machine may read it.
	MetricsToken string

	// SecureCookies marks the session cookie for TLS only, also when TLS ends
	// at a proxy before us.
	SecureCookies bool
	// Origins are further origins whose pages may call us, as
	// "https://host[:port]"; our own always may.
	Origins []string
	Demo    bool
	// Unmasked are the roles that see names and phone numbers in lists as they
	// are; nil: administrators.
	Unmasked []access.Role
	Version  string
	Log      zerolog.Logger

	// Live are the times of the websocket; zero fields take the defaults.
	Live LiveOptions

	page fs.FS // of tests, instead of the one in the binary
}

// LiveOptions are the times of the websocket.
type LiveOptions struct {
	Beat  time.Duration // between two beats, and look-ups of the session; default 3 s
	Write time.Duration // the longest one write may take; default 10 s
	// PerAccount is how many connections an account may have open; default 200.
	PerAccount int
	// Frames is how many frames a client may send in 10 s. It says what it has
	// seen, once for each frame it gets, and in a storm these come by the
	// thousand; default 5000.
	Frames int
	Read   time.Duration // the longest silence of a client, pongs included; default 30 s
}

func (o LiveOptions) withDefaults() LiveOptions {
	if o.Beat == 0 {
		o.Beat = 3 * time.Second
	}
	if o.Write == 0 {
		o.Write = 10 * time.Second
	}
	if o.Frames == 0 {
		o.Frames = 5000
	}
	if o.PerAccount == 0 {
		o.PerAccount = 200
	}
	if o.Read == 0 {
		o.Read = 30 * time.Second
	}
	return o
}
