package detect

import "shouwang/alerting"

const (
	hourMicros = 60 * minute
	dayMicros  = 24 * hourMicros
)

// localDay is the wearer's day (since 1970) at a time, and the time of the day.
// The clock has a fixed distance from UTC: China has no summer time.
func localDay(r *alerting.VitalRules, at int64) (day, of int64) {
	local := at + r.UTCOffset.Microseconds()
	day = local / dayMicros
	if of = local % dayMicros; of < 0 {
		day, of = day-1, of+dayMicros
	}
	return day, of
}

// midnightOf is when the wearer's day begins.
func midnightOf(r *alerting.VitalRules, day int64) int64 {
	return day*dayMicros - r.UTCOffset.Microseconds()
}
