package alerting_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/alerting"
)

const (
	uuid1 = "6f1c1b3e-7a34-4f0e-9d4c-1f5b7a0a0001"
	uuid2 = "6f1c1b3e-7a34-4f0e-9d4c-1f5b7a0a0002"
)

// rung is a world with one open red alert of Wang's.
func rung(t *testing.T) (*world, string) {
	w := newWorld(t)
	w.cries("v/b1", "sos", w.now)
	w.pass(10 * time.Second)
	return w, w.only().ID
}

func TestFromCryToOutcome(t *testing.T) {
	w, id := rung(t)
	a, err := w.desk.Ack(w.ctx, id, zhang)
	w.must(err)
	if a.State != "acknowledged" || !a.AckedAt.Equal(w.now) || *a.Assignee != "zhang" || a.EscalateAt != nil {
		t.Fatalf("%+v", a)
	}
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	if v.State != "planned" || *v.Alert != id || *v.Provider != "care" || v.Assignee != nil || !v.Due.Equal(w.now.Add(45*time.Minute)) {
		t.Fatalf("%+v", v)
	}
	if a := w.only(); a.State != "dispatched" || a.Visit == nil || a.Visit.ID != v.ID {
		t.Fatalf("%+v", a)
	}
	w.pass(10 * time.Minute)
	v, err = w.desk.StartVisit(w.ctx, v.ID, zhao)
	w.must(err)
	if v.State != "started" || !v.Started.Equal(w.now) || *v.Assignee != "zhao" {
		t.Fatalf("%+v", v)
	}
	w.pass(10 * time.Minute)
	v, err = w.desk.ReportVisit(w.ctx, v.ID, zhao, alerting.Report{UUID: uuid1, Outcome: alerting.Assisted, Note: "fell, is well"})
	w.must(err)
	if v.State != "reported" || v.Report.By != "zhao" || !v.Report.At.Equal(w.now) || !v.Report.Received.Equal(w.now) {
		t.Fatalf("%+v", v)
	}
	if a := w.only(); a.State != "visited" || a.Visit.Report == nil || a.Visit.Report.Note != "fell, is well" {
		t.Fatalf("%+v", a)
	}
	w.pass(time.Minute)
	a, err = w.desk.Close(w.ctx, id, zhang, alerting.Closing{Outcome: alerting.Assisted, Note: "done"})
	w.must(err)
	if a.State != "closed" || *a.Outcome != "assisted" || !a.ClosedAt.Equal(w.now) {
		t.Fatalf("%+v", a)
	}
	if got := w.store.LastContact(wang, w.now); !got.Equal(v.Report.At) {
		t.Errorf("contact at %s, want when the visit was", got)
	}
	log, err := w.store.Log(w.ctx, id)
	w.must(err)
	var lines []string
	for _, e := range log {
		lines = append(lines, string(e.Type)+" "+e.Actor+" "+e.Text)
	}
	want := []string{
		"alert.opened system ", "alert.acked zhang ", "visit.created zhang ", "visit.updated zhao ",
		"visit.updated zhao fell, is well", "alert.closed zhang done",
	}
	if !slices.Equal(lines, want) {
		t.Errorf("log:\n%s", strings.Join(lines, "\n"))
	}
	if d := log[5].Data; d["verified_by"] != "zhao" || d["how"] != "door" || d["from"] != "visited" || d["contact"] != true {
		t.Errorf("%v", d)
	}
}

func TestOfTwoAcknowledgementsOneWins(t *testing.T) {
	w, id := rung(t)
	var wg sync.WaitGroup
	errs := make([]error, 2)
	for i, by := range []alerting.Actor{zhang, zhao} {
		wg.Go(func() { _, errs[i] = w.desk.Ack(w.ctx, id, by) })
	}
	wg.Wait()
	winner, loser := zhang, errs[1]
	if errs[0] != nil {
		winner, loser = zhao, errs[0]
	}
	if e := refused(t, loser); e.State != "acknowledged" || e.By != winner.User || !strings.Contains(e.Error(), winner.User) {
		t.Error(e.Error())
	}
	if a := w.only(); *a.Assignee != winner.User {
		t.Errorf("assignee %s, winner %s", *a.Assignee, winner.User)
	}
	if got := w.types(1); !slices.Equal(got, []alerting.EventType{"alert.acked"}) {
		t.Error(got)
	}
}

