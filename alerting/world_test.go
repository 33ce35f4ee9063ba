package alerting_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/detect"
	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/database/databasetest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is a small county with a real store: two residents, each with a band,
// and a band that nobody wears.
type world struct {
	t      *testing.T
	ctx    context.Context
	db     *database.DB
	store  *store.Store
	dir    *directory
	engine *alerting.Engine
	desk   *alerting.Desk
	climb  *alerting.Escalation
	now    time.Time
	seq    uint64
	// ticking adds a detector that counts ticks.
	ticking bool
	seen    *[]alerting.View // what the detectors were shown
	// between is done before each transaction of a checkpoint; its error is that
	// of the transaction.
	between func() error
	part    int // states of one
	// sleeping gives everybody a sleeper and nothing else; sleepless hides that
	// it is one.
	sleeping, sleepless bool
	// watched is the clock of watched time, nil for that of the ticks.
	watched func(time.Time) time.Duration
	luck    int  // more is killed less often
	real    bool // the service's own detectors

	making sync.Mutex // a start makes them by several workers
	made   map[alerting.Subject][]alerting.Detector
}

const (
	wang  = "wang" // v/b1
	li    = "li"   // v/b2
	spare = devices.DeviceID("v/b3")
)

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, ctx: t.Context(), now: noon, seen: &[]alerting.View{}, dir: newDirectory()}
	w.db = databasetest.Open(t)
	w.start()
	return w
}

// start starts the service on what is in the database.
func (w *world) start() {
	w.t.Helper()
	clock := func() time.Time { return w.now }
	w.made = map[alerting.Subject][]alerting.Detector{}
	w.store = store.New(w.db)
	w.store.Now = clock
	w.engine = alerting.NewEngine(alerting.EngineOptions{
		Book: w.store, Checkpoints: w.checkpoints(), Directory: w.directory(), Detectors: w.detectors, Now: clock,
		CheckpointEvery: 1000 * time.Hour, CheckpointPart: w.part, SweepTicks: 3, Watched: w.watched,
	})
	w.must(w.engine.Restore(w.ctx))
	w.desk = alerting.NewDesk(alerting.DeskOptions{Book: w.store, Directory: w.dir, Now: clock})
	w.climb = alerting.NewEscalation(alerting.EscalationOptions{Book: w.store, Directory: w.dir})
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) detectors(s alerting.Subject) []alerting.Detector {
	made := w.newDetectors(s)
	if w.sleeping {
		made = []alerting.Detector{&alarm{}}
	}
	w.making.Lock()
	defer w.making.Unlock()
	w.made[s] = made
	if !w.sleepless {
		return made
	}
	awake := make([]alerting.Detector, len(made))
	for i, d := range made {
		awake[i] = struct{ alerting.Detector }{d}
	}
	return awake
}

func (w *world) newDetectors(s alerting.Subject) []alerting.Detector {
	if w.real {
		return detect.New(s)
	}
	if w.ticking && s.ID == string(spare) {
		return []alerting.Detector{&toggle{}}
	}
	if s.IsVillageWater() {
		return []alerting.Detector{&level{kind: alerting.KindDataOutage, metric: "dry"}}
	}
	if s.Type == alerting.SubjectDevice {
		all := []alerting.Detector{
			&level{kind: alerting.KindDeviceSilent, metric: "silent", seen: w.seen}, &level{kind: alerting.KindLowBattery, metric: "battery"}, &detect.Calls{},
		}
		if w.ticking {
			all = append(all, &unworn{}, &tally{})
		}
		return all
	}
	all := []alerting.Detector{
		&level{kind: alerting.KindWaterInactivity, metric: "water", seen: w.seen},
		&level{kind: alerting.KindHeartRate, metric: "heart"}, &detect.Calls{},
		&level{kind: alerting.KindNoSignOfLife, metric: "life"}, &level{kind: alerting.KindNotReturned, metric: "return"},
	}
	if w.ticking {
		all = append(all, &tally{})
	}
	return all
}

// checkpoints are those of the store, with what is done between their parts.
func (w *world) checkpoints() alerting.Checkpoints { return interrupted{w.store, w} }

