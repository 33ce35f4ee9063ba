package alerting

import (
	"fmt"
	"time"
)

// StormRules say when many alerts of devices, or many homes without water, are one
// outage.
type StormRules struct {
	// Devices is how many devices must raise an alert within Window, in one town or
	// village or of one vendor, to be one outage; 0 folds nothing. Defaults 10 in
	// 10 min (DESIGN "Alert life").
	Devices int           `json:"devices" yaml:"devices"`
	Window  time.Duration `json:"window" yaml:"window"`
	// Back is the share of its devices that speak again when an outage is over.
	// Default 0.8: never is all of a village on the air.
	Back float64 `json:"back" yaml:"back"`
	// Homes is how many homes with a meter a village must have for a water cut to be
	// seen, and Dry the share of them that must show no use; 0 homes sees none.
	// Defaults 10 and 0.9: somebody always has a tank, or a leak behind it.
	Homes int     `json:"homes" yaml:"homes"`
	Dry   float64 `json:"dry" yaml:"dry"`
}

func defaultStorm() StormRules {
	return StormRules{Devices: 10, Window: 10 * time.Minute, Back: 0.8, Homes: 10, Dry: 0.9}
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
	case r.Homes != 0 && (r.Homes < 5 || r.Homes > 10_000):
		return &InputError{Field: "storm.homes", Value: fmt.Sprint(r.Homes), Rule: "must be between 5 and 10000, or 0 to see no water cut"}
	case !(r.Dry >= 0.5 && r.Dry <= 1):
		return &InputError{Field: "storm.dry", Value: fmt.Sprint(r.Dry), Rule: "must be between 0.5 and 1"}
	}
	return nil
}

// TogetherRules say what several devices of a resident tell together.
type TogetherRules struct {
	// A worn band without movement or pulse for Pulseless, in a home without use of
	// water for NoWater, is no sign of life. Defaults 1 h and 3 h: a band that sits
	// badly finds a pulse again within the hour, and by day nobody is still and
	// pulseless in a home where water was just used.
	Pulseless time.Duration `json:"pulseless" yaml:"pulseless"`
	NoWater   time.Duration `json:"no_water" yaml:"no_water"`
	// Steps is how many steps within an hour are a walk: then somebody lives.
	Steps int `json:"steps" yaml:"steps"`
	// NotReturned is how long after an announced absence there must be a sign of
	// life. Default 30 h: a meter that uploads once a day has had its turn.
	NotReturned time.Duration `json:"not_returned" yaml:"not_returned"`
}

func defaultTogether() TogetherRules {
	return TogetherRules{Pulseless: time.Hour, NoWater: 3 * time.Hour, Steps: 20, NotReturned: 30 * time.Hour}
}

// check returns an *InputError for the first setting that makes no sense.
func (r *TogetherRules) check() error {
	for _, f := range []struct {
		field string
		d     time.Duration
		least time.Duration
	}{
		{"together.pulseless", r.Pulseless, 10 * time.Minute}, {"together.no_water", r.NoWater, time.Hour},
		{"together.not_returned", r.NotReturned, time.Hour},
	} {
		if f.d < f.least || f.d > 30*24*time.Hour {
			return &InputError{Field: f.field, Value: f.d.String(), Rule: "must be between " + f.least.String() + " and 30 days"}
		}
	}
	if r.Steps < 5 || r.Steps > 1000 {
		return &InputError{Field: "together.steps", Value: fmt.Sprint(r.Steps), Rule: "must be between 5 and 1000"}
	}
	return nil
}
