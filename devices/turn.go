package devices

import "time"

// Stopped says that a resident in this state is not watched over any more: no
// alerts, no visits, no messages. An SOS or a fall of a device that is still worn
// is the exception.
func (s ResidentState) Stopped() bool { return s == Deceased || s == Moved || s == Left }

// ResidentTurn is one change of a resident's state.
type ResidentTurn struct {
	Edit     int64
	Resident string
	From, To ResidentState
	At       time.Time
	Reason   string
	By       string // user name, "" when it came with an import
}

// Collectable is a device that is still with a resident who is not watched over
// any more.
type Collectable struct {
	Device   DeviceID
	Kind     Kind
	Resident string
	Name     string
	Area     AreaPath
	State    ResidentState
	Since    time.Time // when the state was entered
}
