package access

import (
	"strings"

	"shouwang/devices"
)

// MaskName leaves the first character of a name, as people in China know it
// from bank slips: 王小明 is 王**.
func MaskName(name string) string {
	runes := []rune(strings.TrimSpace(name))
	if len(runes) < 2 {
		return strings.Repeat("*", max(len(runes), 1))
	}
	return string(runes[0]) + strings.Repeat("*", min(len(runes)-1, 8))
}

// MaskPhone leaves the first three and the last four digits of a mobile number,
// 138****5678, and of a shorter one the last two.
func MaskPhone(phone string) string { return devices.MaskPhone(phone) }

// Masked says whether a text is what one of the masks made, and so must not be
// stored as a name or a phone number.
func Masked(text string) bool { return strings.Contains(text, "*") }
