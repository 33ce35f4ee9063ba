// Package roster says who is told of an alert, and when: escalation policies of
// areas, rotas of people with their handover times, overrides and holidays, and
// what waits at night for the morning. It decides from what it is given, with the
// time as an argument; package alerting/store keeps it, package alerting acts by
// it.
package roster
