package backtest

import (
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// Alert is one episode as the engine made it of the detectors' findings. Nobody
// closes alerts in a backtest: one ends when its episode recovers.
type Alert struct {
	// Device is the one whose reading, or silence, proved it, as recorded.
	Device   string            `json:"device"`
	Resident string            `json:"resident"`
	Kind     alerting.Kind     `json:"kind"`
	Severity alerting.Severity `json:"severity"` // the first
	Since    time.Time         `json:"since"`    // start of the episode, e.g. the last use
	FoundAt  time.Time         `json:"found_at"` // event time at which the rule first held
	KnownAt  time.Time         `json:"known_at"` // receipt of the reading or tick that proved it
	Evidence map[string]any    `json:"evidence"`
	Rule     alerting.RuleRef  `json:"rule"`
	Stages   []Stage           `json:"stages,omitempty"` // later, higher severities
	// Listed says that it first stood on the day's list of its town, and not alone.
	Listed  bool  `json:"listed,omitempty"`
	home    *Home // whose it is
	subject alerting.Subject
	// Into is the kind of the alert that it was folded into, "" for one of its own.
	Into  alerting.Kind `json:"into,omitempty"`
	ended time.Time     // zero: not by the end of the recording
}

// Stage is a later severity of an alert.
type Stage struct {
	Severity alerting.Severity `json:"severity"`
	FoundAt  time.Time         `json:"found_at"`
	KnownAt  time.Time         `json:"known_at"`
}

// Highest is the highest severity the alert reached.
func (a *Alert) Highest() alerting.Severity {
	if n := len(a.Stages); n > 0 {
		return a.Stages[n-1].Severity
	}
	return a.Severity
}

// notes is what is written down while a home is judged.
type notes struct {
	home   *Home
	alerts []*Alert
	byKey  map[alerting.EpisodeKey]*Alert
	// heard are the findings, for what an episode alone does not tell; last is
	// the last one of each subject and kind, so that repetitions count once.
	heard map[heard]finding
	last  map[about]heard
	// ticked are the times of ticks that found something, but for those that came
	// no later than live.
	ticked []ticked
	timely bool // the tick at hand is one of these
}

// ticked is a tick that found something about a subject.
type ticked struct {
	at      int64
	subject alerting.Subject
}

type heard struct {
	alerting.EpisodeKey
	severity  alerting.Severity
	recovered bool
}

type finding struct {
	alerting.Finding
	device devices.DeviceID
}

func newNotes(h *Home) *notes {
	return &notes{home: h, byKey: map[alerting.EpisodeKey]*Alert{}, heard: map[heard]finding{}, last: map[about]heard{}}
}

// hear notes what a detector said, device being that of the reading, "" on a
// tick.
func (n *notes) hear(v *alerting.View, device devices.DeviceID, found []alerting.Finding) {
	for _, f := range found {
		f.Subject, f.Episode = v.Subject, f.Episode.UTC().Truncate(time.Microsecond)
		if f.KnownAt.IsZero() {
			f.KnownAt = v.Now
		}
		if f.FoundAt.IsZero() {
			f.FoundAt = v.Now
		}
		key := heard{alerting.EpisodeKey{Subject: f.Subject, Kind: f.Kind, Episode: f.Episode}, f.Severity, f.Recovered}
		subject := about{f.Subject, f.Kind}
		if n.last[subject] == key {
			continue
		}
		n.last[subject] = key
		if device == "" && !n.timely {
			n.ticked = append(n.ticked, ticked{v.Now.UnixMicro(), v.Subject})
		}
		if _, ok := n.heard[key]; !ok {
			n.heard[key] = finding{f, device}
		}
	}
}

// episode takes down what the engine has made of an episode.
func (n *notes) episode(before, now *alerting.Episode, c *alerting.Case) {
	if now.Subject.IsUploads() {
		return // the list is of many homes; who is on it says so
	}
	a := n.byKey[now.EpisodeKey]
	f, ok := n.heard[heard{now.EpisodeKey, now.Severity, false}]
	if !ok && c != nil && c.Episode.Equal(now.Episode) { // a finding of the engine itself
		f.Finding = alerting.Finding{FoundAt: c.FoundAt, KnownAt: c.KnownAt, Evidence: c.Evidence, Rule: c.Rule}
	}
	switch {
	case a == nil:
		a = &Alert{
			Device: n.deviceOf(now.Subject, &f), Kind: now.Kind, Severity: now.Severity, Since: now.Episode.UTC(),
			FoundAt: f.FoundAt.UTC(), KnownAt: f.KnownAt.UTC(), Evidence: f.Evidence, Rule: f.Rule, home: n.home, subject: now.Subject,
		}
		if f.Listed {
			a.Listed, a.Into = true, alerting.KindDataOutage
		}
		if n.home.Resident != nil {
			a.Resident = n.home.Resident.ID
		}
		if c != nil && c.Kind != now.Kind {
			a.Into = c.Kind
		}
		n.byKey[now.EpisodeKey] = a
		n.alerts = append(n.alerts, a)
	case before != nil && now.Severity.Above(before.Severity):
		if a.Listed {
			a.Into = "" // by itself from now on
		}
		a.Stages = append(a.Stages, Stage{now.Severity, f.FoundAt.UTC(), f.KnownAt.UTC()})
	}
	if now.Recovered && (before == nil || !before.Recovered) {
		for _, s := range []alerting.Severity{now.Severity, alerting.Red, alerting.Orange, alerting.Yellow, alerting.Blue, ""} {
			if f, ok := n.heard[heard{now.EpisodeKey, s, true}]; ok {
				a.ended = f.FoundAt.UTC()
				break
			}
		}
	}
}

func (n *notes) deviceOf(s alerting.Subject, f *finding) string {
	id := f.device
	if id == "" && s.Type == alerting.SubjectDevice {
		id = devices.DeviceID(s.ID)
	}
	for i := range n.home.Devices {
		if n.home.Devices[i].ID == id {
			return n.home.Devices[i].Name
		}
	}
	return n.home.Devices[0].Name
}

// ear stands before a detector and notes what it says.
type ear struct {
	alerting.Detector
	n *notes
}

// sleeper is one before a detector that need not see every tick.
type sleeper struct {
	ear
	alerting.Sleeper
}

// Observe implements alerting.Detector.
func (e *ear) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	found := e.Detector.Observe(v, r)
	if len(found) > 0 {
		e.n.hear(v, r.Device, found)
	}
	return found
}

// Notice implements alerting.Detector.
func (e *ear) Notice(v *alerting.View, ev devices.Event) []alerting.Finding {
	found := e.Detector.Notice(v, ev)
	if len(found) > 0 {
		e.n.hear(v, ev.Device, found)
	}
	return found
}

// Tick implements alerting.Detector.
func (e *ear) Tick(v *alerting.View) []alerting.Finding {
	found := e.Detector.Tick(v)
	if len(found) > 0 {
		e.n.hear(v, "", found)
	}
	return found
}
