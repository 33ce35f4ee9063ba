package detect

import (
	"fmt"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// scoreAge is how old a vital sign may be to count in the partial score.
	scoreAge = time.Hour
	// dipFall is by how many points a single saturation must lie below those beside
	// it to be an artefact, and two low ones from each other to be no proof of one
	// another: twice the error that the standard allows (ISO 80601-2-61: ARMS of 4
	// points between 70 and 100 %).
	dipFall = 8
	// A pulse below 40 is common in healthy sleep, and is no reason to treat (the
	// guideline on bradycardia of ACC, AHA and HRS, 2018). So asleep the bound may
	// sink to the least personal one, unless it is known of the wearer that the
	// pulse is never within sleepMargin of that. Hours of sleep are from 20 to 9.
	sleepMargin, sleepFrom, sleepTo = 10, 20, 9
	// stepsAge is how old the last word of the counter may be to prove a rest.
	stepsAge = 30 * minute
)

// Vitals holds the vital signs of a resident to the limits in force. A sample is
// valid when it can be believed: in range, the device on the wrist, and for SpO2
// with a pulse.
type Vitals struct{ memory[vitalsState] }

type vitalsState struct {
	Tracks [vitalCount]track
	Bands  wrists
	Low    lows `json:",omitzero"`
}

// Name implements alerting.Detector.
func (d *Vitals) Name() string { return "vitals" }

// Notice implements alerting.Detector: the band's word that it was put on or
// taken off.
func (d *Vitals) Notice(_ *alerting.View, e devices.Event) []alerting.Finding {
	if e.Kind == devices.EventWorn || e.Kind == devices.EventRemoved {
		d.state.Bands.of(e.Device).flag(e.At.UnixMicro(), e.Kind == devices.EventRemoved)
	}
	return nil
}

// Observe implements alerting.Detector. Readings of one time must come with
// `worn` and the pulse first, which the engine sees to.
func (d *Vitals) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	s := vitalOf(r.Metric)
	if s == noVital && r.Metric != devices.Worn && r.Metric != devices.Steps && r.Metric != devices.BatteryPct {
		return nil
	}
	w := d.state.Bands.of(r.Device)
	at := r.At.UnixMicro()
	w.hear(r.Metric, r.Value, at)
	if s == noVital || !believed(w, s, r.Value, at) || !validated(&v.Rules.Vitals, s, r.Device) {
		return nil
	}
	if s == heartRate {
		day, _ := localDay(&v.Rules.Vitals, at)
		d.state.Low.learn(day, r.Value)
	}
	return d.judge(v, s, r, at)
}

// believed says whether the sample may be judged.
func believed(w *wrist, s vital, value float64, at int64) bool {
	if !vitalInfo[s].valid.holds(value) {
		return false
	}
	if why, _ := w.off(at); why != onWrist {
		return false
	}
	return s != spo2 || !w.pulseless(at)
}

func (d *Vitals) judge(v *alerting.View, s vital, r *devices.Reading, at int64) []alerting.Finding {
	t, rules := &d.state.Tracks[s], &v.Rules.Vitals
	l := d.limit(rules, s)
	i, fresh := t.insert(at, r.Received.UnixMicro(), r.Value)
	if !fresh {
		return nil
	}
	var findings []alerting.Finding
	c := d.scale(rules, s, r.Device, l)
	if w := t.confirmed(rules, &c, i); w != nil && (s != systolic || !echo(l, w)) {
		findings = d.raise(v, s, r.Device, w, &c)
	}
	if t.calm(rules, l) {
		findings = append(findings, alerting.Finding{
			Kind: vitalInfo[s].kind, Subject: v.Subject, Episode: t.Episode, Severity: t.Severity, Recovered: true,
			FoundAt: t.Samples[len(t.Samples)-1].at(), KnownAt: v.Now, Rule: vitalRule(v, s),
			Evidence: map[string]any{"metric": string(r.Metric), "value": t.Samples[len(t.Samples)-1].Value},
		})
		t.Episode, t.Severity = time.Time{}, ""
	}
	return findings
}

// raise says what is confirmed, if it is news. Several vital signs together are
// red, those too that were said before.
func (d *Vitals) raise(v *alerting.View, s vital, device devices.DeviceID, w []sample, c *scale) []alerting.Finding {
	t, rules := &d.state.Tracks[s], &v.Rules.Vitals
	l, last := c.told(w), w[len(w)-1].at()
	others := d.others(s, last)
	severity := alerting.Orange
	if len(others) > 0 || count(w, func(x float64) bool { return extreme(l, x) }) >= rules.Confirm {
		severity = alerting.Red
	}
	if t.Episode.IsZero() {
		if t.past(last) && t.samePast(w) {
			return nil
		}
		t.Episode = first(l, w)
	} else if !severity.Above(t.Severity) {
		return nil
	}
	t.Severity = severity
	findings := []alerting.Finding{d.finding(v, s, device, w, c)}
	for _, i := range others {
		if o := &d.state.Tracks[i]; alerting.Red.Above(o.Severity) {
			o.Severity = alerting.Red
			other := scale{limit: d.limit(rules, i)}
			findings = append(findings, d.finding(v, i, device, o.neighbours(len(o.Samples)-1, rules.Window, &other), &other))
		}
	}
	return findings
}

