package detect

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// abandoned: a meter whose newest reading is this much older than that of
	// another meter of the resident no longer has a say.
	abandoned = 48 * time.Hour
	// aliveL is the use after which an episode of a known home is over; less
	// than a toilet needs is a drip.
	aliveL = 3.0
	// jitter of a meter's clock: a wait of twelve hours is over at the reading
	// of the twelfth.
	jitter = 3 * time.Minute
	// shareOfDay of a home's mean daily use is no sign of life, once the home has
	// been watched for fixedDays.
	shareOfDay, fixedDays = 0.03, 1.25
)

// WaterInactivity finds homes in which nobody can be seen to use water for too
// long. Proof are readings of the register, with no more than the meter's own
// leak between them. Time without readings proves nothing by itself: use inside a
// gap counts from the gap's end, and a register that has not moved over a gap
// proves that nobody used any.
//
// What is too long depends on the home. Until its rhythm is learnt (14 days of
// life at home) it is the fixed rule: less than 10 L in 24 h. Then it is the wait
// that the rhythm asks for after a last use at that hour of the day, and never
// longer than 24 h in a home with a flush toilet, 36 h with little use, 48 h
// where a vat is filled.
//
// The stages: yellow (check by phone), orange when time goes on, red when it is
// long overdue, or at once for a resident of tier red.
//
// A stretch that lies before readings already known (an upload that comes late)
// is said too, and with it that it is over.
type WaterInactivity struct {
	memory[waterInactivityState]
	asked asked
	// held is what the message at hand has proven so far, known the episode that
	// went on before it. All is said with the message's last reading, so nothing
	// of it need be saved.
	held    []alerting.Finding
	holding bool
	known   time.Time
	life    *Fusion // what the bands tell, nil: nothing
}

type waterInactivityState struct {
	Meters []*meter // by id
	// Floor is the earliest time a proof may begin: the end of an absence.
	Floor    time.Time
	Episode  time.Time
	Severity alerting.Severity
	// PastFrom and PastTo are the newest stretch that is over and was said, so
	// that more readings from it are no news.
	PastFrom, PastTo time.Time
	PastSeverity     alerting.Severity
	Rhythm           rhythm
	Usage            usage
	Lately           lately
}

// asked is the rhythm's last answer. It holds until more is learnt.
type asked struct {
	clock, longest int
	price          float64
	waits          [3]time.Duration
}

// Name implements alerting.Detector.
func (d *WaterInactivity) Name() string { return "water_inactivity" }

// Observe implements alerting.Detector.
func (d *WaterInactivity) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	if r.Metric != devices.VolumeM3 { // nor does it end what is held
		return nil
	}
	if !v.More && !d.holding {
		return d.observe(v, r)
	}
	if !d.holding {
		d.holding, d.known = true, d.state.Episode
	}
	for _, f := range d.observe(v, r) {
		if f.Recovered && f.FoundAt.Sub(f.Episode) < d.worthSaying(v) {
			// The upload that proves the pause proves its end: nobody need ask.
			d.held = slices.DeleteFunc(d.held, func(h alerting.Finding) bool { return !h.Recovered && h.Episode.Equal(f.Episode) })
			if !f.Episode.Equal(d.known) {
				continue
			}
		}
		d.held = append(d.held, f)
	}
	if v.More {
		return nil
	}
	found := d.held
	d.held, d.holding = nil, false
	return found
}

// worthSaying is the length of a pause that is said though it is over: the
// longest in which nobody asks.
func (d *WaterInactivity) worthSaying(v *alerting.View) time.Duration {
	return max(d.window(v), time.Duration(d.state.Usage.home().longest())*time.Hour)
}

