package alerting_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"shouwang/alerting"
)

func TestSettingsOfWaterUseAreChecked(t *testing.T) {
	if err := alerting.DefaultRules().Check(); err != nil {
		t.Fatal(err)
	}
	for field, set := range map[string]func(*alerting.WaterUseRules){
		"leak_l_per_h":    func(w *alerting.WaterUseRules) { w.LeakLPerH = 0 },
		"leak_window":     func(w *alerting.WaterUseRules) { w.LeakWindow = 72 * time.Hour },
		"seep_window":     func(w *alerting.WaterUseRules) { w.SeepWindow = time.Hour },
		"burst_l":         func(w *alerting.WaterUseRules) { w.BurstL = math.NaN() },
		"burst_unknown_l": func(w *alerting.WaterUseRules) { w.BurstUnknownL = -1 },
		"burst_factor":    func(w *alerting.WaterUseRules) { w.BurstFactor = 0.5 },
		"night_l":         func(w *alerting.WaterUseRules) { w.NightL = math.Inf(1) },
		"high_l":          func(w *alerting.WaterUseRules) { w.HighL = 10 },
		"high_factor":     func(w *alerting.WaterUseRules) { w.HighFactor = 0 },
		"high_floor_l":    func(w *alerting.WaterUseRules) { w.HighFloorL = 0 },
		"routine_z":       func(w *alerting.WaterUseRules) { w.RoutineZ = 0 },
		"routine_share":   func(w *alerting.WaterUseRules) { w.RoutineShare = 0 },
		"routine_first":   func(w *alerting.WaterUseRules) { w.RoutineFirst = -time.Hour },
		"routine_every":   func(w *alerting.WaterUseRules) { w.RoutineEvery = time.Hour },
	} {
		rules := alerting.DefaultRules()
		set(&rules.WaterUse)
		if e, ok := errors.AsType[*alerting.InputError](rules.Check()); !ok || e.Field != "water_use."+field {
			t.Errorf("%s: %v", field, e)
		}
	}
}
