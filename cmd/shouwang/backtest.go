package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"go.yaml.in/yaml/v4"

	"shouwang/alerting"
	"shouwang/alerting/backtest"
)

// backtestCmd holds the live detectors against recorded readings.
type backtestCmd struct {
	Run      backtestRunCmd      `cmd:"" default:"withargs" hidden:"" help:"Judge a recording (the default)."`
	Series   backtestSeriesCmd   `cmd:"" help:"Judge what a service has stored."`
	Frontier backtestFrontierCmd `cmd:"" help:"Alerts at home against the delay to a collapse, for the live rule and two others."`
	Bound    backtestBoundCmd    `cmd:"" help:"What no rule can do better on made-up homes."`
}

// recorded are the files of a recording.
type recorded struct {
	Readings []string `help:"Readings CSV (gzip taken too); may be given several times." required:"" type:"existingfile" placeholder:"FILE"`
	Registry string   `help:"Who has which device: CSV or JSON; without it each device is its own resident." type:"existingfile" placeholder:"FILE"`
	Labels   string   `help:"What truly happened, CSV: device,kind,from,to." type:"existingfile" placeholder:"FILE"`
}

func (r *recorded) load() (*backtest.Set, error) {
	return backtest.Load(backtest.Files{Readings: r.Readings, Registry: r.Registry, Labels: r.Labels})
}

// backtestRunCmd judges one recording.
type backtestRunCmd struct {
	recorded
	judging
}

// Run prints the score.
func (c *backtestRunCmd) Run(ctx context.Context, stdout io.Writer) error {
	began := time.Now()
	set, err := c.load()
	if err != nil {
		return err
	}
	return c.report(ctx, stdout, set, time.Since(began))
}

// judging is how a set is judged and what is printed.
type judging struct {
	Rules   string `help:"Rules to judge by, YAML or JSON, laid over the default ones." type:"existingfile" placeholder:"FILE"`
	Compare string `help:"A second set of rules, shown beside the first." type:"existingfile" placeholder:"FILE"`
	JSON    bool   `help:"One JSON document instead of text." name:"json"`
	Inject  string `help:"Let people collapse at random moments, and measure the time to the first alert." enum:"none,collapse" default:"none"`
	Seed    uint64 `help:"Of the random moments." default:"1"`
	PerHome int    `help:"Random moments in each home." default:"40"`
	Brief   bool   `help:"No line for each alert."`
	Workers int    `help:"Homes judged at once; 0 is one per core."`
}

// report judges and prints.
func (c *judging) report(ctx context.Context, stdout io.Writer, set *backtest.Set, loaded time.Duration) error {
	var columns []backtest.Column
	for _, file := range []string{c.Rules, c.Compare} {
		if file == "" && len(columns) > 0 {
			continue
		}
		column, err := c.judge(ctx, set, file)
		if err != nil {
			return err
		}
		columns = append(columns, column)
	}
	if c.JSON {
		return backtest.WriteJSON(stdout, columns)
	}
	return backtest.WriteText(stdout, columns, loaded, !c.Brief)
}

func (c *judging) judge(ctx context.Context, set *backtest.Set, file string) (backtest.Column, error) {
	column := backtest.Column{Name: "default rules"}
	rules, err := loadRules(file)
	if err != nil {
		return column, err
	}
	if file != "" {
		column.Name = file
	}
	options := backtest.Options{Rules: rules, Workers: c.Workers, Log: os.Stderr}
	if column.Result, err = backtest.Run(ctx, set, options); err != nil {
		return column, err
	}
	column.Score = backtest.ScoreOf(column.Result)
	if c.Inject == "collapse" {
		options.Coarse = true
		list, err := backtest.Inject(ctx, set, options, backtest.Injection{PerHome: c.PerHome, Seed: c.Seed})
		if err != nil {
			return column, err
		}
		column.Score.Injected = backtest.ScoreCollapses(list)
	}
	return column, nil
}

// loadRules reads a file of rules over the default ones, which it need not
// repeat.
func loadRules(file string) (*alerting.Rules, error) {
	rules := alerting.DefaultRules()
	if file == "" {
		return rules, nil
	}
	raw, err := os.ReadFile(file) // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("read rules: %w", err)
	}
	// YAML takes JSON as well, and lengths of time as people write them.
	var fields map[string]any
	if err := yaml.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("rules %s: %w", file, err)
	}
	delete(fields, "version") // given by a service
	if raw, err = yaml.Marshal(fields); err != nil {
		return nil, fmt.Errorf("rules %s: %w", file, err)
	}
	if err := yaml.Load(raw, rules, yaml.WithKnownFields()); err != nil {
		return nil, fmt.Errorf("rules %s: %w", file, err)
	}
	if err := rules.Check(); err != nil {
		return nil, fmt.Errorf("rules %s: %w", file, err)
	}
	return rules, nil
}
