package alerting

import (
	"fmt"
	"slices"
	"time"

	"shouwang/devices"
)

// VisitRules are the settings of planned visits, of reminders and of the way to
// the door.
type VisitRules struct {
	// Red, Yellow and Green are the longest times from one verified contact with a
	// resident of the tier to the next planned home visit; 0 plans none. Defaults a
	// week, a month, a quarter.
	Red    time.Duration `json:"every_red" yaml:"every_red"`
	Yellow time.Duration `json:"every_yellow" yaml:"every_yellow"`
	Green  time.Duration `json:"every_green" yaml:"every_green"`
	// HomePct is the share of its residents, in percent, that a town visits at home
	// each month, read for the town; Callbacks the number of calls back each month in
	// a county, read for the county. Defaults 5 % and 20. 0 asks for none.
	HomePct   float64 `json:"home_pct" yaml:"home_pct"`
	Callbacks int     `json:"callbacks" yaml:"callbacks"`
	// PerDay is how many home visits are planned for one person on one day, and for
	// a provider that has entered no people. Default 8. Who does not fit into the
	// month waits, the longest unseen first.
	PerDay int `json:"per_day" yaml:"per_day"`
	// DailyCall plans a call each day to residents of tier red whose devices may
	// leave something unseen for more than 6 h. Default true.
	DailyCall bool `json:"daily_call" yaml:"daily_call"`
	// Remind are the reminders, in percent of the time to due. Defaults 50, 80, 100.
	Remind []int `json:"remind" yaml:"remind"`
	// Tries is how often a rung of the contact ladder is called in vain before the
	// next one is shown. Default 1.
	Tries int `json:"tries" yaml:"tries"`
	// Neighbour has somebody of the village asked before anybody goes to the door.
	// Default true.
	Neighbour bool `json:"neighbour" yaml:"neighbour"`
}

func defaultVisits() VisitRules {
	const day = 24 * time.Hour
	return VisitRules{
		Red: 7 * day, Yellow: 30 * day, Green: 91 * day, HomePct: 5, Callbacks: 20, PerDay: 8, DailyCall: true,
		Remind: []int{50, 80, 100}, Tries: 1, Neighbour: true,
	}
}

// Every is the interval of the tier; residents without one have that of green.
func (r *VisitRules) Every(t devices.Tier) time.Duration {
	switch t {
	case devices.TierRed:
		return r.Red
	case devices.TierYellow:
		return r.Yellow
	case devices.TierGreen:
	}
	return r.Green
}

// check returns an *InputError for the first setting that makes no sense.
func (r *VisitRules) check() error {
	for _, f := range []struct {
		field string
		d     time.Duration
	}{{"visits.every_red", r.Red}, {"visits.every_yellow", r.Yellow}, {"visits.every_green", r.Green}} {
		if f.d != 0 && (f.d < 24*time.Hour || f.d > 400*24*time.Hour) {
			return &InputError{Field: f.field, Value: f.d.String(), Rule: "must be between a day and 400 days, or 0 for no visits"}
		}
	}
	switch {
	case !(r.HomePct >= 0 && r.HomePct <= 100):
		return &InputError{Field: "visits.home_pct", Value: fmt.Sprint(r.HomePct), Rule: "must be between 0 and 100"}
	case r.Callbacks < 0 || r.Callbacks > 10_000:
		return &InputError{Field: "visits.callbacks", Value: fmt.Sprint(r.Callbacks), Rule: "must be between 0 and 10000"}
	case r.PerDay < 1 || r.PerDay > 100:
		return &InputError{Field: "visits.per_day", Value: fmt.Sprint(r.PerDay), Rule: "must be between 1 and 100"}
	case r.Tries < 1 || r.Tries > 10:
		return &InputError{Field: "visits.tries", Value: fmt.Sprint(r.Tries), Rule: "must be between 1 and 10"}
	case !slices.IsSorted(r.Remind) || len(slices.Compact(slices.Clone(r.Remind))) != len(r.Remind):
		return &InputError{Field: "visits.remind", Value: fmt.Sprint(r.Remind), Rule: "must grow"}
	}
	for _, p := range r.Remind {
		if p < 1 || p > 1000 {
			return &InputError{Field: "visits.remind", Value: fmt.Sprint(p), Rule: "must be percents from 1 to 1000"}
		}
	}
	return nil
}
