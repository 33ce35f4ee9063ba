package report

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"shouwang/alerting"
	"shouwang/devices"
)

var zone = time.FixedZone("CST", 8*3600)

// on is a local time of November 2026.
func on(day, hour, minute, second int) time.Time {
	return time.Date(2026, 11, day, hour, minute, second, 0, zone)
}

// november is a month small enough to be counted by hand: twelve alerts, seven
// visits.
func november() Data {
	month := Month{on(1, 0, 0, 0), on(31, 0, 0, 0)}
	red := func(id string, day int, acked, called, door, closed time.Duration, o alerting.Outcome) Case {
		at := on(day, 10, 0, 0)
		c := Case{ID: id, Kind: alerting.KindSOS, Severity: alerting.Red, State: alerting.Closed, Area: "shen/east/hill", Resident: "wang", Outcome: o, Opened: at, Red: at}
		for _, s := range []struct {
			into *time.Time
			d    time.Duration
		}{{&c.Seen, time.Second}, {&c.Acked, acked}, {&c.Called, called}, {&c.AtDoor, door}, {&c.Closed, closed}} {
			if s.d > 0 {
				*s.into = at.Add(s.d)
			}
		}
		return c
	}
	risen := red("a4", 4, 0, 0, 0, 0, "")
	risen.Kind, risen.State, risen.Opened = alerting.KindWaterInactivity, alerting.Acknowledged, on(4, 6, 0, 0)
	risen.Acked = risen.Red.Add(170 * time.Second)
	yellow := func(id string, kind alerting.Kind, o alerting.Outcome, cause alerting.Cause) Case {
		at := on(10, 9, 0, 0)
		return Case{ID: id, Kind: kind, Severity: alerting.Yellow, State: alerting.Closed, Area: "shen/west/lake", Resident: "li", Outcome: o, Cause: cause,
			Opened: at, Acked: at.Add(10 * time.Minute), Closed: at.Add(time.Hour)}
	}
	late := yellow("a8", alerting.KindWaterLeak, alerting.Repair, "")
	late.Late = true
	canary := red("a10", 5, time.Second, 0, 0, time.Minute, alerting.Recovered)
	canary.Kind = alerting.KindCanary
	october := yellow("a11", alerting.KindWaterLeak, alerting.Repair, "")
	october.Opened = on(1, 0, 0, -1)
	fresh := red("a13", 20, 0, 0, 0, 0, "") // rang half a minute ago
	fresh.State, fresh.Opened, fresh.Red, fresh.Seen = alerting.Open, on(20, 11, 59, 30), on(20, 11, 59, 30), time.Time{}
	care, str := "care", func(s string) *string { return &s }
	point := func(t time.Time) *time.Time { return &t }
	visit := func(id string, due time.Time, state alerting.VisitState) alerting.Visit {
		return alerting.Visit{ID: id, Resident: &alerting.ResidentRef{ID: "wang"}, Area: "shen/east/hill", State: state, Kind: alerting.HomeVisit, Provider: &care, Due: due}
	}
	inTime := visit("v1", on(3, 12, 0, 0), alerting.VisitReported)
	inTime.Arrived, inTime.Left, inTime.Alert = point(on(3, 11, 0, 0)), point(on(3, 11, 45, 0)), str("a3")
	inTime.Report = &alerting.Report{Outcome: alerting.Well, At: on(3, 11, 40, 0)}
	after := visit("v2", on(5, 12, 0, 0), alerting.VisitReported)
	after.Report = &alerting.Report{Outcome: alerting.Well, At: on(5, 12, 30, 0)}
	byPhone := visit("v7", on(7, 12, 0, 0), alerting.VisitReported)
	byPhone.Kind, byPhone.Report = alerting.PhoneVisit, &alerting.Report{Outcome: alerting.Well, At: on(7, 11, 0, 0)}
	settled := visit("v3", on(6, 12, 0, 0), alerting.VisitCanceled)
	settled.Settled = &alerting.Settled{At: on(6, 9, 0, 0)}
	return Data{
		Area: "shen", Month: month, Now: on(20, 12, 0, 0), Residents: 2,
		Cases: []Case{
			red("a1", 2, 30*time.Second, time.Minute, 30*time.Minute, 2*time.Hour, alerting.RealEmergency),
			red("a2", 2, 90*time.Second, 2*time.Minute, 50*time.Minute, 25*time.Hour, alerting.Assisted),
			red("a3", 3, 40*time.Second, time.Minute, 0, time.Hour, alerting.Well), // nobody had to go
			risen,
			red("a5", 6, 0, 0, 0, time.Hour, alerting.Test), // promises nothing
			yellow("a6", alerting.KindWaterLeak, alerting.FalseAlarm, alerting.CauseDevice),
			yellow("a7", alerting.KindWaterLeak, alerting.Repair, ""),
			late, canary, october,
			yellow("a12", alerting.KindWaterLeak, alerting.Recovered, ""),
			fresh,
		},
		Visits: []alerting.Visit{
			inTime, after, settled,
			byPhone,
			visit("v4", on(8, 12, 0, 0), alerting.VisitPlanned),  // overdue
			visit("v5", on(25, 12, 0, 0), alerting.VisitPlanned), // to come
			visit("v6", on(9, 12, 0, 0), alerting.VisitCanceled), // called off: not due
		},
		Silences: []Silence{
			{Device: "v/b1", Resident: "wang", Area: "shen/east/hill", From: on(7, 0, 0, 0), To: on(9, 0, 0, 0)},
			{Device: "v/m1", Resident: "wang", Area: "shen/east/hill", From: on(7, 12, 0, 0), To: on(8, 18, 0, 0)}, // 30 h both
			{Device: "v/b3", Resident: "zhao", Area: "shen/east/hill", From: on(7, 0, 0, 0), To: on(7, 20, 0, 0)},  // not a day
			{Device: "v/b2", Resident: "li", Area: "shen/west/lake", From: on(7, 0, 0, 0)},                         // his meter speaks
		},
		Devices:   map[string]int{"wang": 2, "li": 2, "zhao": 1},
		Uncovered: []alerting.Uncovered{{Area: "shen/west/lake", From: on(11, 2, 0, 0), To: on(11, 5, 30, 0)}},
		Checks: []alerting.DutyCheck{
			{ID: "c1", Area: "shen", Asked: on(4, 3, 0, 0), Until: on(4, 3, 3, 0), Answered: point(on(4, 3, 1, 0)), By: "duty"},
			{ID: "c2", Area: "shen", Asked: on(9, 3, 0, 0), Until: on(9, 3, 3, 0)},
			{ID: "c4", Area: "shen", Asked: on(10, 3, 0, 0), Until: on(10, 3, 3, 0), Answered: point(on(10, 3, 4, 0)), By: "duty"}, // too late
			{ID: "c3", Area: "shen", Asked: on(20, 11, 59, 0), Until: on(20, 12, 2, 0)},                                            // can still be answered
		},
	}
}

