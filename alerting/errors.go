package alerting

import (
	"errors"
	"fmt"
)

// ErrNotFound says that there is no such alert or visit, or none in the scope.
var ErrNotFound = errors.New("not found")

// StateError says that the state of an alert or a visit does not allow what was
// asked.
type StateError struct {
	Action string
	State  State // a VisitState when Action is about a visit
}

func (e *StateError) Error() string { return fmt.Sprintf("%s: not possible while %s", e.Action, e.State) }

// InputError says which field of a person's input is wrong, its value and the
// rule it breaks.
type InputError struct{ Field, Value, Rule string }

func (e *InputError) Error() string { return fmt.Sprintf("%s: %q: %s", e.Field, e.Value, e.Rule) }
