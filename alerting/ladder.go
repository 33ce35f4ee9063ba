package alerting

import (
	"slices"
	"strings"
	"time"

	"shouwang/devices"
)

// RungKind is whom a rung of the contact ladder asks.
type RungKind string

// The rungs, in the order in which they are climbed.
const (
	RungResident  RungKind = "resident"
	RungContact   RungKind = "contact"   // family and friends, in their order
	RungNeighbour RungKind = "neighbour" // somebody who lives near
	RungAssistant RungKind = "assistant" // of the village
	RungDoor      RungKind = "door"      // somebody goes there
	RungEmergency RungKind = "emergency" // 120 and 110
)

// RungState says how far the ladder is at a rung.
type RungState string

// The states of a rung.
const (
	RungLater    RungState = "later"
	RungNext     RungState = "next"
	RungTried    RungState = "tried"    // in vain
	RungAnswered RungState = "answered" // by whoever was asked, or somebody was met
	RungGoing    RungState = "going"    // somebody is on the way to the door
)

// Try is one attempt at a rung.
type Try struct {
	At     time.Time `json:"at"`
	Result string    `json:"result" doc:"answered, no_answer, busy, wrong_number; of a visit its outcome."`
	By     string    `json:"by" doc:"User name."`
}

// Rung is one step of the ladder.
type Rung struct {
	Kind     RungKind  `json:"kind" enum:"resident,contact,neighbour,assistant,door,emergency"`
	Whom     string    `json:"whom" doc:"Under what a call is recorded; empty at the door."`
	Relation string    `json:"relation" doc:"Of a contact."`
	Number   string    `json:"number" doc:"With its middle hidden; empty when not known."`
	State    RungState `json:"state" enum:"later,next,tried,answered,going"`
	Tries    []Try     `json:"tries" doc:"Since the alert last rang, oldest first."`
}

// Ladder is the way to a person: whom to ask next, before and at the door.
type Ladder struct {
	Rungs   []Rung `json:"rungs"`
	Next    int    `json:"next" doc:"Number of the next rung, from 0; -1 when the resident was reached or none is left."`
	Reached bool   `json:"reached" doc:"The resident was spoken to or met since the alert last rang."`
}

// LadderFor is what a ladder is made of.
type LadderFor struct {
	Alert    *Alert
	Resident *devices.Resident // with phone and contacts
	// Assistants are the names of those of the village.
	Assistants []string
	Calls      []CallRecord // about the alert
	Visits     []Visit      // for the alert
	Rules      *VisitRules
}

// neighbours are the words for one among a resident's contacts.
var neighbours = []string{"邻居", "邻里", "邻", "neighbour", "neighbor"}

// NewLadder works out where the ladder stands: the resident, the contacts in
// order, somebody near or of the village, the door, 120 and 110. A rung is done
// when it was tried as often as the rules say, or somebody answered.
func NewLadder(f LadderFor) Ladder {
	l := Ladder{Rungs: []Rung{}, Next: -1}
	if f.Resident == nil {
		return l
	}
	add := func(kind RungKind, whom, relation, number string) {
		r := Rung{Kind: kind, Whom: whom, Relation: relation, Number: devices.MaskPhone(number), Tries: []Try{}, State: RungLater}
		if kind == RungEmergency {
			r.Number = whom
		}
		for _, c := range f.Calls {
			if c.Whom == whom && !c.Started.Before(f.Alert.RangAt) {
				r.Tries = append(r.Tries, Try{At: c.Started, Result: c.Result, By: c.By})
			}
		}
		r.settle(f.Rules.Tries)
		l.Reached = l.Reached || kind == RungResident && r.State == RungAnswered
		l.Rungs = append(l.Rungs, r)
	}
	add(RungResident, "resident", "", f.Resident.Phone)
	near := 0
	for _, nearby := range []bool{false, true} {
		for _, c := range f.Resident.Contacts {
			kind := RungContact
			if slices.ContainsFunc(neighbours, func(w string) bool { return strings.Contains(strings.ToLower(c.Relation), w) }) {
				kind = RungNeighbour
			}
			if (kind == RungNeighbour) != nearby || kind == RungNeighbour && !f.Rules.Neighbour {
				continue
			}
			if nearby {
				near++
			}
			add(kind, c.Name, c.Relation, c.Phone)
		}
	}
	if f.Rules.Neighbour {
		for _, name := range f.Assistants {
			near++
			add(RungAssistant, name, "", "")
		}
		if near == 0 {
			add(RungNeighbour, "neighbour", "", "")
		}
	}
	l.door(f)
	add(RungEmergency, "120", "", "")
	add(RungEmergency, "110", "", "")
	if l.Reached {
		return l
	}
	for i := range l.Rungs {
		if r := &l.Rungs[i]; r.State == RungLater && r.callable() {
			r.State, l.Next = RungNext, i
			break
		}
	}
	return l
}

// callable says whether there is a way to go on by this rung. Assistants are
// colleagues, whose numbers the desk has.
func (r *Rung) callable() bool {
	switch r.Kind {
	case RungResident, RungContact, RungNeighbour:
		return r.Number != ""
	}
	return true
}

// settle says what the tries come to.
func (r *Rung) settle(enough int) {
	for _, t := range r.Tries {
		switch t.Result {
		case "answered":
			r.State = RungAnswered
			return
		case "wrong_number":
			r.State = RungTried
		}
	}
	if len(r.Tries) >= enough {
		r.State = RungTried
	}
}

// door adds the visits for the alert.
func (l *Ladder) door(f LadderFor) {
	r := Rung{Kind: RungDoor, Tries: []Try{}, State: RungLater}
	for i := range f.Visits {
		v := &f.Visits[i]
		switch {
		case v.Report != nil && !v.Report.At.Add(time.Minute).Before(f.Alert.RangAt):
			r.Tries = append(r.Tries, Try{At: v.Report.At, Result: string(v.Report.Outcome), By: v.Report.By})
			if Reached(v.Report.Outcome, v.how()) {
				r.State, l.Reached = RungAnswered, true
			} else if r.State != RungAnswered {
				r.State = RungTried
			}
		case v.State.Active() && r.State == RungLater:
			r.State = RungGoing
		}
	}
	l.Rungs = append(l.Rungs, r)
}
