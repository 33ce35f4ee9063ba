package alerting

import (
	"time"

	"shouwang/devices"
)

// Finding is what a detector says: the rule holds for this subject, or holds no
// longer. Findings may be said again (after a restart, in a replay): the
// engine tells them apart by subject, kind and episode.
type Finding struct {
	Kind    Kind
	Subject Subject
	// Episode is the start of the episode in event time: for inactivity the
	// last use, for an SOS its time. Two findings of one subject and kind with
	// the same episode are about the same thing.
	Episode  time.Time
	Severity Severity
	// Recovered says that the episode is over; the alert then carries the mark,
	// and closes itself where its kind may. Only subject, kind, episode and the
	// times count then.
	Recovered bool
	// More says that the episode is known, and that this is what became of it:
	// the evidence is added to the alert's own, and the severity stays. An
	// episode that is not known makes it nothing. Rings says with More that it
	// is worse than was known, so that the alert rings again unless somebody is
	// on the way.
	More, Rings bool
	// Listed says of a new finding about a device that it is one for the day's list
	// of its town and no alert by itself (uploads.go).
	Listed bool
	// FoundAt is the event time at which the rule first held (or recovered).
	FoundAt time.Time
	// KnownAt is the receipt time of the reading or tick that proved it.
	KnownAt time.Time
	// Evidence says what was expected and what was seen, as plain values; the
	// page puts them into words in the reader's language.
	Evidence map[string]any
	Rule     RuleRef
}

// RuleRef names the rule that was applied, and its version.
type RuleRef struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// View is what a detector may know beside the reading: everything in it holds
// as of the receipt time of the record at hand, so that a replay sees the same.
type View struct {
	// Now is the receipt time of the record at hand.
	Now time.Time
	// Watched is how long, up to Now, ingest has had a working broker
	// connection since the engine first ran. Silence is measured on this
	// clock: our outage is never a device's silence.
	Watched time.Duration
	Subject Subject
	// Device is set for device subjects.
	Device *devices.Device
	// Resident is nil for a device without one.
	Resident *devices.Resident
	// Away says that an announced absence covers Now, or that the resident's
	// state is one in which nobody is at home.
	Away bool
	// LastContact is the newest verified contact with the resident, zero when
	// there is none: the person was alive and reached at that time.
	LastContact time.Time
	// Unusual are the stretches of the resident's life that are known to be no habit,
	// in the order in which they became known: people have found out that nobody was
	// at home, or that somebody needed help. They are not learnt from.
	Unusual []Window
	Rules   *Rules
	// More says that the message at hand has a later reading of this device and
	// metric, which follows at once: what would be said of this one may wait for
	// it.
	More bool
}

// Detector judges one subject (a resident with all assigned devices, or one
// device). It is pure: time comes in as an argument, it neither logs nor waits,
// and the same calls give the same findings. It must tolerate duplicates and
// readings out of order, and judge in event time.
type Detector interface {
	// Name keys the saved state; it never changes once released.
	Name() string
	// Observe hears a reading, which is the caller's: it is neither changed nor kept.
	Observe(v *View, r *devices.Reading) []Finding
	Notice(v *View, e devices.Event) []Finding
	Tick(v *View) []Finding
	// Save returns the state, Restore takes it back. State saved by an older
	// release must be understood or refused with an error. Detectors of one name
	// are the same when they are made, and what is as then, or no bytes, is not
	// kept.
	Save() ([]byte, error)
	Restore(state []byte) error
}

// QuietTicks marks a detector whose Tick leaves the state as it was, unless it
// returns a finding or v.Away is set. The engine need not save it after every
// tick then, which counts with thousands of subjects.
type QuietTicks interface{ QuietTicks() }

// Due is when a detector next needs a tick: at a time of receipt or when the
// watched clock stands at Watched, whichever comes first; zero is never.
type Due struct {
	At      time.Time
	Watched time.Duration
}

// Sleeper is a detector that need not see every tick, which counts with a
// hundred thousand homes. Due is asked after a tick, with its view, and is a
// promise: until then a tick changes nothing and says nothing, unless the
// detector has heard something or the view has changed otherwise than in its
// clocks (resident, device, absence, contact, rules). The engine asks again
// after each of those. A detector that is not a Sleeper sees every tick.
type Sleeper interface{ Due(v *View) Due }

// NewDetectors makes the detectors of one subject; it may be called for several at
// once. Given by cmd, so that this package does not import alerting/detect.
type NewDetectors func(Subject) []Detector
