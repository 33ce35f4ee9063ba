package detect

import (
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// samePress: bands repeat an alarm until it is acknowledged; packets this
	// close together are one call for help.
	samePress = time.Minute
	// keptCalls bounds the memory of past calls, for packets out of order.
	keptCalls = 16
)

// Calls finds calls for help: SOS and fall. They are believed at once, whatever
// the device's clock says. On a device subject it speaks only while the device
// has no resident, so that nobody's call is lost.
type Calls struct {
	state struct {
		Seen map[devices.EventKind][]time.Time
	}
}

// Name implements alerting.Detector.
func (c *Calls) Name() string { return "calls" }

// Notice implements alerting.Detector.
func (c *Calls) Notice(v *alerting.View, e devices.Event) []alerting.Finding {
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
		Kind: kind, Subject: v.Subject, Episode: c.episode(e), Severity: alerting.Red,
		FoundAt: e.At, KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: string(kind), Version: v.Rules.Version},
	}}
}

// episode is the time of the call this packet repeats, or its own.
func (c *Calls) episode(e devices.Event) time.Time {
	seen := c.state.Seen[e.Kind]
	for _, t := range seen {
		if e.At.Sub(t).Abs() <= samePress {
			return t
		}
	}
	if c.state.Seen == nil {
		c.state.Seen = map[devices.EventKind][]time.Time{}
	}
	if len(seen) == keptCalls {
		seen = seen[1:]
	}
	c.state.Seen[e.Kind] = append(seen, e.At)
	return e.At
}

// Observe implements alerting.Detector.
func (c *Calls) Observe(*alerting.View, devices.Reading) []alerting.Finding { return nil }

// Tick implements alerting.Detector.
func (c *Calls) Tick(*alerting.View) []alerting.Finding { return nil }

// QuietTicks implements alerting.QuietTicks.
func (*Calls) QuietTicks() {}

// Save implements alerting.Detector.
func (c *Calls) Save() ([]byte, error) { return save(c.state) }

// Restore implements alerting.Detector.
func (c *Calls) Restore(b []byte) error { return restore(b, &c.state) }
