package alerting_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// change adds a change of one scope to the book.
func change(t testing.TB, b *alerting.Rulebook, from time.Time, of alerting.RuleScope, settings string) {
	t.Helper()
	last, _ := b.Last()
	c := alerting.RuleChange{Version: last + 1, Scope: of, From: from, By: "chen", Reason: "test", Settings: []byte(settings)}
	if _, err := b.Try(c); err != nil {
		t.Fatal(err)
	}
	if err := b.Add(c); err != nil {
		t.Fatal(err)
	}
}

// low sets what the tests tell scopes apart by.
func low(pct int) string { return fmt.Sprintf(`{"low_battery_pct":%d}`, pct) }

func TestRulesInherit(t *testing.T) {
	b := alerting.NewRulebook()
	// From the widest to the narrowest, but entered in another order: it is the
	// scope that decides, not the time.
	scopes := []alerting.RuleScope{
		{}, {Area: "c"}, {Area: "c/t"}, {Area: "c/t/v"},
		{Tier: devices.TierRed}, {Area: "c", Tier: devices.TierRed}, {Area: "c/t", Tier: devices.TierRed}, {Area: "c/t/v", Tier: devices.TierRed},
		{Area: "c/t/v", Tier: devices.TierRed, Resident: "r"},
	}
	for i, of := range slices.Backward(scopes) {
		change(t, b, noon, of, low(i+1))
	}
	r := func(area devices.AreaPath, tier devices.Tier, resident string) alerting.RuleScope {
		return alerting.RuleScope{Area: area, Tier: tier, Resident: resident}
	}
	for _, c := range []struct {
		of      alerting.RuleScope
		want    float64
		version int
	}{
		{r("", "", ""), 1, 10},
		{r("x", "", ""), 1, 10},
		{r("c", "", ""), 2, 10},
		{r("cc", "", ""), 1, 10}, // no part of c
		{r("c/x", devices.TierGreen, "q"), 2, 10},
		{r("c/t", "", ""), 3, 10},
		{r("c/t/x", devices.TierYellow, "q"), 3, 10},
		{r("c/t/v", "", ""), 4, 10},
		{r("c/t/v", devices.TierGreen, "q"), 4, 10},
		{r("x/y/z", devices.TierRed, "q"), 5, 10},
		{r("c/x/z", devices.TierRed, "q"), 6, 10},
		{r("c/t/x", devices.TierRed, "q"), 7, 10},
		{r("c/t/v", devices.TierRed, "q"), 8, 10},
		{r("c/t/v", devices.TierRed, "r"), 9, 10},
		{r("x/y/z", devices.TierGreen, "r"), 9, 10}, // moved: their own go with them
	} {
		got := b.Rules(noon, c.of)
		if got.LowBatteryPct != c.want || got.Version != c.version {
			t.Errorf("%s: %v, version %d, want %v, version %d", c.of, got.LowBatteryPct, got.Version, c.want, c.version)
		}
		if got.Silence.Meter != 26*time.Hour || len(got.Escalation) != 4 {
			t.Errorf("%s: settings nobody changed are gone: %+v", c.of, got)
		}
		if before := b.Rules(noon.Add(-time.Microsecond), c.of); before.LowBatteryPct != 20 || before.Version != 1 {
			t.Errorf("%s: %v before it held", c.of, before.LowBatteryPct)
		}
	}
}

