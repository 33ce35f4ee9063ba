package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// process is a program we have started. It ends with us, however we go: a shell
// waits for the end of its input, which only we hold.
type process struct {
	cmd     *exec.Cmd
	guard   io.WriteCloser
	exited  chan struct{}
	logFile string
}

func start(logFile, binary string, args ...string) (*process, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()                    //nolint:errcheck // the program has its own handle
	cmd := exec.Command(binary, args...) //nolint:gosec,noctx // ends by stop or kill
	cmd.Stdout, cmd.Stderr = log, log
	p := &process{cmd: cmd, exited: make(chan struct{}), logFile: logFile}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	guard := exec.Command("sh", "-c", fmt.Sprintf("read line || kill -9 %d", cmd.Process.Pid)) //nolint:gosec,noctx // ends with the program
	if p.guard, err = guard.StdinPipe(); err == nil {
		err = guard.Start()
	}
	if err != nil {
		_ = cmd.Process.Kill()
		return nil, err
	}
	go func() {
		_ = cmd.Wait()
		_, _ = io.WriteString(p.guard, "ended\n")
		_ = guard.Wait()
		close(p.exited)
	}()
	return p, nil
}

// kill ends the program at once, with nothing in it hearing of it.
func (p *process) kill() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill()
	<-p.exited
}

// stop ends it in order, or by force after 20 s.
func (p *process) stop() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.exited:
	case <-time.After(20 * time.Second):
		p.kill()
	}
}

func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

func (p *process) log() string {
	out, _ := os.ReadFile(p.logFile)
	return string(out)
}

func (p *process) tail() string {
	if p == nil {
		return "it was never started"
	}
	out := p.log()
	return out[max(0, len(out)-3000):]
}

// patience is how long anything may take that must happen in the end. It bounds
// what hangs; how quick things are on a busy machine is not for a fault run to
// say.
const patience = 2 * time.Minute

// wait asks until ready says yes, the program ends, or patience does.
func (p *process) wait(ctx context.Context, what string, ready func() bool) error {
	return within(ctx, patience, func() error {
		if p.ended() {
			return fmt.Errorf("%s: %s ended:\n%s", what, filepath.Base(p.cmd.Path), p.tail())
		}
		return nil
	}, what, ready)
}

// within asks until done says yes; broken ends it early.
func within(ctx context.Context, limit time.Duration, broken func() error, what string, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for !done() {
		if err := broken(); err != nil {
			return err
		}
		if pause(ctx, 20*time.Millisecond) != nil {
			return fmt.Errorf("not within %v: %s", limit, what)
		}
	}
	return nil
}

func fine() error { return nil }

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// get returns the body of an answer with the wanted status.
func get(ctx context.Context, url string, header http.Header, want int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing to do about it
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s: %s: %s", req.URL.Path, resp.Status, body)
	}
	return body, err
}

// said counts the lines of a JSON log with the message.
func (p *process) said(message string) (n int) {
	for line := range strings.Lines(p.log()) {
		var l struct{ Message string }
		if json.Unmarshal([]byte(line), &l) == nil && l.Message == message {
			n++
		}
	}
	return n
}
