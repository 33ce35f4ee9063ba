package alerting_test

import (
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// acked is a world with a red alert of Wang's that zhang has acknowledged now.
func acked(t *testing.T) (*world, string) {
	w, id := rung(t)
	_, err := w.desk.Ack(w.ctx, id, zhang)
	w.must(err)
	return w, id
}

// left lets time pass in which nobody does anything.
func (w *world) left(d time.Duration) {
	w.t.Helper()
	w.pass(d)
	w.must(w.climb.Step(w.ctx, w.now))
}

// toldBecause are those whom notices of one reason in the outbox are for in the order of time.
func (w *world) toldBecause(reason alerting.NoticeReason) (people []string) {
	w.t.Helper()
	rows, err := w.db.Read.QueryContext(w.ctx, `SELECT person FROM outbox WHERE reason = $1 ORDER BY at, person`, string(reason))
	w.must(err)
	defer rows.Close() //nolint:errcheck // of a test
	for rows.Next() {
		var person string
		w.must(rows.Scan(&person))
		people = append(people, person)
	}
	w.must(rows.Err())
	return people
}

func TestWhatIsAcknowledgedAndLeftComesBack(t *testing.T) {
	w, id := rung(t)
	w.left(70 * time.Second) // it has gone up to the town
	_, err := w.desk.Ack(w.ctx, id, zhang)
	w.must(err)
	ackedAt := w.now
	if a := w.alert(id); a.AckDue == nil || !a.AckDue.Equal(w.now.Add(10*time.Minute)) {
		t.Fatalf("countdown: %v", a.AckDue)
	}
	w.left(10*time.Minute - time.Second)
	if a := w.alert(id); a.State != "acknowledged" {
		t.Fatal("too early")
	}
	w.start() // over a restart
	before := w.newest()
	w.left(time.Second)
	a := w.alert(id)
	if a.State != "open" || a.AckedAt != nil || a.Assignee != nil || a.AckDue != nil || !a.RangAt.Equal(w.now) {
		t.Fatalf("%+v", a)
	}
	// It goes on from the town.
	if a.Escalation != 1 || a.EscalateAt == nil || !a.EscalateAt.After(w.now) || a.EscalateAt.After(w.now.Add(3*time.Minute)) {
		t.Errorf("escalation %d, next %v", a.Escalation, a.EscalateAt)
	}
	log, err := w.store.Log(w.ctx, id)
	w.must(err)
	last := log[len(log)-1]
	if d := last.Data; last.Actor != "system" || d["action"] != "return" || d["acked_by"] != "zhang" ||
		d["acked_at"] != ackedAt.Format(time.RFC3339Nano) || d["from"] != "acknowledged" || d["to"] != "open" || d["rings"] != true {
		t.Errorf("%+v", last)
	}
	if n := len(w.events(before)); n != 1 {
		t.Errorf("%d events", n)
	}
	if got := w.toldBecause(alerting.NoticeReturned); len(got) != 1 || got[0] != "zhang" {
		t.Errorf("told: %v", got)
	}
	// Once, and somebody else may have it now.
	w.left(time.Second)
	if n := len(w.events(before)); n != 1 {
		t.Errorf("%d events", n)
	}
	a, err = w.desk.Ack(w.ctx, id, zhao)
	w.must(err)
	if *a.Assignee != "zhao" || !a.AckDue.Equal(w.now.Add(10*time.Minute)) {
		t.Errorf("%+v", a)
	}
}

func TestTheAssigneeIsToldToo(t *testing.T) {
	w, id := acked(t)
	_, err := w.desk.Assign(w.ctx, id, zhang, "zhao")
	w.must(err)
	w.left(10 * time.Minute)
	if got := w.toldBecause(alerting.NoticeReturned); len(got) != 2 || got[0] != "zhang" || got[1] != "zhao" {
		t.Errorf("told: %v", got)
	}
}

func TestTimesOfTheCountdown(t *testing.T) {
	for value, want := range map[float64]time.Duration{1: 0, 2: 30 * time.Minute, 3: 10 * time.Minute} {
		w := newWorld(t)
		w.says("v/b1", "heart", value)
		a, err := w.desk.Ack(w.ctx, w.only().ID, zhang)
		w.must(err)
		switch {
		case want == 0 && a.AckDue != nil:
			t.Errorf("%s: %v", a.Severity, a.AckDue)
		case want > 0 && (a.AckDue == nil || !a.AckDue.Equal(w.now.Add(want))):
			t.Errorf("%s: %v, want after %s", a.Severity, a.AckDue, want)
		}
	}
}

// What shows that somebody works on it starts the time anew, whoever does it;
// handing it on does not.
func TestWhatStartsTheCountdownAnew(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(w *world, id string) error
		anew bool
	}{
		"a note": {func(w *world, id string) error { _, err := w.desk.Note(w.ctx, id, zhao, "neighbour looks"); return err }, true},
		"a call": {func(w *world, id string) error {
			_, err := w.desk.Call(w.ctx, id, zhao, alerting.Call{Whom: "resident", Result: "no_answer"})
			return err
		}, true},
		"an assignment": {func(w *world, id string) error { _, err := w.desk.Assign(w.ctx, id, zhang, "zhao"); return err }, false},
		"an escalation": {func(w *world, id string) error { _, err := w.desk.Escalate(w.ctx, id, zhang, "help"); return err }, false},
		"a lower colour": {func(w *world, id string) error {
			_, err := w.desk.Lower(w.ctx, id, zhang, alerting.Orange, "is well")
			return err
		}, true},
	} {
		w, id := acked(t)
		w.pass(9 * time.Minute)
		w.must(test.do(w, id))
		w.left(time.Minute)
		if got := w.alert(id).State == "acknowledged"; got != test.anew {
			t.Errorf("%s: still acknowledged %v, want %v", name, got, test.anew)
		}
	}
}

