package household

import (
	"cmp"
	"slices"
)

// use is one use of water.
type use struct {
	at int64 // Unix seconds
	s  int64 // how long it runs, seconds, at least 1
	ml int64
}

// uses makes the uses of the person's day n: from the evening before to bedtime,
// in order of time. What falls into absences is left out.
func (l *life) uses(n int64, list []use) []use {
	list = list[:0]
	last := l.plan(n - 1).bed
	p := l.plan(n)
	d, h := l.dice, &l.habits
	d.roll(n + 1<<40)
	w := &water{l: l, p: p, amount: l.drift.amount(n), list: list}
	if l.kind == Flush {
		l.toilet(w, last)
	}
	w.kitchen(h)
	w.washing(h)
	if l.kind == Vat {
		w.vat()
	}
	w.guests()
	w.returns()
	slices.SortFunc(w.list, func(a, b use) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.ml, b.ml)) })
	return w.list
}

// water collects the uses of one day.
type water struct {
	l      *life
	p      *plan
	amount float64 // of a planted drift
	list   []use
}

// add draws whether a drift has done away with the use; what nobody is there for
// falls out.
func (w *water) add(t int64, seconds, litres float64) {
	litres *= max(w.amount, 1)
	gone := w.amount < 1 && w.l.dice.Float64() > w.amount
	if gone || !w.l.home(w.p, t) {
		return
	}
	u := use{t, max(int64(seconds), 1), max(int64(litres*1000), 1)}
	for _, s := range w.l.down {
		if s.from > t && s.from < t+u.s { // whoever collapses at the tap
			u.ml, u.s = u.ml*(s.from-t)/u.s, s.from-t
		}
	}
	for _, s := range w.l.away {
		if s.from > t && s.from < t+u.s { // whoever leaves has turned it off
			u.s = s.from - t
		}
	}
	w.list = append(w.list, u)
}

// moment is a time at which the person is up.
func (w *water) moment() int64 {
	d := w.l.dice
	t := w.p.rise + int64(d.Float64()*float64(w.p.bed-w.p.rise))
	if w.p.nap.holds(t) {
		t = w.p.nap.to + int64(d.between(0, 30*60))
	}
	return t
}

// visit is one visit to the toilet: the flush, and mostly the hands after it.
func (w *water) visit(t int64) {
	d := w.l.dice
	w.add(t, 60, w.l.habits.flush*d.between(0.9, 1.1))
	if d.chance(0.35) {
		w.add(t+60, 15, d.about(0.6, 0.5))
	}
}

func (l *life) toilet(w *water, last int64) {
	d, h, p := l.dice, &l.habits, w.p
	if d.chance(0.93) {
		w.visit(p.rise + int64(d.between(0, 20*60)))
	}
	if d.chance(0.85) {
		w.visit(p.bed - int64(d.between(0, 25*60)))
	}
	// The count of a day spreads more than Poisson's: it goes with how much
	// the person is up and about.
	for range d.times(max(h.visits-h.night-1.78, 0.5) * (0.4 + 0.6*p.level)) {
		w.visit(w.moment())
	}
	nights := h.night + l.drift.night(p.day)
	if p.restless {
		nights += 1.5
	}
	from, to := last+40*minute, p.rise-20*minute
	for range d.times(nights) {
		if t := from + int64(d.Float64()*float64(to-from)); to > from {
			w.visit(t)
		}
	}
}

// kitchen has its uses around meals for two thirds, the others when they come.
func (w *water) kitchen(h *habits) {
	d, p := w.l.dice, w.p
	draw := func(t int64) { w.add(t, d.between(8, 60), d.about(0.9, 0.7)) }
	n := d.times(h.kitchen * p.level)
	meals := [3]int64{p.rise + int64(d.between(20, 60))*minute, p.lunch, p.dinner}
	for range n {
		meal := meals[d.IntN(3)]
		switch {
		case !d.chance(0.66):
			draw(w.moment())
		case meal == 0:
		case d.chance(0.45): // dishes
			draw(meal + int64(d.between(10, 50))*minute)
		default:
			draw(meal - int64(d.between(0, 50))*minute)
		}
	}
	for range d.times(h.tap * (0.5 + 0.5*p.level)) {
		w.add(w.moment(), d.between(8, 40), d.about(0.8, 0.6))
	}
	if face := d.between(2, 25); d.chance(0.85) && w.l.kind != Vat {
		w.add(p.rise+int64(face*60), 30, d.about(1.2, 0.5))
	}
}