func TestAMonthCountedByHand(t *testing.T) {
	r := Build(november())
	ids := func(list string) string {
		items, ok := r.List(list)
		if !ok {
			t.Errorf("no list %s", list)
		}
		var s []string
		for _, it := range items {
			s = append(s, it.Alert+it.Visit+it.Resident)
		}
		return strings.Join(s, " ")
	}
	type behind map[string]string
	want := behind{
		"alerts":                       "a1wang a2wang a3wang a4wang a5wang a6li a7li a8li a12li a13wang",
		"kind/sos":                     "a1wang a2wang a3wang a5wang a13wang",
		"kind/sos/well":                "a3wang",
		"kind/water_inactivity/open":   "a4wang",
		"kind/water_leak/repair":       "a7li a8li",
		"step/red/acked":               "a1wang a2wang a3wang a4wang",
		"step/red/door/missing":        "a3wang a4wang a13wang",
		"target/red_acked_60s":         "a1wang a2wang a3wang a4wang",
		"target/red_acked_60s/within":  "a1wang a3wang",
		"target/red_acked_180s/missed": "",
		"target/red_door_45min/within": "a1wang",
		"target/red_door_45min/missed": "a2wang a4wang", // a4 is open, and nobody went
		"target/closed_24h/missed":     "a2wang a4wang",
		"visits/due":                   "a3v1wang v2wang v3wang v7wang v4wang v5wang",
		"visits/made":                  "a3v1wang v2wang v7wang",
		"visits/settled":               "v3wang",
		"visits/overdue":               "v2wang v4wang",
		"provider/care":                "a3v1wang v2wang",
		"dark":                         "wang",
		"uncovered":                    "",
		"presence":                     "  ",
		"presence/answered":            "",
		"step/yellow/seen":             "a6li a7li a12li", // no board said so, but they were taken up
		"step/yellow/closed":           "a6li a7li a12li", // a8 came late
		"target/closed_24h/within":     "a1wang a3wang a6li a7li a12li",
		"kind/water_inactivity":        "a4wang",
		"step/red/seen/missing":        "a13wang",
		"kind/water_leak/false_alarm":  "a6li",
		"step/red/called/missing":      "a4wang a13wang",
		"target/red_acked_180s/within": "a1wang a2wang a3wang a4wang",
		"kind/sos/real_emergency":      "a1wang",
		"step/yellow/called/missing":   "a6li a7li a12li",
		"kind/water_leak/recovered":    "a12li",
		"kind/sos/test":                "a5wang",
		"kind/water_leak/open":         "",
		"step/red/closed/missing":      "a4wang a13wang",
		"target/red_door_45min":        "a1wang a2wang a4wang",
		"step/yellow/acked":            "a6li a7li a12li",
		"step/red/door":                "a1wang a2wang",
	}
	for list, want := range want {
		if got := ids(list); got != want {
			t.Errorf("%s: %q, want %q", list, got, want)
		}
	}
	if r.Uncovered.Hours != 3.5 || r.Providers[0].Hours != 0.75 || r.Providers[0].Residents != 1 {
		t.Errorf("uncovered %v h, provider %+v", r.Uncovered.Hours, r.Providers)
	}
	times := map[string][3]string{}
	for _, s := range r.Steps {
		if s.P50 != nil {
			times[string(s.Severity)+"/"+string(s.Step)] = [3]string{duration(*s.P50), duration(*s.P90), duration(*s.Longest)}
		}
	}
	// 30, 40, 90, 170 s to acknowledge; 30 and 50 min to the door; 1, 2, 25 h to close.
	for step, want := range map[string][3]string{
		"red/acked": {"0:40", "2:50", "2:50"}, "red/door": {"30:00", "50:00", "50:00"}, "red/closed": {"2:00:00", "25:00:00", "25:00:00"},
		"yellow/acked": {"10:00", "10:00", "10:00"},
	} {
		if times[step] != want {
			t.Errorf("%s took %v, want %v", step, times[step], want)
		}
	}
	for _, g := range r.Targets {
		want := map[string]struct {
			share float64
			met   bool
		}{"red_acked_60s": {0.5, false}, "red_acked_180s": {1, true}, "red_door_45min": {1.0 / 3, false}, "closed_24h": {5.0 / 7, false}}[g.ID]
		if g.Share == nil || *g.Share != want.share || *g.Met != want.met {
			t.Errorf("%s: %v of %v, want %+v", g.ID, g.Within, g.Of, want)
		}
	}
	for _, k := range r.Kinds {
		got := [4]int{k.Opened.N, k.Real, k.Useful, k.False}
		want := map[alerting.Kind][4]int{"sos": {5, 2, 0, 1}, "water_inactivity": {1, 0, 0, 0}, "water_leak": {4, 0, 2, 1}}[k.Kind]
		if got != want {
			t.Errorf("%s: %v, want %v", k.Kind, got, want)
		}
	}
	if len(r.Kinds) != 3 { // and not the heartbeat
		t.Errorf("%d kinds", len(r.Kinds))
	}
}

