package alerting

import (
	"fmt"
	"time"
)

// VitalRules are the settings of what is judged on a band's vital signs. Where
// the numbers come from is in docs/detection.md.
type VitalRules struct {
	HeartRate VitalLimit `json:"heart_rate" yaml:"heart_rate"`
	// SpO2 holds on scale 1; on scale 2, for people known to live with a low
	// saturation (COPD, target 88–92 %), SpO2Scale2 does.
	SpO2       VitalLimit `json:"spo2" yaml:"spo2"`
	SpO2Scale2 VitalLimit `json:"spo2_scale_2" yaml:"spo2_scale_2"`
	SpO2Scale  int        `json:"spo2_scale" yaml:"spo2_scale"`
	BodyTemp   VitalLimit `json:"body_temp" yaml:"body_temp"`
	Systolic   VitalLimit `json:"systolic" yaml:"systolic"`
	RespRate   VitalLimit `json:"resp_rate" yaml:"resp_rate"`

	// PersonalLow lets the lower bound of the heart rate sink to where this
	// wearer's is on ordinary days, but never below PersonalLow; 0 does not let it.
	PersonalLow float64 `json:"personal_low" yaml:"personal_low"`

	// Confirm of Window valid samples on end must be abnormal: bands measure
	// every 5 to 10 minutes, so persistence is counted, not timed.
	Confirm int `json:"confirm" yaml:"confirm"`
	Window  int `json:"window" yaml:"window"`
	// Clear is how long after the last abnormal sample an episode can end.
	Clear time.Duration `json:"clear" yaml:"clear"`

	// ValidatedPressure and ValidatedTemperature are the vendors whose bands'
	// systolic_mmhg and body_temp_c are good enough to be held to limits; "*" is
	// all. Of the others they are a trend. skin_temp_c is always a trend.
	ValidatedPressure    []string `json:"validated_pressure" yaml:"validated_pressure"`
	ValidatedTemperature []string `json:"validated_temperature" yaml:"validated_temperature"`

	Trend TrendRules `json:"trend" yaml:"trend"`

	// NotWorn is how long a band must be off the wrist to be a task.
	NotWorn time.Duration `json:"not_worn" yaml:"not_worn"`
	// UTCOffset is the wearers' clock, east of Greenwich: when it is night. In the
	// service it is that of the setting time_zone; a backtest has no other.
	UTCOffset time.Duration `json:"utc_offset" yaml:"utc_offset"`
}

// VitalLimit holds one vital sign. A value at a bound is beyond it; a bound of 0
// is none.
type VitalLimit struct {
	Low  float64 `json:"low" yaml:"low"`
	High float64 `json:"high" yaml:"high"`
	// ExtremeLow and ExtremeHigh make it red.
	ExtremeLow  float64 `json:"extreme_low" yaml:"extreme_low"`
	ExtremeHigh float64 `json:"extreme_high" yaml:"extreme_high"`
	// Margin is how far inside the bounds a value counts towards recovery.
	Margin float64 `json:"margin" yaml:"margin"`
}

// TrendRules are the settings of the comparison of a wearer with themselves.
type TrendRules struct {
	// LearnDays must have been learnt, and each hour seen on so many days.
	LearnDays int `json:"learn_days" yaml:"learn_days"`
	// Z is the robust z, |x − median| / (1.4826 MAD), beyond which an hour at
	// rest is unusual. MADFloor is the least MAD, in /min.
	Z        float64 `json:"z" yaml:"z"`
	MADFloor float64 `json:"mad_floor" yaml:"mad_floor"`
	// Hours of such rest on end make a finding.
	Hours int `json:"hours" yaml:"hours"`
	// Rest is how long no step must have been counted.
	Rest time.Duration `json:"rest" yaml:"rest"`
	// NightYellow and NightRed, in /min above the median of the nights, are the
	// thresholds of NightSignal.
	NightYellow int `json:"night_yellow" yaml:"night_yellow"`
	NightRed    int `json:"night_red" yaml:"night_red"`
	// NightAlert is the level NightSignal must reach for a finding, 1 yellow or
	// 2 red, on NightRun nights on end.
	NightAlert int `json:"night_alert" yaml:"night_alert"`
	NightRun   int `json:"night_run" yaml:"night_run"`
	// NightZ is the robust z among the last four weeks' nights that the night
	// must also have for a finding; 0: what NightSignal says is enough.
	NightZ float64 `json:"night_z" yaml:"night_z"`
}

