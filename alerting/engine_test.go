package alerting_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/alerting"
	"shouwang/alerting/detect"
	"shouwang/devices"
)

func TestFindingOpensAnAlert(t *testing.T) {
	w := newWorld(t)
	found := w.now.Add(-time.Hour)
	w.apply(reading("v/b1", "water", 1, found, w.now))
	a := w.only()
	due := w.now.Add(30 * time.Minute)
	want := alerting.Alert{
		ID: a.ID, Kind: "water_inactivity", Severity: "yellow", State: "open",
		Subject: alerting.ResidentSubject(wang), Resident: &alerting.ResidentRef{ID: wang, Name: "王"}, Area: "shen/east/hill",
		Since: found, OpenedAt: w.now, RangAt: w.now, FoundAt: found, KnownAt: w.now, EscalateAt: &due,
		Evidence: map[string]any{"value": 1.0}, Rule: alerting.RuleRef{ID: "level", Version: 1},
	}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Error(diff)
	}
	events := w.events(0)
	if len(events) != 1 || events[0].Type != alerting.AlertOpened || events[0].Number != 1 || events[0].Provider != "care" {
		t.Fatalf("events: %+v", events)
	}
	if diff := cmp.Diff(&want, events[0].Alert); diff != "" {
		t.Error("event:", diff)
	}
}

func TestSeverityRisesWithinAnEpisode(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	w.pass(time.Minute)
	w.says("v/b1", "water", 1) // said again
	w.says("v/b1", "water", 2)
	w.pass(time.Minute)
	w.says("v/b1", "water", 2)
	w.pass(time.Second)
	w.says("v/b1", "water", 1) // does not sink
	if a := w.only(); a.Severity != "yellow" && a.Severity != "orange" {
		t.Fatal(a.Severity)
	}
	a := w.only()
	if a.Severity != "orange" || !a.EscalateAt.Equal(noon.Add(2*time.Minute).Add(5*time.Minute)) {
		t.Errorf("severity %s, next step at %s", a.Severity, a.EscalateAt)
	}
	if got := w.types(0); !slices.Equal(got, []alerting.EventType{"alert.opened", "alert.updated"}) {
		t.Error(got)
	}
}

func TestRiseToRedRingsAgainOnceAcknowledged(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	_, err := w.desk.Ack(w.ctx, w.only().ID, zhang)
	w.must(err)
	w.pass(time.Hour)
	w.says("v/b1", "water", 2)
	if a := w.only(); a.State != "acknowledged" || a.Severity != "orange" {
		t.Fatalf("orange: %s %s", a.State, a.Severity)
	}
	w.pass(time.Hour)
	w.says("v/b1", "water", 3)
	a := w.only()
	if a.State != "open" || a.AckedAt != nil || !a.RangAt.Equal(w.now) || !a.EscalateAt.Equal(w.now.Add(time.Minute)) {
		t.Errorf("red: %+v", a)
	}
}

func TestRecoveryIsAMarkAndANewEpisodeRingsAgain(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "heart", 2)
	id := w.only().ID
	_, err := w.desk.Ack(w.ctx, id, zhang)
	w.must(err)
	w.pass(time.Minute)
	w.says("v/b1", "heart", 0)
	a := w.only()
	if a.State != "acknowledged" || a.RecoveredAt == nil || !a.RecoveredAt.Equal(w.now) || a.Outcome != nil {
		t.Fatalf("after recovery: %+v", a)
	}
	w.pass(time.Minute)
	w.says("v/b1", "heart", 1)
	a = w.only()
	if a.State != "open" || a.RecoveredAt != nil || a.AckedAt != nil || !a.Since.Equal(w.now) || !a.RangAt.Equal(w.now) || a.Severity != "orange" {
		t.Fatalf("after a new episode: %+v", a)
	}
	want := []alerting.EventType{"alert.opened", "alert.acked", "alert.recovered", "alert.updated"}
	if got := w.types(0); !slices.Equal(got, want) {
		t.Error(got)
	}
}

func TestDeviceAlertClosesItself(t *testing.T) {
	w := newWorld(t)
	w.says(spare, "silent", 1)
	w.pass(time.Minute)
	w.says(spare, "silent", 0)
	a := w.only()
	if a.State != "closed" || *a.Outcome != "recovered" || a.Area != "shen/depot" || a.Resident != nil {
		t.Fatalf("%+v", a)
	}
	if got := w.types(0); !slices.Equal(got, []alerting.EventType{"alert.opened", "alert.recovered", "alert.closed"}) {
		t.Error(got)
	}
	if e := w.events(2)[0]; e.Actor != "system" {
		t.Error(e.Actor)
	}
}

