package alerting

import (
	"cmp"
	"slices"
	"time"

	"shouwang/devices"
)

// Many devices that fail at once have one cause: a gateway, a carrier, a power
// cut, a vendor's server. Their alerts become one outage, so that the board has
// one row for it, and what the outage stands for is kept as its members. All of
// it is worked out from what SQL holds, in the transaction of the findings: there
// is nothing here that a restart could forget.

// storms are the outages and the alerts of devices in one transaction.
type storms struct {
	outages []*Case // not closed
	// singles are the open alerts of devices that may be part of a storm, and
	// folded the members that have joined an outage since then, once read.
	singles []*Case
	folded  []Member
	read    bool
	since   time.Time
	changed map[string]*outageChange
}

// outageChange is what one transaction has done to an outage.
type outageChange struct {
	c            *Case
	joined, back int
	opened       bool
	rings        bool
}

func ofDevice(k Kind) bool { info, _ := k.Info(); return info.Subject == SubjectDevice }

// hold keeps a new finding about a device until all of the transaction are known:
// ten that come together are one event and not ten.
func (f *fold) hold(j *judged) error {
	if f.rules.Storm.Devices == 0 || !ofDevice(j.Kind) || j.Subject.Type != SubjectDevice || j.late {
		return f.open(j)
	}
	f.fresh = append(f.fresh, j)
	if f.held == nil {
		f.held = map[about]bool{}
	}
	f.held[about{j.Subject, j.Kind}] = true
	return nil
}

type about struct {
	subject Subject
	kind    Kind
}

// gather folds the held findings: into an outage that is there, into one that
// they begin, or each by itself.
func (f *fold) gather() error {
	fresh := f.fresh
	f.fresh, f.held = nil, nil
	if len(fresh) == 0 {
		return nil
	}
	newest := fresh[0].KnownAt
	for _, j := range fresh {
		newest = maxTime(newest, j.KnownAt)
	}
	if err := f.look(newest.Add(-f.rules.Storm.Window)); err != nil {
		return err
	}
	var left []*judged
	for _, j := range fresh {
		if c := f.taking(j); c != nil {
			if err := f.enter(c, j.member()); err != nil {
				return err
			}
			continue
		}
		left = append(left, j)
	}
	for {
		g, ok, err := f.brewing(left)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		rest, err := f.outage(g, left)
		if err != nil {
			return err
		}
		left = rest
	}
	for _, j := range left {
		if j.Listed {
			if listed, err := f.list(j); listed || err != nil {
				if err != nil {
					return err
				}
				continue
			}
		}
		if err := f.open(j); err != nil {
			return err
		}
	}
	return nil
}

// look reads what a storm is made of.
func (f *fold) look(since time.Time) error {
	if f.storms.changed == nil {
		f.storms.changed = map[string]*outageChange{}
	}
	s := &f.storms
	s.since, s.folded, s.read = since, nil, false
	var err error
	if s.outages, err = f.tx.OpenOutages(); err != nil {
		return err
	}
	for i, c := range s.outages {
		if ch := s.changed[c.ID]; ch != nil {
			s.outages[i] = ch.c
		}
	}
	if s.singles, err = f.tx.OpenOfDevices(since); err != nil {
		return err
	}
	s.singles = slices.DeleteFunc(s.singles, func(c *Case) bool { return !ofDevice(c.Kind) || c.Late || c.RecoveredAt != nil })
	return nil
}

// joined are the members that have joined an outage within the window.
func (f *fold) joined() ([]Member, error) {
	s := &f.storms
	if s.read {
		return s.folded, nil
	}
	s.folded, s.read = nil, true
	for _, c := range s.outages {
		members, err := f.tx.Members(c.ID)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			if !m.Back && !m.KnownAt.Before(s.since) && ofDevice(m.Kind) {
				s.folded = append(s.folded, m)
			}
		}
	}
	return s.folded, nil
}

// taking is the outage that the finding belongs to, nil for none: one that goes on
// around the device, and of which others have said the same, or all within the
// window.
func (f *fold) taking(j *judged) *Case {
	for _, scope := range scopes {
		g, ok := groupOf(scope, j.area, devices.DeviceID(j.Subject.ID))
		if !ok {
			continue
		}
		for _, c := range f.storms.outages {
			if c.Subject != g.subject() || c.RecoveredAt != nil || c.State == Closed {
				continue
			}
			if c.hasKind(j.Kind) || j.KnownAt.Sub(c.KnownAt) <= f.rules.Storm.Window {
				return c
			}
		}
	}
	return nil
}

