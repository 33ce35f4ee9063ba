package devices

import "testing"

func TestMaskPhone(t *testing.T) {
	for number, want := range map[string]string{
		"13812345678": "138****5678", "138 1234-5678": "138****5678", "+86 138 1234 5678": "861****5678", "0635-7654321": "063****4321",
		"7654321": "7****21", "123456": "1****56", "120": "120", "12345": "12345", "": "", "不知道": "",
	} {
		if got := MaskPhone(number); got != want {
			t.Errorf("%q: %q, want %q", number, got, want)
		}
	}
}