func TestWhoIsOnTheWayIsNotCalledBack(t *testing.T) {
	w, id := acked(t)
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	if a := w.alert(id); a.AckDue != nil {
		t.Error("a countdown while somebody goes")
	}
	w.left(time.Hour)
	if a := w.alert(id); a.State != "dispatched" {
		t.Error(a.State)
	}
	_, err = w.desk.CancelVisit(w.ctx, v.ID, zhang, "wrong house")
	w.must(err)
	if a := w.alert(id); a.State != "acknowledged" || a.AckDue == nil || !a.AckDue.Equal(w.now.Add(10*time.Minute)) {
		t.Errorf("%+v", a)
	}
	w.left(10 * time.Minute)
	if a := w.alert(id); a.State != "open" {
		t.Error(a.State)
	}
}

// What rings again while somebody is on the way can be acknowledged and left to them.
func TestAcknowledgedAgainWhileSomebodyGoes(t *testing.T) {
	w, id := acked(t)
	v, err := w.desk.CreateVisit(w.ctx, zhang, alerting.NewVisit{Alert: id})
	w.must(err)
	w.pass(2 * time.Minute)
	w.cries("v/b1", "sos", w.now)
	if a := w.alert(id); a.State != "open" {
		t.Fatal(a.State)
	}
	_, err = w.desk.Ack(w.ctx, id, zhang)
	w.must(err)
	w.left(20 * time.Minute)
	if a := w.alert(id); a.State != "acknowledged" || a.AckDue != nil {
		t.Fatalf("%+v", a)
	}
	_, err = w.desk.CancelVisit(w.ctx, v.ID, zhang, "the car has broken down")
	w.must(err)
	w.left(10 * time.Minute)
	if a := w.alert(id); a.State != "open" {
		t.Error("nobody is on the way any more")
	}
}