func TestSmallActions(t *testing.T) {
	w, id := rung(t)
	a, err := w.desk.Assign(w.ctx, id, zhang, "zhao")
	w.must(err)
	if *a.Assignee != "zhao" || a.State != "open" || a.EscalateAt == nil {
		t.Errorf("assign: %+v", a)
	}
	_, err = w.desk.Note(w.ctx, id, zhang, "no answer at the door bell")
	w.must(err)
	_, err = w.desk.Call(w.ctx, id, zhang, alerting.Call{Whom: "resident", Result: "no_answer", NextCall: w.now.Add(time.Minute)})
	w.must(err)
	_, err = w.desk.Call(w.ctx, id, zhang, alerting.Call{Whom: "daughter", Result: "answered"})
	w.must(err)
	if got := w.store.LastContact(wang, w.now); !got.IsZero() {
		t.Error("nobody has reached the resident yet")
	}
	_, err = w.desk.Call(w.ctx, id, zhang, alerting.Call{Whom: "resident", Result: "answered", Note: "pressed by mistake"})
	w.must(err)
	if got := w.store.LastContact(wang, w.now); !got.Equal(w.now) {
		t.Errorf("contact: %s", got)
	}
	a, err = w.desk.Escalate(w.ctx, id, zhang, "cannot reach anybody")
	w.must(err)
	if a.Escalation != 1 || a.State != "open" || !a.EscalateAt.Equal(noon.Add(180*time.Second)) {
		t.Errorf("escalate: %+v", a)
	}
	log, err := w.store.Log(w.ctx, id)
	w.must(err)
	if d := log[len(log)-1].Data; d["level"] != "town" || d["area"] != "shen/east" {
		t.Errorf("%v", d)
	}
	w.close(id, byPhone)
	_, err = w.desk.Note(w.ctx, id, zhang, "afterthought")
	w.must(err)
	for name, do := range map[string]func() error{
		"assign": func() error { _, err := w.desk.Assign(w.ctx, id, zhang, "x"); return err },
		"call": func() error {
			_, err := w.desk.Call(w.ctx, id, zhang, alerting.Call{Whom: "resident", Result: "busy"})
			return err
		},
		"escalate": func() error { _, err := w.desk.Escalate(w.ctx, id, zhang, "x"); return err },
		"dispatch": func() error { _, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id}); return err },
		"close":    func() error { _, err := w.desk.Close(w.ctx, id, zhang, byPhone); return err },
	} {
		if e := refused(t, do()); e.State != "closed" || e.Action != name {
			t.Errorf("%s on a closed alert: %v", name, e.Error())
		}
	}
}

func TestReopen(t *testing.T) {
	w, id := rung(t)
	_, err := w.desk.Reopen(w.ctx, id, zhang, "x")
	refused(t, err)
	_, err = w.desk.Ack(w.ctx, id, zhang)
	w.must(err)
	w.pass(time.Minute)
	a, err := w.desk.Reopen(w.ctx, id, zhang, "must leave")
	w.must(err)
	if a.State != "open" || a.AckedAt != nil || !a.EscalateAt.Equal(w.now.Add(time.Minute)) || !a.RangAt.Equal(w.now) {
		t.Fatalf("%+v", a)
	}
	w.close(id, byPhone)
	w.pass(24 * time.Hour)
	a, err = w.desk.Reopen(w.ctx, id, zhang, "called again")
	w.must(err)
	if a.State != "open" || a.ClosedAt != nil || a.Outcome != nil {
		t.Fatalf("%+v", a)
	}
	w.close(id, byPhone)
	w.pass(24*time.Hour + time.Second)
	_, err = w.desk.Reopen(w.ctx, id, zhang, "x")
	refused(t, err)
	// With another one open for the same, there would be two.
	w.cries("v/b1", "sos", w.now)
	second := w.alerts(alerting.AlertFilter{State: []alerting.State{"open"}})[0].ID
	w.close(second, byPhone)
	w.pass(2 * time.Minute)
	w.cries("v/b1", "sos", w.now)
	_, err = w.desk.Reopen(w.ctx, second, zhang, "x")
	refused(t, err)
}

