package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// upload lets the home's meter send the hours up to now in one message, received
// half an hour after the last.
func (h *home) upload(hours int, use func(day, hour int) float64) {
	h.t.Helper()
	h.restart()
	h.view.Now = monday.Add(time.Duration(h.hour+hours-1)*time.Hour + 30*time.Minute)
	for i := range hours {
		h.m3 += use(h.hour/24, h.hour%24) / 1000
		h.view.More = i < hours-1
		h.findings = append(h.findings, h.detector.Observe(&h.view, &devices.Reading{
			Device: "acme/d1", Metric: devices.VolumeM3, Value: float64(int(h.m3*1000)) / 1000,
			At: monday.Add(time.Duration(h.hour) * time.Hour), Received: h.view.Now,
		})...)
		if h.view.More = false; i == hours/2 { // the charge once in each message
			h.findings = append(h.findings, h.detector.Observe(&h.view, &devices.Reading{
				Device: "acme/d1", Metric: devices.BatteryPct, Value: 80, At: h.view.Now, Received: h.view.Now,
			})...)
		}
		h.hour++
	}
}

// oncePerDay is the known home of a meter that uploads at two in the night.
func oncePerDay(t *testing.T) *home {
	h := liveIn(t, flushToilet)
	h.upload(2, h.use)
	for range 30 {
		h.upload(24, h.use)
	}
	h.want()
	return h
}

func nothing(int, int) float64 { return 0 }

func TestAnUploadThatShowsTheEndOfAPauseAsksNobody(t *testing.T) {
	h := oncePerDay(t) // two o'clock, last use before eleven the evening before
	h.upload(24, func(day, hour int) float64 {
		if hour < 21 {
			return 0
		}
		return 12
	})
	h.want() // 22 h without use, and then it went on

	h = oncePerDay(t) // the same, but the end is not in the upload
	h.upload(18, nothing)
	if len(h.findings) == 0 || h.findings[0].KnownAt != h.view.Now {
		t.Fatalf("an upload that proves 20 hours without use: %v", h.findings)
	}
	h.upload(6, func(int, int) float64 { return 12 })
	if last := h.findings[len(h.findings)-1]; !last.Recovered {
		t.Errorf("what was said before is over, and nothing says so: %v", last)
	}
}

func TestAPauseNobodyMayMissIsSaidThoughItIsOver(t *testing.T) {
	h := oncePerDay(t)
	h.upload(48, func(day, hour int) float64 { // a missed upload comes with the next
		if day == 30 || hour < 20 {
			return 0
		}
		return 12
	})
	said := map[string]int{}
	for _, f := range h.findings {
		if f.Recovered {
			said["recovered"]++
		} else {
			said[string(f.Severity)]++
		}
	}
	if said["yellow"] != 1 || said["recovered"] != 1 {
		t.Errorf("said %v", said)
	}
}

func TestTheRestOfAnUploadIsJudgedAtOnce(t *testing.T) {
	h := oncePerDay(t)
	h.upload(24, nothing)
	if got := h.alerts(); got[alerting.Yellow] == 0 {
		t.Fatalf("a day without use: %v", h.findings)
	}
	for _, f := range h.findings {
		if f.Recovered || f.KnownAt != h.view.Now || f.FoundAt.After(h.view.Now) {
			t.Errorf("%s recovered %v, found %v, known %v", f.Severity, f.Recovered, f.FoundAt, f.KnownAt)
		}
	}
}

// A kitchen's meter and a bathroom's: use at either is a sign of life, and a meter
// that has died has no say after two days.
func TestTwoMetersOfAKnownHome(t *testing.T) {
	b := water(t)
	kitchen := 5.0
	pass := func(from, to int, bath, cook func(day, hour int) float64, dead bool) {
		m3 := 20 + float64(from)*0.005
		for h := from; h < to; h++ {
			m3 += bath(h/24, h%24) / 1000
			kitchen += cook(h/24, h%24) / 1000
			b.say(time.Duration(h)*time.Hour, devices.VolumeM3, float64(int(m3*1000))/1000)
			if !dead {
				b.restart()
				b.view.Now = monday.Add(time.Duration(h)*time.Hour + time.Minute)
				b.findings = append(b.findings, b.detector.Observe(&b.view, &devices.Reading{
					Device: "acme/d2", Metric: devices.VolumeM3, Value: float64(int(kitchen*1000)) / 1000,
					At: b.view.Now, Received: b.view.Now})...)
			}
		}
	}
	cooks := func(_, hour int) float64 {
		if hour == 8 || hour == 12 || hour == 18 {
			return 6
		}
		return 0
	}
	const known = 25*24 + 13
	pass(0, known, flushToilet, cooks, false)
	b.want()
	pass(known, known+30, nothing, cooks, false) // the bathroom is not used
	b.want()
	pass(known+30, known+60, nothing, nothing, false)
	if len(b.findings) == 0 || b.findings[0].Recovered {
		t.Fatal("neither tap was used for a day and more")
	}
	b.findings = nil
	pass(known+60, known+75, flushToilet, nothing, false)
	b.want("recovered water_inactivity")
	pass(known+75, known+75+96, nothing, nothing, true) // the kitchen's is dead
	if len(b.findings) < 2 {
		t.Error("a dead meter hides that the other stands still")
	}
}

// An absence that was entered is silent however long, teaches nothing, and ends
// within a day of return: the same wait as before holds again.
func TestAfterAnAbsenceTheWaitIsAsBefore(t *testing.T) {
	wait := func(h *home) time.Duration {
		h.findings = nil
		from := h.hour
		h.collapse(30)
		at, ok := h.alerts()[alerting.Yellow]
		if !ok {
			t.Fatal("thirty hours without use, and nothing said")
		}
		return at - time.Duration(from)*time.Hour
	}
	before := liveIn(t, flushToilet)
	before.live(32*24 + 13)

	after := liveIn(t, flushToilet)
	after.live(28*24 + 13)
	after.view.Away = true
	after.collapse(3 * 24)
	after.want()
	after.view.Away = false
	after.live(24)
	after.want()
	if a, b := wait(after), wait(before); (a - b).Abs() > time.Hour {
		t.Errorf("waits %v after an absence, %v without one", a, b)
	}
}
