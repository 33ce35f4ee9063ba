package alerting

import (
	"fmt"
	"slices"
	"time"

	"shouwang/devices"
)

// Callout says who is told of a case and when, as its policy and the rotas have it
// now. Without steps nobody is told by name, and the times are those of the
// rules.
type Callout struct {
	// Steps are the steps of the escalation; the first is taken when it rings.
	Steps []CalloutStep
	// Unseen is within which time after it rings somebody must have seen it, else
	// the next step is taken at once; 0 when nobody need.
	Unseen time.Duration
	// WaitUntil is the morning it waits for, zero when it does not.
	WaitUntil time.Time
}

// CalloutStep is one step of an escalation.
type CalloutStep struct {
	After  time.Duration // since the clock was started
	People []string      // user names
	// Reachable says that at least one of them can be told now.
	Reachable bool
	// Level is the highest level of area it asks: village, town or county; "" is
	// one further up with every step.
	Level string
}

// later says whether anybody can be told by a step behind the given one.
func (p *Callout) later(step int) bool {
	return step+1 < len(p.Steps) && slices.ContainsFunc(p.Steps[step+1:], func(s CalloutStep) bool { return s.Reachable })
}

// last is the number of the last step, whether or not there are people for it.
func (t *terms) last() int { return len(t.delays()) }

// delays are the times of the steps after the first.
func (t *terms) delays() []time.Duration {
	if len(t.Steps) == 0 {
		return t.Escalation[t.severity]
	}
	d := make([]time.Duration, len(t.Steps)-1)
	for i := range d {
		d[i] = t.Steps[i+1].After
	}
	return d
}

// terms are what holds for one case now: the rules, and who is told. They are of
// the severity that the case had when they were asked for, see at.
type terms struct {
	*Rules
	Callout

	severity Severity
	callout  func(Severity) Callout
}

// termsOf are those of a case: of its resident where they have one, with the tier
// they are in now, in the area in which it opened. Without a directory those of
// tiers are left out.
func termsOf(b Book, d Directory, c *Case, at time.Time) *terms {
	s := RuleScope{Area: c.Area}
	if c.Resident != nil {
		s.Resident = c.Resident.ID
		if d != nil {
			if r, ok := d.Resident(c.Resident.ID, at); ok {
				s.Tier = r.Tier
			}
		}
	}
	rules := b.Rules(at, s)
	callout := func(severity Severity) Callout {
		like := *c
		like.Severity = severity
		return b.Callout(at, &like, s.Tier, rules)
	}
	return &terms{Rules: rules, Callout: callout(c.Severity), severity: c.Severity, callout: callout}
}

// at are the terms for the severity that the case has risen to.
func (t *terms) at(s Severity) *terms {
	if t.severity != s {
		t.severity, t.Callout = s, t.callout(s)
	}
	return t
}

// step is the step of a number, the last one for what is beyond.
func (t *terms) step(n int) CalloutStep {
	if len(t.Steps) == 0 {
		return CalloutStep{}
	}
	return t.Steps[min(n, len(t.Steps)-1)]
}

// rung is when the ringing began of which people are told.
func (c *Case) rung() time.Time {
	if c.WaitsUntil == nil && c.ClockAt.After(c.RangAt) {
		return c.ClockAt
	}
	return c.RangAt
}

// Rung is when the ringing began that people are told of, and are to confirm.
func (c *Case) Rung() time.Time { return c.rung() }

// ringsNow says whether it is now that people must be told that the case rings.
func (c *Case) ringsNow(now time.Time) bool {
	return c.State == Open && !c.Late && c.Silenced == nil && c.WaitsUntil == nil && c.rung().Equal(now)
}

// addChange writes the event of a change and, when the case rings by it, who is
// told: those of all steps up to the one it has reached.
func addChange(tx Tx, ch Change, of func(*Case) *terms, why NoticeReason) error {
	c := ch.Case
	if c == nil || !c.ringsNow(ch.At) {
		return tx.AddEvent(ch)
	}
	t := of(c)
	if len(t.Steps) == 0 {
		return tx.AddEvent(ch)
	}
	reached, told := t.asked(c)
	if len(told) > 0 {
		if ch.Data == nil {
			ch.Data = map[string]any{}
		}
		ch.Data["told"] = told
	}
	if err := tx.AddEvent(ch); err != nil {
		return err
	}
	if err := tell(tx, c, reached, told, ch.At, why); err != nil {
		return err
	}
	_, err := skip(tx, c, ch.At, t)
	return err
}

// asked are the people of all steps up to the one that the case has reached, each
// once.
func (t *terms) asked(c *Case) (reached int, people []string) {
	people = []string{}
	if len(t.Steps) == 0 {
		return c.Escalation, people
	}
	reached = min(c.Escalation, len(t.Steps)-1)
	for _, s := range t.Steps[:reached+1] {
		people = append(people, s.People...)
	}
	slices.Sort(people)
	return reached, slices.Compact(people)
}

