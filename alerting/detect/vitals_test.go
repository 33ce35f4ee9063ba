package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

func vitals(t *testing.T) *bench {
	return resident(t, func() alerting.Detector { return &Vitals{} })
}

const step = 5 * time.Minute

func (b *bench) series(from time.Duration, m devices.Metric, values ...float64) {
	b.t.Helper()
	for i, value := range values {
		b.say(from+time.Duration(i)*step, m, value)
	}
}

func TestVitalBoundsAreThoseOfNEWS2(t *testing.T) {
	for _, c := range []struct {
		metric devices.Metric
		value  float64
		want   string
	}{
		{devices.HeartRateBPM, 41, ""}, {devices.HeartRateBPM, 40, "orange heart_rate"},
		{devices.HeartRateBPM, 130, ""}, {devices.HeartRateBPM, 131, "orange heart_rate"},
		{devices.SpO2Pct, 92, ""}, {devices.SpO2Pct, 91, "orange spo2"}, {devices.SpO2Pct, 82, "red spo2"},
		{devices.BodyTempC, 35.1, ""}, {devices.BodyTempC, 35.0, "orange body_temp"},
		{devices.BodyTempC, 39.0, ""}, {devices.BodyTempC, 39.1, "orange body_temp"},
		{devices.SystolicMMHg, 91, ""}, {devices.SystolicMMHg, 90, "orange blood_pressure"},
		{devices.SystolicMMHg, 219, ""}, {devices.SystolicMMHg, 220, "orange blood_pressure"},
		{devices.RespRateBPM, 9, ""}, {devices.RespRateBPM, 8, "orange resp_rate"},
		{devices.RespRateBPM, 24, ""}, {devices.RespRateBPM, 25, "orange resp_rate"},
		{devices.HeartRateBPM, 170, "red heart_rate"},
		// Placeholders and what is never judged.
		{devices.HeartRateBPM, 0, ""}, {devices.HeartRateBPM, 255, ""},
		{devices.SpO2Pct, 0, ""}, {devices.SpO2Pct, 50, ""}, {devices.SpO2Pct, 0.97, ""},
		{devices.BodyTempC, 0, ""}, {devices.BodyTempC, 1, ""}, {devices.SkinTempC, 31, ""},
		{devices.DiastolicMMHg, 20, ""},
	} {
		b := vitals(t)
		b.view.Rules.Vitals.ValidatedPressure = []string{"acme"}
		b.series(0, c.metric, c.value, c.value, c.value, c.value)
		if c.want == "" {
			b.want()
		} else {
			b.want(c.want)
		}
	}
}

func TestTwoOfThreeValidSamplesConfirm(t *testing.T) {
	b := vitals(t)
	b.series(0, devices.HeartRateBPM, 80, 140, 80, 81, 140, 0, 0, 80, 140)
	b.want("orange heart_rate") // 140, (placeholders do not count), 80, 140
	b = vitals(t)
	b.series(0, devices.HeartRateBPM, 35, 80, 140, 80)
	b.want("orange heart_rate") // now too slow, now too fast
	if b.findings[0].Evidence["both_sides"] != true {
		t.Errorf("evidence %v", b.findings[0].Evidence)
	}
	b = vitals(t)
	b.say(0, devices.HeartRateBPM, 140)
	b.say(0, devices.HeartRateBPM, 140) // the same sample again
	b.say(0, devices.HeartRateBPM, 150)
	b.want()
	b.say(20*time.Hour, devices.HeartRateBPM, 140) // too far from the first
	b.want()
}

func TestVitalsRecoverWithHysteresisAndRingAgain(t *testing.T) {
	b := vitals(t)
	b.series(0, devices.HeartRateBPM, 140, 140, 140, 129, 128, 129, 130)
	b.want("orange heart_rate") // just inside the bound is not calm
	b.series(time.Hour, devices.HeartRateBPM, 100, 100, 100)
	b.want("orange heart_rate", "recovered heart_rate")
	b.series(2*time.Hour, devices.HeartRateBPM, 140, 140)
	b.want("orange heart_rate", "recovered heart_rate", "orange heart_rate")
	if b.findings[0].Episode.Equal(b.findings[2].Episode) {
		t.Error("the second attack counts as the first")
	}
	b.series(3*time.Hour, devices.HeartRateBPM, 170, 170)
	b.want("orange heart_rate", "recovered heart_rate", "orange heart_rate", "red heart_rate")
}

