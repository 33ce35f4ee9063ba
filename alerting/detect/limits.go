package detect

import (
	"slices"

	"shouwang/alerting"
	"shouwang/devices"
)

// valueRange is a range of values, both ends in it.
type valueRange struct{ low, high float64 }

func (r valueRange) holds(x float64) bool { return x >= r.low && x <= r.high }

// Believable ranges (domain facts on bands): outside are placeholders (heart
// rate 0, SpO2 0 and 50, temperature 0 and 1) and artefacts.
var (
	pulseRange = valueRange{25, 240}
	spo2Range  = valueRange{70, 100}
	tempRange  = valueRange{30, 43}
	upperRange = valueRange{60, 260}
	respRange  = valueRange{4, 60}
)

// vital is one of the vital signs that are held to limits.
type vital int

const (
	heartRate vital = iota
	spo2
	bodyTemp
	systolic
	respRate
	vitalCount
	noVital vital = -1
)

// vitalOf is the vital sign a metric is of. Skin temperature lies 2–4 °C below
// the body's and is not one; diastolic pressure has no bound in NEWS2.
func vitalOf(m devices.Metric) vital {
	switch m {
	case devices.HeartRateBPM:
		return heartRate
	case devices.SpO2Pct:
		return spo2
	case devices.BodyTempC:
		return bodyTemp
	case devices.SystolicMMHg:
		return systolic
	case devices.RespRateBPM:
		return respRate
	}
	return noVital
}

// vitalInfo are the vital signs, a constant table.
var vitalInfo = [vitalCount]struct {
	metric devices.Metric
	kind   alerting.Kind
	valid  valueRange
}{
	{devices.HeartRateBPM, alerting.KindHeartRate, pulseRange},
	{devices.SpO2Pct, alerting.KindSpO2, spo2Range},
	{devices.BodyTempC, alerting.KindBodyTemp, tempRange},
	{devices.SystolicMMHg, alerting.KindBloodPressure, upperRange},
	{devices.RespRateBPM, alerting.KindRespRate, respRange},
}

// limitOf is what the rules hold the vital sign to.
func limitOf(r *alerting.VitalRules, s vital) *alerting.VitalLimit {
	switch s {
	case heartRate:
		return &r.HeartRate
	case spo2:
		return r.Scale()
	case bodyTemp:
		return &r.BodyTemp
	case systolic:
		return &r.Systolic
	}
	return &r.RespRate
}

// validated says whether a vital sign of that device may be held to limits, or is
// a trend only: cuffless pressure, and the temperature of vendors whose profile
// does not vouch for it.
func validated(r *alerting.VitalRules, s vital, d devices.DeviceID) bool {
	var vendors []string
	switch s {
	case systolic:
		vendors = r.ValidatedPressure
	case bodyTemp:
		vendors = r.ValidatedTemperature
	default:
		return true
	}
	return slices.Contains(vendors, "*") || len(vendors) > 0 && slices.Contains(vendors, d.Vendor())
}

// beyond says whether the value lies at or outside a bound: -1 low, 1 high.
func beyond(l *alerting.VitalLimit, x float64) int {
	switch {
	case x <= l.Low:
		return -1
	case l.High != 0 && x >= l.High:
		return 1
	}
	return 0
}

func extreme(l *alerting.VitalLimit, x float64) bool {
	return x <= l.ExtremeLow || l.ExtremeHigh != 0 && x >= l.ExtremeHigh
}

// calm says whether the value lies inside the bounds by the margin.
func calm(l *alerting.VitalLimit, x float64) bool {
	return (l.Low == 0 || x >= l.Low+l.Margin) && (l.High == 0 || x <= l.High-l.Margin)
}

// newsPoints is what one value scores in NEWS2 (Royal College of Physicians,
// 2017). Of oxygen a band knows nothing, so on scale 2 the person counts as
// breathing air.
func newsPoints(s vital, scale int, x float64) int {
	switch s {
	case heartRate:
		return band(x, []float64{40, 50, 90, 110, 130}, []int{3, 1, 0, 1, 2, 3})
	case spo2:
		if scale == 2 {
			return band(x, []float64{83, 85, 87}, []int{3, 2, 1, 0})
		}
		return band(x, []float64{91, 93, 95}, []int{3, 2, 1, 0})
	case bodyTemp:
		return band(x, []float64{35, 36, 38, 39}, []int{3, 1, 0, 1, 2})
	case systolic:
		return band(x, []float64{90, 100, 110, 219}, []int{3, 2, 1, 0, 3})
	}
	return band(x, []float64{8, 11, 20, 24}, []int{3, 1, 0, 2, 3})
}

// band gives the points of the first bound that x is not above.
func band(x float64, upTo []float64, points []int) int {
	for i, b := range upTo {
		if x <= b {
			return points[i]
		}
	}
	return points[len(points)-1]
}
