// Package canary is the service's own sign of life. Once a minute it publishes a
// reading of a meter and an event of a band of its own through the MQTT broker,
// as any device does, and watches that both come out where people look: at the
// live view's websocket and in the time series, within seconds. What does not
// come through is said on every board, by an alert, to the administrators, and by
// a second way that needs neither the database nor the board.
package canary
