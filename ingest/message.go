package ingest

import "time"

// Lane is one of the two ways through the pipeline. Each has its own MQTT
// session and journal subject, so that a backlog of telemetry never stands
// before an SOS. Order is kept within a lane, not across lanes.
type Lane string

// The lanes.
const (
	Telemetry Lane = "telemetry" // channels telemetry, status and ack; and the ticks
	Events    Lane = "event"     // channel event

	// Excess is a way beside: what devices send beyond their rate waits in a
	// queue of its own, for history alone.
	Excess Lane = "excess"
)

// Lanes lists the two, in the order in which they are started.
var Lanes = [...]Lane{Events, Telemetry}

// Message is one MQTT publish as it was received. It is what a journal record
// holds, unless the record is a tick.
type Message struct {
	Topic    string
	Payload  []byte
	Received time.Time // our clock, UTC, microseconds
	Retained bool
}

// Record is one record of the journal: a message, or a tick of our clock.
type Record struct {
	Message
	// Tick marks a tick: only Received and Connected mean anything then.
	Tick      bool
	Connected bool
}

// Frame is the unit in which the journal is written and read: many records of
// one lane and one partition, synced to disk together.
type Frame struct {
	Lane      Lane
	Partition int
	// Seq is the frame's number in the journal, growing over all lanes.
	Seq     uint64
	Records []Record
}

// WatchdogTopic is where the service publishes to itself, to see that its
// connection to the broker still carries messages. No device may use it.
const WatchdogTopic = "homecare/v1/_service/watchdog/alive"
