package detect

import (
	"shouwang/alerting"
	"shouwang/devices"
)

// Calls finds calls for help: SOS and fall. They are believed at once, whatever
// the device's clock says. On a device subject it speaks only while the device
// has no resident, so that nobody's call is lost. It remembers nothing: that
// bands repeat a call until it is answered is the engine's matter, which knows
// what has been answered.
type Calls struct{ memory[struct{}] }

// Name implements alerting.Detector.
func (*Calls) Name() string { return "calls" }

// Notice implements alerting.Detector.
func (*Calls) Notice(v *alerting.View, e devices.Event) []alerting.Finding {
	if !e.Kind.Urgent() || (v.Subject.Type == alerting.SubjectDevice && v.Resident != nil) {
		return nil
	}
	kind := alerting.KindSOS
	if e.Kind == devices.EventFall {
		kind = alerting.KindFall
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
	return []alerting.Finding{{
		Kind: kind, Subject: v.Subject, Episode: e.At, Severity: alerting.Red,
		FoundAt: e.At, KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: string(kind), Version: v.Rules.Version},
	}}
}
