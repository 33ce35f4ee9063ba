package alerting

import (
	"fmt"
	"time"
)

// WaterInactivityRules are the settings of the water-inactivity detector.
type WaterInactivityRules struct {
	// LimitL is the use, in litres, below which a home counts as unused, and
	// Window how long that must be proven, while the home's own rhythm is not
	// known. Defaults 10 L in 24 h: the rule in operation in Liaocheng
	// (domain.md §1.1).
	LimitL float64       `json:"limit_l" yaml:"limit_l"`
	Window time.Duration `json:"window" yaml:"window"`
	// Sensitivity is how early a check is asked for once the rhythm is learnt.
	Sensitivity Sensitivity `json:"sensitivity" yaml:"sensitivity"`
}

// Sensitivity says how many needless checks of people at home are a fair price
// for finding somebody sooner. A resident of tier red is judged one step earlier.
type Sensitivity string

// The sensitivities, with the first alerts of people at home that they cost per
// home and month, the two weeks of learning included: simulated homes with a flush
// toilet / with little use / real one-person homes (docs/detection.md).
const (
	Fixed    Sensitivity = "fixed"    // the fixed rule for good: 0.03 / 7.2 / 0.7
	Quietest Sensitivity = "quietest" // 0.04 / 0.2 / 0.3
	Quiet    Sensitivity = "quiet"    // 0.06 / 0.2 / 0.35
	Balanced Sensitivity = "balanced" // 0.09 / 0.3 / 0.4
	Early    Sensitivity = "early"    // 0.2 / 0.5 / 0.5
	Earliest Sensitivity = "earliest" // 0.4 / 1.2 / 0.85
)

// sensitivities from the latest to the earliest, and the price of a needless
// check in hours that somebody would lie there.
var sensitivities = [...]struct {
	Sensitivity
	price float64
}{{Quietest, 30000}, {Quiet, 15000}, {Balanced, 7500}, {Early, 3000}, {Earliest, 1000}}

// Price is what a needless check costs, in hours that somebody would lie there;
// 0 for the fixed rule.
func (s Sensitivity) Price() float64 {
	for _, o := range sensitivities {
		if o.Sensitivity == s {
			return o.price
		}
	}
	return 0
}

// Earlier is the next step up.
func (s Sensitivity) Earlier() Sensitivity {
	for i, o := range sensitivities[:len(sensitivities)-1] {
		if o.Sensitivity == s {
			return sensitivities[i+1].Sensitivity
		}
	}
	return s
}

func defaultWaterInactivity() WaterInactivityRules {
	return WaterInactivityRules{LimitL: 10, Window: 24 * time.Hour, Sensitivity: Balanced}
}

// check returns an *InputError for the first setting that makes no sense. Without
// a sensitivity (rules of an older client) the default holds.
func (r *WaterInactivityRules) check() error {
	switch {
	case r.LimitL <= 0 || r.LimitL > 10000 || r.LimitL != r.LimitL:
		return &InputError{Field: "water_inactivity.limit_l", Value: fmt.Sprint(r.LimitL), Rule: "must be above 0 and at most 10000 L"}
	case r.Window <= 0:
		return &InputError{Field: "water_inactivity.window", Value: r.Window.String(), Rule: "must be longer than 0"}
	case r.Sensitivity == "":
		r.Sensitivity = Balanced
	case r.Sensitivity != Fixed && r.Sensitivity.Price() == 0:
		return &InputError{Field: "water_inactivity.sensitivity", Value: string(r.Sensitivity), Rule: "must be fixed, quietest, quiet, balanced, early or earliest"}
	}
	return nil
}
