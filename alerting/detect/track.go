package detect

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"

	"shouwang/alerting"
)

const (
	// keptSamples bounds the memory: the samples received last, in order of
	// event time, so that a late backlog is judged among its own neighbours.
	keptSamples = 12
	// together is how far apart samples may be and still confirm each other.
	together = 6 * time.Hour
	// dipWithin is how far apart the two samples beside a dip may be.
	dipWithin = time.Hour
)

// track follows one vital sign: its newest samples and the episode in which it is
// abnormal.
type track struct {
	Samples  samples           `json:",omitempty"` // by event time
	Newest   time.Time         `json:",omitzero"`
	Episode  time.Time         `json:",omitzero"`
	Severity alerting.Severity `json:",omitempty"`
	// Past is the newest episode found in a late backlog, from its first to its
	// last abnormal sample, so that more of the backlog is not another.
	PastFrom, PastTo time.Time `json:",omitzero"`
}

type sample struct {
	At       int64 // Unix microseconds
	Received int64
	Value    float64
}

func (s sample) at() time.Time { return time.UnixMicro(s.At).UTC() }

// samples were saved by an older release as one string of JSON: two varints of
// times and one of thousandths each, every one the difference to the one before.
type samples []sample

var errSamples = errors.New("samples cannot be read")

// UnmarshalJSON implements json.Unmarshaler. An older release wrote a list.
func (s *samples) UnmarshalJSON(text []byte) error {
	*s = nil
	if bytes.HasPrefix(text, []byte("[")) {
		var old []struct {
			At, Received time.Time
			Value        float64
		}
		if err := json.Unmarshal(text, &old); err != nil {
			return err
		}
		for _, o := range old {
			*s = append(*s, sample{o.At.UnixMicro(), o.Received.UnixMicro(), o.Value})
		}
		return nil
	}
	b, err := unpacked(text)
	if err != nil {
		return err
	}
	var last int64
	for len(b) > 0 {
		var v [3]int64
		for i := range v {
			x, n := binary.Varint(b)
			if n <= 0 {
				return errSamples
			}
			v[i], b = x, b[n:]
		}
		last += v[0]
		*s = append(*s, sample{last, last + v[1], float64(v[2]) / 1000})
	}
	return nil
}

// insert puts the sample in its place by event time, unless one of that time is
// there, and forgets the sample received longest ago when there are too many.
func (t *track) insert(at, received int64, value float64) (where int, fresh bool) {
	// To the thousandth, as it is saved: a restart must change nothing.
	s := sample{at, received, math.Round(value*1000) / 1000}
	i := len(t.Samples)
	if i > 0 && t.Samples[i-1].At >= s.At { // it seldom is not the newest
		var found bool
		if i, found = slices.BinarySearchFunc(t.Samples, s.At, func(s sample, at int64) int { return int(min(1, max(-1, s.At-at))) }); found {
			return i, false
		}
	}
	if t.Newest.UnixMicro() < s.At {
		t.Newest = s.at()
	}
	if n := len(t.Samples); n == keptSamples {
		oldest := 0
		for j := range t.Samples {
			if t.Samples[j].Received < t.Samples[oldest].Received {
				oldest = j
			}
		}
		if oldest < i {
			i--
		}
		t.Samples = slices.Delete(t.Samples, oldest, oldest+1)
	}
	t.Samples = slices.Insert(t.Samples, i, s)
	return i, true
}

// scale is what the samples of a vital sign are held to.
type scale struct {
	limit *alerting.VitalLimit
	// asleep is the limit of the samples for which sleeping is true; nil: none is.
	asleep   *alerting.VitalLimit
	sleeping func(at int64) bool
	// dip is by how much a single sample must lie below both beside it to be none,
	// and by how much two may differ that are to prove one another; 0: each counts.
	dip float64
}

func (c *scale) of(x sample) *alerting.VitalLimit {
	if c.asleep != nil && c.sleeping(x.At) {
		return c.asleep
	}
	return c.limit
}

// told is the limit to name for a window: that of its first abnormal sample.
func (c *scale) told(w []sample) *alerting.VitalLimit {
	for _, x := range w {
		if c.beyond(x) {
			return c.of(x)
		}
	}
	return c.limit
}

func (c *scale) beyond(x sample) bool { return beyond(c.of(x), x.Value) != 0 }

// confirmed is the first window with the sample i in it that confirms, nil when
// none does.
func (t *track) confirmed(r *alerting.VitalRules, c *scale, i int) []sample {
	if quiet(c.limit, t.Samples[max(0, i-r.Window+1):min(i+r.Window, len(t.Samples))]) {
		return nil
	}
	for end := i; end < min(i+r.Window, len(t.Samples)); end++ {
		// Abnormal on either side counts: a pulse that swings from one bound to
		// the other is no better than one that stays beyond it, and a band that
		// measures so badly has to be looked after as well.
		w := t.neighbours(end, r.Window, c)
		n := 0
		for _, x := range w {
			if c.beyond(x) {
				n++
			}
		}
		if n >= r.Confirm && (n > 2 || c.agree(w)) {
			return w
		}
	}
	return nil
}

