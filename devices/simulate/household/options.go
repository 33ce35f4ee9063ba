package household

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is how a home uses water.
type Kind string

// The kinds of home.
const (
	Flush Kind = "flush" // flush toilet, some 94 L a day
	Dry   Kind = "dry"   // dry toilet and little use, some 29 L a day
	Vat   Kind = "vat"   // a vat (水缸) filled every one to three days, some 26 L a day
	Mixed Kind = "mixed" // 60 % flush, 25 % dry, 15 % vat
)

// Cadence is when a meter measures and uploads.
type Cadence string

// The cadences.
const (
	Hourly     Cadence = "hourly"
	HalfHourly Cadence = "half-hourly"
	Daily      Cadence = "daily" // 24 hourly registers, uploaded once a night
)

// DriftKind is which habit a planted drift changes.
type DriftKind string

// The drifts.
const (
	DriftAmount DriftKind = "amount" // litres and number of uses
	DriftNight  DriftKind = "night"  // more visits to the toilet at night
	DriftRise   DriftKind = "rise"   // gets up later
	DriftMixed  DriftKind = "mixed"  // one of them, home by home
)

// Options of a Set. The zero value of a rate means that it never happens.
type Options struct {
	Seed  uint64
	Homes int // homes with a water meter
	// Wearers are residents with a wristband: those of the first homes, and,
	// beyond the number of homes, people without a meter.
	Wearers int
	Days    int
	Start   time.Time // its local day (UTC+8) is the first
	Kind    Kind

	ResolutionL int // of the register: 1 or 10 L
	Cadence     Cadence
	// Missed is the share of daily uploads that fail and are sent again the
	// next night with that night's.
	Missed float64

	// Irregularity scales how much days and homes differ: 0 are clockwork
	// people, 1 elderly people with their routines (some with hardly any), 2 to
	// 3 the working adults of the DAIAD recordings.
	Irregularity float64
	// Absences with a night elsewhere, per home and month (of 30.4 days), on
	// average over homes; Announced is the share known beforehand.
	Absences  float64
	Announced float64

	// Lost blocks of readings, resets to zero and backward steps of the
	// register, each per meter and month.
	Lost, Resets, Backward float64
	LeakLH                 float64 // constant leak of every home, L/h
	// Drift is the share by which a habit changes once, in the middle third of
	// the time, 0 for none; over DriftDays, 0 for at once.
	Drift     float64
	DriftKind DriftKind
	DriftDays int
	// Cuts of the water supply, per village and month.
	Cuts float64
	// Incidents per home, of the kinds listed (nil: all), none in the first
	// three weeks of a set that is long enough.
	Incidents     int
	IncidentKinds []string
}

// Defaults are a plain set: 20 mixed homes over 60 days, hourly meters of 1 L.
func Defaults() Options {
	return Options{
		Seed: 1, Homes: 20, Days: 60, Start: time.Date(2026, 3, 1, 0, 0, 0, 0, zone()), Kind: Mixed,
		ResolutionL: 1, Cadence: Hourly, Missed: 0.03, Irregularity: 1, Absences: 0.5, DriftKind: DriftMixed,
	}
}

// The most that is made at once: what still fits the memory of a small machine
// is one day of all devices, so these are against slips of the keyboard.
const (
	mostHomes = 100_000
	mostDays  = 3660
)

// Check refuses what cannot be made, naming the option.
func (o Options) Check() error {
	wrong := func(option string, value any, rule string) error {
		return fmt.Errorf("%s: %v: %s", option, value, rule)
	}
	switch {
	case o.Homes < 0 || o.Homes > mostHomes:
		return wrong("homes", o.Homes, "must lie between 0 and 100000")
	case o.Wearers < 0 || o.Wearers > mostHomes:
		return wrong("wearers", o.Wearers, "must lie between 0 and 100000")
	case o.Homes+o.Wearers == 0:
		return wrong("homes", o.Homes, "there must be homes or wearers")
	case o.Days < 1 || o.Days > mostDays:
		return wrong("days", o.Days, "must lie between 1 and 3660")
	case o.Start.Year() < 2000 || o.Start.Year() > 2100:
		return wrong("start", o.Start.Format(time.DateOnly), "must lie between 2000 and 2100")
	case !slices.Contains([]Kind{Flush, Dry, Vat, Mixed}, o.Kind):
		return wrong("kind", o.Kind, "must be flush, dry, vat or mixed")
	case o.ResolutionL != 1 && o.ResolutionL != 10:
		return wrong("resolution", o.ResolutionL, "must be 1 or 10 litres")
	case !slices.Contains([]Cadence{Hourly, HalfHourly, Daily}, o.Cadence):
		return wrong("cadence", o.Cadence, "must be hourly, half-hourly or daily")
	case !slices.Contains([]DriftKind{DriftAmount, DriftNight, DriftRise, DriftMixed}, o.DriftKind):
		return wrong("drift-kind", o.DriftKind, "must be amount, night, rise or mixed")
	case o.DriftDays < 0 || o.DriftDays > o.Days:
		return wrong("drift-days", o.DriftDays, "must lie between 0 and the days of the set")
	case o.Incidents < 0 || o.Incidents > 100:
		return wrong("incidents", o.Incidents, "must lie between 0 and 100")
	}
	for _, n := range []struct {
		option     string
		value, top float64
	}{
		{"missed", o.Missed, 0.9}, {"irregularity", o.Irregularity, 3}, {"absences", o.Absences, 10},
		{"announced", o.Announced, 1}, {"lost", o.Lost, 100}, {"resets", o.Resets, 30},
		{"backward", o.Backward, 30}, {"leak", o.LeakLH, 1000}, {"drift", o.Drift, 0.9}, {"cuts", o.Cuts, 30},
	} {
		if !(n.value >= 0 && n.value <= n.top) {
			return wrong(n.option, n.value, fmt.Sprintf("must lie between 0 and %v", n.top))
		}
	}
	for _, k := range o.IncidentKinds {
		if !slices.Contains(IncidentKinds(), k) {
			return wrong("incident-kinds", k, "must be of "+strings.Join(IncidentKinds(), ", "))
		}
	}
	return nil
}
