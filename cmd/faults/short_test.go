package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// lines is where a run says what it has measured.
type lines struct {
	t  *testing.T
	mu sync.Mutex
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if text := strings.TrimSpace(string(p)); text != "" {
		l.t.Log(text)
	}
	return len(p), nil
}

// TestShort is the short form of `make faults`. It runs when SHOUWANG_FAULTS is
// set: it kills and starves whole services against the clock, which is no part of
// a test run on a busy machine.
func TestShort(t *testing.T) {
	if os.Getenv("SHOUWANG_FAULTS") == "" {
		t.Skip("runs when SHOUWANG_FAULTS is set")
	}
	binary := filepath.Join(t.TempDir(), "shouwang")
	if out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", binary, "shouwang/cmd/shouwang").CombinedOutput(); err != nil {
		t.Fatalf("build shouwang: %v\n%s", err, out)
	}
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel() // they wait more than they work
			c := cli{Short: true, Runs: []string{s.name}, Seed: 1, Binary: binary, Tools: "../../.cache/bin"}
			if err := c.run(t.Context(), &lines{t: t}); err != nil {
				t.Error(err)
			}
		})
	}
}