type interrupted struct {
	alerting.Checkpoints

	w *world
}

func (i interrupted) SaveStates(ctx context.Context, at alerting.Mark, states []alerting.Snapshot) error {
	if i.w.between != nil {
		if err := i.w.between(); err != nil {
			return err
		}
	}
	return i.Checkpoints.SaveStates(ctx, at, states)
}

func (i interrupted) SaveCheckpoint(ctx context.Context, s alerting.Saved) error {
	if i.w.between != nil {
		if err := i.w.between(); err != nil {
			return err
		}
	}
	return i.Checkpoints.SaveCheckpoint(ctx, s)
}

func (w *world) directory() alerting.Directory {
	if w.sleeping || w.real {
		return turning{w.dir}
	}
	return w.dir
}

// states are those of all detectors.
func (w *world) states() []string {
	w.t.Helper()
	var all []string
	for s, made := range w.made {
		for _, d := range made {
			state, err := d.Save()
			w.must(err)
			all = append(all, fmt.Sprintf("%s %s %s: %s", s.Type, s.ID, d.Name(), state))
		}
	}
	slices.Sort(all)
	return all
}

// pass lets time pass without a record.
func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

func (w *world) apply(records ...devices.Record) {
	w.t.Helper()
	w.seq++
	w.must(w.engine.Apply(w.ctx, "telemetry", w.seq, records))
}

// says has the device report a level now: 0 is fine, then yellow, orange, red.
func (w *world) says(id devices.DeviceID, metric devices.Metric, value float64) {
	w.t.Helper()
	w.apply(reading(id, metric, value, w.now, w.now))
}

func (w *world) cries(id devices.DeviceID, kind devices.EventKind, at time.Time) {
	w.t.Helper()
	w.apply(cry(id, kind, at, w.now))
}

func (w *world) tick() {
	w.t.Helper()
	w.apply(devices.Record{Received: w.now, Tick: &devices.Tick{Connected: true}})
}

func reading(id devices.DeviceID, m devices.Metric, value float64, at, received time.Time) devices.Record {
	return devices.Record{Received: received, Device: id, Readings: []devices.Reading{
		{Device: id, Metric: m, Value: value, At: at, Received: received},
	}}
}

func cry(id devices.DeviceID, kind devices.EventKind, at, received time.Time) devices.Record {
	return devices.Record{Received: received, Device: id, Events: []devices.Event{
		{Device: id, Kind: kind, At: at, Received: received},
	}}
}

var everywhere = devices.Scope{Areas: []devices.AreaPath{""}}

func (w *world) alerts(f alerting.AlertFilter) []alerting.Alert {
	w.t.Helper()
	f.Scope = everywhere
	page, err := w.store.Alerts(w.ctx, f)
	w.must(err)
	return page.Items
}

// only is the one alert there is.
func (w *world) only() alerting.Alert {
	w.t.Helper()
	all := w.alerts(alerting.AlertFilter{})
	if len(all) != 1 {
		w.t.Fatalf("%d alerts, want 1: %+v", len(all), all)
	}
	return all[0]
}

func (w *world) alert(id string) alerting.Alert {
	w.t.Helper()
	a, err := w.store.Alert(w.ctx, everywhere, id)
	w.must(err)
	return a
}

// events are those after a number, as their types.
func (w *world) events(after int64) []alerting.Event {
	w.t.Helper()
	all, err := w.store.EventsAfter(w.ctx, after, 10000)
	w.must(err)
	return all
}

func (w *world) newest() int64 {
	w.t.Helper()
	n, err := w.store.NewestEvent(w.ctx)
	w.must(err)
	return n
}

func (w *world) types(after int64) []alerting.EventType {
	types := []alerting.EventType{}
	for _, e := range w.events(after) {
		types = append(types, e.Type)
	}
	return types
}

var zhang = alerting.Actor{User: "zhang", Name: "张"}
var zhao = alerting.Actor{User: "zhao", Name: "赵"}

var byPhone = alerting.Closing{Outcome: alerting.Well, VerifiedBy: "zhang", How: "phone"}
var unreached = alerting.Closing{Outcome: alerting.FalseAlarm, VerifiedBy: "zhang", How: "device"}

