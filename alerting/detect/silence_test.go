package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

func silent(t *testing.T, kind devices.Kind, resident bool) *bench {
	b := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &Silence{} })
	b.view.Device = &devices.Device{ID: "acme/d1", Kind: kind}
	if resident {
		b.view.Resident = &devices.Resident{ID: "r1"}
	}
	return b
}

// reports lets the device report at these times, all of them watched.
func (b *bench) reports(every time.Duration, n int) time.Duration {
	b.t.Helper()
	at := b.view.Watched
	for range n {
		at += every
		b.view.Watched = at
		b.say(at, devices.BatteryPct, 80)
	}
	return at
}

func TestAMeterThatIsSilentIsAResidentNobodySees(t *testing.T) {
	for name, c := range map[string]struct {
		every time.Duration
		tier  devices.Tier
		first string
	}{
		"not known yet":       {time.Hour, devices.TierGreen, "yellow device_silent"},
		"once a day":          {24 * time.Hour, devices.TierGreen, "blue device_silent"}, // for the town's list
		"once a day, at risk": {24 * time.Hour, devices.TierRed, "yellow device_silent"},
	} {
		t.Run(name, func(t *testing.T) {
			b := silent(t, devices.WaterMeter, true)
			b.view.Resident.Tier = c.tier
			last := b.reports(c.every, 12)
			b.tick(last+26*time.Hour-time.Minute, last+26*time.Hour-time.Minute)
			b.want()
			b.tick(last+26*time.Hour, last+26*time.Hour)
			b.want(c.first)
			if listed := c.first == "blue device_silent"; b.findings[0].Listed != listed {
				t.Errorf("%s is listed: %v", c.first, !listed)
			}
			b.tick(last+50*time.Hour-time.Minute, last+50*time.Hour-time.Minute)
			b.want(c.first)
			b.tick(last+50*time.Hour, last+50*time.Hour)
			b.tick(last+90*time.Hour, last+90*time.Hour)
			b.want(c.first, "orange device_silent")
			b.reports(91*time.Hour, 1)
			b.want(c.first, "orange device_silent", "recovered device_silent")
		})
	}

	young := silent(t, devices.WaterMeter, true) // five uploads are enough to know it
	at := young.reports(24*time.Hour, 5)
	young.tick(at+26*time.Hour, at+26*time.Hour)
	young.reports(27*time.Hour, 1)
	at = young.reports(24*time.Hour, 1)
	young.tick(at+26*time.Hour, at+26*time.Hour)
	young.want("yellow device_silent", "recovered device_silent", "blue device_silent")

	b := silent(t, devices.WaterMeter, true) // nobody is at home to be seen
	b.view.Away = true
	last := b.reports(24*time.Hour, 12)
	b.tick(last+60*time.Hour, last+60*time.Hour)
	b.want("blue device_silent")
}

func TestThreeMissedReportsAreASilence(t *testing.T) {
	for _, c := range []struct {
		kind  devices.Kind
		every time.Duration
		limit time.Duration
	}{
		{devices.WaterMeter, time.Hour, 3 * time.Hour},
		{devices.WaterMeter, 4 * time.Hour, 12 * time.Hour},
		{devices.Wristband, 5 * time.Minute, 20 * time.Minute}, // never sooner
		{devices.Wristband, 10 * time.Minute, 30 * time.Minute},
		{devices.Wristband, 30 * time.Minute, time.Hour}, // the limit of the rules
	} {
		b := silent(t, c.kind, false)
		last := b.reports(c.every, int(8*24*time.Hour/c.every))
		b.tick(last+c.limit-time.Second, last+c.limit-time.Second)
		b.want()
		b.tick(last+c.limit, last+c.limit)
		b.want("blue device_silent")
		if measure, upload := b.detector.(*Silence).Cadence(); upload != c.every || measure != c.every {
			t.Errorf("every %v: learnt %v and %v", c.every, measure, upload)
		}
	}
}

func TestWhatADeviceDoesEveryDayIsNoSilence(t *testing.T) {
	b := silent(t, devices.Wristband, true)
	for range 14 { // every day 45 minutes on the charger
		b.reports(10*time.Minute, 138)
		b.reports(45*time.Minute, 1)
	}
	last := b.view.Watched
	b.tick(last+44*time.Minute, last+44*time.Minute)
	b.want()
	b.tick(last+time.Hour, last+time.Hour)
	b.want("blue device_silent")
}

