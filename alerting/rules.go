package alerting

import "time"

// Rules are the settings of all detectors and clocks for one subject, as they
// hold at one time. Version grows with every change.
type Rules struct {
	Version int `json:"version" yaml:"-"`

	WaterInactivity WaterInactivityRules `json:"water_inactivity" yaml:"water_inactivity"`

	WaterUse WaterUseRules `json:"water_use" yaml:"water_use"`

	Vitals VitalRules `json:"vitals" yaml:"vitals"`

	Position PositionRules `json:"position" yaml:"position"`

	Storm StormRules `json:"storm" yaml:"storm"`

	Together TogetherRules `json:"together" yaml:"together"`

	Quiet QuietRules `json:"quiet" yaml:"quiet"`

	Field FieldRules `json:"field" yaml:"field"`

	Visits VisitRules `json:"visits" yaml:"visits"`

	// LowBatteryPct is the charge at and below which a device asks for care.
	LowBatteryPct float64 `json:"low_battery_pct" yaml:"low_battery_pct"`

	Silence struct {
		// Meter and Band are the watched times without a message after which a
		// device counts as silent at the latest, and somebody phones a resident
		// whose meter it is. After MeterVisit somebody is to go there.
		Meter      time.Duration `json:"meter" yaml:"meter"`
		MeterVisit time.Duration `json:"meter_visit" yaml:"meter_visit"`
		Band       time.Duration `json:"band" yaml:"band"`
	} `json:"silence" yaml:"silence"`

	// Escalation is the time an alert may stand unacknowledged, per step.
	Escalation map[Severity][]time.Duration `json:"escalation" yaml:"escalation"`
	// AckTimeout takes back what was acknowledged and then left.
	AckTimeout SeverityTimes `json:"ack_timeout" yaml:"ack_timeout"`
	// TellAgain tells again of what nobody takes up.
	TellAgain SeverityTimes `json:"tell_again" yaml:"tell_again"`
	// VisitDue is how long after dispatch a visit is due.
	VisitDue map[Severity]time.Duration `json:"visit_due" yaml:"visit_due"`
	// RaiseAgain is how long after closing without contact an alert comes back
	// when nothing has changed.
	RaiseAgain time.Duration `json:"raise_again" yaml:"raise_again"`
	// Late is the age at which a finding opens as late: listed, no siren.
	Late time.Duration `json:"late" yaml:"late"`
}