// A promised call puts the end off, but not beyond when somebody would have to be
// at the door.
func TestAPromiseIsWaitedFor(t *testing.T) {
	for name, test := range map[string]struct{ promise, want time.Duration }{
		"soon":     {5 * time.Minute, 15 * time.Minute},
		"later":    {30 * time.Minute, 40 * time.Minute},
		"tomorrow": {24 * time.Hour, 45 * time.Minute},
	} {
		w, id := acked(t)
		a, err := w.desk.Call(w.ctx, id, zhang, alerting.Call{Whom: "resident", Result: "busy", NextCall: w.now.Add(test.promise)})
		w.must(err)
		if !a.AckDue.Equal(w.now.Add(test.want)) || !a.NextCall.Equal(w.now.Add(test.promise)) {
			t.Errorf("%s: back at %s, want after %s", name, a.AckDue, test.want)
		}
	}
}

func TestLateOnesAreNotTakenBack(t *testing.T) {
	w := newWorld(t)
	w.apply(cry("v/b1", "sos", w.now.Add(-30*time.Hour), w.now))
	a, err := w.desk.Ack(w.ctx, w.only().ID, zhang)
	w.must(err)
	if !a.Late || a.AckDue != nil {
		t.Errorf("%+v", a)
	}
}

// A worse colour shortens the time, and one that has become red rings.
func TestRisingWhileAcknowledged(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "heart", 1)
	id := w.only().ID
	_, err := w.desk.Ack(w.ctx, id, zhang)
	w.must(err)
	w.pass(time.Minute)
	w.says("v/b1", "heart", 2)
	if a := w.alert(id); a.Severity != "orange" || a.State != "acknowledged" || a.AckDue == nil || !a.AckDue.Equal(w.now.Add(30*time.Minute)) {
		t.Fatalf("%+v", a)
	}
	w.pass(time.Minute)
	w.says("v/b1", "heart", 3)
	if a := w.alert(id); a.State != "open" || a.AckDue != nil {
		t.Errorf("%+v", a)
	}
}

func TestOnlyPeopleLowerTheSeverity(t *testing.T) {
	w := newWorld(t)
	w.says("v/b1", "heart", 3)
	id := w.only().ID
	w.pass(time.Minute)
	w.says("v/b1", "heart", 2)
	if a := w.alert(id); a.Severity != "red" {
		t.Fatal("the engine has lowered it")
	}
	_, err := w.desk.Lower(w.ctx, id, zhang, alerting.Yellow, "is well")
	if e := refused(t, err); e.State != "open" {
		t.Errorf("what rings: %v", e.Error())
	}
	_, err = w.desk.Ack(w.ctx, id, zhang)
	w.must(err)
	for field, do := range map[string]func() error{
		"reason":   func() error { _, err := w.desk.Lower(w.ctx, id, zhang, alerting.Yellow, " "); return err },
		"severity": func() error { _, err := w.desk.Lower(w.ctx, id, zhang, alerting.Red, "x"); return err }, // there is none above
	} {
		if got := inputField(do()); got != field {
			t.Errorf("got %q, want %q", got, field)
		}
	}
	a, err := w.desk.Lower(w.ctx, id, zhang, alerting.Yellow, "spoken to, is well")
	w.must(err)
	if a.Severity != "yellow" || a.AckDue != nil || a.State != "acknowledged" {
		t.Errorf("%+v", a)
	}
	_, err = w.desk.Lower(w.ctx, id, zhang, alerting.Orange, "x")
	if e := refused(t, err); !strings.Contains(e.Error(), "yellow") {
		t.Errorf("up: %v", e.Error())
	}
	log, err := w.store.Log(w.ctx, id)
	w.must(err)
	if e := log[len(log)-1]; e.Text != "spoken to, is well" || e.Data["severity_from"] != "red" || e.Data["severity_to"] != "yellow" {
		t.Errorf("%+v", e)
	}
	// What was known does not raise it again, a new episode does.
	w.pass(time.Minute)
	w.says("v/b1", "heart", 3)
	if a := w.alert(id); a.Severity != "yellow" {
		t.Errorf("%s by what was known", a.Severity)
	}
	w.pass(time.Minute)
	w.says("v/b1", "heart", 0)
	w.pass(time.Minute)
	w.says("v/b1", "heart", 3)
	if a := w.alert(id); a.Severity != "red" || a.State != "open" {
		t.Errorf("%+v", a)
	}
}

