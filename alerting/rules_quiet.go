package alerting

import (
	"fmt"
	"time"
)

// QuietRules say what does not ring, and when the supervisor hears of a shift that
// nobody has taken.
type QuietRules struct {
	// SilenceMost is the longest time for which a silence may be entered. Default
	// 7 days: what lasts longer is a matter of the rules or of a repair.
	SilenceMost time.Duration `json:"silence_most" yaml:"silence_most"`
	// An episode that comes back more than FlapRings times within FlapWithin does
	// not ring again, but for once in each FlapWithin; 0 rings always. FlapOf has
	// other numbers for single kinds. What is red, an SOS and a fall always ring.
	// Defaults 3 in 1 h: a fourth ring tells nobody anything new.
	FlapRings  int           `json:"flap_rings" yaml:"flap_rings"`
	FlapWithin time.Duration `json:"flap_within" yaml:"flap_within"`
	FlapOf     map[Kind]int  `json:"flap_of" yaml:"flap_of"`
	// Handover is how long the sheet of a shift may wait for the signature of who
	// takes it. Default 15 min.
	Handover time.Duration `json:"handover" yaml:"handover"`
}

func defaultQuiet() QuietRules {
	return QuietRules{SilenceMost: 7 * 24 * time.Hour, FlapRings: 3, FlapWithin: time.Hour, FlapOf: map[Kind]int{}, Handover: 15 * time.Minute}
}

// rings is after how many episodes one of the kind does not ring again, 0 for
// never.
func (r *QuietRules) rings(k Kind) int {
	if n, ok := r.FlapOf[k]; ok {
		return n
	}
	return r.FlapRings
}

// check returns an *InputError for the first setting that makes no sense.
func (r *QuietRules) check() error {
	switch {
	case r.SilenceMost < time.Hour || r.SilenceMost > 7*24*time.Hour:
		return &InputError{Field: "quiet.silence_most", Value: r.SilenceMost.String(), Rule: "must be between 1 h and 168 h"}
	case r.FlapRings < 0 || r.FlapRings > 100:
		return &InputError{Field: "quiet.flap_rings", Value: fmt.Sprint(r.FlapRings), Rule: "must be between 1 and 100, or 0 to ring always"}
	case r.FlapWithin <= 0 || r.FlapWithin > 24*time.Hour:
		return &InputError{Field: "quiet.flap_within", Value: r.FlapWithin.String(), Rule: "must be longer than 0 and at most 24 h"}
	case r.Handover < time.Minute || r.Handover > 12*time.Hour:
		return &InputError{Field: "quiet.handover", Value: r.Handover.String(), Rule: "must be between 1 min and 12 h"}
	}
	for k, n := range r.FlapOf {
		if _, ok := k.Info(); !ok {
			return &InputError{Field: "quiet.flap_of", Value: string(k), Rule: "must be a kind of alert"}
		}
		if n < 0 || n > 100 {
			return &InputError{Field: "quiet.flap_of." + string(k), Value: fmt.Sprint(n), Rule: "must be between 1 and 100, or 0 to ring always"}
		}
	}
	return nil
}
