package rounds_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// quiet leaves only the plan of the tiers.
const quiet = `{"visits":{"home_pct":0,"callbacks":0}}`

func TestTierRedIsVisitedAWeekAfterTheLastContact(t *testing.T) {
	w := newWorld(t, at(1, 9, 0))
	w.setRules(quiet)
	ids := w.village("gyz", "xw", devices.TierRed, 1)
	w.met(ids[0], alerting.ByPhone)
	w.step(at(1, 10, 0))
	v := w.only(nil)
	if want := at(7, 17, 0); !v.Due.Equal(want) || v.Plan != alerting.PlanRoutine || v.Kind != alerting.HomeVisit || *v.Provider != "anhe" || v.Assignee == nil {
		t.Errorf("planned %+v, want a home visit of the provider's people, due %v", v, want)
	}
	// Again, and after a restart, it stays one.
	w.step(at(1, 12, 0))
	w.start()
	w.step(at(2, 0, 1))
	w.only(nil)
}

func TestAContactOfThisWeekCountsAsThePlannedVisit(t *testing.T) {
	w := newWorld(t, at(1, 9, 0))
	w.setRules(quiet)
	ids := w.village("gyz", "xw", devices.TierRed, 1)
	w.met(ids[0], alerting.AtDoor)
	w.step(at(1, 10, 0))
	w.now = at(5, 11, 0)
	w.met(ids[0], alerting.ByFamily)
	w.step(at(5, 11, 1))
	v := w.only(func(v *alerting.Visit) bool { return v.Settled != nil })
	if v.State != alerting.VisitCanceled || v.Settled.How != alerting.ByFamily || v.Settled.By != "zhang" || !v.Settled.At.Equal(at(5, 11, 0)) {
		t.Errorf("settled as %+v", v.Settled)
	}
	next := w.only(func(v *alerting.Visit) bool { return v.State.Active() })
	if want := at(11, 17, 0); !next.Due.Equal(want) {
		t.Errorf("the next is due %v, want %v", next.Due, want)
	}
}

func TestWhoIsAwayIsNotVisited(t *testing.T) {
	w := newWorld(t, at(1, 9, 0))
	w.setRules(quiet)
	ids := w.village("gyz", "xw", devices.TierRed, 2)
	w.step(at(1, 9, 0))
	if n := len(w.visits(nil)); n != 2 {
		t.Fatalf("%d visits, want 2", n)
	}
	absence, err := w.registry.AddAbsence(t.Context(), devices.Absence{Resident: ids[0], From: at(1, 9, 30), To: at(10, 0, 0), Reason: "hospital"})
	w.must(err)
	_ = absence
	w.step(at(1, 10, 0))
	v := w.only(func(v *alerting.Visit) bool { return v.State == alerting.VisitCanceled })
	if v.Resident.ID != ids[0] {
		t.Errorf("%s's visit was taken back, want that of %s", v.Resident.ID, ids[0])
	}
	w.step(at(9, 10, 0))
	if n := len(w.visits(func(v *alerting.Visit) bool { return v.Resident.ID == ids[0] && v.State.Active() })); n != 0 {
		t.Errorf("%d visits to somebody in hospital", n)
	}
	w.step(at(10, 8, 0)) // back
	w.only(func(v *alerting.Visit) bool { return v.Resident.ID == ids[0] && v.State.Active() })
}

func TestWhoHasDiedIsNotVisited(t *testing.T) {
	w := newWorld(t, at(1, 9, 0))
	w.setRules(quiet)
	ids := w.village("gyz", "xw", devices.TierRed, 1)
	w.step(at(1, 9, 0))
	w.must(w.registry.PutResident(t.Context(), devices.Resident{ID: ids[0], Name: "王", Area: "shen/gyz/xw", Tier: devices.TierRed, State: devices.Deceased}))
	w.step(at(1, 9, 1))
	if v := w.only(nil); v.State != alerting.VisitCanceled {
		t.Errorf("the visit is %s", v.State)
	}
	w.step(at(8, 9, 1))
	w.only(nil)
}

