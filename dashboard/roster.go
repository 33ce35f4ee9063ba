package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"shouwang/alerting"
	"shouwang/alerting/roster"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// Duty knows who is told of alerts, and who has seen them.
type Duty interface {
	Roster() *roster.Roster
	// ChangeRoster refuses what cannot stand with an *alerting.InputError.
	ChangeRoster(ctx context.Context, c roster.Change) (version int64, err error)
	RosterChanges(ctx context.Context, limit int, see func(devices.AreaPath) bool) ([]roster.Change, error)
	// CalloutAt is who would be told of an alert.
	CalloutAt(at time.Time, a roster.Asked) alerting.Callout
	Coverage(villages []roster.Village, from time.Time, hours int, reachable func(string, time.Time) bool) []roster.Gap
	// Seen keeps that a board has shown all that rings in the scope by the events
	// after one number and up to another; SeenBy lists who has seen an alert.
	Seen(ctx context.Context, person string, scope devices.Scope, after, upTo int64, at time.Time) (int, error)
	SeenBy(ctx context.Context, alert string) ([]alerting.Sighting, error)
}

// coverageHours is how far ahead gaps are looked for.
const coverageHours = 7 * 24

// dutyArea checks that the caller may look at an area, or, with change, change
// what holds there.
func (d *Dashboard) dutyArea(ctx context.Context, area devices.AreaPath, change bool) error {
	if _, err := d.scopeOf(ctx, ruleScope{Area: area}); err != nil {
		return err
	}
	if !change {
		return nil
	}
	if !caller(ctx).Scope.Area(area) {
		return newProblem(http.StatusForbidden, "this holds for the whole service; it is not for an account of one area to change")
	}
	return d.maySet(ctx, alerting.RuleScope{Area: area})
}

// seesDuty says whether what holds in an area is for the caller to look at: in
// their areas, and above them.
func seesDuty(c *access.Caller) func(devices.AreaPath) bool {
	of := sees(c)
	return func(a devices.AreaPath) bool { return of(alerting.RuleScope{Area: a}) }
}

// rotaOf is a rota that lies in the caller's areas.
func (d *Dashboard) rotaOf(ctx context.Context, id string, field string) (roster.Rota, error) {
	r, ok := d.opts.Duty.Roster().Rota(id)
	if !ok || !caller(ctx).Scope.Area(r.Area) {
		if field != "" {
			return r, invalid(field, id, "must be a rota")
		}
		return r, newProblem(http.StatusNotFound, "there is no such rota")
	}
	return r, nil
}

// enter makes a change and audits it.
func (d *Dashboard) enter(ctx context.Context, operation string, c roster.Change, body any) error {
	if body != nil {
		var err error
		if c.Body, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encode %s: %w", c.What, err)
		}
	}
	c.By = caller(ctx).User
	if c.Reason == "" {
		c.Reason = "-"
	}
	version, err := d.opts.Duty.ChangeRoster(ctx, c)
	if err != nil {
		return err
	}
	d.audit(ctx, operation, c.What+" "+c.ID, c.Area, fmt.Sprintf("version %d: %s", version, c.Reason))
	return nil
}

func (d *Dashboard) policies(ctx context.Context, in *inArea) (*body[policiesOut], error) {
	if err := d.dutyArea(ctx, in.Area, false); err != nil {
		return nil, err
	}
	r, see := d.opts.Duty.Roster(), seesDuty(caller(ctx))
	out := policiesOut{Items: []roster.Policy{}}
	for _, p := range r.Policies() {
		if see(p.Area) {
			out.Items = append(out.Items, p)
		}
	}
	for _, s := range []alerting.Severity{alerting.Red, alerting.Orange, alerting.Yellow, alerting.Blue} {
		out.Effective = append(out.Effective, d.effectivePolicy(in.Area, s))
	}
	return &body[policiesOut]{out}, nil
}

