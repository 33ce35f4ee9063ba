package alerting

import "shouwang/devices"

// KindInfo says how alerts of one kind behave.
type KindInfo struct {
	Kind Kind
	// Subject is whom or what the alert is about. An SOS or a fall of a device
	// without a resident has the device as its subject.
	Subject SubjectType
	// First are the severities it may open with, least urgent first.
	First []Severity
	// SelfClose: it may close itself after recovery, with outcome recovered.
	SelfClose bool
	// Urgent: a cry for help. Every new one rings again, it never joins an
	// alert of another kind, and no time brings it back once closed.
	Urgent bool
	// Person: it is about a person's wellbeing, so only reaching the person
	// settles it. Where false, a repair, a false alarm or a test settles it as
	// well.
	Person bool
	// RaiseAgain: it lasts, so closing without contact brings it back.
	RaiseAgain bool
}

// kinds is the table of DESIGN "Alert life".
var kinds = []KindInfo{
	{Kind: KindSOS, Subject: SubjectResident, First: []Severity{Red}, Urgent: true, Person: true},
	{Kind: KindFall, Subject: SubjectResident, First: []Severity{Red}, Urgent: true, Person: true},
	{Kind: KindNoSignOfLife, Subject: SubjectResident, First: []Severity{Red}, Person: true, RaiseAgain: true},
	{Kind: KindWaterInactivity, Subject: SubjectResident, First: []Severity{Yellow, Orange, Red}, Person: true, RaiseAgain: true},
	{Kind: KindHeartRate, Subject: SubjectResident, First: []Severity{Orange, Red}, Person: true, RaiseAgain: true},
	{Kind: KindSpO2, Subject: SubjectResident, First: []Severity{Orange, Red}, Person: true, RaiseAgain: true},
	{Kind: KindBodyTemp, Subject: SubjectResident, First: []Severity{Orange, Red}, Person: true, RaiseAgain: true},
	{Kind: KindBloodPressure, Subject: SubjectResident, First: []Severity{Orange, Red}, Person: true, RaiseAgain: true},
	{Kind: KindRespRate, Subject: SubjectResident, First: []Severity{Orange, Red}, Person: true, RaiseAgain: true},
	{Kind: KindGeofence, Subject: SubjectResident, First: []Severity{Orange}, Person: true, RaiseAgain: true},
	{Kind: KindWandering, Subject: SubjectResident, First: []Severity{Orange}, Person: true, RaiseAgain: true},
	{Kind: KindVitalTrend, Subject: SubjectResident, First: []Severity{Yellow}, Person: true, RaiseAgain: true},
	{Kind: KindRoutineChange, Subject: SubjectResident, First: []Severity{Yellow}, Person: true, RaiseAgain: true},
	{Kind: KindNotReturned, Subject: SubjectResident, First: []Severity{Yellow}, Person: true, RaiseAgain: true},
	{Kind: KindWaterBurst, Subject: SubjectResident, First: []Severity{Orange}, RaiseAgain: true},
	{Kind: KindWaterLeak, Subject: SubjectResident, First: []Severity{Yellow}, SelfClose: true, RaiseAgain: true},
	{Kind: KindWaterHighUse, Subject: SubjectResident, First: []Severity{Yellow}, SelfClose: true, RaiseAgain: true},
	{Kind: KindNotWorn, Subject: SubjectDevice, First: []Severity{Blue, Yellow}, SelfClose: true, RaiseAgain: true},
	{Kind: KindDeviceSilent, Subject: SubjectDevice, First: []Severity{Blue, Yellow}, SelfClose: true, RaiseAgain: true},
	{Kind: KindDeviceFault, Subject: SubjectDevice, First: []Severity{Blue, Yellow}, SelfClose: true, RaiseAgain: true},
	{Kind: KindLowBattery, Subject: SubjectDevice, First: []Severity{Blue, Yellow}, SelfClose: true, RaiseAgain: true},
	{Kind: KindDataOutage, Subject: SubjectArea, First: []Severity{Orange}, SelfClose: true, RaiseAgain: true},
	{Kind: KindCanary, Subject: SubjectSystem, First: []Severity{Red}, SelfClose: true, RaiseAgain: true},
}

// JudgedBy says whether the kind cannot be judged without the type of data, so that
// what it found tells of it.
func (k Kind) JudgedBy(t devices.DataType) bool { return k.judgedBy(devices.Withhold(t)) }

// judgedBy says whether the kind cannot be judged without one of the types of
// data. An SOS and a fall are judged by nothing, and a device by what it says of
// itself.
func (k Kind) judgedBy(not devices.Withheld) bool {
	switch k {
	case KindWaterInactivity, KindWaterBurst, KindWaterLeak, KindWaterHighUse:
		return not.Has(devices.WaterData)
	case KindHeartRate, KindSpO2, KindBodyTemp, KindBloodPressure, KindRespRate, KindVitalTrend:
		return not.Has(devices.VitalsData)
	case KindGeofence, KindWandering:
		return not.Has(devices.PositionData)
	case KindNotWorn:
		return not.Has(devices.MotionData)
	case KindNoSignOfLife:
		return not.Has(devices.WaterData) || not.Has(devices.MotionData) && not.Has(devices.VitalsData)
	case KindRoutineChange:
		return not.Has(devices.WaterData) && not.Has(devices.MotionData)
	case KindNotReturned:
		return not == devices.Withhold(devices.DataTypes()...)
	}
	return false
}

// Info is what the table says of the kind; false for an unknown kind.
func (k Kind) Info() (KindInfo, bool) {
	for i := range kinds {
		if kinds[i].Kind == k {
			return kinds[i], true
		}
	}
	return KindInfo{}, false
}

// Kinds lists all kinds in the order of the table.
func Kinds() []Kind {
	all := make([]Kind, len(kinds))
	for i := range kinds {
		all[i] = kinds[i].Kind
	}
	return all
}
