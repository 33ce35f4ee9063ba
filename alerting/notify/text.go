package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// Texts says what a notice says. A text tells kind, severity and area of a case,
// never whose it is: who is told may be on a bus.
type Texts struct {
	// AreaName is what people read for one area of the tree.
	AreaName func(devices.AreaPath) string
	// Link leads to where the person can act on the entry; "" for nowhere.
	// shared says that others read the message too.
	Link func(e *Entry, shared bool) string
	Zone *time.Location
}

// digestLines is how many notices a digest tells one by one.
const digestLines = 6

// message makes the message of one entry, or of several.
func (t *Texts) message(key, language string, shared bool, list []*Entry) Message {
	w := wordsOf(language)
	first := list[0]
	m := Message{Key: key, Severity: first.Severity, Reason: first.Reason, Language: w.language, At: first.At}
	for _, e := range list {
		m.Notices = append(m.Notices, e.Key)
		if e.Severity.Above(m.Severity) {
			m.Severity = e.Severity
		}
	}
	list = cases(list)
	if len(list) == 1 {
		e := list[0]
		m.Title, m.Text, m.Voice = w.title(e), t.lines(w, e), t.voice(w, e)
		if t.Link != nil {
			m.URL = t.Link(e, shared)
		}
		return m
	}
	m.Title = w.digestTitle(list)
	lines := make([]string, 0, digestLines+1)
	for _, e := range list[:min(len(list), digestLines)] {
		lines = append(lines, w.title(e)+" · "+t.area(w, e)+t.since(w, e))
	}
	if n := len(list) - digestLines; n > 0 {
		lines = append(lines, fmt.Sprintf(w.more, n))
	}
	m.Text, m.Voice = strings.Join(lines, "\n"), w.digestVoice(list)
	if t.Link != nil {
		m.URL = t.Link(nil, shared)
	}
	return m
}

// cases leaves of several notices about one thing, as several persons get them
// in one group, the first.
func cases(list []*Entry) []*Entry {
	type thing struct {
		alert  string
		reason alerting.NoticeReason
	}
	seen := map[thing]bool{}
	kept := make([]*Entry, 0, len(list))
	for _, e := range list {
		if e.Alert != "" {
			k := thing{e.Alert, e.Reason}
			if seen[k] {
				continue
			}
			seen[k] = true
		}
		kept = append(kept, e)
	}
	return kept
}

func (t *Texts) lines(w *words, e *Entry) string {
	if e.Reason == alerting.NoticeTest {
		return w.test
	}
	lines := []string{w.area + t.area(w, e)}
	if e.Facts != nil && !e.Facts.Since.IsZero() {
		lines = append(lines, w.since+t.clock(e.Facts.Since))
	}
	lines = append(lines, t.details(w, e)...)
	if e.asks() {
		lines = append(lines, w.ask)
	}
	return strings.Join(lines, "\n")
}

// details are what a notice that is about no alert says beside its area.
func (t *Texts) details(w *words, e *Entry) (lines []string) {
	at := func(key string) (time.Time, bool) {
		text, _ := e.Data[key].(string)
		at, err := time.Parse(time.RFC3339Nano, text)
		return at, err == nil
	}
	number := func(key string) int {
		n, _ := e.Data[key].(float64) // as JSON has it
		return int(n)
	}
	switch e.Reason {
	case alerting.NoticeVisit:
		if due, ok := at("due"); ok {
			lines = append(lines, w.due+t.clock(due))
		}
		if late, _ := e.Data["overdue"].(bool); late {
			lines = append(lines, w.overdue)
		}
	case alerting.NoticeCoverage:
		if n := number("gaps"); n > 0 {
			lines = append(lines, fmt.Sprintf(w.gaps, n, number("hours")))
		}
		if from, ok := at("from"); ok {
			lines = append(lines, w.first+t.clock(from))
		}
	case alerting.NoticeHandover:
		if n := number("minutes"); n > 0 {
			lines = append(lines, fmt.Sprintf(w.unsigned, n))
		}
	}
	return lines
}

func (t *Texts) since(w *words, e *Entry) string {
	if e.Facts == nil || e.Facts.Since.IsZero() {
		return ""
	}
	return " · " + w.since + t.clock(e.Facts.Since)
}

func (t *Texts) voice(w *words, e *Entry) string {
	if e.Reason == alerting.NoticeTest {
		return w.test
	}
	said := []string{w.call, w.title(e), t.area(w, e)}
	if e.asks() {
		said = append(said, w.askVoice)
	}
	return strings.Join(said, w.pause) + w.stop
}

func (t *Texts) area(w *words, e *Entry) string {
	if e.Facts != nil {
		return t.Area(w.language, e.Facts.Area)
	}
	return t.Area(w.language, e.Area)
}

// Area names town and village, or what there is, in the language.
func (t *Texts) Area(language string, path devices.AreaPath) string {
	w := wordsOf(language)
	if path == "" {
		return w.everywhere
	}
	var names []string
	for p := path; p != "" && len(names) < 2; p = p.Parent() {
		if name := t.AreaName(p); name != "" {
			names = append(names, name)
		}
	}
	slices.Reverse(names)
	if len(names) == 0 {
		return string(path)
	}
	return strings.Join(names, w.join)
}

// What says what the alert is, in the language: severity and kind. Kinds of
// vital signs are not told apart.
func (t *Texts) What(language string, kind alerting.Kind, severity alerting.Severity) string {
	return wordsOf(language).title(&Entry{
		Notice: alerting.Notice{Reason: alerting.NoticeOpened, Severity: severity}, Facts: &Facts{Kind: kind, Severity: severity},
	})
}

// Clock is a time as texts have it.
func (t *Texts) Clock(at time.Time) string { return t.clock(at) }

func (t *Texts) clock(at time.Time) string { return at.In(t.Zone).Format("01-02 15:04") }
