package detect

import (
	"math"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// MeterFault finds meters that report but do not measure, and registers that
// begin anew. What it says stands beside what other detectors say and never
// holds anything back: a register that stands still is inactivity first.
//
// A meter is stuck when it reports a flow and its register does not move, or when
// the register has stood still for a week of reports in which somebody reached
// the resident at home, or the resident's wristband counted steps on three days.
//
// On a meter it knows its own readings, on a resident also those of the band; the
// finding is about the meter either way.
type MeterFault struct {
	memory[meterFaultState]
}

type meterFaultState struct {
	Meters []faultyMeter
	// Walked are the newest days (since 1970, UTC) on which a band has counted
	// steps, newest last; Steps of the day at hand.
	Walked []int64
	Steps  float64
	OnDay  int64
}

type faultyMeter struct {
	Device   devices.DeviceID
	Register devices.Register
	// Still is since when the register has not moved, and Reports how many
	// readings say so.
	Still   time.Time
	Reports int
	// Flow is the newest flow reported, Flown the litres it would have been
	// since the register last moved.
	Flow   float64
	FlowAt time.Time
	Flown  float64
	// Stuck and Reset are the episodes said, zero: none.
	Stuck, Reset time.Time
	// Count is the register's last value of before a reset.
	Count float64
	// Back is when water last flowed back.
	Back time.Time
}

const (
	// stuckFlowL of reported flow must show on any register.
	stuckFlowL = 50
	// stuckDays without a movement, in so many readings, are worth a look if
	// somebody lives there.
	stuckDays    = 7 * 24 * time.Hour
	stuckReports = 7
	// reverseL in one step back is water that flows back; less is noise.
	reverseL = 10
	// livesDays are the days with steps that prove it, livesSteps the steps.
	livesDays, livesSteps = 3, 300
)

// Name implements alerting.Detector.
func (d *MeterFault) Name() string { return "meter_fault" }

// Observe implements alerting.Detector.
func (d *MeterFault) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	switch r.Metric {
	case devices.VolumeM3:
		return d.volume(v, r)
	case devices.FlowM3H:
		d.flow(v, r)
	case devices.Steps:
		if v.Subject.Type == alerting.SubjectResident {
			d.steps(r)
		}
	}
	return nil
}

// Due implements alerting.Sleeper.
func (d *MeterFault) Due(*alerting.View) alerting.Due { return alerting.Due{} }

func (d *MeterFault) of(id devices.DeviceID) *faultyMeter {
	for i := range d.state.Meters {
		if d.state.Meters[i].Device == id {
			return &d.state.Meters[i]
		}
	}
	if len(d.state.Meters) == maxMeters {
		d.state.Meters = append(d.state.Meters[:0], d.state.Meters[1:]...)
	}
	d.state.Meters = append(d.state.Meters, faultyMeter{Device: id})
	return &d.state.Meters[len(d.state.Meters)-1]
}

// flow adds up what a meter says is running. Between two reports the lesser of
// them counts, for an hour at the most.
func (d *MeterFault) flow(v *alerting.View, r *devices.Reading) {
	if v.Subject.Type != alerting.SubjectDevice || !(r.Value >= 0) {
		return
	}
	m := d.of(r.Device)
	if !r.At.After(m.FlowAt) {
		return
	}
	if !m.FlowAt.IsZero() {
		m.Flown += math.Min(m.Flow, r.Value) * 1000 * min(r.At.Sub(m.FlowAt), time.Hour).Hours()
	}
	m.Flow, m.FlowAt = r.Value, r.At
}

// steps notes the days on which somebody walked.
func (d *MeterFault) steps(r *devices.Reading) {
	on := r.At.Unix() / day24
	switch {
	case on < d.state.OnDay:
		return
	case on > d.state.OnDay:
		d.state.OnDay, d.state.Steps = on, 0
	}
	if d.state.Steps >= livesSteps || r.Value < livesSteps {
		d.state.Steps = math.Max(d.state.Steps, r.Value)
		return
	}
	d.state.Steps = r.Value
	if len(d.state.Walked) == livesDays {
		copy(d.state.Walked, d.state.Walked[1:])
		d.state.Walked = d.state.Walked[:livesDays-1]
	}
	d.state.Walked = append(d.state.Walked, on)
}

