package dashboard

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// phoneNumber finds telephone numbers as people type them into notes: mobiles with
// or without gaps, landlines with their area code, and what else is a run of as many
// digits as a local number has at least.
var phoneNumber = regexp.MustCompile(`1[3-9]\d[ -]?\d{4}[ -]?\d{4}|0\d{2,3}[ -]?\d{7,8}|\d{7,}`)

// maskText is free text for who may not see whom it is about: telephone numbers and
// the resident's own name are masked as they are elsewhere. Other people's names are
// words like any other, and stay.
func maskText(text string, about *alerting.ResidentRef) string {
	text = phoneNumber.ReplaceAllStringFunc(text, devices.MaskPhone)
	if about != nil && utf8.RuneCountInString(about.Name) > 1 && !access.Masked(about.Name) {
		text = strings.ReplaceAll(text, about.Name, access.MaskName(about.Name))
	}
	return text
}

// maskEntry masks what an entry of a case's log says.
func maskEntry(e *alerting.LogEntry, about *alerting.ResidentRef) {
	e.Text = maskText(e.Text, about)
	for key, v := range e.Data {
		text, ok := v.(string)
		switch {
		case !ok:
		case key == "whom":
			e.Data[key] = maskWhom(text)
		case key == "note", key == "reason":
			e.Data[key] = maskText(text, about)
		}
	}
}