// defaultVitals are the settings of a fresh service. Low and High are the bounds
// of NEWS2's single-parameter score of 3 (Royal College of Physicians, 2017),
// but for high temperature, which scores 2 at most: somebody alone at home with
// 39.1 °C needs a call. The extremes are our choice, well outside what a sensor
// of the kind shows in a healthy person at rest.
func defaultVitals() VitalRules {
	return VitalRules{
		HeartRate:   VitalLimit{Low: 40, High: 131, ExtremeLow: 30, ExtremeHigh: 160, Margin: 5},
		SpO2:        VitalLimit{Low: 91, ExtremeLow: 84, Margin: 1},
		SpO2Scale2:  VitalLimit{Low: 83, ExtremeLow: 76, Margin: 1},
		SpO2Scale:   1,
		BodyTemp:    VitalLimit{Low: 35.0, High: 39.1, ExtremeLow: 33, ExtremeHigh: 40.5, Margin: 0.3},
		Systolic:    VitalLimit{Low: 90, High: 220, ExtremeLow: 70, ExtremeHigh: 240, Margin: 5},
		RespRate:    VitalLimit{Low: 8, High: 25, ExtremeLow: 5, ExtremeHigh: 35, Margin: 1},
		PersonalLow: 35, Confirm: 2, Window: 3, Clear: 30 * time.Minute,
		ValidatedPressure: []string{}, ValidatedTemperature: []string{"*"},
		Trend: TrendRules{
			LearnDays: 14, Z: 3.5, MADFloor: 2, Hours: 3, Rest: 12 * time.Minute,
			NightYellow: 3, NightRed: 4, NightAlert: 2, NightRun: 1, NightZ: 2.5,
		},
		NotWorn: 12 * time.Hour, UTCOffset: 8 * time.Hour,
	}
}

// Scale is the SpO2 limit of the scale in force.
func (r *VitalRules) Scale() *VitalLimit {
	if r.SpO2Scale == 2 {
		return &r.SpO2Scale2
	}
	return &r.SpO2
}

// check returns an *InputError for the first setting that makes no sense.
func (r *VitalRules) check() error {
	for _, f := range []struct {
		field    string
		l        *VitalLimit
		min, max float64
	}{
		{"heart_rate", &r.HeartRate, 20, 250}, {"spo2", &r.SpO2, 50, 100}, {"spo2_scale_2", &r.SpO2Scale2, 50, 100},
		{"body_temp", &r.BodyTemp, 25, 45}, {"systolic", &r.Systolic, 40, 300}, {"resp_rate", &r.RespRate, 2, 80},
	} {
		if err := f.l.check("vitals."+f.field, f.min, f.max); err != nil {
			return err
		}
	}
	for _, f := range []struct {
		field    string
		v        float64
		min, max float64
	}{
		{"spo2_scale", float64(r.SpO2Scale), 1, 2}, {"window", float64(r.Window), 1, 8},
		{"confirm", float64(r.Confirm), 1, float64(r.Window)}, {"personal_low", r.PersonalLow, 0, 60}, {"trend.night_z", r.Trend.NightZ, 0, 20},
		{"clear", r.Clear.Hours(), 0, 24}, {"not_worn", r.NotWorn.Hours(), 1, 168}, {"utc_offset", r.UTCOffset.Hours(), -12, 14},
		{"trend.learn_days", float64(r.Trend.LearnDays), 3, 28}, {"trend.z", r.Trend.Z, 1, 20}, {"trend.mad_floor", r.Trend.MADFloor, 0.5, 20},
		{"trend.hours", float64(r.Trend.Hours), 1, 24}, {"trend.rest", r.Trend.Rest.Hours(), 1. / 60, 2},
		{"trend.night_yellow", float64(r.Trend.NightYellow), 1, 30}, {"trend.night_red", float64(r.Trend.NightRed), float64(r.Trend.NightYellow), 40},
		{"trend.night_alert", float64(r.Trend.NightAlert), 1, 2}, {"trend.night_run", float64(r.Trend.NightRun), 1, 14},
	} {
		if !(f.v >= f.min && f.v <= f.max) {
			return &InputError{Field: "vitals." + f.field, Value: fmt.Sprint(f.v), Rule: fmt.Sprintf("must be between %g and %g", f.min, f.max)}
		}
	}
	return nil
}

func (l *VitalLimit) check(field string, least, most float64) error {
	for _, b := range []struct {
		name string
		v    float64
	}{{"low", l.Low}, {"high", l.High}, {"extreme_low", l.ExtremeLow}, {"extreme_high", l.ExtremeHigh}} {
		if !(b.v == 0 || b.v >= least && b.v <= most) {
			return &InputError{
				Field: field + "." + b.name, Value: fmt.Sprint(b.v),
				Rule: fmt.Sprintf("must be between %g and %g, or 0 for none", least, most),
			}
		}
	}
	switch {
	case !(l.Margin >= 0 && l.Margin <= 50):
		return &InputError{Field: field + ".margin", Value: fmt.Sprint(l.Margin), Rule: "must be between 0 and 50"}
	case l.High != 0 && l.Low+2*l.Margin > l.High:
		return &InputError{Field: field + ".high", Value: fmt.Sprint(l.High), Rule: "must be above low by two margins"}
	case l.ExtremeLow > l.Low:
		return &InputError{Field: field + ".extreme_low", Value: fmt.Sprint(l.ExtremeLow), Rule: "must not be above low"}
	case l.ExtremeHigh != 0 && l.ExtremeHigh < l.High:
		return &InputError{Field: field + ".extreme_high", Value: fmt.Sprint(l.ExtremeHigh), Rule: "must not be below high"}
	}
	return nil
}
