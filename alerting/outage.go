package alerting

import (
	"maps"
	"slices"
	"time"

	"shouwang/devices"
)

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

func (f *fold) newOutage(g group, members []Member) *Case {
	evidence := map[string]any{
		"cause": "storm", "scope": string(g.scope), "at_least": f.rules.Storm.Devices, "within_min": f.rules.Storm.Window.Minutes(),
	}
	if g.vendor != "" {
		evidence["vendor"] = g.vendor
	}
	return f.newShared(g.subject(), g.area, Orange, members, evidence, "storm")
}

// newShared is a new case that stands for its members, who have still to enter.
func (f *fold) newShared(subject Subject, area devices.AreaPath, s Severity, members []Member, evidence map[string]any, rule string) *Case {
	c := &Case{Alert: Alert{
		ID: newID(), Kind: KindDataOutage, Severity: s, State: Open, Subject: subject, Area: area,
		OpenedAt: f.now, RangAt: f.now, Evidence: evidence, Rule: RuleRef{ID: rule, Version: f.rules.Version},
	}}
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
	if into.inherit(c) {
		if err := f.tx.PutAlert(into); err != nil {
			return err
		}
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
	if _, storm := groupOfOutage(c); storm || c.Subject.IsUploads() {
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
	_, storm := groupOfOutage(c)
	list := c.Subject.IsUploads()
	if !storm && !list || n.Subjects == 0 {
		return false
	}
	r := &f.rules.Storm
	missing := n.Subjects - n.Back
	if list && c.Severity == Blue { // the last of them is still to be phoned
		return missing == 0
	}
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
			resident: m.Resident, area: m.Area, provider: m.Provider, at: f.now,
		}
		if c.RecoveredAt != nil {
			j.at = *c.RecoveredAt
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
