// Package peer runs the real programs that tests measure the service against:
// InfluxDB and Mosquitto, on free ports of the loopback interface. Only tests
// and cmd/faults import it.
package peer