func (d *Dashboard) effectivePolicy(area devices.AreaPath, s alerting.Severity) effectivePolicy {
	rules := d.opts.Rules.Rules(time.Now(), alerting.RuleScope{Area: area})
	p, entered := d.opts.Duty.Roster().Policy(area, s, rules)
	for i := range p.Steps {
		if p.Steps[i].Targets == nil {
			p.Steps[i].Targets = []roster.Target{}
		}
	}
	return effectivePolicy{p, entered}
}

func (d *Dashboard) putPolicy(ctx context.Context, in *policyIn) (*body[effectivePolicy], error) {
	p := in.Body.Policy
	if err := d.dutyArea(ctx, p.Area, true); err != nil {
		return nil, err
	}
	for i, s := range p.Steps {
		for j, t := range s.Targets {
			if t.Rota == "" {
				continue
			}
			if _, err := d.rotaOf(ctx, t.Rota, fmt.Sprintf("steps[%d].targets[%d].rota", i, j)); err != nil {
				return nil, err
			}
		}
	}
	c := roster.Change{What: roster.WhatPolicy, ID: roster.PolicyID(p.Area, p.Severity), Area: p.Area, Reason: in.Body.Reason}
	var entered any = p
	if len(p.Steps) == 0 {
		entered = nil // inherited from now on
	}
	if err := d.enter(ctx, "put-policy", c, entered); err != nil {
		return nil, err
	}
	return &body[effectivePolicy]{d.effectivePolicy(p.Area, p.Severity)}, nil
}

type rotasIn struct {
	From string `query:"from" maxLength:"10" doc:"First day of the week to show; today without it."`
}

func (d *Dashboard) rotas(ctx context.Context, in *rotasIn) (*body[rotasOut], error) {
	r := d.opts.Duty.Roster()
	now := time.Now()
	y, m, day := now.In(r.Zone).Date()
	if in.From != "" {
		t, err := time.Parse(time.DateOnly, in.From)
		if err != nil {
			return nil, invalid("from", in.From, "must be a date, as 2026-11-23")
		}
		y, m, day = t.Date()
	}
	from := time.Date(y, m, day, 0, 0, 0, 0, r.Zone)
	people, err := d.people(ctx, now)
	if err != nil {
		return nil, err
	}
	out := rotasOut{Items: []rotaView{}, People: []colleague{}, TimeZone: r.Zone.String()}
	see := seesDuty(caller(ctx))
	for _, one := range r.Rotas() {
		if see(one.Area) {
			out.Items = append(out.Items, d.rotaView(one, from, now))
		}
	}
	for _, p := range people.list {
		if slices.ContainsFunc(p.areas, func(a devices.AreaPath) bool {
			return caller(ctx).Scope.Area(a) || a.Contains(caller(ctx).Scope.Areas[0])
		}) {
			out.People = append(out.People, p.colleague)
		}
	}
	return &body[rotasOut]{out}, nil
}

func (d *Dashboard) rotaView(one roster.Rota, from, now time.Time) rotaView {
	r := d.opts.Duty.Roster()
	y, m, day := from.In(r.Zone).Date()
	to := time.Date(y, m, day+7, 0, 0, 0, 0, r.Zone)
	// The week's last shift ends on the day after.
	week := slices.DeleteFunc(r.Shifts(one.ID, from, to.AddDate(0, 0, 1)), func(s roster.Shift) bool { return !s.From.Before(to) })
	v := rotaView{Rota: one, OnDuty: r.OnDuty(one.ID, now), Week: week}
	if v.OnDuty == nil {
		v.OnDuty = []string{}
	}
	return v
}

func (d *Dashboard) putRota(ctx context.Context, in *rotaIn) (*body[rotaView], error) {
	b := &in.Body
	one := roster.Rota{ID: in.ID, Name: b.Name, Area: b.Area, Turn: b.Turn, Start: b.Start, Handovers: b.Handovers, Teams: b.Teams, Shifts: b.Shifts}
	if old, ok := d.opts.Duty.Roster().Rota(in.ID); ok && !caller(ctx).Scope.Area(old.Area) {
		return nil, newProblem(http.StatusNotFound, "there is no such rota")
	}
	if err := d.dutyArea(ctx, one.Area, true); err != nil {
		return nil, err
	}
	c := roster.Change{What: roster.WhatRota, ID: one.ID, Area: one.Area, Reason: b.Reason}
	if err := d.enter(ctx, "put-rota", c, one); err != nil {
		return nil, err
	}
	now := time.Now()
	return &body[rotaView]{d.rotaView(one, now, now)}, nil
}

