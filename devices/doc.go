// Package devices is the vocabulary of the service: readings and their
// metrics, events, devices, residents and areas. Every other package speaks in
// these words; this one imports nothing of ours.
package devices
