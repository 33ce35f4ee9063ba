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

// Visit is a follow-up at the door or by phone.
type Visit struct {
	ID       string           `json:"id"`
	Alert    *string          `json:"alert" doc:"The alert it answers, null for a planned one."`
	Resident *ResidentRef     `json:"resident"`
	Area     devices.AreaPath `json:"area"`
	State    VisitState       `json:"state"`
	Assignee *string          `json:"assignee" doc:"User name; null until somebody takes it."`
	Provider *string          `json:"provider" doc:"The provider organisation that serves the village."`
	Due      time.Time        `json:"due"`
	Created  time.Time        `json:"created_at"`
	Started  *time.Time       `json:"started_at"`
	Report   *Report          `json:"report"`
}

// Report is what was found. It is taken once per UUID: an offline phone may
// send it twice.
type Report struct {
	UUID     string    `json:"uuid" format:"uuid"`
	Outcome  Outcome   `json:"outcome"`
	Note     string    `json:"note"`
	At       time.Time `json:"at" doc:"When it was found; the time of receipt when the phone did not say."`
	By       string    `json:"by"`
	Received time.Time `json:"received"`
}

// VisitFilter selects visits.
type VisitFilter struct {
	Scope    devices.Scope
	State    []VisitState
	Alert    string
	Resident string
	Assignee string
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
