//go:build !race

package alerting_test

// seeds is how many made-up journals are read.
const seeds = uint64(5)
