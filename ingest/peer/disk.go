package peer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// SmallDisk is a disk of its own that can be filled.
type SmallDisk struct {
	// Dir is an empty folder on it.
	Dir string

	root string
}

// MountSmallDisk mounts a disk of so many megabytes, in memory, until the test
// ends. Where that is not allowed the test is skipped; with CI=true it fails.
func MountSmallDisk(tb testing.TB, megabytes int) *SmallDisk {
	tb.Helper()
	d, unmount, err := NewSmallDisk(tb.Context(), tb.TempDir(), megabytes)
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal(err)
		}
		tb.Skipf("NOT TESTED: %v", err)
	}
	tb.Cleanup(unmount)
	return d
}

// NewSmallDisk mounts it at the empty folder root, until unmount is called.
func NewSmallDisk(ctx context.Context, root string, megabytes int) (d *SmallDisk, unmount func(), err error) {
	if os.Getuid() != 0 {
		return nil, nil, errors.New("only root may mount a small disk")
	}
	size := fmt.Sprintf("size=%dm", megabytes)
	if out, err := exec.CommandContext(ctx, "mount", "-t", "tmpfs", "-o", size, "shouwang-test", root).CombinedOutput(); err != nil {
		return nil, nil, fmt.Errorf("mount a small disk: %w: %s", err, out)
	}
	d = &SmallDisk{Dir: filepath.Join(root, "data"), root: root}
	unmount = func() {
		// Lazily: a process that was killed may hold it a moment longer.
		_ = exec.Command("umount", "-l", root).Run() //nolint:noctx // ends at once
	}
	if err := os.Mkdir(d.Dir, 0o700); err != nil {
		unmount()
		return nil, nil, err
	}
	return d, unmount, nil
}

// Fill takes room away until so many bytes are left, as other programs do.
func (d *SmallDisk) Fill(left int64) error {
	f, err := os.OpenFile(d.filler(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // written for its size alone
	free, err := freeBytes(d.root)
	if err != nil {
		return err
	}
	block := make([]byte, 64<<10)
	for n := free - left; n > 0; n -= int64(len(block)) {
		if _, err := f.Write(block[:min(n, int64(len(block)))]); err != nil {
			if left <= 0 {
				return nil // full is what was asked for
			}
			return err
		}
	}
	return nil
}

// Free gives back what Fill has taken.
func (d *SmallDisk) Free() error { return os.Remove(d.filler()) }

func (d *SmallDisk) filler() string { return filepath.Join(d.root, "filler") }
