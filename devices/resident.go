package devices

import "time"

// Tier is a resident's risk grade; it sets sensitivity and visit frequency.
type Tier string

// The tiers, most at risk first.
const (
	TierRed    Tier = "red"
	TierYellow Tier = "yellow"
	TierGreen  Tier = "green"
)

// ResidentState says whether and how a resident is watched over.
type ResidentState string

// The states of a resident (DESIGN: active residents are watched, the others
// are not, `deceased` also stops messages).
const (
	Active      ResidentState = "active"
	Hospital    ResidentState = "hospital"
	Institution ResidentState = "institution"
	Moved       ResidentState = "moved"
	Deceased    ResidentState = "deceased"
	Left        ResidentState = "left"
)

// Resident is a person who is watched over.
type Resident struct {
	ID      string
	Name    string
	Phone   string
	Address string
	Born    int // year, 0 when not known
	Area    AreaPath
	Tier    Tier
	State   ResidentState
	// Contacts are the people to call, in order.
	Contacts []ContactPerson
}

// ContactPerson is somebody to call about a resident.
type ContactPerson struct {
	Name     string `json:"name"`
	Relation string `json:"relation"`
	Phone    string `json:"phone"`
}

// Assignment says that a device belongs to a resident from From until To (zero
// To: until further notice).
type Assignment struct {
	Device   DeviceID
	Resident string
	From, To time.Time
}

// Absence is a time the resident is known to be away (hospital, family). A
// zero To means no end is known yet.
type Absence struct {
	ID       string
	Resident string
	From, To time.Time
	Reason   string
}
