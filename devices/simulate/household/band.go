package household

import (
	"math"
	"slices"
)

// offStyle is how a kind of band tells that nobody wears it.
type offStyle int

const (
	offFlag        offStyle = iota // worn 0, and no pulse
	offPlaceholder                 // heart rate 0, saturation 95, temperature 0
	offSilent                      // the pulse stops coming while steps go on
)

// band is a wristband on a wearer.
type band struct {
	life  *life
	index int32
	seed  uint64

	every, phase int64 // seconds between heart rates, and when
	style        offStyle
	rest         float64 // resting heart rate by day, /min
	dip          float64 // lower by this asleep
	spo2, skin   float64
	lively       float64 // scale of steps
	lat, lon     float64
	swing        float64 // slow change of the resting rate, /min
	nightOff     float64 // chance of a night without it
	batheOff     bool
	runs         float64 // days on a charge

	ills    []bout
	fevers  []span
	hypoxia []span
	still   []span // after a fall
	events  []event
	late    []span
	off     []span
	charges []charge
	dead    []span // battery empty
	died    []span // no pulse, on the wrist

	steps    float64
	offToday []span
}

// bout is an illness as the pulse shows it.
type bout struct {
	span
	pulse, skin float64 // at its height
}

type event struct {
	at     int64
	metric uint8
}

// charge is one charging: from a level to a level (0 to 1).
type charge struct {
	span
	low, high float64
}

func newBand(l *life, index int32) *band {
	d := newDice(l.seed, "band")
	b := &band{
		life: l, index: index, seed: mix(l.seed ^ 0xba4d),
		every: []int64{5, 5, 6, 10}[d.IntN(4)] * minute, phase: int64(d.IntN(300)), style: offStyle(d.IntN(3)),
		rest: d.around(69, 7), dip: d.between(3, 10), spo2: d.between(95.2, 98.2), skin: d.between(32.4, 34),
		lively: d.about(1, 0.4), lat: d.between(36.0, 36.4), lon: d.between(115.4, 115.9),
		swing: d.about(1.5, 0.8), batheOff: d.chance(0.5), runs: d.between(3, 8),
	}
	if d.chance(0.2) {
		b.nightOff = d.between(0.1, 0.8)
	}
	return b
}

// day appends the readings of local day n. Days come in order.
func (b *band) day(n int64, rows []row) []row {
	l := b.life
	last := l.plan(n - 1).bed
	p := l.plan(n)
	b.steps = 0
	start := midnight(n)
	b.offToday = b.offToday[:0]
	for _, o := range b.off {
		if o.touches(span{start, start + day}) {
			b.offToday = append(b.offToday, o)
		}
	}
	for t := start + b.phase%b.every; t < start+day; t += b.every {
		w := b.doing(p, last, t)
		b.steps += w.steps
		rows = b.measure(p, w, t, rows)
	}
	for _, e := range b.events {
		if dayOf(e.at) == n {
			rows = append(rows, row{e.at + 2, e.at, 1, b.index, e.metric, 0})
		}
	}
	return rows
}

// doing is what the wearer does at a moment.
type doing struct {
	asleep bool
	steps  float64 // since the last moment
	pace   float64 // steps a minute
	out    bool
}

func (b *band) doing(p *plan, last, t int64) doing {
	l := b.life
	w := doing{out: within(p.out, t) || within(l.away, t)}
	w.asleep = t < p.rise && t > last || t > p.bed || p.nap.holds(t) && !w.out
	if w.asleep || within(l.down, t) || within(b.still, t) || within(b.offToday, t) {
		return w
	}
	// A spell of doing something lasts a third of an hour.
	spell, now := even(b.seed^1, t/1200), even(b.seed^2, t)
	busy := 0.22
	if w.out {
		busy = 0.35
	}
	if p.ill {
		busy *= 0.4
	}
	switch {
	case spell < busy && w.out:
		w.pace = 20 + 55*now
	case spell < busy:
		w.pace = 4 + 26*now
	case now < 0.25:
		w.pace = 3
	}
	w.pace = min(w.pace*b.lively, 110)
	w.steps = w.pace * float64(b.every) / 60
	return w
}

