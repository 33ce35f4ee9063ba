// Command shouwang is the whole service in one program: the broker, the
// pipeline, the alert engine and the duty board, and the tools around them. It
// is the only place where the adapters meet.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"github.com/rs/zerolog"
)

func main() {
	keepPrivate()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// cli is the command line. Every setting of serve can also stand in the YAML
// file and in the environment (SHOUWANG_…); flags go over the environment, the
// environment over the file.
type cli struct {
	Config configFile `help:"YAML file with settings." placeholder:"FILE" type:"existingfile"`

	Serve       serveCmd       `cmd:"" help:"Run the service."`
	CheckConfig checkConfigCmd `cmd:"" help:"Read the configuration and say what is wrong with it."`
	Demo        demoCmd        `cmd:"" help:"Show the living product: a made-up county, everything embedded."`
	Simulate    simulateCmd    `cmd:"" help:"Publish made-up or recorded readings."`
	Backtest    backtestCmd    `cmd:"" help:"Hold detectors and rules against recorded readings, and keep the score."`
	User        userCmd        `cmd:"" help:"Accounts of the people who use the board."`
	Erase       eraseCmd       `cmd:"" help:"Erase what is known of a resident, and say when that is complete."`
	VerifyLog   verifyLogCmd   `cmd:"" name:"verify-log" help:"Say whether the event log is what was written, and print its newest hash, to be noted elsewhere."`
	Influx      influxCmd      `cmd:"" help:"InfluxDB as the time series."`
	OpenAPI     openAPICmd     `cmd:"" name:"openapi" help:"Print the description of the HTTP interface."`
	Version     versionCmd     `cmd:"" help:"Print the version."`
}

// run is main without the process: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c cli
	var exit *int
	parser, err := kong.New(&c,
		kong.Name("shouwang"),
		kong.Description("Shouwang (守望) watches over people who live alone."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = &code }),
		kong.DefaultEnvars("SHOUWANG"),
		kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintf(stderr, "shouwang: %v\n", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if exit != nil {
		return *exit // help was asked for
	}
	if err != nil {
		fmt.Fprintf(stderr, "shouwang: %v\n", err)
		return 2
	}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.BindTo(stdout, (*io.Writer)(nil))
	parsed.Bind(zerolog.New(stderr).With().Timestamp().Logger())
	if err := parsed.Run(); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintf(stderr, "shouwang: %v\n", err)
		return 1
	}
	return 0
}
