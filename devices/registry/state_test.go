package registry

import (
	"path/filepath"
	"testing"
	"time"

	"shouwang/devices"
)

// everybody is the scope of who sees everything.
var everybody = devices.Scope{Areas: []devices.AreaPath{""}}

func TestAStateHoldsFromWhenItWasEnteredAndCanBeTakenBack(t *testing.T) {
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "state.db")
	r, c := openFile(t, file)
	must(t, r.PutAll(ctx, county()))
	entered := c.t
	states := []devices.ResidentState{devices.Hospital, devices.Deceased, devices.Active}
	var times []time.Time
	for _, s := range states {
		c.t = c.t.Add(time.Hour)
		must(t, r.SetState(ctx, "r1", s, "zhang", "by phone of the family"))
		times = append(times, c.t)
	}
	for _, reopened := range []bool{false, true} {
		if reopened {
			was := c.t
			r, c = openFile(t, file)
			c.t = was
		}
		for i, s := range states {
			if p, ok := r.Resident("r1", times[i]); !ok || p.State != s {
				t.Errorf("at %s: %+v, want %s", times[i], p, s)
			}
		}
		if p, _ := r.Resident("r1", times[0].Add(-time.Second)); p.State != devices.Active {
			t.Errorf("before: %s", p.State)
		}
		// Clocks begin anew when somebody is watched over again, not after a stay in
		// a hospital.
		for at, want := range map[time.Time]time.Time{entered: {}, times[0]: {}, times[1]: {}, times[2]: times[2], times[2].Add(time.Hour): times[2]} {
			if got := r.WatchedSince("r1", at); !got.Equal(want) {
				t.Errorf("at %s watched since %s, want %s", at, got, want)
			}
		}
		history, err := r.States(ctx, "r1")
		if err != nil || len(history) != 3 || history[0].To != devices.Active || history[0].From != devices.Deceased || history[0].By != "zhang" ||
			history[0].Reason != "by phone of the family" || !history[0].At.Equal(times[2]) {
			t.Errorf("%+v %v", history, err)
		}
	}
	if err := r.SetState(ctx, "r1", "gone", "zhang", "x"); err == nil {
		t.Error("a state that does not exist was taken")
	}
	if err := r.SetState(ctx, "r1", devices.Left, "zhang", ""); err == nil {
		t.Error("a change without a reason was taken")
	}
	if err := r.SetState(ctx, "nobody", devices.Left, "zhang", "x"); err == nil {
		t.Error("a resident who does not exist was taken")
	}
}

func TestEveryChangeOfStateIsFollowedUp(t *testing.T) {
	ctx := t.Context()
	r, _ := open(t)
	must(t, r.PutAll(ctx, county()))
	p, err := r.GetResident(ctx, everybody, "r1")
	if err != nil {
		t.Fatal(err)
	}
	p.State = devices.Moved // by an import, without a word
	if err := r.PutResident(ctx, p.Resident); err != nil {
		t.Fatal(err)
	}
	turns, err := r.OpenTurns(ctx)
	if err != nil || len(turns) != 1 || turns[0].To != devices.Moved || turns[0].By != "" {
		t.Fatalf("%+v %v", turns, err)
	}
	if err := r.TurnDone(ctx, turns[0]); err != nil {
		t.Fatal(err)
	}
	if turns, err := r.OpenTurns(ctx); err != nil || len(turns) != 0 {
		t.Errorf("%+v %v", turns, err)
	}
}

func TestDevicesOfWhoIsNotWatchedAreToBeCollected(t *testing.T) {
	ctx := t.Context()
	r, c := open(t)
	must(t, r.PutAll(ctx, county()))
	if list, err := r.ToCollect(ctx, everybody); err != nil || len(list) != 0 {
		t.Fatalf("%+v %v", list, err)
	}
	c.t = c.t.Add(time.Hour)
	if err := r.SetState(ctx, "r1", devices.Deceased, "zhang", "x"); err != nil {
		t.Fatal(err)
	}
	list, err := r.ToCollect(ctx, everybody)
	if err != nil || len(list) == 0 || list[0].Resident != "r1" || list[0].State != devices.Deceased || !list[0].Since.Equal(c.t) {
		t.Fatalf("%+v %v", list, err)
	}
	if other, err := r.ToCollect(ctx, devices.Scope{Areas: []devices.AreaPath{"elsewhere"}}); err != nil || len(other) != 0 {
		t.Errorf("another area sees %+v, %v", other, err)
	}
	c.t = c.t.Add(time.Hour)
	for _, c := range list {
		if err := r.Unassign(ctx, c.Device, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if list, err := r.ToCollect(ctx, everybody); err != nil || len(list) != 0 {
		t.Errorf("after they were taken back: %+v %v", list, err)
	}
}
