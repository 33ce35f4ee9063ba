package simulate

import (
	"math"
	"time"

	"shouwang/devices"
)

const (
	slotMinutes = 5
	slotsPerDay = minutesPerDay / slotMinutes
)

// band is a wristband on a wearer: pulse, saturation and skin temperature with
// the rhythm of the day, steps, and a battery that the wearer charges in time.
type band struct {
	seed      uint64
	rest      float64 // resting heart rate, /min
	spo2      float64
	skin      float64 // °C, by day
	wake, bed float64 // minutes of the day
	lively    float64 // scale of activity

	// The battery: charged every `cycle` days at minute `chargeAt` for
	// `chargeFor` minutes, down to `lowest` per cent by then.
	cycle, chargeDay    int64
	chargeAt, chargeFor int64
	lowest              float64

	// The day whose steps are at hand: sum[i] before slot i.
	day int64
	sum [slotsPerDay + 1]int

	stops  []stop // no movement; the raw fields are not used
	fevers []stop

	hypoxia []stop // a low saturation
	off     []stop // off the wrist, beside charging
}

func newBand(seed uint64) *band {
	r := generator(seed, -1)
	b := &band{
		seed: seed, rest: between(r, 58, 74), spo2: between(r, 96.2, 98.2), skin: between(r, 32.4, 33.6),
		wake: between(r, 5.5*60, 7.5*60), bed: between(r, 20.5*60, 22.5*60), lively: between(r, 0.5, 1.2),
		cycle: 5 + r.Int64N(4), chargeAt: int64(between(r, 18.5*60, 20.5*60)), chargeFor: 80 + r.Int64N(40),
		lowest: between(r, 34, 48), day: math.MinInt64,
	}
	b.chargeDay = r.Int64N(b.cycle)
	return b
}

// load makes the steps of the day.
func (b *band) load(day int64) {
	if b.day == day {
		return
	}
	b.day = day
	r := generator(b.seed, day)
	wake := b.wake + 20*clip(r.NormFloat64(), 2)
	bed := b.bed + 20*clip(r.NormFloat64(), 2)
	walk := []float64{wake + between(r, 40, 120), between(r, 15*60, 17*60)}
	long := []float64{between(r, 15, 50), between(r, 0, 45)}
	visits := []float64{between(r, 30, wake-60), between(r, 30, wake-60)}
	b.sum[0] = 0
	for i := range slotsPerDay {
		minute := float64(i * slotMinutes)
		steps := 0.0
		switch {
		case minute < wake || minute > bed: // a way to the toilet and back
			for _, v := range visits[:1+int(day&1)] {
				if v >= minute && v < minute+slotMinutes {
					steps = between(r, 14, 36)
				}
			}
		case minute > walk[0] && minute < walk[0]+long[0], minute > walk[1] && minute < walk[1]+long[1]:
			steps = between(r, 180, 380)
		case minute > 12.5*60 && minute < 14*60: // a nap
			if r.Float64() < 0.1 {
				steps = between(r, 8, 30)
			}
		case r.Float64() < 0.45:
			steps = between(r, 6, 70)
		}
		b.sum[i+1] = b.sum[i] + int(steps*b.lively)
	}
}

// counted is the step counter of b.day at the minute of the day.
func (b *band) counted(minute int) int {
	i, rest := minute/slotMinutes, minute%slotMinutes
	if i >= slotsPerDay {
		return b.sum[slotsPerDay]
	}
	return b.sum[i] + (b.sum[i+1]-b.sum[i])*rest/slotMinutes
}

// steps is the daily counter at t, what stops took out left out.
func (b *band) steps(t time.Time) int {
	now := localMinute(t)
	day, minute := dayOf(now)
	b.load(day)
	n := b.counted(minute)
	for _, s := range b.stops {
		from, to := localMinute(s.from), now
		if !s.to.IsZero() {
			to = min(to, localMinute(s.to))
		}
		from = max(from, day*minutesPerDay)
		if from < to {
			n -= b.counted(int(to-day*minutesPerDay)) - b.counted(int(from-day*minutesPerDay))
		}
	}
	return n
}

