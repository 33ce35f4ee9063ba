package devices

import "time"

// DataType is a kind of data about a person, to which a resident agrees, or does
// not, for itself.
type DataType string

// The types of data. What a device says of itself (battery, signal) is none, and
// nor is a cry for help: an SOS and a fall never need consent.
const (
	WaterData    DataType = "water"
	VitalsData   DataType = "vitals"
	MotionData   DataType = "motion"
	PositionData DataType = "position"
)

// DataTypes lists all of them.
func DataTypes() []DataType { return []DataType{WaterData, VitalsData, MotionData, PositionData} }

// Known says whether the type exists.
func (t DataType) Known() bool { return t.bit() != 0 }

func (t DataType) bit() Withheld {
	for i, known := range DataTypes() {
		if t == known {
			return 1 << i
		}
	}
	return 0
}

// Withheld are the types of data a resident does not agree to.
type Withheld uint8

// Withhold is the set of the types.
func Withhold(types ...DataType) Withheld {
	var w Withheld
	for _, t := range types {
		w |= t.bit()
	}
	return w
}

// Has says whether the type is withheld; "" never is.
func (w Withheld) Has(t DataType) bool { return w&t.bit() != 0 }

// Data is the type of data the metric is; "" of what is about the device. A
// metric that is not in the contract is taken for what the kind of device is
// about.
func (m Metric) Data(k Kind) DataType {
	switch m {
	case VolumeM3, FlowM3H, WaterTempC, PressureKPa:
		return WaterData
	case HeartRateBPM, SpO2Pct, BodyTempC, SkinTempC, SystolicMMHg, DiastolicMMHg, RespRateBPM:
		return VitalsData
	case Steps, Worn:
		return MotionData
	case LatDeg, LonDeg, AccuracyM:
		return PositionData
	case BatteryPct, BatteryV, RSSIDBm:
		return ""
	}
	switch k {
	case WaterMeter:
		return WaterData
	case Wristband:
		return VitalsData
	}
	return ""
}

// MetricsOfData lists the metrics of the contract that are of the type.
func MetricsOfData(t DataType) []Metric {
	var list []Metric
	for m := range units {
		if m.Data("") == t {
			list = append(list, m)
		}
	}
	return list
}

// Data is the type of data the event tells; "" of a cry for help and of what is
// about the device.
func (k EventKind) Data() DataType {
	switch k {
	case EventWorn, EventRemoved:
		return MotionData
	case EventLeak, EventReverseFlow:
		return WaterData
	}
	return ""
}

// Consent is a decision of a resident, or of whoever decides for them, about one
// type of data. The newest decision that has begun counts.
type Consent struct {
	ID       string
	Resident string
	Data     DataType
	// Granted false is a refusal, or a withdrawal of what was granted.
	Granted  bool
	From, To time.Time // zero To: until further notice
	// Paper says where the signed paper is, By who entered it.
	Paper, By string
	// Entered is when it was entered: it counts for what came in later.
	Entered time.Time
}
