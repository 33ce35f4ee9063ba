package detect

import (
	"time"

	"shouwang/alerting"
)

// The later stages of a personal wait: orange and red are what the rhythm asks
// for when a needless call costs so many times a check, and at least so long after
// the first stage, which is time to phone, and to send somebody.
const (
	orangePrice, redPrice = 4, 16
	orangeAfter, redAfter = 2 * time.Hour, 6 * time.Hour
	// trickle is how long single litres, hours apart, pass for a person in a home
	// with a flush toilet, and evenTrickle how long when they come as evenly as
	// from a dripping tap.
	trickle, evenTrickle = 48 * time.Hour, 24 * time.Hour
)

// personal says whether the home's own rhythm judges.
func (d *WaterInactivity) personal(v *alerting.View) bool {
	return v.Rules.WaterInactivity.Sensitivity.Price() > 0 && d.state.Rhythm.learnt()
}

// overdue judges by the home's own rhythm.
func (d *WaterInactivity) overdue(v *alerting.View, floor time.Time) proof {
	var active, behind *meter // used last, and read longest ago
	var last int64
	for _, m := range d.state.Meters {
		if at, _ := m.Registers.lastUse(); active == nil || at > last {
			active, last = m, at
		}
		if behind == nil || m.Registers.newest().At < behind.Registers.newest().At {
			behind = m
		}
	}
	since := time.UnixMicro(last).UTC()
	if !d.state.Episode.IsZero() && since.After(d.state.Episode) {
		if used := active.Registers.from(d.state.Episode); used.used >= aliveL && !used.drips() {
			return proof{alive: active}
		}
		since = d.state.Episode // a drip is not a person
	}
	if floor.After(since) {
		since = floor
	}
	home := d.state.Usage.home()
	if behind.newest().Sub(since) < leastWait*time.Hour-jitter {
		return d.trickles(v, floor, home)
	}
	waits := d.waits(v, since)
	p := proof{limitL: litres(leastUse)}
	for i, s := range [...]alerting.Severity{alerting.Yellow, alerting.Orange, alerting.Red} {
		if behind.newest().Sub(since) >= waits[i]-jitter {
			p.severity, p.wait = s, waits[i]
		}
	}
	if p.severity == "" {
		return d.trickles(v, floor, home)
	}
	if tierRed(v) {
		p.severity, p.wait = alerting.Red, waits[0]
	}
	p.idle = behind.Registers.from(since)
	p.from, p.lastUse = since, since
	p.found = p.reached(p.wait - jitter)
	p.evidence = map[string]any{
		"measure": "personal", "sensitivity": string(d.sensitivity(v)),
		"usual_h": d.state.Rhythm.usual(hourOfDay(since)), "longest_h": home.longest(),
	}
	return p
}

// trickles proves that what runs is no person, in a home that uses far more every
// day: single litres, hours apart.
func (d *WaterInactivity) trickles(v *alerting.View, floor time.Time, home HomeType) proof {
	if home != HomeFlush {
		return proof{}
	}
	for window := evenTrickle; window <= trickle; window += 6 * time.Hour {
		p := d.unused(v, floor, v.Rules.WaterInactivity.LimitL, window)
		if p.alive != nil || !p.drips() {
			return proof{}
		}
		if window == trickle || p.even() {
			p.evidence["measure"] = "trickle"
			return p
		}
	}
	return proof{}
}

// drips says whether no more than a litre ever came within three hours.
func (i idle) drips() bool {
	first := 0
	for _, r := range i.series {
		for r.At-i.series[first].At > (3 * time.Hour).Microseconds() {
			first++
		}
		if r.Used-i.series[first].Used > perL {
			return false
		}
	}
	return true
}

// even says whether water came at least three times, at nearly equal distances.
func (i idle) even() bool {
	var last, least, most int64
	uses := 0
	for j := 1; j < len(i.series); j++ {
		at := i.series[j].At
		if i.series[j].Used-i.series[j-1].Used < leastUse {
			continue
		}
		if uses++; uses > 1 {
			if apart := at - last; uses == 2 {
				least, most = apart, apart
			} else {
				least, most = min(least, apart), max(most, apart)
			}
		}
		last = at
	}
	return uses >= 3 && most <= least*5/4+time.Hour.Microseconds()
}

// waits are the waits of the three stages after a last use.
func (d *WaterInactivity) waits(v *alerting.View, since time.Time) [3]time.Duration {
	price, longest := d.sensitivity(v).Price(), d.state.Usage.home().longest()
	a := asked{clock: hourOfDay(since), longest: longest, price: price}
	if a.clock == d.asked.clock && a.longest == d.asked.longest && a.price == d.asked.price {
		return d.asked.waits
	}
	w := d.state.Rhythm.waits(a.clock, []float64{price, orangePrice * price, redPrice * price}, longest)
	for i := range w {
		a.waits[i] = time.Duration(w[i]) * time.Hour
	}
	a.waits[1] = max(a.waits[1], a.waits[0]+orangeAfter)
	a.waits[2] = max(a.waits[2], a.waits[0]+redAfter)
	d.asked = a
	return a.waits
}

// sensitivity is that of the rules, and a step earlier for tier red.
func (d *WaterInactivity) sensitivity(v *alerting.View) alerting.Sensitivity {
	s := v.Rules.WaterInactivity.Sensitivity
	if tierRed(v) {
		return s.Earlier()
	}
	return s
}

// Longest is the longest time without any use after which somebody asks, at any
// hour: with BlindTime, how long something may go unseen at worst.
func (d *WaterInactivity) Longest(v *alerting.View) time.Duration {
	if !d.personal(v) {
		return d.window(v)
	}
	longest := 0
	for clock := range 24 {
		longest = max(longest, d.state.Rhythm.waits(clock, []float64{d.sensitivity(v).Price()}, d.state.Usage.home().longest())[0])
	}
	return time.Duration(longest) * time.Hour
}

// hourOfDay is that of a moment, in UTC: only differences between hours count.
func hourOfDay(t time.Time) int { return int(floorHour(t.UnixMicro())%24+24) % 24 }
