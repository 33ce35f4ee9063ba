package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/alerting/backtest"
	"shouwang/devices/simulate/household"
)

// backtestFrontierCmd measures alerts at home against the delay to a collapse.
type backtestFrontierCmd struct {
	Readings []string      `help:"Readings CSV of a set of one's own, instead of the five of the documentation." type:"existingfile" placeholder:"FILE"`
	Registry string        `help:"Who has which device: CSV or JSON." type:"existingfile" placeholder:"FILE"`
	Labels   string        `help:"What truly happened, CSV: device,kind,from,to." type:"existingfile" placeholder:"FILE"`
	Data     string        `help:"Folder with the real recordings water-daiad and water-weusedto; sets that are not there are left out." default:"../shared/data" placeholder:"DIR"`
	Sets     []string      `help:"Which sets: daiad, weusedto, flush, dry, vat." default:"daiad,weusedto,flush,dry,vat"`
	Out      string        `help:"Folder for the plots and for detection.md, in which the tables are put in place; nothing is written without it." placeholder:"DIR"`
	Homes    int           `help:"Homes of a simulated set." default:"40"`
	Days     int           `help:"Days of a simulated set." default:"150"`
	SimSeed  uint64        `help:"Seed of the simulated sets." default:"1"`
	PerHome  int           `help:"Collapses in each home; real sets, which have few homes, have five times as many." default:"20"`
	Seed     uint64        `help:"Seed of the collapses." default:"1"`
	Half     string        `help:"Only every second home: odd or even; rules are tuned on one half and told of the other." enum:"all,odd,even" default:"all"`
	Learnt   time.Duration `help:"Also score without so much of the beginning of each home, in which a rule learns; 0 does not." default:"504h"`
}

// Run measures, prints the tables, and puts them into the documentation.
func (c *backtestFrontierCmd) Run(ctx context.Context, stdout io.Writer, log zerolog.Logger) error {
	names := c.Sets
	if len(c.Readings) > 0 {
		names = []string{"own"}
	}
	var page bytes.Buffer
	for _, name := range names {
		set, perHome, err := c.set(ctx, name)
		if errors.Is(err, os.ErrNotExist) {
			log.Warn().Str("set", name).Msg("not here, left out")
			continue
		}
		if err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
		set = c.half(set)
		points, err := c.measure(ctx, set, perHome, log)
		if err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
		title := fmt.Sprintf("%s: %d homes, %.0f home-months, %d collapses", name, len(set.Homes), points[0].HomeMonths, points[0].Injected.Collapses)
		fmt.Fprintf(&page, "### %s\n\n![%s](frontier-%s.svg)\n\n", title, title, name)
		if err := backtest.WriteTable(&page, points); err != nil {
			return err
		}
		page.WriteString("\n")
		if err := backtest.WriteVerdict(&page, points, ours); err != nil {
			return err
		}
		if learnt := backtest.Learnt(points); learnt != nil {
			fmt.Fprintf(&page, "\nWithout the first %.0f days of each home:\n\n", c.Learnt.Hours()/24)
			if err := backtest.WriteVerdict(&page, learnt, ours); err != nil {
				return err
			}
		}
		page.WriteString("\n")
		if c.Out != "" {
			var plot bytes.Buffer
			if err := backtest.WritePlot(&plot, title, points); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(c.Out, "frontier-"+name+".svg"), plot.Bytes(), 0o644); err != nil { //nolint:gosec // documentation
				return fmt.Errorf("write plot: %w", err)
			}
		}
	}
	if c.Out != "" {
		return embed(filepath.Join(c.Out, "detection.md"), page.String())
	}
	_, err := stdout.Write(page.Bytes())
	return err
}

// half is every second home of the set, the first being odd.
func (c *backtestFrontierCmd) half(set *backtest.Set) *backtest.Set {
	if c.Half == "all" {
		return set
	}
	chosen := map[*backtest.Home]bool{}
	for i, h := range set.Homes {
		chosen[h] = (i%2 == 0) == (c.Half == "odd")
	}
	return set.Only(set.Name+", "+c.Half+" homes", func(h *backtest.Home) bool { return chosen[h] })
}

func (c *backtestFrontierCmd) measure(ctx context.Context, set *backtest.Set, perHome int, log zerolog.Logger) ([]backtest.Point, error) {
	var all []backtest.Point
	for _, curve := range []backtest.Curve{
		backtest.FixedRule(8, 10, 12, 14, 16, 18, 20, 24),
		backtest.Cuddihy(0.6, 0.7, 0.8, 1, 1.3, 1.6),
		liveRule(), countyRule(),
	} {
		began := time.Now()
		points, err := backtest.Frontier(ctx, set, curve, backtest.FrontierOptions{PerHome: perHome, Seed: c.Seed, Learnt: c.Learnt})
		if err != nil {
			return nil, err
		}
		log.Info().Str("set", set.Name).Str("rule", curve.Name).Int("settings", len(points)).Dur("took_ms", time.Since(began)).Msg("measured")
		all = append(all, points...)
	}
	return all, nil
}

