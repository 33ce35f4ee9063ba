package simulate

import "math/rand/v2"

// HomeType is how a home uses water.
type HomeType string

// The types of home.
const (
	// FlushHome has a flush toilet: 70–130 L a day.
	FlushHome HomeType = "flush"
	// DryHome has a dry toilet: 30–60 L a day, no use at night.
	DryHome HomeType = "dry"
	// VatHome fills a water vat twice a day and draws from it.
	VatHome HomeType = "vat"
)

// home is one single senior's household: its water use is a function of the
// seed and the day, in decilitres by minute of the local day.
type home struct {
	kind HomeType
	seed uint64
	wake float64 // minute of the day of getting up, on average
	bed  float64 // and of going to bed
	// awayPerDay is the chance that a day begins an absence of one to three
	// nights.
	awayPerDay float64
}

func newHome(seed uint64, awayPerDay float64) home {
	r := generator(seed, -1)
	h := home{
		kind: FlushHome, seed: seed, awayPerDay: awayPerDay,
		wake: between(r, 5.5*60, 7.5*60), bed: between(r, 20.5*60, 22.5*60),
	}
	switch x := r.Float64(); {
	case x < 0.15:
		h.kind = VatHome
	case x < 0.40:
		h.kind = DryHome
	}
	return h
}

// use is one use of water.
type use struct {
	minute, span int   // start within the local day, and minutes it lasts
	dl           int32 // decilitres
}

// day appends the uses of one local day, absences taken out.
func (h *home) day(day int64, uses []use) []use {
	r := generator(h.seed, day)
	wake := h.wake + 20*clip(r.NormFloat64(), 2)
	bed := h.bed + 25*clip(r.NormFloat64(), 2)
	first := len(uses)
	add := func(minute float64, span int, litres float64) {
		start := min(max(int(minute), 0), minutesPerDay-span)
		uses = append(uses, use{start, span, int32(litres * 10)})
	}
	switch h.kind {
	case VatHome:
		add(wake+between(r, 5, 60), 5, between(r, 22, 40))
		add(16*60+between(r, 0, 90), 4, between(r, 12, 20))
	case DryHome:
		h.meals(r, wake, add)
		h.washing(r, wake, bed, 0.15, 20, 0.20, 32, add)
	default:
		h.meals(r, wake, add)
		h.washing(r, wake, bed, 0.45, 40, 0.30, 52, add)
		h.toilet(r, wake, bed, add)
	}
	return h.present(day, uses, first)
}

func (h *home) meals(r *rand.Rand, wake float64, add func(float64, int, float64)) {
	add(wake+between(r, 20, 50), 6, between(r, 4, 7))
	add(11*60+between(r, 10, 80), 10, between(r, 5, 9))
	add(17*60+between(r, 10, 90), 10, between(r, 4.5, 8))
	for range r.IntN(4) { // tea, fruit, the floor
		add(between(r, 8*60, 20*60), 1, between(r, 0.4, 2))
	}
}

func (h *home) washing(r *rand.Rand, wake, bed, shower, showerL, laundry, laundryL float64, add func(float64, int, float64)) {
	add(wake+between(r, 3, 15), 3, between(r, 3, 5))
	add(bed-between(r, 10, 30), 3, between(r, 3, 7))
	if r.Float64() < shower {
		add(between(r, 18.5*60, 20*60), 9, showerL*between(r, 0.8, 1.25))
	}
	if r.Float64() < laundry {
		add(between(r, 8*60, 10.5*60), 45, laundryL*between(r, 0.85, 1.2))
	}
}

func (h *home) toilet(r *rand.Rand, wake, bed float64, add func(float64, int, float64)) {
	visit := func(minute float64) {
		add(minute, 1, between(r, 4.5, 7))
		add(minute+1, 1, between(r, 0.5, 1.2))
	}
	visit(wake + between(r, 0, 5))
	for range 4 + r.IntN(3) {
		visit(between(r, wake+40, bed-20))
	}
	for range r.IntN(3) {
		visit(between(r, 30, wake-40))
	}
}

// present takes out of uses[first:] what falls into an absence.
func (h *home) present(day int64, uses []use, first int) []use {
	if h.awayPerDay == 0 {
		return uses
	}
	kept := uses[:first]
	for _, u := range uses[first:] {
		if !h.away(day, u.minute) {
			kept = append(kept, u)
		}
	}
	return kept
}

// away says whether the resident is away from home at the minute of the day.
func (h *home) away(day int64, minute int) bool {
	for back := range int64(maxNights + 1) {
		from, to, ok := h.absence(day - back)
		at := back*minutesPerDay + int64(minute)
		if ok && at >= from && at < to {
			return true
		}
	}
	return false
}

// maxNights is the longest absence.
const maxNights = 3

// absence returns the absence that begins on the day, in minutes from its
// midnight, if one does.
func (h *home) absence(day int64) (from, to int64, ok bool) {
	if h.awayPerDay == 0 {
		return 0, 0, false
	}
	r := generator(h.seed^0xa5a5, day)
	if r.Float64() >= h.awayPerDay {
		return 0, 0, false
	}
	from = int64(between(r, 9*60, 13*60))
	nights := int64(1 + r.IntN(maxNights))
	return from, nights*minutesPerDay + int64(between(r, 14*60, 18*60)), true
}

func clip(x, limit float64) float64 { return min(max(x, -limit), limit) }
