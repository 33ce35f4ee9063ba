package alerting

import (
	"math"
	"slices"
	"strings"
	"time"

	"shouwang/devices"
)

// What is entered at the door: check-in, check-out, the steps of the checklist
// for when nobody answers, photos. Entries are facts that a phone hands in, maybe
// days later and maybe twice; they are never refused for the state of the visit.

// EntryKind is what was entered.
type EntryKind string

// The kinds of entries.
const (
	EntryCheckIn   EntryKind = "checkin"
	EntryCheckOut  EntryKind = "checkout"
	EntryChecklist EntryKind = "checklist"
	EntryPhoto     EntryKind = "photo"
)

// CheckInHow is how somebody shows to be at the door.
type CheckInHow string

// The ways to check in.
const (
	ByPosition CheckInHow = "position"
	ByDoorCode CheckInHow = "door_code" // hangs at the door
	BySerial   CheckInHow = "serial"    // of a device in the home
	ByWord     CheckInHow = "word"      // nothing but the person's word and reason
)

// CheckInHows lists them.
func CheckInHows() []CheckInHow { return []CheckInHow{ByPosition, ByDoorCode, BySerial, ByWord} }

// CheckInMark says why a check-in proves nothing; "" proves that somebody was
// there.
type CheckInMark string

// The marks of a check-in.
const (
	MarkOutside    CheckInMark = "outside"    // farther from the home than the radius
	MarkInaccurate CheckInMark = "inaccurate" // the position says too little
	MarkNoHome     CheckInMark = "no_home"    // nobody has entered where the home is
	MarkWrongCode  CheckInMark = "wrong_code" // neither this door's nor a device's
	MarkWord       CheckInMark = "word"
)

// DoorStep is a step of the checklist for a door that nobody opens.
type DoorStep string

// DoorSteps are the steps in the order of the protocol: from what is done at once
// to what is done when nothing else is left.
func DoorSteps() []DoorStep {
	return []DoorStep{"call_again", "knock", "look_inside", "neighbours", "family", "supervisor", "emergency_110", "emergency_120", "opened", "entered"}
}

// StepResult is how a step went.
type StepResult string

// StepResults are the results of a step.
func StepResults() []StepResult { return []StepResult{"done", "nothing", "not_possible"} }

// Conflict says what had happened to the visit before an entry arrived. The entry
// is taken all the same.
type Conflict string

// The conflicts, the gravest first.
const (
	NoConflict         Conflict = ""
	ConflictCanceled   Conflict = "canceled"
	ConflictReported   Conflict = "reported"   // by somebody else
	ConflictReassigned Conflict = "reassigned" // to somebody else
	ConflictClosed     Conflict = "closed"     // the alert, before the entry was made
)

// DoorEntry is one thing that was entered at the door.
type DoorEntry struct {
	UUID     string    `json:"uuid" format:"uuid"`
	Visit    string    `json:"visit"`
	Kind     EntryKind `json:"kind" enum:"checkin,checkout,checklist,photo"`
	At       time.Time `json:"at" doc:"By the service's clock."`
	PhoneAt  time.Time `json:"phone_at,omitzero" doc:"By the phone's clock."`
	Received time.Time `json:"received"`
	By       string    `json:"by" doc:"User name."`
	DoorData
}

// DoorData is what an entry says beyond who and when.
type DoorData struct {
	Clock    ClockMark `json:"clock,omitempty" enum:",corrected,implausible" doc:"How the phone's time was taken: as it is, corrected by as much as its clock was off, or replaced by the time of receipt."`
	Conflict Conflict  `json:"conflict,omitempty" enum:",canceled,reported,reassigned,closed" doc:"What had happened to the visit before this arrived; it was taken all the same."`

	// Of a check-in.
	How       CheckInHow  `json:"how,omitempty" enum:",position,door_code,serial,word"`
	Mark      CheckInMark `json:"mark,omitempty" enum:",outside,inaccurate,no_home,wrong_code,word" doc:"Why the check-in proves nothing; empty when it proves that somebody was there."`
	DistanceM *float64    `json:"distance_m,omitempty" doc:"From the home."`
	AccuracyM float64     `json:"accuracy_m,omitempty"`
	Shifted   bool        `json:"shifted,omitempty" doc:"The phone gave the position on the maps' own datum (GCJ-02)."`
	Reason    string      `json:"reason,omitempty"`

	// Of a step of the checklist.
	Step   DoorStep   `json:"step,omitempty" enum:",call_again,knock,look_inside,neighbours,family,supervisor,emergency_110,emergency_120,opened,entered"`
	Result StepResult `json:"result,omitempty" enum:",done,nothing,not_possible"`
	Note   string     `json:"note,omitempty"`

	// Of a photo.
	Photo       string `json:"photo,omitempty" doc:"Id of the picture; empty once it was removed."`
	Width       int    `json:"width,omitempty"`
	Height      int    `json:"height,omitempty"`
	RemovedDays int    `json:"removed_after_days,omitempty" doc:"The picture was removed when it was so old."`
}

