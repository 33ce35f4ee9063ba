//go:build race

package alerting_test

// raced says that the race detector slows everything down.
const raced = true
