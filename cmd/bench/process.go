package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tools is where the Makefile puts what it builds for its own use.
const tools = ".cache/bin"

const telegrafVersion = "v1.37.2"

// build makes the binaries that are not there yet, and shouwang anew.
func (b *bench) build(ctx context.Context) error {
	b.telegraf = filepath.Join(tools, "telegraf")
	where, err := filepath.Abs(tools)
	if err != nil {
		return err
	}
	gobin := "GOBIN=" + where
	install := func(binary, pkg string, args ...string) error {
		if _, err := os.Stat(filepath.Join(tools, binary)); err == nil {
			return nil
		}
		b.say("building %s", pkg)
		return command(ctx, []string{gobin}, "go", append(append([]string{"install"}, args...), pkg)...)
	}
	if err := install("telegraf", "github.com/influxdata/telegraf/cmd/telegraf@"+telegrafVersion,
		"-tags", "custom,inputs.mqtt_consumer,outputs.influxdb_v2,parsers.json_v2,outputs.discard"); err != nil {
		return err
	}
	if err := install("influxd", "github.com/influxdata/influxdb/cmd/influxd@v1.8.10"); err != nil {
		return err
	}
	if b.shouwang != "" {
		return nil
	}
	b.shouwang = filepath.Join(where, "shouwang-bench")
	b.say("building shouwang")
	return command(ctx, nil, "go", "build", "-ldflags", "-s -w", "-o", b.shouwang, "./cmd/shouwang")
}

func command(ctx context.Context, env []string, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // ours
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// process is a program we have started.
type process struct {
	cmd     *exec.Cmd
	exited  chan struct{}
	logFile string
	began   time.Time
}

// start runs a program whose output goes to logFile. It is killed with us.
func start(logFile, binary string, args ...string) (*process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()                    //nolint:errcheck // the program has its own handle
	cmd := exec.Command(binary, args...) //nolint:gosec,noctx // ends by stop
	cmd.Stdout, cmd.Stderr = log, log
	killedWithUs(cmd)
	p := &process{cmd: cmd, exited: make(chan struct{}), logFile: logFile, began: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	go func() {
		_ = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// stop ends the program in order, or by force after 20 s.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// tail is the end of the program's output, for errors.
func (p *process) tail() string {
	out, _ := os.ReadFile(p.logFile)
	return string(out[max(0, len(out)-2000):])
}

// wait asks until ready says yes, the program ends, or a minute is over.
func (p *process) wait(ctx context.Context, what string, ready func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !ready() {
		select {
		case <-p.exited:
			return fmt.Errorf("%s: %s ended:\n%s", what, filepath.Base(p.cmd.Path), p.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s: not within a minute:\n%s", what, p.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// cpu is the time the program has used, user and system.
func (p *process) cpu() time.Duration {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	// The name may hold blanks; behind its bracket stand plain fields, the
	// state first. Times are in hundredths of a second on every Linux.
	fields := strings.Fields(string(raw[bytes.LastIndexByte(raw, ')')+1:]))
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory is what the program holds now and has held at most, in MB.
func (p *process) memory() (now, peak float64) {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for line := range strings.Lines(string(raw)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kb, _ := strconv.ParseFloat(fields[1], 64)
		switch fields[0] {
		case "VmRSS:":
			now = kb / 1024
		case "VmHWM:":
			peak = kb / 1024
		}
	}
	return now, peak
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // does not wait
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// get returns the body of a good answer.
func get(ctx context.Context, url, user, password string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if user != "" {
		req.SetBasicAuth(user, password)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing to do about it
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = errors.New(resp.Status + ": " + string(body))
	}
	return body, err
}
