package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

func meterFault(t *testing.T) *bench {
	b := newBench(t, alerting.DeviceSubject("acme/d1"), func() alerting.Detector { return &MeterFault{} })
	b.view.Resident = &devices.Resident{ID: "r1"}
	return b
}

func TestAFlowWithoutAMovementIsAStuckMeter(t *testing.T) {
	b := meterFault(t)
	for i := range 10 {
		at := time.Duration(i) * time.Hour
		b.say(at, devices.FlowM3H, 0.012)
		b.say(at, devices.VolumeM3, 5)
		if i == 4 {
			b.want()
		}
	}
	b.want("blue device_fault")
	b.say(20*time.Hour, devices.VolumeM3, 5.010)
	b.want("blue device_fault", "recovered device_fault")

	b = meterFault(t) // a register that moves with its flow, and one without flow
	for i := range 300 {
		at := time.Duration(i) * time.Hour
		b.say(at, devices.FlowM3H, 0.012)
		b.say(at, devices.VolumeM3, 5+float64(i/2)*0.024)
	}
	b.want()
}

func TestAFrozenRegisterIsNoFaultByItself(t *testing.T) {
	b := meterFault(t)
	for i := range 30 {
		b.say(time.Duration(i)*24*time.Hour, devices.VolumeM3, 5)
	}
	b.want()
}

func TestAFrozenRegisterWhereSomebodyLives(t *testing.T) {
	b := meterFault(t)
	b.view.LastContact = monday.Add(3 * 24 * time.Hour)
	for i := range 9 {
		if i == 8 {
			b.want("blue device_fault")
		}
		b.say(time.Duration(i)*24*time.Hour, devices.VolumeM3, 5)
	}
	b.want("blue device_fault")

	b = meterFault(t) // reached on the phone, away from home
	b.view.LastContact, b.view.Away = monday.Add(3*24*time.Hour), true
	for i := range 20 {
		b.say(time.Duration(i)*24*time.Hour, devices.VolumeM3, 5)
	}
	b.want()

	b = resident(t, func() alerting.Detector { return &MeterFault{} }) // the band walks
	for i := range 12 {
		b.say(time.Duration(i)*24*time.Hour, devices.VolumeM3, 5)
		b.say(time.Duration(i)*24*time.Hour+time.Hour, devices.Steps, 900)
	}
	b.want("blue device_fault")
	if s := b.findings[0].Subject; s != alerting.DeviceSubject("acme/d1") {
		t.Errorf("about %v", s)
	}

	b = resident(t, func() alerting.Detector { return &MeterFault{} }) // a band on a table
	for i := range 12 {
		b.say(time.Duration(i)*24*time.Hour, devices.VolumeM3, 5)
		b.say(time.Duration(i)*24*time.Hour+time.Hour, devices.Steps, 0)
	}
	b.want()
}

func TestARegisterThatBeginsAnew(t *testing.T) {
	b := meterFault(t)
	b.registers(0, 812.3, 812.31, 0.2, 0.21)
	b.want("blue device_fault")
	b.registers(4, frozen(60, 0.3)...)
	b.registers(64, 0)
	b.want("blue device_fault", "blue device_fault") // 300 L back are another meter
}

func TestAGarbledRegisterIsPutRight(t *testing.T) {
	b := meterFault(t)
	b.registers(0, 300, 300.01, 52, 300.02, 300.03)
	b.want("blue device_fault", "recovered device_fault")
}

func TestWaterThatFlowsBack(t *testing.T) {
	b := meterFault(t)
	b.registers(0, 300, 300.01, 300.009, 300.006) // noise
	b.want()
	b.registers(4, 299.98, 299.98, 299.96)
	b.want("blue device_fault")
}