func TestDeviceAlertWithSomebodyOnTheWayDoesNotCloseItself(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "silent", 1)
	_, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: w.only().ID})
	w.must(err)
	w.pass(time.Minute)
	w.says("v/b1", "silent", 0)
	if a := w.only(); a.State != "dispatched" || a.RecoveredAt == nil {
		t.Fatalf("%+v", a)
	}
}

func TestDeviceAlertWithAnEarlierVisitOnItsWayDoesNotCloseItself(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "silent", 1)
	id := w.only().ID
	_, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	w.pass(time.Second)
	second, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id, Assignee: "zhao"})
	w.must(err)
	_, err = w.desk.CancelVisit(w.ctx, second.ID, zhang, "sent twice")
	w.must(err)
	for _, value := range []float64{0, 1, 0} { // in between it rings: open, with the first visit on its way
		w.pass(time.Minute)
		w.says("v/b1", "silent", value)
	}
	if a := w.only(); a.State != "open" || a.RecoveredAt == nil {
		t.Errorf("%+v", a)
	}
}

func TestOnePressIsOneAlertAndTheNextRingsAgain(t *testing.T) {
	w := newWorld(t)
	press := w.now
	for range 4 { // bands repeat until they are answered
		w.cries("v/b1", "sos", press)
		w.pass(10 * time.Second)
	}
	w.cries("v/b1", "sos", press.Add(55*time.Second))
	if got := w.types(0); len(got) != 1 {
		t.Fatal(got)
	}
	clock := *w.only().EscalateAt
	w.cries("v/b1", "sos", press.Add(61*time.Second))
	a := w.only()
	if a.Evidence["count"] != 2.0 || !a.RangAt.Equal(w.now) {
		t.Errorf("second press: %+v", a)
	}
	if !a.EscalateAt.Equal(clock) {
		t.Error("pressing again put the escalation off")
	}
	_, err := w.desk.Ack(w.ctx, a.ID, zhang)
	w.must(err)
	w.pass(5 * time.Minute)
	w.cries("v/b1", "sos", w.now)
	a = w.only()
	if a.State != "open" || a.Evidence["count"] != 3.0 || a.AckedAt != nil || !a.EscalateAt.Equal(w.now.Add(time.Minute)) {
		t.Errorf("press after the acknowledgement: %+v", a)
	}
	w.cries("v/b1", "fall", w.now)
	if n := len(w.alerts(alerting.AlertFilter{})); n != 2 {
		t.Errorf("%d alerts after a fall, want 2: it joins nothing", n)
	}
}

func TestPressSoonAfterClosingIsNew(t *testing.T) {
	w := newWorld(t)
	w.cries("v/b1", "sos", w.now)
	w.pass(20 * time.Second)
	w.close(w.only().ID, byPhone)
	w.pass(20 * time.Second)
	w.cries("v/b1", "sos", noon) // the first packet, delivered again
	w.only()
	w.cries("v/b1", "sos", w.now)
	if n := len(w.alerts(alerting.AlertFilter{State: []alerting.State{"open"}})); n != 1 {
		t.Errorf("%d open alerts, want 1", n)
	}
}

func TestCryOfADeviceThatNobodyWears(t *testing.T) {
	w := newWorld(t)
	w.cries(spare, "sos", w.now)
	a := w.only()
	if a.Subject != alerting.DeviceSubject(spare) || a.Area != "shen/depot" || a.Resident != nil || a.Severity != "red" {
		t.Errorf("%+v", a)
	}
}

func TestLateFindingIsListedWithoutSiren(t *testing.T) {
	w := newWorld(t)
	w.apply(cry("v/b1", "sos", w.now.Add(-24*time.Hour-time.Second), w.now))
	a := w.only()
	if !a.Late || a.EscalateAt != nil || a.State != "open" {
		t.Fatalf("%+v", a)
	}
	w.must(w.climb.Step(w.ctx, w.now.Add(time.Hour)))
	if w.only().Escalation != 0 {
		t.Error("a late alert escalated")
	}
	w.pass(time.Hour)
	w.cries("v/b1", "sos", w.now) // now somebody really calls
	a = w.only()
	if a.Late || a.EscalateAt == nil || !a.RangAt.Equal(w.now) {
		t.Errorf("a cry of now on a late alert: %+v", a)
	}
	w.apply(reading("v/b2", "heart", 3, w.now.Add(-24*time.Hour), w.now))
	if a := w.alerts(alerting.AlertFilter{Resident: li})[0]; a.Late {
		t.Error("24 h exactly is not late")
	}
}

