package roster

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func when(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// with is the roster with what was entered, in order.
func with(t *testing.T, r *Roster, entered ...any) *Roster {
	t.Helper()
	for i, e := range entered {
		c := Change{Version: int64(i + 1)}
		switch e := e.(type) {
		case Policy:
			c.What, c.ID = WhatPolicy, PolicyID(e.Area, e.Severity)
		case Rota:
			c.What, c.ID = WhatRota, e.ID
		case Override:
			c.What, c.ID = WhatOverride, e.ID
		case Holiday:
			c.What, c.ID = WhatHoliday, e.ID
		case Settings:
			c.What = WhatSettings
		}
		var err error
		if c.Body, err = json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		if r, err = r.With(c); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// three shifts of a day, three teams that go round with each shift.
var desk = Rota{
	ID: "desk", Name: "值班台", Turn: TurnShift, Start: "2026-11-23", Handovers: []string{"00:00", "08:00", "16:00"},
	Teams: [][]string{{"an"}, {"bo"}, {"chen"}, {"du"}},
}

func TestWhoIsOnDuty(t *testing.T) {
	daily := Rota{ID: "r", Name: "n", Turn: TurnDay, Start: "2026-11-23", Handovers: []string{"08:30"}, Teams: [][]string{{"an"}, {"bo"}, {"chen"}}}
	weekly := Rota{ID: "r", Name: "n", Turn: TurnWeek, Start: "2026-11-23", Handovers: []string{"09:00"}, Teams: [][]string{{"an", "du"}, {"bo"}}}
	gap := Rota{ID: "r", Name: "n", Turn: TurnShift, Start: "2026-11-23", Handovers: []string{"08:00", "20:00"}, Teams: [][]string{{"an"}, {}}}
	single := Rota{ID: "r", Name: "n", Turn: TurnExplicit, Shifts: []Shift{{
		From: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), People: []string{"an"},
	}}}
	spring := Rota{ID: "r", Name: "n", Turn: TurnDay, Start: "2026-03-27", Handovers: []string{"02:30"}, Teams: [][]string{{"an"}, {"bo"}, {"chen"}}}
	for _, test := range []struct {
		name, zone string
		rota       Rota
		at         string
		more       []any
		want       string
	}{
		{"before the first shift", "Asia/Shanghai", daily, "2026-11-23T08:29:59+08:00", nil, ""},
		{"the first day", "Asia/Shanghai", daily, "2026-11-23T08:30:00+08:00", nil, "an"},
		{"until the handover of the next", "Asia/Shanghai", daily, "2026-11-24T08:29:59+08:00", nil, "an"},
		{"the next team", "Asia/Shanghai", daily, "2026-11-24T08:30:00+08:00", nil, "bo"},
		{"round again", "Asia/Shanghai", daily, "2026-11-26T12:00:00+08:00", nil, "an"},
		{"a year later", "Asia/Shanghai", daily, "2027-11-23T12:00:00+08:00", nil, "chen"}, // 365 = 2 mod 3
		{"by week", "Asia/Shanghai", weekly, "2026-11-30T08:59:59+08:00", nil, "an du"},
		{"the next week", "Asia/Shanghai", weekly, "2026-11-30T09:00:00+08:00", nil, "bo"},
		{"a shift of nobody", "Asia/Shanghai", gap, "2026-11-23T21:00:00+08:00", nil, ""},
		{"an explicit shift", "Asia/Shanghai", single, "2026-11-23T11:59:59Z", nil, "an"},
		{"after it", "Asia/Shanghai", single, "2026-11-23T12:00:00Z", nil, ""},

		{"before clocks go forward", "Europe/Berlin", spring, "2026-03-29T01:59:59+01:00", nil, "bo"},
		{"02:30 is left out and comes an hour later", "Europe/Berlin", spring, "2026-03-29T03:29:59+02:00", nil, "bo"},
		{"then the next team", "Europe/Berlin", spring, "2026-03-29T03:30:00+02:00", nil, "chen"},
		{"and the day after at the usual time", "Europe/Berlin", spring, "2026-03-30T02:30:00+02:00", nil, "an"},
		{"clocks back: the first 02:30 counts", "Europe/Berlin", spring, "2026-10-25T02:30:00+02:00", nil, "chen"},
		{"the second 02:15 is of the same team", "Europe/Berlin", spring, "2026-10-25T02:15:00+01:00", nil, "chen"},

		{"replaced", "Asia/Shanghai", weekly, "2026-11-24T12:00:00+08:00", []any{Override{
			ID: "o", Rota: "r", From: when(t, "2026-11-24T09:00:00+08:00"), To: when(t, "2026-11-25T09:00:00+08:00"), Away: "an", By: "chen",
		}}, "chen du"},
		{"the replacement has ended", "Asia/Shanghai", weekly, "2026-11-25T09:00:00+08:00", []any{Override{
			ID: "o", Rota: "r", From: when(t, "2026-11-24T09:00:00+08:00"), To: when(t, "2026-11-25T09:00:00+08:00"), Away: "an", By: "chen",
		}}, "an du"},
		{"who is not there cannot be replaced", "Asia/Shanghai", weekly, "2026-11-24T12:00:00+08:00", []any{Override{
			ID: "o", Rota: "r", From: when(t, "2026-11-24T09:00:00+08:00"), To: when(t, "2026-11-25T09:00:00+08:00"), Away: "bo", By: "chen",
		}}, "an du"},
		{"the replacement is replaced", "Asia/Shanghai", weekly, "2026-11-24T12:00:00+08:00", []any{
			Override{ID: "o", Rota: "r", From: when(t, "2026-11-24T09:00:00+08:00"), To: when(t, "2026-11-25T09:00:00+08:00"), Away: "an", By: "chen"},
			Override{ID: "p", Rota: "r", From: when(t, "2026-11-24T11:00:00+08:00"), To: when(t, "2026-11-24T13:00:00+08:00"), Away: "chen", By: "fu"},
		}, "du fu"},
		{"a holiday, to the handover after it", "Asia/Shanghai", daily, "2026-11-25T08:00:00+08:00", []any{Holiday{ID: "h", Rota: "r", Name: "n", From: "2026-11-24", To: "2026-11-24", People: []string{"fu"}}}, "fu"},
		{"the eve of a holiday", "Asia/Shanghai", daily, "2026-11-24T08:00:00+08:00", []any{Holiday{ID: "h", Rota: "r", Name: "n", From: "2026-11-24", To: "2026-11-24", People: []string{"fu"}}}, "an"},
		{"on a holiday too somebody may be ill", "Asia/Shanghai", daily, "2026-11-24T10:00:00+08:00", []any{
			Holiday{ID: "h", Rota: "r", Name: "n", From: "2026-11-24", To: "2026-11-24", People: []string{"fu"}},
			Override{ID: "o", Rota: "r", From: when(t, "2026-11-24T09:00:00+08:00"), To: when(t, "2026-11-25T09:00:00+08:00"), By: "gao"},
		}, "gao"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := with(t, New(zone(t, test.zone)), append([]any{test.rota}, test.more...)...)
			if got := strings.Join(r.OnDuty("r", when(t, test.at)), " "); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// Whatever the clocks do, over two years every moment has exactly one team, and
// teams follow one another in order.
func TestShiftsLeaveNoMomentOut(t *testing.T) {
	for _, name := range []string{"Asia/Shanghai", "Europe/Berlin", "America/New_York"} {
		r := with(t, New(zone(t, name)), desk)
		shifts := r.Shifts("desk", when(t, "2026-11-24T00:00:00Z"), when(t, "2028-11-24T00:00:00Z"))
		last := ""
		for i, s := range shifts {
			if len(s.People) != 1 {
				t.Fatalf("%s: %v", name, s)
			}
			if i > 0 && (!s.From.Equal(shifts[i-1].To) || s.People[0] == last) {
				t.Fatalf("%s: %v after %v", name, s, shifts[i-1])
			}
			if d := s.To.Sub(s.From); i > 0 && i < len(shifts)-1 && (d < 7*time.Hour || d > 9*time.Hour) {
				t.Errorf("%s: a shift of %s: %v", name, d, s)
			}
			for _, at := range []time.Time{s.From, s.To.Add(-time.Microsecond)} {
				if got := r.OnDuty("desk", at); !slices.Equal(got, s.People) {
					t.Fatalf("%s: %v is on duty at %s, the table says %v", name, got, at, s.People)
				}
			}
			last = s.People[0]
		}
	}
}

// county has two towns of two villages, and people of every role.
func county() *People {
	return NewPeople([]Person{
		{User: "county1", Role: "duty", Areas: []devices.AreaPath{"x"}},
		{User: "all", Role: "supervisor", Areas: []devices.AreaPath{""}},
		{User: "town1", Role: "town_duty", Areas: []devices.AreaPath{"x/a"}},
		{User: "town2", Role: "town_duty", Areas: []devices.AreaPath{"x/b"}},
		{User: "helper1", Role: "assistant", Areas: []devices.AreaPath{"x/a/1"}},
		{User: "helper2", Role: "assistant", Areas: []devices.AreaPath{"x/a/2"}},
		{User: "carer", Role: "provider", Provider: "p1", Areas: []devices.AreaPath{"x"}},
		{User: "other", Role: "provider", Provider: "p2", Areas: []devices.AreaPath{"x"}},
	})
}

var noon = time.Date(2026, 11, 23, 4, 0, 0, 0, time.UTC)   // of Shanghai
var night = time.Date(2026, 11, 23, 15, 0, 0, 0, time.UTC) // 23:00 there

func told(c alerting.Callout) string {
	var s []string
	for _, step := range c.Steps {
		s = append(s, fmt.Sprintf("%s %s %v", step.After, step.Level, step.People))
	}
	return strings.Join(s, "; ")
}

func everybody(string, time.Time) bool { return true }

func TestDefaultPolicyIsTodaysRules(t *testing.T) {
	r, rules := New(zone(t, "Asia/Shanghai")), alerting.DefaultRules()
	for severity, want := range map[alerting.Severity]string{
		alerting.Red: "0s  [carer county1 helper1 town1]; 1m0s town [county1 town1]; 3m0s county [all county1 town1]",
		// The rest differ in times and in who is asked first.
		alerting.Orange: "0s  [carer county1 helper1 town1]; 5m0s town [county1 town1]",
		alerting.Yellow: "0s  [county1 town1]; 30m0s town [county1 town1]",
		alerting.Blue:   "0s  []",
	} {
		c := r.Callout(noon, Asked{Severity: severity, Area: "x/a/1", Provider: "p1"}, rules, county(), everybody)
		if got := told(c); got != want {
			t.Errorf("%s: %s\nwant %s", severity, got, want)
		}
	}
	if c := r.Callout(noon, Asked{Severity: alerting.Red, Area: "x/a/1"}, rules, nil, nil); len(c.Steps) != 3 || c.Unseen != 20*time.Second || c.Steps[0].Reachable {
		t.Errorf("without people: %+v", c)
	}
}

func TestPoliciesAreInherited(t *testing.T) {
	of := func(area devices.AreaPath, s alerting.Severity, user string) Policy {
		return Policy{Area: area, Severity: s, Steps: []Step{{Targets: []Target{{User: user}}}}}
	}
	r := with(t, New(time.UTC), of("x", alerting.Red, "county1"), of("x/a", alerting.Red, "town1"), of("", alerting.Orange, "all"))
	for area, want := range map[devices.AreaPath]string{"x/b/1": "county1", "x/a/1": "town1", "x/a": "town1", "x": "county1"} {
		c := r.Callout(noon, Asked{Severity: alerting.Red, Area: area}, alerting.DefaultRules(), county(), nil)
		if len(c.Steps) != 1 || !slices.Equal(c.Steps[0].People, []string{want}) {
			t.Errorf("%s: %s", area, told(c))
		}
	}
	if p, entered := r.Policy("x/a/1", alerting.Orange, nil); !entered || p.Area != "" {
		t.Errorf("orange: %+v", p)
	}
	if _, entered := r.Policy("y", alerting.Red, alerting.DefaultRules()); entered {
		t.Error("another county has this one's policy")
	}
	// What is taken away leaves what lies above.
	r, err := r.With(Change{What: WhatPolicy, ID: PolicyID("x/a", alerting.Red)})
	if err != nil {
		t.Fatal(err)
	}
	if p, _ := r.Policy("x/a/1", alerting.Red, nil); p.Area != "x" {
		t.Errorf("%+v", p)
	}
}

func TestTargets(t *testing.T) {
	r := with(t, New(zone(t, "Asia/Shanghai")), Rota{ID: "r", Name: "n", Turn: TurnDay, Start: "2026-11-01", Handovers: []string{"08:00"}, Teams: [][]string{{"town1", "town2", "left-us"}}})
	for want, target := range map[string]Target{
		"[town1] ":  {Rota: "r"}, // who has no account is nobody, nor who may not see it
		"[]":        {User: "left-us"},
		"[carer]":   {Provider: true},
		"[town1]":   {Role: "town_duty", Level: "town"},
		"[county1]": {Role: "duty", Level: "county"},
		"[all]":     {Role: "supervisor", Level: "county"},
		"[helper1]": {Role: "assistant"},
	} {
		if got := fmt.Sprint(r.named(target, Asked{Area: "x/a/1", Provider: "p1"}, noon, county())); got != strings.TrimSpace(want) {
			t.Errorf("%+v: %s, want %s", target, got, want)
		}
	}
}

func TestNightWaitsForTheMorning(t *testing.T) {
	r, rules := New(zone(t, "Asia/Shanghai")), alerting.DefaultRules()
	morning := time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		at       time.Time
		severity alerting.Severity
		want     time.Time
	}{
		{night, alerting.Yellow, morning},
		{night, alerting.Blue, morning},
		{night, alerting.Orange, time.Time{}},
		{night, alerting.Red, time.Time{}},
		{noon, alerting.Yellow, time.Time{}},
		{morning.Add(-time.Second), alerting.Yellow, morning},
		{morning, alerting.Yellow, time.Time{}},
	} {
		c := r.Callout(test.at, Asked{Severity: test.severity, Area: "x/a/1"}, rules, county(), everybody)
		if !c.WaitUntil.Equal(test.want) {
			t.Errorf("%s at %s waits until %s, want %s", test.severity, test.at, c.WaitUntil, test.want)
		}
	}
	// By kind and tier, the first that fits.
	s := DefaultSettings()
	s.Night.Rules = append([]NightRule{
		{Kind: alerting.KindWaterLeak, Severity: alerting.Orange, Wait: true},
		{Tier: devices.TierRed, Severity: alerting.Yellow},
		{Severity: alerting.Red, Targets: []Target{{User: "carer"}}},
	}, s.Night.Rules...)
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	r = with(t, r, s)
	waits := func(a Asked) bool {
		return !r.Callout(night, a, rules, county(), everybody).WaitUntil.IsZero()
	}
	if !waits(Asked{Severity: alerting.Orange, Kind: alerting.KindWaterLeak}) || waits(Asked{Severity: alerting.Orange, Kind: alerting.KindSpO2}) ||
		waits(Asked{Severity: alerting.Yellow, Tier: devices.TierRed}) || !waits(Asked{Severity: alerting.Yellow, Tier: devices.TierGreen}) {
		t.Error("kind or tier is not looked at")
	}
	c := r.Callout(night, Asked{Severity: alerting.Red, Area: "x/a/1"}, rules, county(), everybody)
	if !slices.Equal(c.Steps[0].People, []string{"carer"}) || len(c.Steps[1].People) != 2 {
		t.Errorf("red at night: %s", told(c))
	}
	red := Settings{IdleMin: 5, Night: Night{From: "22:00", To: "06:00", Rules: []NightRule{{Severity: alerting.Red, Wait: true}}}}
	if red.Check() == nil {
		t.Error("red may wait")
	}
	red.Night.Rules[0].Severity = ""
	if red.Check() == nil {
		t.Error("all may wait, red too")
	}
}

func TestCoverage(t *testing.T) {
	r := with(t, New(zone(t, "Asia/Shanghai")), desk,
		Policy{Area: "x", Severity: alerting.Red, Steps: []Step{{Targets: []Target{{Rota: "desk"}}}}})
	people := NewPeople([]Person{
		{User: "an", Role: "duty", Areas: []devices.AreaPath{"x"}}, {User: "bo", Role: "duty", Areas: []devices.AreaPath{"x"}},
		{User: "chen", Role: "assistant", Areas: []devices.AreaPath{"x"}}, {User: "du", Role: "duty", Areas: []devices.AreaPath{"x"}},
		{User: "helper", Role: "assistant", Areas: []devices.AreaPath{"x/a/1"}},
	})
	villages := []Village{{Area: "x/a/1"}, {Area: "x/a/2"}, {Area: "x/b/1"}, {Area: "x/b/2"}}
	rules := alerting.DefaultRules()
	phone := map[string]bool{}
	look := func(hours int) string {
		gaps := r.Coverage(villages, time.Date(2026, 11, 22, 16, 0, 0, 0, time.UTC), hours, func(devices.AreaPath) *alerting.Rules { return rules }, people,
			func(user string, _ time.Time) bool { return phone[user] })
		var s []string
		for _, g := range gaps {
			s = append(s, fmt.Sprintf("%s %s-%s", g.Area, g.From.In(r.Zone).Format("02T15"), g.To.In(r.Zone).Format("02T15")))
		}
		return strings.Join(s, "; ")
	}
	// The third shift's assistant sits at no desk and has no channel: two towns of
	// which all villages are so are told as the county.
	if got := look(24); got != "x 23T16-24T00" {
		t.Errorf("%q", got)
	}
	phone["chen"] = true
	if got := look(168); got != "" {
		t.Errorf("with a phone: %q", got)
	}
	// A shift given to somebody without an account is nobody's.
	r = with(t, r, Override{ID: "o", Rota: "desk", From: when(t, "2026-11-23T09:40:00+08:00"), To: when(t, "2026-11-23T10:10:00+08:00"), By: "nobody"})
	if got := look(24); got != "x 23T09-23T11" {
		t.Errorf("half an hour is missing: %q", got)
	}
	// One village with its own policy stands for itself.
	r = with(t, r, Policy{Area: "x/a/1", Severity: alerting.Red, Steps: []Step{{Targets: []Target{{User: "helper"}}}}})
	phone["helper"] = true
	if got := look(24); got != "x/a/2 23T09-23T11; x/b 23T09-23T11" {
		t.Errorf("%q", got)
	}
	// Somebody at a desk of another town is of no use.
	away := NewPeople([]Person{{User: "an", Role: "town_duty", Areas: []devices.AreaPath{"x/b"}}})
	if g := r.Coverage(villages[1:2], noon, 1, func(devices.AreaPath) *alerting.Rules { return rules }, away, nil); len(g) != 1 {
		t.Errorf("a desk that may not see the village covers it: %v", g)
	}
	// By default nobody has promised to be there.
	r = New(r.Zone)
	phone = map[string]bool{}
	if got := look(24); got != "x 23T00-24T00" {
		t.Errorf("default: %q", got)
	}
}

func TestSupervisorsAreToldOfTheirGapsOnceADay(t *testing.T) {
	r := New(zone(t, "Asia/Shanghai"))
	people := NewPeople([]Person{
		{User: "boss", Role: "supervisor", Areas: []devices.AreaPath{"x"}},
		{User: "lead", Role: "supervisor", Areas: []devices.AreaPath{"x/b"}},
		{User: "desk", Role: "duty", Areas: []devices.AreaPath{"x"}},
	})
	gaps := []Gap{{"x/a/1", noon.Add(time.Hour), noon.Add(4 * time.Hour)}, {"x/a/2", noon, noon.Add(time.Hour)}}
	list := r.Notices(gaps, people, noon)
	if len(list) != 1 || list[0].Person != "boss" || list[0].Area != "x" || list[0].Data["hours"] != 4 || list[0].Data["from"] != noon || list[0].Reason != alerting.NoticeCoverage {
		t.Fatalf("%+v", list)
	}
	// A county without anybody is a gap of each of its towns.
	if list := r.Notices([]Gap{{"x", noon, noon.Add(time.Hour)}}, people, noon); len(list) != 2 {
		t.Errorf("%+v", list)
	}
	again, tomorrow := r.Notices(gaps, people, noon.Add(time.Hour)), r.Notices(gaps, people, noon.Add(24*time.Hour))
	if again[0].Key != list[0].Key || tomorrow[0].Key == list[0].Key {
		t.Errorf("%s, %s, %s", list[0].Key, again[0].Key, tomorrow[0].Key)
	}
}

func TestWhatCannotStandIsRefused(t *testing.T) {
	step := func(after int, targets ...Target) Step { return Step{AfterS: after, Targets: targets} }
	one := Target{User: "u"}
	for field, p := range map[string]Policy{
		"severity":                  {Severity: "pink", Steps: []Step{step(0, one)}},
		"steps":                     {Severity: alerting.Red},
		"steps[0].after_s":          {Severity: alerting.Red, Steps: []Step{step(5, one)}},
		"steps[1].after_s":          {Severity: alerting.Red, Steps: []Step{step(0, one), step(0, one)}},
		"steps[0].targets":          {Severity: alerting.Red, Steps: []Step{step(0)}},
		"steps[0].targets[0]":       {Severity: alerting.Red, Steps: []Step{step(0, Target{User: "u", Rota: "r"})}},
		"steps[0].targets[1]":       {Severity: alerting.Red, Steps: []Step{step(0, one, Target{})}},
		"steps[0].targets[0].level": {Severity: alerting.Red, Steps: []Step{step(0, Target{User: "u", Level: "town"})}},
		"unseen_s":                  {Severity: alerting.Red, UnseenS: -1, Steps: []Step{step(0, one)}},
	} {
		check(t, field, p.Check())
	}
	for field, r := range map[string]Rota{
		"id":           {},
		"name":         {ID: "r"},
		"turn":         {ID: "r", Name: "n", Turn: "moon"},
		"start":        {ID: "r", Name: "n", Turn: TurnDay, Start: "2026-02-30"},
		"handovers":    {ID: "r", Name: "n", Turn: TurnDay, Start: "2026-11-23"},
		"handovers[1]": {ID: "r", Name: "n", Turn: TurnDay, Start: "2026-11-23", Handovers: []string{"08:00", "8:30"}},
		"teams":        {ID: "r", Name: "n", Turn: TurnDay, Start: "2026-11-23", Handovers: []string{"08:00"}},
		"shifts[0].to": {ID: "r", Name: "n", Turn: TurnExplicit, Shifts: []Shift{{From: noon, To: noon}}},
	} {
		check(t, field, r.Check())
	}
	check(t, "to", (&Override{Rota: "r", By: "b", From: noon, To: noon}).Check())
	check(t, "to", (&Holiday{Rota: "r", Name: "n", From: "2026-11-23", To: "2026-11-22", People: []string{"a"}}).Check())
	if err := desk.Check(); err != nil {
		t.Error(err)
	}
	for s := range alerting.DefaultRules().Escalation {
		p := Default(s, alerting.DefaultRules())
		if err := p.Check(); err != nil && s != alerting.Blue { // nobody is told of blue
			t.Errorf("%s: %v", s, err)
		}
	}
}

func check(t *testing.T, field string, err error) {
	t.Helper()
	e, ok := err.(*alerting.InputError) //nolint:errorlint // never wrapped
	if !ok || e.Field != field {
		t.Errorf("%s: got %v", field, err)
	}
}

func BenchmarkCoverageOfAThousandVillages(b *testing.B) {
	z, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		b.Fatal(err)
	}
	var villages []Village
	var all []Person
	for i := range 1000 {
		area := devices.AreaPath(fmt.Sprintf("x/t%02d/v%03d", i/40, i))
		villages = append(villages, Village{area, "p1"})
		all = append(all, Person{User: fmt.Sprintf("h%d", i), Role: "assistant", Areas: []devices.AreaPath{area}})
		if i%40 == 0 {
			all = append(all, Person{User: fmt.Sprintf("t%d", i), Role: "town_duty", Areas: []devices.AreaPath{area.Parent()}})
		}
	}
	people, rules := NewPeople(all), alerting.DefaultRules()
	r := New(z)
	for i := range 25 {
		rota := desk
		rota.ID = fmt.Sprintf("t%02d", i)
		body, _ := json.Marshal(rota)
		if r, err = r.With(Change{What: WhatRota, ID: rota.ID, Body: body}); err != nil {
			b.Fatal(err)
		}
		p := Policy{Area: devices.AreaPath("x/" + rota.ID), Severity: alerting.Red, Steps: []Step{{Targets: []Target{{Rota: rota.ID}, {Role: "assistant"}}}}}
		body, _ = json.Marshal(p)
		if r, err = r.With(Change{What: WhatPolicy, ID: PolicyID(p.Area, p.Severity), Body: body}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		r.Coverage(villages, noon, 168, func(devices.AreaPath) *alerting.Rules { return rules }, people, func(u string, _ time.Time) bool { return u[0] == 't' })
	}
}