// Who is without network for some hours now and then comes back by himself. Of a
// resident at risk it is said after an hour all the same, and after six of everybody.
func TestABandThatIsWithoutNetworkNowAndThenIsWaitedFor(t *testing.T) {
	for tier, c := range map[devices.Tier]struct{ was, limit time.Duration }{
		devices.TierGreen:  {5 * time.Hour, 4 * time.Hour}, // it fades
		devices.TierRed:    {5 * time.Hour, time.Hour},
		devices.TierYellow: {20 * time.Hour, 6 * time.Hour},
	} {
		b := silent(t, devices.Wristband, true)
		b.view.Resident.Tier = tier
		b.reports(10*time.Minute, 8*24*6)
		b.reports(c.was, 1)
		last := b.reports(10*time.Minute, 4*24*6)
		b.findings = nil
		b.tick(last+c.limit-time.Minute, last+c.limit-time.Minute)
		b.want()
		b.tick(last+c.limit+15*time.Minute, last+c.limit+15*time.Minute)
		b.want("blue device_silent")
	}
}

func TestALostUploadDoesNotSpoilTheCadence(t *testing.T) {
	b := silent(t, devices.WaterMeter, true)
	for i := range 40 {
		if i%10 == 9 {
			b.reports(13*time.Hour, 1)
		} else {
			b.reports(time.Hour, 10)
		}
	}
	if _, upload := b.detector.(*Silence).Cadence(); upload < 50*time.Minute || upload > 70*time.Minute {
		t.Errorf("learnt %v", upload)
	}
}

func TestDueIsWhenATickSpeaks(t *testing.T) {
	b := silent(t, devices.WaterMeter, true)
	b.reports(24*time.Hour, 12)
	for _, want := range []alerting.Severity{alerting.Blue, alerting.Orange} {
		due := b.detector.(*Silence).Due(&b.view).Watched
		if f := b.tick(due-time.Nanosecond, due-time.Nanosecond); len(f) > 0 {
			t.Fatalf("speaks before it is due: %v", f[0].Severity)
		}
		if f := b.tick(due, due); len(f) != 1 || f[0].Severity != want {
			t.Fatalf("says %v when due, want %s", f, want)
		}
	}
	if due := b.detector.(*Silence).Due(&b.view); due != (alerting.Due{}) {
		t.Errorf("due at %v with all said", due.Watched)
	}
}

func TestStateOfOlderSilence(t *testing.T) {
	b := silent(t, devices.Wristband, false)
	if err := b.detector.Restore([]byte(`{"Heard":3600000000000,"HeardAt":"2026-11-23T00:00:00Z","Silent":true}`)); err != nil {
		t.Fatal(err)
	}
	b.tick(9*time.Hour, 9*time.Hour)
	b.want()
	b.say(9*time.Hour, devices.Steps, 1)
	b.want("recovered device_silent")
}

func TestBlindTime(t *testing.T) {
	const m = devices.WaterMeter
	for _, c := range []struct {
		sights []Sight
		want   time.Duration
		call   bool
	}{
		{nil, 0, true},
		{[]Sight{{m, 0, 0}}, 0, true},
		{[]Sight{{m, time.Hour, time.Hour}}, time.Hour, false},
		{[]Sight{{m, time.Hour, 24 * time.Hour}}, 25 * time.Hour, true},
		{[]Sight{{m, 15 * time.Minute, 6 * time.Hour}}, 6*time.Hour + 15*time.Minute, true},
		{[]Sight{{m, time.Hour, 24 * time.Hour}, {devices.Wristband, 5 * time.Minute, 5 * time.Minute}}, 5 * time.Minute, false},
	} {
		got, _ := BlindTime(c.sights)
		if got != c.want {
			t.Errorf("%v: blind for %v, want %v", c.sights, got, c.want)
		}
		if call := DailyCall(&devices.Resident{Tier: devices.TierRed, State: devices.Active}, c.sights); call != c.call {
			t.Errorf("%v: a call a day: %v", c.sights, call)
		}
		if DailyCall(&devices.Resident{Tier: devices.TierGreen, State: devices.Active}, c.sights) {
			t.Errorf("%v: a call a day to tier green", c.sights)
		}
	}
}
