package devices

import "time"

// Quality says what is doubtful about a time or a value; "" is a good reading.
type Quality string

// The qualities a decoder gives.
const (
	// ReceiptTime: the device gave no time, the time of receipt stands.
	ReceiptTime Quality = "receipt_time"
	// ClockRefused: the device's time was impossible; kept (only for SOS and
	// fall, which are never refused) with the time of receipt.
	ClockRefused Quality = "clock_refused"
)

// Reading is one measured value at one time. At is the device's time and
// Received ours; both are UTC.
type Reading struct {
	Device   DeviceID
	Metric   Metric
	Value    float64
	At       time.Time
	Received time.Time
	Quality  Quality
}

// EventKind is what a device says has happened.
type EventKind string

// The events of the contract, version 1.
const (
	EventSOS         EventKind = "sos"
	EventFall        EventKind = "fall"
	EventWorn        EventKind = "worn"
	EventRemoved     EventKind = "removed"
	EventTamper      EventKind = "tamper"
	EventLeak        EventKind = "leak"
	EventReverseFlow EventKind = "reverse_flow"
	EventLowBattery  EventKind = "low_battery"
)

// Known says whether the event is in the contract.
func (k EventKind) Known() bool {
	switch k {
	case EventSOS, EventFall, EventWorn, EventRemoved, EventTamper, EventLeak, EventReverseFlow, EventLowBattery:
		return true
	}
	return false
}

// Urgent says whether the event calls for help and so is never refused.
func (k EventKind) Urgent() bool { return k == EventSOS || k == EventFall }

// Event is one happening reported by a device.
type Event struct {
	Device   DeviceID
	Kind     EventKind
	At       time.Time
	Received time.Time
	Quality  Quality
	// Detail holds the other fields of the payload (position, values) as sent.
	Detail map[string]any
}

// Record is what one journal record says once decoded: the contents of one
// MQTT message, or a tick of our own clock.
type Record struct {
	// Received is our time of receipt; rules, assignments and absences are
	// read as of it.
	Received time.Time
	// Device is the publisher, "" on a tick.
	Device DeviceID
	// Retained messages are old news: stored, never a sign of life.
	Retained bool
	Readings []Reading
	Events   []Event
	// Online is the device's own word on its connection, nil when it said
	// nothing of it.
	Online *bool
	// Tick is set on a tick record and on no other.
	Tick *Tick
}

// Tick is our clock as the journal keeps it, every 10 s.
type Tick struct {
	// Connected says whether both MQTT sessions of ingest were up when the
	// tick was written. Time without connection is our outage, never a
	// device's silence.
	Connected bool
}

// Refusal is one message, or one element of it, that was not taken, with the
// reason for the party that can mend it. Field, Value and Rule are for people;
// Code is for counters and programs.
type Refusal struct {
	Code     RefusalCode
	Field    string // e.g. "[3].metrics.heart_rate_bpm"
	Value    string // as sent, cut to 200 bytes
	Rule     string // e.g. "must be a finite number"
	Device   DeviceID
	Topic    string
	Received time.Time
	// SHA256 of the whole payload, hex.
	SHA256 string
	// Payload as sent, cut to 4 KiB for keeping.
	Payload []byte
}

// Detail is the refusal as one sentence.
func (r Refusal) Detail() string {
	s := r.Rule
	if r.Value != "" {
		s = r.Value + ": " + s
	}
	if r.Field != "" {
		s = r.Field + ": " + s
	}
	return s
}

// RefusalCode is the kind of a refusal: a metric label and the `code` of the
// error message a device gets.
type RefusalCode string

// Why a message or an element of it can be refused.
const (
	UnknownDevice  RefusalCode = "unknown_device"
	DeviceDisabled RefusalCode = "device_disabled"
	Malformed      RefusalCode = "malformed"
	NotANumber     RefusalCode = "not_a_number"
	TimeAhead      RefusalCode = "time_ahead"
	TooOld         RefusalCode = "too_old"
	TooLarge       RefusalCode = "too_large"
	UnknownEvent   RefusalCode = "unknown_event"
	WrongTopic     RefusalCode = "wrong_topic"
	StoreRefused   RefusalCode = "store_refused" // the time-series store would not take it
	Internal       RefusalCode = "internal"      // a defect of the service
	OverRate       RefusalCode = "over_rate"     // beyond the device's rate, and the queue for that full
)
