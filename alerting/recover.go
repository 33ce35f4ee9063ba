package alerting

import "time"

// recover handles the end of a known episode.
func (f *fold) recover(j *judged, ep Episode) error {
	if ep.Recovered {
		return nil
	}
	ep.Recovered = true
	if err := f.tx.PutEpisode(ep); err != nil {
		return err
	}
	c, err := f.tx.Alert(ep.Alert)
	if err != nil {
		return err
	}
	if c.standsFor(j) {
		return f.memberBack(c, j)
	}
	if ch := f.storms.changed[c.ID]; ch != nil {
		c = ch.c
		if err := f.flush(c); err != nil {
			return err
		}
	}
	if c.State == Closed || c.RecoveredAt != nil {
		return nil
	}
	if whole, err := f.whole(c, j); !whole || err != nil {
		return err
	}
	at := j.KnownAt
	c.RecoveredAt = &at
	data := map[string]any{"found_at": j.FoundAt}
	if len(j.Evidence) > 0 {
		data["because"] = j.Evidence
	}
	if !j.FoundAt.After(c.FoundAt) && c.tells(j) {
		// What came later tells of before it was found: it never was so.
		data["retracted"] = true
		c.withEvidence("retracted", true)
	}
	if err := f.event(AlertRecovered, c, data); err != nil {
		return err
	}
	if c.Subject.IsVillageWater() {
		if err := f.alone(c); err != nil {
			return err
		}
	}
	info, _ := c.Kind.Info()
	if !info.SelfClose || c.State == Dispatched || c.State == Visited {
		return nil // somebody is on the way and says how it ended
	}
	visits, err := f.tx.VisitsOf(c.ID)
	if err != nil || underWay(visits) {
		return err
	}
	if keep, err := f.restless(c); keep || err != nil {
		return err
	}
	c.end(Recovered, f.now)
	return f.event(AlertClosed, c, map[string]any{"outcome": Recovered})
}

// raise brings back a closed case of which nothing has changed. what is how
// things stand with its subject now; reached says that the resident was reached
// since it closed.
func (f *fold) raise(old *Case, now time.Time, what *place, reached func(resident string, since time.Time) bool) error {
	if old.State != Closed || old.RaiseAt.IsZero() || old.RaiseAt.After(now) {
		return nil
	}
	ep, known, err := f.tx.Episode(EpisodeKey{old.Subject, old.Kind, old.Episode})
	if err != nil {
		return err
	}
	other, err := f.isOpen(old)
	if err != nil {
		return err
	}
	changed := !known || ep.Recovered || ep.Alert != old.ID || other || what == nil || what.away ||
		old.Resident != nil && reached(old.Resident.ID, *old.ClosedAt)
	if changed {
		return f.settle(old)
	}
	if err := f.settle(old); err != nil {
		return err
	}
	c := &Case{Alert: old.Alert, Provider: what.provider, Episode: old.Episode}
	c.ID, c.State, c.Severity, c.Late, c.Frozen = newID(), Open, ep.Severity, false, ""
	// A device may have come to somebody else meanwhile.
	c.Resident, c.Area, c.OpenedAt, c.RangAt = what.ref(), what.area, f.now, f.now
	c.Escalation = 0
	c.AckedAt, c.ClosedAt, c.Assignee, c.Outcome, c.Visit = nil, nil, nil, nil, nil
	n, _ := old.counted("raised_again")
	c.withEvidence("raised_again", n+1)
	c.withEvidence("previous", old.ID)
	if !f.hush(c, now) {
		c.startClock(f.now, f.of(c))
	}
	if err := f.add(c); err != nil || c.Kind != KindDataOutage {
		return err
	}
	if err := f.tx.MoveEpisodes(old.ID, c.ID); err != nil { // what it stands for
		return err
	}
	if c.NextCall, err = f.tx.NextCall(c.ID); err != nil || c.NextCall == nil {
		return err
	}
	return f.tx.PutAlert(c)
}