func (c *Case) hasKind(k Kind) bool {
	switch kinds := c.Evidence["kinds"].(type) {
	case map[Kind]int:
		return kinds[k] > 0
	case map[string]any: // as it came from JSON
		_, ok := kinds[string(k)]
		return ok
	}
	return false
}

// brewing is the group in which enough devices have failed: the narrowest, unless
// as many again lie around it. Half of them may be part of another outage already.
func (f *fold) brewing(left []*judged) (best group, found bool, err error) {
	s, enough := &f.storms, f.rules.Storm.Devices
	fresh := (enough + 1) / 2
	if len(left) == 0 || len(left)+len(s.singles) < fresh {
		return best, false, nil
	}
	folded, err := f.joined()
	if err != nil {
		return best, false, err
	}
	var members []Member
	for _, j := range left {
		members = append(members, j.member())
	}
	for _, c := range s.singles {
		members = append(members, c.member())
	}
	count := func(in group, not *group, also []Member) int {
		seen := map[Subject]bool{}
		for _, list := range [][]Member{members, also} {
			for i := range list {
				m := &list[i]
				if in.holds(m.Area, m.device()) && (not == nil || !not.holds(m.Area, m.device())) {
					seen[m.Subject] = true
				}
			}
		}
		return len(seen)
	}
	for n, scope := range scopes {
		for i := range left {
			g, ok := groupOf(scope, members[i].Area, members[i].device())
			if !ok || found && cmp.Or(cmp.Compare(g.area, best.area), cmp.Compare(g.vendor, best.vendor)) >= 0 {
				continue
			}
			if count(g, nil, nil) >= fresh && count(g, nil, folded) >= enough {
				best, found = g, true
			}
		}
		if !found {
			continue
		}
		for _, wider := range scopes[n+1:] {
			for i := range left {
				if !best.holds(members[i].Area, members[i].device()) {
					continue
				}
				if g, ok := groupOf(wider, members[i].Area, members[i].device()); ok && count(g, &best, folded) >= enough {
					best = g
					break
				}
			}
		}
		return best, true, nil
	}
	return best, false, nil
}

// outage opens the outage of a group, or lets one that was over ring again, and
// returns who is not part of it.
func (f *fold) outage(g group, left []*judged) (rest []*judged, err error) {
	s := &f.storms
	var members []Member
	rest = make([]*judged, 0, len(left))
	for _, j := range left {
		if g.holds(j.area, devices.DeviceID(j.Subject.ID)) {
			members = append(members, j.member())
		} else {
			rest = append(rest, j)
		}
	}
	var singles []*Case
	kept := s.singles[:0]
	for _, c := range s.singles {
		if !g.holds(c.Area, devices.DeviceID(c.Subject.ID)) {
			kept = append(kept, c)
			continue
		}
		visits, err := f.tx.VisitsOf(c.ID)
		if err != nil {
			return nil, err
		}
		if c.State == Dispatched || c.State == Visited || underWay(visits) {
			continue // somebody is at it, and says how it ended
		}
		singles = append(singles, c)
		members = append(members, c.member())
	}
	s.singles = kept
	c := s.outageOf(g.subject())
	if c == nil {
		c = f.newOutage(g, members)
		s.outages = append(s.outages, c)
	} else {
		c.RecoveredAt = nil
		c.Episode = f.freeEpisode(c.Episode, members)
		f.change(c).rings = true
	}
	for _, m := range members {
		if err := f.enter(c, m); err != nil {
			return nil, err
		}
	}
	if err := f.flush(c); err != nil { // the one is on the board before the many go
		return nil, err
	}
	for _, single := range singles {
		if err := f.duplicate(single, c); err != nil {
			return nil, err
		}
	}
	return rest, f.swallow(g, c)
}

func (s *storms) outageOf(subject Subject) *Case {
	for _, c := range s.outages {
		if c.Subject == subject && c.State != Closed {
			return c
		}
	}
	return nil
}