func (d *Dashboard) putOverride(ctx context.Context, in *overrideIn) (*body[roster.Override], error) {
	r, err := d.rotaOf(ctx, in.Body.Rota, "")
	if err != nil {
		return nil, err
	}
	o := roster.Override{ID: uuid.NewString(), Rota: r.ID, From: in.Body.From.UTC(), To: in.Body.To.UTC(), Away: in.Body.Away, By: in.Body.By}
	c := roster.Change{What: roster.WhatOverride, ID: o.ID, Area: r.Area, Reason: in.Body.Reason}
	if err := d.enter(ctx, "put-override", c, o); err != nil {
		return nil, err
	}
	return &body[roster.Override]{o}, nil
}

func (d *Dashboard) putHoliday(ctx context.Context, in *holidayIn) (*body[roster.Holiday], error) {
	r, err := d.rotaOf(ctx, in.Body.Rota, "")
	if err != nil {
		return nil, err
	}
	h := roster.Holiday{ID: uuid.NewString(), Rota: r.ID, Name: in.Body.Name, From: in.Body.From, To: in.Body.To, People: in.Body.People}
	c := roster.Change{What: roster.WhatHoliday, ID: h.ID, Area: r.Area, Reason: in.Body.Reason}
	if err := d.enter(ctx, "put-holiday", c, h); err != nil {
		return nil, err
	}
	return &body[roster.Holiday]{h}, nil
}

// remove takes away what lies in the caller's areas by its rota.
func (d *Dashboard) remove(operation, what string, rotaOf func(*roster.Roster, string) string) func(context.Context, *removeIn) (*struct{}, error) {
	return func(ctx context.Context, in *removeIn) (*struct{}, error) {
		id := rotaOf(d.opts.Duty.Roster(), in.ID)
		r, err := d.rotaOf(ctx, id, "")
		if err != nil {
			return nil, newProblem(http.StatusNotFound, "there is nothing of this id")
		}
		return nil, d.enter(ctx, operation, roster.Change{What: what, ID: in.ID, Area: r.Area, Reason: in.Reason}, nil)
	}
}

func (d *Dashboard) coverage(ctx context.Context, in *inArea) (*body[coverageOut], error) {
	if err := d.dutyArea(ctx, in.Area, false); err != nil {
		return nil, err
	}
	villages, err := d.villages(ctx, in.Area)
	if err != nil {
		return nil, err
	}
	from := time.Now().UTC().Truncate(time.Hour)
	return &body[coverageOut]{coverageOut{
		From: from, Hours: coverageHours, Villages: len(villages),
		Gaps: d.opts.Duty.Coverage(villages, from, coverageHours, d.opts.Reachable),
	}}, nil
}

// villages are the areas of the caller with nothing deeper in them.
func (d *Dashboard) villages(ctx context.Context, in devices.AreaPath) ([]roster.Village, error) {
	areas, err := d.opts.Registry.Areas(ctx, caller(ctx).Scope)
	if err != nil {
		return nil, err
	}
	return roster.Villages(areas, in, d.servedBy), nil
}

