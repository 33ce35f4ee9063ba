package devices

import "time"

// ResidentFilter selects residents; zero fields select everything in the scope.
type ResidentFilter struct {
	Scope  Scope
	Area   AreaPath // this area and what lies in it
	Tier   Tier
	State  ResidentState
	Search string // part of the name, or the id
	Cursor string
	Limit  int
}

// ResidentPage is one page of residents; Next is "" on the last.
type ResidentPage struct {
	Items []Resident
	Next  string
}

// DeviceFilter selects devices; zero fields select everything in the scope.
type DeviceFilter struct {
	Scope    Scope
	Area     AreaPath // where the device stands, or its resident lives
	Kind     Kind
	Vendor   string
	Resident string
	Search   string // part of the id
	Cursor   string
	Limit    int
}

// DeviceEntry is a device with the resident it is assigned to now, "" when it
// is nobody's; Area is then the resident's.
type DeviceEntry struct {
	Device
	Resident string
}

// DevicePage is one page of devices; Next is "" on the last.
type DevicePage struct {
	Items []DeviceEntry
	Next  string
}

// RefusalFilter selects dead letters; zero fields select all.
type RefusalFilter struct {
	Vendor string // only this vendor's
	Device DeviceID
	Code   RefusalCode
	From   time.Time
	Cursor string
	Limit  int
}

// RefusalPage is one page of dead letters, newest first.
type RefusalPage struct {
	Items []Refusal
	Next  string
}