func TestATownHasItsShareOfHomeVisitsAndTheCountyItsCalls(t *testing.T) {
	w := newWorld(t, at(1, 9, 0))
	w.setRules(`{"visits":{"every_red":0,"every_yellow":0,"every_green":0,"home_pct":5,"callbacks":3}}`)
	a := w.village("gyz", "xw", devices.TierGreen, 41) // 3 of 41
	w.village("zl", "lz", devices.TierGreen, 10)       // 1 of 10
	w.met(a[0], alerting.AtDoor)
	w.step(at(1, 9, 1))
	w.start()
	w.step(at(1, 12, 1))
	per := map[devices.AreaPath]int{}
	for _, v := range w.visits(of(alerting.PlanQuota)) {
		per[v.Area.Parent()]++
	}
	if per["shen/gyz"] != 3 || per["shen/zl"] != 1 {
		t.Errorf("home visits by quota: %v, want 3 and 1", per)
	}
	calls := w.visits(of(alerting.PlanCallback))
	if len(calls) != 3 || calls[0].Kind != alerting.PhoneVisit || calls[0].Assignee != nil || calls[0].Provider != nil {
		t.Fatalf("calls back: %+v, want 3 of the desk's", calls)
	}
	// Over the month, not all on the first day.
	if first, last := calls[0].Due, calls[2].Due; last.Sub(first) < 15*24*time.Hour {
		t.Errorf("calls from %v to %v", first, last)
	}
	// A call reaches one of those who are to be visited: the visit is made all the same.
	home := w.visits(func(v *alerting.Visit) bool { return v.Plan == alerting.PlanQuota && v.Area == "shen/gyz/xw" })[0]
	w.now = at(1, 13, 0)
	w.met(home.Resident.ID, alerting.ByPhone)
	w.step(at(1, 13, 1))
	if v := w.visit(home.ID); v.State != alerting.VisitPlanned {
		t.Errorf("a call has ended a home visit of the quota: %s", v.State)
	}
	w.met(home.Resident.ID, alerting.AtDoor)
	w.step(at(1, 13, 2))
	if v := w.visit(home.ID); v.Settled == nil {
		t.Errorf("somebody at the door did not count: %+v", v)
	}
	q, err := w.planner.Quotas(t.Context(), devices.Scope{Areas: []devices.AreaPath{"shen/gyz"}}, w.now, w.now)
	w.must(err)
	if len(q) != 1 || q[0].HomeDone != 1 || q[0].HomePlanned != 2 || q[0].Settled != 1 {
		t.Errorf("quotas of the town: %+v", q)
	}
}

func TestTheLongestUnseenAreVisitedFirst(t *testing.T) {
	w := newWorld(t, at(1, 9, 0))
	w.setRules(`{"visits":{"home_pct":0,"callbacks":0,"per_day":1}}`)
	w.crew.visitors = []string{"li"}
	ids := w.village("gyz", "xw", devices.TierYellow, 3)
	for i, day := range []int{-3, -9, -6} { // October
		w.now = at(day, 9, 0).AddDate(0, 0, -40)
		w.met(ids[i], alerting.ByPhone)
	}
	w.now = at(1, 9, 0)
	w.step(w.now)
	var order []string
	for _, v := range w.visits(nil) {
		order = append(order, v.Resident.ID)
	}
	if want := []string{ids[1], ids[2], ids[0]}; !slices.Equal(order, want) {
		t.Errorf("visited in the order %v, want %v", order, want)
	}
}

func TestWhoseDevicesSeeTooLittleIsCalledEachDay(t *testing.T) {
	w := newWorld(t, at(1, 9, 0))
	w.setRules(quiet)
	ids := w.village("gyz", "xw", devices.TierGreen, 2)
	w.daily = ids[:1]
	w.met(ids[0], alerting.AtDoor)
	w.met(ids[1], alerting.AtDoor)
	w.step(at(1, 10, 0)) // seen today
	w.step(at(2, 0, 5))  // nobody phones at midnight
	if n := len(w.visits(nil)); n != 0 {
		t.Fatalf("%d calls planned", n)
	}
	w.step(at(2, 7, 0))
	w.start()
	w.step(at(2, 8, 30))
	call := w.only(nil)
	if call.Kind != alerting.PhoneVisit || call.Plan != alerting.PlanDaily || !call.Due.Equal(at(2, 17, 0)) {
		t.Errorf("planned %+v", call)
	}
	w.now = at(2, 9, 0)
	w.report(&call, alerting.Well)
	if last := w.store.LastContact(ids[0], w.now); !last.Equal(w.now) {
		t.Errorf("the call is no contact: %v", last)
	}
	w.step(at(2, 15, 0))
	w.only(nil)

	w.step(at(3, 7, 0)) // nobody calls
	w.step(at(4, 0, 1))
	missed := w.visits(of(alerting.PlanDaily))[1]
	if missed.State != alerting.VisitCanceled {
		t.Errorf("a call of yesterday is %s", missed.State)
	}
	w.step(at(4, 7, 0))
	w.now = at(4, 8, 0)
	w.met(ids[0], alerting.ByFamily)
	w.step(at(4, 8, 1))
	if v := w.visits(of(alerting.PlanDaily))[2]; v.Settled == nil {
		t.Errorf("a contact of today does not count: %+v", v)
	}
}

