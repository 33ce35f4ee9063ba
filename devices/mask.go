package devices

import "strings"

// MaskPhone hides the middle of a telephone number, so that who knows it can tell
// which it is and nobody else can ring it: of 11 digits and more it leaves the
// first three and the last four, 138****5678, of a shorter one the last two, and
// nothing of less than five. What is no number, "", stays so.
func MaskPhone(number string) string {
	digits := []byte{}
	for i := range len(number) {
		if c := number[i]; c >= '0' && c <= '9' {
			digits = append(digits, c)
		}
	}
	switch n := len(digits); {
	case number == "":
		return ""
	case n >= 11:
		return string(digits[:3]) + strings.Repeat("*", n-7) + string(digits[n-4:])
	case n >= 5:
		return strings.Repeat("*", n-2) + string(digits[n-2:])
	}
	return "****"
}
