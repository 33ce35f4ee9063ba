package detect

import (
	"time"

	"shouwang/devices"
)

// Sight is one device that looks after a resident: how often it measures and how
// often it reports (zero: not known yet).
type Sight struct {
	Kind            devices.Kind
	Measure, Upload time.Duration
}

// BlindTime is the longest time after something happens to a resident until a
// reading of it can be here: until the next measurement, and from there until the
// next report. What the detectors wait for comes on top. Of several devices the
// quickest counts. False when no device's cadence is known.
func BlindTime(devices []Sight) (longest time.Duration, known bool) {
	for _, s := range devices {
		if s.Upload <= 0 {
			continue
		}
		// A meter that reports each reading at once is blind for one interval.
		t := s.Upload
		if s.Measure < s.Upload*3/4 {
			t += s.Measure
		}
		if !known || t < longest {
			longest, known = t, true
		}
	}
	return longest, known
}

// mostBlind is the longest blind time at which a resident of tier red needs no
// call a day.
const mostBlind = 6 * time.Hour

// DailyCall says whether somebody has to phone the resident every day, because no
// device sees enough.
func DailyCall(r *devices.Resident, sights []Sight) bool {
	if r.Tier != devices.TierRed || r.State != devices.Active {
		return false
	}
	t, known := BlindTime(sights)
	return !known || t > mostBlind
}
