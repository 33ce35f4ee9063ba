package alerting

import (
	"time"

	"shouwang/devices"
)

// Directory tells what the registry knew at a time of receipt. Answers are from
// memory: the engine asks for every record.
type Directory interface {
	Device(id devices.DeviceID, at time.Time) (*devices.Device, bool)
	// Located is the device, the resident it is assigned to (nil without one) and
	// whether that one is Away; d is nil for an unknown device.
	Located(id devices.DeviceID, at time.Time) (d *devices.Device, of *devices.Resident, away bool)
	Resident(id string, at time.Time) (*devices.Resident, bool)
	// Away says that an announced absence, known at that time, covers it.
	Away(resident string, at time.Time) bool
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

// WatchedAgain is a Directory that knows from when on a resident is watched over
// again, who for a time was not; zero for one who always was, or is not.
type WatchedAgain interface {
	WatchedSince(resident string, at time.Time) time.Time
}

// Consenting is a Directory that knows what data residents agree to.
type Consenting interface {
	WithheldOf(resident string, at time.Time) devices.Withheld
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
	Alert    string
	Resident string
	Due      time.Time // zero: by severity
	Assignee string    // "": the provider that serves the village
	Kind     VisitKind // "": at the door, or by phone for a blue alert
}
