package detect

import (
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// charged is how far above the limit, in per cent, the charge must be
	// before a low battery counts as cared for.
	charged = 10
	// emptyPct is the charge at and below which the task becomes yellow.
	emptyPct = 5
)

// Battery finds devices whose charge is low, by their reports of battery_pct or
// their own low_battery event. A charge of exactly 0 is a placeholder: an empty
// device cannot send.
type Battery struct{ memory[batteryState] }

type batteryState struct {
	At       time.Time // of the newest report
	Episode  time.Time // zero while the charge is fine
	Severity alerting.Severity
}

// Name implements alerting.Detector.
func (b *Battery) Name() string { return "battery" }

// Observe implements alerting.Detector.
func (b *Battery) Observe(v *alerting.View, r devices.Reading) []alerting.Finding {
	if r.Metric != devices.BatteryPct || r.Value <= 0 || r.Value > 100 || !r.At.After(b.state.At) {
		return nil
	}
	b.state.At = r.At
	limit := v.Rules.LowBatteryPct
	evidence := map[string]any{"battery_pct": r.Value, "limit_pct": limit, "at": r.At}
	switch {
	case r.Value <= min(emptyPct, limit):
		return b.low(v, r.At, alerting.Yellow, evidence)
	case r.Value <= limit:
		return b.low(v, r.At, alerting.Blue, evidence)
	case r.Value >= limit+charged && !b.state.Episode.IsZero():
		f := b.finding(v, r.At, evidence)
		f.Recovered = true
		b.state.Episode, b.state.Severity = time.Time{}, ""
		return []alerting.Finding{f}
	}
	return nil
}

// Notice implements alerting.Detector.
func (b *Battery) Notice(v *alerting.View, e devices.Event) []alerting.Finding {
	if e.Kind != devices.EventLowBattery || !e.At.After(b.state.At) {
		return nil
	}
	b.state.At = e.At
	return b.low(v, e.At, alerting.Blue, map[string]any{"event": string(e.Kind), "at": e.At})
}

func (b *Battery) low(v *alerting.View, at time.Time, s alerting.Severity, evidence map[string]any) []alerting.Finding {
	if b.state.Episode.IsZero() {
		b.state.Episode = at
	} else if !s.Above(b.state.Severity) {
		return nil
	}
	b.state.Severity = s
	return []alerting.Finding{b.finding(v, at, evidence)}
}

func (b *Battery) finding(v *alerting.View, at time.Time, evidence map[string]any) alerting.Finding {
	return alerting.Finding{
		Kind: alerting.KindLowBattery, Subject: v.Subject, Episode: b.state.Episode, Severity: b.state.Severity,
		FoundAt: at, KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: "low_battery", Version: v.Rules.Version},
	}
}
