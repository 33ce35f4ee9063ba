package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/registry"
)

// eraseCmd erases what is known of a resident: by the service when it runs, by
// itself when it does not.
type eraseCmd struct {
	settings `embed:""`

	Resident string        `help:"Id of the resident to erase."`
	DataType string        `help:"Erase one type of data alone, of a resident who has withdrawn consent for it: ${enum}." name:"data-type" enum:"water,vitals,motion,position," default:""`
	Status   bool          `help:"Say how far erasures are."`
	Wait     time.Duration `help:"How long to wait for a running service." default:"2m"`
}

// Run erases, or tells.
func (c *eraseCmd) Run(ctx context.Context, stdout io.Writer, log zerolog.Logger) (err error) {
	if (c.Resident == "") == !c.Status {
		return errors.New("erase: give either --resident or --status")
	}
	if c.Status {
		return c.status(ctx, stdout)
	}
	a, err := open(ctx, c.settings, c.logger(log))
	if errors.Is(err, errRunning) {
		return c.ask(ctx, stdout)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	e := a.newEraser()
	if _, err := e.Request(ctx, c.Resident, devices.DataType(c.DataType), "command"); err != nil {
		return err
	}
	if err := e.Step(ctx); err != nil {
		return err
	}
	return c.report(ctx, a.db, stdout)
}

// ask lets the running service do it, and waits.
func (c *eraseCmd) ask(ctx context.Context, stdout io.Writer) (err error) {
	db, err := database.Open(ctx, filepath.Join(c.Data, "state.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := requestErasure(ctx, db, c.Resident, devices.DataType(c.DataType), "command", time.Now()); err != nil {
		return err
	}
	late := time.After(c.Wait)
	for {
		erasure, err := findErasure(ctx, db, c.Resident, devices.DataType(c.DataType))
		if err != nil {
			return err
		}
		if !erasure.SeriesDone.IsZero() {
			return c.report(ctx, db, stdout)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late:
			return errors.New("the service has not done it yet, and goes on; see its log, and erase --status")
		case <-time.After(lookForErasures / 4):
		}
	}
}

func (c *eraseCmd) report(ctx context.Context, db *database.DB, stdout io.Writer) error {
	erasure, err := findErasure(ctx, db, c.Resident, devices.DataType(c.DataType))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s is erased: %s\n", what(&erasure), wordsOf(&erasure))
	return err
}

func (c *eraseCmd) status(ctx context.Context, stdout io.Writer) (err error) {
	db, err := database.Open(ctx, filepath.Join(c.Data, "state.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	list, err := registry.Erasures(ctx, db)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "resident\trequested\tby\tstatus")
	for _, e := range list {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", what(&e), e.Requested.Format(time.RFC3339), e.Actor, wordsOf(&e))
	}
	return table.Flush()
}

// what says of whom, and which of their data.
func what(e *devices.Erasure) string {
	if e.Data == "" {
		return e.Resident
	}
	return e.Resident + " (" + string(e.Data) + ")"
}

// wordsOf says in words how far an erasure is.
func wordsOf(e *devices.Erasure) string {
	switch {
	case e.Complete():
		return "complete since " + e.JournalDone.Format(time.RFC3339)
	case !e.SeriesDone.IsZero():
		return "records and readings are gone; raw messages go with the journal's replay window"
	case !e.StateDone.IsZero():
		return "records are gone, readings are being erased"
	}
	return "requested"
}
