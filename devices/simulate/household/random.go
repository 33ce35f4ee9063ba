package household

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// dice are the random numbers of one home: started anew for each day and each
// purpose, so that what one option changes leaves the rest of a life as it was.
type dice struct {
	*rand.Rand
	source *rand.PCG
	seed   uint64
}

func newDice(seed uint64, name string) *dice {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	source := rand.NewPCG(0, 0)
	d := &dice{rand.New(source), source, mix(seed ^ mix(h.Sum64()))}
	d.roll(-1)
	return d
}

// roll starts the numbers that belong to n.
func (d *dice) roll(n int64) { d.source.Seed(d.seed, mix(uint64(n)+0x9e3779b97f4a7c15)) }

// mix spreads the bits of x (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// even is a number in [0, 1) that belongs to seed and n.
func even(seed uint64, n int64) float64 {
	return float64(mix(seed^mix(uint64(n)+1))>>11) / (1 << 53)
}

// bell is a standard normal number that belongs to seed and n.
func bell(seed uint64, n int64) float64 {
	u, v := even(seed, 2*n), even(seed, 2*n+1)
	return math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v)
}

func (d *dice) between(low, high float64) float64 { return low + (high-low)*d.Float64() }

func (d *dice) chance(p float64) bool { return d.Float64() < p }

// around is a normal number, at most two and a half deviations off.
func (d *dice) around(mean, deviation float64) float64 {
	return mean + deviation*math.Min(math.Max(d.NormFloat64(), -2.5), 2.5)
}

// about is a log-normal number with the median given.
func (d *dice) about(median, sigma float64) float64 {
	return median * math.Exp(sigma*math.Min(math.Max(d.NormFloat64(), -2.5), 2.5))
}

// times is a Poisson number.
func (d *dice) times(mean float64) int {
	if mean <= 0 {
		return 0
	}
	limit, n := math.Exp(-mean), 0
	for p := d.Float64(); p > limit; n++ {
		p *= d.Float64()
	}
	return n
}

// moments appends the events of a Poisson process in [from, to), in seconds.
func (d *dice) moments(from, to int64, perMonth float64) []int64 {
	if perMonth <= 0 {
		return nil
	}
	var list []int64
	for at := float64(from); ; {
		at += d.ExpFloat64() * month / perMonth
		if at >= float64(to) {
			return list
		}
		list = append(list, int64(at))
	}
}
