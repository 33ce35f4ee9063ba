package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"
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

// TestShort is the short form of `make faults`. Nothing in it is held to a time,
// but what hangs ends after `patience` and is named.
func TestShort(t *testing.T) {
	if testing.Short() {
		t.Skip("kills real services, which takes longer than a short test may")
	}
	binary := filepath.Join(t.TempDir(), "shouwang")
	if out, err := exec.Command("go", "build", "-ldflags", "-s -w", "-o", binary, "shouwang/cmd/shouwang").CombinedOutput(); err != nil {
		t.Fatalf("build shouwang: %v\n%s", err, out)
	}
	// They wait more than they work, so some run at a time whatever the number of
	// processors is.
	var runs errgroup.Group
	runs.SetLimit(4)
	for _, s := range scenarios() {
		runs.Go(func() error {
			t.Run(s.name, func(t *testing.T) {
				c := cli{Short: true, Runs: []string{s.name}, Seed: 1, Binary: binary, Tools: "../../.cache/bin"}
				if err := c.run(t.Context(), &lines{t: t}); err != nil {
					t.Error(err)
				}
			})
			return nil
		})
	}
	_ = runs.Wait() // none has an error, they fail their tests
}
