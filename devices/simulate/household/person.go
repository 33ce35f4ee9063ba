package household

import (
	"math"
)

// habits are what a person does on an ordinary day. Minutes are of the local day.
type habits struct {
	rise, riseSpread float64 // minutes
	asleep           float64 // hours in bed
	bedSpread        float64 // minutes
	weekend          float64 // minutes later at the weekend
	lunch, dinner    float64
	nap              float64 // chance
	lieIn            float64 // chance that a morning begins one to three hours late
	quiet            float64 // chance of a day on which little is done
	restless         float64 // chance of a bad night

	level   float64 // spread of the amount of use between days (sigma of its logarithm)
	swell   float64 // share by which use rises and falls over the months
	period  float64 // days of that
	visits  float64 // to the toilet in a day, at home all day
	night   float64 // of them at night, on average
	flush   float64 // litres
	kitchen float64 // uses of the kitchen tap in a day
	tap     float64 // of the other tap
	shower  float64 // chance in a day
	showerL float64
	laundry float64 // days between
	washL   float64 // litres of one
	refill  float64 // days between fillings of the vat

	market   int64   // day of the five-day market cycle
	shopping float64 // chance to go there, or elsewhere in the morning
	company  float64 // chance of an afternoon out: cards, mahjong, a walk
	field    bool    // works in the field from spring to autumn
	trip     float64 // chance of a day out
	family   float64 // visits of the family in a month
}

// newHabits draws a person. wild scales how irregular people are.
func newHabits(d *dice, kind Kind, wild float64) habits {
	own := d.about(1, 0.45) * wild // some are clockwork, some are not
	h := habits{
		rise: d.around(7*60, 60), riseSpread: 32 * own, asleep: d.around(8.6, 0.7), bedSpread: 32 * own,
		weekend: d.between(0, 25), lunch: d.around(11.6*60, 25), dinner: d.around(17.8*60, 35),
		nap: d.between(0.1, 0.9), lieIn: math.Min(0.025*own*own, 0.25), quiet: math.Min(0.03*own*own, 0.25), restless: 0.06 * own,
		level: 0.33 * own, swell: 0.12 * wild, period: d.between(90, 300),
		visits: d.about(7.0, 0.25), flush: d.between(6, 9), night: math.Min(d.about(0.9, 0.6), 4),
		kitchen: math.Min(d.about(9.2, 0.5), 24), tap: d.about(4.0, 0.25),
		shower: d.between(0.46, 0.92), showerL: d.about(23, 0.35), laundry: d.between(3, 8), washL: d.between(36, 60),
		market: int64(d.IntN(5)), shopping: d.between(0.1, 0.8), company: d.between(0, 0.5),
		trip: 0.02 * own, family: d.about(1.5, 0.7),
	}
	if d.chance(0.15) {
		h.night = 0.05 // a chamber pot by the bed
	}
	switch kind {
	case Dry:
		h.kitchen, h.tap, h.shower = h.kitchen*0.95, h.tap*0.95, d.between(0.05, 0.35)
		h.showerL, h.laundry, h.washL = d.between(10, 25), d.between(2, 5), d.between(25, 48)
		h.night, h.field, h.rise = 0.02, d.chance(0.4), h.rise-30
	case Vat:
		h.kitchen, h.tap, h.shower = h.kitchen*0.05, h.tap*0.05, 0
		h.laundry, h.washL, h.refill = d.between(8, 20), d.between(15, 30), d.between(1, 3)
		h.night, h.field, h.rise = 0, d.chance(0.4), h.rise-30
	}
	return h
}

// plan is one day of a person, from getting up to the end of the night after it.
type plan struct {
	day       int64
	rise, bed int64 // Unix seconds
	lunch     int64
	dinner    int64 // 0: not eaten
	level     float64
	nap       span
	out       []span // away from home for a part of the day
	guests    []span
	company   float64 // how many the guests are
	ill       bool
	restless  bool
}

// life is a person through the whole time of a set.
type life struct {
	kind   Kind
	habits habits
	seed   uint64
	dice   *dice
	cal    *calendar
	wild   float64
	drift  drift

	away   []span // nights elsewhere, announced or not, and hospital
	ill    []span
	down   []span // on the floor
	guests []span // staying overnight
	// What water cannot be had in: frozen pipes, cuts.
	dry []span

	plans [4]plan
}

// plan makes the plan of a local day, whatever was asked before.
func (l *life) plan(n int64) *plan {
	p := &l.plans[n&3]
	if p.day == n && p.rise != 0 {
		return p
	}
	d, h := l.dice, &l.habits
	d.roll(n)
	*p = plan{day: n, out: p.out[:0], guests: p.guests[:0]}
	at := func(m float64) int64 { return midnight(n) + int64(m*60) }
	noon := midnight(n) + 12*hour
	p.ill = within(l.ill, noon)
	season := l.cal.warmth(n)

	rise := h.rise - 20*season + d.around(0, h.riseSpread)
	if weekend(n) {
		rise += h.weekend
	}
	if d.chance(h.lieIn) {
		rise += d.between(60, 180)
	}
	if ill := d.between(20, 150); p.ill {
		rise += ill
	}
	rise = max(rise+l.drift.rise(n), 4*60)
	bed := h.rise + 24*60 - h.asleep*60 + 15*season + d.around(0, h.bedSpread)
	if d.chance(0.03 * l.wild) {
		bed -= d.between(60, 150) // early to bed
	}
	if k, ok := l.cal.spring[n]; ok && k == -1 {
		bed = max(bed, 24*60+d.between(0, 60)) // the eve is sat out
	}
	p.rise, p.bed = at(rise), at(min(max(bed, 19*60, rise+8*60), 25.5*60))

	// Days hang together: the noise of three days is mixed.
	z := 0.81*bell(l.seed, n) + 0.49*bell(l.seed, n-1) + 0.32*bell(l.seed, n-2)
	p.level = math.Exp(h.level*math.Min(math.Max(z, -2.5), 2.5)-h.level*h.level/2) *
		(1 + h.swell*math.Sin(2*math.Pi*(float64(n)/h.period+even(l.seed, -9)))) * (1 + 0.07*season)
	if d.chance(h.quiet) {
		p.level *= d.between(0.3, 0.6)
	}
	if p.ill {
		p.level *= 0.55
	}
	p.restless = d.chance(h.restless) || p.ill && d.chance(0.5)

	l.meals(p, rise, at)
	l.outings(p, rise, season, at)
	l.visitors(p, at)
	return p
}

