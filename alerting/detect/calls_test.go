package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// After a fall the steps decide what is added, and whether it rings again.
func TestWhatComesAfterAFall(t *testing.T) {
	for name, c := range map[string]struct {
		steps []float64 // every five minutes from five minutes before the fall on
		want  []any     // of "still", as added
		rings bool
	}{
		"lies still":             {[]float64{400, 400, 400, 400, 400, 400}, []any{true}, true},
		"gets up":                {[]float64{400, 404, 440, 500}, []any{false}, false},
		"lies still, is lifted":  {[]float64{400, 400, 400, 400, 430, 500}, []any{true, false}, true},
		"moves a little":         {[]float64{400, 406, 410, 410, 410}, nil, false},
		"over midnight":          {[]float64{400, 400, 0, 0, 0}, []any{true}, true},
		"gets up after midnight": {[]float64{400, 0, 3, 30}, []any{false}, false},
		"nothing is heard":       {[]float64{400}, nil, false},
	} {
		b := resident(t, func() alerting.Detector { return &Calls{} })
		b.say(-step, devices.Steps, c.steps[0])
		b.event(0, time.Second, devices.EventFall)
		b.event(20*time.Second, 21*time.Second, devices.EventFall) // the same, told again
		b.findings = nil
		for i, n := range c.steps[1:] {
			b.say(time.Duration(i+1)*step, devices.Steps, n)
		}
		var got []any
		rings := false
		for _, f := range b.findings {
			if !f.More || f.Severity != alerting.Red || f.Kind != alerting.KindFall || !f.Episode.Equal(monday) {
				t.Errorf("%s: %+v", name, f)
			}
			got, rings = append(got, f.Evidence["still"]), rings || f.Rings
		}
		if len(got) != len(c.want) || rings != c.rings {
			t.Errorf("%s: added %v, rings %v", name, got, rings)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: added %v, want %v", name, got, c.want)
			}
		}
	}
}

// The call comes on its own lane, before the telemetry of before it.
func TestTelemetryFromBeforeTheFallMayComeAfterIt(t *testing.T) {
	b := resident(t, func() alerting.Detector { return &Calls{} })
	b.event(0, time.Second, devices.EventFall)
	b.late(-step, 2*time.Second, devices.Steps, 300)
	b.late(-time.Second, 3*time.Second, devices.Steps, 390)
	b.say(step, devices.Steps, 390)
	b.say(3*step, devices.Steps, 390)
	b.want("red fall", "red fall")
	if b.findings[1].Evidence["still"] != true {
		t.Errorf("%v", b.findings[1].Evidence)
	}
}

// A call says where the band was last when it does not say so itself, and that
// this is long ago.
func TestACallSaysWhereTheBandWasLast(t *testing.T) {
	b := resident(t, func() alerting.Detector { return &Calls{} })
	b.say(0, devices.LatDeg, 36.2)
	b.say(0, devices.LonDeg, 115.7)
	b.say(0, devices.AccuracyM, 12)
	b.event(20*time.Minute, 20*time.Minute, devices.EventSOS)
	e := b.findings[0].Evidence
	if e["lat_deg"] != 36.2 || e["lon_deg"] != 115.7 || e["accuracy_m"] != 12.0 || e["fix_at"] != monday || e["fix_old"] != nil {
		t.Errorf("%v", e)
	}
	b.event(2*time.Hour, 2*time.Hour, devices.EventSOS)
	if e := b.findings[1].Evidence; e["fix_old"] != true || e["fix_age_min"] != 120 {
		t.Errorf("%v", e)
	}
}