func TestMerge(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "water", 1)
	w.says("v/b1", "heart", 2)
	w.says("v/b2", "heart", 2)
	ids := map[alerting.Kind]string{}
	for _, a := range w.alerts(alerting.AlertFilter{Resident: wang}) {
		ids[a.Kind] = a.ID
	}
	others := w.alerts(alerting.AlertFilter{Resident: li})[0].ID
	_, err := w.desk.Merge(w.ctx, ids["heart_rate"], zhang, others)
	if inputField(err) != "into" {
		t.Errorf("another resident's: %v", err)
	}
	_, err = w.desk.Merge(w.ctx, others, zhang, others)
	if inputField(err) != "into" {
		t.Errorf("itself: %v", err)
	}
	_, err = w.desk.Merge(w.ctx, others, zhang, "nothing")
	if !errors.Is(err, alerting.ErrNotFound) {
		t.Errorf("nothing: %v", err)
	}
	a, err := w.desk.Merge(w.ctx, ids["water_inactivity"], zhang, ids["heart_rate"])
	w.must(err)
	if a.State != "closed" || *a.Outcome != "duplicate" {
		t.Fatalf("%+v", a)
	}
	_, err = w.desk.Reopen(w.ctx, a.ID, zhang, "x")
	if e := refused(t, err); !strings.Contains(e.Reason, ids["heart_rate"]) {
		t.Error(e.Error())
	}
	_, err = w.desk.Merge(w.ctx, ids["heart_rate"], zhang, a.ID)
	refused(t, err)
	// What its episode still does shows on the other one.
	w.pass(time.Minute)
	w.says("v/b1", "water", 3)
	if a := w.alert(ids["heart_rate"]); a.Severity != "red" || a.Evidence["value"] != 2.0 {
		t.Errorf("%+v", a)
	}
	w.pass(time.Minute)
	w.says("v/b1", "water", 0)
	if a := w.alert(ids["heart_rate"]); a.RecoveredAt != nil {
		t.Error("the heart has not recovered")
	}
	w.pass(5 * time.Hour)
	w.tick()
	if n := len(w.alerts(alerting.AlertFilter{Resident: wang})); n != 2 {
		t.Errorf("%d alerts", n)
	}
}

// pair is a world with an alert of Wang's water and one of the heart.
func pair(t *testing.T, water, heart float64) (w *world, waterID, heartID string) {
	w = newWorld(t)
	w.says("v/b1", "water", water)
	w.says("v/b1", "heart", heart)
	return w, w.of("water_inactivity").ID, w.of("heart_rate").ID
}

// of is the one alert of a kind.
func (w *world) of(k alerting.Kind) alerting.Alert {
	w.t.Helper()
	all := w.alerts(alerting.AlertFilter{Kind: []alerting.Kind{k}})
	if len(all) != 1 {
		w.t.Fatalf("%d alerts of kind %s", len(all), k)
	}
	return all[0]
}

