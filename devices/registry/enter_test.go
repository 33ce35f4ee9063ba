package registry

import (
	"errors"
	"testing"
	"time"

	"shouwang/devices"
)

// Whoever edits one town can neither put anything into another, nor take
// anything from there.
func TestEditsKeepWithinTheAreasOfTheAccount(t *testing.T) {
	r, _ := open(t)
	ctx := t.Context()
	must(t, r.PutAll(ctx, devices.Import{
		Areas:     []devices.Area{{Path: "c", Name: "c"}, {Path: "c/t1", Name: "1"}, {Path: "c/t10", Name: "10"}},
		Providers: []devices.Provider{{ID: "p10", Name: "p", Villages: []devices.AreaPath{"c/t10"}}},
		Residents: []devices.Resident{home("r1", "c/t1"), home("r10", "c/t10")},
		Devices: []devices.Device{
			{ID: "v/d1", Kind: devices.Wristband, Area: "c/t1"}, {ID: "v/d10", Kind: devices.Wristband, Area: "c/t10"},
			{ID: "v/lent", Kind: devices.Wristband, Area: "c/t1"}, // stands inside, its wearer lives outside
		},
		Assignments: []devices.Assignment{{Device: "v/lent", Resident: "r10"}},
	}))
	town := &devices.Scope{Areas: []devices.AreaPath{"c/t1"}}
	for name, c := range map[string]struct {
		in    devices.Import
		field string
	}{
		"an area":                 {devices.Import{Areas: []devices.Area{{Path: "c/t10", Name: "x"}}}, "areas[0].path"},
		"a look-alike area":       {devices.Import{Areas: []devices.Area{{Path: "c/t1-", Name: "x"}}}, "areas[0].path"},
		"a provider's village":    {devices.Import{Providers: []devices.Provider{{ID: "p1", Name: "p", Villages: []devices.AreaPath{"c/t10"}}}}, "providers[0].villages"},
		"a provider of others":    {devices.Import{Providers: []devices.Provider{{ID: "p10", Name: "p", Villages: []devices.AreaPath{"c/t1"}}}}, "providers[0].id"},
		"a resident to outside":   {devices.Import{Residents: []devices.Resident{home("r1", "c/t10")}}, "residents[0].area"},
		"a resident from outside": {devices.Import{Residents: []devices.Resident{home("new", "c/t1"), home("r10", "c/t1")}}, "residents[1].id"},
		"a device to outside":     {devices.Import{Devices: []devices.Device{{ID: "v/d1", Kind: devices.Wristband, Area: "c/t10"}}}, "devices[0].area"},
		"a device from outside":   {devices.Import{Devices: []devices.Device{{ID: "v/d10", Kind: devices.Wristband, Area: "c/t1"}}}, "devices[0].id"},
		"a device worn outside":   {devices.Import{Devices: []devices.Device{{ID: "v/lent", Kind: devices.WaterMeter, Area: "c/t1"}}}, "devices[0].id"},
		"a device of others":      {devices.Import{Assignments: []devices.Assignment{{Device: "v/d10", Resident: "r1"}}}, "assignments[0].device"},
		"a wearer outside":        {devices.Import{Assignments: []devices.Assignment{{Device: "v/d1", Resident: "r10"}}}, "assignments[0].resident"},
	} {
		c.in.Within = town
		_, err := r.Enter(ctx, c.in)
		if wrong, ok := errors.AsType[*devices.InputError](err); !ok || wrong.Field != c.field {
			t.Errorf("%s: %v, want an error of %s", name, err, c.field)
		}
	}
	if p, _ := r.Resident("r10", time.Now()); p.Area != "c/t10" {
		t.Errorf("a resident was moved to %s", p.Area)
	}
	if _, err := r.Enter(ctx, devices.Import{
		Residents: []devices.Resident{home("r1", "c/t1")}, Assignments: []devices.Assignment{{Device: "v/d1", Resident: "r1"}}, Within: town,
	}); err != nil {
		t.Errorf("inside: %v", err)
	}
}

func home(id string, area devices.AreaPath) devices.Resident {
	return devices.Resident{ID: id, Name: id, Area: area, Tier: devices.TierGreen, State: devices.Active}
}

// A document sent again gives no new secret and takes no disabling back.
func TestEnteringAgain(t *testing.T) {
	r, _ := open(t)
	ctx := t.Context()
	must(t, r.PutAll(ctx, county()))
	d := devices.Device{ID: "new/1", Kind: devices.Wristband, Area: "shen"}
	secrets, err := r.Enter(ctx, devices.Import{Devices: []devices.Device{d, d}})
	if err != nil || len(secrets) != 1 {
		t.Fatalf("%v %v", secrets, err)
	}
	if _, err := r.Authenticate("new/1", secrets[0].Secret); err != nil {
		t.Error(err)
	}
	off := d
	off.Disabled = true
	must(t, r.PutDevice(ctx, off))
	again, err := r.Enter(ctx, devices.Import{Devices: []devices.Device{d}})
	if err != nil || len(again) != 0 {
		t.Errorf("again: %v %v", again, err)
	}
	if _, err := r.Authenticate("new/1", secrets[0].Secret); !errors.Is(err, errDisabled) {
		t.Errorf("after the second import: %v", err)
	}
	if err := r.PutAll(ctx, devices.Import{Devices: []devices.Device{d}, OnlyNew: true}); !errors.Is(err, devices.ErrExists) {
		t.Errorf("as a new one: %v", err)
	}
}
