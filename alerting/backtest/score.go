package backtest

import (
	"cmp"
	"math"
	"slices"
	"time"

	"shouwang/alerting"
)

// month is the mean one, 30.44 days.
const month = 30.44 * 24 * float64(time.Hour)

// Score is what a set of alerts is worth.
type Score struct {
	Homes        int             `json:"homes"`
	Months       float64         `json:"resident_months"` // between first and last reading, summed up over homes
	Readings     int             `json:"-"`
	ReadingsPerS float64         `json:"-"`
	Refused      int             `json:"refused"`
	Kinds        []KindScore     `json:"kinds"`
	Incidents    []IncidentScore `json:"incidents,omitempty"`
	Injected     *InjectionScore `json:"injected,omitempty"`
	Duty         *DutyScore      `json:"duty"`
	Worst        []HomeScore     `json:"worst"` // residents with most alerts at home
}

// KindScore is the score of one kind of alert. What was an answer to a labelled
// incident is neither at home nor away.
type KindScore struct {
	Kind         alerting.Kind `json:"kind"`
	Alerts       int           `json:"alerts"`
	True         int           `json:"true"` // answers a labelled incident
	Home         int           `json:"home"` // raised while the person was at home
	Away         int           `json:"away"`
	Joined       int           `json:"joined,omitempty"` // folded into an alert of another kind
	HomePerMonth float64       `json:"home_per_resident_month"`
	AwayPerMonth float64       `json:"away_per_resident_month"`
	// Stages count alerts that reached the severity, by severity, each at home
	// and away.
	Stages map[alerting.Severity]StageScore `json:"stages"`
	// Behind is how long after the rule held the service knew of it: the delay
	// of uploads, in hours.
	Behind Spread `json:"known_after_found_h"`
}

// StageScore counts alerts that reached a severity.
type StageScore struct {
	Home         int     `json:"home"`
	Away         int     `json:"away"`
	HomePerMonth float64 `json:"home_per_resident_month"`
}

// Spread tells of a number of values.
type Spread struct {
	N    int     `json:"n"`
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	Max  float64 `json:"max"`
}

// IncidentScore is how labelled incidents of one kind were found.
type IncidentScore struct {
	Kind      string `json:"kind"`
	Incidents int    `json:"incidents"`
	Missed    int    `json:"missed"`
	EventH    Spread `json:"delay_event_h"`   // begin to FoundAt
	ReceiptH  Spread `json:"delay_receipt_h"` // begin to KnownAt
}

// InjectionScore is how injected collapses were found. A missed one is in no
// delay.
type InjectionScore struct {
	Collapses int    `json:"collapses"`
	Missed    int    `json:"missed"`
	Open      int    `json:"open"` // an alert was open already: no delay
	EventH    Spread `json:"delay_event_h"`
	ReceiptH  Spread `json:"delay_receipt_h"`
	// Stages are the delays to the severity or a higher one.
	Stages map[alerting.Severity]Spread `json:"stages_event_h"`
}

// HomeScore is one resident's.
type HomeScore struct {
	Resident     string  `json:"resident"`
	Alerts       int     `json:"alerts"`
	Home         int     `json:"home"`
	HomePerMonth float64 `json:"home_per_month"`
}

func spread(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	n := len(values)
	at := func(p float64) float64 { return round(values[min(n-1, int(p*float64(n)))]) }
	return Spread{N: n, Mean: round(sum / float64(n)), P50: at(0.5), P90: at(0.9), Max: round(values[n-1])}
}

func round(x float64) float64 { return math.Round(x*1000) / 1000 }

// answers lists the kinds of alert that answer an incident.
func answers(incident string) []alerting.Kind {
	switch incident {
	case "collapse":
		return []alerting.Kind{alerting.KindWaterInactivity, alerting.KindNoSignOfLife}
	case "sos":
		return []alerting.Kind{alerting.KindSOS}
	case "fall":
		return []alerting.Kind{alerting.KindFall}
	case "fever":
		return []alerting.Kind{alerting.KindBodyTemp, alerting.KindVitalTrend}
	case "infection":
		return []alerting.Kind{alerting.KindVitalTrend, alerting.KindHeartRate, alerting.KindBodyTemp}
	case "low_spo2":
		return []alerting.Kind{alerting.KindSpO2}
	case "off_wrist":
		return []alerting.Kind{alerting.KindNotWorn}
	case "leak":
		return []alerting.Kind{alerting.KindWaterLeak}
	case "burst":
		return []alerting.Kind{alerting.KindWaterBurst, alerting.KindWaterHighUse}
	case "drift":
		return []alerting.Kind{alerting.KindRoutineChange}
	case "gateway_outage":
		return []alerting.Kind{alerting.KindDeviceSilent, alerting.KindDataOutage}
	}
	return nil
}

