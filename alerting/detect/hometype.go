package detect

import "math"

// HomeType is how a home uses water, as its own meter tells: it sets how long a
// pause may be at most before somebody asks.
type HomeType string

// The types of home.
const (
	HomeUnknown HomeType = "unknown" // not known yet; held as flush
	HomeFlush   HomeType = "flush"   // a flush toilet: some use every few hours
	HomeLowUse  HomeType = "low_use" // a dry toilet and little use
	HomeVat     HomeType = "vat"     // a vat (水缸) is filled every day or two
)

// longest is the longest pause, in hours, after which somebody asks.
func (t HomeType) longest() int {
	switch t {
	case HomeLowUse:
		return 36
	case HomeVat:
		return 48
	}
	return 24
}

const (
	// A home whose water comes in less than vatHours different hours a day, most
	// of it at vatFillL and more, fills a vat: simulated ones stay below 2.1,
	// low-use homes above 4.5, real one-person homes above 4.8.
	vatHours, vatFillL, vatShare = 3.0, 20.0, 0.6
	// Less than lowUseL a day is low use: simulated homes with a dry toilet stay
	// below 42 L, with a flush toilet above 67 L; the WEUSEDTO flat has 56 L.
	lowUseL = 48.0
	// typeDays of readings are needed to tell.
	typeDays = 7
)

// usage counts what tells the type of a home. It fades as the rhythm does.
type usage struct {
	day                         int64
	days, litres, hours, filled float64 // filled: litres of hours with a fill
	hour                        int64   // the hour being counted
	inHour                      float64
}

// take counts a step between two registers, in hundredths of a litre.
func (u *usage) take(at, elapsed, used int64) {
	if day := floorDay(at); day > u.day {
		if u.day != 0 {
			left := math.Pow(fade/65536.0, float64(day-u.day))
			u.days, u.litres, u.hours, u.filled = u.days*left, u.litres*left, u.hours*left, u.filled*left
		}
		u.day = day
	}
	if hour := floorHour(at); hour != u.hour {
		if u.inHour >= vatFillL {
			u.filled += u.inHour
		}
		u.hour, u.inHour = hour, 0
	}
	u.days += float64(elapsed) / 86_400e6
	if used < leastUse {
		return
	}
	if u.inHour == 0 {
		u.hours++
	}
	u.inHour += litres(used)
	u.litres += litres(used)
}

func (u *usage) home() HomeType {
	switch {
	case u.days < typeDays:
		return HomeUnknown
	case u.hours < vatHours*u.days && u.filled > vatShare*u.litres:
		return HomeVat
	case u.litres < lowUseL*u.days:
		return HomeLowUse
	}
	return HomeFlush
}