func (l *life) meals(p *plan, rise float64, at func(float64) int64) {
	d, h := l.dice, &l.habits
	p.lunch = at(max(d.around(h.lunch, 18*max(l.wild, 0.2)), rise+120))
	p.dinner = at(d.around(h.dinner, 22*max(l.wild, 0.2)))
	if d.chance(0.03 * l.wild) {
		p.lunch = 0
	}
	if d.chance(0.05 * l.wild) {
		p.dinner = 0 // what was left over from lunch
	}
	if from := d.between(12.6, 13.4) * 60; d.chance(h.nap) {
		p.nap = span{at(from), at(from + d.between(40, 110))}
	}
}

func (l *life) outings(p *plan, rise, season float64, at func(float64) int64) {
	d, h := l.dice, &l.habits
	n := p.day
	go1, long1 := rise+d.between(50, 150), d.between(40, 150)
	go2, long2 := d.between(14, 15.5)*60, d.between(60, 200)
	go3, end3 := d.between(7, 9.5)*60, d.between(15, 19.5)*60
	half, morning, afternoon, whole := d.Float64(), d.Float64(), d.Float64(), d.Float64()
	if p.ill {
		return
	}
	shopping := 0.3 * h.shopping
	if n%5 == h.market {
		shopping = h.shopping
	}
	wet := 1.0
	if even(l.cal.seed, n+1<<40) < 0.15 {
		wet = 0.4
	}
	fields := h.field && season > -0.4
	switch {
	case whole < h.trip*l.wild || l.cal.feast[n] && whole < 0.08:
		p.out = append(p.out, span{at(go3), at(max(end3, rise+240))})
		return
	case fields && morning < 0.55*wet:
		p.out = append(p.out, span{at(rise + 40), at(rise + 40 + d.between(120, 260))})
	case morning < shopping*wet:
		if half < 0.12 {
			long1 += d.between(60, 180) // half a day
		}
		p.out = append(p.out, span{at(go1), at(go1 + long1)})
	}
	if fields && afternoon < 0.45*wet || afternoon < h.company*wet {
		p.out = append(p.out, span{at(go2), at(go2 + long2)})
	}
}

// visitors come for a part of the day, or stay over.
func (l *life) visitors(p *plan, at func(float64) int64) {
	d, h := l.dice, &l.habits
	chance := h.family / 30.4 * 0.5
	if weekend(p.day) {
		chance = h.family / 30.4 * 2.2
	}
	if l.cal.feast[p.day] {
		chance *= 2
	}
	if k, ok := l.cal.spring[p.day]; ok && k >= 0 && k < 6 {
		chance = 0.6
	}
	come, stay := d.between(9, 16)*60, d.between(90, 420)
	p.company = 1 + float64(d.IntN(4))
	if d.chance(chance) {
		p.guests = append(p.guests, span{at(come), at(min(come+stay, 21*60))})
	}
	today := span{midnight(p.day), midnight(p.day + 1)}
	for _, g := range l.guests {
		if g.touches(today) {
			p.guests = append(p.guests, span{max(g.from, today.from+7*hour), min(g.to, today.to-2*hour)})
		}
	}
}

// home says whether the person is there and up to using water at t.
func (l *life) home(p *plan, t int64) bool {
	return !within(p.out, t) && !within(l.away, t) && !within(l.down, t) && !within(l.dry, t)
}

// drift is one lasting change of a habit.
type drift struct {
	kind  DriftKind // "" for none
	share float64   // with its sign
	from  int64     // local day
	days  int       // that it takes
}

// at is how much of the change has come about on day n, 0 to 1.
func (c *drift) at(n int64) float64 {
	if c.kind == "" || n < c.from {
		return 0
	}
	return min(float64(n-c.from+1)/float64(c.days+1), 1)
}

// amount multiplies use, night adds visits of a night (one at a share of 30 %),
// and rise adds minutes (90 at 30 %).
func (c *drift) amount(n int64) float64 {
	if c.kind != DriftAmount {
		return 1
	}
	return 1 + c.share*c.at(n)
}

func (c *drift) night(n int64) float64 {
	if c.kind != DriftNight {
		return 0
	}
	return math.Abs(c.share) / 0.3 * c.at(n)
}

func (c *drift) rise(n int64) float64 {
	if c.kind != DriftRise {
		return 0
	}
	return math.Abs(c.share) * 300 * c.at(n)
}
