package backtest

import (
	"math"
	"time"
)

// Lives counts, for each home and each hour of the day, the pauses that followed a
// last use in it: what somebody would know who had watched the homes for ever. With
// it goes a bound: the least that a rule can cost which waits, in each home after a
// last use at each hour, as long as is best there.
type Lives struct {
	homes map[string]*life
	away  func(home string, at time.Time) bool
}

const boundWaits = 24 // the longest wait, h

// life is one home.
type life struct {
	first, last, used time.Time // used: the reading that showed the last use
	m3                float64
	idle              int // readings since
	hours             [24]boundCell
}

// boundCell is what followed last uses at one hour of the day: alerts at home by
// wait, and moments at home by the hours since the last use.
type boundCell struct {
	alerts  [boundWaits + 1]float64
	moments [2 * boundWaits]float64
}

// NewLives counts lives in which away says when nobody was at home.
func NewLives(away func(home string, at time.Time) bool) *Lives {
	return &Lives{homes: map[string]*life{}, away: away}
}

// Add counts an hourly register. Those of a home come in order.
func (l *Lives) Add(home string, at time.Time, m3 float64) {
	h := l.homes[home]
	if h == nil {
		h = &life{first: at, used: at, m3: m3}
		l.homes[home] = h
	}
	if m3-h.m3 >= 0.0005 {
		h.used, h.idle = at, -1
	}
	h.last, h.m3 = at, m3
	h.idle++
	c := &h.hours[int(h.used.Unix()/3600%24)]
	if l.away(home, at) {
		return
	}
	c.moments[min(h.idle, len(c.moments)-1)]++
	if h.idle <= boundWaits {
		c.alerts[h.idle]++
	}
}

// Months are the home-months counted.
func (l *Lives) Months() (months float64) {
	for _, h := range l.homes {
		months += float64(h.last.Sub(h.first)) / month
	}
	return months
}

// BoundPoint is the bound at one price of an alert.
type BoundPoint struct {
	// Fitted is the rate of alerts at home, a month, in the lives from which the
	// waits were chosen: less than any rule can have. Held is the rate of the same
	// waits in lives they were not chosen from.
	Fitted, Held float64
	Mean         float64 // h, from a collapse at a random moment to the alert
	P50, P90     int     // h
	Within       float64 // share within 10 h
}

// Bound chooses the waits at a price of one alert, in collapses that are found
// later than 10 h or 16 h, and scores them in l and in other lives of the same homes.
func (l *Lives) Bound(other *Lives, price float64) BoundPoint {
	cost := func(delay int) float64 {
		c := 0.001 * float64(delay)
		for _, late := range []int{10, 16} {
			if delay > late {
				c++
			}
		}
		return c
	}
	var p BoundPoint
	var delays [boundWaits + 1]float64
	all := 0.0
	for name, h := range l.homes {
		for clock := range h.hours {
			c := &h.hours[clock]
			wait, least := boundWaits, math.Inf(1)
			for w := leastBound; w <= boundWaits; w++ {
				sum := price * c.alerts[w]
				for idle, n := range c.moments {
					sum += n * cost(max(0, w-idle))
				}
				if sum < least {
					wait, least = w, sum
				}
			}
			p.Fitted += c.alerts[wait]
			if o := other.homes[name]; o != nil {
				p.Held += o.hours[clock].alerts[wait]
			}
			for idle, n := range c.moments {
				delays[max(0, wait-idle)] += n
				all += n
			}
		}
	}
	p.Fitted, p.Held = p.Fitted/l.Months(), p.Held/other.Months()
	seen := 0.0
	for d, n := range delays {
		p.Mean += float64(d) * n / all
		for _, q := range []struct {
			share float64
			at    *int
		}{{0.5, &p.P50}, {0.9, &p.P90}} {
			if seen < q.share*all && seen+n >= q.share*all {
				*q.at = d
			}
		}
		if seen += n; d == 10 {
			p.Within = seen / all
		}
	}
	return p
}

// leastBound is the shortest wait, h.
const leastBound = 4
