package main

import (
	"context"
	"slices"

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
	all, err := a.access.Accounts(ctx, devices.Scope{Areas: []devices.AreaPath{""}}, "", 100_000)
	if err != nil {
		return nil, err
	}
	for _, role := range []access.Role{access.Supervisor, access.Administrator} {
		var people []string
		for _, who := range all {
			sees := slices.ContainsFunc(who.Areas, func(root devices.AreaPath) bool { return root.Contains(area) })
			if who.Role == role && !who.Disabled && sees {
				people = append(people, who.Username)
			}
		}
		if len(people) > 0 {
			return people, nil
		}
	}
	return nil, nil
}
