// Package alerting turns what devices say into cases that people work on. The
// engine hands decoded records to detectors, folds their findings into alerts
// (at most one open alert per subject and kind) and keeps the alert's life: an
// explicit state machine that people move (acknowledge, dispatch, visit, close)
// and time moves (escalation).
//
// The package is pure domain: SQL lives in alerting/store, the detectors in
// alerting/detect, and both are handed in by cmd.
package alerting
