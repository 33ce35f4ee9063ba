package report

import (
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// Monthly is the month of one area.
type Monthly struct {
	Area      devices.AreaPath      `json:"area"`
	Month     string                `json:"month"`
	From      time.Time             `json:"from"`
	To        time.Time             `json:"to"`
	AsOf      time.Time             `json:"as_of"`
	Residents int                   `json:"residents" doc:"Who is watched over now."`
	Alerts    Number                `json:"alerts"`
	Kinds     []KindRow             `json:"kinds"`
	Steps     []StepRow             `json:"steps"`
	Targets   []Goal                `json:"targets"`
	Visits    VisitRow              `json:"visits"`
	Providers []ProviderRow         `json:"providers"`
	Quotas    []alerting.VisitQuota `json:"quotas"`
	Dark      Number                `json:"dark" doc:"Residents of whom no device said anything for more than 24 h."`
	Uncovered UncoveredRow          `json:"uncovered"`
	Presence  PresenceRow           `json:"presence"`

	lists lists
}

// KindRow is how the alerts of one kind ended.
type KindRow struct {
	Kind     alerting.Kind  `json:"kind"`
	Opened   Number         `json:"opened"`
	Open     Number         `json:"open" doc:"Not closed yet."`
	Outcomes []OutcomeCount `json:"outcomes"`
	Real     int            `json:"real"`
	Useful   int            `json:"useful"`
	False    int            `json:"false"`
	Truth    *float64       `json:"truth" doc:"Share of real and useful ones among those judged; null while none was."`
}

// OutcomeCount is how many ended with one outcome.
type OutcomeCount struct {
	Outcome alerting.Outcome `json:"outcome"`
	Number
}

// UncoveredRow are the hours in which nobody could be told of a red alert.
type UncoveredRow struct {
	Hours float64 `json:"hours" doc:"Summed over areas."`
	Number
}

// PresenceRow are the random tests of the desk.
type PresenceRow struct {
	Asked    Number `json:"asked"`
	Answered Number `json:"answered" doc:"In time."`
}

// Build counts the month.
func Build(d Data) *Monthly {
	cases := slices.DeleteFunc(slices.Clone(d.Cases), func(c Case) bool {
		return c.Kind == alerting.KindCanary || !d.Month.holds(c.Opened)
	})
	slices.SortStableFunc(cases, func(a, b Case) int { return a.Opened.Compare(b.Opened) })
	r := &Monthly{
		Area: d.Area, Month: d.Month.String(), From: d.Month.From.UTC(), To: d.Month.To.UTC(), AsOf: d.Now, Residents: d.Residents,
		Quotas: d.Quotas, lists: lists{},
	}
	if r.Quotas == nil {
		r.Quotas = []alerting.VisitQuota{}
	}
	r.Alerts = r.lists.number(items(cases, nil), "alerts")
	r.Kinds = r.kinds(cases)
	r.Steps = r.steps(cases)
	r.Targets = r.targets(cases, d.Now)
	r.visits(&d)
	r.Dark = r.lists.number(dark(&d), "dark")
	r.uncovered(&d)
	r.presence(&d)
	return r
}

// List is what is behind the number of that name.
func (r *Monthly) List(name string) ([]Item, bool) {
	items, ok := r.lists[name]
	return items, ok
}

// items lists cases; took says how long what is counted took.
func items(cases []Case, took func(*Case) (time.Duration, bool)) []Item {
	list := make([]Item, 0, len(cases))
	for i := range cases {
		c := &cases[i]
		it := Item{Alert: c.ID, Resident: c.Resident, Area: c.Area, Kind: c.Kind, At: c.Opened, Outcome: c.Outcome}
		if took != nil {
			if d, ok := took(c); ok {
				s := d.Seconds()
				it.Seconds = &s
			}
		}
		list = append(list, it)
	}
	return list
}

func only(cases []Case, is func(*Case) bool) []Case {
	var some []Case
	for i := range cases {
		if is(&cases[i]) {
			some = append(some, cases[i])
		}
	}
	return some
}

func (r *Monthly) kinds(cases []Case) []KindRow {
	rows := []KindRow{}
	for _, kind := range alerting.Kinds() {
		of := only(cases, func(c *Case) bool { return c.Kind == kind })
		if len(of) == 0 {
			continue
		}
		row := KindRow{
			Kind:   kind,
			Opened: r.lists.number(items(of, nil), "kind/%s", kind),
			Open: r.lists.number(items(only(of, func(c *Case) bool { return c.State != alerting.Closed }), nil),
				"kind/%s/open", kind),
			Outcomes: []OutcomeCount{},
		}
		truth := alerting.TruthRate{}
		for _, o := range alerting.Outcomes() {
			ended := only(of, func(c *Case) bool { return c.State == alerting.Closed && c.Outcome == o })
			if len(ended) == 0 {
				continue
			}
			row.Outcomes = append(row.Outcomes, OutcomeCount{o, r.lists.number(items(ended, nil), "kind/%s/%s", kind, o)})
			for i := range ended {
				truth.Count(o, ended[i].Cause, 1)
			}
		}
		row.Real, row.Useful, row.False = truth.Real, truth.Useful, truth.False
		if rate, ok := truth.Rate(); ok {
			row.Truth = &rate
		}
		rows = append(rows, row)
	}
	return rows
}

// dark lists the residents of whom every device was silent at the same time for
// more than a day, the longest such time of each within the month.
func dark(d *Data) []Item {
	const day = 24 * time.Hour
	of := map[string][]Silence{}
	for _, s := range d.Silences {
		if s.To.IsZero() || s.To.After(d.end()) {
			s.To = d.end()
		}
		if s.Resident != "" && s.To.After(d.Month.From) && s.From.Before(d.end()) {
			of[s.Resident] = append(of[s.Resident], s)
		}
	}
	list := []Item{}
	for who, silences := range of {
		if d.Devices[who] == 0 {
			continue
		}
		var longest Silence
		for _, s := range silences {
			// From where one begins, as far as all devices are silent.
			to, silent := s.To, map[devices.DeviceID]bool{}
			for _, o := range silences {
				if !o.From.After(s.From) && o.To.After(s.From) {
					silent[o.Device] = true
					if o.To.Before(to) {
						to = o.To
					}
				}
			}
			if len(silent) >= d.Devices[who] && to.Sub(s.From) > longest.To.Sub(longest.From) {
				longest = Silence{Device: s.Device, Area: s.Area, From: s.From, To: to}
			}
		}
		if took := longest.To.Sub(longest.From); took > day {
			seconds := took.Seconds()
			list = append(list, Item{Resident: who, Area: longest.Area, At: longest.From, Seconds: &seconds})
		}
	}
	slices.SortFunc(list, byTime)
	return list
}

func byTime(a, b Item) int {
	if n := a.At.Compare(b.At); n != 0 {
		return n
	}
	if a.Resident < b.Resident {
		return -1
	}
	return 1
}

func (r *Monthly) uncovered(d *Data) {
	list := []Item{}
	for _, h := range d.Uncovered {
		to := h.To
		if to.After(d.end()) {
			to = d.end()
		}
		took := to.Sub(h.From)
		if took <= 0 {
			continue
		}
		seconds := took.Seconds()
		list = append(list, Item{Area: h.Area, At: h.From, Seconds: &seconds})
		r.Uncovered.Hours += took.Hours()
	}
	r.Uncovered.Number = r.lists.number(list, "uncovered")
}

func (r *Monthly) presence(d *Data) {
	asked, answered := []Item{}, []Item{}
	for _, c := range d.Checks {
		if !d.Month.holds(c.Asked) || c.Answered == nil && d.Now.Before(c.Until) {
			continue // it can still be answered
		}
		it := Item{Area: c.Area, At: c.Asked}
		if c.Answered != nil {
			s := c.Answered.Sub(c.Asked).Seconds()
			it.Seconds = &s
		}
		asked = append(asked, it)
		if c.Answered != nil && !c.Answered.After(c.Until) {
			answered = append(answered, it)
		}
	}
	r.Presence = PresenceRow{r.lists.number(asked, "presence"), r.lists.number(answered, "presence/answered")}
}
