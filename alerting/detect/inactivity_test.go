package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

func water(t *testing.T) *bench {
	return resident(t, func() alerting.Detector { return &WaterInactivity{} })
}

// registers uploads one register an hour, all received together at the end.
func (b *bench) registers(from int, values ...float64) {
	b.t.Helper()
	received := time.Duration(from+len(values)-1) * time.Hour
	for i, value := range values {
		b.late(time.Duration(from+i)*time.Hour, received, devices.VolumeM3, value)
	}
}

func frozen(n int, value float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = value
	}
	return values
}

func TestADayWithoutUseIsProvenByItsFirstAndLastRegister(t *testing.T) {
	b := water(t)
	b.registers(0, frozen(25, 123.456)...)
	b.want("yellow water_inactivity")
	f := b.findings[0]
	if !f.Episode.Equal(monday) || !f.FoundAt.Equal(monday.Add(24*time.Hour)) || !f.KnownAt.Equal(monday.Add(24*time.Hour)) {
		t.Errorf("episode %v, found %v, known %v", f.Episode, f.FoundAt, f.KnownAt)
	}

	b = water(t)
	b.registers(0, frozen(24, 123.456)...) // 23 hours are not a day
	b.tick(200*time.Hour, 200*time.Hour)   // and time without readings proves nothing
	b.want()
}

func TestTwoRegistersADayApartAreProofAndAGapWithUseIsNot(t *testing.T) {
	b := water(t)
	b.registers(0, 10)
	b.registers(30, 10.005)
	b.want("yellow water_inactivity")
	b = water(t)
	b.registers(0, 10)
	b.registers(30, 10.010)
	b.want()
}

func TestTheTickOfATenLitreMeterIsUse(t *testing.T) {
	b := water(t)
	b.registers(0, frozen(12, 123.45)...)
	b.registers(12, frozen(13, 123.46)...)
	b.want()
}

func TestUseAfterTheWindowRecovers(t *testing.T) {
	b := water(t)
	b.registers(0, frozen(25, 5)...)
	b.registers(25, 5.004) // a drip is not a person
	b.want("yellow water_inactivity")
	b.registers(26, 5.060)
	b.want("yellow water_inactivity", "recovered water_inactivity")
}

func TestStages(t *testing.T) {
	b := water(t)
	b.registers(0, frozen(60, 5)...)
	b.want("yellow water_inactivity", "orange water_inactivity", "red water_inactivity")
	if !b.findings[2].Episode.Equal(b.findings[0].Episode) {
		t.Error("a later stage became another episode")
	}
	b = water(t)
	b.view.Resident.Tier = devices.TierRed
	b.registers(0, frozen(25, 5)...)
	b.want("red water_inactivity")
}

func TestRegistersOutOfOrderAndTwice(t *testing.T) {
	b := water(t)
	for i := 24; i >= 0; i-- {
		b.late(time.Duration(i)*time.Hour, 24*time.Hour, devices.VolumeM3, 7)
		b.late(time.Duration(i)*time.Hour, 24*time.Hour, devices.VolumeM3, 7)
	}
	b.want("yellow water_inactivity")
}

func TestAResetProvesNothing(t *testing.T) {
	b := water(t)
	b.registers(0, frozen(20, 812.3)...)
	b.registers(20, frozen(20, 0.5)...) // a new meter
	b.want()
	b.registers(40, frozen(6, 0.5)...)
	b.want("yellow water_inactivity")
	b.registers(46, 300, 300) // 248 m³ and back: a fault of the meter, not use
	b.registers(48, frozen(5, 0.5)...)
	b.want("yellow water_inactivity")
}

