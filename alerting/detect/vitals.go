package detect

import (
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// confirm of the last window valid samples must be beyond a bound: a band
	// measures every 5–10 min, so persistence is counted in samples, not in
	// seconds.
	confirm, window = 2, 3
	// keptSamples bounds the memory: the samples received last, in order of
	// event time, so that a late backlog is judged among its own neighbours.
	keptSamples = 16
	// together is how far apart samples may be and still confirm each other.
	together = 6 * time.Hour
	// pulseAge: a band that measures the pulse must have found one this close
	// to a saturation for the saturation to be believed.
	pulseAge = 15 * time.Minute
)

// Vitals holds the vital signs of a resident to the bounds in limits. A sample
// is valid when it can be believed: in range, the device on the wrist, and for
// SpO2 with a pulse.
type Vitals struct{ memory[vitalsState] }

type vitalsState struct {
	Tracks [5]track
	// Pulse is what each device last said of the pulse, Off since when it
	// says it is off the wrist (zero: on it).
	Pulse map[devices.DeviceID]pulse
	Worn  map[devices.DeviceID]worn
}

type track struct {
	Samples  []sample // by event time
	Newest   time.Time
	Episode  time.Time
	Severity alerting.Severity
	// Past is the newest episode found in a late backlog, from its first to its
	// last sample beyond a bound, so that more of the backlog is not another.
	PastFrom, PastTo time.Time
}

type sample struct {
	At       time.Time
	Received time.Time
	Value    float64
}

type pulse struct {
	At    time.Time
	Found bool
}

type worn struct {
	At  time.Time
	Off bool
}

// Name implements alerting.Detector.
func (d *Vitals) Name() string { return "vitals" }

// Notice implements alerting.Detector: the band's word that it was put on or
// taken off.
func (d *Vitals) Notice(_ *alerting.View, e devices.Event) []alerting.Finding {
	if e.Kind == devices.EventWorn || e.Kind == devices.EventRemoved {
		d.wear(e.Device, e.At, e.Kind == devices.EventRemoved)
	}
	return nil
}

// Observe implements alerting.Detector. Readings of one time must come with
// `worn` and the pulse first, which the engine sees to.
func (d *Vitals) Observe(v *alerting.View, r devices.Reading) []alerting.Finding {
	if r.Metric == devices.Worn {
		d.wear(r.Device, r.At, r.Value == 0)
		return nil
	}
	for i := range limits {
		if limits[i].metric == r.Metric {
			return d.judge(v, &limits[i], &d.state.Tracks[i], r)
		}
	}
	return nil
}

func (d *Vitals) wear(device devices.DeviceID, at time.Time, off bool) {
	if d.state.Worn == nil {
		d.state.Worn = map[devices.DeviceID]worn{}
	}
	if last := d.state.Worn[device]; !at.Before(last.At) {
		d.state.Worn[device] = worn{at, off}
	}
}

// believed says whether the sample may be judged, and keeps what the device
// says of the pulse.
func (d *Vitals) believed(l *limit, r devices.Reading) bool {
	valid := l.valid(r.Value)
	if r.Metric == devices.HeartRateBPM {
		if d.state.Pulse == nil {
			d.state.Pulse = map[devices.DeviceID]pulse{}
		}
		if last := d.state.Pulse[r.Device]; !r.At.Before(last.At) {
			d.state.Pulse[r.Device] = pulse{r.At, valid}
		}
	}
	if w := d.state.Worn[r.Device]; w.Off && !r.At.Before(w.At) {
		return false
	}
	if p, measures := d.state.Pulse[r.Device]; r.Metric == devices.SpO2Pct && measures {
		// For a sample older than the newest pulse nothing is known; then
		// the sample's own value decides.
		if gap := r.At.Sub(p.At); gap >= 0 && (!p.Found || gap > pulseAge) {
			return false
		}
	}
	return valid
}

func (d *Vitals) judge(v *alerting.View, l *limit, t *track, r devices.Reading) []alerting.Finding {
	if !d.believed(l, r) {
		return nil
	}
	i, fresh := t.insert(sample{r.At, r.Received, r.Value})
	if !fresh {
		return nil
	}
	var findings []alerting.Finding
	for end := i; end < min(i+window, len(t.Samples)); end++ {
		if w := t.neighbours(end); l.confirmed(w) {
			findings = d.raise(v, l, t, r.Device, w)
			break
		}
	}
	if t.calm(l) {
		findings = append(findings, alerting.Finding{
			Kind: l.kind, Subject: v.Subject, Episode: t.Episode, Severity: t.Severity, Recovered: true,
			FoundAt: t.Samples[len(t.Samples)-1].At, KnownAt: v.Now, Rule: d.rule(v, l),
			Evidence: map[string]any{"metric": string(l.metric), "value": t.Samples[len(t.Samples)-1].Value},
		})
		t.Episode, t.Severity = time.Time{}, ""
	}
	return findings
}

