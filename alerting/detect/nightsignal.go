package detect

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

const (
	// The night of NightSignal: midnight to seven by the wearer's clock.
	nightSeconds = 7 * 3600
	// keptNights bounds what the median is of, at one byte a night.
	keptNights = 1000
	// rowGap is the least distance, in seconds, of two heart rates that both
	// count: more would only cost memory.
	rowGap = 45
	// nightFloor is the least median absolute deviation of nights, in /min.
	nightFloor = 1
)

// nightLevel is what NightSignal says of a night.
type nightLevel int

const (
	nightGreen nightLevel = iota
	nightYellow
	nightRed
)

// nights are the mean resting heart rates of nights on end, in whole /min and 0
// for a night without. Day is the local day of the last.
type nights struct {
	Day   int64
	Means []byte
}

// put sets the mean of a night. One that is too old to be kept is not taken.
func (n *nights) put(day int64, mean byte) {
	if len(n.Means) == 0 || day-n.Day > keptNights {
		n.Day, n.Means = day, []byte{mean}
		return
	}
	for ; n.Day < day; n.Day++ {
		n.Means = append(n.Means, 0)
	}
	if i := int64(len(n.Means)) - 1 - (n.Day - day); i >= 0 {
		n.Means[i] = mean
	}
	if over := len(n.Means) - keptNights; over > 0 {
		n.Means = slices.Delete(n.Means, 0, over)
	}
}

// z is the robust z of the last night among the four weeks before it.
func (n *nights) z() float64 {
	var room [learntDays]float64
	values := room[:0]
	last := len(n.Means) - 1
	for _, m := range n.Means[max(0, last-learntDays):last] {
		if m != 0 {
			values = append(values, float64(m))
		}
	}
	if len(values) == 0 {
		return 0
	}
	return usualOf(values).z(float64(n.Means[last]), nightFloor)
}

// imputed is the mean of night i. A single missing night has the mean of its
// neighbours, if one of these has another beside it.
func (n *nights) imputed(i int) byte {
	at := func(i int) byte {
		if i < 0 || i >= len(n.Means) {
			return 0
		}
		return n.Means[i]
	}
	if m := at(i); m != 0 {
		return m
	}
	before, after := at(i-1), at(i+1)
	if before == 0 || after == 0 || at(i-2) == 0 && at(i+2) == 0 {
		return 0
	}
	return byte((int(before) + int(after)) / 2)
}

// level is what NightSignal (Alavi and others, Nature Medicine 2022) says at
// seven o'clock after the last night: red or yellow when the means of two nights
// on end lie by the threshold or more above the median of all nights up to each.
// baseline is the median now.
func (n *nights) level(yellow, red int) (level nightLevel, baseline int) {
	var seen [256]int
	total := 0
	add := func(i int) {
		if m := n.imputed(i); m != 0 {
			seen[m]++
			total++
		}
	}
	last := len(n.Means) - 1
	for i := range last {
		add(i)
	}
	was := 0
	if last > 0 {
		was = over(n.imputed(last-1), median(&seen, total))
	}
	add(last)
	baseline = median(&seen, total)
	now := over(n.imputed(last), baseline)
	switch {
	case now >= red && was >= red:
		return nightRed, baseline
	case now >= yellow && was >= yellow:
		return nightYellow, baseline
	}
	return nightGreen, baseline
}

// over is how far a night lies above the median, far below for none.
func over(mean byte, median int) int {
	if mean == 0 {
		return -1000
	}
	return int(mean) - median
}

// median of counted values, its fraction cut off.
func median(seen *[256]int, total int) int {
	nth := func(n int) int {
		for v, k := range seen {
			if n -= k; n < 0 {
				return v
			}
		}
		return 0
	}
	if total%2 == 1 {
		return nth(total / 2)
	}
	return (nth(total/2-1) + nth(total/2)) / 2
}

// nightRow is one moment of the night at hand, in seconds since midnight.
type nightRow struct {
	at    int32
	heart uint8 // /min, 0: none
	steps int32 // the counter, -1: none
}

// nightRows are kept in order of time until the next night begins, so that a
// backlog finds its place whatever order it comes in.
type nightRows []nightRow

// find is where the row of a moment is or would be.
func (n nightRows) find(at int32) (int, bool) {
	if k := len(n); k == 0 || n[k-1].at < at {
		return k, false
	}
	return slices.BinarySearchFunc(n, at, func(r nightRow, at int32) int { return int(r.at - at) })
}

// heart and counter put in what was measured, and say whether it was news.
func (n *nightRows) heart(at int32, bpm float64) bool {
	i, found := n.find(at)
	if found {
		if (*n)[i].heart != 0 {
			return false
		}
		(*n)[i].heart = uint8(bpm)
		return true
	}
	for j := i - 1; j >= 0 && at-(*n)[j].at < rowGap; j-- {
		if (*n)[j].heart != 0 {
			return false
		}
	}
	for j := i; j < len(*n) && (*n)[j].at-at < rowGap; j++ {
		if (*n)[j].heart != 0 {
			return false
		}
	}
	*n = slices.Insert(*n, i, nightRow{at, uint8(bpm), -1})
	return true
}

func (n *nightRows) counter(at int32, steps float64) bool {
	i, found := n.find(at)
	if found {
		if (*n)[i].steps >= 0 {
			return false
		}
		(*n)[i].steps = int32(steps)
		return true
	}
	if i > 0 && i == len(*n) && (*n)[i-1].heart == 0 && i > 1 && (*n)[i-2].steps == (*n)[i-1].steps && (*n)[i-1].steps == int32(steps) {
		(*n)[i-1].at = at // standing: the first and the last say it all
		return true
	}
	*n = slices.Insert(*n, i, nightRow{at, 0, int32(steps)})
	return true
}

// mean is the mean heart rate of the moments without steps, cut to whole /min,
// and of how many. The counter began at midnight; one that tells of steps takes
// out what was measured since it was last told.
func (n nightRows) mean() (mean byte, count int) {
	sum, from, last := 0, 0, int32(0)
	for i, r := range n {
		if r.steps < 0 {
			continue
		}
		if r.steps == last {
			for _, h := range n[from : i+1] {
				if h.heart != 0 {
					sum += int(h.heart)
					count++
				}
			}
		}
		from, last = i+1, r.steps
	}
	if count == 0 {
		return 0, 0
	}
	return byte(sum / count), count
}

var errRows = errors.New("a night cannot be read")

// UnmarshalJSON implements json.Unmarshaler, for states of an older release: one
// string of varints.
func (n *nightRows) UnmarshalJSON(text []byte) error {
	*n = nil
	if bytes.Equal(text, []byte("null")) {
		return nil
	}
	b, err := unpacked(text)
	if err != nil {
		return err
	}
	var last nightRow
	for len(b) > 0 {
		at, k := binary.Uvarint(b)
		if k <= 0 || k == len(b) {
			return errRows
		}
		heart := b[k]
		b = b[k+1:]
		steps, k := binary.Varint(b)
		if k <= 0 {
			return errRows
		}
		b = b[k:]
		last = nightRow{last.at + int32(at), heart, last.steps + int32(steps)}
		*n = append(*n, last)
	}
	return nil
}
