//go:build race

package alerting_test

const (
	// raced says that the race detector slows everything down, SQLite in Go most.
	raced = true
	// seeds is how many made-up journals are read.
	seeds = uint64(1)
)