func TestPartsOfRulesAddUp(t *testing.T) {
	b := alerting.NewRulebook()
	change(t, b, noon, alerting.RuleScope{}, `{"silence":{"band":7200000000000},"escalation":{"red":[30000000000]},"vitals":{"validated_pressure":["a","b"]}}`)
	change(t, b, noon, alerting.RuleScope{Area: "c"}, `{"silence":{"meter":36000000000000},"escalation":{"blue":[60000000000]},"vitals":{"validated_pressure":["c"]}}`)
	home := alerting.RuleScope{Area: "c/t/v", Tier: devices.TierRed, Resident: "r"}
	got := b.Rules(noon, home)
	if got.Silence.Band != 2*time.Hour || got.Silence.Meter != 10*time.Hour || got.Silence.MeterVisit != 50*time.Hour {
		t.Errorf("silence: %+v", got.Silence)
	}
	if e := got.Escalation; fmt.Sprint(e[alerting.Red], e[alerting.Blue], e[alerting.Orange]) != "[30s] [1m0s] [5m0s]" {
		t.Errorf("escalation: %v", e)
	}
	if v := got.Vitals.ValidatedPressure; fmt.Sprint(v) != "[c]" {
		t.Errorf("lists are replaced as a whole: %v", v)
	}
	// Those of the service are not touched by it.
	if s := b.Rules(noon, alerting.RuleScope{}); fmt.Sprint(s.Escalation[alerting.Blue], s.Vitals.ValidatedPressure) != "[] [a b]" {
		t.Errorf("the service's: %v %v", s.Escalation[alerting.Blue], s.Vitals.ValidatedPressure)
	}
	want := "escalation.blue 3 area c; escalation.red 2 the service; silence.band 2 the service; silence.meter 3 area c; vitals.validated_pressure 3 area c"
	var sources []string
	for _, s := range b.Sources(noon, home) {
		sources = append(sources, fmt.Sprint(s.Field, " ", s.Version, " ", s.Scope))
	}
	if got := strings.Join(sources, "; "); got != want {
		t.Errorf("sources: %s\nwant %s", got, want)
	}
	// A change takes the place of its scope's last one, and without a setting the
	// scope has what it inherits; both are a new version.
	change(t, b, noon.Add(time.Hour), alerting.RuleScope{Area: "c"}, `{}`)
	later := b.Rules(noon.Add(time.Hour), home)
	if later.Silence.Meter != 26*time.Hour || later.Silence.Band != 2*time.Hour || later.Version != 4 {
		t.Errorf("%+v version %d", later.Silence, later.Version)
	}
	if again := b.Rules(noon.Add(59*time.Minute), home); again.Silence.Meter != 10*time.Hour || again.Version != 3 {
		t.Errorf("as of before: %+v version %d", again.Silence, again.Version)
	}
	if n := len(b.Changes(home)); n != 3 {
		t.Errorf("%d changes", n)
	}
	if n := len(b.Changes(alerting.RuleScope{Area: "d"})); n != 1 {
		t.Errorf("%d changes elsewhere", n)
	}
}

