package detect

import (
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// sameFault: meters repeat an alarm bit with every upload; reports less than
// this apart are the same fault.
const sameFault = 36 * time.Hour

// Faults passes on what a device says of itself or its pipe: tamper and reverse
// flow as device faults, leak as a leak. The device's word opens a task; only a
// person ends it, since devices do not say when a fault is over.
type Faults struct{ memory[faultsState] }

type faultsState struct {
	Since map[devices.EventKind]time.Time
	Last  map[devices.EventKind]time.Time
}

// Name implements alerting.Detector.
func (f *Faults) Name() string { return "faults" }

// Notice implements alerting.Detector.
func (f *Faults) Notice(v *alerting.View, e devices.Event) []alerting.Finding {
	finding := alerting.Finding{
		Kind: alerting.KindDeviceFault, Subject: v.Subject, Severity: alerting.Blue,
		FoundAt: e.At, KnownAt: v.Now,
		Evidence: map[string]any{"event": string(e.Kind), "device": string(e.Device), "at": e.At},
	}
	switch e.Kind {
	case devices.EventTamper, devices.EventReverseFlow:
		if v.Subject.Type == alerting.SubjectResident {
			return nil // the device's own detectors say it
		}
	case devices.EventLeak:
		if v.Subject.Type == alerting.SubjectDevice && v.Resident != nil {
			return nil // the resident's detectors say it
		}
		finding.Kind, finding.Severity = alerting.KindWaterLeak, alerting.Yellow
	default:
		return nil
	}
	if f.state.Since == nil {
		f.state.Since, f.state.Last = map[devices.EventKind]time.Time{}, map[devices.EventKind]time.Time{}
	}
	last, known := f.state.Last[e.Kind]
	if !known || e.At.Sub(last) > sameFault {
		f.state.Since[e.Kind] = e.At
	}
	if e.At.After(last) {
		f.state.Last[e.Kind] = e.At
	}
	finding.Episode = f.state.Since[e.Kind]
	finding.Rule = alerting.RuleRef{ID: string(finding.Kind), Version: v.Rules.Version}
	return []alerting.Finding{finding}
}
