//go:build !(linux || darwin || freebsd)

package ingest

import "math"

// freeBytes is not known here: the disk is taken for endless.
func freeBytes(string) (int64, error) { return math.MaxInt64, nil }
