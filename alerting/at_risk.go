package alerting

import "time"

// AtRisk is a resident whom an outage hides, as its evidence lists them under
// "residents".
type AtRisk struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Back says that all devices that were missing speak again.
	Back bool `json:"back"`
	// Call is the newest call to the resident about the outage, nil before the
	// first.
	Call *OutageCall `json:"call,omitempty"`
}

// OutageDevice is a device that an outage stands for, as its evidence lists them
// under "devices".
type OutageDevice struct {
	ID       string    `json:"id"`
	Kind     Kind      `json:"kind"`
	Since    time.Time `json:"since"`
	Back     bool      `json:"back"`
	Resident string    `json:"resident,omitempty"`
}

// OutageCall is a call of the round of calls about an outage.
type OutageCall struct {
	At     time.Time `json:"at"`
	Result string    `json:"result"`
	By     string    `json:"by"`
}
