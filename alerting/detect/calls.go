package detect

import (
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// samePress is how far apart the packets of one fall may be.
	samePress = minute
	// stillAfter is how long after a fall no step proves that somebody lies
	// still, and walked how many steps prove that somebody has got up.
	stillAfter, walked = 10 * minute, 20
	// fallWatched is how long the wearer is watched after a fall.
	fallWatched = 2 * hourMicros
)

// Calls finds calls for help: SOS and fall. They are believed at once, whatever
// the device's clock says. On a device subject it speaks only while the device
// has no resident, so that nobody's call is lost. That bands repeat a call until
// it is answered is the engine's matter, which knows what has been answered.
//
// After a fall it watches the steps: lying still for ten minutes rings again,
// walking is shown, and neither changes the severity.
type Calls struct{ memory[callsState] }

type callsState struct {
	Falls []fall // the newest of each band
	// Where is the newest position heard of any band.
	Fixing fixing `json:",omitzero"`
	Where  fix    `json:",omitzero"`
}

// fall is what is known of a band's steps, and of its last fall.
type fall struct {
	Device devices.DeviceID
	// Steps is the counter, of StepsAt; Base is what it was at the fall, which
	// was at At (zero: none).
	Steps, Base float64
	StepsAt, At int64
	HasBase     bool `json:",omitempty"`
	// Readings since the fall, and what was said of it.
	Readings     int  `json:",omitempty"`
	Still, Moved bool `json:",omitempty"`
}

// Name implements alerting.Detector.
func (*Calls) Name() string { return "calls" }

// Notice implements alerting.Detector.
func (d *Calls) Notice(v *alerting.View, e devices.Event) []alerting.Finding {
	if !e.Kind.Urgent() || notOurs(v) {
		return nil
	}
	kind := alerting.KindSOS
	if e.Kind == devices.EventFall {
		kind = alerting.KindFall
		d.fell(e)
	}
	evidence := map[string]any{"device": string(e.Device), "at": e.At}
	if e.Quality != "" {
		evidence["quality"] = string(e.Quality)
	}
	for _, field := range []string{"lat_deg", "lon_deg", "accuracy_m", "battery_pct"} {
		if value, ok := e.Detail[field]; ok {
			evidence[field] = value
		}
	}
	if _, told := e.Detail["lat_deg"]; !told && d.state.Where.At != 0 {
		d.state.Where.evidence(evidence, v.Now) // where the band was last, and when
	}
	return []alerting.Finding{{
		Kind: kind, Subject: v.Subject, Episode: e.At, Severity: alerting.Red,
		FoundAt: e.At, KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: string(kind), Version: v.Rules.Version},
	}}
}

// notOurs says that another subject's detectors speak for the device.
func notOurs(v *alerting.View) bool {
	return v.Subject.Type == alerting.SubjectDevice && v.Resident != nil
}

// fell begins to watch, unless it is the same fall told again.
func (d *Calls) fell(e devices.Event) {
	f, at := d.of(e.Device), e.At.UnixMicro()
	if f.At != 0 && at-f.At < samePress && f.At-at < samePress {
		return
	}
	*f = fall{Device: f.Device, Steps: f.Steps, StepsAt: f.StepsAt, At: at}
	f.Base, f.HasBase = f.Steps, f.StepsAt != 0 && f.StepsAt <= at && at-f.StepsAt <= hourMicros
}

func (d *Calls) of(id devices.DeviceID) *fall {
	for i := range d.state.Falls {
		if d.state.Falls[i].Device == id {
			return &d.state.Falls[i]
		}
	}
	if len(d.state.Falls) >= 4 { // old bands
		d.state.Falls = append(d.state.Falls[:0], d.state.Falls[1:]...)
	}
	d.state.Falls = append(d.state.Falls, fall{Device: id})
	return &d.state.Falls[len(d.state.Falls)-1]
}

// Observe implements alerting.Detector.
func (d *Calls) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	switch r.Metric {
	case devices.LatDeg, devices.LonDeg, devices.AccuracyM:
		if f, ok := d.state.Fixing.hear(r.Metric, r.Value, r.At.UnixMicro()); ok && f.At > d.state.Where.At {
			d.state.Where = f
		}
		return nil
	}
	if r.Metric != devices.Steps || r.Value < 0 || notOurs(v) {
		return nil
	}
	f, at := d.of(r.Device), r.At.UnixMicro()
	if at <= f.StepsAt {
		return nil
	}
	f.Steps, f.StepsAt = r.Value, at
	switch {
	case f.At == 0 || at > f.At+fallWatched || f.Moved:
		return nil
	case at <= f.At: // telemetry from before, come after the call
		f.Base, f.HasBase = r.Value, true
		return nil
	case !f.HasBase:
		f.Base, f.HasBase = r.Value, true
	case r.Value < f.Base: // midnight
		f.Base = 0
	}
	f.Readings++
	return d.since(v, f, at)
}

// since says what the steps since the fall tell.
func (d *Calls) since(v *alerting.View, f *fall, at int64) []alerting.Finding {
	steps, when := f.Steps-f.Base, time.UnixMicro(at).UTC()
	finding := alerting.Finding{
		Kind: alerting.KindFall, Subject: v.Subject, Episode: time.UnixMicro(f.At).UTC(), Severity: alerting.Red,
		More: true, FoundAt: when, KnownAt: v.Now, Rule: alerting.RuleRef{ID: string(alerting.KindFall), Version: v.Rules.Version},
	}
	switch {
	case steps >= walked:
		f.Moved = true
		finding.Evidence = map[string]any{"still": false, "moved_at": when, "steps_after": steps}
	case !f.Still && f.Readings >= 2 && at-f.At >= stillAfter && steps == 0:
		f.Still, finding.Rings = true, true
		finding.Evidence = map[string]any{"still": true, "still_min": (at - f.At) / minute, "steps_after": steps}
	default:
		return nil
	}
	return []alerting.Finding{finding}
}
