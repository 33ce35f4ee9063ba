package detect

import (
	"time"

	"shouwang/devices"
)

// fixAge is the age from which a position is shown as old.
const fixAge = 30 * time.Minute

// fix is one position.
type fix struct {
	At       int64 // Unix microseconds
	Lat, Lon float64
	Accuracy float64 // metres, 0: not said
}

func (f *fix) at() time.Time { return time.UnixMicro(f.At).UTC() }

func (f *fix) distance(lat, lon float64) float64 { return devices.DistanceM(f.Lat, f.Lon, lat, lon) }

// evidence says where, and how old that is at a time.
func (f *fix) evidence(e map[string]any, now time.Time) {
	e["lat_deg"], e["lon_deg"], e["fix_at"] = f.Lat, f.Lon, f.at()
	if f.Accuracy > 0 {
		e["accuracy_m"] = f.Accuracy
	}
	if age := now.Sub(f.at()); age > fixAge {
		e["fix_old"], e["fix_age_min"] = true, int(age.Minutes())
	}
}

// fixing puts together the three readings of a fix, which come one by one in any
// order but have one time.
type fixing struct {
	fix

	Has uint8 `json:",omitempty"`
}

const (
	hasLat = 1 << iota
	hasLon
	hasAccuracy
	told
	hasPlace = hasLat | hasLon
	hasAll   = hasPlace | hasAccuracy
)

// hear takes a reading and returns a fix when one is complete: with its accuracy,
// or without one when the next begins.
func (p *fixing) hear(m devices.Metric, value float64, at int64) (done fix, ok bool) {
	if at != p.At {
		if p.Has&(hasPlace|told) == hasPlace {
			done, ok = p.fix, true
		}
		*p = fixing{fix: fix{At: at}}
	}
	switch m {
	case devices.LatDeg:
		if value < -90 || value > 90 {
			return done, ok
		}
		p.Lat, p.Has = value, p.Has|hasLat
	case devices.LonDeg:
		if value < -180 || value > 180 {
			return done, ok
		}
		p.Lon, p.Has = value, p.Has|hasLon
	case devices.AccuracyM:
		if value <= 0 {
			return done, ok
		}
		p.Accuracy, p.Has = value, p.Has|hasAccuracy
	}
	if p.Has == hasAll && !ok {
		p.Has |= told
		return p.fix, true
	}
	return done, ok
}