func TestAnAbsenceAndAContactRestartTheClock(t *testing.T) {
	b := water(t)
	b.view.Away = true
	b.registers(0, frozen(40, 5)...)
	b.want()
	b.view.Away = false
	b.registers(40, frozen(23, 5)...)
	b.want()
	b.registers(63, 5)
	b.want("yellow water_inactivity")
	b.view.LastContact = monday.Add(64 * time.Hour)
	b.registers(64, frozen(24, 5)...)
	b.want("yellow water_inactivity", "recovered water_inactivity")
	b.registers(88, 5)
	b.want("yellow water_inactivity", "recovered water_inactivity", "yellow water_inactivity")
}

func TestASecondMeterHasItsSay(t *testing.T) {
	b := water(t)
	other := func(hour int, value float64) {
		b.restart()
		b.view.Now = monday.Add(time.Duration(hour) * time.Hour)
		b.findings = append(b.findings, b.detector.Observe(&b.view, &devices.Reading{
			Device: "acme/d2", Metric: devices.VolumeM3, Value: value, At: b.view.Now, Received: b.view.Now})...)
	}
	for h := range 30 {
		b.registers(h, 5)
		other(h, 1+float64(h)*0.01) // water runs in the kitchen
	}
	b.want()
	for h := 30; h < 48; h++ {
		b.registers(h, 5) // the kitchen's meter is dead: not proof
	}
	b.want()
}

func TestAStretchBeforeWhatIsKnownIsSaidOnceAndIsOver(t *testing.T) {
	history := func(b *bench) { // two weeks of life, from the hour 480 on
		for h := 480; h < 480+14*24; h++ {
			b.registers(h, 20+float64(h/24*18+max(0, h%24-6))*0.01) // nights are still
		}
		b.want()
	}
	b := water(t)
	history(b)
	b.registers(0, frozen(25, 15)...) // three weeks ago
	b.want("yellow water_inactivity", "recovered water_inactivity")
	if f := b.findings[0]; !f.Episode.Equal(monday) || !f.FoundAt.Equal(monday.Add(24*time.Hour)) {
		t.Errorf("episode %v, found %v", f.Episode, f.FoundAt)
	}
	b.registers(25, frozen(5, 15)...) // more of it is no news
	b.registers(30, 15.05)            // and use ends it
	b.want("yellow water_inactivity", "recovered water_inactivity")

	b = water(t)
	history(b)
	b.registers(0, frozen(24, 15)...)
	b.want()

	b = water(t) // a meter that has said little so far
	b.registers(100, 6)
	b.registers(0, frozen(25, 5)...)
	b.want("yellow water_inactivity", "recovered water_inactivity")

	b = water(t) // what was said when it went on is not said again
	b.registers(0, frozen(25, 5)...)
	b.registers(25, 5.1)
	b.want("yellow water_inactivity", "recovered water_inactivity")
	b.late(90*time.Minute, 30*time.Hour, devices.VolumeM3, 5)
	b.want("yellow water_inactivity", "recovered water_inactivity")
}

func TestAStageIsFoundWhenItWasReached(t *testing.T) {
	b := water(t)
	b.registers(0, frozen(49, 5)...)
	for i, hours := range []int{24, 36, 48} {
		if at := b.findings[i].FoundAt; !at.Equal(monday.Add(time.Duration(hours) * time.Hour)) {
			t.Errorf("stage %s found at %v, want after %d h", b.findings[i].Severity, at, hours)
		}
	}
}

func TestMemoryOfAMeterIsBounded(t *testing.T) {
	b := water(t)
	d := b.detector.(*WaterInactivity)
	for i := range 6000 { // a reading a minute for four days, no use
		at := monday.Add(time.Duration(i) * time.Minute)
		b.view.Now = at
		b.findings = append(b.findings, d.Observe(&b.view, &devices.Reading{Device: "acme/d1", Metric: devices.VolumeM3, Value: 3, At: at, Received: at})...)
		if n := len(d.state.Meters[0].Registers.list); n > keptRegisters+1 {
			t.Fatalf("%d registers kept", n)
		}
	}
	b.want("yellow water_inactivity", "orange water_inactivity", "red water_inactivity")
	_ = alerting.Red
}