func TestMergeRaisesTheOther(t *testing.T) {
	w, water, heart := pair(t, 1, 3)
	_, err := w.desk.Ack(w.ctx, water, zhao)
	w.must(err)
	w.pass(time.Minute)
	_, err = w.desk.Merge(w.ctx, heart, zhang, water)
	w.must(err)
	a := w.alert(water)
	if a.Severity != "red" || a.State != "open" || !a.RangAt.Equal(w.now) || a.AckedAt != nil || !a.EscalateAt.Equal(w.now.Add(time.Minute)) {
		t.Errorf("%+v", a)
	}
	log, err := w.store.Log(w.ctx, water)
	w.must(err)
	if d := log[len(log)-1].Data; d["severity_to"] != "red" || d["rings"] != true || d["merged"] != heart {
		t.Errorf("%v", d)
	}

	w, water, heart = pair(t, 1, 3)
	_, err = w.desk.Ack(w.ctx, heart, zhao)
	w.must(err)
	before := w.alert(heart)
	w.pass(time.Minute)
	_, err = w.desk.Merge(w.ctx, water, zhang, heart)
	w.must(err)
	if diff := cmp.Diff(before, w.alert(heart)); diff != "" {
		t.Error("what is less urgent changes nothing:", diff)
	}
}

func TestCryIsNotMergedAway(t *testing.T) {
	w, id := rung(t)
	w.says("v/b1", "heart", 3)
	heart := w.of("heart_rate").ID
	if _, err := w.desk.Merge(w.ctx, id, zhang, heart); inputField(err) != "into" {
		t.Errorf("an SOS into a pulse: %v", err)
	}
	w.cries("v/b1", "fall", w.now)
	if _, err := w.desk.Merge(w.ctx, w.of("fall").ID, zhang, id); inputField(err) != "into" {
		t.Errorf("a fall into an SOS: %v", err)
	}
	_, err := w.desk.Merge(w.ctx, heart, zhang, id)
	w.must(err)
}

func TestMergeLooksAtAllVisits(t *testing.T) {
	w, water, heart := pair(t, 1, 2)
	_, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: water})
	w.must(err)
	w.pass(time.Second)
	second, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: water, Assignee: "zhao"})
	w.must(err)
	_, err = w.desk.CancelVisit(w.ctx, second.ID, zhang, "sent twice")
	w.must(err)
	w.says("v/b1", "water", 0)
	w.pass(time.Second)
	w.says("v/b1", "water", 1) // rings: open, while the first visit is on its way
	if a := w.alert(water); a.State != "open" {
		t.Fatal(a.State)
	}
	_, err = w.desk.Merge(w.ctx, water, zhang, heart)
	if e := refused(t, err); !strings.Contains(e.Reason, "visit") {
		t.Error(e.Error())
	}
}

func TestMergedEpisodeThatGetsWorseLeavesTheOtherAlone(t *testing.T) {
	w, water, heart := pair(t, 1, 2)
	_, err := w.desk.Merge(w.ctx, water, zhang, heart)
	w.must(err)
	w.close(heart, unreached)
	w.pass(time.Hour)
	w.says("v/b1", "water", 3) // comes back at once, by itself
	if a := w.open(); len(a) != 1 || a[0].Kind != "water_inactivity" {
		t.Fatalf("%+v", a)
	}
	w.pass(3 * time.Hour)
	w.tick()
	if n := len(w.open()); n != 2 {
		t.Errorf("%d open alerts: nobody was reached about the heart either", n)
	}
}

func TestAlertOfAnotherDeviceMergedInIsNotTheOwn(t *testing.T) {
	w := newWorld(t)
	w.dir.worn["v/b2"] = wang
	w.says("v/b1", "silent", 1)
	own := w.only().ID
	w.pass(time.Minute)
	w.says("v/b2", "silent", 1)
	for _, a := range w.alerts(alerting.AlertFilter{}) {
		if a.ID != own {
			_, err := w.desk.Merge(w.ctx, a.ID, zhang, own)
			w.must(err)
		}
	}
	w.pass(time.Minute)
	w.says("v/b2", "silent", 2)
	if a := w.alert(own); a.Severity != "orange" || a.Evidence["value"] != 1.0 {
		t.Errorf("%+v", a)
	}
	w.says("v/b1", "silent", 0)
	if a := w.alert(own); a.State != "closed" {
		t.Errorf("its own device reports again: %+v", a)
	}
}

