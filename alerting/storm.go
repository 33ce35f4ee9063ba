package alerting

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"shouwang/devices"
)

// Many devices that fail at once have one cause: a gateway, a carrier, a power
// cut, a vendor's server. Their alerts become one outage, so that the board has
// one row for it, and what the outage stands for is kept as its members. All of
// it is worked out from what SQL holds, in the transaction of the findings: there
// is nothing here that a restart could forget.

// group is where a cause may be. With a vendor it is that vendor's devices in the
// county, else all devices of a village or a town. The registry knows neither
// gateways nor carriers nor batches; what it will know becomes a group here.
type group struct {
	scope  Scope
	area   devices.AreaPath
	vendor string
}

// Scope is how far an outage reaches.
type Scope string

// The scopes, narrowest first.
const (
	ScopeVillage Scope = "village"
	ScopeTown    Scope = "town"
	ScopeVendor  Scope = "vendor"
)

var scopes = [...]Scope{ScopeVillage, ScopeTown, ScopeVendor}

// groupOf is the group of one scope that a device in the area is in, false for
// none: a depot at the town lies in no village.
func groupOf(scope Scope, area devices.AreaPath, d devices.DeviceID) (group, bool) {
	g := group{scope: scope}
	depth := map[Scope]int{ScopeVillage: 3, ScopeTown: 2, ScopeVendor: 1}[scope]
	if scope == ScopeVendor {
		if g.vendor = d.Vendor(); g.vendor == "" {
			return g, false
		}
	}
	end := 0
	for range depth {
		if end > len(area) {
			return g, false
		}
		i := strings.IndexByte(string(area[end:]), '/')
		if i < 0 {
			i = len(area) - end
		}
		end += i + 1
	}
	g.area = area[:end-1]
	return g, g.area != ""
}

func (g group) holds(area devices.AreaPath, d devices.DeviceID) bool {
	return g.area.Contains(area) && (g.vendor == "" || g.vendor == d.Vendor())
}

// The subjects of outages that are no area's alone say where they are behind the
// first mark.
const (
	vendorOutage = "vendor:"
	waterOutage  = "water:"
)

func (g group) subject() Subject {
	if g.vendor != "" {
		return Subject{SubjectSystem, vendorOutage + g.vendor + "@" + string(g.area)}
	}
	return Subject{SubjectArea, string(g.area)}
}

// areaOf is where an outage of the system is, "" for what is nowhere.
func areaOf(s Subject) devices.AreaPath {
	if rest, ok := strings.CutPrefix(s.ID, vendorOutage); ok {
		_, area, _ := strings.Cut(rest, "@")
		return devices.AreaPath(area)
	}
	if area, ok := strings.CutPrefix(s.ID, waterOutage); ok {
		return devices.AreaPath(area)
	}
	return ""
}

// groupOfOutage is that of a case, false when it is no storm's.
func groupOfOutage(c *Case) (group, bool) {
	scope, _ := c.Evidence["scope"].(string)
	vendor, _ := c.Evidence["vendor"].(string)
	g := group{Scope(scope), c.Area, vendor}
	return g, slices.Contains(scopes[:], g.scope) && g.subject() == c.Subject
}

// Member is one alert that an outage stands for.
type Member struct {
	Subject  Subject
	Kind     Kind
	Episode  time.Time
	Resident *ResidentRef
	Area     devices.AreaPath
	Provider string
	Severity Severity
	Rule     RuleRef
	FoundAt  time.Time
	KnownAt  time.Time
	Evidence map[string]any
	// Back says that the episode is over.
	Back bool
}

// MemberCounts are an outage's members in numbers. A subject is back when all it
// is a member with is over.
type MemberCounts struct {
	Subjects, Back    int
	Residents, Called int
	Kinds             map[Kind]int
	Since             time.Time // start of the first episode
}

func (j *judged) member() Member {
	return Member{
		Subject: j.Subject, Kind: j.Kind, Episode: j.Episode, Resident: j.resident, Area: j.area, Provider: j.provider,
		Severity: j.Severity, Rule: j.Rule, FoundAt: j.FoundAt, KnownAt: j.KnownAt, Evidence: j.Evidence,
	}
}

