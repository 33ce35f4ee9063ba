// Package publisher is the devices' side of the MQTT contract: it publishes what
// the simulated county measures, each device with its own credentials, and
// replays recordings, as devices would. It speaks MQTT through paho, as
// ingest/mqtt does for the service's side; the two share nothing, so that the
// simulator knocks at the same door as everybody (docs/decisions).
package publisher
