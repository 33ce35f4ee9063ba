package detect

import "shouwang/alerting"

// keptPulses bounds the heart rates that wait for the counter of steps.
const keptPulses = 8

// rest follows the steps of one band and tells which heart rates were measured at
// rest: no step for a while (default 12 min), proven by the counter. Readings
// older than the newest are passed over.
type rest struct {
	// Counter is the newest, of CountedAt; Moved is when it last grew, or when it
	// was first heard.
	Counter          float64
	CountedAt, Moved int64
	Waiting          []pulseAt `json:",omitempty"`
}

type pulseAt struct {
	At  int64
	BPM float64
}

// heart takes a heart rate, which waits until the counter tells.
func (r *rest) heart(at int64, bpm float64) {
	if n := len(r.Waiting); n > 0 && r.Waiting[n-1].At >= at {
		return
	}
	if len(r.Waiting) == keptPulses {
		r.Waiting = append(r.Waiting[:0], r.Waiting[1:]...)
	}
	r.Waiting = append(r.Waiting, pulseAt{at, bpm})
}

// count takes the counter and hands on what it proves to have been at rest.
func (r *rest) count(rules *alerting.TrendRules, at int64, steps float64, atRest func(pulseAt)) {
	if at <= r.CountedAt {
		return
	}
	if r.CountedAt == 0 || steps > r.Counter || steps < r.Counter && steps > 0 {
		r.Moved = at
	}
	r.Counter, r.CountedAt = steps, at
	kept := r.Waiting[:0]
	for _, p := range r.Waiting {
		switch {
		case p.At > at:
			kept = append(kept, p)
		case p.At-r.Moved >= rules.Rest.Microseconds():
			atRest(p)
		}
	}
	r.Waiting = kept
}
