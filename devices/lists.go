package devices

// ResidentFilter selects residents; zero fields select everything in the
// scope.
type ResidentFilter struct {
	Scope Scope
	Area  AreaPath // this area and what lies in it
	State []ResidentState
	Tier  []Tier
	// Query is part of a name, or the beginning of an id.
	Query  string
	Cursor string
	Limit  int // 0: 100; at most 1000
}

// ResidentView is a resident with what belongs to it now.
type ResidentView struct {
	Resident

	Devices []Device
	// Absences are those that are not over, the announced ones too.
	Absences []Absence
}

// ResidentPage is one page of residents; Next is "" on the last.
type ResidentPage struct {
	Items []ResidentView
	Next  string
}

// DeviceFilter selects devices; zero fields select everything in the scope.
type DeviceFilter struct {
	Scope    Scope
	Area     AreaPath // where the device stands, or its resident lives
	Kind     []Kind
	Vendor   string
	Resident string
	// Query is part of the id.
	Query  string
	Cursor string
	Limit  int // 0: 100; at most 1000
}

// DeviceView is a device and whose it is now.
type DeviceView struct {
	Device

	// Resident is the id, "" when nobody has the device, or when the caller is
	// a vendor, who has no business to know.
	Resident string
	// Place is the resident's area, or the device's own while nobody has it.
	Place AreaPath
}

// DevicePage is one page of devices; Next is "" on the last.
type DevicePage struct {
	Items []DeviceView
	Next  string
}

// Import is much of the registry at once: all of it is taken, or nothing. What
// is there already and the same is left alone, so the same import may come
// again.
type Import struct {
	Areas       []Area // parents before their children
	Providers   []Provider
	Residents   []Resident
	Devices     []Device
	Gateways    []string // vendors
	Assignments []Assignment
	Secrets     []Secret
	Consents    []Consent

	// Within are the areas of whoever enters this: nothing that lies outside
	// them, before or after, may be changed. nil is everything.
	Within *Scope
	// OnlyNew gives ErrExists for a device that is there already.
	OnlyNew bool
}

// Provider is an organisation that visits residents, and the villages (or
// whole towns or counties) it serves.
type Provider struct {
	ID       string
	Name     string
	Villages []AreaPath
}

// Secret is the password of an MQTT user.
type Secret struct {
	User   string
	Secret string
}

// DeadLetter is a kept refusal, or the count of several.
type DeadLetter struct {
	Refusal

	ID string
	// Count is 1, or for refusals that came too thick to be kept how many.
	Count int64
}

// DeadLetterFilter selects dead letters; zero fields select everything in the
// scope.
type DeadLetterFilter struct {
	// Scope: a vendor sees its own devices', others those of devices in their
	// areas; what belongs to no device is for those who see everything.
	Scope  Scope
	Device DeviceID
	Code   []RefusalCode
	Cursor string
	Limit  int // 0: 100; at most 1000
}

// DeadLetterPage is one page of dead letters, newest first; Next is "" on the
// last.
type DeadLetterPage struct {
	Items []DeadLetter
	Next  string
}