func (c *Case) member() Member {
	return Member{
		Subject: c.Subject, Kind: c.Kind, Episode: c.Episode, Resident: c.Resident, Area: c.Area, Provider: c.Provider,
		Severity: c.Severity, Rule: c.Rule, FoundAt: c.FoundAt, KnownAt: c.KnownAt, Evidence: c.Evidence,
	}
}

func (m *Member) device() devices.DeviceID { return devices.DeviceID(m.Subject.ID) }

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

func (f *fold) newOutage(g group, members []Member) *Case {
	c := &Case{Alert: Alert{
		ID: newID(), Kind: KindDataOutage, Severity: Orange, State: Open,
		Subject: g.subject(), Area: g.area, OpenedAt: f.now, RangAt: f.now,
		Evidence: map[string]any{
			"cause": "storm", "scope": string(g.scope), "at_least": f.rules.Storm.Devices, "within_min": f.rules.Storm.Window.Minutes(),
		},
		Rule: RuleRef{ID: "storm", Version: f.rules.Version},
	}}
	if g.vendor != "" {
		c.Evidence["vendor"] = g.vendor
	}
	c.Provider = members[0].Provider
	for _, m := range members {
		if m.Provider != c.Provider {
			c.Provider = ""
		}
		c.FoundAt = maxTime(c.FoundAt, m.FoundAt)
	}
	c.Episode = f.freeEpisode(time.Time{}, members)
	c.startClock(f.now, f.of(c))
	f.opened = append(f.opened, opening{c.Kind, c.Severity})
	f.change(c).opened = true
	return c
}

// freeEpisode is when the outage was known, by its newest member.
func (*fold) freeEpisode(at time.Time, members []Member) time.Time {
	for _, m := range members {
		at = maxTime(at, m.KnownAt)
	}
	return at.UTC().Truncate(time.Microsecond)
}

func (f *fold) change(c *Case) *outageChange {
	if f.storms.changed == nil {
		f.storms.changed = map[string]*outageChange{}
	}
	ch := f.storms.changed[c.ID]
	if ch == nil {
		ch = &outageChange{c: c}
		f.storms.changed[c.ID] = ch
	}
	return ch
}

// enter makes something a member of the outage.
func (f *fold) enter(c *Case, m Member) error {
	if err := f.tx.PutMember(c.ID, m); err != nil {
		return err
	}
	c.KnownAt = maxTime(c.KnownAt, m.KnownAt)
	if c.Provider != m.Provider {
		c.Provider = "" // it concerns residents of another one too
	}
	f.change(c).joined++
	f.storms.read = false
	return f.tx.PutEpisode(Episode{
		EpisodeKey: EpisodeKey{m.Subject, m.Kind, m.Episode}, Alert: c.ID, Severity: m.Severity,
	})
}

// swallow merges into the outage of a group those that lie within it.
func (f *fold) swallow(g group, into *Case) error {
	for _, c := range f.storms.outages {
		in, ok := groupOfOutage(c)
		if c.ID == into.ID || !ok || c.State != Open && c.State != Acknowledged || !g.area.Contains(in.area) {
			continue
		}
		members, err := f.tx.Members(c.ID)
		if err != nil {
			return err
		}
		outside := slices.ContainsFunc(members, func(m Member) bool { return !g.holds(m.Area, m.device()) })
		visits, err := f.tx.VisitsOf(c.ID)
		if err != nil {
			return err
		}
		if outside || underWay(visits) {
			continue
		}
		if err := f.duplicate(c, into); err != nil {
			return err
		}
		delete(f.storms.changed, c.ID)
		f.change(into).joined += len(members)
		if err := f.flush(into); err != nil {
			return err
		}
	}
	return nil
}

