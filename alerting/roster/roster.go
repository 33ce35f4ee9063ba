package roster

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// What a change is of.
const (
	WhatPolicy   = "policy"
	WhatRota     = "rota"
	WhatOverride = "override"
	WhatHoliday  = "holiday"
	WhatSettings = "settings"
)

// Change is one change of the roster. Of those with the same What and ID the
// newest holds.
type Change struct {
	Version int64
	Held    time.Time // from then on
	What    string
	ID      string
	Area    devices.AreaPath
	Body    json.RawMessage // empty: it is gone
	By      string          // user name
	Reason  string
}

// policyKey is where a policy holds, and for what.
type policyKey struct {
	area     devices.AreaPath
	severity alerting.Severity
}

// Roster is all that was entered, at one time. It is not changed: With gives
// another one.
type Roster struct {
	Zone      *time.Location
	policies  map[policyKey]Policy
	rotas     map[string]Rota
	overrides []Override // in the order in which they were entered
	holidays  []Holiday
	settings  Settings
}

// New is a roster into which nothing was entered, of a county in a time zone.
func New(zone *time.Location) *Roster {
	return &Roster{Zone: zone, policies: map[policyKey]Policy{}, rotas: map[string]Rota{}, settings: DefaultSettings()}
}

// With is the roster with a change, or why the change cannot be read.
func (r *Roster) With(c Change) (*Roster, error) {
	n := &Roster{
		Zone: r.Zone, policies: maps.Clone(r.policies), rotas: maps.Clone(r.rotas),
		overrides: slices.Clone(r.overrides), holidays: slices.Clone(r.holidays), settings: r.settings,
	}
	gone := len(c.Body) == 0
	read := func(into any) error {
		if err := json.Unmarshal(c.Body, into); err != nil {
			return fmt.Errorf("%s %s: %w", c.What, c.ID, err)
		}
		return nil
	}
	switch c.What {
	case WhatPolicy:
		key, err := parsePolicyID(c.ID)
		if err != nil {
			return nil, err
		}
		delete(n.policies, key)
		if gone {
			return n, nil
		}
		var p Policy
		err = read(&p)
		n.policies[key] = p
		return n, err
	case WhatRota:
		delete(n.rotas, c.ID)
		if gone {
			return n, nil
		}
		var one Rota
		err := read(&one)
		n.rotas[c.ID] = one
		return n, err
	case WhatOverride:
		n.overrides = slices.DeleteFunc(n.overrides, func(o Override) bool { return o.ID == c.ID })
		if gone {
			return n, nil
		}
		var one Override
		err := read(&one)
		n.overrides = append(n.overrides, one)
		return n, err
	case WhatHoliday:
		n.holidays = slices.DeleteFunc(n.holidays, func(h Holiday) bool { return h.ID == c.ID })
		if gone {
			return n, nil
		}
		var one Holiday
		err := read(&one)
		n.holidays = append(n.holidays, one)
		return n, err
	case WhatSettings:
		n.settings = DefaultSettings()
		if gone {
			return n, nil
		}
		return n, read(&n.settings)
	}
	return nil, fmt.Errorf("roster: %q is nothing that changes", c.What)
}

// PolicyID is the id of a policy in changes.
func PolicyID(area devices.AreaPath, s alerting.Severity) string {
	return string(s) + "@" + string(area)
}

func parsePolicyID(id string) (policyKey, error) {
	for i := range len(id) {
		if id[i] == '@' {
			return policyKey{devices.AreaPath(id[i+1:]), alerting.Severity(id[:i])}, nil
		}
	}
	return policyKey{}, fmt.Errorf("roster: %q is the id of no policy", id)
}

// Settings are those that hold.
func (r *Roster) Settings() Settings { return r.settings }

// Policies are those that were entered, by area and severity.
func (r *Roster) Policies() []Policy {
	all := slices.Collect(maps.Values(r.policies))
	slices.SortFunc(all, func(a, b Policy) int {
		if a.Area != b.Area {
			return cmp.Compare(a.Area, b.Area)
		}
		return a.Severity.Rank() - b.Severity.Rank()
	})
	return all
}

