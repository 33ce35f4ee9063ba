// Package codec turns the payload of one MQTT message into readings and events,
// and names what it cannot take: which field, which value, which rule. It
// judges form, finiteness and time; whether the device is known is not its
// business. There is one file per payload dialect.
package codec
