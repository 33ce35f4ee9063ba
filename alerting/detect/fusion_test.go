package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// togetherHome drives all detectors of a resident who has a meter and a band, as the
// engine does, and saves and restores them before every call.
type togetherHome struct {
	t        *testing.T
	all      []alerting.Detector
	view     alerting.View
	register float64
	steps    float64
	said     []string
	newest   map[alerting.Kind]alerting.Finding
}

func newHome(t *testing.T) *togetherHome {
	h := &togetherHome{t: t, register: 100, newest: map[alerting.Kind]alerting.Finding{}}
	s := alerting.ResidentSubject("r1")
	h.all = New(s)
	h.view = alerting.View{Subject: s, Rules: alerting.DefaultRules(), Resident: &devices.Resident{ID: "r1", State: devices.Active}}
	return h
}

func (h *togetherHome) ask(at time.Duration, fn func(alerting.Detector) []alerting.Finding) {
	h.t.Helper()
	h.view.Now = monday.Add(at)
	fresh := New(h.view.Subject)
	for i, d := range h.all {
		state, err := d.Save()
		if err != nil {
			h.t.Fatal(err)
		}
		if err := fresh[i].Restore(state); err != nil {
			h.t.Fatalf("%s: %v", d.Name(), err)
		}
	}
	h.all = fresh
	for _, d := range h.all {
		for _, f := range fn(d) {
			word := string(f.Severity)
			if f.Recovered {
				word = "recovered"
			}
			h.said = append(h.said, word+" "+string(f.Kind)+" "+at.String())
			h.newest[f.Kind] = f
		}
	}
}

func (h *togetherHome) hear(at time.Duration, id devices.DeviceID, m devices.Metric, value float64) {
	h.t.Helper()
	h.ask(at, func(d alerting.Detector) []alerting.Finding {
		return d.Observe(&h.view, &devices.Reading{Device: id, Metric: m, Value: value, At: monday.Add(at), Received: monday.Add(at)})
	})
}

func (h *togetherHome) tick(at time.Duration) {
	h.t.Helper()
	h.ask(at, func(d alerting.Detector) []alerting.Finding { return d.Tick(&h.view) })
}

// hour is one hour, told every ten minutes: the litres used, the steps walked and
// the pulse (0: none); the meter reads at the end of it.
func (h *togetherHome) hour(from time.Duration, litres, steps, pulse float64) {
	h.t.Helper()
	for m := 10 * time.Minute; m <= time.Hour; m += 10 * time.Minute {
		h.steps += steps / 6
		h.hear(from+m, "v/band", devices.Worn, 1)
		h.hear(from+m, "v/band", devices.HeartRateBPM, pulse)
		h.hear(from+m, "v/band", devices.Steps, h.steps)
	}
	h.register += litres / 1000
	h.hear(from+time.Hour, "v/meter", devices.VolumeM3, h.register)
}

func (h *togetherHome) want(want ...string) {
	h.t.Helper()
	if len(h.said) != len(want) {
		h.t.Fatalf("said %q, want %q", h.said, want)
	}
	for i := range want {
		if h.said[i] != want[i] {
			h.t.Fatalf("said %q, want %q", h.said, want)
		}
	}
}

func oclock(n int) time.Duration { return time.Duration(n) * time.Hour }

func TestNoWaterAndAWornBandWithoutPulse(t *testing.T) {
	h := newHome(t)
	for n := range 8 {
		h.hour(oclock(n), 15, 120, 70)
	}
	for n := 8; n < 11; n++ {
		h.hour(oclock(n), 0, 0, 0)
	}
	// Red after three hours without water, where the water alone takes a day.
	h.want("red no_sign_of_life 11h0m0s")
	f := h.newest[alerting.KindNoSignOfLife]
	for _, key := range []string{"device", "last_use", "worn_since", "no_pulse_since", "no_pulse_min", "no_water_h", "to", "moved_at"} {
		if f.Evidence[key] == nil {
			t.Errorf("evidence says nothing of %s: %v", key, f.Evidence)
		}
	}
	if want := monday.Add(8*time.Hour + 10*time.Minute); !f.Episode.Equal(want) {
		t.Errorf("since %s, want the first lost pulse, %s", f.Episode, want)
	}
	h.hour(oclock(11), 0, 0, 0)
	h.hour(oclock(12), 12, 40, 66)
	h.want("red no_sign_of_life 11h0m0s", "recovered no_sign_of_life 12h20m0s")
}

func TestWhatIsNoLackOfLife(t *testing.T) {
	for name, after := range map[string]func(h *togetherHome, n int){
		"water is used": func(h *togetherHome, n int) { h.hour(oclock(n), 5, 0, 0) },
		"water was used without a pulse": func(h *togetherHome, n int) {
			used := 0.0
			if n == 9 {
				used = 5
			}
			h.hour(oclock(n), used, 0, 0)
		},
		"the pulse beats":      func(h *togetherHome, n int) { h.hour(oclock(n), 0, 0, 60) },
		"somebody moves":       func(h *togetherHome, n int) { h.hour(oclock(n), 0, 6, 0) },
		"the band is off":      func(h *togetherHome, n int) { h.hear(oclock(n), "v/band", devices.Worn, 0); h.meter(n) },
		"the band is silent":   func(h *togetherHome, n int) { h.meter(n) },
		"the resident is away": func(h *togetherHome, n int) { h.view.Away = true; h.tick(oclock(n)); h.hour(oclock(n), 0, 0, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			for n := range 8 {
				h.hour(oclock(n), 15, 120, 70)
			}
			for n := 8; n < 20; n++ {
				after(h, n)
			}
			if f, said := h.newest[alerting.KindNoSignOfLife]; said {
				t.Errorf("said %v", f)
			}
		})
	}
}