// charge is the battery at t in per cent, and whether it is being charged.
func (b *band) charge(t time.Time) (pct float64, charging bool) {
	day, minute := dayOf(localMinute(t))
	since := ((day-b.chargeDay)%b.cycle+b.cycle)%b.cycle*minutesPerDay + int64(minute) - b.chargeAt
	if since < 0 {
		since += b.cycle * minutesPerDay
	}
	if since < b.chargeFor {
		return b.lowest + (100-b.lowest)*float64(since)/float64(b.chargeFor), true
	}
	return 100 - (100-b.lowest)*float64(since-b.chargeFor)/float64(b.cycle*minutesPerDay-b.chargeFor), false
}

// sample is what the band says at t. Off the wrist there is no pulse, while the
// counter of steps goes on standing. Saturation and skin temperature are
// measured every quarter of an hour, and each time when the samples are an hour
// apart; the battery is told once an hour.
func (b *band) sample(t time.Time, every time.Duration, measures []Measure) []Measure {
	add := func(m devices.Metric, v float64) { measures = append(measures, Measure{m, v}) }
	pct, charging := b.charge(t)
	fever, lying, low := within(b.fevers, t), within(b.stops, t), within(b.hypoxia, t)
	minute := localMinute(t)
	if within(b.off, t) || charging && !fever && !lying && !low {
		add(devices.Worn, 0)
		add(devices.Steps, float64(b.steps(t)))
	} else {
		add(devices.Worn, 1)
		add(devices.HeartRateBPM, b.pulse(t, fever, lying))
		add(devices.Steps, float64(b.steps(t)))
		if low {
			add(devices.SpO2Pct, math.Round(86+2*noise(b.seed^2, minute)))
		}
		if every >= time.Hour || minute%15 < int64(every/time.Minute) {
			if !low {
				add(devices.SpO2Pct, math.Round(clip(b.spo2+1.2*noise(b.seed^2, minute)-97, 3)+97))
			}
			_, of := dayOf(minute)
			warm := b.skin + 0.6*math.Cos(2*math.Pi*(float64(of)-3*60)/minutesPerDay) + 0.3*noise(b.seed^3, minute)
			if fever {
				warm += 2
			}
			add(devices.SkinTempC, math.Round(warm*10)/10)
		}
		if fever {
			add(devices.BodyTempC, math.Round((39.6+0.3*noise(b.seed^4, minute))*10)/10)
		}
	}
	if every >= time.Hour && (minute/60)%6 == 0 || every < time.Hour && minute%60 < int64(every/time.Minute) {
		add(devices.BatteryPct, math.Round(pct))
	}
	return measures
}

// pulse stays within 46 and 126 /min whatever the wearer does.
func (b *band) pulse(t time.Time, fever, lying bool) float64 {
	minute := localMinute(t)
	day, of := dayOf(minute)
	b.load(day)
	rate := b.rest
	switch slot := of / slotMinutes; {
	case float64(of) < b.wake-20 || float64(of) > b.bed+20:
		rate -= 4
	case lying:
		rate += 4
	default:
		rate += 9 + math.Min(28, float64(b.sum[slot+1]-b.sum[slot])*0.09)
	}
	if fever {
		rate += 26
	}
	rate += 2.5*noise(b.seed^5, minute/slotMinutes) + 2*noise(b.seed^6, minute)
	return math.Round(min(max(rate, 46), 126))
}

func within(list []stop, t time.Time) bool {
	for _, s := range list {
		if !t.Before(s.from) && (s.to.IsZero() || t.Before(s.to)) {
			return true
		}
	}
	return false
}

// end closes what still lasts, at to.
func end(list []stop, to time.Time) {
	for i := range list {
		if s := &list[i]; s.to.IsZero() || s.to.After(to) {
			s.to = to
		}
	}
}
