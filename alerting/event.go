package alerting

import (
	"time"

	"shouwang/devices"
)

// EventType is the type of a live event, as the websocket sends it.
type EventType string

// The types of live events.
const (
	AlertOpened    EventType = "alert.opened"
	AlertUpdated   EventType = "alert.updated"
	AlertAcked     EventType = "alert.acked"
	AlertEscalated EventType = "alert.escalated"
	AlertRecovered EventType = "alert.recovered"
	AlertClosed    EventType = "alert.closed"
	VisitCreated   EventType = "visit.created"
	VisitChanged   EventType = "visit.updated"
	// VisitsPlanned says that the service has planned visits in a village: which, in
	// the data. A month's plan is no news of a hundred single visits.
	VisitsPlanned EventType = "visit.planned"

	// LogErased is the type of the entry by which an erasure says which entries of
	// the log it has changed. It is on nobody's board.
	LogErased EventType = "log.erased"
)

// Event is one numbered change. Numbers grow by commit order; a client that
// knows the last number it saw gets everything after it.
type Event struct {
	Number int64
	Type   EventType
	At     time.Time
	// Alert and Visit are as they were after this change.
	Alert *Alert
	Visit *Visit
	// Area and Provider decide who may see it: Provider has the alert, or the
	// visit where it is for none; "" when nobody does. A visit may be of another
	// provider than its alert and says so itself.
	Area     devices.AreaPath
	Provider string
	// ProviderBefore had the alert until this change, "" when nothing changed.
	ProviderBefore string
	Actor          string
	Text           string
	Data           map[string]any
}