func TestASecondClickSendsNobodyTwice(t *testing.T) {
	w, id := rung(t)
	_, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	var refused *alerting.StateError
	if _, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id}); !errors.As(err, &refused) || refused.State != alerting.Dispatched {
		t.Errorf("a second visit of the same: %v", err)
	}
	_, err = w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id, Assignee: "zhao"})
	w.must(err) // somebody else may go as well
}

func TestClosingInput(t *testing.T) {
	w, id := rung(t)
	good := byPhone
	for field, spoil := range map[string]func(*alerting.Closing){
		"outcome":     func(c *alerting.Closing) { c.Outcome = "fine" },
		"verified_by": func(c *alerting.Closing) { c.VerifiedBy = " " },
		"how":         func(c *alerting.Closing) { c.How = "telepathy" },
		"note":        func(c *alerting.Closing) { c.Note = strings.Repeat("长", 4001) },
	} {
		c := good
		spoil(&c)
		_, err := w.desk.Close(w.ctx, id, zhang, c)
		if inputField(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, o := range []alerting.Outcome{"", "fine"} {
		_, err := w.desk.Close(w.ctx, id, zhang, alerting.Closing{Outcome: o, VerifiedBy: "z", How: "phone"})
		if inputField(err) != "outcome" {
			t.Errorf("%q: %v", o, err)
		}
	}
	if got := w.types(0); len(got) != 1 {
		t.Errorf("refused closings left events: %v", got)
	}
	_, err := w.desk.Close(w.ctx, "nothing", zhang, good)
	if !errors.Is(err, alerting.ErrNotFound) {
		t.Error(err)
	}
	a, err := w.desk.Close(w.ctx, id, zhang, good) // straight from open
	w.must(err)
	if a.AckedAt == nil || *a.Assignee != "zhang" {
		t.Errorf("%+v", a)
	}
}

func TestVisitInput(t *testing.T) {
	w, id := rung(t)
	for want, in := range map[string]alerting.NewVisit{
		"alert":    {},
		"due":      {Resident: wang},
		"resident": {Alert: id, Resident: li},
	} {
		if _, err := w.desk.CreateVisit(w.ctx, zhang, in); inputField(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	for _, in := range []alerting.NewVisit{{Alert: "nothing"}, {Resident: "nobody", Due: w.now}} {
		if _, err := w.desk.CreateVisit(w.ctx, zhang, in); !errors.Is(err, alerting.ErrNotFound) {
			t.Errorf("%+v: %v", in, err)
		}
	}
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Resident: li, Due: w.now.Add(time.Hour), Assignee: "zhao"})
	w.must(err)
	if v.Alert != nil || v.Provider != nil || *v.Assignee != "zhao" || v.Resident.Name != "李" || v.Area != "shen/west/lake" {
		t.Errorf("%+v", v)
	}
	if v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Resident: wang, Due: w.now, Assignee: "zhao"}); err != nil || *v.Provider != "care" {
		t.Errorf("a provider must see the visits of its people: %+v %v", v, err)
	}
	for want, r := range map[string]alerting.Report{
		"uuid":    {UUID: "1", Outcome: alerting.Well},
		"outcome": {UUID: uuid1, Outcome: "fine"},
		"note":    {UUID: uuid1, Outcome: alerting.Well, Note: strings.Repeat("长", 4001)},
	} {
		if _, err := w.desk.ReportVisit(w.ctx, v.ID, zhao, r); inputField(err) != want {
			t.Errorf("%s: %v", want, err)
		}
	}
	if got := w.store.LastContact(li, w.now.Add(time.Hour)); !got.IsZero() {
		t.Error("a refused report counted as contact")
	}
}

