package alerting

import (
	"fmt"

	"shouwang/devices"
)

// ErrNotFound says that there is no such alert or visit, or none that the
// caller may see: both answer alike.
var ErrNotFound = devices.ErrNotFound

// StateError says that the state of an alert or a visit does not allow the
// action.
type StateError struct {
	Action string
	// State is the state of the alert, or of the visit for what is done to a
	// visit.
	State State
	// By is who brought it there, where that matters (who acknowledged first).
	By string
	// Reason says more than the state does; may be empty.
	Reason string
}

func (e *StateError) Error() string {
	s := fmt.Sprintf("%s is not possible in the state %q", e.Action, string(e.State))
	if e.By != "" {
		s += ", in which " + e.By + " put it"
	}
	if e.Reason != "" {
		s += " (" + e.Reason + ")"
	}
	return s
}

// InputError says which field of a request is wrong, what it held and which
// rule it breaks.
type InputError = devices.InputError
