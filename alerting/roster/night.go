package roster

import (
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// Settings hold for the whole service.
type Settings struct {
	Night Night `json:"night"`
	// IdleMin is after how long without a hand on keys or mouse an operator is
	// asked whether they are there, and counts no more until they answer.
	IdleMin int `json:"idle_min" minimum:"1" maximum:"480" doc:"Minutes without input after which the board asks its operator: still there? Until that is answered the board does not count as watched."`
}

// Night is the time in which not everything is worth waking people for.
type Night struct {
	From  string      `json:"from" example:"22:00"`
	To    string      `json:"to" example:"06:00" doc:"The morning, when what has waited is told."`
	Rules []NightRule `json:"rules" maxItems:"100" doc:"Who acts at night, by what it is about; the first that fits holds. What none fits is told at once."`
}

// NightRule says what becomes of some alerts at night. Empty fields fit any.
type NightRule struct {
	Kind     alerting.Kind     `json:"kind,omitempty"`
	Tier     devices.Tier      `json:"tier,omitempty" enum:"red,yellow,green"`
	Severity alerting.Severity `json:"severity,omitempty"`
	Wait     bool              `json:"wait" doc:"It waits for the morning list and makes no sound. Never red."`
	Targets  []Target          `json:"targets,omitempty" maxItems:"50" doc:"Who acts instead of the policy's first step; the policy's own people when empty."`
}

// DefaultSettings are those of a fresh service: yellow and blue wait for the
// morning.
func DefaultSettings() Settings {
	return Settings{IdleMin: 20, Night: Night{From: "22:00", To: "06:00", Rules: []NightRule{
		{Severity: alerting.Yellow, Wait: true}, {Severity: alerting.Blue, Wait: true},
	}}}
}

// Check returns an *alerting.InputError for settings that cannot stand.
func (s *Settings) Check() error {
	if s.IdleMin < 1 || s.IdleMin > 480 {
		return invalid("idle_min", fmt.Sprint(s.IdleMin), "must be 1 to 480")
	}
	for field, clock := range map[string]string{"night.from": s.Night.From, "night.to": s.Night.To} {
		if _, ok := minuteOf(clock); !ok {
			return invalid(field, clock, "must be a time of day, as 22:00")
		}
	}
	for i, r := range s.Night.Rules {
		field := fmt.Sprintf("night.rules[%d]", i)
		if _, ok := r.Kind.Info(); r.Kind != "" && !ok {
			return invalid(field+".kind", string(r.Kind), "must be a kind of alert")
		}
		if r.Severity != "" && r.Severity.Rank() > alerting.Blue.Rank() {
			return invalid(field+".severity", string(r.Severity), "must be red, orange, yellow or blue")
		}
		if r.Wait && (r.Severity == "" || r.Severity == alerting.Red) {
			return invalid(field+".severity", string(r.Severity), "must be orange, yellow or blue where it waits: red never does")
		}
		if r.Wait && len(r.Targets) > 0 {
			return invalid(field+".targets", fmt.Sprint(len(r.Targets)), "must be empty where it waits")
		}
		for j, t := range r.Targets {
			if err := t.check(fmt.Sprintf("%s.targets[%d]", field, j)); err != nil {
				return err
			}
		}
	}
	return nil
}

// is says whether it is night at a time.
func (n *Night) is(at time.Time, zone *time.Location) bool {
	from, ok := minuteOf(n.From)
	to, ok2 := minuteOf(n.To)
	if !ok || !ok2 || from == to {
		return false
	}
	local := at.In(zone)
	now := local.Hour()*60 + local.Minute()
	if from < to {
		return from <= now && now < to
	}
	return now >= from || now < to
}

// end is the next morning after a time.
func (n *Night) end(at time.Time, zone *time.Location) time.Time {
	y, m, d := at.In(zone).Date()
	day := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	if end := handover(day, n.To, zone); end.After(at) {
		return end.UTC()
	}
	return handover(day.AddDate(0, 0, 1), n.To, zone).UTC()
}

// rule is the first that fits.
func (n *Night) rule(k alerting.Kind, t devices.Tier, s alerting.Severity) (NightRule, bool) {
	for _, r := range n.Rules {
		if (r.Kind == "" || r.Kind == k) && (r.Tier == "" || r.Tier == t) && (r.Severity == "" || r.Severity == s) {
			return r, true
		}
	}
	return NightRule{}, false
}
