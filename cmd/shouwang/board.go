package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard"
	"shouwang/dashboard/access"
	"shouwang/devices"
	"shouwang/ingest/broker"
	"shouwang/ingest/journal"
	"shouwang/ingest/mqtt"
)

// maxLag is how far a reader may be behind before the service says that it is
// not ready.
const maxLag = time.Minute

// startDashboard starts the board and its live view.
func (a *app) startDashboard(l *lifecycle, brk *broker.Broker, jrn *journal.Journal, engine *alerting.Engine, client *mqtt.Client) error {
	token, err := secret(a.settings.HTTP.MetricsToken)
	if err != nil {
		return err
	}
	connected := func() bool { return client == nil || client.Connected() }
	handovers := a.newHandovers()
	board, err := dashboard.New(dashboard.Options{
		Shift: a.alerts, Handovers: handovers, States: a.registry,
		Access: a.access, Alerts: a.alerts, Doors: a.alerts, Registry: a.registry, Series: a.series, DeadLetters: a.letters, Erasures: a.newEraser(),
		Desk:   alerting.NewDesk(alerting.DeskOptions{Book: a.alerts, Directory: a.registry, Person: a.person, Visitors: a.access.Visitors}),
		Rounds: a.rounds, Reports: a.alerts,
		Duty: a.alerts, Presence: a.duty.presence, Reachable: a.duty.channel,
		Rules: a.alerts, Preview: newPreviews(a.registry, a.series), Incidents: a.incidents, Demo: a.incidents != nil,
		State: func() dashboard.State {
			asOf := engine.AsOf()
			return dashboard.State{AsOf: asOf, Lag: time.Since(asOf), Connected: connected(), Warnings: a.canary.warnings(a.warnings(brk))}
		},
		Checks:     a.checks(jrn, connected),
		Telling:    a.telling.forDashboard(a.alerts),
		Canary:     a.canary.board(a),
		Disconnect: brk.Disconnect, Excess: excessOf(client), Blind: blindOf(engine, a.registry),
		Gatherer: a.metrics, Metrics: a.metrics, MetricsToken: token,
		SecureCookies: a.settings.HTTP.TLSCert != "" || a.settings.HTTP.SecureCookies, Origins: a.settings.HTTP.Origins, Unmasked: a.unmasked(), Version: version, Log: a.log,
	})
	if err != nil {
		return fmt.Errorf("dashboard: %w", err)
	}
	serve, err := a.listen(board.Server())
	if err != nil {
		return err
	}
	l.start("dashboard", board.Run)
	l.start("handovers", handovers.Run)
	l.start("http", serve)
	return nil
}

// unmasked are the roles of the settings; nil, the board's own default, in the
// demo, which has none.
func (a *app) unmasked() []access.Role {
	var roles []access.Role
	for _, role := range a.settings.HTTP.UnmaskedRoles {
		roles = append(roles, access.Role(role))
	}
	return roles
}

// checks are what /readyz asks.
func (a *app) checks(jrn *journal.Journal, connected func() bool) []dashboard.Check {
	return []dashboard.Check{
		{Name: "broker", Ready: func(context.Context) error {
			if !connected() {
				return errors.New("no connection to the MQTT broker")
			}
			return nil
		}},
		{Name: "database", Ready: func(ctx context.Context) error { return a.db.Read.PingContext(ctx) }},
		{Name: "series", Ready: a.series.Check},
		a.diskCheck(),
		{Name: "canary", Ready: func(context.Context) error {
			if a.canary.monitor == nil {
				return nil
			}
			return a.canary.monitor.Check()
		}},
		{Name: "journal", Ready: func(ctx context.Context) error {
			stats, err := jrn.Stats(ctx)
			if err != nil {
				return err
			}
			now := time.Now()
			for _, lane := range stats.Lanes {
				for _, r := range lane.Readers {
					if lag := r.Lag(now); lag > maxLag {
						return fmt.Errorf("%s is %v behind in lane %s", r.Name, lag.Round(time.Second), lane.Lane)
					}
				}
			}
			return nil
		}},
	}
}

// person is a resident with telephone and contacts, for the log of calls.
func (a *app) person(ctx context.Context, id string) (devices.Resident, error) {
	r, err := a.registry.GetResident(ctx, devices.Everywhere(), id)
	return r.Resident, err
}