func TestPastEpisodeDoesNotRing(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "heart", 2)
	w.pass(time.Minute)
	w.says("v/b1", "heart", 0)
	before := w.only()
	// A detector may tell of an older episode when a backlog comes in.
	fresh := alerting.NewEngine(alerting.EngineOptions{Book: w.store, Checkpoints: w.store, Directory: w.dir, Detectors: w.detectors, Now: func() time.Time { return w.now }})
	w.pass(time.Minute)
	w.must(fresh.Apply(w.ctx, "telemetry", 1, []devices.Record{reading("v/b1", "heart", 2, noon.Add(-time.Hour), w.now)}))
	after := w.only()
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}

func TestRetainedIsNotJudged(t *testing.T) {
	w := newWorld(t)
	r := cry("v/b1", "sos", w.now, w.now)
	r.Retained = true
	w.apply(r)
	if n := len(w.alerts(alerting.AlertFilter{})); n != 0 || len(*w.seen) != 0 {
		t.Errorf("%d alerts, %d views", n, len(*w.seen))
	}
}

func TestNobodyIsWatchedAfterDeathAndAbsenceIsShown(t *testing.T) {
	w := newWorld(t)
	for _, state := range []devices.ResidentState{devices.Hospital, devices.Institution} {
		w.dir.residents[wang].State = state
		*w.seen = nil
		w.says("v/b1", "steps", 1)
		for _, v := range *w.seen {
			if !v.Away {
				t.Errorf("%s: %s not away", state, v.Subject.Type)
			}
		}
	}
	w.dir.residents[wang].State = devices.Active
	w.dir.away[wang] = [2]time.Time{w.now, w.now.Add(time.Hour)}
	*w.seen = nil
	w.says("v/b1", "steps", 1)
	if v := (*w.seen)[0]; !v.Away || v.Subject.ID != wang || v.Device != nil {
		t.Errorf("%+v", v)
	}
	if v := (*w.seen)[1]; v.Device == nil || v.Resident == nil {
		t.Errorf("%+v", v)
	}
	w.dir.residents[wang].State = devices.Deceased
	w.says("v/b1", "water", 3)
	w.says("v/b1", "silent", 1)
	if n := len(w.alerts(alerting.AlertFilter{})); n != 0 {
		t.Errorf("%d alerts for the deceased", n)
	}
}

func TestWatchedClockStandsStillInOurOutage(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "steps", 1) // so that somebody looks at the clock
	watched := func() time.Duration { return (*w.seen)[len(*w.seen)-1].Watched }
	tick := func(after time.Duration, connected bool) {
		w.pass(after)
		w.apply(devices.Record{Received: w.now, Tick: &devices.Tick{Connected: connected}})
	}
	for _, step := range []struct {
		after     time.Duration
		connected bool
		want      time.Duration
	}{
		{10 * time.Second, true, 0}, // the first tick has none before it
		{10 * time.Second, true, 10 * time.Second},
		{30 * time.Second, true, 40 * time.Second},
		{31 * time.Second, true, 40 * time.Second}, // we were down
		{10 * time.Second, true, 50 * time.Second},
		{10 * time.Second, false, 50 * time.Second},
		{10 * time.Second, false, 50 * time.Second},
		{10 * time.Second, true, 50 * time.Second}, // came back somewhere in between
		{10 * time.Second, true, 60 * time.Second},
		{-time.Minute, true, 60 * time.Second}, // our clock was set back
		{10 * time.Second, true, 70 * time.Second},
	} {
		tick(step.after, step.connected)
		if got := watched(); got != step.want {
			t.Errorf("after %s, connected %v: watched %s, want %s", step.after, step.connected, got, step.want)
		}
	}
	w.must(w.engine.Checkpoint(w.ctx))
	w.start()
	tick(10*time.Second, true)
	if got := watched(); got != 80*time.Second {
		t.Errorf("after a restart: %s", got)
	}
}

func TestContactHoldsFromWhenItWasRecorded(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	w.pass(time.Hour)
	w.close(w.only().ID, byPhone)
	contact := w.now
	*w.seen = nil
	w.apply(reading("v/b1", "x", 1, w.now, contact.Add(-time.Second)), reading("v/b1", "x", 1, w.now, contact))
	views := slices.DeleteFunc(*w.seen, func(v alerting.View) bool { return v.Subject.Type != "resident" })
	if !views[0].LastContact.IsZero() || !views[1].LastContact.Equal(contact) {
		t.Errorf("before: %s, after: %s", views[0].LastContact, views[1].LastContact)
	}
	w.start()
	if got := w.store.LastContact(wang, contact); !got.Equal(contact) {
		t.Errorf("after a restart: %s", got)
	}
}

// book counts transactions and lets them fail.
type book struct {
	alerting.Book
	txs  int
	fail error
}

