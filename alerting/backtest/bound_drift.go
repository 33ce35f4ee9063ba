package backtest

import (
	"math"
	"slices"
	"time"
)

// Days are the litres of each home's days, as logarithms.
type Days struct {
	homes map[string]*homeDays
}

type homeDays struct {
	first int64
	m3    float64
	day   int64
	used  float64
	days  []float64
}

// NewDays counts none yet.
func NewDays() *Days { return &Days{homes: map[string]*homeDays{}} }

// Add counts a register. Those of a home come in order; a day begins at 20:00 UTC,
// which is 4:00 in China.
func (d *Days) Add(home string, at time.Time, m3 float64) {
	h := d.homes[home]
	day := (at.Unix() + 4*3600) / 86400
	if h == nil {
		h = &homeDays{first: day, day: day, m3: m3}
		d.homes[home] = h
	}
	h.used += (m3 - h.m3) * 1000
	h.m3 = m3
	if day > h.day {
		h.days = append(h.days, math.Log(max(h.used, 0)+1))
		h.used, h.day = 0, day
	}
}

// ordinary is what is known of a home's days: mean, what is left of a day beside
// what the days before it tell, and how they tell it.
type ordinary struct {
	mean, rest float64
	before     []float64
}

// learn fits an autoregression over four days (Levinson and Durbin).
func (h *homeDays) learn() ordinary {
	const order = 4
	o := ordinary{before: make([]float64, order)}
	for _, x := range h.days {
		o.mean += x / float64(len(h.days))
	}
	var c [order + 1]float64
	for lag := range c {
		for i := lag; i < len(h.days); i++ {
			c[lag] += (h.days[i] - o.mean) * (h.days[i-lag] - o.mean) / float64(len(h.days))
		}
	}
	left := c[0]
	for k := range order {
		r := c[k+1]
		for j := range k {
			r -= o.before[j] * c[k-j]
		}
		r /= left
		last := slices.Clone(o.before)
		for j := range k {
			o.before[j] = last[j] - r*last[k-1-j]
		}
		o.before[k] = r
		left *= 1 - r*r
	}
	o.rest = math.Sqrt(left)
	return o
}

// alarms of the best two-sided CUSUM for a change by the shares more and less, both
// known to it, as are the home's mean, scatter and correlation of days. It begins
// anew after each.
func (h *homeDays) alarms(o *ordinary, more, less, threshold float64) (days []int) {
	gain := 1.0
	for _, b := range o.before {
		gain -= b
	}
	var sum [2]float64
	shift := [2]float64{math.Log(1+more) * gain / o.rest, math.Log(1-less) * gain / o.rest}
	for i, x := range h.days {
		e := x - o.mean
		for j, b := range o.before {
			if i > j {
				e -= b * (h.days[i-1-j] - o.mean)
			}
		}
		e = max(-4, min(4, e/o.rest))
		for k := range sum {
			sum[k] = max(0, sum[k]+shift[k]*(e-shift[k]/2))
		}
		if max(sum[0], sum[1]) > threshold {
			days = append(days, i)
			sum = [2]float64{}
		}
	}
	return days
}

// DriftBound is how soon a change of the amount of use can be found at all.
type DriftBound struct {
	Scatter     float64 // of the logarithm of a day's litres, the median of the homes
	False       float64 // needless alarms a home-month
	In14, Homes int     // changes found within 14 days, and all
	Median      float64 // days; infinite where half are not found
}

// Bound holds the best CUSUM of a change by a share against changed lives. d are
// long lives of the same homes without a change, from which all is known; from says
// when each home's life changes. The threshold is the least with at most so many
// needless alarms a home-month.
func (d *Days) Bound(changed *Days, from map[string]time.Time, share, most float64) DriftBound {
	known := map[string]ordinary{}
	var b DriftBound
	var scatter []float64
	months := 0.0
	for name, h := range d.homes {
		known[name] = h.learn()
		months += float64(len(h.days)) / 30.44
		sum := 0.0
		for _, x := range h.days {
			sum += (x - known[name].mean) * (x - known[name].mean)
		}
		scatter = append(scatter, math.Sqrt(sum/float64(len(h.days))))
	}
	slices.Sort(scatter)
	b.Scatter = scatter[len(scatter)/2]
	threshold := 1.0
	for ; ; threshold += 0.05 {
		n := 0
		for name, h := range d.homes {
			o := known[name]
			n += len(h.alarms(&o, share, share, threshold))
		}
		if b.False = float64(n) / months; b.False <= most {
			break
		}
	}
	var delays []float64
	for name, h := range changed.homes {
		o, ok := known[name]
		at, drifts := from[name]
		if !ok || !drifts {
			continue
		}
		b.Homes++
		delay := math.Inf(1)
		begins := int((at.Unix()+4*3600)/86400 - h.first)
		for _, a := range h.alarms(&o, share, share, threshold) {
			if a >= begins {
				delay = float64(a - begins + 1)
				break
			}
		}
		if delay <= 14 {
			b.In14++
		}
		delays = append(delays, delay)
	}
	slices.Sort(delays)
	b.Median = delays[len(delays)/2]
	return b
}
