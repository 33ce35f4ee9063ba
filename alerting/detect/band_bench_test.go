package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// BenchmarkBand hands a band's packets to all detectors of its wearer and of the
// device.
func BenchmarkBand(b *testing.B) {
	wearer, device := New(alerting.ResidentSubject("r1")), New(alerting.DeviceSubject("acme/d1"))
	rules := alerting.DefaultRules()
	person := alerting.View{Subject: alerting.ResidentSubject("r1"), Rules: rules, Resident: &devices.Resident{ID: "r1"}}
	thing := alerting.View{
		Subject: alerting.DeviceSubject("acme/d1"), Rules: rules, Resident: person.Resident,
		Device: &devices.Device{ID: "acme/d1", Kind: devices.Wristband},
	}
	start := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	packet := []devices.Reading{
		{Metric: devices.Worn, Value: 1}, {Metric: devices.HeartRateBPM}, {Metric: devices.Steps}, {Metric: devices.SpO2Pct, Value: 97},
		{Metric: devices.SkinTempC, Value: 33}, {Metric: devices.LatDeg, Value: 36.1}, {Metric: devices.LonDeg, Value: 115.6},
		{Metric: devices.AccuracyM, Value: 20}, {Metric: devices.BatteryPct, Value: 80},
	}
	for i := range packet {
		packet[i].Device = "acme/d1"
	}
	n, found := 0, 0
	for b.Loop() {
		r := packet[n%len(packet)]
		k := n / len(packet)
		r.At = start.Add(time.Duration(k) * 5 * time.Minute)
		r.Received, person.Now, thing.Now = r.At, r.At, r.At
		switch r.Metric {
		case devices.HeartRateBPM:
			r.Value = float64(62 + k*7%9)
		case devices.Steps:
			r.Value = float64(k % 288 / 6 * 6)
		}
		for _, d := range wearer {
			found += len(d.Observe(&person, &r))
		}
		for _, d := range device {
			found += len(d.Observe(&thing, &r))
		}
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "readings/s")
	if found > n/1000 {
		b.Errorf("%d findings", found)
	}
}
