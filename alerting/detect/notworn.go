package detect

import (
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

const (
	// signs of life on end that end an off-wrist spell: a band on a table finds a
	// pulse now and then.
	signs = 2
	// Night is from 22 to 6 by the wearer's clock, for what is noted of nights.
	nightFrom, nightTo = 22, 6
	// offAtNight is how much of a night the band is off for the night to count.
	offAtNight = 4 * time.Hour
	// Who took the band off in habitNights of the last seven nights is given
	// sleepsLong more when it goes off in the evening, between eveningFrom and
	// midnight: a long night is no task.
	habitNights, eveningFrom = 2, 18
	sleepsLong               = 2 * time.Hour
)

// NotWorn finds bands that have been off the wrist for long (default 12 h): a
// band that nobody wears watches over nobody. Shorter spells, nights above all,
// are only noted: the evidence says how many of the last seven nights it was off,
// and who sleeps without it is given a long night.
// It is judged by readings: a band that says nothing is silent, which is another
// matter.
type NotWorn struct{ memory[notWornState] }

type notWornState struct {
	Wrist wrist
	// Off is since when it has been off, Signs how often it seemed worn since.
	Off   int64 `json:",omitempty"`
	Why   why   `json:",omitempty"`
	Signs int   `json:",omitempty"`
	// Nights are the days (since 1970, local) whose night was spent without it.
	Nights  []int32   `json:",omitempty"`
	Episode time.Time `json:",omitzero"`
}

// Name implements alerting.Detector.
func (d *NotWorn) Name() string { return "not_worn" }

// Notice implements alerting.Detector.
func (d *NotWorn) Notice(v *alerting.View, e devices.Event) []alerting.Finding {
	if e.Kind != devices.EventWorn && e.Kind != devices.EventRemoved {
		return nil
	}
	d.state.Wrist.flag(e.At.UnixMicro(), e.Kind == devices.EventRemoved)
	return d.judge(v, e.At.UnixMicro(), e.Kind == devices.EventWorn)
}

// Observe implements alerting.Detector.
func (d *NotWorn) Observe(v *alerting.View, r *devices.Reading) []alerting.Finding {
	w, at := &d.state.Wrist, r.At.UnixMicro()
	moved := w.Moved
	switch r.Metric {
	case devices.Worn, devices.HeartRateBPM, devices.Steps, devices.BatteryPct:
	default:
		return nil
	}
	w.hear(r.Metric, r.Value, at)
	return d.judge(v, at, r.Metric == devices.Worn && r.Value != 0 ||
		r.Metric == devices.HeartRateBPM && w.Pulse == at || w.Moved != moved)
}

// judge looks at the wrist as of a time; sign says that the band has just seemed
// to be worn.
func (d *NotWorn) judge(v *alerting.View, at int64, sign bool) []alerting.Finding {
	s, rules := &d.state, &v.Rules.Vitals
	if at < s.Wrist.Newest-bygone {
		return nil // a backlog: a task is for today
	}
	why, since := s.Wrist.off(at)
	switch {
	case why != onWrist:
		if s.Off == 0 {
			s.Off, s.Why = since, why
		}
		s.Signs = 0
	case s.Off == 0 || at < s.Off || !sign:
		return nil
	default:
		if s.Signs++; s.Signs < signs && s.Wrist.FlagAt != at {
			return nil
		}
		return d.on(v, at)
	}
	limit := d.limit(rules)
	if s.Episode.IsZero() && at-s.Off >= limit.Microseconds() {
		s.Episode = time.UnixMicro(s.Off).UTC()
		d.night(rules, at)
		return []alerting.Finding{d.finding(v, at, map[string]any{
			"off_since": s.Episode, "off_h": float64(at-s.Off) / 3600e6, "limit_h": limit.Hours(),
			"why": string(s.Why), "nights_off": len(s.Nights), "nights_of": 7, "at": time.UnixMicro(at).UTC(),
		})}
	}
	return nil
}

// limit is how long the spell at hand may last.
func (d *NotWorn) limit(r *alerting.VitalRules) time.Duration {
	s, limit := &d.state, r.NotWorn
	day, of := localDay(r, s.Off)
	habit := 0
	for _, n := range s.Nights { // of the last seven: this one counts with none
		if int64(n) > day-7 && int64(n) <= day {
			habit++
		}
	}
	if habit >= habitNights && of >= eveningFrom*hourMicros {
		limit += sleepsLong
	}
	return limit
}

// on ends the spell.
func (d *NotWorn) on(v *alerting.View, at int64) []alerting.Finding {
	s := &d.state
	d.night(&v.Rules.Vitals, at)
	var findings []alerting.Finding
	if !s.Episode.IsZero() {
		f := d.finding(v, at, map[string]any{"worn_at": time.UnixMicro(at).UTC()})
		f.Recovered = true
		findings = []alerting.Finding{f}
	}
	s.Off, s.Why, s.Signs, s.Episode = 0, onWrist, 0, time.Time{}
	return findings
}

// night notes the nights of the spell up to a time, and forgets those of over a
// week ago.
func (d *NotWorn) night(r *alerting.VitalRules, to int64) {
	s := &d.state
	last, _ := localDay(r, to)
	from, _ := localDay(r, s.Off)
	for day := max(from, last-7); day <= last+1; day++ {
		begin := midnightOf(r, day) - (24-nightFrom)*hourMicros
		off := min(to, midnightOf(r, day)+nightTo*hourMicros) - max(s.Off, begin)
		n := len(s.Nights)
		if off >= offAtNight.Microseconds() && (n == 0 || s.Nights[n-1] < int32(day)) {
			s.Nights = append(s.Nights, int32(day))
		}
	}
	for len(s.Nights) > 0 && int64(s.Nights[0]) <= last-7 {
		s.Nights = s.Nights[1:]
	}
}

func (d *NotWorn) finding(v *alerting.View, at int64, evidence map[string]any) alerting.Finding {
	return alerting.Finding{
		Kind: alerting.KindNotWorn, Subject: v.Subject, Episode: d.state.Episode, Severity: alerting.Blue,
		FoundAt: time.UnixMicro(at).UTC(), KnownAt: v.Now, Evidence: evidence,
		Rule: alerting.RuleRef{ID: "not_worn", Version: v.Rules.Version},
	}
}
