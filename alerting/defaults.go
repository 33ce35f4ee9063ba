package alerting

import (
	"fmt"
	"time"
)

// DefaultRules are the settings of a fresh service, version 1.
func DefaultRules() *Rules {
	r := &Rules{Version: 1}
	r.WaterInactivity = defaultWaterInactivity()
	r.WaterUse = defaultWaterUse()
	r.Vitals = defaultVitals()
	r.Position = defaultPosition()
	r.Storm = defaultStorm()
	r.Together = defaultTogether()
	r.Quiet = defaultQuiet()
	r.Field = defaultField()
	r.Visits = defaultVisits()
	// The bands' own low-battery bit comes at 20 %.
	r.LowBatteryPct = 20
	// Meters upload once in 24 h with some jitter, so a check is asked for at
	// 26 h. Bands say something every 5 to 8 minutes, but lie on the charger for
	// the better part of an hour a day, which is no work for anybody.
	r.Silence.Meter = 26 * time.Hour
	r.Silence.Band = time.Hour
	r.Silence.MeterVisit = 50 * time.Hour // two uploads missed
	// 60 s and 180 s are the TSA answering times; blue never escalates.
	r.Escalation = map[Severity][]time.Duration{
		Red:    {60 * time.Second, 180 * time.Second},
		Orange: {5 * time.Minute},
		Yellow: {30 * time.Minute},
		Blue:   {},
	}
	// 45 min: response services reach 90 % of doors in it; 24 h is the
	// provincial rule of the knock on the door.
	r.VisitDue = map[Severity]time.Duration{
		Red:    45 * time.Minute,
		Orange: 4 * time.Hour,
		Yellow: 24 * time.Hour,
		Blue:   72 * time.Hour,
	}
	r.AckTimeout = defaultAck()
	r.TellAgain = defaultAgain()
	r.RaiseAgain = 4 * time.Hour
	r.Late = 24 * time.Hour
	return r
}

// Check returns an *InputError for the first setting no service could run with.
func (r *Rules) Check() error {
	positive := func(field string, d time.Duration) error {
		if d <= 0 {
			return &InputError{Field: field, Value: d.String(), Rule: "must be longer than 0"}
		}
		return nil
	}
	if err := r.WaterInactivity.check(); err != nil {
		return err
	}
	if err := r.WaterUse.check(); err != nil {
		return err
	}
	if err := r.Vitals.check(); err != nil {
		return err
	}
	if err := r.Position.check(); err != nil {
		return err
	}
	if err := r.Storm.check(); err != nil {
		return err
	}
	if err := r.Together.check(); err != nil {
		return err
	}
	if err := r.Quiet.check(); err != nil {
		return err
	}
	if err := r.Field.check(); err != nil {
		return err
	}
	if err := r.Visits.check(); err != nil {
		return err
	}
	if err := r.AckTimeout.check("ack_timeout", "take nothing back"); err != nil {
		return err
	}
	if err := checkAgain(&r.TellAgain); err != nil {
		return err
	}
	if p := r.LowBatteryPct; p < 0 || p > 100 || p != p {
		return &InputError{Field: "low_battery_pct", Value: fmt.Sprint(p), Rule: "must be between 0 and 100"}
	}
	if r.RaiseAgain < 0 {
		return &InputError{Field: "raise_again", Value: r.RaiseAgain.String(), Rule: "must not be negative; 0 never raises again"}
	}
	for _, f := range []struct {
		field string
		d     time.Duration
	}{
		{"silence.meter", r.Silence.Meter}, {"silence.meter_visit", r.Silence.MeterVisit}, {"silence.band", r.Silence.Band},
		{"late", r.Late},
	} {
		if err := positive(f.field, f.d); err != nil {
			return err
		}
	}
	for _, s := range []Severity{Red, Orange, Yellow, Blue} {
		if err := positive("visit_due."+string(s), r.VisitDue[s]); err != nil {
			return err
		}
		last := time.Duration(0)
		for i, d := range r.Escalation[s] {
			if d <= last {
				return &InputError{Field: fmt.Sprintf("escalation.%s[%d]", s, i), Value: d.String(), Rule: "steps must be longer than 0 and grow"}
			}
			last = d
		}
	}
	return nil
}