// raise says what is confirmed, if it is news. Several vital signs together are
// red, those too that were said before.
func (d *Vitals) raise(v *alerting.View, l *limit, t *track, device devices.DeviceID, w []sample) []alerting.Finding {
	last := w[len(w)-1]
	others := d.others(l, last.At)
	severity := alerting.Orange
	if l.extremes(w) || len(others) > 0 {
		severity = alerting.Red
	}
	if t.Episode.IsZero() {
		if t.past(last.At) && t.samePast(w) {
			return nil
		}
		t.Episode = l.first(w)
	} else if !severity.Above(t.Severity) {
		return nil
	}
	t.Severity = severity
	findings := []alerting.Finding{d.finding(v, l, t, device, w)}
	for _, i := range others {
		if o := &d.state.Tracks[i]; alerting.Red.Above(o.Severity) {
			o.Severity = alerting.Red
			findings = append(findings, d.finding(v, &limits[i], o, device, o.neighbours(len(o.Samples)-1)))
		}
	}
	return findings
}

func (d *Vitals) finding(v *alerting.View, l *limit, t *track, device devices.DeviceID, w []sample) alerting.Finding {
	last := w[len(w)-1]
	values := make([]float64, len(w))
	for i, s := range w {
		values[i] = s.Value
	}
	evidence := map[string]any{
		"metric": string(l.metric), "device": string(device), "values": values,
		"value": last.Value, "at": last.At, "confirmed": "2 of 3 valid samples",
	}
	if l.low != neverBelow {
		evidence["low"] = l.low
	}
	if l.high != never {
		evidence["high"] = l.high
	}
	return alerting.Finding{
		Kind: l.kind, Subject: v.Subject, Episode: t.Episode, Severity: t.Severity,
		FoundAt: last.At, KnownAt: v.Now, Evidence: evidence, Rule: d.rule(v, l),
	}
}

func (d *Vitals) rule(v *alerting.View, l *limit) alerting.RuleRef {
	return alerting.RuleRef{ID: "vital." + string(l.kind), Version: v.Rules.Version}
}

// others are the tracks of vital signs that are beyond their bounds too, and were
// measured about then: an episode ends by samples alone, so one of which no more
// come stays for ever.
func (d *Vitals) others(l *limit, at time.Time) []int {
	var others []int
	for i := range limits {
		t := &d.state.Tracks[i]
		if limits[i].kind != l.kind && !t.Episode.IsZero() && at.Sub(t.Newest).Abs() <= together {
			others = append(others, i)
		}
	}
	return others
}

// insert puts the sample in its place by event time, unless one of that time is
// there, and forgets the sample received longest ago when there are too many.
func (t *track) insert(s sample) (at int, fresh bool) {
	i := len(t.Samples)
	if i > 0 && !t.Samples[i-1].At.Before(s.At) { // it seldom is not the newest
		var found bool
		if i, found = slices.BinarySearchFunc(t.Samples, s.At, func(s sample, at time.Time) int { return s.At.Compare(at) }); found {
			return i, false
		}
	}
	t.Samples = slices.Insert(t.Samples, i, s)
	if s.At.After(t.Newest) {
		t.Newest = s.At
	}
	if len(t.Samples) > keptSamples {
		oldest := 0
		for j := range t.Samples {
			if j != i && (oldest == i || t.Samples[j].Received.Before(t.Samples[oldest].Received)) {
				oldest = j
			}
		}
		t.Samples = slices.Delete(t.Samples, oldest, oldest+1)
		if oldest < i {
			i--
		}
	}
	return i, true
}

// neighbours are the samples up to end that may confirm it.
func (t *track) neighbours(end int) []sample {
	start := max(0, end-window+1)
	for t.Samples[end].At.Sub(t.Samples[start].At) > together {
		start++
	}
	return t.Samples[start : end+1]
}

// past says whether newer samples than this one have been seen.
func (t *track) past(at time.Time) bool { return t.Newest.After(at) }

// samePast says whether the samples belong to the past episode, and counts them
// to it; otherwise they begin the next one.
func (t *track) samePast(w []sample) bool {
	from, to := w[0].At, w[len(w)-1].At
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

// calm says whether an episode is over: the newest samples are all inside the
// bounds by the margin, and after the episode began.
func (t *track) calm(l *limit) bool {
	if t.Episode.IsZero() || len(t.Samples) < window {
		return false
	}
	for _, s := range t.Samples[len(t.Samples)-window:] {
		if !l.calm(s.Value) || s.At.Before(t.Episode) {
			return false
		}
	}
	return true
}

// confirmed says whether enough samples lie beyond the same bound.
func (l *limit) confirmed(w []sample) bool {
	low, high := 0, 0
	for _, s := range w {
		switch l.beyond(s.Value) {
		case -1:
			low++
		case 1:
			high++
		}
	}
	return low >= confirm || high >= confirm
}

func (l *limit) extremes(w []sample) bool {
	n := 0
	for _, s := range w {
		if l.extreme(s.Value) {
			n++
		}
	}
	return n >= confirm
}

// first is the time of the first sample beyond a bound.
func (l *limit) first(w []sample) time.Time {
	for _, s := range w {
		if l.beyond(s.Value) != 0 {
			return s.At
		}
	}
	return w[0].At
}
