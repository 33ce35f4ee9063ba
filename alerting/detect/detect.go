// Package detect holds the detectors: small state machines that watch one
// resident or one device and say when a rule holds. They are pure, so that the
// same readings give the same findings live, after a restart, in a replay and in
// a backtest: time is an argument, nothing is logged, nothing waits. They judge
// in event time and tolerate duplicates and disorder. A missing reading is never
// read as zero and never clears a finding.
package detect

import (
	"encoding/json"
	"fmt"

	"shouwang/alerting"
)

// New makes the detectors of one subject, in the order in which they are asked.
func New(s alerting.Subject) []alerting.Detector {
	switch s.Type {
	case alerting.SubjectResident:
		return []alerting.Detector{&Calls{}, &Vitals{}, &WaterInactivity{}, &Faults{}}
	case alerting.SubjectDevice:
		return []alerting.Detector{&Calls{}, &Silence{}, &Battery{}, &Faults{}}
	}
	return nil
}

func save(state any) ([]byte, error) {
	b, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("save detector state: %w", err)
	}
	return b, nil
}

func restore(b []byte, state any) error {
	if err := json.Unmarshal(b, state); err != nil {
		return fmt.Errorf("restore detector state: %w", err)
	}
	return nil
}
