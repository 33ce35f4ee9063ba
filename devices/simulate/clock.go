package simulate

import "time"

// zone is the county's: UTC+8 all year, as China has been since 1991.
var zone = time.FixedZone("CST", zoneSeconds)

const (
	zoneSeconds   = 8 * 3600
	minutesPerDay = 24 * 60
)

// localMinute counts minutes of local time since 1970, rounded down.
func localMinute(t time.Time) int64 { return floorDiv(t.Unix()+zoneSeconds, 60) }

// dayOf splits a local minute into day and minute of the day.
func dayOf(minute int64) (day int64, of int) {
	day = floorDiv(minute, minutesPerDay)
	return day, int(minute - day*minutesPerDay)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// onGrid returns the first time after t that lies on the grid of the given
// period (in seconds) and phase.
func onGrid(t time.Time, period, phase int64) time.Time {
	phase %= period
	n := floorDiv(t.Unix()-phase, period) + 1
	return time.Unix(n*period+phase, 0).UTC()
}