func (d *MeterFault) volume(v *alerting.View, r *devices.Reading) []alerting.Finding {
	m := d.of(r.Device)
	if m.Register.Read && !r.At.After(m.Register.At) || !(r.Value >= 0) {
		return nil
	}
	before := m.Register
	litres, step := m.Register.Next(r.At, r.Value)
	var found []alerting.Finding
	if v.Subject.Type == alerting.SubjectDevice {
		found = m.reset(v, before, step)
	}
	if back := (before.Value - r.Value) * 1000; step == devices.Backward && back >= reverseL && v.Subject.Type == alerting.SubjectDevice {
		if r.At.Sub(m.Back) > sameFault {
			found = append(found, m.finding(v, r.At, r.At, map[string]any{
				"event": string(devices.EventReverseFlow), "back_l": tenth(back), "at": r.At,
			}))
		}
		m.Back = r.At
	}
	if !before.Read || litres > 0 || step == devices.Rebased || r.Value != before.Value {
		m.Still, m.Reports, m.Flown = r.At, 0, 0
		if m.Stuck.IsZero() || litres <= 0 {
			return found
		}
		f := m.finding(v, m.Stuck, r.At, map[string]any{"event": "stuck", "used_l": tenth(litres), "at": r.At})
		f.Recovered, m.Stuck = true, time.Time{}
		return append(found, f)
	}
	m.Reports++
	if !m.Stuck.IsZero() {
		return found
	}
	evidence := d.stuck(v, m, r.At)
	if evidence == nil {
		return found
	}
	m.Stuck = m.Still
	evidence["event"], evidence["value"], evidence["from"], evidence["to"] = "stuck", r.Value, m.Still, r.At
	return append(found, m.finding(v, m.Stuck, r.At, evidence))
}

// stuck is the proof that the meter does not measure, nil when there is none.
func (d *MeterFault) stuck(v *alerting.View, m *faultyMeter, now time.Time) map[string]any {
	if m.Flown >= stuckFlowL && m.Reports >= 2 && v.Subject.Type == alerting.SubjectDevice {
		return map[string]any{"flow_l": tenth(m.Flown)}
	}
	if now.Sub(m.Still) < stuckDays || m.Reports < stuckReports || v.Away {
		return nil
	}
	if v.Subject.Type == alerting.SubjectDevice {
		// A day after it stopped somebody has met a person who drinks and washes.
		if v.LastContact.After(m.Still.Add(24 * time.Hour)) {
			return map[string]any{"contact": v.LastContact}
		}
		return nil
	}
	if n := len(d.state.Walked); n == livesDays && d.state.Walked[0]*day24 >= m.Still.Unix() {
		return map[string]any{"walked_days": n}
	}
	return nil
}

// reset says that the register has begun anew, and takes it back when the old
// count is there again: then it was a garbled value.
func (m *faultyMeter) reset(v *alerting.View, before devices.Register, step devices.RegisterStep) []alerting.Finding {
	now := m.Register.At
	if step == devices.Rebased && m.Reset.IsZero() {
		m.Reset, m.Count = now, before.Value
		return []alerting.Finding{m.finding(v, now, now, map[string]any{
			"event": "register_reset", "before_m3": before.Value, "value": m.Register.Value, "at": now,
		})}
	}
	if m.Reset.IsZero() {
		return nil
	}
	back := math.Abs(m.Register.Value-m.Count) < math.Abs(m.Register.Value-before.Value)
	if step != devices.Rebased && back && m.Register.Value >= m.Count-1 {
		f := m.finding(v, m.Reset, now, map[string]any{"event": "register_reset", "value": m.Register.Value, "at": now})
		f.Recovered, m.Reset = true, time.Time{}
		return []alerting.Finding{f}
	}
	if now.Sub(m.Reset) > 48*time.Hour {
		m.Reset = time.Time{} // it stays; the next one is another
	}
	return nil
}

func (m *faultyMeter) finding(v *alerting.View, episode, at time.Time, evidence map[string]any) alerting.Finding {
	evidence["device"] = string(m.Device)
	return alerting.Finding{
		Kind: alerting.KindDeviceFault, Subject: alerting.DeviceSubject(m.Device), Episode: episode, Severity: alerting.Blue,
		FoundAt: at, KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: "meter_fault", Version: v.Rules.Version},
	}
}
