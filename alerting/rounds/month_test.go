//go:build unix

package rounds_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// A whole month of 1000 residents: everybody is seen in time, the quotas are met,
// nobody has more work on a day than the rules allow, and a restart on every day
// plans nothing twice.
func TestAMonthOfAThousandResidents(t *testing.T) {
	w := newWorld(t, at(1, 0, 5).AddDate(0, 0, -1))
	w.crew.visitors = []string{"li", "sun", "wei", "xu", "yao", "zhou"}
	scale := 1
	if raceEnabled { // twenty times slower
		scale = 5
	}
	for town := range 5 {
		for tier, n := range map[devices.Tier]int{devices.TierRed: 20, devices.TierYellow: 60, devices.TierGreen: 120} {
			w.village(fmt.Sprintf("t%d", town), "v1", tier, n/scale)
		}
	}
	started := cpuTime(t)
	seen := map[string]time.Time{}
	for day := 1; day <= 30; day++ {
		w.start()
		for _, hour := range []int{0, 12} {
			w.step(at(day, hour, 5))
			if hour != 12 {
				continue
			}
			n := 0
			for _, v := range w.visits(func(v *alerting.Visit) bool { return v.State.Active() && v.Due.Before(at(day+1, 0, 0)) }) {
				n++
				if (n+3*day)%10 == 0 { // nobody opens
					w.report(&v, alerting.AwayFromHome)
					continue
				}
				w.report(&v, alerting.Well)
				if v.Kind == alerting.HomeVisit {
					seen[v.Resident.ID] = w.now
				}
			}
		}
		for _, who := range w.registry.Everybody(w.now) {
			if who.Tier != devices.TierRed || day < 8 {
				continue
			}
			// A week, and the days until somebody who was not met is visited again.
			if gap := w.now.Sub(w.store.LastContact(who.ID, w.now)); gap > 12*24*time.Hour {
				t.Errorf("on day %d tier red's %s has not been seen for %v", day, who.ID, gap)
			}
		}
	}
	took := cpuTime(t) - started

	quotas, err := w.planner.Quotas(t.Context(), devices.Scope{Areas: []devices.AreaPath{""}}, w.now, w.now)
	w.must(err)
	if len(quotas) != 6 {
		t.Fatalf("%d rows of quotas, want a county and five towns: %+v", len(quotas), quotas)
	}
	for _, q := range quotas {
		if q.Area == "shen" {
			if q.CallsNeeded != 20 || q.CallsDone < 18 || q.Residents != 1000/scale {
				t.Errorf("calls back of the county: %+v", q)
			}
			continue
		}
		if q.HomeNeeded != 10/scale || q.HomeDone < 100/scale || q.Overdue != 0 {
			t.Errorf("%s: %+v, want 10 asked for and half of 200 seen", q.Area, q)
		}
	}
	type turn struct{ who, day string }
	load, twice := map[turn]int{}, map[turn]int{}
	all := w.visits(nil)
	for _, v := range all {
		day := v.Due.In(shanghai).Format(time.DateOnly)
		if v.Kind == alerting.HomeVisit && v.Settled == nil {
			load[turn{*v.Assignee, day}]++
			twice[turn{v.Resident.ID, day}]++
		}
	}
	for turn, n := range load {
		if n > 11 { // tier red is not put off for want of room
			t.Errorf("%s has %d visits on %s", turn.who, n, turn.day)
		}
	}
	for turn, n := range twice {
		if n > 1 {
			t.Errorf("%s is visited %d times on %s", turn.who, n, turn.day)
		}
	}
	t.Logf("%d visits planned, %d residents seen at home, %v of the processor", len(all), len(seen), took)
	if took > 20*time.Second && !raceEnabled { // about two, measured alone
		t.Errorf("took %v of the processor", took)
	}
}

func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