func TestMissingSamplesDoNotClear(t *testing.T) {
	b := vitals(t)
	b.series(0, devices.SpO2Pct, 88, 88)
	b.tick(100*time.Hour, 100*time.Hour)
	b.series(100*time.Hour, devices.SpO2Pct, 97, 97)
	b.want("orange spo2")
	b.series(101*time.Hour, devices.SpO2Pct, 97)
	b.want("orange spo2", "recovered spo2")
}

func TestOffTheWristNothingIsJudged(t *testing.T) {
	b := vitals(t)
	b.say(0, devices.Worn, 0)
	b.series(0, devices.HeartRateBPM, 140, 140, 140)
	b.want()
	b.say(time.Hour, devices.Worn, 1)
	b.series(time.Hour, devices.HeartRateBPM, 140, 140)
	b.want("orange heart_rate")

	b = vitals(t)
	b.event(0, 0, devices.EventRemoved)
	b.series(time.Minute, devices.SpO2Pct, 85, 85, 85)
	b.want()
	b.event(time.Hour, time.Hour, devices.EventWorn)
	b.series(time.Hour, devices.SpO2Pct, 85, 85)
	b.want("orange spo2")
}

func TestSaturationWithoutPulse(t *testing.T) {
	b := vitals(t)
	for i := range 4 {
		at := time.Duration(i) * step
		b.say(at, devices.HeartRateBPM, 0)
		b.say(at, devices.SpO2Pct, 85)
	}
	b.want()
	b.say(time.Hour, devices.HeartRateBPM, 70)
	b.series(time.Hour, devices.SpO2Pct, 85, 85)
	b.want("orange spo2")

	b = vitals(t) // a band whose pulse has stopped arriving
	b.say(0, devices.HeartRateBPM, 70)
	b.series(time.Hour, devices.SpO2Pct, 85, 85, 85)
	b.want()
}

func TestSeveralTogetherAreRed(t *testing.T) {
	b := vitals(t)
	b.say(0, devices.HeartRateBPM, 135)
	b.say(0, devices.SpO2Pct, 88)
	b.say(step, devices.HeartRateBPM, 135)
	b.say(step, devices.SpO2Pct, 88)
	b.want("orange heart_rate", "red spo2", "red heart_rate")
}

func TestAnEpisodeOfLongAgoMakesNothingWorse(t *testing.T) {
	for between, want := range map[time.Duration][]string{
		5 * time.Hour:       {"orange body_temp", "red heart_rate", "red body_temp"},
		7 * time.Hour:       {"orange body_temp", "orange heart_rate"},
		90 * 24 * time.Hour: {"orange body_temp", "orange heart_rate"},
	} {
		b := vitals(t)
		b.series(0, devices.BodyTempC, 39.5, 39.5) // and never again
		b.series(step+between, devices.HeartRateBPM, 135, 135)
		b.want(want...)
	}
}

func TestABacklogIsJudgedAmongItsNeighboursOnce(t *testing.T) {
	b := vitals(t)
	b.series(48*time.Hour, devices.HeartRateBPM, 80, 80, 80, 80)
	for i := range 30 { // yesterday's attack, uploaded today
		b.late(time.Duration(i)*step, 49*time.Hour, devices.HeartRateBPM, 140)
	}
	b.want("orange heart_rate", "recovered heart_rate")
	if got := b.findings[0].FoundAt; !got.Equal(monday.Add(step)) {
		t.Errorf("found at %v, want the second sample", got)
	}
	b.series(50*time.Hour, devices.HeartRateBPM, 140, 140)
	b.want("orange heart_rate", "recovered heart_rate", "orange heart_rate")
}

// Many sleep at forty and are well: after a week the bound is their own, and
// never lower than the rules allow.
func TestALowPulseOfOnesOwnIsNotAnAlarmForEver(t *testing.T) {
	b := vitals(t)
	night := func(day int, lowest float64) {
		for i := range 24 {
			heart := 62.0
			if i%4 != 0 && i < 12 {
				heart = lowest
			}
			b.say(time.Duration(day)*24*time.Hour+time.Duration(i)*time.Hour/2, devices.HeartRateBPM, heart)
		}
	}
	for day := range 8 {
		night(day, 40)
	}
	if len(b.findings) == 0 {
		t.Fatal("a stranger's 40 is no alarm")
	}
	b.findings = nil
	night(9, 39)
	night(10, 36)
	b.want()
	night(11, 35)
	b.want("orange heart_rate", "recovered heart_rate")
	if e := b.findings[0].Evidence; e["low"] != 35.0 || e["low_general"] != 40.0 {
		t.Errorf("%v", e)
	}
	b.view.Rules.Vitals.PersonalLow = 0
	night(12, 40)
	b.want("orange heart_rate", "recovered heart_rate", "orange heart_rate", "recovered heart_rate")
}

