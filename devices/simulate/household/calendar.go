package household

import (
	"math"
	"time"
)

const (
	minute = int64(60)
	hour   = 60 * minute
	day    = 24 * hour
	month  = 30.4 * float64(day)
	// zoneOffset is China's, UTC+8 all year.
	zoneOffset = 8 * hour
)

func zone() *time.Location { return time.FixedZone("CST", int(zoneOffset)) }

// midnight is the beginning of a local day, in Unix seconds.
func midnight(n int64) int64 { return n*day - zoneOffset }

// dayOf is the local day that t lies in.
func dayOf(t int64) int64 { return floor(t+zoneOffset, day) }

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// span is a time from (included) to (not included), in Unix seconds.
type span struct{ from, to int64 }

func (s span) holds(t int64) bool { return t >= s.from && t < s.to }

func (s span) touches(o span) bool { return s.from < o.to && o.from < s.to }

// within says whether any of the spans holds t.
func within(list []span, t int64) bool {
	for _, s := range list {
		if s.holds(t) {
			return true
		}
	}
	return false
}

func weekend(n int64) bool { w := (n + 4) % 7; return w == 0 || w == 6 }

// springFestivals are the first days of the lunar year.
func springFestivals() []time.Time {
	var list []time.Time
	for _, s := range []string{
		"2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26", "2029-02-13", "2030-02-03",
	} {
		t, _ := time.Parse(time.DateOnly, s)
		list = append(list, t)
	}
	return list
}

// calendar is what all homes of a set share: feasts and the weather.
type calendar struct {
	spring map[int64]int // local day → days since the Spring Festival, -2 to 7
	feast  map[int64]bool
	seed   uint64
}

func newCalendar(seed uint64, first, days int64) *calendar {
	c := &calendar{map[int64]int{}, map[int64]bool{}, mix(seed ^ 0x77)}
	year := func(n int64) int { return time.Unix(n*day, 0).UTC().Year() }
	for y := year(first); y <= year(first+days); y++ {
		// Where the table ends, the mean date serves.
		spring := time.Date(y, 2, 6, 0, 0, 0, 0, time.UTC)
		for _, s := range springFestivals() {
			if s.Year() == y {
				spring = s
			}
		}
		n := spring.Unix() / day
		for k := -2; k <= 7; k++ {
			c.spring[n+int64(k)] = k
		}
		c.feast[n+14] = true // Lantern Festival
		for _, f := range [][3]int{{1, 1, 1}, {4, 4, 3}, {5, 1, 3}, {10, 1, 7}} {
			d := time.Date(y, time.Month(f[0]), f[1], 0, 0, 0, 0, time.UTC).Unix() / day
			for k := range f[2] {
				c.feast[d+int64(k)] = true
			}
		}
		// Dragon Boat and Mid-Autumn move with the moon, as the Spring
		// Festival does: 122 and 222 days after it, give or take a leap month.
		c.feast[n+122], c.feast[n+222] = true, true
	}
	return c
}

// warmth is the season: -1 in mid-January, 1 in mid-July.
func (c *calendar) warmth(n int64) float64 {
	at := time.Unix(n*day, 0).UTC().YearDay()
	return -math.Cos(2 * math.Pi * float64(at-17) / 365.25)
}

// coldest is the lowest temperature of the night that ends on the day, °C: as
// in western Shandong, -5 ± 4 in January, with spells of some days.
func (c *calendar) coldest(n int64) float64 {
	spell := 0.0
	for k := range int64(4) {
		spell += 0.5 * bell(c.seed, n-k)
	}
	return 8.5 + 13.5*c.warmth(n) + 4*spell
}
