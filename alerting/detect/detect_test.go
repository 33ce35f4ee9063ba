package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

var monday = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// bench drives one detector as the engine does: it saves and restores the
// detector before every call, so that every test is also one of the saved state.
type bench struct {
	t        *testing.T
	detector alerting.Detector
	fresh    func() alerting.Detector
	view     alerting.View
	findings []alerting.Finding
	meterL   float64 // what the register of uses stands at
}

func newBench(t *testing.T, subject alerting.Subject, fresh func() alerting.Detector) *bench {
	return &bench{t: t, detector: fresh(), fresh: fresh, view: alerting.View{Subject: subject, Rules: alerting.DefaultRules()}}
}

func resident(t *testing.T, fresh func() alerting.Detector) *bench {
	b := newBench(t, alerting.ResidentSubject("r1"), fresh)
	b.view.Resident = &devices.Resident{ID: "r1", Tier: devices.TierGreen}
	return b
}

func (b *bench) restart() {
	b.t.Helper()
	state, err := b.detector.Save()
	if err != nil {
		b.t.Fatal(err)
	}
	b.detector = b.fresh()
	if err := b.detector.Restore(state); err != nil {
		b.t.Fatal(err)
	}
}

// say gives a value measured at a time after monday and received at once.
func (b *bench) say(at time.Duration, m devices.Metric, value float64) []alerting.Finding {
	return b.late(at, at, m, value)
}

// late gives a value measured at one time and received at another.
func (b *bench) late(at, received time.Duration, m devices.Metric, value float64) []alerting.Finding {
	b.t.Helper()
	b.restart()
	b.view.Now = monday.Add(received)
	f := b.detector.Observe(&b.view, &devices.Reading{
		Device: "acme/d1", Metric: m, Value: value, At: monday.Add(at), Received: b.view.Now,
	})
	b.findings = append(b.findings, f...)
	return f
}

func (b *bench) event(at, received time.Duration, kind devices.EventKind) []alerting.Finding {
	b.t.Helper()
	b.restart()
	b.view.Now = monday.Add(received)
	f := b.detector.Notice(&b.view, devices.Event{Device: "acme/d1", Kind: kind, At: monday.Add(at), Received: b.view.Now})
	b.findings = append(b.findings, f...)
	return f
}

func (b *bench) tick(now, watched time.Duration) []alerting.Finding {
	b.t.Helper()
	b.restart()
	b.view.Now, b.view.Watched = monday.Add(now), watched
	f := b.detector.Tick(&b.view)
	b.findings = append(b.findings, f...)
	return f
}

// want checks all findings so far against "severity kind" or "recovered kind".
func (b *bench) want(want ...string) {
	b.t.Helper()
	var got []string
	for _, f := range b.findings {
		word := string(f.Severity)
		if f.Recovered {
			word = "recovered"
		}
		got = append(got, word+" "+string(f.Kind))
	}
	if len(got) != len(want) {
		b.t.Fatalf("findings %q, want %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			b.t.Fatalf("findings %q, want %q", got, want)
		}
	}
}

func TestCallsAreBelievedAtOnce(t *testing.T) {
	b := resident(t, func() alerting.Detector { return &Calls{} })
	for _, at := range []time.Duration{time.Minute, time.Minute + 20*time.Second, time.Hour} {
		for _, f := range b.event(at, at+time.Second, devices.EventSOS) {
			if !f.Episode.Equal(monday.Add(at)) { // which of them are one is not for the detector to say
				t.Errorf("a press at %v is of the episode %v", at, f.Episode)
			}
		}
	}
	b.event(time.Hour, time.Hour, devices.EventFall)
	b.event(time.Hour, time.Hour, devices.EventTamper)
	b.want("red sos", "red sos", "red sos", "red fall")
}

func TestStateOfAnOlderReleaseIsTaken(t *testing.T) {
	if err := new(Calls).Restore([]byte(`{"Seen":{"sos":["2026-11-23T00:00:00Z"]}}`)); err != nil {
		t.Error(err)
	}
	for _, d := range New(alerting.ResidentSubject("r1")) {
		if err := d.Restore([]byte(`[]`)); err == nil {
			t.Errorf("%s takes a state that is none", d.Name())
		}
	}
}

func TestCallOfADeviceWithoutResidentIsNotLost(t *testing.T) {
	b := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &Calls{} })
	b.event(0, 0, devices.EventSOS)
	b.want("red sos")
	b.view.Resident = &devices.Resident{ID: "r1"}
	b.event(time.Hour, time.Hour, devices.EventSOS) // the resident's detectors say this one
	b.want("red sos")
}

func TestSilenceIsMeasuredOnTheWatchedClock(t *testing.T) {
	b := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &Silence{} })
	b.view.Device = &devices.Device{ID: "acme/d1", Kind: devices.Wristband}
	limit := b.view.Rules.Silence.Band
	b.tick(100*limit, 100*limit) // never heard: nothing to miss
	b.view.Watched = 0
	b.say(0, devices.Steps, 1)
	b.tick(3*limit, limit-time.Second) // three limits passed, but we watched less than one
	b.want()
	b.tick(4*limit, limit)
	b.want("blue device_silent")
	b.tick(5*limit, 2*limit)
	b.want("blue device_silent")
	b.say(6*limit, devices.Steps, 1)
	b.want("blue device_silent", "recovered device_silent")
}

func TestMeterSilenceHasItsOwnLimit(t *testing.T) {
	b := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &Silence{} })
	b.view.Device = &devices.Device{ID: "acme/d1", Kind: devices.WaterMeter}
	b.say(0, devices.VolumeM3, 1)
	b.tick(25*time.Hour, 25*time.Hour) // one daily upload is not late yet
	b.want()
	b.tick(51*time.Hour, 51*time.Hour)
	b.want("blue device_silent")
}

func TestBattery(t *testing.T) {
	b := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &Battery{} })
	b.say(0, devices.BatteryPct, 0) // a placeholder
	b.say(1*time.Hour, devices.BatteryPct, 21)
	b.want()
	b.say(2*time.Hour, devices.BatteryPct, 20)
	b.say(3*time.Hour, devices.BatteryPct, 19)
	b.say(1*time.Hour, devices.BatteryPct, 90) // an old report, come late
	b.say(4*time.Hour, devices.BatteryPct, 22) // wavering
	b.want("blue low_battery")
	b.say(5*time.Hour, devices.BatteryPct, 4)
	b.say(6*time.Hour, devices.BatteryPct, 95)
	b.event(7*time.Hour, 7*time.Hour, devices.EventLowBattery)
	b.want("blue low_battery", "yellow low_battery", "recovered low_battery", "blue low_battery")
}

func TestFaultsAreSaidOnceByTheRightSubject(t *testing.T) {
	device := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &Faults{} })
	device.view.Resident = &devices.Resident{ID: "r1"}
	first := device.event(0, 0, devices.EventTamper)
	again := device.event(24*time.Hour, 24*time.Hour, devices.EventTamper)
	device.event(0, 0, devices.EventLeak)
	device.want("blue device_fault", "blue device_fault")
	if !first[0].Episode.Equal(again[0].Episode) {
		t.Error("a repeated alarm bit became another fault")
	}
	person := resident(t, func() alerting.Detector { return &Faults{} })
	person.event(0, 0, devices.EventTamper)
	person.event(0, 0, devices.EventLeak)
	person.want("yellow water_leak")
}