func TestReportIsTakenOncePerUUID(t *testing.T) {
	w, id := rung(t)
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	r := alerting.Report{UUID: uuid1, Outcome: alerting.Well, At: w.now.Add(-time.Minute)}
	first, err := w.desk.ReportVisit(w.ctx, v.ID, zhao, r)
	w.must(err)
	before := w.newest()
	w.pass(time.Hour)
	r.UUID = strings.ToUpper(uuid1)
	again, err := w.desk.ReportVisit(w.ctx, v.ID, zhao, r)
	w.must(err)
	if again.Report == nil || *again.Report != *first.Report || w.newest() != before {
		t.Errorf("%+v", again)
	}
	other, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Resident: wang, Due: w.now})
	w.must(err)
	r.UUID = uuid1
	if _, err = w.desk.ReportVisit(w.ctx, other.ID, zhao, r); inputField(err) != "uuid" {
		t.Errorf("the uuid of another visit's report: %v", err)
	}
}

func TestFurtherReportIsKeptInTheLog(t *testing.T) {
	w, id := rung(t)
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	first, err := w.desk.ReportVisit(w.ctx, v.ID, zhao, alerting.Report{UUID: uuid1, Outcome: alerting.Well, Note: "opened"})
	w.must(err)
	before := w.alert(id)
	w.pass(time.Hour)
	for range 2 { // each phone may send its own twice
		got, err := w.desk.ReportVisit(w.ctx, v.ID, zhang, alerting.Report{UUID: uuid2, Outcome: alerting.Assisted, Note: "went again"})
		w.must(err)
		if diff := cmp.Diff(first, got); diff != "" {
			t.Error("the visit has changed:", diff)
		}
	}
	log, err := w.store.Log(w.ctx, id)
	w.must(err)
	if len(log) != 4 {
		t.Fatalf("%d lines in the log", len(log))
	}
	if e := log[3]; e.Type != alerting.VisitChanged || e.Actor != "zhang" || e.Text != "went again" || e.Data["outcome"] != "assisted" {
		t.Errorf("%+v", e)
	}
	if diff := cmp.Diff(before, w.alert(id)); diff != "" {
		t.Error("the alert has changed:", diff)
	}
	other, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Resident: wang, Due: w.now})
	w.must(err)
	if _, err = w.desk.ReportVisit(w.ctx, other.ID, zhao, alerting.Report{UUID: uuid2, Outcome: alerting.Well}); inputField(err) != "uuid" {
		t.Errorf("the uuid of another visit's report: %v", err)
	}
}

func TestReportOfAPhoneWhoseClockIsAhead(t *testing.T) {
	w, id := rung(t)
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	phone := w.now.Add(8 * time.Hour) // another time zone
	v, err = w.desk.ReportVisit(w.ctx, v.ID, zhao, alerting.Report{UUID: uuid1, Outcome: alerting.Well, At: phone})
	w.must(err)
	if !v.Report.At.Equal(w.now) {
		t.Errorf("found at %s, want when it was received", v.Report.At)
	}
	if got := w.store.LastContact(wang, w.now); !got.Equal(w.now) {
		t.Errorf("contact at %s", got)
	}
	log, err := w.store.Log(w.ctx, id)
	w.must(err)
	if got := log[len(log)-1].Data["phone_at"]; got != phone.Format(time.RFC3339) {
		t.Errorf("the phone's time: %v", got)
	}
}

func TestReportOlderThanWhatRingsDoesNotClose(t *testing.T) {
	for name, ring := range map[string]func(w *world, id string){
		"another cry": func(w *world, _ string) { w.cries("v/b1", "sos", w.now) },
		"reopened": func(w *world, id string) {
			w.close(id, alerting.Closing{Outcome: alerting.Well, VerifiedBy: "zhao", How: "door"})
			_, err := w.desk.Reopen(w.ctx, id, zhang, "called again")
			w.must(err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w, id := rung(t)
			v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
			w.must(err)
			_, err = w.desk.ReportVisit(w.ctx, v.ID, zhao, alerting.Report{UUID: uuid1, Outcome: alerting.Well})
			w.must(err)
			w.pass(5 * time.Minute)
			ring(w, id)
			w.pass(time.Minute)
			_, err = w.desk.Close(w.ctx, id, zhang, alerting.Closing{Outcome: alerting.Well})
			if inputField(err) != "verified_by" {
				t.Errorf("closed by the report of an earlier visit: %v", err)
			}
		})
	}
}