// ours is the name of the live detector's curve.
const ours = "ours"

// liveRule is the live detector over its sensitivity.
func liveRule() backtest.Curve {
	c := backtest.Curve{Name: ours}
	for _, s := range []alerting.Sensitivity{alerting.Quietest, alerting.Quiet, alerting.Balanced, alerting.Early, alerting.Earliest} {
		rules := alerting.DefaultRules()
		rules.WaterInactivity.Sensitivity = s
		c.Settings = append(c.Settings, backtest.Setting{Label: string(s), Value: s.Price(), Rules: rules})
	}
	return c
}

// countyRule is the rule in operation, less than 10 L in 24 h, as it runs live.
func countyRule() backtest.Curve {
	rules := alerting.DefaultRules()
	rules.WaterInactivity.Sensitivity = alerting.Fixed
	return backtest.Curve{Name: "10 L in 24 h", Settings: []backtest.Setting{{Label: "in operation", Value: 24, Rules: rules}}}
}

// set reads or makes a set, and says how many collapses each home gets.
func (c *backtestFrontierCmd) set(ctx context.Context, name string) (*backtest.Set, int, error) {
	files := backtest.Files{Name: name}
	switch name {
	case "own":
		files.Readings, files.Registry, files.Labels = c.Readings, c.Registry, c.Labels
		set, err := backtest.Load(files)
		return set, c.PerHome, err
	case "daiad":
		set, err := c.alone()
		return set, 5 * c.PerHome, err
	case "weusedto":
		files.Readings = []string{filepath.Join(c.Data, "water-weusedto", "readings.csv.gz")}
		set, err := backtest.Load(files)
		return set, 5 * c.PerHome, err
	case string(household.Flush), string(household.Dry), string(household.Vat):
		set, err := c.simulated(ctx, household.Kind(name))
		return set, c.PerHome, err
	}
	return nil, 0, errors.New("must be daiad, weusedto, flush, dry or vat")
}

// alone are the DAIAD homes of one person.
func (c *backtestFrontierCmd) alone() (*backtest.Set, error) {
	folder := filepath.Join(c.Data, "water-daiad")
	f, err := os.Open(filepath.Join(folder, "homes.csv"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("homes: %w", err)
	}
	alone := map[string]bool{}
	for _, r := range rows {
		alone[r[0]] = r[1] == "1.0"
	}
	all, err := backtest.Load(backtest.Files{Readings: []string{filepath.Join(folder, "readings.csv.gz")}})
	if err != nil {
		return nil, err
	}
	return all.Only("daiad", func(h *backtest.Home) bool { return alone[h.Name()] }), nil
}

// simulated makes a set: hourly meters of a litre, half an absence a month,
// unannounced, and some lost blocks of readings.
func (c *backtestFrontierCmd) simulated(ctx context.Context, kind household.Kind) (*backtest.Set, error) {
	o := household.Defaults()
	o.Kind, o.Homes, o.Days, o.Seed = kind, c.Homes, c.Days, c.SimSeed
	made, err := household.New(o)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "shouwang-frontier")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // left to the system then
	write := func(name string, write func(io.Writer) error) (string, error) {
		file := filepath.Join(dir, name)
		f, err := os.Create(file)
		if err != nil {
			return "", err
		}
		return file, errors.Join(write(f), f.Close())
	}
	readings, err := write("readings.csv", func(w io.Writer) error { _, err := made.WriteReadings(ctx, w); return err })
	if err != nil {
		return nil, err
	}
	labels, err := write("labels.csv", made.WriteLabels)
	if err != nil {
		return nil, err
	}
	registry, err := write("registry.csv", made.WriteRegistry)
	if err != nil {
		return nil, err
	}
	return backtest.Load(backtest.Files{Name: string(kind), Readings: []string{readings}, Labels: labels, Registry: registry})
}

const (
	embedBegin = "<!-- frontier: made by `shouwang backtest frontier --out docs` -->"
	embedEnd   = "<!-- /frontier -->"
)

// embed puts text between the marks of a page.
func embed(file, text string) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("embed: %w", err)
	}
	before, rest, ok := strings.Cut(string(raw), embedBegin)
	_, after, ok2 := strings.Cut(rest, embedEnd)
	if !ok || !ok2 {
		return fmt.Errorf("embed: %s has no place for it between %s and %s", file, embedBegin, embedEnd)
	}
	page := before + embedBegin + "\n" + strings.TrimSpace(text) + "\n" + embedEnd + after
	if err := os.WriteFile(file, []byte(page), 0o644); err != nil { //nolint:gosec // documentation
		return fmt.Errorf("embed: %w", err)
	}
	return nil
}