func (d *WaterInactivity) observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	if !(r.Value >= 0 && r.Value < 1e9) {
		return nil
	}
	m := d.meter(r.Device)
	d.forget(v)
	if v.Away && r.At.After(d.state.Floor) {
		d.state.Floor = r.At
	}
	if m.bygone(r.At) {
		return d.judgePast(v, &m.Old, m.Old.insert(r.At, r.Value, nil))
	}
	i := m.Registers.insert(r.At, r.Value, &m.Flow)
	if i < 0 {
		return nil
	}
	if i < len(m.Registers.list)-1 {
		return append(d.judge(v), d.judgePast(v, &m.Registers, i)...)
	}
	d.learn(v, m)
	return d.judge(v)
}

func (d *WaterInactivity) meter(id devices.DeviceID) *meter {
	i, found := slices.BinarySearchFunc(d.state.Meters, id, func(m *meter, id devices.DeviceID) int { return cmp.Compare(m.ID, id) })
	if !found {
		d.state.Meters = slices.Insert(d.state.Meters, i, &meter{ID: id})
	}
	return d.state.Meters[i]
}

// learn takes what the newest register of a meter tells about the home.
func (d *WaterInactivity) learn(v *alerting.View, m *meter) {
	s := &m.Registers
	m.Flow.learn(s)
	n := len(s.list)
	if n < 2 {
		return
	}
	before, now := s.list[n-2], s.list[n-1]
	used := now.Used - before.Used
	if v.Away {
		return
	}
	d.state.Usage.take(now.At, now.At-before.At, used)
	if used < leastUse {
		return
	}
	earlier := series{list: s.list[:n-1]}
	last, seen := earlier.lastUse()
	if !seen {
		return
	}
	for _, o := range d.state.Meters {
		if at, _ := o.Registers.lastUse(); o != m {
			last = max(last, at)
		}
	}
	// Absences, and stretches in which somebody had to look, are no habit; nor
	// is a night and a day, unless a vat is filled.
	from := time.UnixMicro(last)
	longest := 30.0
	if d.state.Usage.home() == HomeVat {
		longest = pauseBins - 1
	}
	hours := time.Duration(max(0, before.At-last) * 1000).Hours()
	to := time.UnixMicro(now.At)
	if from.Before(d.state.Floor) || from.Before(v.LastContact) || hours > longest || !v.Habitual(from, to) {
		return
	}
	p := pause{from: last, to: now.At, hours: hours}
	d.state.Rhythm.learn(floorDay(p.to), p.clock(), hours, p.since())
	d.state.Lately.note(p)
	d.asked = asked{}
}

// judge looks at the newest registers of all meters.
func (d *WaterInactivity) judge(v *alerting.View) []alerting.Finding {
	floor, newest, why := d.state.Floor, d.newest(), "contact"
	if v.LastContact.After(floor) {
		floor = v.LastContact
	}
	if walked := d.life.walkedAt(); walked.After(floor) {
		floor, why = walked, "walked"
	}
	if !d.state.Episode.IsZero() && floor.After(d.state.Episode) {
		// Somebody has reached the resident, or knows of an absence, or the
		// resident has walked: this episode is over, and proof of a new one
		// begins there.
		at := newest
		if why == "walked" {
			at = floor // perhaps before it was found: then it never was so
		}
		return d.end(v, at, map[string]any{why: floor})
	}
	if len(d.state.Meters) > 1 {
		d.state.Meters = slices.DeleteFunc(d.state.Meters, func(m *meter) bool { return newest.Sub(m.newest()) > abandoned })
	}
	var p proof
	if d.personal(v) {
		p = d.overdue(v, floor)
	} else {
		p = d.unused(v, floor, d.limitL(&v.Rules.WaterInactivity), d.window(v))
	}
	if p.severity != "" && d.life.still(p.lastUse, p.to) {
		p.severity = p.severity.Higher()
		p.evidence["band_still"] = true
	}
	switch {
	case p.alive != nil:
		return d.recover(v, p.alive)
	case v.Away || p.severity == "":
		return nil
	case d.state.Episode.IsZero():
		d.state.Episode = p.lastUse
	case !p.severity.Above(d.state.Severity):
		return nil
	}
	d.state.Severity = p.severity
	return []alerting.Finding{d.finding(v, &p, d.state.Episode)}
}

