package alerting

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxText is the longest note, reason or report text, in characters.
const maxText = 4000

// The ways in which a person verifies what an alert was about.
const (
	ByPhone  = "phone"
	ByFamily = "family"
	AtDoor   = "door"
	ByDevice = "device" // e.g. the band shows a pulse again: no contact
)

// Outcomes lists all outcome codes.
func Outcomes() []Outcome {
	return []Outcome{
		RealEmergency, Assisted, Well, DeceasedFound, InHospital, AwayFromHome, Refused,
		FalseAlarm, DeviceFault, Repair, Recovered, Test, Duplicate,
	}
}

// Reached says whether an outcome, verified in that way, means that the person
// was reached alive:
//
//	outcome                                            device  door  otherwise
//	real_emergency, assisted, well, hospital, refused  no      yes   yes
//	away                                               no      no    yes
//	all others                                         no      no    no
//
// That somebody is away is known from the person or the family; at the door it
// is a neighbour's guess. A false alarm where the person was reached is `well`.
func Reached(o Outcome, how string) bool {
	switch o {
	case RealEmergency, Assisted, Well, InHospital, Refused:
		return how != ByDevice && how != ""
	case AwayFromHome:
		return how != ByDevice && how != AtDoor && how != ""
	}
	return false
}

// settles says whether the outcome ends the matter without anybody having been
// reached: after a death nothing is raised again; nor, of a device or a pipe,
// what is repaired, a mistake or a test, since a device does not say that its
// fault is over. That something has recovered or was entered twice is believed of
// the readings and of a merge, not of the outcome.
func (k KindInfo) settles(o Outcome) bool {
	switch o {
	case DeceasedFound:
		return true
	case DeviceFault, Repair, FalseAlarm, Test:
		return !k.Person
	}
	return false
}

func checkText(field, text string, required bool) error {
	if required && strings.TrimSpace(text) == "" {
		return &InputError{Field: field, Rule: "must not be empty"}
	}
	if utf8.RuneCountInString(text) > maxText {
		return &InputError{Field: field, Rule: "must have at most 4000 characters"}
	}
	return nil
}

func checkOneOf[T ~string](field string, value T, allowed []T) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	names := make([]string, len(allowed))
	for i, a := range allowed {
		names[i] = string(a)
	}
	return &InputError{Field: field, Value: string(value), Rule: "must be one of " + strings.Join(names, ", ")}
}

// check validates what was entered, and fills in what a visit report says.
func (c *Closing) check(report *Report) error {
	if err := checkOneOf("outcome", c.Outcome, Outcomes()); err != nil {
		return err
	}
	if report != nil {
		if c.VerifiedBy == "" {
			c.VerifiedBy = report.By
		}
		if c.How == "" {
			c.How = AtDoor
		}
		if c.Cause == "" && c.Outcome == FalseAlarm {
			c.Cause = report.Cause
		}
	}
	if err := checkCause(c.Cause, c.Outcome); err != nil {
		return err
	}
	if err := checkText("verified_by", c.VerifiedBy, true); err != nil {
		return err
	}
	if !slices.Contains([]string{ByPhone, ByFamily, AtDoor, ByDevice}, c.How) {
		return &InputError{Field: "how", Value: c.How, Rule: "must be one of phone, family, door, device"}
	}
	return checkText("note", c.Note, false)
}