// meter reads the meter once more without any use.
func (h *togetherHome) meter(n int) { h.hear(oclock(n+1), "v/meter", devices.VolumeM3, h.register) }

func TestStepsHoldBackWaterInactivity(t *testing.T) {
	walking, still := newHome(t), newHome(t)
	for _, h := range []*togetherHome{walking, still} {
		for n := range 8 {
			h.hour(oclock(n), 15, 120, 70)
		}
	}
	for n := 8; n < 40; n++ {
		walking.hour(oclock(n), 0, 30, 70)
		still.hour(oclock(n), 0, 0, 70)
	}
	walking.want()
	// Who lies still with a pulse is not dead, but the check is more urgent by a
	// stage: orange when the water alone would be yellow.
	if len(still.said) == 0 || still.said[0][:23] != "orange water_inactivity" {
		t.Fatalf("said %q", still.said)
	}
	if f := still.newest[alerting.KindWaterInactivity]; f.Evidence["band_still"] != true {
		t.Errorf("evidence %v", f.Evidence)
	}
	// A walk ends it at once.
	still.said = nil
	still.hour(oclock(40), 0, 60, 70)
	if len(still.said) == 0 || still.said[0][:26] != "recovered water_inactivity" {
		t.Errorf("said %q", still.said)
	}
}

func TestACounterThatLeapsIsNoWalk(t *testing.T) {
	h := newHome(t)
	h.hear(0, "v/band", devices.Worn, 1)
	h.hear(0, "v/band", devices.Steps, 5000)
	h.hear(5*time.Minute, "v/band", devices.Steps, 0)
	h.hear(10*time.Minute, "v/band", devices.Steps, 5000)
	if f := h.all[5].(*Fusion); !f.walkedAt().IsZero() {
		t.Errorf("walked at %s", f.walkedAt())
	}
	h.hear(15*time.Minute, "v/band", devices.Steps, 5025)
	if f := h.all[5].(*Fusion); !f.walkedAt().Equal(monday.Add(15 * time.Minute)) {
		t.Errorf("walked at %s", f.walkedAt())
	}
}

func TestNotReturned(t *testing.T) {
	away := func() *togetherHome {
		h := newHome(t)
		for n := range 4 {
			h.hour(oclock(n), 15, 120, 70)
		}
		h.view.Away = true
		for n := 4; n < 24; n++ {
			h.tick(oclock(n))
			h.meter(n)
		}
		h.view.Away = false
		return h
	}
	t.Run("nothing is seen", func(t *testing.T) {
		h := away()
		for n := 24; n < 60; n++ {
			h.tick(oclock(n))
		}
		h.want("yellow not_returned 53h0m0s")
		h.hour(oclock(60), 20, 0, 0)
		h.want("yellow not_returned 53h0m0s", "recovered not_returned 61h0m0s")
	})
	t.Run("the band finds a pulse", func(t *testing.T) {
		h := away()
		h.hear(oclock(25), "v/band", devices.HeartRateBPM, 70)
		h.tick(oclock(60))
		h.want()
	})
	t.Run("water is used", func(t *testing.T) {
		h := away()
		h.register += 0.01
		h.meter(26)
		h.tick(oclock(60))
		h.want()
	})
	t.Run("somebody has phoned", func(t *testing.T) {
		h := away()
		h.view.LastContact = monday.Add(oclock(30))
		h.tick(oclock(60))
		h.want()
	})
	t.Run("away again", func(t *testing.T) {
		h := away()
		h.tick(oclock(53))
		h.view.Away = true
		h.tick(oclock(54))
		h.want("yellow not_returned 53h0m0s", "recovered not_returned 54h0m0s")
	})
}

// A band that had no network sends what it has kept in any order. That its newest
// report has come and those before it have not is no time without a pulse.
func TestABacklogOutOfOrderIsNoTimeWithoutPulse(t *testing.T) {
	h := newHome(t)
	for n := range 8 {
		h.hour(oclock(n), 15, 120, 70)
	}
	late := func(at time.Duration, m devices.Metric, value float64) {
		h.ask(oclock(16), func(d alerting.Detector) []alerting.Finding {
			return d.Observe(&h.view, &devices.Reading{Device: "v/band", Metric: m, Value: value, At: monday.Add(at), Received: monday.Add(oclock(16))})
		})
	}
	for n := 8; n < 16; n++ { // the meter goes on, nobody uses water
		h.hear(oclock(n+1), "v/meter", devices.VolumeM3, h.register)
	}
	for _, m := range []int{955, 610, 720, 840, 500, 950} { // minutes of the day; a pulse in some
		at := time.Duration(m) * time.Minute
		late(at, devices.Worn, 1)
		late(at, devices.Steps, h.steps)
		if m == 610 || m == 500 {
			late(at, devices.HeartRateBPM, 66)
		}
	}
	h.want()
	for n := 16; n < 18; n++ { // it is live again, and there really is none
		h.hour(oclock(n), 0, 0, 0)
	}
	h.want("red no_sign_of_life 17h10m0s")
}