func (d *Dashboard) serveRoster() {
	add(d, "get-duty-now", "Who is on duty, and who would be told of an alert here at which second", d.dutyNow)
	add(d, "get-coverage", "Hours of the next seven days in which nobody could be told of a red alert", d.coverage)
	add(d, "list-policies", "Who is told of alerts, step by step: what was entered, and what holds in an area", d.policies)
	add(d, "put-policy", "Enter the steps for one severity in an area; without steps it inherits again", d.putPolicy)
	add(d, "list-rotas", "Who is on duty when", d.rotas)
	add(d, "put-rota", "Enter or change a rota", d.putRota)
	add(d, "remove-rota", "Take a rota away", d.remove("remove-rota", roster.WhatRota, func(_ *roster.Roster, id string) string { return id }), status(http.StatusNoContent))
	add(d, "list-overrides", "Who replaces whom", func(ctx context.Context, _ *struct{}) (*listOut[roster.Override], error) {
		all := slices.DeleteFunc(d.opts.Duty.Roster().Overrides(), func(o roster.Override) bool { return !d.seesRota(ctx, o.Rota) })
		return &listOut[roster.Override]{newList(all, "")}, nil
	})
	add(d, "put-override", "Put somebody in the place of another for a time", d.putOverride, status(http.StatusCreated))
	add(d, "remove-override", "Take a replacement back", d.remove("remove-override", roster.WhatOverride, func(r *roster.Roster, id string) string {
		for _, o := range r.Overrides() {
			if o.ID == id {
				return o.Rota
			}
		}
		return ""
	}), status(http.StatusNoContent))
	add(d, "list-holidays", "Days with a shift of their own", func(ctx context.Context, _ *struct{}) (*listOut[roster.Holiday], error) {
		all := slices.DeleteFunc(d.opts.Duty.Roster().Holidays(), func(h roster.Holiday) bool { return !d.seesRota(ctx, h.Rota) })
		return &listOut[roster.Holiday]{newList(all, "")}, nil
	})
	add(d, "put-holiday", "Give days to people of their own", d.putHoliday, status(http.StatusCreated))
	add(d, "remove-holiday", "Take a holiday away", d.remove("remove-holiday", roster.WhatHoliday, func(r *roster.Roster, id string) string {
		for _, h := range r.Holidays() {
			if h.ID == id {
				return h.Rota
			}
		}
		return ""
	}), status(http.StatusNoContent))
	add(d, "get-duty-settings", "Who acts at night, and when a board counts as watched", func(context.Context, *struct{}) (*body[roster.Settings], error) {
		return &body[roster.Settings]{d.opts.Duty.Roster().Settings()}, nil
	})
	add(d, "put-duty-settings", "Change who acts at night, and when a board counts as watched", func(ctx context.Context, in *settingsIn) (*body[roster.Settings], error) {
		if err := d.dutyArea(ctx, "", true); err != nil {
			return nil, err
		}
		if err := d.enter(ctx, "put-duty-settings", roster.Change{What: roster.WhatSettings, Reason: in.Body.Reason}, in.Body.Settings); err != nil {
			return nil, err
		}
		return &body[roster.Settings]{d.opts.Duty.Roster().Settings()}, nil
	})
	add(d, "list-roster-changes", "Who changed policies and rotas, when and why", func(ctx context.Context, _ *struct{}) (*listOut[rosterChange], error) {
		changes, err := d.opts.Duty.RosterChanges(ctx, 100, seesDuty(caller(ctx)))
		if err != nil {
			return nil, err
		}
		out := make([]rosterChange, len(changes))
		for i, c := range changes {
			out[i] = rosterChange{c.Version, c.Held, c.What, c.ID, c.Area, len(c.Body) == 0, c.By, c.Reason}
		}
		return &listOut[rosterChange]{newList(out, "")}, nil
	})
	add(d, "list-alert-sightings", "Who has seen an alert, or has it where they carry it", func(ctx context.Context, in *ByID) (*listOut[alerting.Sighting], error) {
		if _, err := d.alert(ctx, in.ID); err != nil {
			return nil, err
		}
		seen, err := d.opts.Duty.SeenBy(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &listOut[alerting.Sighting]{newList(seen, "")}, nil
	})
}

func (d *Dashboard) seesRota(ctx context.Context, id string) bool {
	r, ok := d.opts.Duty.Roster().Rota(id)
	return ok && seesDuty(caller(ctx))(r.Area)
}
