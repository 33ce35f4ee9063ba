package alerting

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"shouwang/devices"
)

// samePress is how far apart two packets of one SOS or fall may be: bands
// repeat the packet until it is acknowledged.
const samePress = 60 * time.Second

// judged is a finding with what held about its subject when it was found.
type judged struct {
	Finding
	resident *ResidentRef
	area     devices.AreaPath
	provider string
	late     bool
	at       time.Time // of receipt
	// band says that it is about a wristband whose wearer is not of tier red.
	band bool
}

func (j *judged) key() EpisodeKey { return EpisodeKey{j.Subject, j.Kind, j.Episode} }

// fold turns findings into alerts inside one transaction. Findings met again
// change nothing, whatever people have done to the alert meanwhile.
type fold struct {
	tx    Tx
	now   time.Time
	rules *Rules             // of the whole service
	of    func(*Case) *terms // of a case
	// silenced is Book.Silenced.
	silenced func(Subject, *ResidentRef, Kind, time.Time) (SilenceRef, bool)
	opened   []opening // for the counters, once committed

	// fresh are new findings about devices, held back until all are known; held
	// tells of which subjects and kinds.
	fresh  []*judged
	held   map[about]bool
	storms storms
}

type opening struct {
	kind     Kind
	severity Severity
}

func (f *fold) event(t EventType, c *Case, data map[string]any) error {
	if err := f.tx.PutAlert(c); err != nil {
		return err
	}
	return addChange(f.tx, Change{Type: t, At: f.now, Case: c, Actor: System(), Data: data}, f.of, NoticeOpened)
}

// take folds one finding.
func (f *fold) take(j *judged) error {
	if f.now.Sub(j.FoundAt) > f.rules.Late {
		j.late = true // read late ourselves
	}
	if f.held[about{j.Subject, j.Kind}] {
		if err := f.gather(); err != nil {
			return err
		}
	}
	ep, known, err := f.tx.Episode(j.key())
	if err != nil {
		return err
	}
	switch {
	case j.Recovered && known:
		return f.recover(j, ep)
	case j.Recovered:
		return nil // over before anybody was told
	case j.More && known:
		return f.more(j, ep)
	case j.More:
		return nil
	case known:
		return f.again(j, ep)
	}
	info, _ := j.Kind.Info()
	if info.Urgent {
		same, err := f.isRepeated(j)
		if same || err != nil {
			return err
		}
	}
	c, ok, err := f.tx.OpenAlert(j.Subject, j.Kind)
	if err != nil {
		return err
	}
	if ok {
		return f.join(j, c, info)
	}
	for _, part := range []func(*judged) (bool, error){f.dry, f.fuse, f.fuseBand} {
		if joined, err := part(j); joined || err != nil {
			return err
		}
	}
	return f.hold(j)
}

// isRepeated says whether an SOS or fall is another packet of one we know. What
// comes after its alert was closed is a new cry for help, however soon.
func (f *fold) isRepeated(j *judged) (bool, error) {
	near, err := f.tx.EpisodesBetween(j.Subject, j.Kind, j.Episode.Add(-samePress), j.Episode.Add(samePress))
	if err != nil {
		return false, err
	}
	for _, ep := range near {
		c, err := f.tx.Alert(ep.Alert)
		if err != nil {
			return false, err
		}
		if c.ClosedAt == nil || !j.KnownAt.After(*c.ClosedAt) {
			return true, nil
		}
	}
	return false, nil
}

// more adds to the alert of an episode what became of it.
func (f *fold) more(j *judged, ep Episode) error {
	c, err := f.tx.Alert(ep.Alert)
	if err != nil {
		return err
	}
	if c.State == Closed || !c.tells(j) || !c.Episode.Equal(j.Episode) || !j.FoundAt.After(c.followedAt()) {
		return nil
	}
	c.withEvidence("followed_at", j.FoundAt)
	for k, v := range j.Evidence {
		c.withEvidence(k, v)
	}
	data := map[string]any{"more": j.Evidence}
	if j.Rings && (c.State == Open || c.State == Acknowledged) && !c.Late && c.Silenced == nil {
		c.ring(f.now, f.of(c))
		data["rings"] = true
	}
	return f.event(AlertUpdated, c, data)
}

