package detect

import (
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// Silence finds devices that have stopped reporting. It measures on the watched
// clock, which stands still while we have no broker connection: our outage is
// never a device's silence. A quiet device is not a quiet resident; that is for
// other detectors, from proof.
type Silence struct{ memory[silenceState] }

type silenceState struct {
	// Heard is the watched clock at the newest message, HeardAt its time
	// of receipt.
	Heard   time.Duration
	HeardAt time.Time
	Silent  bool
}

// Name implements alerting.Detector.
func (s *Silence) Name() string { return "silence" }

// Observe implements alerting.Detector.
func (s *Silence) Observe(v *alerting.View, _ devices.Reading) []alerting.Finding { return s.heard(v) }

// Notice implements alerting.Detector.
func (s *Silence) Notice(v *alerting.View, _ devices.Event) []alerting.Finding { return s.heard(v) }

func (s *Silence) heard(v *alerting.View) []alerting.Finding {
	var findings []alerting.Finding
	if s.state.Silent {
		f := s.finding(v)
		f.Recovered = true
		findings = append(findings, f)
	}
	s.state.Heard, s.state.HeardAt, s.state.Silent = v.Watched, v.Now, false
	return findings
}

// Tick implements alerting.Detector.
func (s *Silence) Tick(v *alerting.View) []alerting.Finding {
	if s.state.HeardAt.IsZero() || s.state.Silent || v.Device == nil || v.Watched-s.state.Heard < s.limit(v) {
		return nil
	}
	s.state.Silent = true
	return []alerting.Finding{s.finding(v)}
}

func (s *Silence) limit(v *alerting.View) time.Duration {
	if v.Device != nil && v.Device.Kind == devices.WaterMeter {
		return v.Rules.Silence.Meter
	}
	return v.Rules.Silence.Band
}

func (s *Silence) finding(v *alerting.View) alerting.Finding {
	return alerting.Finding{
		Kind: alerting.KindDeviceSilent, Subject: v.Subject, Episode: s.state.HeardAt,
		Severity: alerting.Blue, FoundAt: v.Now, KnownAt: v.Now,
		Evidence: map[string]any{
			"last_heard": s.state.HeardAt,
			"quiet_min":  int((v.Watched - s.state.Heard).Minutes()),
			"limit_min":  int(s.limit(v).Minutes()),
		},
		Rule: alerting.RuleRef{ID: "device_silent", Version: v.Rules.Version},
	}
}
