package load

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// steps is into how many parts each power of two is divided: what Latency says
// is at most 1/steps (3 %) too high.
const steps = 32

// Latency counts durations in buckets that grow with them. It is safe for use
// by many goroutines.
type Latency struct {
	buckets [40 * steps]atomic.Int64
	count   atomic.Int64
	max     atomic.Int64
}

// Add counts one.
func (l *Latency) Add(d time.Duration) {
	us := uint64(max(d.Microseconds(), 0)) //nolint:gosec // not negative
	l.buckets[bucket(us)].Add(1)
	l.count.Add(1)
	for {
		old := l.max.Load()
		if int64(d) <= old || l.max.CompareAndSwap(old, int64(d)) {
			return
		}
	}
}

// bucket gives microseconds their bucket: each below steps its own, then steps
// for each power of two.
func bucket(us uint64) int {
	if us < steps {
		return int(us) //nolint:gosec // small
	}
	shift := bits.Len64(us) - bits.Len(steps)
	return min((shift+1)*steps+int(us>>shift)-steps, 40*steps-1) //nolint:gosec // below 2*steps
}

// upper is the largest value of a bucket, in microseconds.
func upper(bucket int) int64 {
	if bucket < 2*steps {
		return int64(bucket)
	}
	shift := bucket/steps - 1
	return (int64(bucket%steps)+steps+1)<<shift - 1
}

// Quantile is the duration that the share q of all did not exceed; 0 before the
// first.
func (l *Latency) Quantile(q float64) time.Duration {
	rest := int64(q * float64(l.count.Load()))
	for i := range l.buckets {
		rest -= l.buckets[i].Load()
		if rest < 0 {
			return min(time.Duration(upper(i))*time.Microsecond, l.Max())
		}
	}
	return l.Max()
}

// Max is the longest.
func (l *Latency) Max() time.Duration { return time.Duration(l.max.Load()) }
