package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/roster"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// newDutyChecks makes the random tests of desks: of each area that accounts of a
// duty desk have.
func (a *app) newDutyChecks() *alerting.DutyChecks {
	return &alerting.DutyChecks{
		Store: a.alerts, Supervisors: a.access.Supervisors, Draw: rand.IntN,
		Log: a.log.With().Str("component", "duty checks").Logger(),
		Desks: func(ctx context.Context) ([]devices.AreaPath, error) {
			all, err := a.access.Workers(ctx, access.WorkerFilter{Role: []access.Role{access.Duty, access.TownDuty}})
			if err != nil {
				return nil, err
			}
			var desks []devices.AreaPath
			for _, who := range all {
				desks = append(desks, who.Areas...)
			}
			slices.Sort(desks)
			return slices.Compact(desks), nil
		},
		Uncovered: func(ctx context.Context, from time.Time) ([]alerting.Uncovered, error) {
			areas, err := a.registry.Areas(ctx, devices.Everywhere())
			if err != nil {
				return nil, err
			}
			villages := roster.Villages(areas, "", func(v devices.AreaPath) string { return a.registry.Provider(v, from) })
			var alone []alerting.Uncovered
			for _, g := range a.alerts.Coverage(villages, from, 1, a.duty.reachable) {
				alone = append(alone, alerting.Uncovered{Area: g.Area, From: g.From, To: g.To})
			}
			return alone, nil
		},
	}
}
