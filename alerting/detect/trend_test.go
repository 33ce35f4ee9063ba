package detect

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// life is a wearer's weeks: a packet every five minutes, asleep from 22 to 6.
type life struct {
	*bench
	random *rand.Rand
	day    int
	// added to the heart rate, to the skin temperature; systolic pressure, 0 none
	heart, skin, pressure float64
	noSteps               bool
}

func newLife(t *testing.T) *life {
	b := resident(t, func() alerting.Detector { return &Trend{} })
	return &life{bench: b, random: rand.New(rand.NewPCG(7, 11)), skin: 33, pressure: 0}
}

// days lets so many days pass; it saves and restores at their ends only.
func (l *life) days(n int) *life {
	l.t.Helper()
	for range n {
		l.restart()
		steps := 0.0
		for i := range 288 {
			at := time.Duration(l.day)*24*time.Hour + time.Duration(i)*step - 8*time.Hour
			heart := 66 + 2*l.random.NormFloat64() + l.heart
			switch hour := i / 12; {
			case hour < 6 || hour >= 22:
				heart -= 6
			case i%24 < 6:
				steps += 100
				heart += 20
			}
			l.hear(at, devices.HeartRateBPM, heart)
			if !l.noSteps {
				l.hear(at, devices.Steps, steps)
			}
			if i%6 == 0 {
				l.hear(at, devices.SkinTempC, l.skin+0.3*l.random.NormFloat64())
			}
			if l.pressure > 0 && i%48 == 0 {
				l.hear(at, devices.SystolicMMHg, l.pressure+4*l.random.NormFloat64())
			}
		}
		l.day++
	}
	return l
}

func (l *life) hear(at time.Duration, m devices.Metric, value float64) {
	l.view.Now = monday.Add(at)
	l.findings = append(l.findings, l.detector.Observe(&l.view, &devices.Reading{
		Device: "acme/d1", Metric: m, Value: value, At: l.view.Now, Received: l.view.Now,
	})...)
}

func TestAnEvenLifeHasNoTrend(t *testing.T) {
	l := newLife(t)
	l.pressure = 130
	l.days(60).want()
	state, err := l.detector.Save()
	if err != nil || len(state) > 2500 {
		t.Errorf("a state of %d bytes: %v", len(state), err)
	}
}

func TestInfectionShowsAtNightAndIsOver(t *testing.T) {
	l := newLife(t).days(30)
	l.heart = 6
	l.days(4)
	l.want("yellow vital_trend")
	e := l.findings[0].Evidence
	if e["night_level"] != "red" || e["night_baseline"] != 59 || e["night_mean"].(int) < 63 {
		t.Errorf("%v", e)
	}
	if at := l.findings[0].FoundAt; at.Sub(monday) != 31*24*time.Hour-time.Hour {
		t.Errorf("found at %v, want seven o'clock after the second night", at)
	}
	l.heart = 0
	l.days(3).want("yellow vital_trend", "recovered vital_trend")
}

func TestAHighHourAtRestIsFoundTheSameDay(t *testing.T) {
	l := newLife(t).days(30)
	l.heart = 16
	l.days(1)
	l.want("yellow vital_trend")
	f := l.findings[0]
	if hours := f.FoundAt.Sub(monday) - 30*24*time.Hour + 8*time.Hour; hours > 5*time.Hour || f.Evidence["rest_z"].(float64) < 3.5 {
		t.Errorf("found after %v: %v", hours, f.Evidence)
	}
	l.heart = 0
	l.days(3)
	if last := l.findings[len(l.findings)-1]; !last.Recovered {
		t.Errorf("not over: %v", last.Evidence)
	}
}

// A busy day is none at rest, and without a counter of steps nobody is at rest.
func TestOnlyRestIsCompared(t *testing.T) {
	l := newLife(t)
	l.noSteps = true
	l.days(30)
	l.heart = 30
	l.days(3).want()
}

func TestNothingIsSaidBeforeTwoWeeksAreLearnt(t *testing.T) {
	l := newLife(t).days(10)
	l.heart = 20
	l.days(3).want()
}

