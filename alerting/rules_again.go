package alerting

import "time"

// AgainRules say how often the people of an alert are told again that rings, has
// passed its last step, and that nobody has taken up; 0 tells nobody again, which
// red does not allow. Defaults 5 min for red and 15 min for orange; yellow and blue
// are in the worklist.
type AgainRules struct {
	Red    time.Duration `json:"red" yaml:"red"`
	Orange time.Duration `json:"orange" yaml:"orange"`
	Yellow time.Duration `json:"yellow" yaml:"yellow"`
	Blue   time.Duration `json:"blue" yaml:"blue"`
}

func defaultAgain() AgainRules {
	return AgainRules{Red: 5 * time.Minute, Orange: 15 * time.Minute}
}

// of is the setting for one severity.
func (r *AgainRules) of(s Severity) time.Duration {
	switch s {
	case Red:
		return r.Red
	case Orange:
		return r.Orange
	case Yellow:
		return r.Yellow
	case Blue:
		return r.Blue
	}
	return 0
}

// check returns an *InputError for the first setting that makes no sense.
func (r *AgainRules) check() error {
	if r.Red < time.Minute || r.Red > time.Hour {
		return &InputError{Field: "tell_again.red", Value: r.Red.String(), Rule: "must be between 1 min and 1 h: red never falls silent"}
	}
	for _, s := range []Severity{Orange, Yellow, Blue} {
		if d := r.of(s); d != 0 && (d < time.Minute || d > 7*24*time.Hour) {
			return &InputError{Field: "tell_again." + string(s), Value: d.String(), Rule: "must be between 1 min and 7 days, or 0 to tell nobody again"}
		}
	}
	return nil
}
