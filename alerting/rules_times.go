package alerting

import "time"

// SeverityTimes are a length of time for each severity; 0 is none.
type SeverityTimes struct {
	Red    time.Duration `json:"red" yaml:"red"`
	Orange time.Duration `json:"orange" yaml:"orange"`
	Yellow time.Duration `json:"yellow" yaml:"yellow"`
	Blue   time.Duration `json:"blue" yaml:"blue"`
}

// of is the length for one severity.
func (r *SeverityTimes) of(s Severity) time.Duration {
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

// check returns an *InputError for the first length that is neither 0 nor between
// a minute and a week; none says what 0 means.
func (r *SeverityTimes) check(field, none string) error {
	for _, s := range []Severity{Red, Orange, Yellow, Blue} {
		if d := r.of(s); d != 0 && (d < time.Minute || d > 7*24*time.Hour) {
			return &InputError{Field: field + "." + string(s), Value: d.String(), Rule: "must be between 1 min and 7 days, or 0 to " + none}
		}
	}
	return nil
}

// How long an acknowledged alert may stand without a call, a note or a dispatch
// before it goes back to the queue and rings again: by then a ten-minute round of
// calls is over. Yellow and blue are the work of a day, not of a minute.
func defaultAck() SeverityTimes {
	return SeverityTimes{Red: 10 * time.Minute, Orange: 30 * time.Minute}
}

// How often the people of an alert are told again that rings, has passed its last
// step, and that nobody has taken up. Yellow and blue are in the worklist.
func defaultAgain() SeverityTimes {
	return SeverityTimes{Red: 5 * time.Minute, Orange: 15 * time.Minute}
}

func checkAgain(r *SeverityTimes) error {
	if r.Red < time.Minute || r.Red > time.Hour {
		return &InputError{Field: "tell_again.red", Value: r.Red.String(), Rule: "must be between 1 min and 1 h: red never falls silent"}
	}
	return r.check("tell_again", "tell nobody again")
}