func (w *world) close(id string, how alerting.Closing) {
	w.t.Helper()
	_, err := w.desk.Close(w.ctx, id, zhang, how)
	w.must(err)
}

func inputField(err error) string {
	if e, ok := errors.AsType[*alerting.InputError](err); ok {
		return e.Field
	}
	return ""
}

func refused(t *testing.T, err error) alerting.StateError {
	t.Helper()
	e, ok := errors.AsType[*alerting.StateError](err)
	if !ok {
		t.Fatalf("got %v, want a StateError", err)
	}
	return *e
}

// forTheList is a level: a task that stands on the list of its town.
const forTheList = 0.25

// level is a detector that believes what it is told: values of one metric from
// 0 (fine) over 1 (yellow) and 2 (orange) to 3 (red); a half is a task (blue).
type level struct {
	kind   alerting.Kind
	metric devices.Metric
	seen   *[]alerting.View
	state  struct {
		Episode time.Time
		Value   float64
		Newest  time.Time
	}
}

func (l *level) Name() string { return "level." + string(l.kind) }

func (l *level) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	if l.seen != nil {
		*l.seen = append(*l.seen, *v)
	}
	if r.Metric != l.metric || !r.At.After(l.state.Newest) {
		return nil
	}
	l.state.Newest = r.At
	if !l.state.Episode.IsZero() && !v.LastContact.Before(l.state.Episode) {
		// The clocks start again: the old episode is over.
		old := l.state.Episode
		l.state.Episode, l.state.Value = time.Time{}, 0
		return append([]alerting.Finding{{Kind: l.kind, Episode: old, Recovered: true, FoundAt: r.At}}, l.judge(r)...)
	}
	return l.judge(r)
}

func (l *level) judge(r *devices.Reading) []alerting.Finding {
	f := alerting.Finding{
		Kind: l.kind, FoundAt: r.At, KnownAt: r.Received,
		Evidence: map[string]any{"value": r.Value}, Rule: alerting.RuleRef{ID: "level", Version: 1},
	}
	switch {
	case r.Value == 0 && l.state.Episode.IsZero():
		return nil
	case r.Value == 0:
		f.Episode, f.Recovered = l.state.Episode, true
		l.state.Episode, l.state.Value = time.Time{}, 0
		return []alerting.Finding{f}
	case l.state.Episode.IsZero():
		l.state.Episode, l.state.Value = r.At, 0
	}
	l.state.Value = max(l.state.Value, r.Value)
	f.Episode = l.state.Episode
	f.Severity = []alerting.Severity{"blue", "yellow", "orange", "red"}[int(r.Value)]
	f.Listed = r.Value == forTheList
	return []alerting.Finding{f}
}

func (l *level) Notice(*alerting.View, devices.Event) []alerting.Finding { return nil }

func (l *level) Tick(v *alerting.View) []alerting.Finding {
	if l.seen != nil {
		*l.seen = append(*l.seen, *v)
	}
	return nil
}
func (l *level) Save() ([]byte, error)  { return json.Marshal(l.state) }
func (l *level) Restore(b []byte) error { return json.Unmarshal(b, &l.state) }

// unworn finds a device that has said nothing over three ticks: a detector whose
// ticks change its state without a finding.
type unworn struct {
	state struct {
		Newest time.Time
		Ticks  int
	}
}

func (u *unworn) Name() string { return "unworn" }

func (u *unworn) Observe(_ *alerting.View, r *devices.Reading) []alerting.Finding {
	var findings []alerting.Finding
	if u.state.Ticks >= 3 {
		findings = append(findings, alerting.Finding{Kind: alerting.KindNotWorn, Episode: u.state.Newest, Recovered: true})
	}
	u.state.Newest, u.state.Ticks = r.Received, 0
	return findings
}

func (u *unworn) Tick(*alerting.View) []alerting.Finding {
	u.state.Ticks++
	if u.state.Ticks != 3 || u.state.Newest.IsZero() {
		return nil
	}
	return []alerting.Finding{{Kind: alerting.KindNotWorn, Episode: u.state.Newest, Severity: alerting.Blue}}
}

