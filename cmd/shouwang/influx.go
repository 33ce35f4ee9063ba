package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"shouwang/ingest/influx"
)

type influxCmd struct {
	Setup influxSetupCmd `cmd:"" help:"Make bucket and retention in InfluxDB, and say what was done. May be run again."`
}

// influxSetupCmd takes the configuration of serve, so that what it makes is what
// serve will use.
type influxSetupCmd struct {
	OperatorTokenFile string `help:"File with a token that may make buckets (2.x) or an administrator's user:password (1.8), in place of series.token_file." type:"existingfile"`
	settings          `embed:""`
}

// Run sets up InfluxDB.
func (c *influxSetupCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	file := c.OperatorTokenFile
	if file == "" {
		file = c.Series.TokenFile
	}
	if file == "" {
		return errors.New("series.token_file: missing: give it or --operator-token-file")
	}
	token, err := secret(file)
	if err != nil {
		return err
	}
	series, err := influx.Open(influx.Options{URL: c.Series.URL, Org: c.Series.Org, Bucket: c.Series.Bucket, Token: token})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, series.Close()) }()
	did := func(step string) { fmt.Fprintln(stdout, step) }
	if err := series.Setup(ctx, c.longest(), did); err != nil {
		return err
	}
	did("rollups: worked out by the service into fields hour_… of the same series, no task is needed")
	did("retention by class: carried out by the service every day")
	return nil
}

// longest is how long what is kept longest is kept, with a day to spare; 0 is
// for ever.
func (s *settings) longest() time.Duration {
	var longest time.Duration
	for _, age := range s.ages() {
		if age == 0 {
			return 0
		}
		longest = max(longest, age)
	}
	return longest + 24*time.Hour
}
