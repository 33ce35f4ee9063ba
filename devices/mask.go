package devices

import "strings"

// MaskPhone hides the middle of a telephone number, so that who knows it can tell
// which it is and nobody else can ring it: 13812345678 becomes 138****5678, and
// 0635-7654321 becomes 063****4321. A number of up to five digits belongs to a
// service (120, 110, 12345) and stays. What holds no digit is no number and "".
func MaskPhone(number string) string {
	var digits strings.Builder
	for _, r := range number {
		if r >= '0' && r <= '9' {
			digits.WriteRune(r)
		}
	}
	d := digits.String()
	switch n := len(d); {
	case n <= 5:
		return d
	case n < 9:
		return d[:1] + "****" + d[n-2:]
	default:
		return d[:3] + "****" + d[n-4:]
	}
}