// measure says what the band does at t, and whether anything comes through.
func (b *band) measure(p *plan, w doing, t int64, rows []row) []row {
	if within(b.dead, t) || even(b.seed^3, t) < 0.008 {
		return rows // nothing, or a packet lost
	}
	received := t + 2 + int64(18*even(b.seed^4, t))
	for _, s := range b.late {
		if s.holds(t) {
			received = s.to + int64(180*even(b.seed^5, t)) // in any order
		}
	}
	say := func(metric uint8, v float64, decimals int8) {
		rows = append(rows, row{received, t, v, b.index, metric, decimals})
	}
	due := func(period int64) bool { return (t-b.phase%b.every+zoneOffset)%period < b.every }
	if due(hour) {
		say(mBattery, math.Round(100*b.level(t)), 0)
	}
	say(mSteps, math.Floor(b.steps), 0)
	if within(b.offToday, t) {
		switch b.style {
		case offFlag:
			say(mWorn, 0, 0)
		case offPlaceholder:
			say(mHeart, 0, 0)
			if due(hour / 4) {
				say(mSpO2, 95, 0)
			}
			if due(hour) {
				say(mBody, 0, 1)
			}
		}
		return rows
	}
	if b.style == offFlag {
		say(mWorn, 1, 0)
	}
	if within(b.died, t) {
		if b.style == offPlaceholder {
			say(mHeart, 0, 0)
		}
		return rows
	}
	say(mHeart, b.pulse(p, w, t), 0)
	if due(hour / 4) {
		say(mSpO2, b.saturation(w, t), 0)
	}
	if due(hour / 2) {
		say(mSkin, b.warmth(w, t), 1)
	}
	if due(hour) {
		say(mBody, b.core(t), 1)
	}
	if at, ok := b.position(p, w, t); ok {
		say(mLat, at.lat, 6)
		say(mLon, at.lon, 6)
		say(mAccuracy, at.accuracy, 0)
	}
	return rows
}

// pulse has the rhythm of the day, what the wearer does, illness, and now and
// then an artefact.
func (b *band) pulse(p *plan, w doing, t int64) float64 {
	switch x := even(b.seed^10, t); {
	case x < 0.002:
		return 0
	case x < 0.005 && w.pace > 10: // it counts the steps
		return math.Round(120 + 60*even(b.seed^11, t))
	}
	days := float64(t) / float64(day)
	rate := b.rest + b.swing*math.Sin(2*math.Pi*days/(20+25*even(b.seed, -1))) + 1.5*bell(b.seed^12, p.day)
	clock := float64((t+zoneOffset)%day) / float64(day)
	rate -= 2 * math.Cos(2*math.Pi*(clock-4.0/24))
	if w.asleep {
		rate -= b.dip
	} else {
		rate += 5 + 0.3*w.pace
	}
	if within(b.life.down, t) {
		rate += 6
	}
	if within(b.hypoxia, t) {
		rate += 12
	}
	if within(b.fevers, t) {
		rate += 14
	}
	up, _ := b.sick(t)
	rate += up + 2.2*bell(b.seed^13, t/900) + 1.6*bell(b.seed^14, t)
	return math.Round(math.Min(math.Max(rate, 38), 165))
}

// sick is what illness adds to pulse and skin: it begins two days before the
// person feels it, and is gone two days after.
func (b *band) sick(t int64) (pulse, skin float64) {
	for _, i := range b.ills {
		begins, height, ends := i.from-2*day, i.from+day/2, i.to+2*day
		share := 0.0
		switch {
		case t <= begins || t >= ends:
			continue
		case t < height:
			share = float64(t-begins) / float64(height-begins)
		default:
			share = float64(ends-t) / float64(ends-height)
		}
		pulse += i.pulse * share
		skin += i.skin * share
	}
	return pulse, skin
}

