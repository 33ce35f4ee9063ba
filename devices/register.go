package devices

import (
	"math"
	"time"
)

// RegisterStep is what happened to a cumulative water register between two
// readings.
type RegisterStep int

// The steps a register can take.
const (
	// Forward: ordinary use, possibly none.
	Forward RegisterStep = iota
	// Backward: a small step back, reverse flow or rounding noise of the
	// transmitter; counts as no use. Real meters (DAIAD) do this by 1 L.
	Backward
	// RolledOver: the register passed its highest number; the use is known.
	RolledOver
	// Rebased: the register cannot be compared with the one before (meter
	// replaced or reset, or a jump no pipe can carry). The use in between is
	// unknown and proves nothing, neither use nor its absence.
	Rebased
)

const (
	// maxBackwardL is the largest step back that is still the same register.
	// DAIAD's are of 1 to 90 L (193 of them), and a few of 109 L to 248 000 L,
	// which were garbled values or another meter.
	maxBackwardL = 100
	// maxFlowM3H is more than a household meter can carry (a DN20 meter is
	// overloaded at 5 m³/h). It counts for leastHours at the least, which is
	// alwaysL.
	maxFlowM3H = 10
	leastHours = 0.1
	alwaysL    = maxFlowM3H * 1000 * leastHours
)

// Registers start again at these numbers, in m³: CJ/T 188's BCD field, five
// dial wheels, and 2^32 L in LoRaWAN payloads.
var rollovers = [...]float64{1e6, 1e5, (1 << 32) / 1000.0}

// RegisterUse tells the litres used between two readings of one register, in m³,
// the second taken elapsed after the first, and what kind of step it was. Litres
// are rounded to the hundredth, so that a register of 10 L resolution compares
// equal to 10. Rebased and Backward give 0.
func RegisterUse(before, after float64, elapsed time.Duration) (litres float64, step RegisterStep) {
	litres = roundL(after - before)
	possible := maxFlowM3H * 1000 * math.Max(elapsed.Hours(), leastHours)
	switch {
	case litres >= 0 && litres <= possible:
		return litres, Forward
	case litres > possible:
		return 0, Rebased
	case -litres <= maxBackwardL:
		return 0, Backward
	}
	for _, top := range rollovers {
		if before > 0.9*top && before < top {
			if l := roundL(top - before + after); l >= 0 && l <= possible {
				return l, RolledOver
			}
		}
	}
	return 0, Rebased
}

func roundL(m3 float64) float64 { return math.Round(m3*1e5) / 100 }

// Register follows one register, reading by reading in order of time, and tells
// what RegisterUse cannot know from two readings alone: that what follows a step
// back is no use until the register has caught up, and that a register which was
// away comes back. The zero value is one that has not been read.
type Register struct {
	Read  bool
	At    time.Time
	Value float64 // m³
	// Top is the value from which use counts again after a step back by noise.
	Top float64
	// Lost is the last value before a drop that was no use, at LostAt; a reading
	// near it is the old register again. Zero LostAt: none.
	Lost   float64
	LostAt time.Time
}

const (
	// noiseL is the largest step back that a transmitter makes and takes back:
	// of DAIAD's 197 steps back 154 are of 1 to 3 L. A larger one is water that
	// has flowed back, and what comes after it is use.
	noiseL = 3
	// comesBack is how long a lost register may be away. DAIAD's garbled values
	// are put right with the next reading or two.
	comesBack = 48 * time.Hour
)

// Next takes the next reading, of a time after the last one, and says what was
// used since and what kind of step it was.
func (r *Register) Next(at time.Time, value float64) (litres float64, step RegisterStep) {
	// Almost always it goes on as it was.
	if r.Read && r.LostAt.IsZero() && r.Top <= r.Value {
		if litres = roundL(value - r.Value); litres >= 0 && litres <= alwaysL {
			r.At, r.Value, r.Top, r.Lost = at, value, value, 0
			return litres, Forward
		}
	}
	last := *r
	*r = Register{Read: true, At: at, Value: value, Top: value}
	if !last.Read {
		return 0, Forward
	}
	litres, step = RegisterUse(last.Value, value, at.Sub(last.At))
	if !last.LostAt.IsZero() && at.Sub(last.LostAt) <= comesBack {
		// Nearer to the lost register than to the new one: it is back.
		use, kind := RegisterUse(last.Lost, value, at.Sub(last.LostAt))
		if (kind == Forward || kind == Backward) && math.Abs(value-last.Lost) < math.Abs(value-last.Value) {
			return use, kind
		}
		r.Lost, r.LostAt = last.Lost, last.LostAt
	}
	switch step {
	case Forward, RolledOver:
		if step == Forward && last.Top > last.Value {
			litres = math.Max(0, roundL(value-last.Top))
			r.Top = math.Max(value, last.Top)
		}
	case Backward:
		if roundL(last.Top-value) <= noiseL {
			r.Top = last.Top
		}
	case Rebased:
		if r.LostAt.IsZero() {
			r.Lost, r.LostAt = last.Value, last.At
		}
	}
	return litres, step
}
