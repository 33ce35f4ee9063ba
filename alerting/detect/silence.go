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
//
// It learns how often each device reports. Three reports missed are a silence,
// but not what this device does every week (bands lie on the charger, meters lose
// a block of four hours), and never later than the limit of the rules; a band that
// has been without network for hours of late, and came back, is given six. A meter
// that is silent beyond that limit is a resident nobody sees: then somebody is to
// phone (yellow), and after the second limit to go there (orange).
type Silence struct{ memory[silenceState] }

type silenceState struct {
	// Heard is the watched clock at the newest message, HeardAt its time
	// of receipt.
	Heard   time.Duration
	HeardAt time.Time
	Silent  bool
	// Severity of what was said; "" with Silent is blue, from an older release.
	Severity alerting.Severity `json:",omitempty"`
	// Upload is the usual time between two reports, Longest the longest of late
	// (it fades), Reports how many were learnt from. All on the watched clock.
	Upload  time.Duration `json:",omitempty"`
	Longest time.Duration `json:",omitempty"`
	Reports int           `json:",omitempty"`
	// Learnt is the time over which that was, up to a week.
	Learnt time.Duration `json:",omitempty"`
	// Measure is the usual time between two readings, of which the newest was
	// taken at Measured (Unix seconds).
	Measure  time.Duration `json:",omitempty"`
	Measured int64         `json:",omitempty"`
}

const (
	// oneReport is the time within which several messages are one report.
	oneReport = 90 * time.Second
	// learntReports make a cadence that is believed, and learntTime tells how
	// long the device is quiet now and then; that fades in about so much time.
	learntReports = 10
	learntTime    = 7 * 24 * time.Hour
	fades         = 20 * 24 * time.Hour
	// missedReports in a row are a silence, never earlier than soonestSilent.
	missedReports = 3
	soonestSilent = 20 * time.Minute
	// longestHabit is how long at most a band is waited for that has been quiet for
	// as long of late and has come back, unless its wearer is of tier red.
	longestHabit = 6 * time.Hour
	// rareUpload is the time between uploads of a meter that makes few, and
	// rareReports how many of them must be known.
	rareUpload  = 18 * time.Hour
	rareReports = 5
)

// Name implements alerting.Detector.
func (s *Silence) Name() string { return "silence" }

// Observe implements alerting.Detector.
func (s *Silence) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	if at := r.At.Unix(); at > s.state.Measured {
		if since := time.Duration(at-s.state.Measured) * time.Second; s.state.Measured > 0 && since >= time.Minute {
			s.state.Measure = typical(s.state.Measure, since)
		}
		s.state.Measured = at
	}
	return s.heard(v)
}

// Notice implements alerting.Detector.
func (s *Silence) Notice(v *alerting.View, _ devices.Event) []alerting.Finding { return s.heard(v) }

// typical moves an estimate of the median of times: a tenth towards a longer or a
// shorter one, so that outliers count no more than others.
func typical(known, d time.Duration) time.Duration {
	switch {
	case known == 0:
		return d
	case d > known:
		return min(d, known+known/10)
	}
	return max(d, known-known/10)
}

func (s *Silence) heard(v *alerting.View) []alerting.Finding {
	var findings []alerting.Finding
	if s.state.Silent {
		f := s.finding(v)
		f.Recovered = true
		findings = append(findings, f)
	}
	if quiet := v.Watched - s.state.Heard; !s.state.HeardAt.IsZero() && quiet >= oneReport {
		s.state.Upload = typical(s.state.Upload, quiet)
		s.state.Longest = max(quiet, s.state.Longest-time.Duration(float64(s.state.Longest)*min(quiet.Hours()/fades.Hours(), 1)))
		s.state.Reports = min(s.state.Reports+1, learntReports)
		s.state.Learnt = min(s.state.Learnt+quiet, learntTime)
	}
	s.state.Heard, s.state.HeardAt, s.state.Silent, s.state.Severity = v.Watched, v.Now, false, ""
	return findings
}

