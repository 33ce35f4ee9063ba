package peer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"time"
)

// launch starts a program that ends when stop is called or this process is
// gone, however it went: a shell waits for the end of its standard input,
// which we hold, and then kills the program.
func launch(logFile, binary string, args ...string) (stop func(), err error) {
	log, err := os.Create(logFile)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the program has its own handle
	const guard = `"$0" "$@" & program=$!; cat >/dev/null; kill -9 $program; wait $program`
	cmd := exec.Command("sh", append([]string{"-c", guard, binary}, args...)...) //nolint:noctx // ends by stop
	cmd.Stdout, cmd.Stderr = log, log
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	return func() {
		_ = stdin.Close()
		_ = cmd.Wait() // it was killed, which is no news
	}, nil
}

// answers waits until the URL gives an answer of any kind below 500.
func answers(ctx context.Context, url string) error {
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode < 500 {
				return nil
			}
			err = errors.New(resp.Status)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: %w", url, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