func TestCallsAreKeptBothWays(t *testing.T) {
	w, id := acked(t)
	r := w.dir.residents[wang]
	r.Phone, r.Contacts = "13812345678", []devices.ContactPerson{{Name: "王小明", Relation: "son", Phone: "0635-7654321"}}
	began := w.now
	w.pass(5 * time.Minute)
	for _, call := range []alerting.Call{
		{Whom: "resident", Result: "no_answer", Started: began.Add(time.Minute), NextCall: w.now.Add(20 * time.Minute)},
		{Whom: "王小明", Result: "answered", Seconds: 40},
		{Direction: "in", Whom: "邻居老李", Number: "139 8888 7777", Result: "answered", Note: "saw her this morning"},
		{Whom: "120", Result: "answered"},
	} {
		_, err := w.desk.Call(w.ctx, id, zhang, call)
		w.must(err)
	}
	if got := w.store.LastContact(wang, w.now); !got.IsZero() {
		t.Error("nobody has spoken to her")
	}
	_, err := w.desk.Call(w.ctx, id, zhang, alerting.Call{Direction: "in", Whom: "resident", Number: "150 1111 2222", Result: "answered", Seconds: 60, Started: w.now.Add(-3 * time.Minute)})
	w.must(err)
	if got := w.store.LastContact(wang, w.now); !got.Equal(w.now.Add(-2 * time.Minute)) {
		t.Errorf("contact %s, want when the call was over", got)
	}
	all, err := w.store.Calls(w.ctx, alerting.CallFilter{Scope: everywhere, Alert: id})
	w.must(err)
	want := []struct{ direction, whom, number string }{
		{"out", "resident", "138****5678"}, {"in", "resident", "150****2222"}, {"out", "王小明", "063****4321"}, {"in", "邻居老李", "139****7777"}, {"out", "120", "120"},
	}
	if len(all) != len(want) {
		t.Fatalf("%+v", all)
	}
	for i, c := range all {
		if c.Direction != want[i].direction || c.Whom != want[i].whom || c.Number != want[i].number || c.By != "zhang" || c.Resident.ID != wang {
			t.Errorf("%+v, want %v", c, want[i])
		}
	}
	if c := all[0]; !c.Started.Equal(began.Add(time.Minute)) || c.NextCall == nil || c.KeptAt == nil {
		t.Errorf("%+v", c)
	}
	// No number is whole anywhere.
	for _, query := range []string{`SELECT count(*) FROM alert_events WHERE data LIKE $1 OR text LIKE $1 OR alert_json LIKE $1`, `SELECT count(*) FROM calls WHERE number LIKE $1 OR whom LIKE $1`} {
		for _, whole := range []string{"%12345678%", "%7654321%", "%88887777%", "%8888 7777%"} {
			var n int
			w.must(w.db.Read.QueryRowContext(w.ctx, query, whole).Scan(&n))
			if n > 0 {
				t.Errorf("%s is kept", whole)
			}
		}
	}
	for field, call := range map[string]alerting.Call{
		"direction": {Direction: "up", Whom: "x", Result: "busy"},
		"whom":      {Result: "busy"},
		"result":    {Whom: "x", Result: "spoke"},
		"seconds":   {Whom: "x", Result: "busy", Seconds: -1},
		"started":   {Whom: "x", Result: "busy", Started: w.now.Add(2 * time.Minute)},
		"next_call": {Whom: "x", Result: "busy", NextCall: w.now},
	} {
		if _, err := w.desk.Call(w.ctx, id, zhang, call); inputField(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestPromisedCallbacks(t *testing.T) {
	w, id := acked(t)
	promised := func(until time.Duration, scope devices.Scope) []alerting.Callback {
		t.Helper()
		all, err := w.store.Callbacks(w.ctx, scope, w.now.Add(until))
		w.must(err)
		return all
	}
	_, err := w.desk.Call(w.ctx, id, zhang, alerting.Call{Whom: "resident", Result: "busy", NextCall: w.now.Add(20 * time.Minute)})
	w.must(err)
	if n := len(promised(19*time.Minute, everywhere)); n != 0 {
		t.Errorf("%d too early", n)
	}
	got := promised(20*time.Minute, everywhere)
	if len(got) != 1 || got[0].Alert != id || !got[0].Due.Equal(w.now.Add(20*time.Minute)) || got[0].By != "zhang" || got[0].Resident.Name != "王" || *got[0].Assignee != "zhang" || got[0].Kind != "sos" {
		t.Fatalf("%+v", got)
	}
	for name, scope := range map[string]devices.Scope{
		"another town":     {Areas: []devices.AreaPath{"shen/west"}},
		"a vendor":         {Areas: []devices.AreaPath{""}, Vendor: "v"},
		"another provider": {Areas: []devices.AreaPath{""}, Provider: "other"},
	} {
		if n := len(promised(time.Hour, scope)); n != 0 {
			t.Errorf("%s sees it", name)
		}
	}
	// The next call about her keeps it, whoever makes it, and may promise another.
	w.pass(25 * time.Minute)
	a, err := w.desk.Call(w.ctx, id, zhao, alerting.Call{Whom: "son", Result: "no_answer", NextCall: w.now.Add(time.Hour)})
	w.must(err)
	if got := promised(24*time.Hour, everywhere); len(got) != 1 || !got[0].Due.Equal(w.now.Add(time.Hour)) || !a.NextCall.Equal(got[0].Due) {
		t.Errorf("%+v", got)
	}
	// With the case its promises end; opened again it has them back.
	w.close(id, byPhone)
	if a := w.alert(id); len(promised(24*time.Hour, everywhere)) != 0 || a.NextCall != nil {
		t.Error("promised on a closed case")
	}
	a, err = w.desk.Reopen(w.ctx, id, zhang, "x")
	w.must(err)
	if len(promised(24*time.Hour, everywhere)) != 1 || a.NextCall == nil {
		t.Error("lost by closing")
	}
}

func TestMergingTakesThePromiseAlong(t *testing.T) {
	w, water, heart := pair(t, 1, 2)
	_, err := w.desk.Call(w.ctx, water, zhang, alerting.Call{Whom: "resident", Result: "busy", NextCall: w.now.Add(20 * time.Minute)})
	w.must(err)
	_, err = w.desk.Merge(w.ctx, water, zhang, heart)
	w.must(err)
	if a := w.alert(heart); a.NextCall == nil || !a.NextCall.Equal(w.now.Add(20*time.Minute)) {
		t.Errorf("%v", a.NextCall)
	}
	got, err := w.store.Callbacks(w.ctx, everywhere, w.now.Add(time.Hour))
	w.must(err)
	if len(got) != 1 || got[0].Alert != heart {
		t.Errorf("%+v", got)
	}
}

func TestSettingsOfTheCountdown(t *testing.T) {
	for _, bad := range []time.Duration{-time.Minute, time.Second, 8 * 24 * time.Hour} {
		r := alerting.DefaultRules()
		r.AckTimeout.Orange = bad
		if got := inputField(r.Check()); got != "ack_timeout.orange" {
			t.Errorf("%s: %q", bad, got)
		}
	}
	r := alerting.DefaultRules()
	r.AckTimeout.Red = 0
	if err := r.Check(); err != nil {
		t.Error(err)
	}
}
