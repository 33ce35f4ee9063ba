package access

import (
	"strings"
	"unicode"
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
func MaskPhone(phone string) string {
	digits := []rune{}
	for _, r := range phone {
		if unicode.IsDigit(r) {
			digits = append(digits, r)
		}
	}
	switch n := len(digits); {
	case phone == "":
		return ""
	case n >= 11:
		return string(digits[:3]) + strings.Repeat("*", n-7) + string(digits[n-4:])
	case n >= 5:
		return strings.Repeat("*", n-2) + string(digits[n-2:])
	}
	return "****"
}

// Masked says whether a text is what one of the masks made, and so must not be
// stored as a name or a phone number.
func Masked(text string) bool { return strings.Contains(text, "*") }
