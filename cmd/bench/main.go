// Command bench measures shouwang beside Telegraf: the same broker, the same
// InfluxDB, the same load, in turns. Absolute figures drift with the machine;
// the ratios of one run do not. It is run by `make bench`, from the repository's
// root, uses loopback and free ports only, and stops all that it has started.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		os.Exit(1)
	}
}

// plan is how much is measured.
type plan struct {
	runs     int
	only     map[string]bool // nil: all parts
	messages int             // of one throughput run
	queued   int             // for the drain
	latency  time.Duration   // of one latency run
	presses  int             // SOS of one alert run
	many     int             // devices of the memory run
	unread   int64           // bytes of journal of the backlog run
	peer     string          // "": both
	rate     float64         // messages/s beside the alerts; 0: half of what saturates
	pprof    string
}

func (p *plan) has(part string) bool { return p.only == nil || p.only[part] }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	quick := flags.Bool("quick", false, "one small run of everything: shows that it works, not how fast it is")
	runs := flags.Int("n", 3, "runs of each, in turns")
	parts := flags.String("only", "", "parts, by comma: throughput,latency,alert,storm,embedded,memory,backlog")
	peer := flags.String("peer", "", "of the two only this one, shouwang or Telegraf: no ratios")
	messages := flags.Int("messages", 100_000, "messages of one throughput run")
	binary := flags.String("shouwang", "", "an already built shouwang, instead of this tree's")
	rate := flags.Float64("rate", 0, "messages/s beside the alerts, instead of half of what was measured to saturate")
	profile := flags.String("pprof", "", "file for a CPU profile of shouwang's first throughput run")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p := &plan{runs: *runs, messages: *messages, queued: 200_000, latency: 20 * time.Second, presses: 200, many: 100_000,
		unread: 1 << 30, peer: *peer, rate: *rate, pprof: *profile}
	if *quick {
		p.runs, p.messages, p.queued, p.latency, p.presses, p.many = 1, 20_000, 20_000, 5*time.Second, 10, 5_000
		p.unread = 50 << 20
	}
	if *parts != "" {
		p.only = map[string]bool{}
		for part := range strings.SplitSeq(*parts, ",") {
			p.only[part] = true
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 90*time.Minute)
	defer cancel()
	b, err := newBench(ctx, stderr, *binary)
	if err != nil {
		return err
	}
	defer b.close()
	t, err := b.measure(ctx, p)
	t.print(stdout)
	return err
}

// bench is what all runs share.
type bench struct {
	log      io.Writer
	dir      string // temporary
	shouwang string // binaries
	telegraf string
	influx   *influx
	template string // folder of a state.db with the devices of the load
	token    string // of its administrator
	databaseNumber,
	sessionNumber int
}

func newBench(ctx context.Context, log io.Writer, binary string) (*bench, error) {
	b := &bench{log: log, shouwang: binary}
	var err error
	if err = b.build(ctx); err != nil {
		return nil, err
	}
	if b.dir, err = os.MkdirTemp("", "shouwang-bench-"); err != nil {
		return nil, err
	}
	if b.influx, err = startInflux(ctx, filepath.Join(tools, "influxd"), filepath.Join(b.dir, "influx")); err != nil {
		b.close()
		return nil, err
	}
	b.template = filepath.Join(b.dir, "template")
	if b.token, err = makeState(ctx, b.template, devicesOfLoad); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	if b.influx != nil {
		b.influx.stop()
	}
	if b.dir != "" {
		_ = os.RemoveAll(b.dir)
	}
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.log, time.Now().Format("15:04:05 ")+format+"\n", args...)
}