func (w *water) washing(h *habits) {
	d, p := w.l.dice, w.p
	warm := 1 + 0.3*w.l.cal.warmth(p.day)
	when := p.bed - int64(d.between(40, 150))*minute
	if d.chance(0.25) {
		when = w.moment()
	}
	if shower := min(h.shower*warm, 1); d.chance(shower) && !p.ill {
		w.add(when, d.between(240, 600), h.showerL*d.about(1, 0.25))
	}
	if d.chance(1 / h.laundry) {
		start := p.rise + int64(d.between(40, 200))*minute
		for k := range int64(3) { // wash, rinse, rinse
			w.add(start+k*14*minute, 200, h.washL/3*d.between(0.85, 1.15))
		}
	}
	if d.chance(0.06) { // the floor, the yard, the vegetables
		w.add(w.moment(), 240, d.about(9, 0.5))
	}
}

// vat is filled when it is low: every one to three days, mostly in the morning.
func (w *water) vat() {
	d, p := w.l.dice, w.p
	since := w.l.sinceFill(p.day)
	if since == 0 {
		return
	}
	t := p.rise + int64(d.between(10, 120))*minute
	if d.chance(0.3) {
		t = w.moment()
	}
	litres := 0.0
	for range since {
		litres += 25.5 * d.about(1, 0.3)
	}
	w.add(t, litres*d.between(6, 12), litres*(0.7+0.3*p.level))
}

// sinceFill is how many days a filling on day n makes up for; 0: none is due.
// Filled is on the days on which the sum of use passes another vat; a draw by
// day lets the rhythm slip.
func (l *life) sinceFill(n int64) int {
	// A quarter of a day's slip either way.
	mark := func(k int64) int64 {
		return int64((float64(k) + 0.5*even(l.seed^0x5a, k)) / l.habits.refill)
	}
	if mark(n) == mark(n-1) {
		return 0
	}
	for k := int64(1); k < 6; k++ {
		if mark(n-k) != mark(n-k-1) {
			return int(k)
		}
	}
	return 5
}

// guests cook, wash and flush.
func (w *water) guests() {
	d := w.l.dice
	for _, g := range w.p.guests {
		hours := float64(g.to-g.from) / float64(hour)
		if hours <= 0 {
			continue
		}
		at := func() int64 { return g.from + int64(d.Float64()*float64(g.to-g.from)) }
		if w.l.kind == Flush {
			for range d.times(0.22 * hours * w.p.company) {
				w.add(at(), 60, w.l.habits.flush)
			}
		}
		if w.l.kind != Vat {
			for range d.times(0.4 * hours * (1 + w.p.company/2)) {
				w.add(at(), d.between(10, 90), d.about(1.4, 0.8))
			}
		}
	}
}

// returns are what is done first on coming home.
func (w *water) returns() {
	d, l := w.l.dice, w.l
	for _, o := range w.p.out {
		if !d.chance(0.7) {
			continue
		}
		t := o.to + int64(d.between(1, 20))*minute
		w.back(t)
	}
	for _, a := range l.away {
		if dayOf(a.to) == w.p.day && d.chance(0.85) {
			w.back(a.to + int64(d.between(1, 25))*minute)
		}
	}
}

func (w *water) back(t int64) {
	d := w.l.dice
	if w.l.kind == Flush {
		w.visit(t)
	}
	if w.l.kind != Vat {
		w.add(t+2*minute, 20, d.about(1, 0.5))
	}
}
