package alerting

import (
	"strings"
	"time"

	"shouwang/devices"
)

// Of the meters that upload once a night one in some thirty does so a night later.
// Somebody phones those residents, but none of them is an alert yet: the missing
// uploads of a town's night are one case, with the round of calls of an outage. Who
// is still missing when it gets worse has an alert of their own.

// uploadsList begins the subject of such a case; its local date and town follow.
const uploadsList = "uploads:"

// IsUploads says whether the subject is the missing uploads of a night.
func (s Subject) IsUploads() bool {
	return s.Type == SubjectSystem && strings.HasPrefix(s.ID, uploadsList)
}

// list puts a finding on the list of its town and day, and says whether there is
// one: a device that lies in no town has none.
func (f *fold) list(j *judged) (bool, error) {
	g, ok := groupOf(ScopeTown, j.area, devices.DeviceID(j.Subject.ID))
	if !ok {
		return false, nil
	}
	day := j.KnownAt.UTC().Add(f.rules.Vitals.UTCOffset).Format(time.DateOnly)
	subject, m := Subject{SubjectSystem, uploadsList + day + "@" + string(g.area)}, j.member()
	c := f.storms.outageOf(subject)
	switch {
	case c == nil:
		c = f.newShared(subject, g.area, Blue, []Member{m}, map[string]any{"cause": "uploads", "scope": string(ScopeTown)}, "uploads")
		f.storms.outages = append(f.storms.outages, c)
	case c.RecoveredAt != nil:
		c.RecoveredAt = nil
		c.Episode = f.freeEpisode(c.Episode, []Member{m})
		f.change(c).rings = true
	}
	if err := f.enter(c, m); err != nil {
		return true, err
	}
	if err := f.swell(c); err != nil || !f.change(c).opened {
		return true, err
	}
	return true, f.flush(c) // it may be asked for before the transaction ends
}

// swell makes a list orange when as many come at once as make an outage.
func (f *fold) swell(c *Case) error {
	r := &f.rules.Storm
	if c.Severity != Blue {
		return nil
	}
	members, err := f.tx.Members(c.ID)
	if err != nil {
		return err
	}
	n := 0
	for i := range members {
		if !members[i].Back && members[i].KnownAt.After(c.KnownAt.Add(-r.Window)) {
			n++
		}
	}
	if n < r.Devices {
		return nil
	}
	c.withEvidence("at_least", r.Devices)
	c.withEvidence("within_min", r.Window.Minutes())
	c.rise(Orange, f.now, f.of(c))
	f.change(c).rings = true
	return nil
}

// leave takes what became worse off its list, and says whether it was on one. An
// outage keeps its own.
func (f *fold) leave(c *Case, j *judged) (bool, error) {
	if !c.Subject.IsUploads() || c.Severity != Blue || !c.standsFor(j) {
		return false, nil
	}
	m, ok, err := f.tx.Member(c.ID, j.Subject, j.Kind)
	if err != nil {
		return false, err
	}
	if ok && !m.Back {
		m.Back = true
		if err := f.tx.PutMember(c.ID, m); err != nil {
			return false, err
		}
		if ch := f.storms.changed[c.ID]; ch != nil {
			c = ch.c
		}
		f.change(c).back++
	}
	return true, nil
}
