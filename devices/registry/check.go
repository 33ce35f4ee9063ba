package registry

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"shouwang/devices"
	"shouwang/devices/database"
)

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// name holds ids to what can stand in a topic, a path and an URL.
func name(field, value string) error {
	if err := devices.CheckName(field, value); err != nil {
		return &devices.InputError{Field: field, Value: clip(value), Rule: strings.TrimPrefix(err.Error(), field+": ")}
	}
	return nil
}

// vendorName is name, and keeps the service's own vendor for itself.
func vendorName(vendor string) error {
	if vendor == devices.CanaryVendor {
		return &devices.InputError{Field: "vendor", Value: vendor, Rule: "is the service's own"}
	}
	return name("vendor", vendor)
}

// checkArea holds a path to one to six levels, each a name.
func checkArea(path devices.AreaPath) error {
	levels := strings.Split(string(path), "/")
	if len(levels) > 6 {
		return &devices.InputError{Field: "path", Value: clip(string(path)), Rule: "must have at most 6 levels"}
	}
	for _, l := range levels {
		if err := name("path", l); err != nil {
			return err
		}
	}
	return nil
}

// text holds what people enter to a length in characters.
func text(field, value string, least, most int) error {
	switch n := utf8.RuneCountInString(value); {
	case !utf8.ValidString(value):
		return &devices.InputError{Field: field, Rule: "must be UTF-8"}
	case n < least || n > most:
		return &devices.InputError{Field: field, Value: clip(value), Rule: fmt.Sprintf("must have %d to %d characters", least, most)}
	case strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return &devices.InputError{Field: field, Value: clip(value), Rule: "must not have control characters"}
	}
	return nil
}

func clip(s string) string {
	if len(s) > 100 {
		return strings.ToValidUTF8(s[:100], "") + "…"
	}
	return s
}

func micros(t time.Time) int64 { return database.Micros(t) }