func (b *book) Tx(ctx context.Context, fn func(alerting.Tx) error) error {
	b.txs++
	if b.fail != nil {
		// As when the disk is full at the commit: all was done, nothing is kept.
		return b.Book.Tx(ctx, func(tx alerting.Tx) error { return errors.Join(fn(tx), b.fail) })
	}
	return b.Book.Tx(ctx, fn)
}

func TestQuietRecordsDoNotTouchSQL(t *testing.T) {
	w := newWorld(t)
	b := &book{Book: w.store}
	e := alerting.NewEngine(alerting.EngineOptions{Book: b, Checkpoints: w.store, Directory: w.dir, Detectors: w.detectors, CheckpointEvery: time.Hour, CheckpointFrames: 1000})
	for i := range uint64(100) {
		w.must(e.Apply(w.ctx, "telemetry", i+1, []devices.Record{reading("v/b1", "water", 0, w.now, w.now)}))
	}
	if b.txs != 0 {
		t.Fatalf("%d transactions", b.txs)
	}
	for i := range uint64(10) { // a detector that repeats itself
		w.must(e.Apply(w.ctx, "telemetry", i+101, []devices.Record{reading("v/b1", "water", 1, w.now.Add(time.Duration(i+1)), w.now)}))
	}
	if b.txs != 1 {
		t.Errorf("%d transactions for one finding said ten times", b.txs)
	}
}

func TestFindingsSurviveAFailedTransaction(t *testing.T) {
	w := newWorld(t)
	b := &book{Book: w.store, fail: errors.New("disk full")}
	e := alerting.NewEngine(alerting.EngineOptions{Book: b, Checkpoints: w.store, Directory: w.dir, Detectors: w.detectors, CheckpointEvery: time.Hour})
	frame := []devices.Record{reading("v/b1", "water", 1, w.now, w.now)}
	if err := e.Apply(w.ctx, "telemetry", 7, frame); !errors.Is(err, b.fail) {
		t.Fatal(err)
	}
	if err := e.Checkpoint(w.ctx); !errors.Is(err, b.fail) || e.Position("telemetry") != 0 {
		t.Fatal("a checkpoint went past findings that are not written:", err)
	}
	b.fail = nil
	w.must(e.Apply(w.ctx, "telemetry", 7, frame))
	w.only()
	if n := len(*w.seen); n != 2 { // by resident and device
		t.Errorf("the detectors were shown %d views: a frame is judged once", n)
	}
	w.must(e.Checkpoint(w.ctx))
	if p := e.Position("telemetry"); p != 7 {
		t.Error("position", p)
	}
}

func TestCheckpointWritesFindingsThatAreStillToBeWritten(t *testing.T) {
	w := newWorld(t)
	b := &book{Book: w.store, fail: errors.New("disk full")}
	e := alerting.NewEngine(alerting.EngineOptions{Book: b, Checkpoints: w.store, Directory: w.dir, Detectors: w.detectors, CheckpointEvery: time.Hour})
	if err := e.Apply(w.ctx, "telemetry", 7, []devices.Record{reading("v/b1", "water", 1, w.now, w.now)}); !errors.Is(err, b.fail) {
		t.Fatal(err)
	}
	b.fail = nil
	w.must(e.Checkpoint(w.ctx)) // as when the service is stopped now
	w.only()
}

func TestReadingsAreShownByTimeAndWornFirst(t *testing.T) {
	w := newWorld(t)
	var order []devices.Metric
	e := alerting.NewEngine(alerting.EngineOptions{Book: w.store, Checkpoints: w.store, Directory: w.dir, Detectors: func(s alerting.Subject) []alerting.Detector {
		return []alerting.Detector{&recorder{order: &order}}
	}})
	r := devices.Record{Received: w.now, Device: spare}
	for _, m := range []struct {
		metric devices.Metric
		at     time.Duration
	}{{"spo2_pct", 2}, {"heart_rate_bpm", 2}, {"worn", 2}, {"steps", 1}} {
		r.Readings = append(r.Readings, devices.Reading{Device: spare, Metric: m.metric, At: w.now.Add(m.at), Received: w.now})
	}
	w.must(e.Apply(w.ctx, "telemetry", 1, []devices.Record{r}))
	if want := []devices.Metric{"steps", "worn", "heart_rate_bpm", "spo2_pct"}; !slices.Equal(order, want) {
		t.Errorf("got %v, want %v", order, want)
	}
	if r.Readings[0].Metric != "spo2_pct" {
		t.Error("the caller's readings were moved")
	}
}

type recorder struct {
	detect.Calls

	order *[]devices.Metric
}

func (r *recorder) Observe(_ *alerting.View, x *devices.Reading) []alerting.Finding {
	*r.order = append(*r.order, x.Metric)
	return nil
}
