package access

import "strings"

// MaskName leaves the first character of a name, as people in China know it
// from bank slips: 王小明 is 王**.
func MaskName(name string) string {
	runes := []rune(strings.TrimSpace(name))
	if len(runes) < 2 {
		return strings.Repeat("*", max(len(runes), 1))
	}
	return string(runes[0]) + strings.Repeat("*", min(len(runes)-1, 8))
}

// Masked says whether a text is what MaskName or devices.MaskPhone made, and so
// must not be stored as a name or a phone number.
func Masked(text string) bool { return strings.Contains(text, "*") }
