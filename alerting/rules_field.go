package alerting

import "fmt"

// FieldRules are the settings of visits at the door.
type FieldRules struct {
	// CheckInM is how far from the home, in metres, somebody may be who checks in
	// by position. Default 150: a village yard, and what the registry's own
	// position is off.
	CheckInM float64 `json:"check_in_m" yaml:"check_in_m"`
	// AccuracyM is the worst accuracy, in metres, that still proves anything.
	// Default 100: Wi-Fi positions do, those of mobile masts do not.
	AccuracyM float64 `json:"accuracy_m" yaml:"accuracy_m"`
}

func defaultField() FieldRules { return FieldRules{CheckInM: 150, AccuracyM: 100} }

// check returns an *InputError for the first setting that makes no sense.
func (f *FieldRules) check() error {
	for _, b := range []struct {
		field       string
		v, min, max float64
	}{{"check_in_m", f.CheckInM, 20, 5000}, {"accuracy_m", f.AccuracyM, 10, 2000}} {
		if !(b.v >= b.min && b.v <= b.max) {
			return &InputError{Field: "field." + b.field, Value: fmt.Sprint(b.v), Rule: fmt.Sprintf("must be between %g and %g", b.min, b.max)}
		}
	}
	return nil
}
