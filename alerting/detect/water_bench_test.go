package detect

import (
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// What one register costs in all detectors of water together, of the resident and
// of the meter.
func BenchmarkAllWaterDetectors(b *testing.B) {
	home := alerting.View{Subject: alerting.ResidentSubject("r1"), Rules: alerting.DefaultRules(), Resident: &devices.Resident{ID: "r1"}}
	meter := home
	meter.Subject = alerting.DeviceSubject("acme/d1")
	meter.Device = &devices.Device{ID: "acme/d1", Kind: devices.WaterMeter}
	atHome, onMeter := New(home.Subject), New(meter.Subject)
	at, litres := monday, 100_000.0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at = at.Add(time.Hour)
		litres += senior[i%24]
		home.Now, meter.Now, home.Watched, meter.Watched = at, at, at.Sub(monday), at.Sub(monday)
		r := devices.Reading{Device: "acme/d1", Metric: devices.VolumeM3, Value: litres / 1000, At: at, Received: at}
		for _, d := range atHome {
			d.Observe(&home, r)
		}
		for _, d := range onMeter {
			d.Observe(&meter, r)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "readings/s")
}

func BenchmarkEachWaterDetector(b *testing.B) {
	for _, make := range []func() alerting.Detector{
		func() alerting.Detector { return &WaterInactivity{} },
		func() alerting.Detector { return &WaterUse{} },
		func() alerting.Detector { return &MeterFault{} },
		func() alerting.Detector { return &Silence{} },
		func() alerting.Detector { return &Battery{} },
	} {
		d := make()
		b.Run(d.Name(), func(b *testing.B) {
			v := alerting.View{Subject: alerting.DeviceSubject("acme/d1"), Rules: alerting.DefaultRules()}
			at, litres := monday, 100_000.0
			for i := 0; b.Loop(); i++ {
				at = at.Add(time.Hour)
				litres += senior[i%24]
				v.Now, v.Watched = at, at.Sub(monday)
				d.Observe(&v, devices.Reading{Device: "acme/d1", Metric: devices.VolumeM3, Value: litres / 1000, At: at, Received: at})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "readings/s")
		})
	}
}

// BenchmarkVillageWater hands the registers of a village's fifty homes to what
// watches its water.
func BenchmarkVillageWater(b *testing.B) {
	v := alerting.View{Subject: alerting.VillageWater("a/b/c"), Rules: alerting.DefaultRules()}
	d := &VillageWater{}
	ids := make([]devices.DeviceID, 50)
	for i := range ids {
		ids[i] = devices.DeviceID("acme/d" + string(rune('A'+i)))
	}
	at, litres := monday, 100_000.0
	for i := 0; b.Loop(); i++ {
		if i%len(ids) == 0 {
			at = at.Add(time.Hour)
			litres += senior[i/len(ids)%24]
		}
		d.Observe(&v, devices.Reading{Device: ids[i%len(ids)], Metric: devices.VolumeM3, Value: litres / 1000, At: at, Received: at})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "readings/s")
}
