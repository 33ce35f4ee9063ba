package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const homeLat, homeLon = 36.2, 115.7

// traveller makes fixes some metres north of home, every five minutes.
type traveller struct {
	*bench
	at time.Duration
}

func newTraveller(t *testing.T, fence float64) *traveller {
	b := resident(t, func() alerting.Detector { return &Position{} })
	p := &b.view.Rules.Position
	p.HomeLat, p.HomeLon, p.FenceM = homeLat, homeLon, fence
	return &traveller{bench: b, at: 2 * time.Hour} // ten in the morning in China
}

func (w *traveller) move(accuracy float64, metres ...float64) *traveller {
	w.t.Helper()
	for _, m := range metres {
		w.at += step
		w.say(w.at, devices.LonDeg, homeLon)
		if accuracy > 0 {
			w.say(w.at, devices.AccuracyM, accuracy)
		}
		w.say(w.at, devices.LatDeg, homeLat+m/111195)
	}
	return w
}

func TestFence(t *testing.T) {
	for name, c := range map[string]struct {
		accuracy float64
		metres   []float64
		want     []string
	}{
		"at home":                          {20, []float64{0, 50, 300, 450}, nil},
		"two fixes beyond":                 {20, []float64{0, 600, 700, 800}, []string{"orange geofence"}},
		"one fix beyond":                   {20, []float64{0, 900, 100, 900, 100}, nil},
		"within the accuracy":              {20, []float64{0, 515, 518, 512}, nil},
		"a phone cell":                     {1500, []float64{0, 9000, 9000, 9000}, nil},
		"coarser than half the fence":      {260, []float64{0, 900, 900, 900}, nil},
		"half the fence":                   {250, []float64{0, 900, 900, 900}, []string{"orange geofence"}},
		"no accuracy":                      {0, []float64{0, 900, 900, 900}, nil},
		"back":                             {20, []float64{0, 900, 900, 100, 100}, []string{"orange geofence", "recovered geofence"}},
		"at the edge is not back":          {20, []float64{0, 900, 900, 490, 480, 490, 505}, []string{"orange geofence"}},
		"out, in between, out":             {20, []float64{0, 900, 505, 900}, []string{"orange geofence"}},
		"back and out again is a new time": {20, []float64{900, 900, 1, 1, 900, 900}, []string{"orange geofence", "recovered geofence", "orange geofence"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTraveller(t, 500).move(c.accuracy, c.metres...)
			w.move(c.accuracy, c.metres[len(c.metres)-1]) // completes one without accuracy
			w.want(c.want...)
		})
	}
}

func TestAFenceSaysWhereAndWhen(t *testing.T) {
	w := newTraveller(t, 500).move(20, 0, 900, 900)
	e := w.findings[0].Evidence
	if e["accuracy_m"] != 20.0 || e["distance_m"] != 900 && e["distance_m"] != 899 || e["fix_at"] != monday.Add(w.at) || e["fix_old"] != nil {
		t.Errorf("%v", e)
	}
	if !w.findings[0].Episode.Equal(monday.Add(w.at - step)) {
		t.Errorf("episode %v", w.findings[0].Episode)
	}
	// An upload that comes late says that it is old.
	w = newTraveller(t, 500)
	for i := range 2 {
		for _, m := range []measured{{devices.LatDeg, homeLat + 0.01}, {devices.LonDeg, homeLon}, {devices.AccuracyM, 10}} {
			w.late(time.Duration(i)*step, time.Hour, m.Metric, m.Value)
		}
	}
	if e := w.findings[0].Evidence; e["fix_old"] != true || e["fix_age_min"] != 55 {
		t.Errorf("%v", e)
	}
}

func TestSafePlacesBeyondTheFence(t *testing.T) {
	w := newTraveller(t, 500)
	w.view.Rules.Position.Safe = []alerting.SafeZone{{Name: "market", LatDeg: homeLat + 2000./111195, LonDeg: homeLon, RadiusM: 60}}
	w.move(20, 0, 1990, 2000, 2010).want()
	w.move(20, 1000, 1100).want("orange geofence")
	w.move(20, 2000, 2000).want("orange geofence", "recovered geofence")
	w.move(40, 5000, 5000).want("orange geofence", "recovered geofence", "orange geofence") // too coarse for the market, but far from it
}

func TestNoFenceAndNoneWhileAwayOrOffTheWrist(t *testing.T) {
	newTraveller(t, 0).move(20, 0, 9000, 9000).want()
	w := newTraveller(t, 500)
	w.view.Away = true
	w.move(20, 0, 9000, 9000).want()
	w = newTraveller(t, 500).move(20, 0)
	w.say(w.at, devices.Worn, 0)
	w.move(20, 9000, 9000).want()
	w.say(w.at, devices.Worn, 1)
	w.move(20, 9000, 9000).want("orange geofence")
}

func TestWandering(t *testing.T) {
	night := 15 * time.Hour // 23:00 in China
	for name, c := range map[string]struct {
		from     time.Duration
		accuracy float64
		metres   []float64
		want     []string
	}{
		"walking away at night":     {night, 15, []float64{0, 450, 700, 950}, []string{"orange wandering"}},
		"by day":                    {2 * time.Hour, 15, []float64{0, 450, 700, 950}, nil},
		"asleep elsewhere":          {night, 30, []float64{5000, 5020, 4990, 5010, 5030}, nil},
		"around the house":          {night, 15, []float64{0, 120, 0, 120, 250}, nil},
		"coarse fixes":              {night, 200, []float64{0, 900, 1500, 2100}, nil},
		"home again":                {night, 15, []float64{0, 450, 700, 950, 100, 10}, []string{"orange wandering", "recovered wandering"}},
		"until six":                 {21*time.Hour + 50*time.Minute, 15, []float64{0, 450, 700, 950}, nil},
		"one fix, and still there ": {night, 15, []float64{0, 450, 452, 449}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTraveller(t, 0)
			w.at = c.from
			w.move(c.accuracy, c.metres...).want(c.want...)
		})
	}
}

func TestHomeIsLearnt(t *testing.T) {
	w := newTraveller(t, 0)
	w.view.Rules.Position.HomeLat, w.view.Rules.Position.HomeLon = 0, 0
	w.view.Rules.Position.FenceM = 500
	w.move(20, 5000, 5000, 5000) // by day, and nothing is known
	for day := range 14 {
		w.at = time.Duration(day)*24*time.Hour + 12*time.Hour // 20:00
		w.move(30, 10, -20, 15)
		if day%7 == 3 {
			w.move(30, 3000) // somewhere in the evening
		}
	}
	w.want()
	w.at = 20 * 24 * time.Hour
	w.move(20, 0, 900, 900).want("orange geofence")
}
