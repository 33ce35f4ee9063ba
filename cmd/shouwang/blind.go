package main

import (
	"time"

	"shouwang/alerting"
	"shouwang/alerting/detect"
	"shouwang/dashboard"
	"shouwang/devices"
)

// blindOf tells how long something that happens to a resident may go unseen, from
// the cadence that the silence detectors have learnt of their devices.
func blindOf(engine *alerting.Engine, registry alerting.Directory) func(*devices.Resident, []devices.DeviceID) (dashboard.Blind, bool) {
	return func(r *devices.Resident, ids []devices.DeviceID) (dashboard.Blind, bool) {
		var sights []detect.Sight
		best, known := dashboard.Blind{}, false
		for _, id := range ids {
			device, ok := registry.Device(id, time.Now())
			if !ok {
				continue
			}
			sight := detect.Sight{Kind: device.Kind}
			engine.Ask(alerting.DeviceSubject(id), func(d alerting.Detector) {
				if s, ok := d.(*detect.Silence); ok {
					sight.Measure, sight.Upload = s.Cadence()
				}
			})
			sights = append(sights, sight)
			if t, ok := detect.BlindTime([]detect.Sight{sight}); ok && (!known || t < best.Time) {
				best, known = dashboard.Blind{Time: t, Device: id, Measure: sight.Measure, Upload: sight.Upload}, true
			}
		}
		best.DailyCall = detect.DailyCall(r, sights)
		return best, known
	}
}
