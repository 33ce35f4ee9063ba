package detect

import (
	"maps"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// abandoned: a meter whose newest reading is this much older than that of another
// meter of the resident no longer has a say.
const abandoned = 48 * time.Hour

// WaterInactivity finds homes in which provably next to no water was used for a
// whole window (default: less than 10 L in 24 h). Proof is two readings of the
// register, one at least a window after the other, with no more than that
// between them. Time without readings proves nothing by itself.
//
// The stages: yellow (check by phone) after one window, orange after one and a
// half, red after two, or at once for a resident of tier red.
//
// A stretch that lies before readings already known (an upload that comes late)
// is said too, and with it that it is over.
type WaterInactivity struct{ memory[waterInactivityState] }

type waterInactivityState struct {
	Meters map[devices.DeviceID]*meter
	// Floor is the earliest time a proof may begin: the end of an absence.
	Floor    time.Time
	Episode  time.Time
	Severity alerting.Severity
	// PastFrom and PastTo are the newest stretch that is over and was said, so
	// that more readings from it are no news.
	PastFrom, PastTo time.Time
	PastSeverity     alerting.Severity
}

// Name implements alerting.Detector.
func (d *WaterInactivity) Name() string { return "water_inactivity" }

// Observe implements alerting.Detector.
func (d *WaterInactivity) Observe(v *alerting.View, r devices.Reading) []alerting.Finding {
	if r.Metric != devices.VolumeM3 || r.Value < 0 {
		return nil
	}
	m := d.state.Meters[r.Device]
	if m == nil {
		if d.state.Meters == nil {
			d.state.Meters = map[devices.DeviceID]*meter{}
		}
		m = &meter{}
		d.state.Meters[r.Device] = m
	}
	if v.Away && r.At.After(d.state.Floor) {
		d.state.Floor = r.At
	}
	if m.bygone(r.At) {
		return d.judgePast(v, &m.Old, m.Old.insert(r.At, r.Value))
	}
	i := m.Registers.insert(r.At, r.Value)
	if i < 0 {
		return nil
	}
	findings := d.judge(v)
	if i < len(m.Registers)-1 {
		findings = append(findings, d.judgePast(v, &m.Registers, i)...)
	}
	return findings
}

// judge looks at the newest registers of all meters.
func (d *WaterInactivity) judge(v *alerting.View) []alerting.Finding {
	rule := v.Rules.WaterInactivity
	floor := d.state.Floor
	if v.LastContact.After(floor) {
		floor = v.LastContact
	}
	newest := d.newest()
	if !d.state.Episode.IsZero() && floor.After(d.state.Episode) {
		// Somebody has reached the resident, or knows of an absence: this
		// episode is over, and proof of a new one begins there.
		return d.end(v, newest, map[string]any{"contact": floor})
	}
	var proof idle
	for _, id := range slices.Sorted(maps.Keys(d.state.Meters)) {
		m := d.state.Meters[id]
		if newest.Sub(m.newest().At) > abandoned {
			delete(d.state.Meters, id)
			continue
		}
		i := m.Registers.idle(floor, rule.LimitL)
		if i.duration() < rule.Window {
			return d.recover(v, m, rule.Window, rule.LimitL)
		}
		if proof.to.IsZero() || i.duration() < proof.duration() {
			proof = i // the person is as inactive as the least idle meter says
		}
	}
	if v.Away || proof.to.IsZero() {
		return nil
	}
	severity := stage(v, proof.duration(), rule.Window)
	if d.state.Episode.IsZero() {
		d.state.Episode = proof.lastUse
	} else if !severity.Above(d.state.Severity) {
		return nil
	}
	d.state.Severity = severity
	return []alerting.Finding{d.finding(v, proof, d.state.Episode, severity)}
}

// judgePast looks at the stretch around a register that is older than what was
// known, when the home has no other meter to ask.
func (d *WaterInactivity) judgePast(v *alerting.View, s *series, i int) []alerting.Finding {
	rule := v.Rules.WaterInactivity
	if i < 0 || v.Away || len(d.state.Meters) > 1 {
		return nil
	}
	past, next := s.around(i, rule.LimitL)
	switch {
	case next == nil && s != d.old(): // it reaches the present, which judge has looked at
		return nil
	case past.duration() < rule.Window, past.from.Before(d.state.Floor), past.from.Before(v.LastContact):
		return nil
	case !d.state.Episode.IsZero() && past.to.After(d.state.Episode): // part of what goes on now
		return nil
	}
	severity := stage(v, past.duration(), rule.Window)
	if past.to.Before(d.state.PastFrom) || past.from.After(d.state.PastTo) {
		d.state.PastFrom, d.state.PastTo = past.from, past.to
	} else if !severity.Above(d.state.PastSeverity) {
		return nil
	}
	d.state.PastSeverity = severity
	said := d.finding(v, past, d.state.PastFrom, severity)
	over := said
	over.Recovered, over.FoundAt, over.Evidence = true, past.to, map[string]any{"used_l": past.used, "to": past.to}
	if next != nil {
		over.FoundAt, over.Evidence = next.At, map[string]any{"used_l": next.Used - s.usedAt(past.from), "to": next.At}
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

func (d *WaterInactivity) finding(v *alerting.View, i idle, episode time.Time, severity alerting.Severity) alerting.Finding {
	window := v.Rules.WaterInactivity.Window
	return alerting.Finding{
		Kind: alerting.KindWaterInactivity, Subject: v.Subject, Episode: episode, Severity: severity,
		FoundAt: i.reached(reach(v, severity, window)), KnownAt: v.Now,
		Evidence: map[string]any{
			"used_l": i.used, "limit_l": v.Rules.WaterInactivity.LimitL, "window_h": window.Hours(),
			"from": i.from, "to": i.to, "last_use": i.lastUse,
		},
		Rule: alerting.RuleRef{ID: "water_inactivity", Version: v.Rules.Version},
	}
}

// reach is how long a stretch must be for the stage.
func reach(v *alerting.View, s alerting.Severity, window time.Duration) time.Duration {
	switch {
	case s == alerting.Orange:
		return window * 3 / 2
	case s == alerting.Red && (v.Resident == nil || v.Resident.Tier != devices.TierRed):
		return 2 * window
	}
	return window
}

func stage(v *alerting.View, idle, window time.Duration) alerting.Severity {
	for _, s := range []alerting.Severity{alerting.Red, alerting.Orange} {
		if idle >= reach(v, s, window) && (s == alerting.Red || v.Resident == nil || v.Resident.Tier != devices.TierRed) {
			return s
		}
	}
	return alerting.Yellow
}

// recover ends the episode when the meter proves use after it began. An
// unproven window (a reset, a contact) does not.
func (d *WaterInactivity) recover(v *alerting.View, m *meter, window time.Duration, limitL float64) []alerting.Finding {
	if d.state.Episode.IsZero() {
		return nil
	}
	from := m.newest().At.Add(-window)
	if d.state.Episode.After(from) {
		from = d.state.Episode
	}
	used := m.newest().Used - m.Registers.usedAt(from)
	if used < limitL {
		return nil
	}
	return d.end(v, m.newest().At, map[string]any{"used_l": used, "to": m.newest().At})
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
	var t time.Time
	for _, m := range d.state.Meters {
		if at := m.newest().At; at.After(t) {
			t = at
		}
	}
	return t
}

// Tick implements alerting.Detector. While the resident is known to be away, no
// proof may begin.
func (d *WaterInactivity) Tick(v *alerting.View) []alerting.Finding {
	if v.Away && v.Now.After(d.state.Floor) {
		d.state.Floor = v.Now
	}
	return nil
}