func (d *Vitals) finding(v *alerting.View, s vital, device devices.DeviceID, w []sample, c *scale) alerting.Finding {
	t, rules := &d.state.Tracks[s], &v.Rules.Vitals
	l := c.told(w)
	evidence := limitEvidence(rules, l, s, device, w)
	if general := limitOf(rules, s).Low; general != l.Low {
		evidence["low_general"] = general
	}
	evidence["partial_score"], evidence["partial_parameters"] = d.score(rules, w[len(w)-1].at())
	evidence["partial_of"] = 7
	return alerting.Finding{
		Kind: vitalInfo[s].kind, Subject: v.Subject, Episode: t.Episode, Severity: t.Severity,
		FoundAt: w[len(w)-1].at(), KnownAt: v.Now, Evidence: evidence, Rule: vitalRule(v, s),
	}
}

// scale is what samples of the vital sign are held to, l by day.
func (d *Vitals) scale(r *alerting.VitalRules, s vital, device devices.DeviceID, l *alerting.VitalLimit) scale {
	c := scale{limit: l}
	switch {
	case s == spo2:
		c.dip = dipFall
	case s == heartRate && r.PersonalLow != 0:
		low := r.PersonalLow
		if d.state.Low.Usual != 0 {
			low = max(low, d.state.Low.Usual-sleepMargin)
		}
		if low >= l.Low {
			break
		}
		asleep := *l
		asleep.Low = low
		w := d.state.Bands.of(device)
		c.asleep, c.sleeping = &asleep, func(at int64) bool { return w.sleeping(r, at) }
	}
	return c
}

// sleeping says whether the wearer is taken to be asleep at a time: in the hours
// of sleep, without a step for as long as makes a rest, which the counter has to
// have proven.
func (w *wrist) sleeping(r *alerting.VitalRules, at int64) bool {
	if w.StepsAt == 0 || at > w.StepsAt+stepsAge || at < w.Moved+r.Trend.Rest.Microseconds() {
		return false
	}
	_, of := localDay(r, at)
	return of >= sleepFrom*hourMicros || of < sleepTo*hourMicros
}

// limit is what the vital sign of this wearer is held to.
func (d *Vitals) limit(r *alerting.VitalRules, s vital) *alerting.VitalLimit {
	l := limitOf(r, s)
	if s != heartRate || r.PersonalLow == 0 || d.state.Low.Usual == 0 || d.state.Low.Usual-ownMargin >= l.Low {
		return l
	}
	own := *l
	own.Low = max(min(l.Low, d.state.Low.Usual-ownMargin), min(l.Low, r.PersonalLow))
	return &own
}

// limitEvidence says what was expected and what the samples were.
func limitEvidence(r *alerting.VitalRules, l *alerting.VitalLimit, s vital, device devices.DeviceID, w []sample) map[string]any {
	last := w[len(w)-1]
	values, low, high := make([]float64, len(w)), false, false
	for i, x := range w {
		values[i] = x.Value
		low, high = low || beyond(l, x.Value) < 0, high || beyond(l, x.Value) > 0
	}
	evidence := map[string]any{
		"metric": string(vitalInfo[s].metric), "device": string(device), "values": values,
		"value": last.Value, "at": last.at(), "since": first(l, w),
		"confirmed": fmt.Sprintf("%d of %d valid samples", r.Confirm, r.Window),
	}
	if l.Low != 0 {
		evidence["low"] = l.Low
	}
	if l.High != 0 {
		evidence["high"] = l.High
	}
	if low && high {
		evidence["both_sides"] = true
	}
	if s == spo2 {
		evidence["spo2_scale"] = r.SpO2Scale
	}
	return evidence
}

// score adds up the NEWS2 points of the vital signs measured lately, and says of
// how many of the seven parameters. It is a part of a score and never called
// NEWS2: that needs all seven at one time.
func (d *Vitals) score(r *alerting.VitalRules, at time.Time) (points, parameters int) {
	for s := range vitalCount {
		t := &d.state.Tracks[s]
		for _, x := range slices.Backward(t.Samples) {
			if x.At <= at.UnixMicro() {
				if at.Sub(x.at()) <= scoreAge {
					points += newsPoints(s, r.SpO2Scale, x.Value)
					parameters++
				}
				break
			}
		}
	}
	return points, parameters
}

func vitalRule(v *alerting.View, s vital) alerting.RuleRef {
	return alerting.RuleRef{ID: "vital." + string(vitalInfo[s].kind), Version: v.Rules.Version}
}

// others are the vital signs that are abnormal too, and were measured about then:
// an episode ends by samples alone, so one of which no more come stays for ever.
func (d *Vitals) others(s vital, at time.Time) []vital {
	var others []vital
	for i := range vitalCount {
		t := &d.state.Tracks[i]
		if i != s && !t.Episode.IsZero() && at.Sub(t.Newest).Abs() <= together {
			others = append(others, i)
		}
	}
	return others
}
