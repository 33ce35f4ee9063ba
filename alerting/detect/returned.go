package detect

import (
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// NotReturned finds residents of whom nothing is seen after an announced absence
// was to end (default 30 h): no use of water, no steps, no pulse, no call for help,
// no contact. Perhaps they have stayed on, perhaps they are home and in need.
type NotReturned struct {
	memory[notReturnedState]
	life *Fusion // of the same resident, asked before
}

type notReturnedState struct {
	// Away is the newest time at which the resident was away and has not been seen
	// since, zero when they were seen.
	Away    time.Time `json:",omitzero"`
	Episode time.Time `json:",omitzero"`
}

// Name implements alerting.Detector.
func (*NotReturned) Name() string { return "not_returned" }

// Due implements alerting.Sleeper.
func (d *NotReturned) Due(v *alerting.View) alerting.Due {
	switch {
	case v.Away:
		return alerting.Due{At: v.Now}
	case d.state.Away.IsZero() || !d.state.Episode.IsZero():
		return alerting.Due{}
	}
	return alerting.Due{At: d.state.Away.Add(v.Rules.Together.NotReturned)}
}

// Tick implements alerting.Detector.
func (d *NotReturned) Tick(v *alerting.View) []alerting.Finding {
	s := &d.state
	switch {
	case v.Away && !s.Episode.IsZero():
		found := d.end(v, v.Now, map[string]any{"away": true})
		s.Away = v.Now
		return found
	case v.Away:
		s.Away = v.Now
	case s.Away.IsZero():
	case v.LastContact.After(s.Away):
		return d.seen(v, v.LastContact, map[string]any{"contact": v.LastContact})
	case s.Episode.IsZero() && v.Now.Sub(s.Away) >= v.Rules.Together.NotReturned:
		s.Episode = s.Away
		return []alerting.Finding{d.finding(v, v.Now, map[string]any{
			"back_at": s.Away, "limit_h": v.Rules.Together.NotReturned.Hours(), "hours": v.Now.Sub(s.Away).Hours(),
		})}
	}
	return nil
}

// Notice implements alerting.Detector.
func (d *NotReturned) Notice(v *alerting.View, e devices.Event) []alerting.Finding {
	if e.Kind.Urgent() || e.Kind == devices.EventWorn {
		return d.seen(v, e.At, map[string]any{"event": string(e.Kind)})
	}
	return nil
}

// Observe implements alerting.Detector.
func (d *NotReturned) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	if d.state.Away.IsZero() || v.Away {
		return nil
	}
	switch r.Metric {
	case devices.VolumeM3:
		if last, _, ok := d.life.water.used(); ok && d.life.water.usedOnce() {
			return d.seen(v, time.UnixMicro(last).UTC(), map[string]any{"used": true})
		}
	case devices.Steps:
		return d.seen(v, time.UnixMicro(d.life.state.Walked).UTC(), map[string]any{"walked": true})
	case devices.HeartRateBPM:
		if b := d.life.band(r.Device); b.Wrist.Pulse == r.At.UnixMicro() && b.Wrist.Off == 0 {
			return d.seen(v, r.At, map[string]any{"pulse_bpm": r.Value})
		}
	}
	return nil
}

// seen takes a sign of life.
func (d *NotReturned) seen(v *alerting.View, at time.Time, evidence map[string]any) []alerting.Finding {
	if d.state.Away.IsZero() || v.Away || !at.After(d.state.Away) {
		return nil
	}
	if d.state.Episode.IsZero() {
		d.state.Away = time.Time{}
		return nil
	}
	return d.end(v, at, evidence)
}

func (d *NotReturned) end(v *alerting.View, at time.Time, evidence map[string]any) []alerting.Finding {
	f := d.finding(v, at, evidence)
	f.Recovered = true
	d.state = notReturnedState{}
	return []alerting.Finding{f}
}

func (d *NotReturned) finding(v *alerting.View, at time.Time, evidence map[string]any) alerting.Finding {
	return alerting.Finding{
		Kind: alerting.KindNotReturned, Subject: v.Subject, Episode: d.state.Episode, Severity: alerting.Yellow,
		FoundAt: at, KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: "not_returned", Version: v.Rules.Version},
	}
}

// usedOnce says whether any use is known, and not only where the register stood.
func (d *WaterInactivity) usedOnce() bool {
	for _, m := range d.state.Meters {
		if _, seen := m.Registers.lastUse(); seen {
			return true
		}
	}
	return false
}
