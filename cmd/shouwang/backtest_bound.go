package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"shouwang/alerting/backtest"
	"shouwang/devices"
	"shouwang/devices/simulate/household"
)

// backtestBoundCmd says what no rule can do better on made-up homes: how early
// inactivity, and how soon a change of the amount of use, can be found by somebody
// who has watched the same homes for many years.
type backtestBoundCmd struct {
	Kind    string  `help:"flush or dry." default:"flush" enum:"flush,dry"`
	Homes   int     `help:"Homes." default:"60"`
	Decades int     `help:"Decades of each home's life that are known." default:"3"`
	SimSeed uint64  `help:"Seed of the homes." default:"201"`
	Drift   float64 `help:"Share by which use changes." default:"0.3"`
}

// Run prints both bounds.
func (c *backtestBoundCmd) Run(ctx context.Context, stdout io.Writer) error {
	if err := c.inactivity(ctx, stdout); err != nil {
		return err
	}
	return c.change(ctx, stdout)
}

func (c *backtestBoundCmd) inactivity(ctx context.Context, stdout io.Writer) error {
	a := &absences{}
	known, held := backtest.NewLives(a.away), backtest.NewLives(a.away)
	for decade := range c.Decades + 1 {
		into := known
		if decade == c.Decades {
			into = held
		}
		o := c.options(3650)
		o.Start = o.Start.AddDate(10*decade, 0, 0)
		if err := c.read(ctx, o, a, into.Add); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "inactivity, %s: %d homes, %.0f home-months known, %.0f others\n", c.Kind, c.Homes, known.Months(), held.Months())
	for _, price := range []float64{200, 300, 400, 500, 700, 1000, 1500, 2000, 3000, 5000} {
		b := known.Bound(held, price)
		fmt.Fprintf(stdout, "| %.3f | %.3f | %.1f | %d / %d | %.0f %% |\n", b.Fitted, b.Held, b.Mean, b.P50, b.P90, 100*b.Within)
	}
	return nil
}

func (c *backtestBoundCmd) change(ctx context.Context, stdout io.Writer) error {
	o := c.options(120)
	o.Absences, o.Drift, o.DriftKind = 0, c.Drift, household.DriftAmount
	a, changed, known := &absences{}, backtest.NewDays(), backtest.NewDays()
	if err := c.read(ctx, o, a, changed.Add); err != nil {
		return err
	}
	from := a.drifts
	o.Days, o.Drift, o.Start = 1000, 0, o.Start.AddDate(2, 0, 0)
	if err := c.read(ctx, o, a, known.Add); err != nil {
		return err
	}
	b := known.Bound(changed, from, c.Drift, 0.1)
	_, err := fmt.Fprintf(stdout, "change of the amount by %.0f %%, %s: scatter %.2f, %.3f needless a month, %d of %d found within 14 days, half within %.0f\n",
		100*c.Drift, c.Kind, b.Scatter, b.False, b.In14, b.Homes, b.Median)
	return err
}

func (c *backtestBoundCmd) options(days int) household.Options {
	o := household.Defaults()
	o.Kind, o.Homes, o.Days, o.Seed = household.Kind(c.Kind), c.Homes, days, c.SimSeed
	return o
}

// absences are the labelled ones of each home, asked about in order of time, and
// since when each home's habits are other ones.
type absences struct {
	spans  map[string][][2]time.Time
	drifts map[string]time.Time
}

// away says whether nobody was at home.
func (a *absences) away(home string, at time.Time) bool {
	list := a.spans[home]
	for len(list) > 0 && !list[0][1].After(at) {
		list = list[1:]
	}
	a.spans[home] = list
	return len(list) > 0 && !list[0][0].After(at)
}

// read makes homes and gives their registers to add.
func (c *backtestBoundCmd) read(ctx context.Context, o household.Options, a *absences, add func(string, time.Time, float64)) error {
	made, err := household.New(o)
	if err != nil {
		return err
	}
	var labels strings.Builder
	if err := made.WriteLabels(&labels); err != nil {
		return err
	}
	rows, err := csv.NewReader(strings.NewReader(labels.String())).ReadAll()
	if err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	a.spans, a.drifts = map[string][][2]time.Time{}, map[string]time.Time{}
	for _, r := range rows[1:] {
		begins, _ := time.Parse(time.RFC3339, r[2])
		ends, _ := time.Parse(time.RFC3339, r[3])
		switch r[1] {
		case household.Absence:
			a.spans[r[0]] = append(a.spans[r[0]], [2]time.Time{begins, ends})
		case household.Drift:
			a.drifts[r[0]] = begins
		}
	}
	out, in := io.Pipe()
	go func() {
		_, err := made.WriteReadings(ctx, in)
		in.CloseWithError(err) //nolint:errcheck // never fails
	}()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		f := strings.Split(lines.Text(), ",")
		if len(f) < 5 || f[3] != string(devices.VolumeM3) {
			continue
		}
		at, err := time.Parse(time.RFC3339, f[0])
		if err != nil {
			return fmt.Errorf("readings: %w", err)
		}
		m3, err := strconv.ParseFloat(f[4], 64)
		if err != nil {
			return fmt.Errorf("readings: %w", err)
		}
		add(f[2], at, m3)
	}
	return lines.Err()
}
