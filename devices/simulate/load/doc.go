// Package load publishes made-up readings as fast as a broker takes them, or at
// a given rate, and counts what the broker has acknowledged. It is a lean MQTT
// 3.1.1 publisher of its own: what it costs must not drown what is measured.
// Readings are distinct (each has a time of its own), so they can be counted in
// the store afterwards; after a broken connection what was not acknowledged is
// sent again.
package load
