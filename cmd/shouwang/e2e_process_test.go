package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// house holds what the end-to-end tests of one run share: the binary, and a demo
// county that most of them work in. TestMain clears it away.
type house struct {
	binary func() (string, error)
	dir    string

	mu   sync.Mutex
	demo *process
	// taken are the devices of the demo that a test has for itself.
	taken map[string]bool
}

//nolint:gochecknoglobals // one build and one demo for all tests of the run
var shared = &house{taken: map[string]bool{}}

func TestMain(m *testing.M) { os.Exit(shared.run(m)) }

func (h *house) run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "shouwang-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	h.dir = dir
	h.binary = sync.OnceValues(func() (string, error) { return build(dir) })
	defer os.RemoveAll(dir)
	defer func() {
		if h.demo != nil {
			h.demo.kill()
		}
	}()
	return m.Run()
}

// build makes the binary as `make build` does, so that both share the cache.
// SHOUWANG_TEST_RACE puts the race detector into it.
func build(dir string) (string, error) {
	binary := filepath.Join(dir, "shouwang")
	args := []string{"build", "-ldflags", "-s -w", "-o", binary}
	if os.Getenv("SHOUWANG_TEST_RACE") != "" {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, ".")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binary: %w\n%s", err, out)
	}
	return binary, nil
}

// theBinary is the real program, with the page in it.
func theBinary(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("end to end takes longer than a short test may")
	}
	if _, err := os.Stat("../../dashboard/web/dist/index.html"); err != nil {
		missing(t, "the page is not built, run `make web`")
	}
	binary, err := shared.binary()
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// missing ends a test that lacks something: loudly, and with an error in CI.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(what)
	}
	t.Skip("NOT TESTED: " + what)
}

// process is a shouwang that runs on its own.
type process struct {
	cmd    *exec.Cmd
	guard  io.Closer
	done   chan struct{} // closed when it has ended; then err stands
	err    error
	stdout string // file
	stderr string // file
}

// launch starts the binary. It is killed when the test binary goes, however it
// goes: a shell waits for the end of its input, which only we hold.
func launch(binary, dir string, env []string, args ...string) (*process, error) {
	files, err := os.MkdirTemp(dir, "log-")
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.Command(binary, args...), done: make(chan struct{})}
	p.stdout, p.stderr = filepath.Join(files, "stdout"), filepath.Join(files, "stderr")
	stdout, err := os.Create(p.stdout)
	if err != nil {
		return nil, err
	}
	defer stdout.Close()
	stderr, err := os.Create(p.stderr)
	if err != nil {
		return nil, err
	}
	defer stderr.Close()
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = stdout, stderr, dir
	p.cmd.Env = append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	guard := exec.Command("sh", "-c", fmt.Sprintf("read line || kill -9 %d", p.cmd.Process.Pid))
	if p.guard, err = guard.StdinPipe(); err != nil {
		return nil, errors.Join(err, p.cmd.Process.Kill())
	}
	if err := guard.Start(); err != nil {
		return nil, errors.Join(err, p.cmd.Process.Kill())
	}
	go func() {
		p.err = p.cmd.Wait()
		_, _ = io.WriteString(p.guard.(io.Writer), "ended\n")
		_ = guard.Wait()
		close(p.done)
	}()
	return p, nil
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// kill is the power cut: nothing in the process hears of it.
func (p *process) kill() {
	if !p.ended() {
		_ = p.cmd.Process.Kill()
	}
	<-p.done
}

// stop asks for an orderly end, which its exit code tells.
func (p *process) stop(t *testing.T) {
	t.Helper()
	began := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatalf("SIGTERM: %v", err)
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		p.kill()
		t.Fatalf("did not stop after SIGTERM\n%s", p.output())
	}
	if p.err != nil {
		t.Fatalf("ended with %v after SIGTERM\n%s", p.err, p.output())
	}
	t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("%v: %v", s, err)
	}
}

// output is the end of what it has printed.
func (p *process) output() string {
	var all bytes.Buffer
	for _, file := range []string{p.stdout, p.stderr} {
		b, _ := os.ReadFile(file)
		all.Write(b[max(0, len(b)-8000):])
	}
	return all.String()
}

// sound fails the test when the process has said of itself that something is
// broken, and shows its log when the test has failed.
func (p *process) sound(t *testing.T) {
	t.Helper()
	b, _ := os.ReadFile(p.stderr)
	for _, sign := range []string{"panic:", "DATA RACE", "fatal error:"} {
		if strings.Contains(string(b), sign) {
			t.Errorf("the log says %q", sign)
		}
	}
	if t.Failed() {
		t.Logf("output of the service:\n%s", p.output())
	}
}

// patience is the least time that anything gets which must happen in the end. The
// times that callers name are what is promised on a machine of its own; a test run
// shares its machine, and what is late there is not wrong. How quick things are
// is measured by cmd/bench.
const patience = time.Minute

// eventually asks again and again until the answer is yes.
func eventually(t *testing.T, within time.Duration, what string, ask func() bool) {
	t.Helper()
	if !asked(max(within, patience), 20*time.Millisecond, ask) {
		t.Fatalf("not within %v: %s", max(within, patience), what)
	}
}

func asked(within, every time.Duration, ask func() bool) bool {
	deadline := time.Now().Add(within)
	again := time.NewTicker(every)
	defer again.Stop()
	for !ask() {
		if time.Now().After(deadline) {
			return false
		}
		<-again.C
	}
	return true
}