// ScoreOf keeps the score of a result.
func ScoreOf(r *Result) *Score {
	s := &Score{Homes: len(r.Set.Homes), Readings: r.Readings, Refused: r.Refused, Kinds: []KindScore{}, Worst: []HomeScore{}}
	if t := r.Took.Seconds(); t > 0 {
		s.ReadingsPerS = math.Round(float64(r.Readings) / t)
	}
	for _, h := range r.Set.Homes {
		s.Months += float64(h.Span()) / month
	}
	per := func(n int) float64 {
		if s.Months == 0 {
			return 0
		}
		return round(float64(n) / s.Months)
	}
	s.Duty = dutyOf(r)
	right := s.incidents(r)
	kinds := map[alerting.Kind]*KindScore{}
	behind := map[alerting.Kind][]float64{}
	homes := map[*Home]*HomeScore{}
	for _, a := range r.Alerts {
		k := kinds[a.Kind]
		if k == nil {
			k = &KindScore{Kind: a.Kind, Stages: map[alerting.Severity]StageScore{}}
			kinds[a.Kind] = k
		}
		k.Alerts++
		behind[a.Kind] = append(behind[a.Kind], a.KnownAt.Sub(a.FoundAt).Hours())
		h := homes[a.home]
		if h == nil {
			h = &HomeScore{Resident: a.home.Name()}
			homes[a.home] = h
		}
		h.Alerts++
		home, away := 0, 0
		switch {
		case a.Into != "":
			k.Joined++
			continue
		case right[a]:
			k.True++
		case a.Away():
			away = 1
		default:
			home = 1
			h.Home++
		}
		k.Home += home
		k.Away += away
		for _, g := range append([]Stage{{Severity: a.Severity}}, a.Stages...) {
			st := k.Stages[g.Severity]
			st.Home, st.Away = st.Home+home, st.Away+away
			k.Stages[g.Severity] = st
		}
	}
	for _, kind := range alerting.Kinds() {
		if k := kinds[kind]; k != nil {
			k.HomePerMonth, k.AwayPerMonth, k.Behind = per(k.Home), per(k.Away), spread(behind[kind])
			for g, st := range k.Stages {
				st.HomePerMonth = per(st.Home)
				k.Stages[g] = st
			}
			s.Kinds = append(s.Kinds, *k)
		}
	}
	for h, hs := range homes {
		if m := float64(h.Span()) / month; m > 0 {
			hs.HomePerMonth = round(float64(hs.Home) / m)
		}
		s.Worst = append(s.Worst, *hs)
	}
	slices.SortFunc(s.Worst, func(a, b HomeScore) int {
		return cmp.Or(cmp.Compare(b.Home, a.Home), cmp.Compare(b.Alerts, a.Alerts), cmp.Compare(a.Resident, b.Resident))
	})
	s.Worst = s.Worst[:min(10, len(s.Worst))]
	s.Months = round(s.Months)
	return s
}

// Away says that nobody was at home when the rule first held.
func (a *Alert) Away() bool { return a.home.away(a.FoundAt.UnixMicro()) }

// incidents scores the labelled incidents, and tells which alerts answer one.
// An alert answers when its rule held within the incident, or was open as it
// began, which counts as no delay.
func (s *Score) incidents(r *Result) map[*Alert]bool {
	right := map[*Alert]bool{}
	scores := map[string]*IncidentScore{}
	event, receipt := map[string][]float64{}, map[string][]float64{}
	alerts := map[*Home][]*Alert{}
	for _, a := range r.Alerts {
		alerts[a.home] = append(alerts[a.home], a)
	}
	for _, h := range r.Set.Homes {
		seen := map[Label]bool{} // a person's incident stands at each device
		for _, l := range h.Labels {
			kinds := answers(l.Kind)
			l.Device = ""
			if kinds == nil || seen[l] {
				continue
			}
			seen[l] = true
			sc := scores[l.Kind]
			if sc == nil {
				sc = &IncidentScore{Kind: l.Kind}
				scores[l.Kind] = sc
			}
			sc.Incidents++
			var first *Alert
			for _, a := range alerts[h] {
				if !slices.Contains(kinds, a.Kind) || !a.answersIn(l) {
					continue
				}
				right[a] = true
				if first == nil || a.FoundAt.Before(first.FoundAt) {
					first = a
				}
			}
			if first == nil {
				sc.Missed++
				continue
			}
			event[l.Kind] = append(event[l.Kind], later(first.FoundAt, l.From).Sub(l.From).Hours())
			receipt[l.Kind] = append(receipt[l.Kind], later(first.KnownAt, l.From).Sub(l.From).Hours())
		}
	}
	for kind, sc := range scores {
		sc.EventH, sc.ReceiptH = spread(event[kind]), spread(receipt[kind])
		s.Incidents = append(s.Incidents, *sc)
	}
	slices.SortFunc(s.Incidents, func(a, b IncidentScore) int { return cmp.Compare(a.Kind, b.Kind) })
	return right
}

// grace is how long after its end an incident may still be found: data of it may
// come late, and an SOS has no length.
const grace = 2 * time.Hour

func (a *Alert) answersIn(l Label) bool {
	open := a.FoundAt.Before(l.From) && (a.ended.IsZero() || a.ended.After(l.From))
	return open || !a.FoundAt.Before(l.From) && a.FoundAt.Before(l.To.Add(grace))
}

// ScoreCollapses scores injected collapses.
func ScoreCollapses(list []Collapse) *InjectionScore {
	s := &InjectionScore{Collapses: len(list), Stages: map[alerting.Severity]Spread{}}
	var event, receipt []float64
	stages := map[alerting.Severity][]float64{}
	for i := range list {
		c := &list[i]
		if c.Kind == "" {
			s.Missed++
			continue
		}
		if c.Open {
			s.Open++
		}
		event = append(event, c.FoundAt.Sub(c.At).Hours())
		receipt = append(receipt, c.KnownAt.Sub(c.At).Hours())
		for _, g := range []alerting.Severity{alerting.Yellow, alerting.Orange, alerting.Red} {
			if at, ok := c.reached(g); ok {
				stages[g] = append(stages[g], at.Sub(c.At).Hours())
			}
		}
	}
	s.EventH, s.ReceiptH = spread(event), spread(receipt)
	for g, v := range stages {
		s.Stages[g] = spread(v)
	}
	return s
}

// reached is when the severity or a higher one was reached.
func (c *Collapse) reached(g alerting.Severity) (time.Time, bool) {
	var first time.Time
	for s, at := range c.First {
		if !g.Above(s) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first, !first.IsZero()
}