func TestThePartialScoreSaysOfHowMany(t *testing.T) {
	b := vitals(t)
	b.view.Rules.Vitals.ValidatedPressure = []string{"acme"}
	b.say(0, devices.SystolicMMHg, 105) // 1
	b.say(0, devices.BodyTempC, 38.5)   // 1
	b.say(0, devices.SkinTempC, 30)
	b.say(step, devices.HeartRateBPM, 115) // 2
	b.say(step, devices.SpO2Pct, 90)
	b.say(2*step, devices.SpO2Pct, 90) // 3
	b.want("orange spo2")
	e := b.findings[0].Evidence
	if e["partial_score"] != 7 || e["partial_parameters"] != 4 || e["partial_of"] != 7 {
		t.Errorf("%v", e)
	}
	b.view.Rules.Vitals.SpO2Scale = 2 // known COPD
	oxygen := func(from time.Duration, values ...float64) {
		for i, value := range values {
			b.say(from+time.Duration(i)*step, devices.HeartRateBPM, 70)
			b.say(from+time.Duration(i)*step, devices.SpO2Pct, value)
		}
	}
	oxygen(time.Hour, 86, 86, 86)
	b.want("orange spo2", "recovered spo2")
	oxygen(3*time.Hour, 83, 83)
	b.want("orange spo2", "recovered spo2", "orange spo2")
}

func TestPointsAreThoseOfNEWS2(t *testing.T) {
	for _, c := range []struct {
		vital  vital
		scale  int
		points map[float64]int
	}{
		{respRate, 1, map[float64]int{8: 3, 9: 1, 11: 1, 12: 0, 20: 0, 21: 2, 24: 2, 25: 3}},
		{spo2, 1, map[float64]int{91: 3, 92: 2, 93: 2, 94: 1, 95: 1, 96: 0}},
		{spo2, 2, map[float64]int{83: 3, 84: 2, 85: 2, 86: 1, 87: 1, 88: 0, 99: 0}},
		{systolic, 1, map[float64]int{90: 3, 91: 2, 100: 2, 101: 1, 110: 1, 111: 0, 219: 0, 220: 3}},
		{heartRate, 1, map[float64]int{40: 3, 41: 1, 50: 1, 51: 0, 90: 0, 91: 1, 110: 1, 111: 2, 130: 2, 131: 3}},
		{bodyTemp, 1, map[float64]int{35.0: 3, 35.1: 1, 36.0: 1, 36.1: 0, 38.0: 0, 38.1: 1, 39.0: 1, 39.1: 2}},
	} {
		for x, want := range c.points {
			if got := newsPoints(c.vital, c.scale, x); got != want {
				t.Errorf("%s %v on scale %d: %d points, want %d", vitalInfo[c.vital].metric, x, c.scale, got, want)
			}
		}
	}
}

func TestSamplesAreTakenFromAnOlderRelease(t *testing.T) {
	var d Vitals
	old := `{"Tracks":[{"Samples":[{"At":"2026-11-23T00:00:00Z","Received":"2026-11-23T00:00:02Z","Value":140}],"Newest":"2026-11-23T00:00:00Z","Episode":"0001-01-01T00:00:00Z","Severity":"","PastFrom":"0001-01-01T00:00:00Z","PastTo":"0001-01-01T00:00:00Z"},{},{},{},{}],"Pulse":{"acme/d1":{"At":"2026-11-23T00:00:00Z","Found":true}}}`
	if err := d.Restore([]byte(old)); err != nil {
		t.Fatal(err)
	}
	b := vitals(t)
	b.detector = &d
	b.say(step, devices.HeartRateBPM, 140)
	b.want("orange heart_rate")
}

func TestOnePressureToldTwiceIsOne(t *testing.T) {
	b := vitals(t)
	b.view.Rules.Vitals.ValidatedPressure = []string{"*"}
	b.say(0, devices.SystolicMMHg, 230)
	b.say(3*time.Hour, devices.SystolicMMHg, 230) // by another clock
	b.want()
	b.say(3*time.Hour+step, devices.SystolicMMHg, 231)
	b.want("orange blood_pressure")
}
