// Package report counts what became of a month's alerts and visits in an area,
// against the times that are promised. It reads nothing itself: Data is handed
// in, so that a month can be counted by hand and compared. Every number names the
// list of what it counts, and the list says no more than ids, area and time.
//
// Times run from when an alert rang, for red from when it became red. An alert
// that came late (an upload of old readings), a test and one that was entered
// twice promise nothing and count in no time and no share; nor does the service's
// own heartbeat count anywhere.
package report
