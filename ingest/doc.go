// Package ingest is the first half of the pipeline: what a device publishes is
// written to the journal before it is acknowledged, and only then decoded. Two
// readers follow the journal, each at its own pace: history writes the readings
// to the time series, alerting hands the records to the alert engine.
//
// The package holds the words of the pipeline and the two readers; the
// technologies (paho, JetStream, InfluxDB, SQLite) live in the folders below it
// and know nothing of one another.
package ingest