func TestSkinTemperatureAndCufflessPressureAreTrends(t *testing.T) {
	l := newLife(t)
	l.pressure = 130
	l.days(30)
	l.skin = 36
	l.days(4)
	l.want("yellow vital_trend")
	l.skin = 33
	l.days(2).want("yellow vital_trend", "recovered vital_trend")
	l.findings = nil
	l.pressure = 175
	l.days(4).want("yellow vital_trend")
	if l.findings[0].Evidence["blood_pressure_value"].(float64) < 165 {
		t.Errorf("%v", l.findings[0].Evidence)
	}
}

// Pressure without a cuff is not held to the limits as an alert of its own, but
// what would be one is not lost either.
func TestUnvalidatedPressureBeyondItsLimits(t *testing.T) {
	w := &wearing{bench: resident(t, func() alerting.Detector { return &Trend{} })}
	w.repeat(3, 70, 10)
	high := measured{devices.SystolicMMHg, 235}
	w.repeat(3, 70, 10, high)
	w.want("yellow vital_trend")
	if e := w.findings[0].Evidence; e["unvalidated"] != true || e["high"] != 220.0 {
		t.Errorf("%v", e)
	}
	w.repeat(8, 70, 10, measured{devices.SystolicMMHg, 140})
	w.want("yellow vital_trend", "recovered vital_trend")

	v := &wearing{bench: vitals(t)}
	v.repeat(5, 70, 10, high)
	v.want()
}

func TestOffTheWristTrendsLearnNothing(t *testing.T) {
	l := newLife(t).days(30)
	for i := range 4 * 288 { // a pulse from the table, the band says it is off
		at := time.Duration(l.day)*24*time.Hour + time.Duration(i)*step - 8*time.Hour
		l.hear(at, devices.Worn, 0)
		l.hear(at, devices.HeartRateBPM, 110)
		l.hear(at, devices.Steps, 0)
	}
	l.want()
}

func TestASecondSignIsAdded(t *testing.T) {
	l := newLife(t)
	l.days(30)
	l.skin, l.heart = 36, 6
	l.days(4)
	l.want("yellow vital_trend", "yellow vital_trend")
	a, b := l.findings[0], l.findings[1]
	if a.More || !b.More || !a.Episode.Equal(b.Episode) {
		t.Errorf("%v %v", a, b)
	}
	if signs, ok := b.Evidence["signs"].([]string); !ok || len(signs) != 2 {
		t.Errorf("%v", b.Evidence)
	}
	l.skin, l.heart = 33, 0
	l.days(3).want("yellow vital_trend", "yellow vital_trend", "recovered vital_trend")
}

// What NightSignal calls red is said only of a wearer whose nights are steadier
// than that, unless the rules ask for all of it.
func TestANightMustBeUnusualForThePerson(t *testing.T) {
	for z, want := range map[float64]int{2.5: 0, 0: 1} {
		l := newLife(t)
		l.view.Rules.Vitals.Trend.NightZ, l.view.Rules.Vitals.Trend.Z = z, 20
		for day := range 24 { // nights that swing by three to either side
			l.heart = []float64{-3, -1, 1, 3}[day%4]
			l.days(1)
		}
		l.want()
		l.heart = 5
		l.days(3)
		found := 0
		for _, f := range l.findings {
			if !f.Recovered && f.Evidence["night_level"] == "red" {
				found++
			}
		}
		if found != want {
			t.Errorf("z %v: %d findings, want %d", z, found, want)
		}
	}
}

func TestRestIsTwelveMinutesWithoutAStep(t *testing.T) {
	rules := alerting.DefaultRules().Vitals.Trend
	var r rest
	var got []float64
	take := func(p pulseAt) { got = append(got, p.BPM) }
	steps := []float64{0, 0, 0, 0, 50, 50, 50, 50, 50}
	for i, n := range steps { // every five minutes
		at := int64(i) * 5 * minute
		r.heart(at, float64(60+i))
		r.count(&rules, at+1, n, take)
	}
	// At 15 minutes nobody has been heard to step for 12; the step before 20
	// begins it anew, and 35 is 15 minutes after it.
	if want := []float64{63, 67, 68}; !slices.Equal(got, want) {
		t.Errorf("at rest: %v, want %v", got, want)
	}
}
