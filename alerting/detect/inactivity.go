package detect

import (
	"maps"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// keptRegisters bounds the memory of a meter: two and a half days at one
	// reading every quarter of an hour. Denser readings are thinned.
	keptRegisters = 240
	// abandoned: a meter whose newest reading is this much older than that of
	// another meter of the resident no longer has a say.
	abandoned = 48 * time.Hour
)

// WaterInactivity finds homes in which provably next to no water was used for a
// whole window (default: less than 10 L in 24 h). Proof is two readings of the
// register, one at least a window after the other, with no more than that
// between them. Time without readings proves nothing by itself.
//
// The stages: yellow (check by phone) after one window, orange after one and a
// half, red after two, or at once for a resident of tier red.
type WaterInactivity struct{ memory[waterInactivityState] }

type waterInactivityState struct {
	Meters map[devices.DeviceID]*meter
	// Floor is the earliest time a proof may begin: the end of an absence.
	Floor    time.Time
	Episode  time.Time
	Severity alerting.Severity
}

type meter struct {
	Registers []register // by event time
}

// register is a reading; Used is the litres used since the oldest one kept.
type register struct {
	At    time.Time
	Value float64
	Used  float64
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
	if !m.insert(r.At, r.Value) {
		return nil
	}
	if v.Away && r.At.After(d.state.Floor) {
		d.state.Floor = r.At
	}
	return d.judge(v)
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
		i, ok := m.idle(floor, rule.LimitL, rule.Window)
		if !ok {
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
	return []alerting.Finding{{
		Kind: alerting.KindWaterInactivity, Subject: v.Subject, Episode: d.state.Episode, Severity: severity,
		FoundAt: proof.found, KnownAt: v.Now,
		Evidence: map[string]any{
			"used_l": proof.used, "limit_l": rule.LimitL, "window_h": rule.Window.Hours(),
			"from": proof.from, "to": proof.to, "last_use": proof.lastUse,
		},
		Rule: alerting.RuleRef{ID: "water_inactivity", Version: v.Rules.Version},
	}}
}

func stage(v *alerting.View, idle, window time.Duration) alerting.Severity {
	switch {
	case idle >= 2*window, v.Resident != nil && v.Resident.Tier == devices.TierRed:
		return alerting.Red
	case idle >= window*3/2:
		return alerting.Orange
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
	used := m.used(from)
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

// idle is a proven stretch without use.
type idle struct {
	from, to time.Time // readings that prove it
	lastUse  time.Time // last reading at which the register had moved, or from
	found    time.Time // the first reading by which the window was full
	used     float64   // litres between from and to
}

func (i idle) duration() time.Duration { return i.to.Sub(i.from) }

// idle looks back from the newest register for the longest stretch with less
// than limitL used; ok when it covers a whole window after the floor.
func (m *meter) idle(floor time.Time, limitL float64, window time.Duration) (idle, bool) {
	last := m.newest()
	start := len(m.Registers) - 1
	for start > 0 {
		before := m.Registers[start-1]
		if last.Used-before.Used >= limitL || before.At.Before(floor) {
			break
		}
		start--
	}
	i := idle{from: m.Registers[start].At, to: last.At, used: last.Used - m.Registers[start].Used}
	if i.duration() < window {
		return idle{}, false
	}
	i.lastUse, i.found = i.from, i.to
	for j := len(m.Registers) - 1; j > start; j-- {
		if m.Registers[j].Used > m.Registers[j-1].Used {
			i.lastUse = m.Registers[j].At
			break
		}
	}
	for _, r := range m.Registers[start:] {
		if !r.At.Before(i.from.Add(window)) {
			i.found = r.At
			break
		}
	}
	return i, true
}

// used is the litres used after the time: from the newest reading at or before
// it, or the oldest after it.
func (m *meter) used(from time.Time) float64 {
	base := m.Registers[0].Used
	for _, r := range m.Registers {
		if r.At.After(from) {
			break
		}
		base = r.Used
	}
	return m.newest().Used - base
}

func (m *meter) newest() register {
	return m.Registers[len(m.Registers)-1]
}

// insert puts a register in its place by event time and counts the litres anew.
// A register that cannot be compared with its neighbour (meter replaced, reset)
// starts a new count: what lay before proves nothing any more.
func (m *meter) insert(at time.Time, value float64) bool {
	i, found := slices.BinarySearchFunc(m.Registers, at, func(r register, at time.Time) int { return r.At.Compare(at) })
	if found {
		return false
	}
	m.Registers = slices.Insert(m.Registers, i, register{At: at, Value: value})
	m.count(i)
	m.thin()
	return true
}

// count recomputes Used from index i on.
func (m *meter) count(i int) {
	for j := max(i, 1); j < len(m.Registers); j++ {
		before, r := m.Registers[j-1], &m.Registers[j]
		litres, step := devices.RegisterUse(before.Value, r.Value, r.At.Sub(before.At))
		if step == devices.Rebased {
			m.Registers = slices.Delete(m.Registers, 0, j)
			m.Registers[0].Used = 0
			m.count(1)
			return
		}
		r.Used = before.Used + litres
	}
}

// thin keeps the meter within its bound: of the older half, every second reading
// goes while readings are dense; afterwards the oldest go.
func (m *meter) thin() {
	if len(m.Registers) <= keptRegisters {
		return
	}
	half := m.Registers[:len(m.Registers)/2]
	if half[len(half)-1].At.Sub(half[0].At) < 48*time.Hour {
		kept := 0
		for i, r := range half {
			if i%2 == 0 {
				half[kept] = r
				kept++
			}
		}
		m.Registers = slices.Delete(m.Registers, kept, len(half))
		return
	}
	m.Registers = slices.Delete(m.Registers, 0, len(m.Registers)-keptRegisters)
}

// Tick implements alerting.Detector. While the resident is known to be away, no
// proof may begin.
func (d *WaterInactivity) Tick(v *alerting.View) []alerting.Finding {
	if v.Away && v.Now.After(d.state.Floor) {
		d.state.Floor = v.Now
	}
	return nil
}