// Rotas are those that were entered, by id.
func (r *Roster) Rotas() []Rota {
	all := slices.Collect(maps.Values(r.rotas))
	slices.SortFunc(all, func(a, b Rota) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Rota is the one with an id.
func (r *Roster) Rota(id string) (Rota, bool) {
	one, ok := r.rotas[id]
	return one, ok
}

// Overrides and Holidays are those that were entered, in that order.
func (r *Roster) Overrides() []Override { return slices.Clone(r.overrides) }

// Holidays are those that were entered, in that order.
func (r *Roster) Holidays() []Holiday { return slices.Clone(r.holidays) }

// Policy is the one that holds for a severity in an area: the area's own, or that
// of the nearest area above it; entered is false where it is the default.
func (r *Roster) Policy(area devices.AreaPath, s alerting.Severity, rules *alerting.Rules) (p Policy, entered bool) {
	for a := area; ; a = a.Parent() {
		if p, ok := r.policies[policyKey{a, s}]; ok {
			return p, true
		}
		if a == "" {
			return Default(s, rules), false
		}
	}
}

// OnDuty is who works by a rota at a time, by user name; nobody where the rota
// is unknown.
func (r *Roster) OnDuty(rota string, at time.Time) []string {
	one, ok := r.rotas[rota]
	if !ok {
		return nil
	}
	return one.onDuty(at, r.Zone, r.holidays, r.overrides)
}

// Shifts is who works by a rota from one time to another, shift by shift.
func (r *Roster) Shifts(rota string, from, to time.Time) []Shift {
	shifts := []Shift{}
	one, ok := r.rotas[rota]
	if !ok {
		return shifts
	}
	for _, end := range append(one.changes(from, to, r.Zone, r.overrides), to) {
		people := r.OnDuty(rota, from)
		if len(people) == 0 {
			people = []string{}
		}
		shifts = append(shifts, Shift{From: from.UTC(), To: end.UTC(), People: people})
		from = end
	}
	return shifts
}

// Asked is an alert of which people are to be told.
type Asked struct {
	Kind     alerting.Kind
	Severity alerting.Severity
	Tier     devices.Tier
	Area     devices.AreaPath
	Provider string // who serves the village
}

// Callout says who is told of an alert, as of a time. reachable says whether
// somebody can be told then.
func (r *Roster) Callout(at time.Time, a Asked, rules *alerting.Rules, people *People, reachable func(user string, at time.Time) bool) alerting.Callout {
	p, _ := r.Policy(a.Area, a.Severity, rules)
	out := alerting.Callout{Unseen: time.Duration(p.UnseenS) * time.Second, Steps: make([]alerting.CalloutStep, len(p.Steps))}
	night, atNight := NightRule{}, false
	if r.settings.Night.is(at, r.Zone) {
		night, atNight = r.settings.Night.rule(a.Kind, a.Tier, a.Severity)
	}
	if atNight && night.Wait {
		out.WaitUntil = r.settings.Night.end(at, r.Zone)
	}
	for i, s := range p.Steps {
		targets := s.Targets
		if i == 0 && atNight && len(night.Targets) > 0 {
			targets = night.Targets
		}
		step := alerting.CalloutStep{After: time.Duration(s.AfterS) * time.Second, People: []string{}}
		for _, t := range targets {
			step.People = append(step.People, r.named(t, a, at, people)...)
			step.Level = higher(step.Level, t.Level)
		}
		slices.Sort(step.People)
		step.People = slices.Compact(step.People)
		step.Reachable = reachable != nil && slices.ContainsFunc(step.People, func(u string) bool { return reachable(u, at) })
		if i == 0 {
			step.Level = ""
		}
		out.Steps[i] = step
	}
	return out
}

// named lists who a target names. Who has no account is nobody, and so is who may
// not see the area: there is nothing that they could open.
func (r *Roster) named(t Target, a Asked, at time.Time, people *People) []string {
	if people == nil {
		return nil
	}
	known := func(users []string) []string {
		return slices.DeleteFunc(users, func(u string) bool { return !people.may(u, a.Area) })
	}
	switch {
	case t.User != "":
		return known([]string{t.User})
	case t.Rota != "":
		return known(r.OnDuty(t.Rota, at))
	case t.Role != "":
		return people.inRole(t.Role, t.Level, a.Area)
	case t.Provider:
		return people.ofProvider(a.Provider, a.Area)
	}
	return nil
}

// higher is the level further up; "" is none.
func higher(a, b string) string {
	order := []string{"", alerting.LevelVillage, alerting.LevelTown, alerting.LevelCounty}
	if slices.Index(order, b) > slices.Index(order, a) {
		return b
	}
	return a
}

// Check reads what a change enters and returns an *alerting.InputError when it
// cannot stand beside the rest: a rota that nobody knows, or one taken away that a
// policy needs. people may be nil; else who is named must be one of them.
func (r *Roster) Check(c Change, people *People) error {
	if len(c.Body) == 0 {
		return r.checkGone(c)
	}
	next, err := r.With(c)
	if err != nil {
		return err
	}
	switch c.What {
	case WhatPolicy:
		key, err := parsePolicyID(c.ID)
		if err != nil {
			return err
		}
		p := next.policies[key]
		if err := p.Check(); err != nil {
			return err
		}
		for i, s := range p.Steps {
			if err := next.known(fmt.Sprintf("steps[%d].targets", i), s.Targets, people); err != nil {
				return err
			}
		}
	case WhatRota:
		one := next.rotas[c.ID]
		if err := one.Check(); err != nil {
			return err
		}
		for i, team := range one.Teams {
			if err := accounts(fmt.Sprintf("teams[%d]", i), team, people); err != nil {
				return err
			}
		}
		for i, s := range one.Shifts {
			if err := accounts(fmt.Sprintf("shifts[%d].people", i), s.People, people); err != nil {
				return err
			}
		}
	case WhatOverride:
		o := next.overrides[len(next.overrides)-1]
		if err := o.Check(); err != nil {
			return err
		}
		if err := next.knownRota("rota", o.Rota); err != nil {
			return err
		}
		return accounts("by", []string{o.By}, people)
	case WhatHoliday:
		h := next.holidays[len(next.holidays)-1]
		if err := h.Check(); err != nil {
			return err
		}
		if err := next.knownRota("rota", h.Rota); err != nil {
			return err
		}
		return accounts("people", h.People, people)
	case WhatSettings:
		if err := next.settings.Check(); err != nil {
			return err
		}
		for i, rule := range next.settings.Night.Rules {
			if err := next.known(fmt.Sprintf("night.rules[%d].targets", i), rule.Targets, people); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkGone refuses to take away what others need.
func (r *Roster) checkGone(c Change) error {
	if c.What != WhatRota {
		return nil
	}
	uses := func(targets []Target) bool {
		return slices.ContainsFunc(targets, func(t Target) bool { return t.Rota == c.ID })
	}
	for _, p := range r.Policies() {
		for _, s := range p.Steps {
			if uses(s.Targets) {
				return invalid("rota", c.ID, "must stay: the policy for "+string(p.Severity)+" in "+string(p.Area)+" names it")
			}
		}
	}
	for _, rule := range r.settings.Night.Rules {
		if uses(rule.Targets) {
			return invalid("rota", c.ID, "must stay: the night setting names it")
		}
	}
	return nil
}

func (r *Roster) known(field string, targets []Target, people *People) error {
	for i, t := range targets {
		field := fmt.Sprintf("%s[%d]", field, i)
		if t.Rota != "" {
			if err := r.knownRota(field+".rota", t.Rota); err != nil {
				return err
			}
		}
		if t.User != "" {
			if err := accounts(field+".user", []string{t.User}, people); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Roster) knownRota(field, id string) error {
	if _, ok := r.rotas[id]; !ok {
		return invalid(field, id, "must be a rota")
	}
	return nil
}

func accounts(field string, users []string, people *People) error {
	if people == nil {
		return nil
	}
	for _, u := range users {
		if !people.Knows(u) {
			return invalid(field, u, "must be a user who is not disabled")
		}
	}
	return nil
}
