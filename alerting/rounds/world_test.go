package rounds_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/alerting/rounds"
	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/database/databasetest"
	"shouwang/devices/registry"
)

var shanghai = time.FixedZone("CST", 8*3600)

// world is a county with a real store and registry and a clock of its own.
type world struct {
	t        *testing.T
	now      time.Time
	db       *database.DB
	store    *store.Store
	registry *registry.Registry
	desk     *alerting.Desk
	planner  *rounds.Planner
	crew     crew
	daily    []string
}

// crew is who works where.
type crew struct{ visitors, supervisors []string }

func (c *crew) Visitors(context.Context, string, devices.AreaPath) ([]string, error) {
	return c.visitors, nil
}

func (c *crew) Supervisors(context.Context, devices.AreaPath) ([]string, error) {
	return c.supervisors, nil
}

// at is a local time of a November in which all was entered long ago; its first day
// is a Monday.
func at(day, hour, minute int) time.Time {
	return time.Date(2027, 11, day, hour, minute, 0, 0, shanghai)
}

func newWorld(t *testing.T, now time.Time) *world {
	t.Helper()
	w := &world{t: t, now: now, crew: crew{visitors: []string{"li", "sun"}, supervisors: []string{"du"}}, db: databasetest.Open(t)}
	var err error
	w.registry, err = registry.Open(t.Context(), w.db)
	w.must(err)
	w.start()
	return w
}

// start starts the service on what is in the database.
func (w *world) start() {
	w.t.Helper()
	w.store = store.New(w.db)
	w.store.Now = func() time.Time { return w.now }
	_, err := w.store.Load(w.t.Context())
	w.must(err)
	w.desk = alerting.NewDesk(alerting.DeskOptions{Book: w.store, Directory: w.registry, Now: func() time.Time { return w.now }})
	w.planner = rounds.New(rounds.Options{
		Store: w.store, Registry: w.registry, People: &w.crew, Zone: shanghai, Log: zerolog.Nop(), Metrics: prometheus.NewRegistry(),
		DailyCalls: func(context.Context) ([]string, error) { return w.daily, nil },
	})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// village enters a village of one town with so many residents of a tier.
func (w *world) village(town, village string, tier devices.Tier, n int) (ids []string) {
	w.t.Helper()
	path := devices.AreaPath("shen/" + town + "/" + village)
	in := devices.Import{
		Areas:     []devices.Area{{Path: "shen", Name: "县"}, {Path: path.Parent(), Name: "镇"}, {Path: path, Name: "村"}},
		Providers: []devices.Provider{{ID: "anhe", Name: "安禾", Villages: []devices.AreaPath{"shen"}}},
	}
	for i := range n {
		id := fmt.Sprintf("%s-%s-%s-%03d", town, village, tier, i)
		ids = append(ids, id)
		in.Residents = append(in.Residents, devices.Resident{ID: id, Name: "王", Area: path, Tier: tier, State: devices.Active})
	}
	w.must(w.registry.PutAll(w.t.Context(), in))
	return ids
}

func (w *world) step(now time.Time) {
	w.t.Helper()
	w.now = now
	w.must(w.planner.Step(w.t.Context(), now))
}

// setRules changes the rules of the service.
func (w *world) setRules(settings string) {
	w.t.Helper()
	_, err := w.store.ChangeRules(w.t.Context(), alerting.RuleChange{From: w.now.Add(-time.Hour), By: "du", Reason: "trial", Settings: []byte(settings)})
	w.must(err)
}

// visits are all, by the time they are due.
func (w *world) visits(keep func(*alerting.Visit) bool) []alerting.Visit {
	w.t.Helper()
	all, err := w.store.VisitsBetween(w.t.Context(), at(1, 0, 0).AddDate(-1, 0, 0), at(1, 0, 0).AddDate(2, 0, 0), true)
	w.must(err)
	return slices.DeleteFunc(all, func(v alerting.Visit) bool { return keep != nil && !keep(&v) })
}

func of(plan alerting.Plan) func(*alerting.Visit) bool {
	return func(v *alerting.Visit) bool { return v.Plan == plan }
}

func (w *world) only(keep func(*alerting.Visit) bool) alerting.Visit {
	w.t.Helper()
	all := w.visits(keep)
	if len(all) != 1 {
		w.t.Fatalf("%d visits, want 1: %+v", len(all), all)
	}
	return all[0]
}

func (w *world) visit(id string) alerting.Visit {
	w.t.Helper()
	v, err := w.store.Visit(w.t.Context(), devices.Scope{Areas: []devices.AreaPath{""}}, id)
	w.must(err)
	return v
}

var li = alerting.Actor{User: "li", Name: "李"}

func (w *world) report(v *alerting.Visit, o alerting.Outcome) {
	w.t.Helper()
	_, err := w.desk.ReportVisit(w.t.Context(), v.ID, li, alerting.Report{UUID: uuid.NewString(), Outcome: o, At: w.now})
	w.must(err)
}

// met has the resident reached in that way now.
func (w *world) met(resident, how string) {
	w.t.Helper()
	w.must(w.store.Tx(w.t.Context(), func(tx alerting.Tx) error {
		return tx.AddContact(alerting.Contact{Resident: resident, At: w.now, How: how, Actor: "zhang"})
	}))
}

// told are the keys of the notices that were written, in order.
func (w *world) told() (keys []string) {
	w.t.Helper()
	rows, err := w.db.Read.QueryContext(w.t.Context(), `SELECT key FROM outbox ORDER BY at, key`)
	w.must(err)
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		var key string
		w.must(rows.Scan(&key))
		keys = append(keys, key)
	}
	w.must(rows.Err())
	return keys
}

func (w *world) events() (list []alerting.Event) {
	w.t.Helper()
	list, err := w.store.EventsAfter(w.t.Context(), 0, 100_000)
	w.must(err)
	return list
}