func (b *band) saturation(w doing, t int64) float64 {
	switch x := even(b.seed^20, t); {
	case x < 0.0015:
		return 50 // no pulse wave found
	case x < 0.007: // a cold or moving hand
		return math.Round(72 + 16*even(b.seed^21, t))
	}
	v := b.spo2 + 0.8*bell(b.seed^22, t)
	if w.asleep {
		v -= 0.7
	}
	if within(b.hypoxia, t) {
		v = 85.5 + 1.6*bell(b.seed^23, t)
		return math.Round(math.Min(math.Max(v, 80), 89))
	}
	return math.Round(math.Min(math.Max(v, 92), 100))
}

func (b *band) warmth(w doing, t int64) float64 {
	v := b.skin + 0.25*bell(b.seed^30, t) + 0.6*b.life.cal.warmth(dayOf(t))
	if w.asleep {
		v += 0.9 // under the blanket
	}
	if w.out {
		v += 0.8 * min(b.life.cal.warmth(dayOf(t)), 0)
	}
	_, up := b.sick(t)
	if within(b.fevers, t) {
		up += 1
	}
	return math.Round((v+up)*10) / 10
}

func (b *band) core(t int64) float64 {
	clock := float64((t+zoneOffset)%day) / float64(day)
	_, up := b.sick(t)
	v := 36.5 - 0.25*math.Cos(2*math.Pi*(clock-4.0/24)) + 0.12*bell(b.seed^40, t) + min(up, 0.7)
	if within(b.fevers, t) {
		v = math.Max(39.0+0.35*bell(b.seed^41, t/(6*hour))+0.12*bell(b.seed^40, t), 38.3)
	}
	return math.Round(v*10) / 10
}

// fix is a position in WGS-84.
type fix struct{ lat, lon, accuracy float64 }

// position is only taken while the band moves: two minutes of stillness, and it
// rests. Indoors it is coarse, and one in twenty-five is a radio cell's.
func (b *band) position(p *plan, w doing, t int64) (fix, bool) {
	if w.pace < 4 || (t/minute)%10 >= b.every/minute && b.every < 10*minute {
		return fix{}, false
	}
	l := b.life
	x := even(b.seed^50, t)
	where, far, accuracy := int64(0), 0.0, 15+60*x
	if !w.out && x > 0.4 {
		return fix{}, false
	}
	for n, o := range p.out {
		if o.holds(t) {
			where, far, accuracy = 2*p.day+int64(n), 200+2800*even(b.seed^51, 2*p.day+int64(n)), 4+16*x
			// There and back again: the first and last quarter are the way.
			gone := float64(t-o.from) / float64(o.to-o.from)
			far *= min(1, 4*gone, 4*(1-gone))
		}
	}
	for _, o := range l.away {
		if o.holds(t) {
			where, far, accuracy = o.from, 4000+46000*even(b.seed^52, o.from), 10+50*x
		}
	}
	wrong := accuracy * 0.7
	if even(b.seed^53, t) < 0.04 {
		accuracy = 500 + 1500*x
		wrong = accuracy * 0.6
	}
	turn := 2 * math.Pi * even(b.seed^54, where)
	north := far*math.Cos(turn) + wrong*bell(b.seed^55, t)
	east := far*math.Sin(turn) + wrong*bell(b.seed^56, t)
	lat := b.lat + north/111_320
	return fix{lat, b.lon + east/(111_320*math.Cos(b.lat*math.Pi/180)), math.Round(accuracy)}, true
}

// level is the battery, 0 to 1.
func (b *band) level(t int64) float64 {
	for _, c := range slices.Backward(b.charges) {
		switch {
		case t < c.from:
		case t < c.to:
			return c.low + (c.high-c.low)*float64(t-c.from)/float64(c.to-c.from)
		default:
			return max(c.high-float64(t-c.to)/(b.runs*float64(day)), 0.01)
		}
	}
	return 0.5
}
