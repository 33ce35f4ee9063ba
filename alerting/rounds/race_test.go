//go:build race

package rounds_test

const raceEnabled = true
