package main

import (
	"context"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// newHandovers makes the hand-over of shifts; a sheet that nobody takes goes to the
// supervisors of its area, or where there are none to its administrators.
func (a *app) newHandovers() *alerting.Handovers {
	return alerting.NewHandovers(alerting.HandoverOptions{
		Store: a.alerts, Log: a.log,
		Supervisors: a.supervisors,
	})
}

// supervisors are those of an area, or where there are none its administrators.
func (a *app) supervisors(ctx context.Context, area devices.AreaPath) ([]string, error) {
	people, err := a.access.Supervisors(ctx, area)
	if err != nil || len(people) > 0 {
		return people, err
	}
	all, err := a.access.Workers(ctx, access.WorkerFilter{Role: []access.Role{access.Administrator}, Area: &area})
	for _, who := range all {
		people = append(people, who.Username)
	}
	return people, err
}
