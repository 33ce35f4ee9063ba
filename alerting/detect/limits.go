package detect

import (
	"math"

	"shouwang/alerting"
	"shouwang/devices"
)

// limit is what one vital sign is held to. All bounds are inclusive: a value at
// the bound is beyond it.
type limit struct {
	metric devices.Metric
	kind   alerting.Kind
	// validLow and validHigh are the values that can be believed at all;
	// outside are placeholders (heart rate 0, SpO2 given as a fraction,
	// temperature 0) and artefacts.
	validLow, validHigh float64
	// low and high are the bounds of NEWS2's single-parameter score of 3
	// (Royal College of Physicians, 2017).
	low, high float64
	// extremeLow and extremeHigh make it red: our own choice, well outside
	// what a sensor of this kind shows in a healthy person at rest.
	extremeLow, extremeHigh float64
	// margin is how far inside the bounds a value must be to count towards
	// recovery.
	margin float64
}

var (
	never      = math.Inf(1)
	neverBelow = math.Inf(-1)
)

// limits are the bounds in force, a constant table. Believable ranges: domain facts on bands
// (heart rate 25–240, SpO2 70–100, respiration 4–60, systolic 60–260,
// temperature 30–43 °C).
//
// NEWS2 gives a high temperature 2 at most (≥ 39.1 °C). That bound stands here
// all the same: somebody alone at home with such a fever needs a call. Skin
// temperature lies 2–4 °C below and is not judged.
var limits = [5]limit{
	{devices.HeartRateBPM, alerting.KindHeartRate, 25, 240, 40, 131, 30, 160, 5},
	{devices.SpO2Pct, alerting.KindSpO2, 70, 100, 91, never, 84, never, 1},
	{devices.BodyTempC, alerting.KindBodyTemp, 30, 43, 35.0, 39.1, 33, 40.5, 0.3},
	{devices.SystolicMMHg, alerting.KindBloodPressure, 60, 260, 90, 220, 70, 240, 5},
	{devices.RespRateBPM, alerting.KindRespRate, 4, 60, 8, 25, 5, 35, 1},
}

func (l *limit) valid(x float64) bool { return x >= l.validLow && x <= l.validHigh }

// beyond says whether the value lies at or outside a bound: -1 low, 1 high.
func (l *limit) beyond(x float64) int {
	switch {
	case x <= l.low:
		return -1
	case x >= l.high:
		return 1
	}
	return 0
}

func (l *limit) extreme(x float64) bool { return x <= l.extremeLow || x >= l.extremeHigh }

// calm says whether the value lies inside the bounds by the margin.
func (l *limit) calm(x float64) bool { return x >= l.low+l.margin && x <= l.high-l.margin }
