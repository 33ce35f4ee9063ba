package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/alerting/roster"
	"shouwang/dashboard"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// duty brings together who can be told of alerts: the accounts there are, who sits
// at a board, and who has a channel. It also looks out for hours in which nobody
// could be told.
type duty struct {
	app      *app
	presence *dashboard.Presence
	known    atomic.Pointer[roster.People]
	log      zerolog.Logger

	gaps, hours prometheus.Gauge
}

const (
	// peopleEvery is how long a new account may go unknown.
	peopleEvery = 5 * time.Second
	// coverageEvery is how often gaps are looked for; it takes milliseconds.
	coverageEvery = 10 * time.Minute
	// coverageHour is from when on supervisors are told of gaps, once a day.
	coverageHour = 8
	// coverageAhead is how far gaps are looked for, in hours.
	coverageAhead = 7 * 24
)

// newDuty lets the store of alerts know whom it can tell.
func (a *app) newDuty(ctx context.Context, zone *time.Location) (*duty, error) {
	d := &duty{app: a, presence: dashboard.NewPresence(), log: a.log.With().Str("component", "duty").Logger()}
	with := promauto.With(a.metrics)
	d.gaps = with.NewGauge(prometheus.GaugeOpts{Name: "shouwang_alerting_coverage_gaps", Help: "Times of the next seven days in which nobody could be told of a red alert in some area."})
	d.hours = with.NewGauge(prometheus.GaugeOpts{Name: "shouwang_alerting_coverage_gap_hours", Help: "How long they are together, in hours."})
	a.alerts.Duty.Zone, a.alerts.Duty.People, a.alerts.Duty.Reachable = zone, d.known.Load, d.reachable
	if err := a.alerts.LoadRoster(ctx); err != nil {
		return nil, err
	}
	return d, d.read(ctx)
}

// reachable says whether somebody can be told now: at a board or by a channel.
func (d *duty) reachable(user string, at time.Time) bool {
	return d.presence.Watching(user, at) || d.channel(user, at)
}

// channel says whether somebody can be told at a time by a channel of theirs.
func (d *duty) channel(user string, at time.Time) bool {
	return d.app.telling != nil && d.app.telling.people.Reachable(user, at)
}

// read takes in who there is.
func (d *duty) read(ctx context.Context) error {
	accounts, err := d.app.access.Workers(ctx, access.WorkerFilter{})
	if err != nil {
		return fmt.Errorf("people on duty: %w", err)
	}
	people := make([]roster.Person, 0, len(accounts))
	for _, a := range accounts {
		if a.Role != access.Vendor && a.Role != access.Auditor {
			people = append(people, roster.Person{User: a.Username, Role: string(a.Role), Areas: a.Areas, Provider: a.Provider})
		}
	}
	d.known.Store(roster.NewPeople(people))
	return nil
}

// run keeps up with the accounts, and looks for gaps, until ctx ends.
func (d *duty) run(ctx context.Context) error {
	people, gaps := time.NewTicker(peopleEvery), time.NewTicker(coverageEvery)
	defer people.Stop()
	defer gaps.Stop()
	d.try(ctx, "hours without anybody not looked for", d.look)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-people.C:
			d.try(ctx, "accounts not read", d.read)
		case <-gaps.C:
			d.try(ctx, "hours without anybody not looked for", d.look)
		}
	}
}

func (d *duty) try(ctx context.Context, failed string, do func(context.Context) error) {
	if err := do(ctx); err != nil && ctx.Err() == nil {
		d.log.Error().Err(err).Msg(failed)
	}
}

// look counts the gaps and tells supervisors of them.
func (d *duty) look(ctx context.Context) error {
	areas, err := d.app.registry.Areas(ctx, devices.Everywhere())
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	villages := roster.Villages(areas, "", func(a devices.AreaPath) string { return d.app.registry.Provider(a, now) })
	gaps := d.app.alerts.Coverage(villages, now.Truncate(time.Hour), coverageAhead, d.channel)
	total := 0.0
	for _, g := range gaps {
		total += g.To.Sub(g.From).Hours()
	}
	d.gaps.Set(float64(len(gaps)))
	d.hours.Set(total)
	r := d.app.alerts.Roster()
	if now.In(r.Zone).Hour() < coverageHour {
		return nil
	}
	return d.app.alerts.TellGaps(ctx, r.Notices(gaps, d.known.Load(), now))
}

// enterRoster gives the demo's county a desk that is never empty and the steps
// that lead up to it, unless it has a rota already.
func (a *app) enterRoster(ctx context.Context, c *county) error {
	if len(a.alerts.Roster().Rotas()) > 0 {
		return nil
	}
	names := map[access.Role]string{}
	for _, account := range c.Accounts {
		names[account.Role] = account.Username
	}
	root := c.Areas[0].Path
	desk := []roster.Target{{Rota: "county-desk"}, {Role: string(access.Duty)}, {Role: string(access.TownDuty)}}
	for _, change := range []struct {
		what, id string
		body     any
	}{
		{roster.WhatRota, "county-desk", roster.Rota{
			ID: "county-desk", Name: "县值班台", Area: root, Turn: roster.TurnShift, Start: "2026-01-01", Handovers: []string{"08:00", "20:00"},
			Teams: [][]string{{names[access.Duty]}, {names[access.Duty], names[access.TownDuty]}},
		}},
		{roster.WhatPolicy, roster.PolicyID(root, alerting.Red), roster.Policy{
			Area: root, Severity: alerting.Red, UnseenS: 20, Steps: []roster.Step{
				{Targets: append(slices.Clip(desk), roster.Target{Role: string(access.Assistant), Level: alerting.LevelVillage}, roster.Target{Provider: true})},
				{AfterS: 60, Targets: append(slices.Clip(desk), roster.Target{Role: string(access.TownDuty), Level: alerting.LevelTown})},
				{AfterS: 180, Targets: append(slices.Clip(desk), roster.Target{Role: string(access.Duty), Level: alerting.LevelCounty}, roster.Target{Role: string(access.Supervisor), Level: alerting.LevelCounty})},
			},
		}},
	} {
		body, err := json.Marshal(change.body)
		if err != nil {
			return err
		}
		_, err = a.alerts.ChangeRoster(ctx, roster.Change{What: change.what, ID: change.id, Area: root, Body: body, By: "demo", Reason: "演示"})
		if err != nil {
			return fmt.Errorf("roster: %w", err)
		}
	}
	return nil
}