// proof is what the registers prove: that somebody lives, by which meter, or that
// nobody can be seen to.
type proof struct {
	idle
	alive    *meter
	severity alerting.Severity
	found    time.Time
	wait     time.Duration // that was over
	limitL   float64
	evidence map[string]any
}

// unused is the fixed rule: less than a limit of litres in a window.
func (d *WaterInactivity) unused(v *alerting.View, floor time.Time, limitL float64, window time.Duration) proof {
	var least idle
	for _, m := range d.state.Meters {
		i, long := m.Registers.idle(floor, limitL, window)
		if !long {
			return proof{alive: m}
		}
		if least.to.IsZero() || i.duration() < least.duration() {
			least = i // the person is as inactive as the least idle meter says
		}
	}
	return fixed(v, least, limitL, window)
}

// fixed is the proof of the fixed rule.
func fixed(v *alerting.View, i idle, limitL float64, window time.Duration) proof {
	severity := stage(v, i.duration(), window)
	return proof{
		idle: i, severity: severity, found: i.reached(reach(v, severity, window)), wait: window, limitL: limitL,
		evidence: map[string]any{"measure": "fixed"},
	}
}

// limitL is the litre limit of the fixed rule. From a day and a quarter after a
// home is first seen (fixedDays) it is at most a small share of the home's own use,
// for 10 L are half a day where water is carried; unless the fixed rule is wanted
// as it is.
func (d *WaterInactivity) limitL(rule *alerting.WaterInactivityRules) float64 {
	u := &d.state.Usage
	if rule.Sensitivity.Price() == 0 || u.days <= fixedDays {
		return rule.LimitL
	}
	return math.Min(rule.LimitL, math.Max(litres(leastUse), shareOfDay*u.litres/u.days))
}

// window is that of the fixed rule; a home that fills a vat is given two days.
func (d *WaterInactivity) window(v *alerting.View) time.Duration {
	rule := &v.Rules.WaterInactivity
	if rule.Sensitivity.Price() > 0 && d.state.Usage.home() == HomeVat {
		return max(rule.Window, time.Duration(HomeVat.longest())*time.Hour)
	}
	return rule.Window
}

// judgePast looks at the stretch around a register that is older than what was
// known, when the home has no other meter to ask. The fixed rule judges it.
func (d *WaterInactivity) judgePast(v *alerting.View, s *series, i int) []alerting.Finding {
	rule := &v.Rules.WaterInactivity
	if i < 0 || v.Away || len(d.state.Meters) > 1 {
		return nil
	}
	limitL, window := d.limitL(rule), d.window(v)
	past, next := s.around(i, limitL)
	switch {
	case next == nil && s != d.old(): // it reaches the present, which judge has looked at
		return nil
	case past.duration() < window, past.from.Before(d.state.Floor), past.from.Before(v.LastContact):
		return nil
	case !d.state.Episode.IsZero() && past.to.After(d.state.Episode): // part of what goes on now
		return nil
	}
	p := fixed(v, past, limitL, window)
	if past.to.Before(d.state.PastFrom) || past.from.After(d.state.PastTo) {
		d.state.PastFrom, d.state.PastTo = past.from, past.to
	} else if !p.severity.Above(d.state.PastSeverity) {
		return nil
	}
	d.state.PastSeverity = p.severity
	said := d.finding(v, &p, d.state.PastFrom)
	over := said
	over.Recovered, over.FoundAt, over.Evidence = true, past.to, map[string]any{"used_l": past.used, "to": past.to}
	if next != nil {
		over.FoundAt, over.Evidence = next.time(), map[string]any{"used_l": litres(next.Used - s.usedAt(past.from)), "to": next.time()}
	}
	return []alerting.Finding{said, over}
}