// again handles an episode we know: only a higher severity changes anything.
func (f *fold) again(j *judged, ep Episode) error {
	if !j.Severity.Above(ep.Severity) {
		return nil
	}
	ep.Severity = j.Severity
	c, err := f.tx.Alert(ep.Alert)
	if err != nil {
		return err
	}
	if c.State == Closed {
		if !j.KnownAt.After(*c.ClosedAt) {
			return f.tx.PutEpisode(ep) // whoever closed it has seen later than this
		}
		open, ok, err := f.tx.OpenAlert(j.Subject, j.Kind)
		if err != nil {
			return err
		}
		if !ok {
			return f.replace(j, c)
		}
		c, ep.Alert = open, open.ID
	}
	if err := f.tx.PutEpisode(ep); err != nil {
		return err
	}
	if c.standsFor(j) && j.Severity == Red && !ofDevice(j.Kind) {
		return f.out(j)
	}
	if left, err := f.leave(c, j); left || err != nil {
		if err != nil {
			return err
		}
		return f.open(j)
	}
	if c.standsFor(j) || !j.Severity.Above(c.Severity) {
		return nil
	}
	from := c.Severity
	c.Late = c.Late && j.late
	c.adopt(j)
	c.rise(j.Severity, f.now, f.of(c))
	return f.event(AlertUpdated, c, map[string]any{"severity_from": from, "severity_to": c.Severity})
}

// join puts a new episode on the open alert of its subject and kind. The alert's
// severity never sinks while it is open.
func (f *fold) join(j *judged, c *Case, info KindInfo) error {
	flaps, damped, err := f.flapping(j, c)
	if err != nil {
		return err
	}
	ep := Episode{EpisodeKey: j.key(), Alert: c.ID, Severity: j.Severity}
	if err := f.tx.PutEpisode(ep); err != nil {
		return err
	}
	past := j.Episode.Before(c.Episode)
	data := map[string]any{"episode": j.Episode}
	ringing := false
	switch {
	case past && !info.Urgent:
		data["past"] = true // an upload told of it late; newer things are known
	case c.RecoveredAt != nil:
		c.RecoveredAt, c.Since = nil, j.Episode
		if c.Late != j.late {
			c.Late, c.ClockAt = j.late, time.Time{} // the clock is set anew below
		}
		ringing = true
	case c.Late && !j.late:
		c.Late, c.ClockAt = false, time.Time{}
		ringing = true
	case info.Urgent:
		ringing = !j.late
	}
	c.adopt(j)
	if flaps > 1 {
		c.flapped(flaps, f.of(c))
		data["flaps"] = flaps
	}
	if info.Urgent {
		n, ok := c.counted("count")
		if !ok {
			n = 1
		}
		c.withEvidence("count", n+1)
	}
	if j.Severity.Above(c.Severity) {
		data["severity_from"], data["severity_to"] = c.Severity, j.Severity
		c.rise(j.Severity, f.now, f.of(c))
	}
	switch {
	case !ringing:
	case f.hush(c, j.at):
		c.State, c.AckedAt, c.AckedBy, c.Escalation = Open, nil, "", 0
		data["silence"] = c.Silenced.ID
	case damped:
		data["damped"] = true
	default:
		c.ring(f.now, f.of(c))
		data["rings"] = !c.Late
	}
	return f.event(AlertUpdated, c, data)
}

// open opens a new alert for the finding.
func (f *fold) open(j *judged) error {
	c := f.caseOf(j)
	if err := f.add(c); err != nil || !c.Subject.IsVillageWater() {
		return err
	}
	return f.takeDry(c)
}

// caseOf is a new case for the finding.
func (f *fold) caseOf(j *judged) *Case {
	c := &Case{
		Alert: Alert{
			ID: newID(), Kind: j.Kind, Severity: j.Severity, State: Open, Late: j.late,
			Subject: j.Subject, Resident: j.resident, Area: j.area,
			Since: j.Episode, OpenedAt: f.now, RangAt: f.now,
		},
		Provider: j.provider,
	}
	c.adopt(j)
	if !f.hush(c, j.at) {
		c.startClock(f.now, f.of(c))
	}
	return c
}

// add writes a new case, its episode and its event.
func (f *fold) add(c *Case) error {
	// The alert first: the episode refers to it.
	if err := f.event(AlertOpened, c, f.opening(c)); err != nil {
		return err
	}
	f.opened = append(f.opened, opening{c.Kind, c.Severity})
	return f.tx.PutEpisode(Episode{
		EpisodeKey: EpisodeKey{c.Subject, c.Kind, c.Episode}, Alert: c.ID, Severity: c.Severity,
	})
}

// replace opens a new alert for the finding in the place of a closed one.
func (f *fold) replace(j *judged, old *Case) error {
	n := 0
	if old.tells(j) { // else the episode was merged into it, and it may come back by itself
		if err := f.settle(old); err != nil {
			return err
		}
		n, _ = old.counted("raised_again")
	}
	j.Evidence = maps.Clone(j.Evidence)
	if j.Evidence == nil {
		j.Evidence = map[string]any{}
	}
	j.Evidence["raised_again"], j.Evidence["previous"] = n+1, old.ID
	if joined, err := f.fuse(j); joined || err != nil {
		return err
	}
	return f.hold(j)
}

// settle makes a closed case stay closed.
func (f *fold) settle(c *Case) error {
	if c.RaiseAt.IsZero() {
		return nil
	}
	c.RaiseAt = time.Time{}
	return f.tx.PutAlert(c)
}

// newID makes the id of an alert or a visit. It grows with time, which is kind
// to the index.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
