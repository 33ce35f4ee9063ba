// Package household makes up labelled recordings: people who live alone, their
// homes' water meters and their wristbands over months, with what truly happened
// written beside the readings. Habits, irregularity and mishaps are drawn for
// each home apart, wide enough that homes differ as real ones do (docs/households.md
// names the sources). Everything is a function of the options (processors that
// fuse multiplication and addition may round otherwise), and lives and faults are
// drawn apart, so that the same people can be had with other meters. It shares no
// code with the detectors that judge it.
package household
