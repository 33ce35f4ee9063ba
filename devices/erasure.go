package devices

import "time"

// ErasedName stands where the name of an erased resident was.
const ErasedName = "已删除"

// Span is the time for which a device's readings are about one resident: from
// From (zero: from the beginning) up to, and without, To.
type Span struct {
	Device DeviceID  `json:"device"`
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
}

// Covers says whether a time lies in the span.
func (s Span) Covers(t time.Time) bool { return !t.Before(s.From) && t.Before(s.To) }

// Erasure is the order to erase what is known of a resident, and how far it has
// been carried out. A zero time means: not yet.
type Erasure struct {
	Resident string `json:"resident"`
	// Data is the one type that is erased; "" is everything.
	Data      DataType  `json:"data,omitempty"`
	Actor     string    `json:"actor"`
	Requested time.Time `json:"requested"`
	Spans     []Span    `json:"spans"`
	// StateDone: names, notes, evidence, snapshots and dead letters are gone.
	StateDone time.Time `json:"state_done"`
	// SeriesDone: readings and rollups are gone.
	SeriesDone time.Time `json:"series_done"`
	// JournalDone: no raw message from before StateDone is kept any more, so
	// the erasure is complete.
	JournalDone time.Time `json:"journal_done"`
}

// Same says whether both are about the same data of the same resident.
func (e *Erasure) Same(o *Erasure) bool { return e.Resident == o.Resident && e.Data == o.Data }

// Complete says whether nothing is left to do.
func (e *Erasure) Complete() bool { return !e.JournalDone.IsZero() }
