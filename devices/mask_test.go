package devices

import "testing"

func TestMaskPhone(t *testing.T) {
	for number, want := range map[string]string{
		"13812345678": "138****5678", "138 1234-5678": "138****5678", "+86 138 1234 5678": "861******5678", "0635-7654321": "063****4321",
		"7654321": "*****21", "12345": "***45", "120": "****", "": "", "不知道": "****",
	} {
		if got := MaskPhone(number); got != want {
			t.Errorf("%q: %q, want %q", number, got, want)
		}
	}
}
