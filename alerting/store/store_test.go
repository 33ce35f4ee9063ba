package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/alerting"
	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/database/databasetest"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func open(t *testing.T) (*store.Store, *database.DB) {
	t.Helper()
	db := databasetest.Open(t)
	return store.New(db), db
}

// put writes alerts, each with one event.
func put(t *testing.T, s *store.Store, cases ...alerting.Case) {
	t.Helper()
	err := s.Tx(t.Context(), func(tx alerting.Tx) error {
		for i := range cases {
			if err := tx.PutAlert(&cases[i]); err != nil {
				return err
			}
			if err := tx.AddEvent(alerting.Change{Type: alerting.AlertOpened, At: noon, Case: &cases[i], Actor: alerting.System()}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func alert(id string, severity alerting.Severity, minute int, area devices.AreaPath) alerting.Case {
	return alerting.Case{Alert: alerting.Alert{
		ID: id, Kind: alerting.KindSOS, Severity: severity, State: alerting.Open, Area: area,
		Subject: alerting.DeviceSubject(devices.DeviceID(id)), OpenedAt: noon.Add(time.Duration(minute) * time.Minute),
		Evidence: map[string]any{},
	}}
}

func ids(page alerting.AlertPage) []string {
	var ids []string
	for _, a := range page.Items {
		ids = append(ids, a.ID)
	}
	return ids
}

var everywhere = devices.Scope{Areas: []devices.AreaPath{""}}

func TestAlertIsReadAsWritten(t *testing.T) {
	s, _ := open(t)
	at := func(n int) *time.Time { x := noon.Add(time.Duration(n) * time.Second); return &x }
	who, outcome := "zhang", alerting.Well
	full := alerting.Case{
		Alert: alerting.Alert{
			ID: "a", Kind: alerting.KindSpO2, Severity: alerting.Red, State: alerting.Closed, Late: true,
			Subject: alerting.ResidentSubject("r"), Resident: &alerting.ResidentRef{ID: "r", Name: "王"}, Area: "x/y/z",
			Since: *at(1), OpenedAt: *at(2), RangAt: *at(3), AckedAt: at(4), RecoveredAt: at(5), ClosedAt: at(6),
			Assignee: &who, Outcome: &outcome, Evidence: map[string]any{"values": []any{1.5, 2.0}, "at": "x"},
			Rule: alerting.RuleRef{ID: "spo2", Version: 3}, Escalation: 2, EscalateAt: at(7), AgainAt: at(13), FoundAt: *at(8), KnownAt: *at(9),
		},
		Provider: "p", AckedBy: "zhao", Episode: *at(10), ClockAt: *at(11), RaiseAt: *at(12), MergedInto: "b",
	}
	put(t, s, full)
	for range 2 { // inserted, then updated
		err := s.Tx(t.Context(), func(tx alerting.Tx) error {
			got, err := tx.Alert("a")
			if err != nil {
				return err
			}
			if diff := cmp.Diff(&full, got); diff != "" {
				t.Error(diff)
			}
			full.Severity, full.Late, full.Escalation, full.Evidence, full.Provider = alerting.Orange, false, 3, map[string]any{"y": 1.0}, "q"
			full.Since, full.RangAt, full.AckedAt, full.RecoveredAt, full.ClosedAt = *at(21), *at(23), nil, at(25), at(26)
			full.Assignee, full.Outcome, full.EscalateAt, full.AgainAt, full.FoundAt, full.KnownAt = nil, nil, nil, nil, *at(28), *at(29)
			full.AckedBy, full.Episode, full.ClockAt, full.RaiseAt, full.MergedInto = "", *at(30), *at(31), time.Time{}, ""
			full.Rule = alerting.RuleRef{ID: "new", Version: 4}
			return tx.PutAlert(&full)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWorklistOrderAndPages(t *testing.T) {
	s, _ := open(t)
	late := alert("late-red", "red", 9, "x")
	late.Late = true
	closed := func(id string, minute int) alerting.Case {
		c := alert(id, "red", minute, "x")
		c.State = alerting.Closed
		return c
	}
	put(t, s,
		alert("yellow", "yellow", 1, "x"), alert("red-old", "red", 1, "x"), alert("blue", "blue", 8, "x"), late,
		closed("closed-old", 1), alert("red-new", "red", 2, "x"), alert("orange", "orange", 1, "x"), closed("closed-new", 2))
	want := []string{"red-new", "red-old", "orange", "yellow", "blue", "late-red", "closed-new", "closed-old"}
	for limit := 1; limit <= 9; limit++ {
		var got []string
		f := alerting.AlertFilter{Scope: everywhere, Limit: limit}
		for {
			page, err := s.Alerts(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			if page.AsOfEvent != 8 {
				t.Errorf("as of event %d", page.AsOfEvent)
			}
			got = append(got, ids(page)...)
			if page.Next == "" {
				break
			}
			f.Cursor = page.Next
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %v", limit, got)
		}
	}
	for name, f := range map[string]alerting.AlertFilter{
		"cursor": {Scope: everywhere, Cursor: "not base64!"},
	} {
		var e *alerting.InputError
		if _, err := s.Alerts(t.Context(), f); !errors.As(err, &e) || e.Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFilters(t *testing.T) {
	s, _ := open(t)
	acked := alert("a", "red", 1, "c/t1/v1")
	acked.State = alerting.Acknowledged
	of := alert("b", "yellow", 2, "c/t1/v2")
	of.Kind, of.Resident = alerting.KindWaterLeak, &alerting.ResidentRef{ID: "r"}
	put(t, s, acked, of, alert("d", "red", 3, "c/t2"))
	for name, tc := range map[string]struct {
		f    alerting.AlertFilter
		want []string
	}{
		"state":    {alerting.AlertFilter{State: []alerting.State{"acknowledged", "closed"}}, []string{"a"}},
		"severity": {alerting.AlertFilter{Severity: []alerting.Severity{"yellow", "blue"}}, []string{"b"}},
		"kind":     {alerting.AlertFilter{Kind: []alerting.Kind{"water_leak"}}, []string{"b"}},
		"resident": {alerting.AlertFilter{Resident: "r"}, []string{"b"}},
		"area":     {alerting.AlertFilter{Area: "c/t1"}, []string{"a", "b"}},
		"quote":    {alerting.AlertFilter{Resident: "' OR '1'='1"}, nil},
	} {
		tc.f.Scope = everywhere
		page, err := s.Alerts(t.Context(), tc.f)
		if err != nil {
			t.Fatal(err)
		}
		if got := ids(page); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestScope(t *testing.T) {
	s, _ := open(t)
	mine := alert("village", "red", 1, "c/t1/v1")
	mine.Provider = "care"
	put(t, s, mine, alert("town", "red", 2, "c/t1"), alert("other", "red", 3, "c/t10/v1"), alert("lower", "red", 4, "c/t1-"), alert("county", "red", 5, "c"))
	visit := func(id string, area devices.AreaPath, provider string) {
		err := s.Tx(t.Context(), func(tx alerting.Tx) error {
			v := &alerting.Visit{ID: id, Area: area, State: alerting.VisitPlanned, Due: noon, Created: noon}
			if provider != "" {
				v.Provider = &provider
			}
			return tx.PutVisit(v)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	visit("village", "c/t1/v1", "care")
	visit("town", "c/t1", "")
	visit("other", "c/t10/v1", "")
	visit("lower", "c/t1-", "")
	visit("county", "c", "")
	for name, tc := range map[string]struct {
		scope devices.Scope
		want  []string
	}{
		"everything": {everywhere, []string{"county", "lower", "other", "town", "village"}},
		"town":       {devices.Scope{Areas: []devices.AreaPath{"c/t1"}}, []string{"town", "village"}},
		"two":        {devices.Scope{Areas: []devices.AreaPath{"c/t1/v1", "c/t10"}}, []string{"other", "village"}},
		"none":       {devices.Scope{}, nil},
		"provider":   {devices.Scope{Areas: []devices.AreaPath{""}, Provider: "care"}, []string{"village"}},
		"elsewhere":  {devices.Scope{Areas: []devices.AreaPath{"c/t10"}, Provider: "care"}, nil},
		"vendor":     {devices.Scope{Areas: []devices.AreaPath{""}, Vendor: "v"}, nil},
	} {
		page, err := s.Alerts(t.Context(), alerting.AlertFilter{Scope: tc.scope})
		if err != nil {
			t.Fatal(err)
		}
		got := ids(page)
		slices.Sort(got)
		visits, err := s.Visits(t.Context(), alerting.VisitFilter{Scope: tc.scope})
		if err != nil {
			t.Fatal(err)
		}
		var gotVisits []string
		for _, v := range visits.Items {
			gotVisits = append(gotVisits, v.ID)
		}
		slices.Sort(gotVisits)
		if !slices.Equal(got, tc.want) || !slices.Equal(gotVisits, tc.want) {
			t.Errorf("%s: alerts %v, visits %v, want %v", name, got, gotVisits, tc.want)
		}
		for _, id := range []string{"village", "town", "other", "lower", "county"} {
			_, err := s.Alert(t.Context(), tc.scope, id)
			_, visitErr := s.Visit(t.Context(), tc.scope, id)
			for _, err := range []error{err, visitErr} {
				if in := slices.Contains(tc.want, id); in != (err == nil) || err != nil && !errors.Is(err, alerting.ErrNotFound) {
					t.Errorf("%s: %s: %v", name, id, err)
				}
			}
		}
	}
}

func TestOneOpenAlertPerSubjectAndKind(t *testing.T) {
	s, _ := open(t)
	a := alert("a", "red", 1, "c")
	put(t, s, a)
	b := a
	b.ID = "b"
	err := s.Tx(t.Context(), func(tx alerting.Tx) error { return tx.PutAlert(&b) })
	if err == nil {
		t.Fatal("SQL took two")
	}
	a.State = alerting.Closed
	put(t, s, a, b)
}

func TestEventsAreNumberedWithoutGaps(t *testing.T) {
	s, db := open(t)
	if n, err := s.OldestEvent(t.Context()); n != 1 || err != nil {
		t.Errorf("oldest of none: %d, %v", n, err)
	}
	put(t, s, alert("a", "red", 1, "c"), alert("b", "red", 1, "c"))
	broken := errors.New("broken")
	err := s.Tx(t.Context(), func(tx alerting.Tx) error {
		c := alert("c", "red", 1, "c")
		return errors.Join(tx.AddEvent(alerting.Change{Type: alerting.AlertOpened, Case: &c}), broken)
	})
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	put(t, s, alert("d", "red", 1, "c"))
	events, err := s.EventsAfter(t.Context(), 1, 10)
	if err != nil || len(events) != 2 || events[0].Number != 2 || events[1].Number != 3 || events[1].Alert.ID != "d" || events[1].Visit != nil {
		t.Fatalf("%+v, %v", events, err)
	}
	if events, _ := s.EventsAfter(t.Context(), 0, 1); len(events) != 1 || events[0].Number != 1 {
		t.Errorf("limit: %+v", events)
	}
	// Numbers never come back, even when old events are removed by other hands.
	if _, err := db.Write.Exec(`DROP TRIGGER alert_events_stay; DELETE FROM alert_events`); err != nil {
		t.Fatal(err)
	}
	if n, _ := s.OldestEvent(t.Context()); n != 4 {
		t.Errorf("oldest after removal: %d", n)
	}
	put(t, s, alert("e", "red", 1, "c"))
	newest, err := s.NewestEvent(t.Context())
	if oldest, _ := s.OldestEvent(t.Context()); newest != 4 || oldest != 4 || err != nil {
		t.Errorf("%d to %d, %v", oldest, newest, err)
	}
}

func TestChangedMissesNothing(t *testing.T) {
	s, _ := open(t)
	const n = 200
	done := make(chan error, 1)
	go func() {
		for i := range n {
			c := alert(fmt.Sprint("a", i), "red", 1, "c")
			err := s.Tx(context.Background(), func(tx alerting.Tx) error {
				return errors.Join(tx.PutAlert(&c), tx.AddEvent(alerting.Change{Type: alerting.AlertOpened, Case: &c}))
			})
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	deadline := time.After(20 * time.Second)
	seen := int64(0)
	for seen < n {
		changed := s.Changed()
		events, err := s.EventsAfter(t.Context(), seen, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Number != seen+1 {
				t.Fatalf("event %d after %d", e.Number, seen)
			}
			seen = e.Number
		}
		if len(events) > 0 {
			continue
		}
		select {
		case <-changed:
		case <-deadline:
			t.Fatalf("stuck after %d", seen)
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestCheckpoint(t *testing.T) {
	s, db := open(t)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	type state struct {
		Snapshot alerting.Snapshot
		Mark     *alerting.Mark
	}
	expect := func(what string, saved alerting.Saved, states ...state) {
		t.Helper()
		fresh := store.New(db)
		got, err := fresh.Load(ctx)
		must(err)
		if diff := cmp.Diff(saved, got); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
		var all []state
		must(fresh.EachState(ctx, func(snap alerting.Snapshot, m *alerting.Mark) error {
			all = append(all, state{snap, m})
			return nil
		}))
		if diff := cmp.Diff(states, all); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	type at = map[string]uint64
	expect("nothing", alerting.Saved{Positions: at{}})
	one := alerting.Snapshot{Subject: alerting.ResidentSubject("r"), State: []byte("1")}
	two := alerting.Snapshot{Subject: alerting.DeviceSubject("v/d")}
	first := alerting.Mark{Positions: at{"event": 3, "telemetry": 9}, Watched: time.Minute}
	must(s.SaveStates(ctx, first, []alerting.Snapshot{one, two}))
	expect("broken off", alerting.Saved{Positions: at{}}, state{one, &first}, state{two, &first})
	one.State = []byte("2")
	second := alerting.Mark{Positions: at{"event": 4, "telemetry": 12}, Watched: time.Hour}
	must(s.SaveStates(ctx, second, []alerting.Snapshot{one}))
	saved := alerting.Saved{
		Positions: at{"event": 3, "telemetry": 10},
		Clock: alerting.Clock{Watched: time.Hour + time.Microsecond, LastTick: noon, Connected: true,
			Sweep: alerting.Sweep{From: noon.Add(-time.Hour), To: noon, Left: 3}},
	}
	must(s.SaveCheckpoint(ctx, saved))
	expect("written", saved, state{one, &second}, state{two, nil})
	must(s.Rewind(ctx, "telemetry", 11))
	second.Positions["telemetry"] = 11
	expect("set back a little", saved, state{one, &second}, state{two, nil})
	must(s.Rewind(ctx, "telemetry", 2))
	second.Positions["telemetry"], saved.Positions["telemetry"] = 2, 2
	expect("set back", saved, state{one, &second}, state{two, nil})
	// A part's number never comes again, though all parts have served.
	saved.Positions = at{"event": 9, "telemetry": 20}
	must(s.SaveCheckpoint(ctx, saved))
	third := alerting.Mark{Positions: at{"event": 9, "telemetry": 30}, Watched: time.Hour}
	must(s.SaveStates(ctx, third, []alerting.Snapshot{two}))
	expect("next part", saved, state{one, &second}, state{two, &third})
}

// TestStatesOfAnOlderRelease are read, each with its detector's name, until what
// is written of their subject takes their place.
func TestStatesOfAnOlderRelease(t *testing.T) {
	s, db := open(t)
	ctx := t.Context()
	_, err := db.Write.ExecContext(ctx, `INSERT INTO alert_snapshots (subject_type, subject, detector, state) VALUES
('resident', 'r', 'x', '1'), ('resident', 'r', 'y', '2'), ('device', 'r', 'x', '3')`)
	if err != nil {
		t.Fatal(err)
	}
	read := func() (all []string) {
		t.Helper()
		err := s.EachState(ctx, func(snap alerting.Snapshot, _ *alerting.Mark) error {
			all = append(all, fmt.Sprintf("%s %s %s", snap.Subject.Type, snap.Detector, snap.State))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(all)
		return all
	}
	if got := read(); !slices.Equal(got, []string{"device x 3", "resident x 1", "resident y 2"}) {
		t.Errorf("%q", got)
	}
	if err := s.SaveStates(ctx, alerting.Mark{}, []alerting.Snapshot{{Subject: alerting.ResidentSubject("r"), State: []byte("all")}}); err != nil {
		t.Fatal(err)
	}
	if got := read(); !slices.Equal(got, []string{"device x 3", "resident  all"}) {
		t.Errorf("%q", got)
	}
	n := 0
	if err := db.Read.QueryRowContext(ctx, `SELECT count(*) FROM alert_snapshots`).Scan(&n); err != nil || n != 1 {
		t.Errorf("%d rows of the older release, want 1 (%v)", n, err)
	}
}

func TestManyStates(t *testing.T) {
	s, _ := open(t)
	var all []alerting.Snapshot
	for i := range 100 { // no multiple of what one statement writes
		all = append(all, alerting.Snapshot{Subject: alerting.ResidentSubject(fmt.Sprintf("r%03d", i)), State: fmt.Append(nil, i)})
	}
	for range 2 { // inserted, then updated
		if err := s.SaveStates(t.Context(), alerting.Mark{Positions: map[string]uint64{"event": 1}}, all); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	err := s.EachState(t.Context(), func(snap alerting.Snapshot, _ *alerting.Mark) error {
		if diff := cmp.Diff(all[n], snap); diff != "" {
			t.Error(diff)
		}
		n++
		return nil
	})
	if err != nil || n != len(all) {
		t.Error(n, err)
	}
}

func TestVisitsAreListedByWhatIsDue(t *testing.T) {
	s, _ := open(t)
	me := "zhao"
	err := s.Tx(t.Context(), func(tx alerting.Tx) error {
		for _, v := range []alerting.Visit{
			{ID: "done-old", State: alerting.VisitReported, Created: noon, Due: noon},
			{ID: "later", State: alerting.VisitPlanned, Created: noon, Due: noon.Add(2 * time.Hour), Assignee: &me},
			{ID: "soon", State: alerting.VisitStarted, Created: noon, Due: noon.Add(time.Hour), Resident: &alerting.ResidentRef{ID: "r"}},
			{ID: "done-new", State: alerting.VisitCanceled, Created: noon.Add(1), Due: noon},
		} {
			v.Created = v.Created.Add(time.Duration(len(v.ID)) * time.Second)
			if err := tx.PutVisit(&v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	list := func(f alerting.VisitFilter) (got []string) {
		f.Scope = everywhere
		for {
			page, err := s.Visits(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range page.Items {
				got = append(got, v.ID)
			}
			if f.Cursor = page.Next; page.Next == "" {
				return got
			}
		}
	}
	all := list(alerting.VisitFilter{Limit: 1})
	if !slices.Equal(all[:2], []string{"soon", "later"}) || len(all) != 4 {
		t.Error(all)
	}
	if got := list(alerting.VisitFilter{State: []alerting.VisitState{"planned"}, Assignee: me}); !slices.Equal(got, []string{"later"}) {
		t.Error(got)
	}
	if got := list(alerting.VisitFilter{Resident: "r"}); !slices.Equal(got, []string{"soon"}) {
		t.Error(got)
	}
}
