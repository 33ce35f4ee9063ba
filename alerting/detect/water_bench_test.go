package detect

import (
	"fmt"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// benchHomes is how many homes the benchmarks go round, so that years are learnt
// and not centuries.
const benchHomes = 64

// benchHome is a home with all detectors of its resident and of its meter.
type benchHome struct {
	atHome, onMeter     []alerting.Detector
	resident, meterView alerting.View
	device              devices.DeviceID
}

// What one register costs in all detectors of water together, of the resident and
// of the meter.
func BenchmarkAllWaterDetectors(b *testing.B) {
	homes := make([]benchHome, benchHomes)
	for i := range homes {
		h := &homes[i]
		id := fmt.Sprintf("d%d", i)
		h.device = devices.DeviceID("acme/" + id)
		h.resident = alerting.View{Subject: alerting.ResidentSubject(id), Rules: alerting.DefaultRules(), Resident: &devices.Resident{ID: id}}
		h.meterView = h.resident
		h.meterView.Subject = alerting.DeviceSubject(h.device)
		h.meterView.Device = &devices.Device{ID: h.device, Kind: devices.WaterMeter}
		h.atHome, h.onMeter = New(h.resident.Subject), New(h.meterView.Subject)
	}
	at, litres := monday, 100_000.0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%benchHomes == 0 {
			at = at.Add(time.Hour)
			litres += senior[i/benchHomes%24]
		}
		h := &homes[i%benchHomes]
		h.resident.Now, h.meterView.Now, h.resident.Watched, h.meterView.Watched = at, at, at.Sub(monday), at.Sub(monday)
		r := devices.Reading{Device: h.device, Metric: devices.VolumeM3, Value: litres / 1000, At: at, Received: at}
		for _, d := range h.atHome {
			d.Observe(&h.resident, &r)
		}
		for _, d := range h.onMeter {
			d.Observe(&h.meterView, &r)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "readings/s")
}

func BenchmarkEachWaterDetector(b *testing.B) {
	for _, of := range []func() alerting.Detector{
		func() alerting.Detector { return &WaterInactivity{} },
		func() alerting.Detector { return &WaterUse{} },
		func() alerting.Detector { return &MeterFault{} },
		func() alerting.Detector { return &Silence{} },
		func() alerting.Detector { return &Battery{} },
	} {
		b.Run(of().Name(), func(b *testing.B) {
			homes := make([]alerting.Detector, benchHomes)
			for i := range homes {
				homes[i] = of()
			}
			v := alerting.View{Subject: alerting.DeviceSubject("acme/d1"), Rules: alerting.DefaultRules()}
			at, litres := monday, 100_000.0
			for i := 0; b.Loop(); i++ {
				if i%benchHomes == 0 {
					at = at.Add(time.Hour)
					litres += senior[i/benchHomes%24]
				}
				v.Now, v.Watched = at, at.Sub(monday)
				homes[i%benchHomes].Observe(&v, &devices.Reading{Device: "acme/d1", Metric: devices.VolumeM3, Value: litres / 1000, At: at, Received: at})
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
		d.Observe(&v, &devices.Reading{Device: ids[i%len(ids)], Metric: devices.VolumeM3, Value: litres / 1000, At: at, Received: at})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "readings/s")
}
