package alerting

import (
	"fmt"
	"math"
)

// PositionRules are the settings of fences and of wandering at night. Positions
// are WGS-84 in degrees, distances metres.
type PositionRules struct {
	// Home is where the resident lives. Zero: it is learnt from where the evenings
	// and mornings are spent. HomeM is how far the home zone reaches.
	HomeLat float64 `json:"home_lat" yaml:"home_lat"`
	HomeLon float64 `json:"home_lon" yaml:"home_lon"`
	HomeM   float64 `json:"home_m" yaml:"home_m"`
	// FenceM is how far from home somebody may go before it is an alert; 0 is as
	// far as they like. Safe are places beyond it where they may be.
	FenceM float64    `json:"fence_m" yaml:"fence_m"`
	Safe   []SafeZone `json:"safe" yaml:"safe"`
	// Wandering at night: from NightFrom to NightTo o'clock, outside the home
	// zone and at least WanderM from the fix before.
	Wandering bool    `json:"wandering" yaml:"wandering"`
	WanderM   float64 `json:"wander_m" yaml:"wander_m"`
	NightFrom int     `json:"night_from" yaml:"night_from"`
	NightTo   int     `json:"night_to" yaml:"night_to"`
	// Fixes is how many fixes on end must be outside.
	Fixes int `json:"fixes" yaml:"fixes"`
}

// SafeZone is a round place.
type SafeZone struct {
	Name    string  `json:"name" yaml:"name"`
	LatDeg  float64 `json:"lat_deg" yaml:"lat_deg"`
	LonDeg  float64 `json:"lon_deg" yaml:"lon_deg"`
	RadiusM float64 `json:"radius_m" yaml:"radius_m"`
}

// defaultPosition are the settings of a fresh service. Nobody is fenced in unless
// that is decided for the person.
func defaultPosition() PositionRules {
	return PositionRules{
		HomeM: 300, Safe: []SafeZone{}, Wandering: true, WanderM: 100, NightFrom: 22, NightTo: 6, Fixes: 2,
	}
}

// check returns an *InputError for the first setting that makes no sense.
func (p *PositionRules) check() error {
	type bound struct {
		field    string
		v        float64
		min, max float64
	}
	all := []bound{
		{"home_lat", p.HomeLat, -90, 90}, {"home_lon", p.HomeLon, -180, 180}, {"home_m", p.HomeM, 50, 10_000},
		{"wander_m", p.WanderM, 20, 10_000}, {"night_from", float64(p.NightFrom), 0, 23}, {"night_to", float64(p.NightTo), 0, 23},
		{"fixes", float64(p.Fixes), 1, 10},
	}
	if p.FenceM != 0 {
		all = append(all, bound{"fence_m", p.FenceM, 50, 1_000_000})
	}
	for i, z := range p.Safe {
		field := fmt.Sprintf("safe[%d].", i)
		all = append(all, bound{field + "lat_deg", z.LatDeg, -90, 90}, bound{field + "lon_deg", z.LonDeg, -180, 180},
			bound{field + "radius_m", z.RadiusM, 50, 1_000_000})
	}
	for _, b := range all {
		if !(b.v >= b.min && b.v <= b.max) || math.IsNaN(b.v) {
			return &InputError{Field: "position." + b.field, Value: fmt.Sprint(b.v), Rule: fmt.Sprintf("must be between %g and %g", b.min, b.max)}
		}
	}
	return nil
}
