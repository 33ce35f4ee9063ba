package devices

// Class of a metric: how long readings of it are kept.
type Class string

// The classes. Whatever is neither a position nor a sign of the wearer's body is
// Other: water, batteries, and metrics that are not in the contract.
const (
	Position Class = "position"
	Vitals   Class = "vitals"
	Other    Class = "other"
)

// Class of the metric.
func (m Metric) Class() Class {
	switch m {
	case LatDeg, LonDeg, AccuracyM:
		return Position
	case HeartRateBPM, SpO2Pct, BodyTempC, SkinTempC, SystolicMMHg, DiastolicMMHg, RespRateBPM, Steps, Worn:
		return Vitals
	}
	return Other
}

// MetricsOf lists the metrics of the contract that are of the class.
func MetricsOf(c Class) []Metric {
	var list []Metric
	for m := range units {
		if m.Class() == c {
			list = append(list, m)
		}
	}
	return list
}