func TestReportOfAPhoneWithoutSignal(t *testing.T) {
	w, id := rung(t)
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	w.pass(time.Hour)
	w.close(id, byPhone)
	if v, err := w.store.Visit(w.ctx, everywhere, v.ID); err != nil || v.State != "canceled" {
		t.Fatalf("%+v %v", v, err)
	}
	at := w.now.Add(-30 * time.Minute)
	w.pass(time.Hour)
	v, err = w.desk.ReportVisit(w.ctx, v.ID, zhao, alerting.Report{UUID: uuid1, Outcome: alerting.Well, At: at})
	w.must(err)
	if v.State != "reported" || !v.Report.At.Equal(at) || v.Started != nil {
		t.Errorf("%+v", v)
	}
	if a := w.alert(id); a.State != "closed" || a.Visit.Report == nil {
		t.Errorf("%+v", a)
	}
}

func TestCancel(t *testing.T) {
	w, id := rung(t)
	first, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	w.pass(time.Second)
	second, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id, Assignee: "zhao"})
	w.must(err)
	_, err = w.desk.CancelVisit(w.ctx, second.ID, zhang, strings.Repeat("长", 4001))
	if inputField(err) != "reason" {
		t.Error(err)
	}
	_, err = w.desk.CancelVisit(w.ctx, second.ID, zhang, "sent twice")
	w.must(err)
	if a := w.only(); a.State != "dispatched" {
		t.Errorf("with another visit active: %s", a.State)
	}
	_, err = w.desk.CancelVisit(w.ctx, first.ID, zhang, "no car")
	w.must(err)
	if a := w.only(); a.State != "acknowledged" {
		t.Errorf("with none: %s", a.State)
	}
	_, err = w.desk.CancelVisit(w.ctx, first.ID, zhang, "again")
	refused(t, err)
	_, err = w.desk.StartVisit(w.ctx, first.ID, zhao)
	refused(t, err)
}

func TestReportOlderThanTheNewCryDoesNotSilenceIt(t *testing.T) {
	w, id := rung(t)
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	w.pass(10 * time.Minute)
	found := w.now
	w.pass(5 * time.Minute)
	w.cries("v/b1", "sos", w.now)
	if a := w.only(); a.State != "open" {
		t.Fatal(a.State)
	}
	_, err = w.desk.ReportVisit(w.ctx, v.ID, zhao, alerting.Report{UUID: uuid1, Outcome: alerting.Well, At: found})
	w.must(err)
	if a := w.only(); a.State != "open" || a.EscalateAt == nil || a.Visit.Report == nil {
		t.Errorf("%+v", a)
	}
}

func TestAVisitSentTwiceIsOne(t *testing.T) {
	w, alert := rung(t)
	in := alerting.NewVisit{ID: uuid1, Alert: alert}
	first, err := w.desk.CreateVisit(w.ctx, zhang, in)
	w.must(err)
	before := w.newest()
	_, err = w.desk.StartVisit(w.ctx, first.ID, zhao)
	w.must(err)
	again, err := w.desk.CreateVisit(w.ctx, zhang, in)
	w.must(err)
	if again.ID != in.ID || again.State != alerting.VisitStarted || len(w.events(before)) != 1 {
		t.Errorf("%+v", again)
	}
	plan := alerting.NewVisit{ID: uuid2, Resident: wang, Due: w.now.Add(time.Hour)}
	_, err = w.desk.CreateVisit(w.ctx, zhang, plan)
	w.must(err)
	if again, err := w.desk.CreateVisit(w.ctx, zhang, plan); err != nil || again.ID != plan.ID {
		t.Errorf("by plan: %+v %v", again, err)
	}
	plan.ID = first.ID
	if _, err := w.desk.CreateVisit(w.ctx, zhang, plan); inputField(err) != "uuid" {
		t.Errorf("the id of another: %v", err)
	}
	if _, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{ID: "x", Alert: alert}); inputField(err) != "uuid" {
		t.Errorf("no UUID: %v", err)
	}
}
