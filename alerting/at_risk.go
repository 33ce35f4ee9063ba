package alerting

import "time"

// AtRisk is a resident whom an outage hides, and whether somebody has phoned.
type AtRisk struct {
	Resident ResidentRef
	// Back says that all devices that were missing speak again.
	Back bool
	// CalledAt and Result are of the last call, zero and "" before the first.
	CalledAt time.Time
	Result   string
}
