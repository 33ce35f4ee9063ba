package alerting

import "time"

// ClockMark says how a phone's time was taken.
type ClockMark string

// The marks.
const (
	ClockTrusted     ClockMark = ""            // as the phone said
	ClockCorrected   ClockMark = "corrected"   // by as much as its clock was off
	ClockImplausible ClockMark = "implausible" // the time of receipt stands in its place
)

const (
	// networkDelay is what may lie between sending and receipt before the
	// difference counts as a wrong clock: a slow uplink takes its time.
	networkDelay = 30 * time.Second
	// oldestEntry is the age up to which an entry of a phone is believed, as that
	// of readings (DESIGN "MQTT contract").
	oldestEntry = 35 * 24 * time.Hour
)

// PhoneTime is when something happened by the clock of a phone, and what that
// clock said when it was sent; zero Sent when the phone did not say.
type PhoneTime struct{ At, Sent time.Time }

// Correct is when it happened by our clock. What a phone says is believed as far
// as it goes: its clock may be off by any time, which shows in Sent. Nothing has
// happened after it was told.
func (p PhoneTime) Correct(received time.Time) (time.Time, ClockMark) {
	at, mark := p.At.UTC().Truncate(time.Microsecond), ClockTrusted
	if p.At.IsZero() {
		return received, ClockTrusted
	}
	if !p.Sent.IsZero() {
		if p.At.After(p.Sent.Add(time.Second)) {
			return received, ClockImplausible // the clock was set back in between
		}
		if off := received.Sub(p.Sent); off > networkDelay || off < -time.Second {
			at, mark = at.Add(off.Truncate(time.Microsecond)), ClockCorrected
		}
	}
	switch {
	case at.After(received) && mark == ClockTrusted && p.Sent.IsZero():
		return received, ClockImplausible
	case at.After(received):
		return received, mark
	case received.Sub(at) > oldestEntry:
		return received, ClockImplausible
	}
	return at, mark
}
