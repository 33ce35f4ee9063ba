package alerting

import (
	"fmt"
	"time"
)

// StormRules say when many alerts of devices are one outage.
type StormRules struct {
	// Devices is how many devices must raise an alert within Window, in one town or
	// village or of one vendor, to be one outage; 0 folds nothing. Defaults 10 in
	// 10 min (DESIGN "Alert life").
	Devices int           `json:"devices" yaml:"devices"`
	Window  time.Duration `json:"window" yaml:"window"`
	// Back is the share of its devices that speak again when an outage is over.
	// Default 0.8: never is all of a village on the air.
	Back float64 `json:"back" yaml:"back"`
}

func defaultStorm() StormRules {
	return StormRules{Devices: 10, Window: 10 * time.Minute, Back: 0.8}
}

// check returns an *InputError for the first setting that makes no sense.
func (r *StormRules) check() error {
	switch {
	case r.Devices != 0 && (r.Devices < 2 || r.Devices > 10_000):
		return &InputError{Field: "storm.devices", Value: fmt.Sprint(r.Devices), Rule: "must be between 2 and 10000, or 0 to fold nothing"}
	case r.Window <= 0 || r.Window > 24*time.Hour:
		return &InputError{Field: "storm.window", Value: r.Window.String(), Rule: "must be longer than 0 and at most 24 h"}
	case !(r.Back > 0 && r.Back <= 1):
		return &InputError{Field: "storm.back", Value: fmt.Sprint(r.Back), Rule: "must be above 0 and at most 1"}
	}
	return nil
}