// duplicate closes the case as part of another, which has its episodes from now
// on.
func (f *fold) duplicate(c, into *Case) error {
	if err := f.tx.MoveEpisodes(c.ID, into.ID); err != nil {
		return err
	}
	c.end(Duplicate, f.now)
	c.MergedInto = into.ID
	return f.event(AlertClosed, c, map[string]any{"outcome": Duplicate, "into": into.ID})
}

// memberBack notes that a member's episode is over.
func (f *fold) memberBack(c *Case, j *judged) error {
	m, ok, err := f.tx.Member(c.ID, j.Subject, j.Kind)
	if err != nil || !ok || m.Back || !m.Episode.Equal(j.Episode) {
		return err
	}
	m.Back = true
	if err := f.tx.PutMember(c.ID, m); err != nil {
		return err
	}
	if ch := f.storms.changed[c.ID]; ch != nil {
		c = ch.c
	}
	f.change(c).back++
	c.withEvidence("back_at", j.KnownAt)
	return nil
}

// finish folds what was held and writes the outages that have changed.
func (f *fold) finish() error {
	if err := f.gather(); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(f.storms.changed)) {
		if err := f.flush(f.storms.changed[id].c); err != nil {
			return err
		}
	}
	return nil
}

// flush writes an outage that has changed, and ends it when its devices speak
// again.
func (f *fold) flush(c *Case) error {
	ch := f.storms.changed[c.ID]
	if ch == nil {
		return nil
	}
	delete(f.storms.changed, c.ID)
	n, err := f.tx.MemberCounts(c.ID)
	if err != nil {
		return err
	}
	c.counts(n)
	if c.State == Closed {
		return f.closedOutage(c, n)
	}
	t, data := AlertUpdated, map[string]any{"joined": ch.joined, "back": ch.back}
	switch {
	case ch.opened:
		t, data = AlertOpened, map[string]any{"severity": c.Severity, "late": false}
	case ch.rings:
		c.ring(f.now, f.of(c))
		data["rings"] = true
	}
	if err := f.event(t, c, data); err != nil {
		return err
	}
	if ch.opened || ch.rings {
		if err := f.tx.PutEpisode(Episode{EpisodeKey: EpisodeKey{c.Subject, c.Kind, c.Episode}, Alert: c.ID, Severity: c.Severity}); err != nil {
			return err
		}
	}
	if c.RecoveredAt != nil || !f.over(c, n) {
		return nil
	}
	return f.endOutage(c)
}

// counts shows the members in the evidence, as numbers.
func (c *Case) counts(n MemberCounts) {
	if _, storm := groupOfOutage(c); storm {
		c.withEvidence("devices_n", n.Subjects)
		c.Since = n.Since
	}
	c.withEvidence("back_n", n.Back)
	c.withEvidence("residents_n", n.Residents)
	c.withEvidence("called_n", n.Called)
	kinds := map[string]any{}
	for k, count := range n.Kinds {
		kinds[string(k)] = count
	}
	c.withEvidence("kinds", kinds)
}

// over says whether a storm has passed: most of its devices speak again, and so
// few do not that each can be an alert of its own.
func (f *fold) over(c *Case, n MemberCounts) bool {
	if _, storm := groupOfOutage(c); !storm || n.Subjects == 0 {
		return false
	}
	r := &f.rules.Storm
	missing := n.Subjects - n.Back
	return missing == 0 || float64(n.Back) >= r.Back*float64(n.Subjects) && missing < max(r.Devices, 1)
}

// endOutage marks the outage recovered and closes it unless somebody is at it.
// Whoever is not back has an alert of their own from now on.
func (f *fold) endOutage(c *Case) error {
	at := c.KnownAt
	if back, ok := c.backAt(); ok {
		at = back
	}
	c.RecoveredAt = &at
	if err := f.episodeOver(c); err != nil {
		return err
	}
	if err := f.event(AlertRecovered, c, map[string]any{"found_at": at}); err != nil {
		return err
	}
	visits, err := f.tx.VisitsOf(c.ID)
	if err != nil {
		return err
	}
	if c.State != Dispatched && c.State != Visited && !underWay(visits) {
		c.end(Recovered, f.now)
		if err := f.event(AlertClosed, c, map[string]any{"outcome": Recovered}); err != nil {
			return err
		}
	}
	return f.alone(c)
}

