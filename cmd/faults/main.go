// Command faults kills, starves and misleads the real program, and counts what
// is lost by it: readings that were acknowledged against those that are stored,
// calls for help against alerts. docs/faults.md says what each run shows.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

type cli struct {
	Short  bool     `help:"A form of each run that fits a test: fewer kills, fewer messages."`
	Runs   []string `help:"Which runs; all when missing." placeholder:"NAME"`
	Kills  int      `help:"How often shouwang is killed; 0 is 50, or 5 in the short form." default:"0"`
	Seed   uint64   `help:"Of the moments of the kills." default:"1"`
	Binary string   `help:"The program; built when missing." placeholder:"FILE"`
	Tools  string   `help:"Folder with influxd and telegraf." default:".cache/bin" type:"path"`
	Keep   bool     `help:"Keep the folders of the runs."`
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	var c cli
	parser, err := kong.New(&c, kong.Name("faults"), kong.Writers(stdout, stderr))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	if _, err := parser.Parse(args); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := c.run(ctx, stdout); err != nil {
		fmt.Fprintln(stderr, "faults:", err)
		return 1
	}
	return 0
}

// harness is what all runs need.
type harness struct {
	cli
	out    io.Writer
	dir    string
	binary string
	random *rand.Rand
	// services are those of this run, whose logs are shown when it fails.
	services []*service
}

// scenario is one kind of fault. It returns an error when something was lost
// that should not have been; what it measures it says.
type scenario struct {
	name string
	run  func(context.Context, *harness) error
}

func scenarios() []scenario {
	return []scenario{ // the slowest of the short forms first
		{"disk", fullDisk},
		{"outage", outage},
		{"deaf", deafLine},
		{"kill", killEmbedded},
		{"damage", damage},
		{"answers", answers},
		{"influxd", killInflux},
		{"mosquitto", killMosquitto},
		{"first", firstLife},
		{"excess", killWithExcess},
		{"acks", killAtAcknowledgement},
		{"clocks", clocks},
		{"front", front},
		{"notify", killWhileTelling},
		{"watchers", restartsWhileWatched},
		{"desk", killAtTheDesk},
	}
}

// missingError says that a run needs something that is not here.
type missingError struct{ what string }

func (e *missingError) Error() string { return "not here: " + e.what }

func (c *cli) run(ctx context.Context, out io.Writer) (err error) {
	h := &harness{cli: *c, out: out, binary: c.Binary, random: rand.New(rand.NewPCG(c.Seed, 0))} //nolint:gosec // moments of kills are no secret
	if h.Kills == 0 {
		h.Kills = h.pick(50, 3)
	}
	all := scenarios()
	for _, name := range c.Runs {
		if !slices.ContainsFunc(all, func(s scenario) bool { return s.name == name }) {
			return fmt.Errorf("--runs: there is no run %q", name)
		}
	}
	if h.dir, err = os.MkdirTemp("", "shouwang-faults-"); err != nil {
		return err
	}
	if c.Keep {
		h.say("folders are kept in %s", h.dir)
	} else {
		defer os.RemoveAll(h.dir) //nolint:errcheck // nothing to do about it
	}
	if h.binary == "" {
		h.binary = filepath.Join(h.dir, "shouwang")
		cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", h.binary, "shouwang/cmd/shouwang") //nolint:gosec // ours
		if text, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build shouwang: %w\n%s", err, text)
		}
	}
	var failed []error
	for _, s := range all {
		if len(c.Runs) > 0 && !slices.Contains(c.Runs, s.name) {
			continue
		}
		began := time.Now()
		h.say("\n== %s", s.name)
		h.services = nil
		limited, cancel := context.WithTimeout(ctx, time.Duration(h.pick(20, 8))*time.Minute)
		err := s.run(limited, h)
		cancel()
		missing := new(missingError)
		switch {
		case errors.As(err, &missing) && os.Getenv("CI") != "true":
			h.say("NOT RUN: %v", err)
		case err != nil:
			h.say("FAILED: %v", err)
			for _, s := range h.services {
				h.say("the end of its log, %s:\n%s", s.dir, s.tail())
			}
			failed = append(failed, fmt.Errorf("%s: %w", s.name, err))
		default:
			h.say("good, in %v", time.Since(began).Round(100*time.Millisecond))
		}
	}
	return errors.Join(failed...)
}

// pick chooses between the long and the short form.
func (h *harness) pick(long, short int) int {
	if h.Short {
		return short
	}
	return long
}

func (h *harness) say(format string, args ...any) {
	fmt.Fprintln(h.out, strings.TrimRight(fmt.Sprintf(format, args...), "\n"))
}

// folder is a new folder of a run.
func (h *harness) folder(name string) (string, error) {
	dir := filepath.Join(h.dir, name)
	return dir, os.MkdirAll(dir, 0o700)
}
