package alerting

import "shouwang/devices"

// Severity is how urgent an alert is: red, orange, yellow, blue, the Ⅰ–Ⅳ of
// the Chinese emergency warning levels.
type Severity string

// The severities, most urgent first.
const (
	Red    Severity = "red"
	Orange Severity = "orange"
	Yellow Severity = "yellow"
	Blue   Severity = "blue"
)

// Rank orders severities: 1 for red to 4 for blue, 5 for anything else.
func (s Severity) Rank() int {
	switch s {
	case Red:
		return 1
	case Orange:
		return 2
	case Yellow:
		return 3
	case Blue:
		return 4
	}
	return 5
}

// Above says whether s is more urgent than o.
func (s Severity) Above(o Severity) bool { return s.Rank() < o.Rank() }

// Higher is the next severity up, at most red.
func (s Severity) Higher() Severity {
	if s == Blue {
		return Yellow
	}
	if s == Yellow {
		return Orange
	}
	return Red
}

// Kind is what an alert is about.
type Kind string

// The kinds of alert. kinds.go says what each is about and how it may end.
const (
	KindSOS             Kind = "sos"
	KindFall            Kind = "fall"
	KindNoSignOfLife    Kind = "no_sign_of_life"
	KindWaterInactivity Kind = "water_inactivity"
	KindHeartRate       Kind = "heart_rate"
	KindSpO2            Kind = "spo2"
	KindBodyTemp        Kind = "body_temp"
	KindBloodPressure   Kind = "blood_pressure"
	KindRespRate        Kind = "resp_rate"
	KindGeofence        Kind = "geofence"
	KindWandering       Kind = "wandering"
	KindVitalTrend      Kind = "vital_trend"
	KindRoutineChange   Kind = "routine_change"
	KindNotReturned     Kind = "not_returned"
	KindWaterBurst      Kind = "water_burst"
	KindWaterLeak       Kind = "water_leak"
	KindWaterHighUse    Kind = "water_high_use"
	KindNotWorn         Kind = "not_worn"
	KindDeviceSilent    Kind = "device_silent"
	KindDeviceFault     Kind = "device_fault"
	KindLowBattery      Kind = "low_battery"
	KindDataOutage      Kind = "data_outage"
	KindCanary          Kind = "canary"
)

// SubjectType is whom or what an alert is about.
type SubjectType string

// The types of subject.
const (
	SubjectResident SubjectType = "resident"
	SubjectDevice   SubjectType = "device"
	SubjectArea     SubjectType = "area"
	SubjectSystem   SubjectType = "system"
)

// Subject is whom or what a finding or an alert is about.
type Subject struct {
	Type SubjectType `json:"type"`
	ID   string      `json:"id"`
}

// ResidentSubject is the subject of findings about a person.
func ResidentSubject(id string) Subject { return Subject{SubjectResident, id} }

// DeviceSubject is the subject of findings about a device.
func DeviceSubject(id devices.DeviceID) Subject { return Subject{SubjectDevice, string(id)} }