// old is the series of what lies long before the readings of the home's meter.
func (d *WaterInactivity) old() *series {
	for _, m := range d.state.Meters {
		return &m.Old
	}
	return nil
}

// finding says what is proven, with what was expected.
func (d *WaterInactivity) finding(v *alerting.View, p *proof, episode time.Time) alerting.Finding {
	evidence := map[string]any{
		"used_l": p.used, "limit_l": p.limitL, "window_h": p.wait.Hours(),
		"from": p.from, "to": p.to, "last_use": p.lastUse, "expected_by": p.from.Add(p.wait),
		"home_type": string(d.state.Usage.home()), "learnt_days": math.Floor(float64(d.state.Rhythm.hours) / 24),
	}
	maps.Copy(evidence, p.evidence)
	for _, m := range d.state.Meters {
		if m.Flow.level > 0 {
			evidence["base_flow_l_per_h"] = tenth(float64(m.Flow.level))
		}
	}
	return alerting.Finding{
		Kind: alerting.KindWaterInactivity, Subject: v.Subject, Episode: episode, Severity: p.severity,
		FoundAt: p.found, KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: "water_inactivity", Version: v.Rules.Version},
	}
}

// reach is how long a stretch must be for the stage, by the fixed rule.
func reach(v *alerting.View, s alerting.Severity, window time.Duration) time.Duration {
	switch {
	case s == alerting.Orange:
		return window * 3 / 2
	case s == alerting.Red && !tierRed(v):
		return 2 * window
	}
	return window
}

func tierRed(v *alerting.View) bool { return v.Resident != nil && v.Resident.Tier == devices.TierRed }

func stage(v *alerting.View, idle, window time.Duration) alerting.Severity {
	for _, s := range []alerting.Severity{alerting.Red, alerting.Orange} {
		if idle >= reach(v, s, window) && (s == alerting.Red || !tierRed(v)) {
			return s
		}
	}
	return alerting.Yellow
}

// recover ends the episode when the meter proves use after it began. An
// unproven window (a reset, a contact) does not.
func (d *WaterInactivity) recover(v *alerting.View, m *meter) []alerting.Finding {
	if d.state.Episode.IsZero() {
		return nil
	}
	from, enough := d.state.Episode, d.limitL(&v.Rules.WaterInactivity)
	if window := m.newest().Add(-d.window(v)); !d.personal(v) && window.After(from) {
		from = window
	}
	used := litres(m.Registers.newest().Used - m.Registers.usedAt(from))
	if !d.personal(v) && used < enough {
		return nil
	}
	return d.end(v, m.newest(), map[string]any{"used_l": used, "to": m.newest()})
}

func (d *WaterInactivity) end(v *alerting.View, at time.Time, evidence map[string]any) []alerting.Finding {
	f := alerting.Finding{
		Kind: alerting.KindWaterInactivity, Subject: v.Subject, Episode: d.state.Episode, Severity: d.state.Severity,
		Recovered: true, FoundAt: at, KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: "water_inactivity", Version: v.Rules.Version},
	}
	d.state.PastFrom, d.state.PastTo, d.state.PastSeverity = d.state.Episode, at, d.state.Severity
	d.state.Episode, d.state.Severity = time.Time{}, ""
	return []alerting.Finding{f}
}

func (d *WaterInactivity) newest() time.Time {
	newest := int64(math.MinInt64)
	for _, m := range d.state.Meters {
		newest = max(newest, m.Registers.newest().At)
	}
	return time.UnixMicro(newest).UTC()
}

// Tick implements alerting.Detector. While the resident is known to be away, no
// proof may begin.
func (d *WaterInactivity) Tick(v *alerting.View) []alerting.Finding {
	if v.Away && v.Now.After(d.state.Floor) {
		d.state.Floor = v.Now
	}
	return nil
}
