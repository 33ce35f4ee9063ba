package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// carer is the demo's second person of the care provider, who cannot sign in.
const carer = "anhe-li"

// enterVisits makes up the home visits of the last three months, so that the
// demo begins with a care provider at work and not with five hundred people whom
// nobody has ever seen. It says nothing of life: the detectors learn from the
// readings alone.
func (a *app) enterVisits(ctx context.Context, c *county) error {
	err := a.access.Create(ctx, access.Account{
		Username: carer, Name: "李护理员", Role: access.Provider, Areas: []devices.AreaPath{c.Areas[0].Path}, Provider: c.Provider.ID,
	}, "")
	if err != nil && !errors.Is(err, access.ErrExists) {
		return err
	}
	made, err := a.alerts.LastRoutine(ctx)
	if err != nil || len(made) > 0 {
		return err
	}
	r := rand.New(rand.NewPCG(c.Seed, 6)) //nolint:gosec // made up
	rules := alerting.DefaultRules()
	now := time.Now().UTC().Truncate(time.Minute)
	people := []string{"provider", carer}
	return a.alerts.Tx(ctx, func(tx alerting.Tx) error {
		for n := range c.Residents {
			who := &c.Residents[n]
			every := rules.Visits.Every(who.Tier)
			// Some are due this month again, hardly any are late.
			for age := time.Duration(r.Float64() * float64(every)); age < 90*24*time.Hour; age += every {
				begin := now.Add(-age).Truncate(24 * time.Hour).Add(time.Duration(60+r.IntN(480)) * time.Minute) // from nine to five in China
				if begin.After(now.Add(-time.Hour)) {
					begin = begin.AddDate(0, 0, -1)
				}
				end := begin.Add(time.Duration(12+r.IntN(30)) * time.Minute)
				by, outcome := people[r.IntN(len(people))], alerting.Well
				switch r.IntN(12) {
				case 0:
					outcome = alerting.AwayFromHome
				case 1:
					outcome = alerting.Assisted
				}
				id := made4(r)
				v := &alerting.Visit{
					ID: id, Resident: &alerting.ResidentRef{ID: who.ID, Name: who.Name}, Area: who.Area, State: alerting.VisitReported,
					Kind: alerting.HomeVisit, Plan: alerting.PlanRoutine, PlanKey: "demo/" + id, Assignee: &by, Provider: &c.Provider.ID,
					Created: begin.AddDate(0, 0, -6), Due: begin.Add(2 * time.Hour), Started: &begin, Arrived: &begin, Left: &end,
					Report: &alerting.Report{UUID: made4(r), Outcome: outcome, At: end, By: by, Received: end},
				}
				if err := tx.PutVisit(v); err != nil {
					return fmt.Errorf("demo visits: %w", err)
				}
			}
		}
		return nil
	})
}

// made4 is a made-up UUID of version 4.
func made4(r *rand.Rand) string {
	return fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<12), r.IntN(1<<12), r.Int64N(1<<48))
}
