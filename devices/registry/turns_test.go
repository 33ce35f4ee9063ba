package registry

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"shouwang/devices"
	"shouwang/devices/database/databasetest"
)

// TestTurnsTellOfEveryChange asks about all residents and devices at many times:
// whoever is answered differently must have been listed in between, by the
// registry that took the edits and by one that was loaded.
func TestTurnsTellOfEveryChange(t *testing.T) {
	ctx := t.Context()
	db := databasetest.Open(t)
	r, err := Open(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	start := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	now := start
	r.now = func() time.Time { return now }
	resident := func(i int) string { return fmt.Sprint("r", i) }
	device := func(i int) devices.DeviceID { return devices.DeviceID(fmt.Sprint("v/d", i)) }
	in := devices.Import{Areas: []devices.Area{{Path: "c", Name: "c"}, {Path: "c/t", Name: "t"}, {Path: "c/t/v", Name: "v"}, {Path: "c/t/w", Name: "w"}}}
	const n = 4
	for i := range n {
		in.Residents = append(in.Residents, devices.Resident{ID: resident(i), Name: "n", Area: "c/t/v", Tier: devices.TierGreen, State: devices.Active})
		in.Devices = append(in.Devices, devices.Device{ID: device(i), Kind: devices.Wristband, Area: "c/t/v"})
	}
	must(r.PutAll(ctx, in))
	rnd := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // made-up edits
	live := 0
	var absences []string
	for range 150 {
		before := now
		now = now.Add(time.Duration(rnd.IntN(1200)) * time.Second)
		at := now.Add(time.Duration(rnd.IntN(7200)-3600) * time.Second)
		i, j := rnd.IntN(n), rnd.IntN(n)
		switch rnd.IntN(7) {
		case 0:
			must(r.Assign(ctx, device(i), resident(j), at))
		case 1:
			must(r.Unassign(ctx, device(i), at))
		case 2:
			a := devices.Absence{Resident: resident(i), From: at, To: at.Add(time.Hour)}
			if rnd.IntN(2) == 0 {
				a.To = time.Time{}
			}
			a, err := r.AddAbsence(ctx, a)
			must(err)
			absences = append(absences, a.ID)
		case 3:
			if len(absences) > 0 {
				must(r.EndAbsence(ctx, absences[rnd.IntN(len(absences))], at))
			}
		case 4:
			state := []devices.ResidentState{devices.Active, devices.Hospital, devices.Deceased}[rnd.IntN(3)]
			must(r.PutResident(ctx, devices.Resident{ID: resident(i), Name: fmt.Sprint("n", rnd.IntN(3)), Area: "c/t/w", Tier: devices.TierRed, State: state}))
		case 5:
			must(r.PutDevice(ctx, devices.Device{ID: device(i), Kind: devices.WaterMeter, Area: "c/t/w", Disabled: rnd.IntN(2) == 0}))
		case 6:
			must(r.PutConsents(ctx, []devices.Consent{{Resident: resident(i), Data: devices.DataTypes()[j], Granted: rnd.IntN(2) == 0, From: at, To: at.Add(time.Hour)}}))
		}
		now = now.Add(time.Second)
		live += turnsHold(t, r, before, now, n, resident, device)
	}
	loaded, err := Open(context.Background(), db)
	must(err)
	loaded.now = r.now
	told := 0
	for at := start.Add(time.Minute); at.Before(now.Add(3 * time.Hour)); at = at.Add(10 * time.Minute) {
		for _, reg := range []*Registry{r, loaded} {
			told += turnsHold(t, reg, at, at.Add(10*time.Minute), n, resident, device)
		}
	}
	if live < 50 || told < 100 {
		t.Errorf("%d and %d changes: the test shows nothing", live, told)
	}
}

// turnsHold returns how many answers had changed.
func turnsHold(t *testing.T, r *Registry, from, to time.Time, n int, resident func(int) string, device func(int) devices.DeviceID) (changes int) {
	t.Helper()
	residents, ids, all := r.Turns(from, to)
	if all {
		t.Fatal("all, though the clock is right")
	}
	listed := map[string]bool{}
	for _, id := range residents {
		listed[id] = true
	}
	for _, id := range ids {
		listed[string(id)] = true
	}
	about := func(i int, at time.Time) (string, string) {
		p, _ := r.Resident(resident(i), at)
		d, _ := r.Device(device(i), at)
		s, _ := r.Standing(device(i), at)
		who := ""
		if s.Resident != nil {
			who = s.Resident.ID
		}
		r.mu.RLock()
		fresh := r.stands(r.devices[device(i)], r.asOf(at)).Standing
		r.mu.RUnlock()
		apart := devices.Standing{Device: d, Resident: s.Resident, Away: r.Away(who, at), Withheld: r.WithheldOf(who, at), WatchedSince: r.WatchedSince(who, at)}
		if s != fresh || s != apart {
			t.Errorf("as of %s %s stands at %+v, worked out %+v, by parts %+v", at, device(i), s, fresh, apart)
		}
		return fmt.Sprint(p, r.Away(resident(i), at)), fmt.Sprint(d, who)
	}
	for i := range n {
		p, d := about(i, from)
		p2, d2 := about(i, to)
		if p != p2 {
			changes++
			if !listed[resident(i)] {
				t.Errorf("%s to %s: %s was %s, is %s, and is not listed", from, to, resident(i), p, p2)
			}
		}
		if d != d2 {
			changes++
			if !listed[string(device(i))] {
				t.Errorf("%s to %s: %s was %s, is %s, and is not listed", from, to, device(i), d, d2)
			}
		}
	}
	return changes
}

// TestTurnsWhileTheClockIsBehind: edits were made while the clock was ahead. Tick
// by tick, until it has come there and beyond, whoever is answered differently
// than at the last tick is listed, and hardly anybody else.
func TestTurnsWhileTheClockIsBehind(t *testing.T) {
	ctx := t.Context()
	db := databasetest.Open(t)
	r, err := Open(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	r.now = func() time.Time { return now }
	const n = 20
	in := devices.Import{Areas: []devices.Area{{Path: "c", Name: "c"}, {Path: "c/t", Name: "t"}, {Path: "c/t/v", Name: "v"}}}
	resident := func(i int) string { return fmt.Sprint("r", i) }
	device := func(i int) devices.DeviceID { return devices.DeviceID(fmt.Sprint("v/d", i)) }
	for i := range n {
		in.Residents = append(in.Residents, devices.Resident{ID: resident(i), Name: "n", Area: "c/t/v", Tier: devices.TierGreen, State: devices.Active})
		in.Devices = append(in.Devices, devices.Device{ID: device(i), Kind: devices.Wristband, Area: "c/t/v"})
	}
	must(r.PutAll(ctx, in))
	rnd := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // made-up edits
	about := func() map[string]string {
		all := map[string]string{}
		for i := range n {
			p, _ := r.Resident(resident(i), now)
			d, _ := r.Device(device(i), now)
			s, _ := r.Standing(device(i), now)
			all[resident(i)] = fmt.Sprint(p, r.Away(resident(i), now))
			all[string(device(i))] = fmt.Sprint(d, s.Resident)
		}
		return all
	}
	now = now.Add(time.Minute)
	last, was := now, about()
	_, _, _ = r.Turns(now.Add(-time.Minute), now)
	changes, listed := 0, 0
	for tick := range 400 {
		now = now.Add(10 * time.Second)
		switch tick {
		case 50, 200:
			now = now.Add(20 * time.Minute) // somebody sets the clock, for one edit
			must(r.Assign(ctx, device(tick%n), resident(3), now))
			must(r.PutResident(ctx, devices.Resident{ID: resident(7), Name: fmt.Sprint("n", tick), Area: "c/t/v", Tier: devices.TierRed, State: devices.Hospital}))
			now = now.Add(-20 * time.Minute)
		}
		switch rnd.IntN(20) {
		case 0:
			must(r.PutDevice(ctx, devices.Device{ID: device(rnd.IntN(n)), Kind: devices.WaterMeter, Area: "c/t/v", Disabled: rnd.IntN(2) == 0}))
		case 1:
			at := now.Add(time.Duration(rnd.IntN(600)) * time.Second)
			_, err := r.AddAbsence(ctx, devices.Absence{Resident: resident(rnd.IntN(n)), From: at, To: at.Add(5 * time.Minute)})
			must(err)
		}
		residents, ids, all := r.Turns(last, now)
		if all {
			t.Fatal("all")
		}
		told := map[string]bool{}
		for _, id := range residents {
			told[id] = true
		}
		for _, id := range ids {
			told[string(id)] = true
		}
		listed += len(told)
		is := about()
		for id, answer := range is {
			if answer != was[id] {
				changes++
				if !told[id] {
					t.Errorf("tick %d: %s was %s, is %s, and is not listed", tick, id, was[id], answer)
				}
			}
		}
		last, was = now, is
	}
	t.Logf("%d changes, %d listed", changes, listed)
	if changes < 30 || listed > 10*changes {
		t.Errorf("%d changes, %d listed", changes, listed)
	}
}
