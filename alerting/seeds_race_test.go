//go:build race

package alerting_test

// seeds is how many made-up journals are read: SQLite in Go is slow under the
// race detector, and these tests run on one goroutine.
const seeds = uint64(1)
