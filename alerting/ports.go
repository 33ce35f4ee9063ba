package alerting

import (
	"time"

	"shouwang/devices"
)

// Directory tells what the registry knew at a time of receipt. Answers are from
// memory: the engine asks for every record.
type Directory interface {
	Device(id devices.DeviceID, at time.Time) (*devices.Device, bool)
	// Standing is how things stand with a device and whoever has it; false for an
	// unknown device.
	Standing(id devices.DeviceID, at time.Time) (devices.Standing, bool)
	Resident(id string, at time.Time) (*devices.Resident, bool)
	// Away says that an announced absence, known at that time, covers it.
	Away(resident string, at time.Time) bool
	// WatchedSince is from when on a resident is watched over again, who for a time
	// was not; zero for one who always was, or is not.
	WatchedSince(resident string, at time.Time) time.Time
	// WithheldOf are the types of data that a resident does not agree to.
	WithheldOf(resident string, at time.Time) devices.Withheld
	// Provider is the organisation that serves the area, "" when none does.
	Provider(area devices.AreaPath, at time.Time) string
}

// Turning is a Directory or a Book that can tell of whom its answers change
// between two times, be it by an edit or by an end that was known before: of
// which residents and which devices, the rules and providers aside. all says
// that it may be anybody. With one that cannot tell, every tick looks at
// everybody.
type Turning interface {
	Turns(from, to time.Time) (residents []string, ids []devices.DeviceID, all bool)
}

// Actor is who does something to an alert or a visit.
type Actor struct {
	User string
	Name string
}

// Closing is what a person enters to close an alert. VerifiedBy and How may be
// empty when the alert has a visit report, which then counts.
type Closing struct {
	Outcome    Outcome
	VerifiedBy string
	How        string // phone, family, door or device
	Note       string
	Cause      Cause // of a false alarm; "" takes that of the visit report
}

// NewVisit asks for a visit, for an alert or by plan.
type NewVisit struct {
	ID       string // a UUID that the client has made: twice the same is one visit; "" makes one
	Alert    string
	Resident string
	Due      time.Time // zero: by severity
	Assignee string    // "": the provider that serves the village
	Kind     VisitKind // "": at the door, or by phone for a blue alert
}
