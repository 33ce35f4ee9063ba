package simulate

import (
	"reflect"
	"strings"
	"testing"

	"shouwang/devices"
)

func TestCountyFigures(t *testing.T) {
	for _, test := range []struct{ residents, people, meterOnly, bandOnly, both, neither int }{
		{500, 500, 150, 250, 50, 50},
		{1000, 1000, 300, 500, 100, 100},
		{50, 50, 15, 25, 5, 5},
		{30, 30, 7, 10, 13, 0},
		{3, 20, 0, 0, 20, 0},
	} {
		c := NewCounty(7, test.residents)
		has := map[string]map[devices.Kind]bool{}
		kinds := map[devices.DeviceID]devices.Kind{}
		count := map[devices.Kind]int{}
		for _, d := range c.Devices {
			kinds[d.ID] = d.Kind
			count[d.Kind]++
		}
		for _, a := range c.Assignments {
			if has[a.Resident] == nil {
				has[a.Resident] = map[devices.Kind]bool{}
			}
			has[a.Resident][kinds[a.Device]] = true
		}
		got := [4]int{}
		for _, r := range c.Residents {
			m, b := has[r.ID][devices.WaterMeter], has[r.ID][devices.Wristband]
			switch {
			case m && b:
				got[2]++
			case m:
				got[0]++
			case b:
				got[1]++
			default:
				got[3]++
			}
		}
		if len(c.Residents) != test.people {
			t.Errorf("%d residents: made %d, want %d", test.residents, len(c.Residents), test.people)
		}
		sum := [4]int{test.meterOnly, test.bandOnly, test.both, test.neither}
		// The hamlet of 30 is filled up to twenty of each kind.
		if test.residents != 30 && got != sum {
			t.Errorf("%d residents: meter, band, both, neither = %v, want %v", test.residents, got, sum)
		}
		if count[devices.WaterMeter] < 20 || count[devices.Wristband] < 20 {
			t.Errorf("%d residents: devices %v, want 20 of each kind at least", test.residents, count)
		}
	}
}

func TestCountyIsWellFormed(t *testing.T) {
	c := NewCounty(1, 500)
	areas := map[devices.AreaPath]int{}
	for _, a := range c.Areas {
		if a.Name == "" || a.Path == "" {
			t.Errorf("area without name or path: %+v", a)
		}
		if a.Path.Parent() != "" && areas[a.Path.Parent()] == 0 {
			t.Errorf("area %s before its parent", a.Path)
		}
		areas[a.Path] = 1 + strings.Count(string(a.Path), "/")
	}
	levels := map[int]int{}
	for _, level := range areas {
		levels[level]++
	}
	if levels[1] != 1 || levels[2] < 4 || levels[3] < 5*levels[2] || levels[3] != len(c.Provider.Villages) {
		t.Errorf("areas by level %v, provider in %d villages", levels, len(c.Provider.Villages))
	}
	vendors := map[devices.Kind]map[string]bool{devices.WaterMeter: {}, devices.Wristband: {}}
	seen := map[devices.DeviceID]bool{}
	for _, d := range c.Devices {
		vendor, id := d.ID.Split()
		if _, err := devices.NewDeviceID(vendor, id); err != nil {
			t.Error(err)
		}
		if seen[d.ID] {
			t.Errorf("device %s twice", d.ID)
		}
		seen[d.ID] = true
		vendors[d.Kind][vendor] = true
	}
	if len(vendors[devices.WaterMeter]) < 2 || len(vendors[devices.Wristband]) < 2 {
		t.Errorf("vendors %v, want two of each kind", vendors)
	}
	phones := map[string]bool{}
	check := func(phone string) {
		if !strings.HasPrefix(phone, "000-") || phones[phone] {
			t.Errorf("phone %q could exist or is there twice", phone)
		}
		phones[phone] = true
	}
	for _, r := range c.Residents {
		check(r.Phone)
		if areas[r.Area] != 3 || r.Name == "" || r.Address == "" || r.Tier == "" || r.State != devices.Active || len(r.Contacts) == 0 || r.Born < 1925 || r.Born > 1965 {
			t.Errorf("incomplete resident %+v", r)
		}
		for _, p := range r.Contacts {
			check(p.Phone)
		}
	}
}

func TestCountyBelongsToSeed(t *testing.T) {
	if !reflect.DeepEqual(NewCounty(4, 200), NewCounty(4, 200)) {
		t.Error("the same seed gave two counties")
	}
	if reflect.DeepEqual(NewCounty(4, 200), NewCounty(5, 200)) {
		t.Error("two seeds gave the same county")
	}
}
