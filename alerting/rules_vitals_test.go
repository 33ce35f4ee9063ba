package alerting_test

import (
	"testing"
	"time"

	"shouwang/alerting"
)

func TestBadRulesOfBandsAreNamed(t *testing.T) {
	for field, spoil := range map[string]func(*alerting.Rules){
		"vitals.heart_rate.low":         func(r *alerting.Rules) { r.Vitals.HeartRate.Low = 300 },
		"vitals.heart_rate.high":        func(r *alerting.Rules) { r.Vitals.HeartRate.High = 45 },
		"vitals.spo2.extreme_low":       func(r *alerting.Rules) { r.Vitals.SpO2.ExtremeLow = 95 },
		"vitals.spo2_scale":             func(r *alerting.Rules) { r.Vitals.SpO2Scale = 3 },
		"vitals.body_temp.margin":       func(r *alerting.Rules) { r.Vitals.BodyTemp.Margin = -1 },
		"vitals.confirm":                func(r *alerting.Rules) { r.Vitals.Confirm = 4 },
		"vitals.not_worn":               func(r *alerting.Rules) { r.Vitals.NotWorn = time.Minute },
		"vitals.trend.z":                func(r *alerting.Rules) { r.Vitals.Trend.Z = 0 },
		"vitals.trend.night_red":        func(r *alerting.Rules) { r.Vitals.Trend.NightRed = 2 },
		"position.home_m":               func(r *alerting.Rules) { r.Position.HomeM = 1 },
		"position.fence_m":              func(r *alerting.Rules) { r.Position.FenceM = 10 },
		"position.night_from":           func(r *alerting.Rules) { r.Position.NightFrom = 24 },
		"position.safe[0].radius_m":     func(r *alerting.Rules) { r.Position.Safe = []alerting.SafeZone{{}} },
		"vitals.systolic.high":          func(r *alerting.Rules) { r.Vitals.Systolic.High = 1000 },
		"vitals.resp_rate.extreme_high": func(r *alerting.Rules) { r.Vitals.RespRate.ExtremeHigh = 20 },
	} {
		r := alerting.DefaultRules()
		spoil(r)
		if got := inputField(r.Check()); got != field {
			t.Errorf("got an error about %q, want %q", got, field)
		}
	}
}
