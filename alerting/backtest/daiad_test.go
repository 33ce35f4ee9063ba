package backtest_test

import (
	"encoding/csv"
	"os"
	"testing"

	"shouwang/alerting/backtest"
)

const shared = "../../../shared/data/"

// load reads a set of real recordings, or skips.
func load(t testing.TB, name string) *backtest.Set {
	t.Helper()
	file := shared + name + "/readings.csv.gz"
	if _, err := os.Stat(file); err != nil {
		t.Skipf("no real recordings here: %v", err)
	}
	set, err := backtest.Load(backtest.Files{Name: name, Readings: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// daiad are the homes of one person.
func daiad(t testing.TB) *backtest.Set {
	t.Helper()
	all := load(t, "water-daiad")
	f, err := os.Open(shared + "water-daiad/homes.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	alone := map[string]bool{}
	for _, r := range rows[1:] {
		alone[r[0]] = r[1] == "1.0"
	}
	return all.Only("daiad", func(h *backtest.Home) bool { return alone[h.Name()] })
}

func TestFixedRuleOnRealHomes(t *testing.T) {
	set := daiad(t)
	points, err := backtest.Frontier(t.Context(), set, backtest.FixedRule(8, 12, 14, 18, 24), backtest.FrontierOptions{PerHome: 200, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range points {
		t.Logf("%s: %.2f at home, %.2f away, delay %+v, missed %d, %.0f months, open %d of %d", p.Label, p.AtHome, p.Away, p.Delay, p.Missed, p.HomeMonths, p.Injected.Open, p.Injected.Collapses)
	}
}