// tell asks for notices to the people of one step. One who is told twice of the
// same ringing in the same step is told once.
func tell(tx Tx, c *Case, step int, people []string, now time.Time, why NoticeReason) error {
	for _, person := range people {
		err := tx.AddNotice(Notice{
			Key:    fmt.Sprintf("alert/%s/%d/%d/%s", c.ID, c.rung().UnixMicro(), step, person),
			Person: person, Reason: why, Alert: c.ID, Severity: c.Severity, Area: c.Area, At: now,
			Data: map[string]any{"kind": c.Kind, "step": step},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Why a step was taken before its time.
const (
	earlySkipped = "unreachable" // nobody of the step before it can be told
	earlyUnseen  = "unseen"      // nobody has seen it in time
)

// skip takes the steps behind one of which nobody can be told, for as long as
// that helps: where nobody can be told at all, the steps keep their times.
func skip(tx Tx, c *Case, now time.Time, t *terms) (taken []Severity, err error) {
	for c.State == Open && c.Escalation < len(t.Steps) && !t.step(c.Escalation).Reachable && t.later(c.Escalation) {
		if err := take(tx, c, now, t, earlySkipped); err != nil {
			return taken, err
		}
		taken = append(taken, c.Severity)
	}
	return taken, nil
}

// take takes the next step of a case: an event of its own, and its people are
// told. early says why it comes before its time, "" when it does not.
func take(tx Tx, c *Case, now time.Time, t *terms, early string) error {
	data := map[string]any{}
	if c.EscalateAt != nil && early == "" {
		data["due"] = *c.EscalateAt
	}
	if early != "" {
		data["early"], data["skipped"] = early, c.Escalation
	}
	c.Escalation++
	c.scheduleStep(now, t)
	c.SeeBy = time.Time{}
	if t.Unseen > 0 && c.DeliveredAt == nil && c.Escalation < t.last() {
		c.SeeBy = now.Add(t.Unseen)
	}
	c.tellStep(t, data)
	if err := tx.PutAlert(c); err != nil {
		return err
	}
	if err := tx.AddEvent(Change{Type: AlertEscalated, At: now, Case: c, Actor: System(), Data: data}); err != nil {
		return err
	}
	return tell(tx, c, c.Escalation, t.step(c.Escalation).People, now, NoticeEscalated)
}

// tellStep says in an event's data which step was taken and who is asked.
func (c *Case) tellStep(t *terms, data map[string]any) {
	path, level := c.level()
	if named := t.step(c.Escalation).Level; named != "" {
		for up := c.Area; up != ""; up = up.Parent() {
			if LevelOf(up) == named {
				path, level = string(up), named
			}
		}
	}
	data["step"], data["area"], data["level"] = c.Escalation, path, level
	if s := t.step(c.Escalation); len(t.Steps) > 0 {
		data["told"] = s.People
		data["reachable"] = s.Reachable
	}
}

// The levels of area.
const (
	LevelVillage = "village"
	LevelTown    = "town"
	LevelCounty  = "county"
)

// LevelOf is the level of an area by its depth: county, town, village, and ""
// for any other.
func LevelOf(area devices.AreaPath) string {
	names := [...]string{"", LevelCounty, LevelTown, LevelVillage}
	depth := 0
	for q := area; q != ""; q = q.Parent() {
		depth++
	}
	if depth < len(names) {
		return names[depth]
	}
	return ""
}

// Deliver notes on the case that it was shown to a person, or arrived where the
// person carries it, and says whether they are the first since it last rang.
func (c *Case) Deliver(person string, at time.Time) bool {
	if c.State != Open || c.DeliveredAt != nil || at.Before(c.rung()) {
		return false
	}
	c.DeliveredAt, c.DeliveredTo, c.SeeBy = &at, &person, time.Time{}
	return true
}

// ViaBoard is how somebody who sits at the board sees an alert.
const ViaBoard = "board"

// Sighting is that one person was shown an alert, or has it where they carry it.
type Sighting struct {
	Person string    `json:"person" doc:"User name."`
	Via    string    `json:"via" doc:"board, or the channel that gave a receipt."`
	At     time.Time `json:"at"`
	Rung   time.Time `json:"rung" doc:"When the ringing began that it is about."`
}

// Delivered notes in a transaction that an alert was shown to a person. The first
// since it rang is an event, and the next step is hurried no more.
func Delivered(tx Tx, alert, person, via string, at time.Time) error {
	c, err := tx.Alert(alert)
	if err != nil {
		return err
	}
	if c.State == Closed {
		return nil
	}
	if fresh, err := tx.AddSeen(c, person, via, at); err != nil || !fresh || !c.Deliver(person, at) {
		return err
	}
	if err := tx.PutAlert(c); err != nil {
		return err
	}
	return tx.AddEvent(Change{
		Type: AlertUpdated, At: at, Case: c, Actor: Actor{User: person},
		Data: map[string]any{"action": ActSeen, "via": via, "seconds": at.Sub(c.rung()).Seconds()},
	})
}

// ActSeen is that an alert was shown to somebody, as the log says it.
const ActSeen Action = "seen"