// Reminders at 50, 80 and 100 % of the time to due, once each over restarts; the
// supervisor hears of the last only.
func TestRemindersComeOnceOverRestarts(t *testing.T) {
	w := newWorld(t, at(1, 9, 0))
	ids := w.village("gyz", "xw", devices.TierGreen, 1)
	w.setRules(`{"visits":{"every_green":0,"home_pct":0,"callbacks":0}}`)
	v, err := w.desk.CreateVisit(t.Context(), alerting.Actor{User: "zhang"}, alerting.NewVisit{Resident: ids[0], Due: at(1, 19, 0), Assignee: "li"})
	w.must(err)
	for _, c := range []struct {
		now    time.Time
		told   []string
		marked int
	}{
		{at(1, 13, 59), []string{"0/li"}, 0},
		{at(1, 14, 0), []string{"0/li", "50/li"}, 50},
		{at(1, 16, 59), []string{"0/li", "50/li"}, 50},
		{at(1, 17, 0), []string{"0/li", "50/li", "80/li"}, 80},
		{at(1, 19, 0), []string{"0/li", "50/li", "80/li", "100/du", "100/li"}, 100},
		{at(2, 19, 0), []string{"0/li", "50/li", "80/li", "100/du", "100/li"}, 100},
	} {
		w.start()
		w.step(c.now)
		w.step(c.now)
		var want []string
		for _, s := range c.told {
			want = append(want, "visit/"+v.ID+"/"+s)
		}
		if got := w.told(); !slices.Equal(got, want) {
			t.Errorf("at %v told %v, want %v", c.now, got, want)
		}
		if now := w.visit(v.ID); now.Reminded != c.marked {
			t.Errorf("at %v the visit says %d %%", c.now, now.Reminded)
		}
	}
	reminders := 0
	for _, e := range w.events() {
		if e.Type == alerting.VisitChanged && e.Data["action"] == "remind" {
			reminders++
		}
	}
	if reminders != 3 {
		t.Errorf("%d reminders on the live view, want 3", reminders)
	}
}

// Of several reminders that fell into a pause of the service the last is given;
// a visit that was made is not reminded of.
func TestAPauseGivesTheLastReminderOnly(t *testing.T) {
	w := newWorld(t, at(1, 9, 0))
	ids := w.village("gyz", "xw", devices.TierGreen, 2)
	w.setRules(`{"visits":{"every_green":0,"home_pct":0,"callbacks":0}}`)
	made, err := w.desk.CreateVisit(t.Context(), li, alerting.NewVisit{Resident: ids[0], Due: at(1, 19, 0), Assignee: "li"})
	w.must(err)
	_, err = w.desk.CreateVisit(t.Context(), li, alerting.NewVisit{Resident: ids[1], Due: at(1, 19, 0)})
	w.must(err)
	w.now = at(1, 10, 0)
	w.report(&made, alerting.Well)
	w.start()
	w.step(at(1, 18, 0))
	got := w.told()
	if len(got) != 2 || !strings.HasSuffix(got[0], "/80/li") || !strings.HasSuffix(got[1], "/80/sun") {
		t.Errorf("told %v, want both of the provider's people at 80 %%", got)
	}
}

// Who came since the last planning is planned for with the next one, an hour after
// it, and not because the service was started again.
func TestARestartIsNoReasonToPlan(t *testing.T) {
	w := newWorld(t, at(2, 8, 0))
	w.village("t0", "v1", devices.TierRed, 3)
	w.start()
	w.step(at(2, 8, 0))
	planned := len(w.visits(nil))
	w.village("t1", "v1", devices.TierRed, 3)
	w.start()
	w.step(at(2, 8, 5))
	if n := len(w.visits(nil)); planned == 0 || n != planned {
		t.Errorf("%d visits, and %d after a restart", planned, n)
	}
	w.step(at(2, 9, 5))
	if n := len(w.visits(nil)); n <= planned {
		t.Errorf("%d visits an hour later, want those of who came", n)
	}
}

// A month's plan is one event for each village, not one for each visit.
func TestAVillagesPlanIsOneEvent(t *testing.T) {
	w := newWorld(t, at(1, 9, 0))
	w.setRules(quiet)
	w.village("gyz", "xw", devices.TierRed, 7)
	w.village("zl", "lz", devices.TierRed, 4)
	w.step(at(1, 9, 0))
	want := map[devices.AreaPath][]string{}
	for _, v := range w.visits(nil) {
		want[v.Area] = append(want[v.Area], v.ID)
	}
	events, err := w.store.EventsAfter(t.Context(), 0, 100)
	w.must(err)
	if len(events) != 2 {
		t.Fatalf("%d events of %d visits in two villages", len(events), len(w.visits(nil)))
	}
	for _, e := range events {
		got := []string{}
		for _, id := range e.Data["visits"].([]any) {
			got = append(got, id.(string))
		}
		slices.Sort(got)
		slices.Sort(want[e.Area])
		if e.Type != alerting.VisitsPlanned || e.Visit != nil || !slices.Equal(got, want[e.Area]) || e.Data["count"] != float64(len(got)) {
			t.Errorf("%s of %s: %v, want %v", e.Type, e.Area, e.Data, want[e.Area])
		}
	}
	w.start()
	w.step(at(1, 10, 30))
	if again, err := w.store.EventsAfter(t.Context(), 0, 100); err != nil || len(again) != 2 {
		t.Errorf("planned again: %d events %v", len(again), err)
	}
}
