package registry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shouwang/devices"
	"shouwang/devices/database/databasetest"
)

var epoch = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// clock is moved by hand.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func openFile(t testing.TB, file string) (*Registry, *clock) {
	t.Helper()
	db := databasetest.At(t, file)
	t.Cleanup(func() { db.Close() }) //nolint:errcheck // nothing to do about it
	r, err := Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{epoch}
	r.now = c.now
	return r, c
}

func open(t testing.TB) (*Registry, *clock) {
	return openFile(t, databasetest.File(t))
}

func resident(id string) devices.Resident {
	return devices.Resident{ID: id, Name: "王" + id, Area: "shen/t1/v1", Tier: devices.TierGreen, State: devices.Active}
}

func device(id devices.DeviceID) devices.Device {
	return devices.Device{ID: id, Kind: devices.Wristband, Area: "shen/t1/v2"}
}

func county() devices.Import {
	return devices.Import{
		Areas: []devices.Area{
			{Path: "shen", Name: "莘县"}, {Path: "shen/t1", Name: "一镇"}, {Path: "shen/t1/v1", Name: "东村"}, {Path: "shen/t1/v2", Name: "西村"},
			{Path: "shen/t10", Name: "十镇"}, {Path: "shen/t10/v1", Name: "北村"}, {Path: "shen/t_", Name: "怪镇"},
		},
		Providers: []devices.Provider{{ID: "all", Name: "县服务", Villages: []devices.AreaPath{"shen"}}, {ID: "east", Name: "东村服务", Villages: []devices.AreaPath{"shen/t1/v1"}}},
		Residents: []devices.Resident{resident("r1"), resident("r2"), {
			ID: "r3", Name: "李_三%", Phone: "1", Address: "门牌 3", Born: 1940, Area: "shen/t10/v1", Tier: devices.TierRed, State: devices.Active,
			Contacts: []devices.ContactPerson{{Name: "子", Relation: "son", Phone: "2"}},
		}},
		Devices:     []devices.Device{device("acme/b1"), device("acme/b2"), device("other/b1"), {ID: "acme/m1", Kind: devices.WaterMeter, Area: "shen/t10/v1"}},
		Gateways:    []string{"acme"},
		Assignments: []devices.Assignment{{Device: "acme/b1", Resident: "r1"}, {Device: "acme/m1", Resident: "r3"}},
		Secrets:     []devices.Secret{{User: "acme/b1", Secret: strings.Repeat("s", 32)}, {User: "vendor:acme", Secret: strings.Repeat("g", 32)}},
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answers is all that the pipeline can ask about one moment.
func answers(r *Registry, at time.Time) string {
	var b strings.Builder
	for _, id := range []devices.DeviceID{"acme/b1", "acme/b2", "other/b1", "acme/m1", "acme/none"} {
		if d, ok := r.Device(id, at); ok {
			fmt.Fprintf(&b, "%+v ", *d)
		}
		if s, _ := r.Standing(id, at); s.Resident != nil {
			fmt.Fprintf(&b, "of %s in %s, ", s.Resident.ID, s.Resident.Area)
		}
	}
	for _, id := range []string{"r1", "r2", "r3", "none"} {
		if p, ok := r.Resident(id, at); ok {
			fmt.Fprintf(&b, "%s %s %s %s ", p.ID, p.Area, p.Tier, p.State)
		}
		fmt.Fprint(&b, r.Away(id, at), " ")
	}
	for _, a := range []devices.AreaPath{"shen/t1/v1", "shen/t1/v2", "shen/t10/v1", "shen", ""} {
		fmt.Fprint(&b, r.Provider(a, at), ",")
	}
	return b.String()
}

// TestReplaySeesWhatLiveSaw makes hundreds of random edits, notes the answers
// between them, and asks again later and after a restart.
func TestReplaySeesWhatLiveSaw(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	r, c := openFile(t, file)
	ctx := t.Context()
	rnd := rand.New(rand.NewPCG(1, 2))
	type note struct {
		at   time.Time
		said string
	}
	notes := []note{{c.t, answers(r, c.t)}}
	c.t = c.t.Add(time.Second)
	must(t, r.PutAll(ctx, county()))
	ids := []devices.DeviceID{"acme/b1", "acme/b2", "other/b1", "acme/m1"}
	people := []string{"r1", "r2", "r3"}
	areas := []devices.AreaPath{"shen/t1/v1", "shen/t1/v2", "shen/t10/v1"}
	var away []string
	for range 300 {
		notes = append(notes, note{c.t, answers(r, c.t)})
		c.t = c.t.Add(time.Duration(rnd.IntN(600)) * time.Second)
		notes = append(notes, note{c.t, answers(r, c.t)})
		c.t = c.t.Add(time.Microsecond)
		when := time.Time{}
		if rnd.IntN(2) == 0 {
			when = c.t.Add(time.Duration(rnd.IntN(7200)-3600) * time.Second)
		}
		id, person := ids[rnd.IntN(4)], people[rnd.IntN(3)]
		switch rnd.IntN(7) {
		case 0:
			d := device(id)
			d.Disabled, d.Area = rnd.IntN(2) == 0, areas[rnd.IntN(3)]
			must(t, r.PutDevice(ctx, d))
		case 1:
			p := resident(person)
			p.Area, p.Tier = areas[rnd.IntN(3)], []devices.Tier{devices.TierRed, devices.TierGreen}[rnd.IntN(2)]
			must(t, r.PutResident(ctx, p))
		case 2:
			must(t, r.Assign(ctx, id, person, when))
		case 3:
			must(t, r.Unassign(ctx, id, when))
		case 4:
			to := time.Time{}
			if rnd.IntN(2) == 0 {
				to = c.t.Add(3 * time.Hour)
			}
			a, err := r.AddAbsence(ctx, devices.Absence{Resident: person, From: when, To: to})
			must(t, err)
			away = append(away, a.ID)
		case 5:
			if len(away) > 0 {
				must(t, r.EndAbsence(ctx, away[rnd.IntN(len(away))], when))
			}
		case 6:
			must(t, r.PutProvider(ctx, "east", "东村服务", areas[rnd.IntN(3):]))
		}
	}
	again, clock := openFile(t, file)
	clock.t = c.t
	differs := 0
	for _, n := range notes {
		if got := answers(r, n.at); got != n.said {
			t.Fatalf("%v: later:\n%s\nlive:\n%s", n.at, got, n.said)
		}
		if got := answers(again, n.at); got != n.said {
			t.Fatalf("%v: after a restart:\n%s\nlive:\n%s", n.at, got, n.said)
		}
		if n.said != notes[len(notes)-1].said {
			differs++
		}
	}
	if differs < len(notes)/2 {
		t.Errorf("only %d of %d notes differ from the last: the test shows little", differs, len(notes))
	}
}

func TestAssignments(t *testing.T) {
	r, c := open(t)
	ctx := t.Context()
	must(t, r.PutAll(ctx, county()))
	of := func(at time.Time) string {
		if s, _ := r.Standing("acme/b1", at); s.Resident != nil {
			return s.Resident.ID
		}
		return ""
	}
	if got := of(c.t.Add(-time.Microsecond)); got != "" {
		t.Errorf("assigned to %s before it was entered", got)
	}
	c.t = epoch.Add(time.Hour)
	must(t, r.Assign(ctx, "acme/b1", "r2", epoch.Add(30*time.Minute))) // entered late
	for at, want := range map[time.Duration]string{0: "r1", 59 * time.Minute: "r1", time.Hour: "r2", 2 * time.Hour: "r2"} {
		if got := of(epoch.Add(at)); got != want {
			t.Errorf("after %v: %q, want %q", at, got, want)
		}
	}
	list, err := r.Assignments(ctx, "r1")
	must(t, err)
	want := []devices.Assignment{{Device: "acme/b1", Resident: "r1", From: epoch, To: epoch.Add(30 * time.Minute)}}
	if d := cmp.Diff(want, list); d != "" {
		t.Error(d)
	}
	must(t, r.Unassign(ctx, "acme/b1", time.Time{}))
	if got := of(c.t); got != "" {
		t.Errorf("still assigned to %s", got)
	}
	if err := r.Unassign(ctx, "acme/none", time.Time{}); !errors.Is(err, devices.ErrNotFound) {
		t.Error(err)
	}
	// A history of assignments in one import, each ended by the next.
	must(t, r.PutAll(ctx, devices.Import{Assignments: []devices.Assignment{
		{Device: "acme/b2", Resident: "r1", From: epoch.Add(-3 * time.Hour)}, {Device: "acme/b2", Resident: "r2", From: epoch.Add(-2 * time.Hour)},
		{Device: "acme/b2", Resident: "r1", From: epoch.Add(-1 * time.Hour)},
	}}))
	list, err = r.Assignments(ctx, "r1")
	must(t, err)
	if len(list) != 3 || !list[0].To.Equal(epoch.Add(-2*time.Hour)) || !list[1].To.IsZero() {
		t.Errorf("%+v", list)
	}
}

func TestAuthenticate(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state.db")
	r, _ := openFile(t, file)
	ctx := t.Context()
	in := county()
	in.Devices[0].ClientID = "pinned"
	must(t, r.PutAll(ctx, in))
	disabled := device("acme/b2")
	disabled.Disabled = true
	must(t, r.PutDevice(ctx, disabled))
	secret, err := r.NewSecret(ctx, "acme/b2")
	must(t, err)
	old := strings.Repeat("g", 32)
	gateway, err := r.NewSecret(ctx, "vendor:acme")
	must(t, err)
	if len(gateway) < minSecret || gateway == secret {
		t.Errorf("secrets %q %q", gateway, secret)
	}
	again, _ := openFile(t, file)
	for _, c := range []struct {
		user, password string
		want           devices.Login
		err            error
	}{
		{"acme/b1", strings.Repeat("s", 32), devices.Login{User: "acme/b1", Vendor: "acme", Device: "acme/b1", ClientID: "pinned"}, nil},
		{"acme/b1", strings.Repeat("s", 31), devices.Login{}, errWrongSecret},
		{"acme/b1", "", devices.Login{}, errWrongSecret},
		{"acme/b2", secret, devices.Login{}, errDisabled},
		{"other/b1", "", devices.Login{}, errNoSecret},
		{"acme/none", secret, devices.Login{}, errUnknownUser},
		{"", "", devices.Login{}, errUnknownUser},
		{"vendor:acme", gateway, devices.Login{User: "vendor:acme", Vendor: "acme"}, nil},
		{"vendor:acme", old, devices.Login{}, errWrongSecret},
		{"vendor:other", old, devices.Login{}, errUnknownUser},
	} {
		for _, reg := range []*Registry{r, again} {
			got, err := reg.Authenticate(c.user, c.password)
			if got != c.want || !errors.Is(err, c.err) {
				t.Errorf("%s: %+v, %v", c.user, got, err)
			}
			if err != nil && c.password != "" && strings.Contains(err.Error(), c.password) {
				t.Errorf("the password is in the error: %v", err)
			}
		}
	}
	if _, err := r.NewSecret(ctx, "acme/none"); !errors.Is(err, devices.ErrNotFound) {
		t.Error(err)
	}
	if err := r.SetSecret(ctx, "acme/b1", "short-secret"); err == nil || strings.Contains(err.Error(), "short-secret") {
		t.Error(err)
	}
}

func TestInputErrors(t *testing.T) {
	r, _ := open(t)
	ctx := t.Context()
	must(t, r.PutAll(ctx, county()))
	with := func(f func(*devices.Resident)) devices.Import {
		p := resident("r9")
		f(&p)
		return devices.Import{Residents: []devices.Resident{p}}
	}
	for field, in := range map[string]devices.Import{
		"path":      {Areas: []devices.Area{{Path: "zz/t1", Name: "x"}}},
		"path ":     {Areas: []devices.Area{{Path: "shen//v", Name: "x"}}},
		"name":      {Areas: []devices.Area{{Path: "shen/x", Name: ""}}},
		"name ":     with(func(p *devices.Resident) { p.Name = "a\nb" }),
		"id":        with(func(p *devices.Resident) { p.ID = "a b" }),
		"area":      with(func(p *devices.Resident) { p.Area = "shen/none" }),
		"tier":      with(func(p *devices.Resident) { p.Tier = "blue" }),
		"state":     with(func(p *devices.Resident) { p.State = "" }),
		"born":      with(func(p *devices.Resident) { p.Born = 2999 }),
		"vendor ":   {Devices: []devices.Device{device("nodash")}},
		"id  ":      {Devices: []devices.Device{device("vendor:x/1")}},
		"kind":      {Devices: []devices.Device{{ID: "a/b", Area: "shen"}}},
		"area ":     {Devices: []devices.Device{{ID: "a/b", Kind: devices.Wristband}}},
		"vendor":    {Gateways: []string{"a/b"}},
		"villages":  {Providers: []devices.Provider{{ID: "p", Name: "p", Villages: []devices.AreaPath{"zz"}}}},
		"device":    {Assignments: []devices.Assignment{{Device: "a/none", Resident: "r1"}}},
		"resident":  {Assignments: []devices.Assignment{{Device: "acme/b1", Resident: "none"}}},
		"to":        {Assignments: []devices.Assignment{{Device: "acme/b1", Resident: "r1", From: epoch, To: epoch}}},
		"secret":    {Secrets: []devices.Secret{{User: "acme/b1", Secret: "x"}}},
		"resident ": {Areas: []devices.Area{{Path: "shen/new", Name: "新"}}, Assignments: []devices.Assignment{{Device: "acme/b1", Resident: "none"}}},
	} {
		var bad *devices.InputError
		if err := r.PutAll(ctx, in); !errors.As(err, &bad) || bad.Field != strings.TrimSpace(field) || bad.Rule == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	// The last of them also had a good area: all or nothing.
	if list, _ := r.Areas(ctx, devices.Scope{Areas: []devices.AreaPath{"shen/new"}}); len(list) != 0 {
		t.Error("half an import was taken")
	}
}

func TestSameImportAgainChangesNothing(t *testing.T) {
	r, c := open(t)
	must(t, r.PutAll(t.Context(), county()))
	c.t = c.t.Add(time.Hour)
	must(t, r.PutAll(t.Context(), county()))
	for _, table := range []string{"resident_versions", "device_versions"} {
		var n int
		must(t, r.db.Read.QueryRow(`SELECT count(*) FROM `+table).Scan(&n)) //nolint:noctx // a test
		if n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
	var n int
	must(t, r.db.Read.QueryRow(`SELECT count(*) FROM assignments`).Scan(&n)) //nolint:noctx // a test
	if d, _ := r.Device("acme/b1", c.t); n != 2 || !d.Created.Equal(epoch) {
		t.Errorf("%d assignments, created %v", n, d.Created)
	}
}

func TestRenamedEverywhere(t *testing.T) {
	r, c := open(t)
	must(t, r.PutAll(t.Context(), county()))
	p := resident("r1")
	c.t = c.t.Add(time.Hour)
	p.Tier = devices.TierRed
	must(t, r.PutResident(t.Context(), p))
	p.Name = "王大"
	must(t, r.PutResident(t.Context(), p))
	was, _ := r.Resident("r1", epoch)
	is, _ := r.Resident("r1", c.t)
	if was.Name != "王大" || is.Name != "王大" || was.Tier != devices.TierGreen || is.Tier != devices.TierRed {
		t.Errorf("%+v %+v", was, is)
	}
}

func TestLists(t *testing.T) {
	r, c := open(t)
	ctx := t.Context()
	must(t, r.PutAll(ctx, county()))
	_, err := r.AddAbsence(ctx, devices.Absence{Resident: "r3", From: c.t.Add(time.Hour), Reason: "住院"})
	must(t, err)
	all := devices.Scope{Areas: []devices.AreaPath{""}}
	in := func(a ...devices.AreaPath) devices.Scope { return devices.Scope{Areas: a} }
	provider := func(p string) devices.Scope { return devices.Scope{Areas: []devices.AreaPath{""}, Provider: p} }
	for name, c := range map[string]struct {
		filter devices.ResidentFilter
		want   string
	}{
		"everything":          {devices.ResidentFilter{Scope: all}, "r1 r2 r3"},
		"no scope":            {devices.ResidentFilter{}, ""},
		"town":                {devices.ResidentFilter{Scope: in("shen/t1")}, "r1 r2"},
		"not a pattern":       {devices.ResidentFilter{Scope: in("shen/t_")}, ""},
		"two areas":           {devices.ResidentFilter{Scope: in("shen/t1/v2", "shen/t10")}, "r3"},
		"provider":            {devices.ResidentFilter{Scope: provider("east")}, "r1 r2"},
		"county provider":     {devices.ResidentFilter{Scope: provider("all")}, "r1 r2 r3"},
		"no such provider":    {devices.ResidentFilter{Scope: provider("none")}, ""},
		"vendor":              {devices.ResidentFilter{Scope: devices.Scope{Areas: []devices.AreaPath{""}, Vendor: "acme"}}, ""},
		"area":                {devices.ResidentFilter{Scope: all, Area: "shen/t10"}, "r3"},
		"area outside":        {devices.ResidentFilter{Scope: in("shen/t1"), Area: "shen/t10"}, ""},
		"tier":                {devices.ResidentFilter{Scope: all, Tier: []devices.Tier{devices.TierRed}}, "r3"},
		"state":               {devices.ResidentFilter{Scope: all, State: []devices.ResidentState{devices.Left}}, ""},
		"part of a name":      {devices.ResidentFilter{Scope: all, Query: "_三%"}, "r3"},
		"percent is no joker": {devices.ResidentFilter{Scope: all, Query: "王%"}, ""},
		"id":                  {devices.ResidentFilter{Scope: all, Query: "r2"}, "r2"},
	} {
		got := ""
		for page, cursor := 0, ""; page == 0 || cursor != ""; page++ {
			c.filter.Cursor, c.filter.Limit = cursor, 1
			p, err := r.Residents(ctx, c.filter)
			must(t, err)
			for _, v := range p.Items {
				got += v.ID + " "
			}
			cursor = p.Next
		}
		if strings.TrimSpace(got) != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	v, err := r.GetResident(ctx, in("shen/t10"), "r3")
	must(t, err)
	if len(v.Devices) != 1 || v.Devices[0].ID != "acme/m1" || len(v.Absences) != 1 || len(v.Contacts) != 1 || v.Phone != "1" || v.Born != 1940 {
		t.Errorf("%+v", v)
	}
	if _, err := r.GetResident(ctx, in("shen/t1"), "r3"); !errors.Is(err, devices.ErrNotFound) {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		filter devices.DeviceFilter
		want   string
	}{
		"everything":       {devices.DeviceFilter{Scope: all}, "acme/b1:r1@shen/t1/v1 acme/b2:@shen/t1/v2 acme/m1:r3@shen/t10/v1 other/b1:@shen/t1/v2"},
		"where it lives":   {devices.DeviceFilter{Scope: in("shen/t1/v1")}, "acme/b1:r1@shen/t1/v1"},
		"vendor":           {devices.DeviceFilter{Scope: devices.Scope{Vendor: "acme"}}, "acme/b1:@shen/t1/v2 acme/b2:@shen/t1/v2 acme/m1:@shen/t10/v1"},
		"vendor by person": {devices.DeviceFilter{Scope: devices.Scope{Vendor: "acme"}, Resident: "r1"}, ""},
		"of a vendor":      {devices.DeviceFilter{Scope: all, Vendor: "other"}, "other/b1:@shen/t1/v2"},
		"of a person":      {devices.DeviceFilter{Scope: all, Resident: "r3"}, "acme/m1:r3@shen/t10/v1"},
		"kind":             {devices.DeviceFilter{Scope: all, Kind: []devices.Kind{devices.WaterMeter}}, "acme/m1:r3@shen/t10/v1"},
		"part of the id":   {devices.DeviceFilter{Scope: all, Query: "b2"}, "acme/b2:@shen/t1/v2"},
		"no scope":         {devices.DeviceFilter{}, ""},
	} {
		got := ""
		for page, cursor := 0, ""; page == 0 || cursor != ""; page++ {
			c.filter.Cursor, c.filter.Limit = cursor, 2
			p, err := r.Devices(ctx, c.filter)
			must(t, err)
			for _, v := range p.Items {
				got += fmt.Sprintf("%s:%s@%s ", v.ID, v.Resident, v.Place)
			}
			cursor = p.Next
		}
		if strings.TrimSpace(got) != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	if _, err := r.GetDevice(ctx, devices.Scope{Vendor: "acme"}, "other/b1"); !errors.Is(err, devices.ErrNotFound) {
		t.Error(err)
	}
	var bad *devices.InputError
	if _, err := r.Residents(ctx, devices.ResidentFilter{Scope: all, Cursor: "§"}); !errors.As(err, &bad) || bad.Field != "cursor" {
		t.Error(err)
	}
	areas, err := r.Areas(ctx, provider("east"))
	must(t, err)
	if len(areas) != 3 || areas[2].Path != "shen/t1/v1" {
		t.Errorf("%v", areas)
	}
	if got := r.Provider("shen/t1/v1", c.t) + r.Provider("shen/t1/v2", c.t); got != "eastall" {
		t.Error(got)
	}
	if list := r.Providers(); len(list) != 2 || list[1].Villages[0] != "shen/t1/v1" {
		t.Errorf("%+v", list)
	}
}

// TestLookupsWhileEditing is for the race detector.
func TestLookupsWhileEditing(t *testing.T) {
	r, _ := open(t)
	r.now = time.Now
	must(t, r.PutAll(t.Context(), county()))
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				now := time.Now()
				if d, ok := r.Device("acme/b1", now); !ok || d.ID != "acme/b1" {
					t.Error("lost a device")
					return
				}
				answers(r, now)
				r.Authenticate("acme/b1", "x") //nolint:errcheck // only that it runs
			}
		})
	}
	for i := range 40 {
		d, p := device("acme/b1"), resident("r1")
		d.Disabled, p.Name = i%2 == 0, fmt.Sprint("王", i)
		must(t, r.PutDevice(ctx, d))
		must(t, r.PutResident(ctx, p))
		must(t, r.Assign(ctx, "acme/b1", []string{"r1", "r2"}[i%2], time.Time{}))
	}
	stop()
	wg.Wait()
}

// Edits made while our clock was ahead count at once when it has been set right;
// before a device was entered it stays unknown.
func TestClockThatWasAhead(t *testing.T) {
	r, c := open(t)
	ctx := t.Context()
	right := c.t
	must(t, r.PutAll(ctx, county()))
	c.t = right.Add(24 * time.Hour)
	must(t, r.PutDevice(ctx, device("acme/late")))
	must(t, r.Assign(ctx, "acme/late", "r1", time.Time{}))
	c.t = right.Add(time.Minute)
	if _, known := r.Device("acme/late", c.t); !known {
		t.Error("the device is unknown until the clock gets there")
	}
	if s, _ := r.Standing("acme/late", c.t); s.Resident == nil || s.Resident.ID != "r1" {
		t.Error("the device is nobody's until the clock gets there")
	}
	if v, err := r.GetDevice(ctx, devices.Scope{Areas: []devices.AreaPath{""}}, "acme/late"); err != nil || v.Resident != "r1" {
		t.Errorf("shown as %+v, %v", v, err)
	}
	must(t, r.Assign(ctx, "acme/late", "r2", time.Time{}))
	if s, _ := r.Standing("acme/late", c.t); s.Resident == nil || s.Resident.ID != "r2" {
		t.Error("an edit after the clock was set right does not count")
	}
	c.t = right.Add(48 * time.Hour)
	if _, known := r.Device("acme/late", right.Add(time.Minute)); known {
		t.Error("the device is known before it was entered")
	}
}