// agree says whether the abnormal samples of a window are of one state, as far as
// they can be measured. Else a third has to tell.
func (c *scale) agree(w []sample) bool {
	if c.dip == 0 {
		return true
	}
	least, most := math.Inf(1), math.Inf(-1)
	for _, x := range w {
		if c.beyond(x) {
			least, most = min(least, x.Value), max(most, x.Value)
		}
	}
	return most-least <= c.dip
}

// neighbours are the window samples up to end that may confirm it. Dips are none.
func (t *track) neighbours(end, window int, c *scale) []sample {
	start := max(0, end-window+1)
	for t.Samples[end].At-t.Samples[start].At > together.Microseconds() {
		start++
	}
	w := t.Samples[start : end+1]
	if c.dip == 0 || quiet(c.limit, w) {
		return w
	}
	w = make([]sample, 0, window)
	for i := end; i >= 0 && len(w) < window && t.Samples[end].At-t.Samples[i].At <= together.Microseconds(); i-- {
		if !t.dips(c, i) {
			w = append(w, t.Samples[i])
		}
	}
	slices.Reverse(w)
	return w
}

// dips says whether a sample is a single low one: those before and after it are
// close in time, within the bounds, and well above it. What falls and comes back
// so far at once was no breath but a hand that moved or was cold. While none has
// come after it, it counts.
func (t *track) dips(c *scale, i int) bool {
	if i == 0 || i == len(t.Samples)-1 {
		return false
	}
	before, x, after := t.Samples[i-1], t.Samples[i], t.Samples[i+1]
	above := func(o sample) bool { return beyond(c.limit, o.Value) == 0 && o.Value-x.Value >= c.dip }
	return beyond(c.limit, x.Value) < 0 && above(before) && above(after) && after.At-before.At <= dipWithin.Microseconds()
}

// echo says that the two abnormal samples of a window are one measurement told
// twice: the same value, whole half-hours apart to the second. Apps that forward
// blood pressure by two clocks do so.
func echo(l *alerting.VitalLimit, w []sample) bool {
	var two []sample
	for _, s := range w {
		if beyond(l, s.Value) != 0 {
			two = append(two, s)
		}
	}
	if len(two) != 2 || two[0].Value != two[1].Value {
		return false
	}
	apart := two[1].At - two[0].At
	return apart >= 30*minute && apart/second%1800 == 0
}

// quiet says that none of the samples is abnormal, as is nearly always so.
func quiet(l *alerting.VitalLimit, w []sample) bool {
	for i := range w {
		if beyond(l, w[i].Value) != 0 {
			return false
		}
	}
	return true
}

func count(w []sample, is func(float64) bool) int {
	n := 0
	for _, s := range w {
		if is(s.Value) {
			n++
		}
	}
	return n
}

// past says whether newer samples than this one have been seen.
func (t *track) past(at time.Time) bool { return t.Newest.After(at) }

// samePast says whether the samples belong to the past episode, and counts them
// to it; otherwise they begin the next one.
func (t *track) samePast(w []sample) bool {
	from, to := w[0].at(), w[len(w)-1].at()
	if t.PastFrom.IsZero() || from.After(t.PastTo.Add(together)) || to.Before(t.PastFrom.Add(-together)) {
		t.PastFrom, t.PastTo = from, to
		return false
	}
	if from.Before(t.PastFrom) {
		t.PastFrom = from
	}
	if to.After(t.PastTo) {
		t.PastTo = to
	}
	return true
}

// calm says whether an episode is over: the newest samples all lie inside the
// bounds by the margin, after the episode began, and the last abnormal one is
// long enough ago.
func (t *track) calm(r *alerting.VitalRules, l *alerting.VitalLimit) bool {
	n := len(t.Samples)
	if t.Episode.IsZero() || n < r.Window {
		return false
	}
	since := t.Episode.UnixMicro()
	for _, s := range t.Samples[n-r.Window:] {
		if !calm(l, s.Value) || s.At < since {
			return false
		}
	}
	for i := n - r.Window - 1; i >= 0; i-- {
		if beyond(l, t.Samples[i].Value) != 0 {
			return t.Samples[n-1].At-t.Samples[i].At >= r.Clear.Microseconds()
		}
	}
	return true
}

// first is the time of the first abnormal sample.
func first(l *alerting.VitalLimit, w []sample) time.Time {
	for _, s := range w {
		if beyond(l, s.Value) != 0 {
			return s.at()
		}
	}
	return w[0].at()
}
