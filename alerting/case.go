package alerting

import (
	"maps"
	"time"
)

// ring brings the case to open and lets it ring. On one that is ringing already
// it does not put off the escalation: who keeps pressing must not wait longer.
func (c *Case) ring(now time.Time, r *terms) {
	c.RangAt, c.Silenced = now, nil
	if c.State == Open && !c.ClockAt.IsZero() && !c.Late {
		return
	}
	c.State, c.AckedAt, c.AckedBy, c.AckDue, c.Escalation = Open, nil, "", nil, 0
	c.startClock(now, r)
}

// startClock starts the escalation clock for the case's severity, at the level
// it has reached. Late alerts have none.
func (c *Case) startClock(now time.Time, r *terms) {
	c.stopClock()
	c.DeliveredAt, c.DeliveredTo = nil, nil
	if c.Late {
		return
	}
	r = r.at(c.Severity)
	c.ClockAt = now
	if until := r.WaitUntil; until.After(now) {
		c.ClockAt, c.WaitsUntil = until, &until
	}
	if r.Unseen > 0 {
		c.SeeBy = c.ClockAt.Add(r.Unseen)
	}
	c.scheduleStep(now, r)
}

// stopClock ends all that would have asked somebody for the case.
func (c *Case) stopClock() {
	c.disarm()
	c.ClockAt = time.Time{}
}

// disarm is stopClock of a case whose clock still tells since when it ran.
func (c *Case) disarm() { c.EscalateAt, c.AgainAt, c.SeeBy, c.WaitsUntil = nil, nil, time.Time{}, nil }

// scheduleStep sets when the next escalation step is due or, after the last, when
// its people are told again.
func (c *Case) scheduleStep(now time.Time, r *terms) {
	c.EscalateAt, c.AgainAt = nil, nil
	if c.State != Open || c.ClockAt.IsZero() {
		return
	}
	steps := r.at(c.Severity).delays()
	if c.Escalation >= len(steps) {
		if every := r.TellAgain.of(c.Severity); every > 0 {
			at := maxTime(now, c.ClockAt).Add(every)
			c.AgainAt = &at
		}
		return
	}
	at := c.ClockAt.Add(steps[c.Escalation])
	c.EscalateAt = &at
}

// rise sets a higher severity. One that rises to red while it is merely
// acknowledged rings again: the red has been seen by nobody. Whoever had been
// asked for help stays so.
func (c *Case) rise(to Severity, now time.Time, r *terms) {
	c.Severity = to
	switch {
	case c.Late:
	case c.Silenced != nil && to == Red:
		c.ring(now, r) // what is red is never held back
	case c.Silenced != nil:
	case c.State == Acknowledged && to == Red:
		level := c.Escalation
		c.ring(now, r)
		c.Escalation = level
		c.scheduleStep(now, r)
	case c.State == Acknowledged:
		c.hasten(now, r.Rules)
	case c.State == Open:
		due := c.EscalateAt
		c.startClock(now, r)
		if due != nil && (c.EscalateAt == nil || due.Before(*c.EscalateAt)) {
			c.EscalateAt = due
		}
	}
}

// absorb makes the case as urgent as another that is merged into it, and says
// whether that has changed it. What it did goes into the log's data.
func (c *Case) absorb(o *Case, now time.Time, r *terms, data map[string]any) bool {
	rings := c.Late && !o.Late
	if rings {
		c.Late, c.ClockAt = false, time.Time{}
	}
	rings = rings || c.Silenced != nil && o.Silenced == nil && !o.Late
	rises := o.Severity.Above(c.Severity)
	if rises {
		data["severity_from"], data["severity_to"] = c.Severity, o.Severity
		c.rise(o.Severity, now, r)
		rings = rings || !o.Late && c.Silenced == nil
	}
	if rings {
		c.ring(now, r)
		data["rings"] = true
	}
	return rises || rings
}

// tells says whether the finding is about what the case itself is about, and not
// about something that was merged into it.
func (c *Case) tells(j *judged) bool { return c.Kind == j.Kind && c.Subject == j.Subject }

// standsFor says whether the case is an outage, and the finding one of those that
// it stands for.
func (c *Case) standsFor(j *judged) bool { return c.Kind == KindDataOutage && !c.tells(j) }

// adopt takes over what the finding says, unless it is older than what the case
// already tells.
func (c *Case) adopt(j *judged) {
	if !c.tells(j) || j.Episode.Before(c.Episode) {
		return
	}
	c.Episode, c.Rule, c.FoundAt, c.KnownAt = j.Episode, j.Rule, j.FoundAt, j.KnownAt
	keep := c.Evidence
	c.Evidence = maps.Clone(j.Evidence)
	for _, key := range []string{"count", "raised_again", "previous", "also", "residents_n", "back_n", "called_n", "kinds", "flaps", "flaps_min"} {
		if v, ok := keep[key]; ok {
			c.withEvidence(key, v)
		}
	}
	if c.Evidence == nil {
		c.Evidence = map[string]any{}
	}
}

// acknowledge notes that somebody has taken the case up.
func (c *Case) acknowledge(by Actor, now time.Time) {
	if c.AckedAt == nil {
		c.AckedAt, c.AckedBy = &now, by.User
	}
	if c.Assignee == nil {
		user := by.User
		c.Assignee = &user
	}
	if c.DeliveredAt == nil && by != System() {
		user := by.User
		c.DeliveredAt, c.DeliveredTo = &now, &user // who takes it up has seen it
	}
	c.disarm()
	c.AckDue = nil
}

// end closes the case. What was never acknowledged is so with its end, except
// when it ended by itself.
func (c *Case) end(o Outcome, now time.Time) {
	c.State, c.Outcome, c.ClosedAt, c.AckDue, c.NextCall = Closed, &o, &now, nil, nil
	c.disarm()
}

// withEvidence sets one value on the case's own copy of the evidence.
func (c *Case) withEvidence(key string, value any) {
	e := maps.Clone(c.Evidence)
	if e == nil {
		e = map[string]any{}
	}
	e[key] = value
	c.Evidence = e
}

// counted reads a number from evidence, whether it came from a finding or from
// JSON.
func (c *Case) counted(key string) (int, bool) {
	switch n := c.Evidence[key].(type) {
	case int:
		return n, true
	case float64:
		return int(n), true
	}
	return 0, false
}

// followedAt is up to when the evidence tells what became of the episode, zero
// when it does not.
func (c *Case) followedAt() time.Time {
	switch at := c.Evidence["followed_at"].(type) {
	case time.Time:
		return at
	case string: // as it came from JSON
		t, err := time.Parse(time.RFC3339Nano, at)
		if err == nil {
			return t
		}
	}
	return time.Time{}
}

// level is the area a step of escalation has reached: village, town, county.
func (c *Case) level() (path string, name string) {
	p := c.Area
	for range c.Escalation {
		if up := p.Parent(); up != "" {
			p = up
		}
	}
	return string(p), LevelOf(p)
}

// older says whether the report tells of what was before the case last rang. The
// clocks of phones, which may also leave out the seconds, are given a minute.
func (c *Case) older(r *Report) bool { return r.At.Add(time.Minute).Before(c.RangAt) }
