package simulate

import (
	"hash/fnv"
	"math/rand/v2"
)

// mix spreads the bits of x (the finaliser of SplitMix64).
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// seedOf derives the seed of one named thing from the seed of all.
func seedOf(seed uint64, name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return mix(seed ^ mix(h.Sum64()))
}

// generator returns the random numbers that belong to seed and n.
func generator(seed uint64, n int64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, mix(uint64(n)+0x9e3779b97f4a7c15)))
}

// noise is a number in [-1, 1) that belongs to seed and n: random access where
// a generator would have to be started for one number.
func noise(seed uint64, n int64) float64 {
	return float64(mix(seed^mix(uint64(n)+1))>>11)/(1<<52) - 1
}

// between draws from [low, high).
func between(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }
