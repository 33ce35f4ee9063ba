package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/rs/zerolog"
)

type serveCmd struct {
	settings `embed:""`
	// Pprof is for whoever measures the service; profiles show what it holds.
	Pprof string `hidden:"" help:"Address for Go profiles, on this machine only."`
}

// Run runs the service until ctx ends.
func (c *serveCmd) Run(ctx context.Context, log zerolog.Logger) error {
	if err := c.validate(); err != nil {
		return err
	}
	log = c.logger(log)
	if c.Pprof != "" {
		stop, err := profiles(c.Pprof)
		if err != nil {
			return err
		}
		defer stop()
	}
	return whileStoreFails(ctx, c.Data, c.Journal.ReserveMB<<20, log, func(ctx context.Context) (err error) {
		a, err := open(ctx, c.settings, log)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.close()) }()
		limitMemory()
		return a.Run(ctx)
	})
}

type checkConfigCmd struct {
	settings `embed:""`
}

// Run reads the configuration as serve does and starts nothing.
func (c *checkConfigCmd) Run(stdout io.Writer) error {
	if err := c.validate(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(stdout, "configuration is good")
	return err
}