func TestAnEmptyMonthPromisesNothing(t *testing.T) {
	month := Month{on(-30, 0, 0, 0), on(1, 0, 0, 0)}
	r := Build(Data{Month: month, Now: on(1, 0, 0, 0)})
	for _, g := range r.Targets {
		if g.Share != nil || g.Met != nil || g.Of.N != 0 {
			t.Errorf("%+v", g)
		}
	}
	if r.Alerts.N != 0 || len(r.Kinds)+len(r.Steps)+len(r.Providers) != 0 {
		t.Errorf("%+v", r)
	}
}

// A provider's name is entered by people; in a spreadsheet it must stay a name.
func TestNoCellIsAFormula(t *testing.T) {
	d := november()
	evil := `=HYPERLINK("http://x","y")`
	for i := range d.Visits {
		d.Visits[i].Provider = &evil
	}
	d.Area = devices.AreaPath("@sum")
	r := Build(d)
	for _, language := range []string{"zh", "en"} {
		var out bytes.Buffer
		if err := r.WriteCSV(&out, language, zone); err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(out.Bytes(), []byte("\ufeff")) {
			t.Error("no byte order mark")
		}
		reader := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff")))
		reader.FieldsPerRecord = -1
		rows, err := reader.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r|%") {
					t.Errorf("cell %q", cell)
				}
				found = found || cell == "'"+evil
			}
		}
		if !found {
			t.Errorf("the provider is not in\n%s", out.String())
		}
		out.Reset()
		if err := r.WriteXLSX(&out, language, zone); err != nil {
			t.Fatal(err)
		}
		book, err := excelize.OpenReader(&out)
		if err != nil {
			t.Fatal(err)
		}
		sheets := book.GetSheetList()
		if len(sheets) != 6 {
			t.Errorf("sheets %v", sheets)
		}
		if f, err := book.GetCellFormula(sheets[4], "A2"); err != nil || f != "" {
			t.Errorf("formula %q, %v", f, err)
		}
		cell, err := book.GetCellValue(sheets[4], "A2")
		if want := "'" + evil; err != nil || cell != want {
			t.Errorf("cell %q, %v, want %q", cell, err, want)
		}
		acked, err := book.GetRows(sheets[1])
		if err != nil {
			t.Fatal(err)
		}
		w := wordsOf(language)
		want := []string{w.severities[alerting.Red], w.steps[Acked], "4", "1", "0:40", "2:50", "2:50"}
		if diff := cmp.Diff(want, acked[2]); diff != "" {
			t.Error(diff)
		}
		if err := book.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Both languages name everything there is.
func TestEveryWordIsThere(t *testing.T) {
	for _, w := range []*words{chinese(), english()} {
		for _, k := range alerting.Kinds() {
			if k != alerting.KindCanary && w.kinds[k] == "" {
				t.Errorf("no word for %s", k)
			}
		}
		for _, o := range alerting.Outcomes() {
			if w.outcomes[o] == "" {
				t.Errorf("no word for %s", o)
			}
		}
		for _, s := range steps {
			if w.steps[s] == "" {
				t.Errorf("no word for %s", s)
			}
		}
		for _, p := range promises {
			if w.targets[p.id] == "" {
				t.Errorf("no word for %s", p.id)
			}
		}
	}
}
