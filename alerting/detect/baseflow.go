package detect

import (
	"math"
	"slices"
	"time"
)

const (
	// leastUse is what counts as use by a person, in hundredths of a litre: less
	// than the litre that a meter shows, more than the ghost pulses of a pulse
	// head (below 0.02 L in the WEUSEDTO recording).
	leastUse = perL / 2
	// quietSpell is how long a home is still once in almost every day. The mean
	// flow of the stillest such spell is no person's.
	quietSpell = 4 * time.Hour
	// flowDays is how many days have a say in the base flow, and fewFlowDays how
	// many it takes to have one.
	flowDays, fewFlowDays = 7, 3
)

// baseFlow learns what flows when nobody uses water: a dripping cistern. It is
// the median over a week of each day's stillest four hours. A leak that has
// stopped is forgotten within these hours; one that begins is believed after some
// days, and until then passes for use.
type baseFlow struct {
	day   int64
	today float32 // lowest so far, L/h; negative: not known
	days  []float32
	fine  bool // one was not
	level float32
	usual float32 // what days come to; follows from them
}

// learn looks at the newest register.
func (f *baseFlow) learn(s *series) {
	n := s.newest()
	if !f.fine {
		f.fine = n.Value%(10*perL) != 0
	}
	if day := floorDay(n.At); day != f.day || f.day == 0 {
		if f.day != 0 && f.today >= 0 {
			f.days = append(f.days, f.today)
			if len(f.days) > flowDays {
				f.days = slices.Delete(f.days, 0, 1)
			}
			f.conclude()
		}
		f.day, f.today = day, -1
	}
	if i := s.beforeQuiet(); i >= 0 {
		since := time.Duration(n.At-s.list[i].At) * time.Microsecond
		if since <= quietSpell*3/2 {
			rate := float32(math.Max(0, litres(n.Value-s.list[i].Value)) / since.Hours())
			if f.today < 0 || rate < f.today {
				f.today = rate
			}
		}
	}
	f.level = f.usual
	if f.today >= 0 {
		f.level = min(f.level, f.today)
	}
}

// conclude draws from the days what is asked for with every register.
func (f *baseFlow) conclude() {
	if f.usual = 0; len(f.days) < fewFlowDays {
		return
	}
	var room [flowDays]float32
	sorted := append(room[:0], f.days...)
	slices.Sort(sorted)
	f.usual = min(sorted[(len(sorted)-1)/2], f.days[len(f.days)-1])
}

// beforeQuiet is the newest register at least a quiet spell older than the newest, -1
// when there is none.
func (s *series) beforeQuiet() int {
	at := s.newest().At - quietSpell.Microseconds()
	i := len(s.list) - 1
	for step := 0; i >= 0 && s.list[i].At > at; step++ {
		if step == 8 { // dense readings
			j, found := s.search(at)
			if !found {
				j--
			}
			return j
		}
		i--
	}
	return i
}

// above is what of the litres of a step, in hundredths, is more than the base
// flow can be, the meter's own last digit included.
func (f *baseFlow) above(used float64, elapsed int64) int64 {
	if f == nil || f.level == 0 {
		return int64(math.Round(used * perL))
	}
	base := float64(f.level) * (time.Duration(elapsed) * time.Microsecond).Hours()
	digit := 1.0
	if !f.fine {
		digit = 10
	}
	if used <= base*1.1+digit {
		return 0
	}
	return int64(math.Round((used - base) * perL))
}

// floorDay and floorHour are the day and the hour (UTC) of a time in
// microseconds.
func floorDay(us int64) int64  { return floorDiv(us, (24 * time.Hour).Microseconds()) }
func floorHour(us int64) int64 { return floorDiv(us, time.Hour.Microseconds()) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
