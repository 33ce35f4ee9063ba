package detect

import (
	"maps"
	"slices"
	"time"

	"shouwang/alerting"
)

// unusual says that a sign is unusual, if that is news. The first begins the
// episode, the others add to it.
func (d *Trend) unusual(v *alerting.View, what sign, at int64, evidence map[string]any) []alerting.Finding {
	s := &d.state
	if v.Away || slices.Contains(s.Signs, what) {
		return nil
	}
	s.Signs = append(s.Signs, what)
	f := d.finding(v, at)
	if s.Episode.IsZero() {
		s.Episode = f.FoundAt
	} else {
		f.More = true
	}
	f.Episode = s.Episode
	signs := make([]string, len(s.Signs))
	for i, x := range s.Signs {
		signs[i] = string(x)
	}
	f.Evidence = map[string]any{"signs": signs, "device": string(s.Wrist.Device), "at": f.FoundAt}
	maps.Copy(f.Evidence, evidence)
	return []alerting.Finding{f}
}

// usual says that a sign is as usual again. The last ends the episode.
func (d *Trend) usual(v *alerting.View, what sign, at int64) []alerting.Finding {
	s := &d.state
	i := slices.Index(s.Signs, what)
	if i < 0 {
		return nil
	}
	if s.Signs = slices.Delete(s.Signs, i, i+1); len(s.Signs) > 0 {
		return nil
	}
	f := d.finding(v, at)
	f.Recovered, f.Evidence = true, map[string]any{"sign": string(what), "at": f.FoundAt}
	s.Episode = time.Time{}
	return []alerting.Finding{f}
}

func (d *Trend) finding(v *alerting.View, at int64) alerting.Finding {
	return alerting.Finding{
		Kind: alerting.KindVitalTrend, Subject: v.Subject, Episode: d.state.Episode, Severity: alerting.Yellow,
		FoundAt: time.UnixMicro(at).UTC(), KnownAt: v.Now, Rule: alerting.RuleRef{ID: "vital_trend", Version: v.Rules.Version},
	}
}
