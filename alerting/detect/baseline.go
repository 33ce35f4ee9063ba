package detect

import (
	"encoding/base64"
	"errors"
	"math"
	"slices"
)

const (
	// learntDays is how many days a baseline looks back.
	learntDays = 28
	// madToSigma makes a median absolute deviation one of a standard deviation.
	madToSigma = 1.4826
)

// ring holds one value for each of the last learntDays days, 0 for a day without.
type ring [learntDays]uint8

var errRing = errors.New("a baseline cannot be read")

// UnmarshalText implements encoding.TextUnmarshaler, for states of an older release.
func (r *ring) UnmarshalText(text []byte) error {
	b, err := base64.RawStdEncoding.DecodeString(string(text))
	if err != nil || len(b) != learntDays {
		return errRing
	}
	copy(r[:], b)
	return nil
}

// usual is what is usual of the values in the ring but those of one day.
type usual struct {
	days        int
	median, mad float64
}

// usual leaves out one day, if that is not negative.
func (r *ring) usual(but int64) usual {
	var room [learntDays]float64
	values := room[:0]
	for i, v := range r {
		if v != 0 && (but < 0 || i != slot(but)) {
			values = append(values, float64(v))
		}
	}
	return usualOf(values)
}

// usualOf changes the values.
func usualOf(values []float64) usual {
	u := usual{days: len(values)}
	if u.days == 0 {
		return u
	}
	u.median = medianOf(values)
	for i := range values {
		values[i] = math.Abs(values[i] - u.median)
	}
	u.mad = medianOf(values)
	return u
}

func slot(day int64) int { return int((day%learntDays + learntDays) % learntDays) }

// medianOf is the median; it sorts the values.
func medianOf(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	if n%2 == 1 {
		return values[n/2]
	}
	return (values[n/2-1] + values[n/2]) / 2
}

// z is the robust z of a value.
func (u usual) z(x, floor float64) float64 {
	return (x - u.median) / (madToSigma * max(u.mad, floor))
}

// rate is the running mean of what belongs to one hour, or to one day.
type rate struct {
	At  int64 // which
	Sum float64
	N   int
}

func (r *rate) mean() float64 { return r.Sum / float64(r.N) }

// hourly are the resting heart rates by hour of the day, in whole /min.
type hourly struct {
	Day   int64 // the newest day
	Hours [24]ring
	Now   rate
	// Streak is how many hours on end were unusual, Calm how many since were
	// not; From and Last are the first and the last of them.
	Streak, Calm int
	From, Last   int64
}

// daily is the mean of one value by day, in steps of its own.
type daily struct {
	Day    int64
	Days   ring
	Now    rate
	Streak int
}

// begin forgets the days that a new one takes the place of.
func begin(last *int64, day int64, rings ...*ring) {
	if *last == 0 || day-*last > learntDays {
		for _, r := range rings {
			*r = ring{}
		}
		*last = day
		return
	}
	for ; *last < day; *last++ {
		for _, r := range rings {
			r[slot(*last+1)] = 0
		}
	}
}
