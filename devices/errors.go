package devices

import (
	"errors"
	"fmt"
)

// ErrNotFound says that there is no such object, or none the caller may see.
var ErrNotFound = errors.New("not found")

// ErrExists says that something new has the name of something that is there.
var ErrExists = errors.New("exists already")

// InputError is something entered that cannot be taken. It names the field,
// the value as entered and the rule it breaks.
type InputError struct {
	Field string
	Value string
	Rule  string
}

func (e *InputError) Error() string {
	if e.Value == "" {
		return e.Field + ": " + e.Rule
	}
	return fmt.Sprintf("%s: %q: %s", e.Field, e.Value, e.Rule)
}
