package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"shouwang/alerting/backtest"
	"shouwang/dashboard"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/registry"
)

// backtestSeriesCmd judges the time series of a service, with the residents and
// devices it knows. The service may run meanwhile. The series is not asked when a
// reading was received, so all count as received when they were measured.
type backtestSeriesCmd struct {
	settings `embed:""`
	judging

	Days int    `help:"How far back." default:"60"`
	Area string `help:"Only this area." placeholder:"PATH"`
}

// Run prints the score.
func (c *backtestSeriesCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	began := time.Now()
	db, err := database.Open(ctx, filepath.Join(c.Data, "state.db"))
	if err != nil {
		return fmt.Errorf("open state: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	reg, err := registry.Open(ctx, db)
	if err != nil {
		return fmt.Errorf("open registry: %w", err)
	}
	series, err := openSeries(ctx, &c.settings, prometheus.NewRegistry())
	if err != nil {
		return fmt.Errorf("open series: %w", err)
	}
	defer func() { err = errors.Join(err, series.Close()) }()
	p := newPreviews(reg, series)
	now := time.Now().UTC()
	q := dashboard.PreviewQuery{From: now.AddDate(0, 0, -c.Days), To: now}
	filter := devices.ResidentFilter{Scope: devices.Everywhere(), Area: devices.AreaPath(c.Area), Limit: 1000}
	var homes []backtest.Memory
	for {
		page, err := reg.Residents(ctx, filter)
		if err != nil {
			return err
		}
		for i := range page.Items {
			home, err := p.home(ctx, &q, &page.Items[i])
			if err != nil {
				return fmt.Errorf("read series: %w", err)
			}
			homes = append(homes, home)
		}
		if filter.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	return c.report(ctx, stdout, backtest.FromMemory("series", homes), time.Since(began))
}
