package alerting

import "time"

// AckRules say how long an acknowledged alert may stand without a call, a note or a
// dispatch before it goes back to the queue and rings again; 0 never takes it back.
// Defaults 10 min for red and 30 min for orange: by then a ten-minute round of
// calls is over. Yellow and blue are the work of a day, not of a minute.
type AckRules struct {
	Red    time.Duration `json:"red" yaml:"red"`
	Orange time.Duration `json:"orange" yaml:"orange"`
	Yellow time.Duration `json:"yellow" yaml:"yellow"`
	Blue   time.Duration `json:"blue" yaml:"blue"`
}

func defaultAck() AckRules {
	return AckRules{Red: 10 * time.Minute, Orange: 30 * time.Minute}
}

// of is the setting for one severity.
func (r *AckRules) of(s Severity) time.Duration {
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
func (r *AckRules) check() error {
	for _, s := range []Severity{Red, Orange, Yellow, Blue} {
		if d := r.of(s); d != 0 && (d < time.Minute || d > 7*24*time.Hour) {
			return &InputError{Field: "ack_timeout." + string(s), Value: d.String(), Rule: "must be between 1 min and 7 days, or 0 to take nothing back"}
		}
	}
	return nil
}
