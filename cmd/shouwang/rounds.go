package main

import (
	"context"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/rounds"
	"shouwang/dashboard"
	"shouwang/devices"
)

// newRounds makes what plans visits, by the engine's knowledge of who is seen by
// their devices too seldom.
func (a *app) newRounds(engine *alerting.Engine) (*rounds.Planner, error) {
	zone, err := time.LoadLocation(a.settings.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("time_zone: %w", err)
	}
	return rounds.New(rounds.Options{
		Store: a.alerts, Registry: a.registry, People: a.access, Zone: zone, Log: a.log, Metrics: a.metrics,
		DailyCalls: dailyCalls(a.registry, blindOf(engine, a.registry)),
	}), nil
}

// residentLister lists residents with their devices.
type residentLister interface {
	Residents(ctx context.Context, f devices.ResidentFilter) (devices.ResidentPage, error)
}

// dailyCalls lists who needs a call each day: residents of tier red who have
// devices, of which none sees them often enough. While that is not learnt yet
// nobody is listed; who has no device at all is visited by tier.
func dailyCalls(registry residentLister, blind func(*devices.Resident, []devices.DeviceID) (dashboard.Blind, bool)) func(context.Context) ([]string, error) {
	return func(ctx context.Context) ([]string, error) {
		var ids []string
		f := devices.ResidentFilter{
			Scope: devices.Everywhere(), State: []devices.ResidentState{devices.Active},
			Tier: []devices.Tier{devices.TierRed}, Limit: 1000,
		}
		for {
			page, err := registry.Residents(ctx, f)
			if err != nil {
				return nil, err
			}
			for i := range page.Items {
				r := &page.Items[i]
				has := make([]devices.DeviceID, len(r.Devices))
				for j := range r.Devices {
					has[j] = r.Devices[j].ID
				}
				if b, known := blind(&r.Resident, has); known && b.DailyCall {
					ids = append(ids, r.ID)
				}
			}
			if page.Next == "" {
				return ids, nil
			}
			f.Cursor = page.Next
		}
	}
}