// ReportMore is what a report says beyond its outcome and note.
type ReportMore struct {
	Condition Condition `json:"condition,omitempty" enum:",good,weak,ill,injured,confused,not_seen" doc:"How the resident was found."`
	FollowUp  bool      `json:"follow_up,omitempty" doc:"Somebody has to come back to it."`
	PhoneAt   time.Time `json:"phone_at,omitzero" doc:"When it was found by the phone's clock, where that is not what counts."`
	Clock     ClockMark `json:"clock,omitempty" enum:",corrected,implausible"`
	Conflict  Conflict  `json:"conflict,omitempty" enum:",canceled,reported,reassigned,closed" doc:"What had happened to the visit before the report arrived."`
}

// Condition is how a resident was found.
type Condition string

// Conditions lists them, the empty one for a report that does not say.
func Conditions() []Condition {
	return []Condition{"", "good", "weak", "ill", "injured", "confused", "not_seen"}
}

// Home is where a resident lives, and the code that hangs at the door.
type Home struct {
	Resident string
	Lat, Lon float64 // WGS-84; both 0 while not known
	Source   HomeSource
	DoorCode string // "" while none was made
	Note     string // what matters at the door
	Changed  time.Time
	Actor    string
}

// HomeSource says where the position comes from.
type HomeSource string

// The sources of a home's position.
const (
	HomeEntered HomeSource = "entered"
	HomeAtDoor  HomeSource = "door" // learnt from a check-in that the door's code or a serial proved
)

// Known says whether the position is known.
func (h Home) Known() bool { return h.Lat != 0 || h.Lon != 0 }

// Position is where a phone is.
type Position struct {
	Lat, Lon  float64
	AccuracyM float64
	Datum     devices.Datum // "" is WGS-84
}

func (p *Position) wgs() (float64, float64) { return p.Datum.ToWGS84(p.Lat, p.Lon) }

// goodFixM is the accuracy of a fix that a home's position may be learnt from.
const goodFixM = 30

// door is what a check-in is held against.
type door struct {
	home    Home
	serials []string
	rules   FieldRules
}

// judge says whether the check-in proves that somebody was at the door, how far
// away, and whether a home not known yet may be learnt from it.
func (p door) judge(e *DoorData, at *Position, code string) (learn bool) {
	if at != nil {
		e.AccuracyM = math.Round(at.AccuracyM)
		if p.home.Known() {
			e.DistanceM, e.Shifted = p.distance(*at)
		}
	}
	switch e.How {
	case ByDoorCode:
		if p.home.DoorCode == "" || DoorCode(code) != p.home.DoorCode {
			e.Mark = MarkWrongCode
		}
	case BySerial:
		if !slices.ContainsFunc(p.serials, func(s string) bool { return sameSerial(s, code) }) {
			e.Mark = MarkWrongCode
		}
	case ByPosition:
		switch {
		case at == nil || !(at.AccuracyM > 0 && at.AccuracyM <= p.rules.AccuracyM):
			e.Mark = MarkInaccurate
		case !p.home.Known():
			e.Mark = MarkNoHome
		case *e.DistanceM > p.rules.CheckInM:
			e.Mark = MarkOutside
		}
		return false
	default:
		e.Mark = MarkWord
	}
	return e.Mark == "" && at != nil && !p.home.Known() && at.AccuracyM > 0 && at.AccuracyM <= goodFixM
}

// distance is how far the phone is from the home. Some browsers sold in China
// give positions on the maps' datum and do not say so: one that is at the door if
// it is read so is read so.
func (p door) distance(at Position) (*float64, bool) {
	lat, lon := at.wgs()
	d := math.Round(devices.DistanceM(p.home.Lat, p.home.Lon, lat, lon))
	if at.Datum == "" && d > p.rules.CheckInM {
		lat, lon = devices.GCJ02.ToWGS84(at.Lat, at.Lon)
		if s := math.Round(devices.DistanceM(p.home.Lat, p.home.Lon, lat, lon)); s <= p.rules.CheckInM {
			return &s, true
		}
	}
	return &d, false
}

// DoorCode is a code as it was typed or scanned, in the form in which codes are
// kept: the last part of a scanned address, capitals and digits only.
func DoorCode(typed string) string {
	if i := strings.LastIndex(typed, "door="); i >= 0 {
		typed = typed[i+len("door="):]
	}
	return plainSerial(typed)
}

func plainSerial(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, s)
}

// sameSerial compares a device's id with what was read off it. Six characters at
// its end will do: that much is legible on a meter in a pit.
func sameSerial(id, typed string) bool {
	id, typed = plainSerial(id), plainSerial(typed)
	return len(typed) >= 6 && strings.HasSuffix(id, typed) || typed != "" && id == typed
}