func (c *Case) backAt() (time.Time, bool) {
	switch at := c.Evidence["back_at"].(type) {
	case time.Time:
		return at, true
	case string: // as it came from JSON
		t, err := time.Parse(time.RFC3339Nano, at)
		return t, err == nil
	}
	return time.Time{}, false
}

func (f *fold) episodeOver(c *Case) error {
	return f.tx.PutEpisode(Episode{
		EpisodeKey: EpisodeKey{c.Subject, c.Kind, c.Episode}, Alert: c.ID, Severity: c.Severity, Recovered: true,
	})
}

// closedOutage keeps up an outage that somebody has closed: one that has passed
// meanwhile does not come back.
func (f *fold) closedOutage(c *Case, n MemberCounts) error {
	if c.RaiseAt.IsZero() || !f.over(c, n) {
		return nil
	}
	return f.settle(c)
}

// alone gives each member that is not back an alert of its own.
func (f *fold) alone(c *Case) error {
	members, err := f.tx.Members(c.ID)
	if err != nil {
		return err
	}
	for _, m := range members {
		if m.Back {
			continue
		}
		ep, known, err := f.tx.Episode(EpisodeKey{m.Subject, m.Kind, m.Episode})
		if err != nil {
			return err
		}
		_, other, err := f.tx.OpenAlert(m.Subject, m.Kind)
		if err != nil {
			return err
		}
		if !known || ep.Recovered || ep.Alert != c.ID || other {
			continue
		}
		j := &judged{
			Finding: Finding{
				Kind: m.Kind, Subject: m.Subject, Episode: m.Episode, Severity: ep.Severity,
				FoundAt: m.FoundAt, KnownAt: m.KnownAt, Evidence: maps.Clone(m.Evidence), Rule: m.Rule,
			},
			resident: m.Resident, area: m.Area, provider: m.Provider,
		}
		if j.Evidence == nil {
			j.Evidence = map[string]any{}
		}
		j.Evidence["outage"] = c.ID
		if err := f.open(j); err != nil {
			return err
		}
	}
	return nil
}

// called is who was phoned: the alert's resident, or of an outage the one whom the
// call names, which ticks them off.
func called(tx Tx, c *Case, call *Call, ch *Change, by Actor) (resident string, err error) {
	outage := c.Kind == KindDataOutage
	switch {
	case call.Resident == "" && (outage || c.Resident == nil):
		return "", nil
	case call.Resident == "" || !outage && c.Resident != nil && call.Resident == c.Resident.ID:
		return c.Resident.ID, nil
	case !outage:
		return "", &InputError{Field: "resident", Value: call.Resident, Rule: "must be the alert's own"}
	}
	members, err := tx.Members(c.ID)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(members, func(m Member) bool { return m.Resident != nil && m.Resident.ID == call.Resident }) {
		return "", &InputError{Field: "resident", Value: call.Resident, Rule: "must be one whom the outage concerns"}
	}
	if err := tx.PutOutageCall(c.ID, call.Resident, call.Result, ch.At, by); err != nil {
		return "", err
	}
	n, err := tx.MemberCounts(c.ID)
	if err != nil {
		return "", err
	}
	c.counts(n)
	ch.Data["resident"] = call.Resident
	return call.Resident, nil
}

// grow makes an alert that was merged into an outage one that it stands for.
func grow(tx Tx, outage, c *Case) error {
	if outage.Kind != KindDataOutage {
		return nil
	}
	if c.Kind != KindDataOutage {
		m := c.member()
		m.Back = c.RecoveredAt != nil
		if err := tx.PutMember(outage.ID, m); err != nil {
			return err
		}
	}
	n, err := tx.MemberCounts(outage.ID)
	if err != nil {
		return err
	}
	outage.counts(n)
	return tx.PutAlert(outage)
}

func maxTime(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
