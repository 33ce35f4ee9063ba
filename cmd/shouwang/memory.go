package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

const (
	// collectAt is after how much growth of what is in use garbage is collected,
	// in per cent. With 50 instead of Go's 100 a saturated service of 1000 devices
	// holds 12 to 14 MB less and spends 5 to 7 % more CPU; this is between.
	collectAt = 75
	// memoryBase is what the service of a small county never comes near, except
	// while it reads a backlog: then the journal's blocks of 8 MB pile up until
	// the collector comes, 700 MB of them without a limit and 235 MB with one.
	memoryBase = 192 << 20
	// memoryForRegistry is how much more there may be for each byte of the
	// registry: states of detectors and what the checkpoints of them hold are
	// about four times as much when all devices speak.
	memoryForRegistry = 8
)

// limitMemory tells the garbage collector what to aim at, after the registry was
// loaded. It is no hard limit: what is needed is taken. Whoever sets GOGC or
// GOMEMLIMIT knows better.
func limitMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	runtime.GC() // what loading has left behind does not count
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	debug.SetMemoryLimit(memoryBase + memoryForRegistry*int64(m.HeapAlloc)) //nolint:gosec // far below 2^63
}
