package alerting

import (
	"fmt"
	"time"
)

// WaterUseRules are the settings of the detectors of leaks, bursts, high use and
// changed habits. Litres and hours; docs/detection.md says where the numbers come
// from.
type WaterUseRules struct {
	// LeakLPerH is the flow that is a leak when it never stops for LeakWindow.
	// A lesser flow that the meter can still show is one after SeepWindow.
	LeakLPerH  float64       `json:"leak_l_per_h" yaml:"leak_l_per_h"`
	LeakWindow time.Duration `json:"leak_window" yaml:"leak_window"`
	SeepWindow time.Duration `json:"seep_window" yaml:"seep_window"`

	// BurstL in two hours is a burst if it is also BurstFactor times the most
	// this home has used in two hours. A home that is not known yet must use
	// BurstUnknownL.
	BurstL        float64 `json:"burst_l" yaml:"burst_l"`
	BurstFactor   float64 `json:"burst_factor" yaml:"burst_factor"`
	BurstUnknownL float64 `json:"burst_unknown_l" yaml:"burst_unknown_l"`
	// NightL in each of three hours on end at the home's quiet time is a tap
	// left running.
	NightL float64 `json:"night_l" yaml:"night_l"`

	// HighL in 24 h is high use, also HighFactor times an ample day of this home
	// if that is at least HighFloorL. In a home whose ample day comes near HighL
	// it takes twice an ample day.
	HighL      float64 `json:"high_l" yaml:"high_l"`
	HighFactor float64 `json:"high_factor" yaml:"high_factor"`
	HighFloorL float64 `json:"high_floor_l" yaml:"high_floor_l"`

	// A change of routine is a difference between the last one or two weeks and
	// the weeks before of RoutineZ standard errors, and worth a word: by the
	// share RoutineShare in litres, or by RoutineFirst in the time of the first
	// use. It is said at most once in RoutineEvery.
	RoutineZ     float64       `json:"routine_z" yaml:"routine_z"`
	RoutineShare float64       `json:"routine_share" yaml:"routine_share"`
	RoutineFirst time.Duration `json:"routine_first" yaml:"routine_first"`
	RoutineEvery time.Duration `json:"routine_every" yaml:"routine_every"`
}

// defaultWaterUse are the settings of a fresh service.
func defaultWaterUse() WaterUseRules {
	return WaterUseRules{
		LeakLPerH: 2, LeakWindow: 24 * time.Hour, SeepWindow: 48 * time.Hour,
		BurstL: 300, BurstFactor: 2.5, BurstUnknownL: 800, NightL: 40,
		HighL: 1000, HighFactor: 4, HighFloorL: 300,
		RoutineZ: 3.7, RoutineShare: 0.2, RoutineFirst: 45 * time.Minute, RoutineEvery: 7 * 24 * time.Hour,
	}
}

// check returns an *InputError for the first setting that makes no sense.
func (w *WaterUseRules) check() error {
	for _, f := range []struct {
		field    string
		v        float64
		min, max float64
	}{
		{"leak_l_per_h", w.LeakLPerH, 0.1, 1000},
		{"burst_l", w.BurstL, 10, 100_000}, {"burst_unknown_l", w.BurstUnknownL, 10, 100_000},
		{"burst_factor", w.BurstFactor, 1, 100}, {"night_l", w.NightL, 5, 10_000},
		{"high_l", w.HighL, 50, 100_000}, {"high_factor", w.HighFactor, 1, 100}, {"high_floor_l", w.HighFloorL, 10, 100_000},
		{"routine_z", w.RoutineZ, 2, 100}, {"routine_share", w.RoutineShare, 0.05, 10},
	} {
		if !(f.v >= f.min && f.v <= f.max) {
			return &InputError{
				Field: "water_use." + f.field, Value: fmt.Sprint(f.v),
				Rule: fmt.Sprintf("must be between %g and %g", f.min, f.max),
			}
		}
	}
	// Longer than two days is more than a detector keeps of a meter.
	for _, f := range []struct {
		field string
		d     time.Duration
	}{{"leak_window", w.LeakWindow}, {"seep_window", w.SeepWindow}} {
		if f.d < 3*time.Hour || f.d > 48*time.Hour {
			return &InputError{Field: "water_use." + f.field, Value: f.d.String(), Rule: "must be between 3 h and 48 h"}
		}
	}
	if w.RoutineFirst < 0 || w.RoutineFirst > 12*time.Hour {
		return &InputError{Field: "water_use.routine_first", Value: w.RoutineFirst.String(), Rule: "must be between 0 and 12 h"}
	}
	if w.RoutineEvery < 24*time.Hour || w.RoutineEvery > 365*24*time.Hour {
		return &InputError{Field: "water_use.routine_every", Value: w.RoutineEvery.String(), Rule: "must be between a day and a year"}
	}
	return nil
}
