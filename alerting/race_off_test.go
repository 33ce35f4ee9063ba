//go:build !race

package alerting_test

const (
	raced = false
	seeds = uint64(5)
)
