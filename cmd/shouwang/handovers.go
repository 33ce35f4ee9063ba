package main

import "shouwang/alerting"

// newHandovers makes the hand-over of shifts; a sheet that nobody takes goes to the
// supervisors of its area, or where there are none to its administrators.
func (a *app) newHandovers() *alerting.Handovers {
	return alerting.NewHandovers(alerting.HandoverOptions{
		Store: a.alerts, Log: a.log,
		Supervisors: a.access.Supervisors,
	})
}
