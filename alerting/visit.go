package alerting

import (
	"time"

	"shouwang/devices"
)

// VisitState is where a visit stands.
type VisitState string

// The states of a visit.
const (
	VisitPlanned  VisitState = "planned"
	VisitStarted  VisitState = "started"
	VisitReported VisitState = "reported"
	VisitCanceled VisitState = "canceled"
)

// VisitKind is how a visit is made.
type VisitKind string

// The kinds of visit.
const (
	HomeVisit  VisitKind = "home"
	PhoneVisit VisitKind = "phone"
)

// Plan is why a visit was planned by the service.
type Plan string

// The plans.
const (
	NoPlan       Plan = ""         // a person asked for it
	PlanRoutine  Plan = "routine"  // the resident's tier has its interval
	PlanQuota    Plan = "quota"    // home visits that the town still lacks this month
	PlanCallback Plan = "callback" // calls back that the county still lacks this month
	PlanDaily    Plan = "daily"    // no device sees enough of the resident
)

// Settled is a verified contact that counts as a planned visit.
type Settled struct {
	At  time.Time `json:"at"`
	How string    `json:"how"`
	By  string    `json:"by" doc:"User name."`
}

// Visit is a follow-up at the door or by phone.
type Visit struct {
	ID       string           `json:"id"`
	Alert    *string          `json:"alert" doc:"The alert it answers, null for a planned one."`
	Resident *ResidentRef     `json:"resident"`
	Area     devices.AreaPath `json:"area"`
	State    VisitState       `json:"state"`
	Kind     VisitKind        `json:"kind" doc:"At the door, or by phone."`
	Plan     Plan             `json:"plan" enum:",routine,quota,callback,daily" doc:"Why the service planned it; empty when a person asked for it."`
	Assignee *string          `json:"assignee" doc:"User name; null until somebody takes it."`
	Provider *string          `json:"provider" doc:"The provider organisation that serves the village."`
	Due      time.Time        `json:"due"`
	Created  time.Time        `json:"created_at"`
	Started  *time.Time       `json:"started_at"`
	// Arrived and Left are the check-in at the door and the check-out; between
	// them is the service time.
	Arrived *time.Time `json:"arrived_at"`
	Left    *time.Time `json:"left_at"`
	// Reminded is the last reminder: 50, 80 or 100 percent of the time to due.
	Reminded int      `json:"reminded" doc:"Percent of the time to due at which the last reminder was given, 0 before the first."`
	Settled  *Settled `json:"settled" doc:"A verified contact that counts as this planned visit, which is canceled by it."`
	Report   *Report  `json:"report"`

	// PlanKey tells planned visits apart: of two with one key only the first is
	// made. RemindAt is when the next reminder is due, zero when none is.
	PlanKey  string    `json:"-"`
	RemindAt time.Time `json:"-"`
}

// how is in what way the visit reaches somebody.
func (v *Visit) how() string {
	if v.Kind == PhoneVisit {
		return ByPhone
	}
	return AtDoor
}

// Report is what was found. It is taken once per UUID: an offline phone may
// send it twice.
type Report struct {
	UUID     string    `json:"uuid" format:"uuid"`
	Outcome  Outcome   `json:"outcome"`
	Note     string    `json:"note"`
	Cause    Cause     `json:"cause,omitempty" enum:"away,device,habit,test,other" doc:"Why it was a false alarm."`
	At       time.Time `json:"at" doc:"When it was found; the time of receipt when the phone did not say."`
	By       string    `json:"by"`
	Received time.Time `json:"received"`
	// Sent is what the phone's clock said when it was sent, zero when it did not say.
	Sent time.Time `json:"-"`
	// Moved says that the visit is with another organisation now.
	Moved bool `json:"-"`
	ReportMore
}

// VisitFilter selects visits.
type VisitFilter struct {
	Scope    devices.Scope
	State    []VisitState
	Alert    string
	Resident string
	Assignee string
	Area     devices.AreaPath // this area and what lies in it
	Kind     []VisitKind
	Plan     []Plan
	// OverdueAt leaves only visits that are still to come and were due before;
	// zero leaves out nothing.
	OverdueAt time.Time
	// Since leaves out visits that were reported before, DueBefore those due at
	// that time or later; zero times leave out nothing.
	Since, DueBefore time.Time

	Cursor string
	Limit  int
}

// VisitPage is one page of visits.
type VisitPage struct {
	Items []Visit
	Next  string
}
