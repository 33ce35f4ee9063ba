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
	// maxBackwardL is the largest step back that is still noise. DAIAD's
	// backward steps are of a few litres or of 248 000, nothing between.
	maxBackwardL = 100
	// maxFlowM3H is more than a household meter can carry (a DN20 meter is
	// overloaded at 5 m³/h).
	maxFlowM3H = 10
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
	possible := maxFlowM3H * 1000 * math.Max(elapsed.Hours(), 0.1)
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
