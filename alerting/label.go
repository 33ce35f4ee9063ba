package alerting

import (
	"slices"
	"time"

	"shouwang/devices"
)

// Cause is why an alert was a false alarm.
type Cause string

// The causes of a false alarm.
const (
	CauseAway   Cause = "away"   // nobody was at home
	CauseDevice Cause = "device" // the device was wrong, or worn wrongly
	CauseHabit  Cause = "habit"  // the resident lives like that
	CauseTest   Cause = "test"   // somebody tried it out
	CauseOther  Cause = "other"
)

// Causes lists all causes.
func Causes() []Cause { return []Cause{CauseAway, CauseDevice, CauseHabit, CauseTest, CauseOther} }

// Label is what people found out about what a detector had said. The time it is
// about runs from the start of the episode until it was over, or until the alert
// was closed.
type Label struct {
	Alert    string           `json:"alert"`
	Resident string           `json:"resident"`
	Kind     Kind             `json:"kind"`
	Severity Severity         `json:"severity"`
	Area     devices.AreaPath `json:"area"`
	Rule     RuleRef          `json:"rule"`
	Outcome  Outcome          `json:"outcome"`
	Cause    Cause            `json:"cause,omitempty"`
	From     time.Time        `json:"from"`
	To       time.Time        `json:"to"`
	// Unusual says that the time is no habit: detectors do not learn from it.
	Unusual  bool           `json:"unusual" doc:"The time is kept out of what detectors learn."`
	Evidence map[string]any `json:"evidence" doc:"What the detector had said."`
	// Recorded is when the service learned of it; from then on it holds. The book
	// fills it in as it commits.
	Recorded time.Time `json:"recorded"`
}

// Window is a stretch of event time that is no habit, known since Recorded.
type Window struct{ From, To, Recorded time.Time }

// Overlaps says whether the stretch from one time to another shares some time
// with the window.
func (w Window) Overlaps(from, to time.Time) bool { return from.Before(w.To) && w.From.Before(to) }

// Habitual says whether none of what is known of the stretch from one time to
// another says that it is no habit.
func (v *View) Habitual(from, to time.Time) bool {
	for _, w := range v.Unusual {
		if w.Overlaps(from, to) {
			return false
		}
	}
	return true
}

// checkCause says whether a cause may go with the outcome.
func checkCause(c Cause, o Outcome) error {
	if c == "" {
		return nil
	}
	if o != FalseAlarm {
		return &InputError{Field: "cause", Value: string(c), Rule: "must only be given for a false alarm"}
	}
	return checkOneOf("cause", c, Causes())
}

// label is what closing the case tells its detectors.
func (c *Case) label(o Outcome, cause Cause, now time.Time) Label {
	l := Label{
		Alert: c.ID, Kind: c.Kind, Severity: c.Severity, Area: c.Area, Rule: c.Rule, Outcome: o, Cause: cause,
		From: c.Since, To: now, Evidence: c.Evidence,
	}
	if c.Resident != nil {
		l.Resident = c.Resident.ID
	}
	if c.RecoveredAt != nil && c.RecoveredAt.Before(now) {
		l.To = *c.RecoveredAt
	}
	l.Unusual = unusual(c.Kind, o, cause)
	return l
}

// unusual says whether the time of an alert of that kind is no habit, after it
// ended so:
//
//	real_emergency, assisted, deceased, hospital, away   of a person's kinds
//	false_alarm by away, device, test                    of kinds that come from how somebody lives
//
// A false alarm by habit is learnt, so that it does not come again.
func unusual(k Kind, o Outcome, cause Cause) bool {
	info, _ := k.Info()
	living := slices.Contains([]Kind{KindWaterInactivity, KindNoSignOfLife, KindRoutineChange, KindNotReturned}, k)
	switch o {
	case RealEmergency, Assisted, DeceasedFound, InHospital:
		return info.Person
	case AwayFromHome:
		return living
	case FalseAlarm:
		return living && slices.Contains([]Cause{CauseAway, CauseDevice, CauseTest}, cause)
	case DeviceFault, Test:
		return living
	}
	return false
}
