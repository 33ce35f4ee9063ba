package backtest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/backtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// home writes an hourly meter over days: some litres in each hour from 6 to 22
// that busy lets pass, read at minute 7 and uploaded after the delay.
func home(device string, days int, delay func(at time.Time) time.Duration, busy func(at time.Time) bool) string {
	var b strings.Builder
	register := 100.0
	for h := range days * 24 {
		at := monday.Add(time.Duration(h)*time.Hour + 7*time.Minute)
		if at.Hour() > 6 && at.Hour() < 22 && busy(at) {
			register += 0.012
		}
		fmt.Fprintf(&b, "%s,%s,%s,volume_m3,%.3f\n", at.Format(time.RFC3339), at.Add(delay(at)).Format(time.RFC3339), device, register)
	}
	return b.String()
}

func atOnce(time.Time) time.Duration { return 2 * time.Second }

func always(time.Time) bool { return true }

// except is busy but for the hours from one to another, counted from the
// beginning.
func except(from, to int) func(time.Time) bool {
	return func(at time.Time) bool {
		h := int(at.Sub(monday) / time.Hour)
		return h < from || h >= to
	}
}

// files writes a set to disk.
func files(t testing.TB, readings, labels, registry string) backtest.Files {
	t.Helper()
	dir := t.TempDir()
	f := backtest.Files{Name: "test"}
	put := func(name, text string) string {
		if text == "" {
			return ""
		}
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	f.Readings = []string{put("readings.csv", "ts,received,device,metric,value\n"+readings)}
	f.Labels, f.Registry = put("labels.csv", labels), put("registry.csv", registry)
	return f
}

func set(t testing.TB, readings, labels, registry string) *backtest.Set {
	t.Helper()
	s, err := backtest.Load(files(t, readings, labels, registry))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func run(t testing.TB, s *backtest.Set, o backtest.Options) backtest.Column {
	t.Helper()
	r, err := backtest.Run(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return backtest.Column{Name: "test", Result: r, Score: backtest.ScoreOf(r)}
}

// small is two weeks of three residents: one is still for 60 hours at home, one
// goes away for three days, one has a meter that stops for two days and uploads
// once a day.
func small(t testing.TB) *backtest.Set {
	t.Helper()
	nightly := func(at time.Time) time.Duration { return at.Truncate(24 * time.Hour).Add(26 * time.Hour).Sub(at) }
	readings := home("v/still", 14, atOnce, except(100, 160)) + home("v/away", 14, atOnce, except(120, 192))
	for _, l := range strings.SplitAfter(home("v/nightly", 14, nightly, except(200, 230)), "\n") {
		if !strings.HasPrefix(l, "2026-03-06") && !strings.HasPrefix(l, "2026-03-07") {
			readings += l
		}
	}
	label := func(kind, device string, from, to int) string {
		return fmt.Sprintf("%s,%s,%s,%s\n", device, kind, monday.Add(time.Duration(from)*time.Hour).Format(time.RFC3339), monday.Add(time.Duration(to)*time.Hour).Format(time.RFC3339))
	}
	labels := "device,kind,from,to\n" + label("collapse", "v/still", 100, 160) + label("absence", "v/away", 120, 192) + label("drift", "v/nightly", 0, 1)
	registry := "resident,device,kind,area,tier,home_type\np1,v/still,water_meter,c/t/v,green,flush\np2,v/away,water_meter,c/t/v,red,dry\np3,v/nightly,water_meter,c/t/v,yellow,flush\n"
	return set(t, readings, labels, registry)
}

// plain is what a document says beside its time. Other detectors than those of
// inactivity and silence are left out, so that theirs can change without this.
func plain(t *testing.T, c backtest.Column) []byte {
	t.Helper()
	c.Result.Took = 0
	c.Result.Alerts = slices.DeleteFunc(slices.Clone(c.Result.Alerts), func(a *backtest.Alert) bool {
		return a.Kind != alerting.KindWaterInactivity && a.Kind != alerting.KindDeviceSilent
	})
	c.Score = backtest.ScoreOf(c.Result)
	var raw, out bytes.Buffer
	if err := backtest.WriteJSON(&raw, []backtest.Column{c}); err != nil {
		t.Fatal(err)
	}
	if err := json.Indent(&out, raw.Bytes(), "", " "); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestDocument holds the document to a golden file made with reference rules,
// which do not change with the live detectors.
func TestDocument(t *testing.T) {
	got := plain(t, run(t, small(t), backtest.Options{Detectors: backtest.FixedRule(24).Settings[0].Detectors}))
	file := filepath.Join("testdata", "document.json")
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("got %s", got)
	}
}

// TestSameInputSameOutput runs a set several times with different numbers of
// workers.
func TestSameInputSameOutput(t *testing.T) {
	s := small(t)
	var first []byte
	for workers := range 4 {
		c := run(t, s, backtest.Options{Workers: workers + 1})
		list, err := backtest.Inject(t.Context(), s, backtest.Options{Workers: workers + 1}, backtest.Injection{PerHome: 5, Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Appendf(plain(t, c), "%+v", list)
		if first == nil {
			first = got
		}
		if !bytes.Equal(got, first) {
			t.Fatalf("with %d workers another result", workers+1)
		}
	}
}

// TestOrderOfFilesAndLines does not matter, but for what was received at once.
func TestOrderOfFilesAndLines(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSpace(home("v/a", 10, atOnce, except(90, 140))+home("v/b", 10, atOnce, always)), "\n")
	var first []byte
	for seed := range uint64(3) {
		shuffled := slices.Clone(lines)
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		var text strings.Builder
		for _, l := range shuffled {
			text.WriteString(strings.TrimSpace(l) + "\n")
		}
		got := plain(t, run(t, set(t, text.String(), "", ""), backtest.Options{}))
		if first == nil {
			first = got
		}
		if !bytes.Equal(got, first) {
			t.Fatal("another order, another result")
		}
	}
}

func TestScore(t *testing.T) {
	s := run(t, small(t), backtest.Options{Detectors: backtest.FixedRule(24).Settings[0].Detectors}).Score
	k := s.Kinds[0]
	// p1's is the labelled collapse, p2's the labelled absence, p3's of hours 200
	// to 230 at home.
	if k.Kind != alerting.KindWaterInactivity || k.Alerts != 3 || k.True != 1 || k.Away != 1 || k.Home != 1 {
		t.Errorf("%+v", k)
	}
	i := slices.IndexFunc(s.Incidents, func(i backtest.IncidentScore) bool { return i.Kind == "collapse" })
	if i < 0 || s.Incidents[i].Missed != 0 || s.Incidents[i].EventH.Max != 17.117 {
		t.Errorf("%+v", s.Incidents)
	}
	if i := slices.IndexFunc(s.Incidents, func(i backtest.IncidentScore) bool { return i.Kind == "drift" }); i < 0 || s.Incidents[i].Missed != 1 {
		t.Errorf("nobody looks for the drift here, yet %+v", s.Incidents)
	}
	if s.Months < 1.2 || s.Months > 1.4 {
		t.Errorf("%v resident-months of 3 × 13 days and a bit", s.Months)
	}
}

// TestAwayWithoutLabels: over 30 h without use.
func TestAwayWithoutLabels(t *testing.T) {
	s := set(t, home("v/a", 20, atOnce, func(at time.Time) bool {
		return except(100, 160)(at) && except(294, 308)(at) // 60 h; and a day until the evening, 23 h
	}), "", "")
	k := run(t, s, backtest.Options{Detectors: backtest.FixedRule(20).Settings[0].Detectors}).Score.Kinds[0]
	if k.Away != 1 || k.Home != 1 {
		t.Errorf("%+v", k)
	}
}

// TestInjectedCollapses: with a fixed rule of 24 h, the delay and what had passed
// since the last use make 24 h, whenever it happens.
func TestInjectedCollapses(t *testing.T) {
	s := set(t, home("v/a", 30, atOnce, always), "", "")
	o := backtest.Options{Detectors: backtest.FixedRule(24).Settings[0].Detectors}
	list, err := backtest.Inject(t.Context(), s, o, backtest.Injection{PerHome: 30, Seed: 1, After: 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 25 {
		t.Fatalf("%d collapses", len(list))
	}
	for _, c := range list {
		last := c.At // the last reading with use
		for last.Hour() < 7 || last.Hour() >= 22 {
			last = last.Add(-time.Hour)
		}
		if d := c.FoundAt.Sub(last); d != 24*time.Hour || c.Open {
			t.Errorf("collapsed at %s, found %s after the last use", c.At, d)
		}
		if d := c.KnownAt.Sub(c.FoundAt); d != 2*time.Second {
			t.Errorf("known %s after it was found", d)
		}
	}
	// The home's own alerts are as without collapses.
	if k := run(t, s, o).Score.Kinds; len(k) != 0 {
		t.Errorf("%+v", k)
	}
}

// TestForkIsAReplay: a collapse in a fork is found when a replay of the changed
// recording finds it.
func TestForkIsAReplay(t *testing.T) {
	whole := home("v/a", 40, atOnce, except(300, 320))
	list, err := backtest.Inject(t.Context(), set(t, whole, "", ""), backtest.Options{}, backtest.Injection{PerHome: 8, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		frozen, register := "", ""
		for _, l := range strings.SplitAfter(whole, "\n") {
			f := strings.Split(strings.TrimSpace(l), ",")
			if len(f) < 5 {
				continue
			}
			if at, _ := time.Parse(time.RFC3339, f[0]); !at.After(c.At) {
				register = f[4]
			}
			f[4] = register
			frozen += strings.Join(f, ",") + "\n"
		}
		found := time.Time{}
		for _, a := range run(t, set(t, frozen, "", ""), backtest.Options{}).Result.Alerts {
			if a.Kind == alerting.KindWaterInactivity && a.FoundAt.After(c.At) && found.IsZero() {
				found = a.FoundAt
			}
		}
		if !c.Open && !found.Equal(c.FoundAt) {
			t.Errorf("collapse at %s: fork %s, replay %s", c.At, c.FoundAt, found)
		}
	}
}

func TestRefusedInput(t *testing.T) {
	good := home("v/a", 1, atOnce, always)
	for _, test := range []struct{ readings, labels, registry, want string }{
		{"x\n", "", "", "readings.csv: line 2"},
		{good, "device,kind\n", "", "the header must be device,kind,from,to"},
		{good, "device,kind,from,to\nv/a,collapse,yesterday,\n", "", `line 2, column from: "yesterday"`},
		{good, "device,kind,from,to\nv/b,collapse,2026-03-02T00:00:00Z,\n", "", `device "v/b" has no readings`},
		{good, "", "who,what\n", "the header must begin with resident,device"},
		{good, "", "resident,device,kind,area,tier\np,v/a,cat,,\n", `line 2, column kind: "cat"`},
	} {
		if _, err := backtest.Load(files(t, test.readings, test.labels, test.registry)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q, want %q", err, test.want)
		}
	}
}

// TestRegistries: the forms of a registry file say the same.
func TestRegistries(t *testing.T) {
	readings := home("v/a", 5, atOnce, except(40, 80)) + home("v/b", 5, atOnce, except(40, 80))
	for name, text := range map[string]string{
		"csv":    "resident,device,kind,area,tier\np,v/a,water_meter,c/t/v,red\np,v/b,water_meter,c/t/v,red\n",
		"ready":  `{"http":"x","devices":[{"id":"a","vendor":"v","kind":"water_meter","resident":"p","area":"c/t/v"},{"id":"b","vendor":"v","kind":"water_meter","resident":"p"}],"residents":[{"id":"p","tier":"red"}]}`,
		"import": `{"residents":[{"id":"p","area":"c/t/v","tier":"red"}],"devices":[{"vendor":"v","id":"a"},{"vendor":"v","id":"b"}],"assignments":[{"device":"v/a","resident":"p"},{"device":"v/b","resident":"p"}]}`,
	} {
		r := run(t, set(t, readings, "", text), backtest.Options{}).Result
		var first *backtest.Alert
		for _, a := range r.Alerts {
			if a.Kind == alerting.KindWaterInactivity && first == nil {
				first = a
			}
		}
		if len(r.Set.Homes) != 1 || first == nil || first.Resident != "p" || first.Severity != alerting.Red {
			t.Errorf("%s: %d homes, %+v", name, len(r.Set.Homes), first)
		}
	}
}