func TestRulesNobodyCouldRunWithAreRefused(t *testing.T) {
	b := alerting.NewRulebook()
	home := alerting.RuleScope{Area: "c/t/v", Tier: devices.TierRed, Resident: "r"}
	change(t, b, noon, alerting.RuleScope{Area: "c/t/v"}, `{"vitals":{"heart_rate":{"high":120,"extreme_high":0}}}`)
	change(t, b, noon, home, `{"vitals":{"spo2":{"low":85}}}`)
	for name, c := range map[string]struct {
		of           alerting.RuleScope
		settings     string
		field, value string
		rule         string
	}{
		"by itself":            {alerting.RuleScope{Area: "d"}, `{"late":0}`, "late", "0s", "longer than 0"},
		"with what it lies on": {alerting.RuleScope{Area: "c"}, `{"vitals":{"confirm":4}}`, "vitals.confirm", "4", "between 1 and 3"},
		"below it":             {alerting.RuleScope{}, `{"vitals":{"heart_rate":{"low":115}}}`, "vitals.heart_rate.high", "120", "area c/t/v"},
		"for a tier below":     {alerting.RuleScope{Tier: devices.TierRed}, `{"vitals":{"heart_rate":{"low":115}}}`, "vitals.heart_rate.high", "120", "tier red in c/t/v"},
		"for one resident":     {alerting.RuleScope{Area: "c/t"}, `{"vitals":{"spo2":{"extreme_low":88}}}`, "vitals.spo2.extreme_low", "88", "resident r"},
		"a storm somewhere":    {alerting.RuleScope{Area: "c"}, `{"storm":{"devices":5}}`, "storm.devices", "5", "whole service"},
		"no tier":              {alerting.RuleScope{Tier: "blue"}, `{}`, "tier", "blue", "red, yellow or green"},
	} {
		last, _ := b.Last()
		_, err := b.Try(alerting.RuleChange{Version: last + 1, Scope: c.of, From: noon, Settings: []byte(c.settings)})
		e, ok := errors.AsType[*alerting.InputError](err)
		if !ok || e.Field != c.field || e.Value != c.value || !strings.Contains(e.Rule, c.rule) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What reaches none of them is taken.
	if _, err := b.Try(alerting.RuleChange{Version: 9, Scope: alerting.RuleScope{Area: "c/t", Tier: devices.TierGreen}, Settings: []byte(`{"vitals":{"spo2":{"extreme_low":88}}}`)}); err != nil {
		t.Error(err)
	}
	// Somebody moves to where their own do not fit: the place's hold.
	change(t, b, noon, alerting.RuleScope{Area: "d"}, `{"vitals":{"spo2":{"extreme_low":88}}}`)
	home.Area = "d/t/v"
	if r := b.Rules(noon, home); r.Vitals.SpO2.Low != 91 || r.Vitals.SpO2.ExtremeLow != 88 || r.Check() != nil {
		t.Errorf("%+v: %v", r.Vitals.SpO2, r.Check())
	}
}

// TestSameRulesAreOne: who has the same has the same *Rules, whoever else has
// others, and a look-up costs no memory.
func TestSameRulesAreOne(t *testing.T) {
	b := county(t)
	seen := map[*alerting.Rules]bool{}
	for i := range 100_000 {
		seen[b.Rules(noon, resident(i))] = true
	}
	// 4 towns, of one a village, each with and without the tier; and two residents.
	if n := len(seen); n != 12 {
		t.Errorf("%d sets of rules", n)
	}
	one := resident(77)
	held := b.Rules(noon, one)
	change(t, b, noon.Add(time.Hour), alerting.RuleScope{Area: "d"}, low(3))
	if b.Rules(noon.Add(2*time.Hour), one) != held {
		t.Error("a change elsewhere made others of the same rules")
	}
	if n := testing.AllocsPerRun(1000, func() { b.Rules(noon, one) }); n != 0 {
		t.Errorf("%v allocations for a look-up", n)
	}
}

// resident is one of those of a county.
func resident(i int) alerting.RuleScope {
	tiers := []devices.Tier{devices.TierRed, devices.TierYellow, devices.TierGreen}
	return alerting.RuleScope{
		Area: devices.AreaPath(fmt.Sprintf("c/t%d/v%d", i%4, i%200)), Tier: tiers[i/7%3], Resident: fmt.Sprint("r", i),
	}
}

// county has settings in a few of the places where 100 000 residents live.
func county(t testing.TB) *alerting.Rulebook {
	b := alerting.NewRulebook()
	change(t, b, noon, alerting.RuleScope{}, low(10))
	for i := range 4 {
		change(t, b, noon, alerting.RuleScope{Area: devices.AreaPath(fmt.Sprint("c/t", i))}, low(11+i))
	}
	change(t, b, noon, alerting.RuleScope{Area: "c/t1/v5"}, low(30))
	change(t, b, noon, alerting.RuleScope{Area: "c", Tier: devices.TierRed}, `{"late":3600000000000}`)
	for _, i := range []int{5, 99_999} {
		change(t, b, noon, resident(i), `{"vitals":{"spo2_scale":2}}`)
	}
	return b
}

func BenchmarkRulebook(b *testing.B) {
	book := county(b)
	homes := make([]alerting.RuleScope, 100_000)
	for i := range homes {
		homes[i] = resident(i)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		book.Rules(noon, homes[i*7919%len(homes)])
	}
}

// The county's zone is the one truth about when it is night.
func TestTheCountysZoneIsTheRulesClock(t *testing.T) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	b := alerting.NewRulebook()
	b.SetZone(zone)
	rules := alerting.DefaultRules()
	rules.LowBatteryPct = 30 // a change of all rules, with the clock of another release
	body, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Add(alerting.RuleChange{Version: 2, From: noon, Settings: body}); err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{noon.Add(-time.Hour), noon.Add(time.Hour)} {
		if got := b.Rules(at, alerting.RuleScope{}).Vitals.UTCOffset; got != time.Hour {
			t.Errorf("clock of %s, want 1 h", got)
		}
	}
	if got := b.Rules(noon.Add(time.Hour), alerting.RuleScope{}).LowBatteryPct; got != 30 {
		t.Errorf("the change is lost: %v", got)
	}
}
