package detect

import (
	"math"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

func TestTheDayABatteryIsUsedUp(t *testing.T) {
	const day = 24 * time.Hour
	b := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &Battery{} })
	b.view.Device = &devices.Device{ID: "acme/d1", Kind: devices.WaterMeter}
	// 0.1 % a day from 90: used up after 900 days, and 30 days before that the
	// charge is 3 %; so let it fall faster, 0.5 % a day.
	for d := range 119 {
		b.say(time.Duration(d)*day, devices.BatteryPct, math.Round(90-float64(d)*0.5))
	}
	b.want()
	empty, ok := b.detector.(*Battery).Empty()
	if want := monday.Add(180 * day); !ok || empty.Sub(want).Abs() > 5*day {
		t.Errorf("used up on %v, want about %v", empty, want)
	}
	for d := 119; d < 155; d++ {
		b.say(time.Duration(d)*day, devices.BatteryPct, math.Round(90-float64(d)*0.5))
	}
	b.want("blue low_battery") // at 20 % or a month before its end
	b.say(155*day, devices.BatteryPct, 100)
	b.want("blue low_battery", "recovered low_battery")
	if _, ok := b.detector.(*Battery).Empty(); ok {
		t.Error("a new battery has an end already")
	}
}

func TestAMetersBatteryIsOrderedInTime(t *testing.T) {
	b := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &Battery{} })
	b.view.Device = &devices.Device{ID: "acme/d1", Kind: devices.WaterMeter}
	for d := range 20 { // 3 % a day, in the cold
		b.say(time.Duration(d)*24*time.Hour, devices.BatteryPct, 95-3*float64(d))
	}
	b.want("blue low_battery")
	if pct := b.findings[0].Evidence["battery_pct"].(float64); pct < 60 {
		t.Errorf("said at %v %%", pct)
	}
	band := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &Battery{} })
	band.view.Device = &devices.Device{ID: "acme/d1", Kind: devices.Wristband}
	for h := range 72 { // charged every day
		band.say(time.Duration(h)*time.Hour, devices.BatteryPct, 95-2*float64(h%24))
	}
	band.want()
}

func TestABandThatIsChargedLateNowAndThenIsNoTask(t *testing.T) {
	b := newBench(t, alerting.DeviceSubject("acme/b1"), func() alerting.Detector { return &Battery{} })
	b.view.Device = &devices.Device{ID: "acme/b1", Kind: devices.Wristband}
	at := time.Duration(0)
	until := func(low, step float64) { // down to low, in steps of an hour
		for pct := 96.0; pct >= low; pct -= step {
			b.say(at, devices.BatteryPct, pct)
			at += time.Hour
		}
	}
	full := func() {
		for _, pct := range []float64{40, 70, 98} {
			b.say(at, devices.BatteryPct, pct)
			at += 20 * time.Minute
		}
	}
	said := []string{}
	until(10, 2) // nobody was seen to charge it yet
	full()
	said = append(said, "blue low_battery", "recovered low_battery")
	b.want(said...)
	for range 10 {
		until(12, 2)
		full()
	}
	b.want(said...)
	until(4, 2) // forgotten
	full()
	said = append(said, "blue low_battery", "recovered low_battery")
	b.want(said...)
	until(12, 0.25) // low for more than a day
	b.want(append(said, "blue low_battery")...)
}

func TestTheCurveOfABatteryIsBounded(t *testing.T) {
	var b Battery
	for i := range 20_000 {
		b.follow(int64(i)*600, 100-float64(i)/400)
		if n := len(b.state.Curve); n > keptCharges {
			t.Fatalf("%d points", n)
		}
	}
	if empty, ok := b.Empty(); !ok || math.Abs(float64(empty.Unix())-40_000*600) > 100*600 {
		t.Errorf("used up at %d", empty.Unix())
	}
}