func (u *unworn) Notice(*alerting.View, devices.Event) []alerting.Finding { return nil }
func (u *unworn) Save() ([]byte, error)                                   { return json.Marshal(u.state) }
func (u *unworn) Restore(b []byte) error                                  { return json.Unmarshal(b, &u.state) }

// tally counts what it is told: a record that is handed to it twice, or not at
// all, or at another watched time, shows in its state.
type tally struct {
	state struct {
		Readings, Events, Ticks int
		Watched                 time.Duration
		Sum                     float64
	}
}

func (t *tally) Name() string { return "tally" }

func (t *tally) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	t.state.Readings++
	t.state.Watched += v.Watched
	t.state.Sum = t.state.Sum/2 + r.Value // tells the order too
	return nil
}

func (t *tally) Notice(v *alerting.View, _ devices.Event) []alerting.Finding {
	t.state.Events++
	t.state.Watched += v.Watched
	return nil
}

func (t *tally) Tick(v *alerting.View) []alerting.Finding {
	t.state.Ticks++
	t.state.Watched += v.Watched
	return nil
}

func (t *tally) Save() ([]byte, error)  { return json.Marshal(t.state) }
func (t *tally) Restore(b []byte) error { return json.Unmarshal(b, &t.state) }

// toggle is as it was after every second reading.
type toggle struct {
	detect.Calls

	on bool
}

func (t *toggle) Name() string { return "toggle" }

func (t *toggle) Observe(*alerting.View, *devices.Reading) []alerting.Finding {
	t.on = !t.on
	return nil
}

func (t *toggle) Save() ([]byte, error)  { return json.Marshal(t.on) }
func (t *toggle) Restore(b []byte) error { return json.Unmarshal(b, &t.on) }

// directory is the registry of the test.
type directory struct {
	devices   map[devices.DeviceID]*devices.Device
	residents map[string]*devices.Resident
	worn      map[devices.DeviceID]string
	away      map[string][2]time.Time
	provider  string
	since     map[string]time.Time // see WatchedSince
	withheld  map[string]devices.Withheld
}

func (d *directory) WithheldOf(resident string, _ time.Time) devices.Withheld {
	return d.withheld[resident]
}

func newDirectory() *directory {
	d := &directory{
		devices: map[devices.DeviceID]*devices.Device{}, residents: map[string]*devices.Resident{},
		worn: map[devices.DeviceID]string{"v/b1": wang, "v/b2": li}, away: map[string][2]time.Time{}, provider: "care", since: map[string]time.Time{},
	}
	for _, id := range []devices.DeviceID{"v/b1", "v/b2", spare} {
		d.devices[id] = &devices.Device{ID: id, Kind: devices.Wristband, Area: "shen/depot"}
	}
	d.residents[wang] = &devices.Resident{ID: wang, Name: "王", Area: "shen/east/hill", State: devices.Active}
	d.residents[li] = &devices.Resident{ID: li, Name: "李", Area: "shen/west/lake", State: devices.Active}
	return d
}

func (d *directory) Device(id devices.DeviceID, _ time.Time) (*devices.Device, bool) {
	dev, ok := d.devices[id]
	return dev, ok
}

func (d *directory) Standing(id devices.DeviceID, at time.Time) (devices.Standing, bool) {
	dev, ok := d.devices[id]
	if !ok {
		return devices.Standing{}, false
	}
	who := d.worn[id]
	return devices.Standing{
		Device: dev, Resident: d.residents[who], Away: d.Away(who, at), Withheld: d.withheld[who], WatchedSince: d.WatchedSince(who, at),
	}, true
}

func (d *directory) Resident(id string, _ time.Time) (*devices.Resident, bool) {
	r, ok := d.residents[id]
	return r, ok
}

func (d *directory) Away(id string, at time.Time) bool {
	a, ok := d.away[id]
	return ok && !at.Before(a[0]) && at.Before(a[1])
}

func (d *directory) Provider(a devices.AreaPath, _ time.Time) string {
	if devices.AreaPath("shen/east").Contains(a) {
		return d.provider
	}
	return ""
}

var _ alerting.Directory = (*directory)(nil)
