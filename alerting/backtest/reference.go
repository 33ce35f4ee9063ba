package backtest

import (
	"encoding/json"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// jitter: meters read hourly to within some seconds, which must not cost an hour.
const jitter = 2 * time.Minute

// reference is what both reference rules are built on: a limit to the time since
// the last use, as proven by readings, and one episode until water is used again.
// They are for comparison only and never run live.
type reference struct {
	Use     lastUse
	Episode time.Time
}

func (d *reference) judge(v *alerting.View, limit time.Duration) []alerting.Finding {
	f := alerting.Finding{
		Kind: alerting.KindWaterInactivity, Subject: v.Subject, Severity: alerting.Yellow, KnownAt: v.Now, FoundAt: d.Use.Newest,
		Rule: alerting.RuleRef{ID: "reference", Version: v.Rules.Version},
	}
	if !d.Episode.IsZero() {
		if d.Use.At.After(d.Episode) {
			f.Episode, f.Recovered = d.Episode, true
			d.Episode = time.Time{}
			return []alerting.Finding{f}
		}
		return nil
	}
	if idle := d.Use.Newest.Sub(d.Use.At); limit > 0 && idle >= limit-jitter && !v.Away {
		d.Episode, f.Episode = d.Use.At, d.Use.At
		f.Evidence = map[string]any{"idle_h": idle.Hours(), "limit_h": limit.Hours()}
		return []alerting.Finding{f}
	}
	return nil
}

// fixed alerts after a fixed time without any use.
type fixed struct {
	window time.Duration
	reference
}

// Name implements alerting.Detector.
func (*fixed) Name() string { return "reference_fixed" }

// Observe implements alerting.Detector.
func (d *fixed) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	if _, _, ok := d.Use.read(r); !ok {
		return nil
	}
	return d.judge(v, d.window)
}

// Notice implements alerting.Detector.
func (*fixed) Notice(*alerting.View, devices.Event) []alerting.Finding { return nil }

// Tick implements alerting.Detector.
func (*fixed) Tick(*alerting.View) []alerting.Finding { return nil }

// Save implements alerting.Detector.
func (d *fixed) Save() ([]byte, error) { return save(&d.reference) }

// Restore implements alerting.Detector.
func (d *fixed) Restore(b []byte) error { return restore(b, &d.reference) }

func save(state any) ([]byte, error) {
	b, err := json.Marshal(state)
	if err != nil {
		return nil, fmt.Errorf("save reference rule: %w", err)
	}
	return b, nil
}

func restore(b []byte, state any) error {
	if err := json.Unmarshal(b, state); err != nil {
		return fmt.Errorf("restore reference rule: %w", err)
	}
	return nil
}
