package alerting

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"shouwang/devices"
)

// SheetState is where a sheet stands.
type SheetState string

// The states of a sheet.
const (
	SheetWaiting   SheetState = "waiting"
	SheetTaken     SheetState = "taken"
	SheetWithdrawn SheetState = "withdrawn" // a newer one of the same desk took its place
)

// Section is what a line of a sheet is about.
type Section string

// The sections, in the order of the sheet.
const (
	SectionCase     Section = "case"
	SectionCallback Section = "callback"
	SectionSilence  Section = "silence"
	SectionSilent   Section = "silent" // a resident of whom no data come
)

// Sheet is a shift as it was handed over.
type Sheet struct {
	ID       string             `json:"id"`
	State    SheetState         `json:"state" enum:"waiting,taken,withdrawn"`
	Areas    []devices.AreaPath `json:"areas" doc:"The desk's; who takes it must see all of them."`
	Outgoing string             `json:"outgoing" doc:"User name of who signed it and went."`
	SignedAt time.Time          `json:"signed_at"`
	DueAt    time.Time          `json:"due_at" doc:"Not taken by then, the supervisor hears of it."`
	ToldAt   *time.Time         `json:"told_at" doc:"When the supervisor was told, null while not."`
	Incoming *string            `json:"incoming" doc:"User name of who took it."`
	TakenAt  *time.Time         `json:"taken_at"`
	TakeNote string             `json:"take_note"`
	// TakeHeard says that the siren was heard by who took it.
	TakeHeard bool        `json:"take_heard"`
	Head      SheetHead   `json:"head"`
	Lines     []SheetLine `json:"lines"`
	Digest    string      `json:"digest" doc:"SHA-256, hex, over the head and the digests of the lines."`
	Intact    bool        `json:"intact" doc:"What is kept is what was signed."`

	// Signed is the head as it was signed.
	Signed string `json:"-"`
}

// SheetHead is what stands over the lines.
type SheetHead struct {
	Outgoing   string             `json:"outgoing"`
	Areas      []devices.AreaPath `json:"areas"`
	At         time.Time          `json:"at"`
	Note       string             `json:"note"`
	SoundHeard bool               `json:"sound_heard" doc:"Who went tested the siren at the end of the shift and heard it."`
	Warnings   []string           `json:"warnings" doc:"States of the service that people must know of."`
	Counts     map[Section]int    `json:"counts"`
}

// SheetLine is one thing to know. It names people by their ids; the name is that
// of today.
type SheetLine struct {
	Section  Section               `json:"section" enum:"case,callback,silence,silent"`
	Alert    string                `json:"alert,omitempty"`
	Silence  string                `json:"silence,omitempty"`
	Resident string                `json:"resident,omitempty"`
	Device   devices.DeviceID      `json:"device,omitempty"`
	Area     devices.AreaPath      `json:"area"`
	Kind     Kind                  `json:"kind,omitempty"`
	Severity Severity              `json:"severity,omitempty"`
	State    State                 `json:"state,omitempty"`
	Frozen   devices.ResidentState `json:"frozen,omitempty"`
	Assignee string                `json:"assignee,omitempty" doc:"User name: of who works on it, promised it, or entered it."`
	Whom     string                `json:"whom,omitempty" doc:"Who is to be called."`
	Since    time.Time             `json:"since,omitzero"`
	Due      time.Time             `json:"due,omitzero" doc:"Of a call, a visit or the end of a silence."`
	Remark   string                `json:"remark,omitempty"`

	Name   string `json:"name,omitempty" doc:"The resident's, as it is today."`
	Erased bool   `json:"erased,omitempty" doc:"The resident was erased; only the digest of the line is left."`
	// Text is the line as it was signed, and Digest its SHA-256.
	Text   string `json:"-"`
	Digest string `json:"-"`
}

// NewSheet is what who goes writes.
type NewSheet struct {
	ID         string            // a UUID that the client has made; "" makes one
	Remarks    map[string]string // by alert
	Note       string
	SoundHeard bool
	Warnings   []string
}

// SilentResident is one of whom no data come.
type SilentResident struct {
	Resident string
	Name     string
	Area     devices.AreaPath
	Alert    string // the device's, or the outage's
	Kind     Kind
	Since    time.Time
}

// SheetFilter selects sheets; a sheet is seen by who sees all of its areas.
type SheetFilter struct {
	Scope  devices.Scope
	State  []SheetState
	Cursor string
	Limit  int
}

// SheetPage is one page of sheets without their lines, newest first.
type SheetPage struct {
	Items []Sheet
	Next  string
}

// seal makes the texts that are kept and the digest over them.
func (s *Sheet) seal() error {
	head, err := json.Marshal(s.Head)
	if err != nil {
		return fmt.Errorf("head of the sheet: %w", err)
	}
	s.Signed = string(head)
	for i := range s.Lines {
		l := s.Lines[i]
		l.Name = ""
		text, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("line of the sheet: %w", err)
		}
		s.Lines[i].Text, s.Lines[i].Digest = string(text), digestOf(string(text))
	}
	s.Digest = s.digest()
	return nil
}

// digest is what is signed.
func (s *Sheet) digest() string {
	var text strings.Builder
	text.WriteString(s.Signed + "\n")
	for _, l := range s.Lines {
		text.WriteString(l.Digest + "\n")
	}
	return digestOf(text.String())
}

// Verify says whether what is kept is what was signed; of a line that was erased
// only the digest is left.
func (s *Sheet) Verify() bool {
	for _, l := range s.Lines {
		if l.Text != "" && digestOf(l.Text) != l.Digest {
			return false
		}
	}
	return s.digest() == s.Digest
}

func digestOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