// Tick implements alerting.Detector.
func (s *Silence) Tick(v *alerting.View) []alerting.Finding {
	if s.state.HeardAt.IsZero() || v.Device == nil {
		return nil
	}
	severity, due := s.stage(v)
	if v.Watched-s.state.Heard < due || severity == "" {
		return nil
	}
	s.state.Silent, s.state.Severity = true, severity
	return []alerting.Finding{s.finding(v)}
}

// stage is what is to be said next, and after how much silence; "" when all is
// said.
func (s *Silence) stage(v *alerting.View) (alerting.Severity, time.Duration) {
	said := s.state.Severity
	if s.state.Silent && said == "" {
		said = alerting.Blue
	}
	blind := s.blind(v)
	switch {
	case said == "" && blind && s.rare() && !tierRed(v):
		return alerting.Blue, s.limit(v)
	case said == alerting.Blue && blind && s.rare() && !tierRed(v):
		return alerting.Orange, max(v.Rules.Silence.MeterVisit, v.Rules.Silence.Meter)
	case said == "" && blind && s.limit(v) >= v.Rules.Silence.Meter:
		return alerting.Yellow, s.limit(v)
	case said == "":
		return alerting.Blue, s.limit(v)
	case said == alerting.Blue && blind:
		return alerting.Yellow, v.Rules.Silence.Meter
	case said == alerting.Yellow && blind:
		return alerting.Orange, max(v.Rules.Silence.MeterVisit, v.Rules.Silence.Meter)
	}
	return "", 0
}

// blind says that nobody sees a resident at home while the device is silent.
func (*Silence) blind(v *alerting.View) bool {
	return v.Device != nil && v.Device.Kind == devices.WaterMeter && v.Resident != nil && !v.Away
}

// rare says that the device is known to report about once a day. Three uploads of
// a hundred come a night later, so one that is missing is a call by phone for the
// day's list of the town (blue), in a county of a thousand homes thirty of them a
// day; two are an alert.
func (s *Silence) rare() bool {
	return s.state.Reports >= rareReports && s.state.Upload >= rareUpload
}

// limit is how long the device may be quiet.
func (s *Silence) limit(v *alerting.View) time.Duration {
	most := v.Rules.Silence.Band
	if v.Device != nil && v.Device.Kind == devices.WaterMeter {
		most = v.Rules.Silence.Meter
	}
	if s.state.Reports < learntReports || s.state.Learnt < learntTime {
		return most
	}
	if v.Device != nil && v.Device.Kind == devices.Wristband && !tierRed(v) {
		// Who is without network for hours now and then comes back by himself.
		most = max(most, min(s.state.Longest, longestHabit))
	}
	return min(most, max(missedReports*s.state.Upload, s.state.Longest*2, soonestSilent))
}

// Cadence is how often the device measures and reports, as learnt; zero while
// that is not known.
func (s *Silence) Cadence() (measure, upload time.Duration) {
	if s.state.Reports < learntReports {
		return 0, 0
	}
	return s.state.Measure, s.state.Upload
}

func (s *Silence) finding(v *alerting.View) alerting.Finding {
	severity := s.state.Severity
	if severity == "" {
		severity = alerting.Blue
	}
	evidence := map[string]any{
		"last_heard": s.state.HeardAt,
		"quiet_min":  int((v.Watched - s.state.Heard).Minutes()),
		"limit_min":  int(s.limit(v).Minutes()),
	}
	if _, upload := s.Cadence(); upload > 0 {
		evidence["every_min"] = int(upload.Minutes())
	}
	if v.Device != nil {
		evidence["device_kind"] = string(v.Device.Kind)
	}
	return alerting.Finding{
		Listed: severity == alerting.Blue && s.blind(v) && s.rare() && !tierRed(v),
		Kind:   alerting.KindDeviceSilent, Subject: v.Subject, Episode: s.state.HeardAt,
		Severity: severity, FoundAt: v.Now, KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: "device_silent", Version: v.Rules.Version},
	}
}
