// Package rounds plans visits and keeps them to their time: home visits by the
// interval of each tier, what a town's and a county's quotas still lack, the
// daily call to those whose devices see too little. A verified contact settles
// what was planned, an absence takes it back, and reminders go out while the time
// runs. It holds nothing that is not in SQL, so a restart plans nothing twice.
package rounds

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/devices"
)

// Store is what is kept in SQL, and what is known of residents from memory.
type Store interface {
	Tx(ctx context.Context, fn func(alerting.Tx) error) error
	Rules(at time.Time, of alerting.RuleScope) *alerting.Rules
	LastContact(resident string, at time.Time) time.Time

	// VisitsBetween are the visits that were due, were reported or were settled in
	// [from, to), and with open those that are still to come.
	VisitsBetween(ctx context.Context, from, to time.Time, open bool) ([]alerting.Visit, error)
	// OpenVisits are those that are still to come.
	OpenVisits(ctx context.Context) ([]alerting.Visit, error)
	Visit(ctx context.Context, scope devices.Scope, id string) (alerting.Visit, error)
	// LastRoutine is of each resident the newest routine visit that is over and was
	// not taken back.
	LastRoutine(ctx context.Context) (map[string]alerting.Visit, error)
	// LastPlanned is when a visit was last planned, zero for never.
	LastPlanned(ctx context.Context) (time.Time, error)
	// LastHome is when a home visit to each resident was last reported.
	LastHome(ctx context.Context) (map[string]time.Time, error)
	// ContactsAfter are the contacts that were made since.
	ContactsAfter(ctx context.Context, since time.Time) ([]alerting.Contact, error)
	// RemindersDue are the visits of which a reminder is due.
	RemindersDue(ctx context.Context, now time.Time) ([]string, error)
}

// Registry tells who lives where, from memory.
type Registry interface {
	// Everybody is all residents, in order of their ids; they must not be changed.
	Everybody(at time.Time) []*devices.Resident
	Resident(id string, at time.Time) (*devices.Resident, bool)
	Away(resident string, at time.Time) bool
	Provider(area devices.AreaPath, at time.Time) string
}

// People tells who works where, by user names.
type People interface {
	// Visitors go to doors in the area: the provider's people, or without a provider
	// the village's assistants; in order of their names.
	Visitors(ctx context.Context, provider string, area devices.AreaPath) ([]string, error)
	// Supervisors are those of the area, or where there are none who else is to know.
	Supervisors(ctx context.Context, area devices.AreaPath) ([]string, error)
}

// Options are what the planner needs.
type Options struct {
	Store    Store
	Registry Registry
	People   People
	// DailyCalls are the residents whom somebody is to phone each day; nil: nobody.
	DailyCalls func(ctx context.Context) ([]string, error)
	Zone       *time.Location // of the county's days
	Log        zerolog.Logger
	Metrics    prometheus.Registerer
}

// Planner plans, settles and reminds.
type Planner struct {
	Options
	planned time.Time // when it last planned
	made    *prometheus.CounterVec
}

// planEvery is the time between two plannings of a day.
const planEvery = time.Hour

// New makes it; Run lets it work.
func New(o Options) *Planner {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	o.Log = o.Log.With().Str("component", "rounds").Logger()
	return &Planner{Options: o, made: promauto.With(o.Metrics).NewCounterVec(prometheus.CounterOpts{
		Name: "shouwang_rounds_visits_planned_total", Help: "Visits the service has planned.",
	}, []string{"plan"})}
}

// Run looks every half minute until ctx ends.
func (p *Planner) Run(ctx context.Context) error {
	return alerting.Repeat(ctx, 0, 30*time.Second, &p.Log, "planning visits", func(ctx context.Context) error { return p.Step(ctx, time.Now()) })
}

// Step does what is to be done at now: settles and takes back, reminds, and plans
// once an hour and when a day begins.
func (p *Planner) Step(ctx context.Context, now time.Time) error {
	now = now.UTC().Truncate(time.Microsecond)
	if err := p.settle(ctx, now); err != nil {
		return fmt.Errorf("settle planned visits: %w", err)
	}
	if err := p.remind(ctx, now); err != nil {
		return fmt.Errorf("remind of visits: %w", err)
	}
	if p.planned.IsZero() { // a restart is no reason to plan
		var err error
		if p.planned, err = p.Store.LastPlanned(ctx); err != nil {
			return err
		}
	}
	if now.Sub(p.planned) < planEvery && p.day(now).Equal(p.day(p.planned)) && !now.Before(p.planned) {
		return nil
	}
	if err := p.plan(ctx, now); err != nil {
		return fmt.Errorf("plan visits: %w", err)
	}
	p.planned = now
	return nil
}

// day is the local midnight before a time.
func (p *Planner) day(at time.Time) time.Time {
	y, m, d := at.In(p.Zone).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, p.Zone)
}

// week is the local midnight before the Monday of a time's week.
func (p *Planner) week(at time.Time) time.Time {
	day := p.day(at)
	return day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
}

// month is the first instant of a time's month, and of the next.
func (p *Planner) month(at time.Time) (from, to time.Time) {
	y, m, _ := at.In(p.Zone).Date()
	from = time.Date(y, m, 1, 0, 0, 0, 0, p.Zone)
	return from, from.AddDate(0, 1, 0)
}

// level is the area of a path so many levels below the service: 1 the county, 2
// the town; a path that does not reach so deep is that itself.
func level(a devices.AreaPath, n int) devices.AreaPath {
	for i, c := range a {
		if c == '/' {
			if n--; n == 0 {
				return a[:i]
			}
		}
	}
	return a
}

func scopeOf(r *devices.Resident) alerting.RuleScope {
	return alerting.RuleScope{Area: r.Area, Tier: r.Tier, Resident: r.ID}
}

// watched says whether a resident is to be visited now.
func (p *Planner) watched(r *devices.Resident, now time.Time) bool {
	return r.State == devices.Active && !p.Registry.Away(r.ID, now)
}
