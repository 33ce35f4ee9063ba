package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"shouwang/devices/simulate/household"
)

// simulateHouseholdCmd writes labelled recordings of made-up people who live
// alone: what detectors are tuned and measured with (docs/households.md).
type simulateHouseholdCmd struct {
	Seed         uint64  `help:"The same seed and flags make the same files, byte for byte." default:"1"`
	Homes        int     `help:"Homes with a water meter." default:"20"`
	Wearers      int     `help:"Residents with a wristband: those of the first homes, then people without a meter." default:"0"`
	Days         int     `help:"How long." default:"60"`
	Start        string  `help:"First day (UTC+8)." default:"2026-03-01" placeholder:"DATE"`
	Kind         string  `help:"How homes use water: flush, dry, vat or mixed (60, 25 and 15 %)." enum:"flush,dry,vat,mixed" default:"mixed"`
	Resolution   int     `help:"Litres of the register's last digit, 1 or 10." enum:"1,10" default:"1"`
	Cadence      string  `help:"hourly, half-hourly, or daily: 24 hourly registers, uploaded once a night." enum:"hourly,half-hourly,daily" default:"hourly"`
	Missed       float64 `help:"Share of daily uploads that come a night later." default:"0.03"`
	Irregularity float64 `help:"How much days and homes differ: 0 clockwork, 1 elderly people, 2 to 3 as the working adults of the DAIAD recordings." default:"1"`

	Absences  float64 `help:"Absences overnight per home and month, on average." default:"0.5"`
	Announced float64 `help:"Share of them that is announced beforehand." default:"0"`

	Lost     float64 `help:"Lost blocks of readings per meter and month, mostly of four hours (real: 14.6)." default:"0"`
	Resets   float64 `help:"Registers that begin again at zero, per meter and month." default:"0"`
	Backward float64 `help:"Backward steps of the register per meter and month, mostly of 1 L, seldom of 248 m³ (real: 0.2)." default:"0"`
	Leak     float64 `help:"Constant leak of every home, L/h." default:"0" placeholder:"L/h"`
	Cuts     float64 `help:"Cuts of the water supply per village and month." default:"0"`

	Drift     float64 `help:"Share by which a habit of every home changes, once, in the middle third of the time." default:"0"`
	DriftKind string  `help:"Which habit: amount, night (toilet), rise or mixed." enum:"amount,night,rise,mixed" default:"mixed"`
	DriftDays int     `help:"Days that the change takes; 0 is overnight." default:"0"`

	Incidents     int      `help:"Incidents per home, none in the first three weeks." default:"0"`
	IncidentKinds []string `help:"Of these kinds only: collapse, sos, fall, fever, low_spo2, off_wrist, leak, burst, gateway_outage, late_batch, going_away." placeholder:"KIND,…"`

	Out      string `help:"Readings CSV; .gz compresses." required:"" placeholder:"FILE"`
	Labels   string `help:"CSV of what is true: device,kind,from,to." placeholder:"FILE"`
	Registry string `help:"Whose the devices are: CSV (resident,device,kind,area,tier,home_type), or, with the name ending in .json, the document that POST /api/v1/registry/import takes." placeholder:"FILE"`
}

// Run writes the files and says what is in them.
func (c *simulateHouseholdCmd) Run(ctx context.Context, stdout io.Writer) error {
	start, err := time.ParseInLocation(time.DateOnly, c.Start, time.FixedZone("CST", 8*3600))
	if err != nil {
		return fmt.Errorf("--start: %q: must be a date such as 2026-03-01", c.Start)
	}
	set, err := household.New(household.Options{
		Seed: c.Seed, Homes: c.Homes, Wearers: c.Wearers, Days: c.Days, Start: start,
		Kind: household.Kind(c.Kind), ResolutionL: c.Resolution, Cadence: household.Cadence(c.Cadence), Missed: c.Missed,
		Irregularity: c.Irregularity, Absences: c.Absences, Announced: c.Announced,
		Lost: c.Lost, Resets: c.Resets, Backward: c.Backward, LeakLH: c.Leak, Cuts: c.Cuts,
		Drift: c.Drift, DriftKind: household.DriftKind(c.DriftKind), DriftDays: c.DriftDays,
		Incidents: c.Incidents, IncidentKinds: c.IncidentKinds,
	})
	if err != nil {
		return fmt.Errorf("--%w", err)
	}
	began := time.Now()
	readings := 0
	err = writeOut(c.Out, func(w io.Writer) (err error) {
		readings, err = set.WriteReadings(ctx, w)
		return err
	})
	if err == nil && c.Labels != "" {
		err = writeOut(c.Labels, set.WriteLabels)
	}
	if err == nil && c.Registry != "" {
		write := set.WriteRegistry
		if strings.HasSuffix(c.Registry, ".json") {
			write = set.WriteImport
		}
		err = writeOut(c.Registry, write)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d readings of %d devices over %d days, %d labels, in %s\n",
		readings, set.Devices(), c.Days, len(set.Labels()), time.Since(began).Round(time.Millisecond))
	return nil
}

// writeOut makes a file, compressed when its name ends in .gz.
func writeOut(name string, write func(io.Writer) error) (err error) {
	f, err := os.Create(name) // the operator names the file
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if !strings.HasSuffix(name, ".gz") {
		return write(f)
	}
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	return errors.Join(write(z), z.Close())
}
