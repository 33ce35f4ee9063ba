package roster

import (
	"fmt"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// Policy says who is asked about the alerts of one severity in an area and what
// lies in it, step by step, until somebody acknowledges.
type Policy struct {
	Area     devices.AreaPath  `json:"area" doc:"It holds there and in all that lies inside, unless that has one of its own; the whole service when empty."`
	Severity alerting.Severity `json:"severity"`
	Steps    []Step            `json:"steps" maxItems:"20" doc:"The first is taken when the alert rings."`
	UnseenS  int               `json:"unseen_s" minimum:"0" maximum:"86400" doc:"Seconds within which somebody must be known to have seen it, else the next step is taken at once; 0: nobody need."`
}

// Step is one step of a policy.
type Step struct {
	AfterS  int      `json:"after_s" minimum:"0" maximum:"604800" doc:"Seconds after it began to ring; 0 for the first step."`
	Targets []Target `json:"targets" maxItems:"50"`
}

// Target names people: exactly one of user, rota, role and provider.
type Target struct {
	User string `json:"user,omitempty" maxLength:"64" doc:"One person, by user name."`
	Rota string `json:"rota,omitempty" maxLength:"64" doc:"Who is on duty by this rota."`
	Role string `json:"role,omitempty" maxLength:"32" doc:"All of a role, e.g. town_duty."`
	// Level narrows a role to those whose area is the alert's village, town or
	// county.
	Level    string `json:"level,omitempty" enum:"village,town,county" doc:"With a role: only those whose area is the village, town or county of the alert; all who watch over it without."`
	Provider bool   `json:"provider,omitempty" doc:"The people of the provider that serves the village."`
}

// The longest list of each, against a slip of the hand.
const (
	mostSteps   = 20
	mostTargets = 50
)

// Check returns an *alerting.InputError for a policy that cannot stand.
func (p *Policy) Check() error {
	if p.Severity.Rank() > alerting.Blue.Rank() {
		return invalid("severity", string(p.Severity), "must be red, orange, yellow or blue")
	}
	if len(p.Steps) == 0 || len(p.Steps) > mostSteps {
		return invalid("steps", fmt.Sprint(len(p.Steps)), "must be 1 to 20 steps")
	}
	if p.UnseenS < 0 || p.UnseenS > 86400 {
		return invalid("unseen_s", fmt.Sprint(p.UnseenS), "must be 0 to 86400")
	}
	for i, s := range p.Steps {
		field := fmt.Sprintf("steps[%d]", i)
		switch {
		case i == 0 && s.AfterS != 0:
			return invalid(field+".after_s", fmt.Sprint(s.AfterS), "must be 0: the first step is taken at once")
		case i > 0 && s.AfterS <= p.Steps[i-1].AfterS:
			return invalid(field+".after_s", fmt.Sprint(s.AfterS), "must be later than the step before")
		case len(s.Targets) == 0 || len(s.Targets) > mostTargets:
			return invalid(field+".targets", fmt.Sprint(len(s.Targets)), "must name 1 to 50 targets")
		}
		for j, t := range s.Targets {
			if err := t.check(fmt.Sprintf("%s.targets[%d]", field, j)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *Target) check(field string) error {
	named := 0
	for _, is := range []bool{t.User != "", t.Rota != "", t.Role != "", t.Provider} {
		if is {
			named++
		}
	}
	if named != 1 {
		return invalid(field, fmt.Sprint(named), "must name exactly one of user, rota, role and provider")
	}
	switch t.Level {
	case "":
	case alerting.LevelVillage, alerting.LevelTown, alerting.LevelCounty:
		if t.Role == "" {
			return invalid(field+".level", t.Level, "goes with a role")
		}
	default:
		return invalid(field+".level", t.Level, "must be village, town or county")
	}
	return nil
}

// The roles of people at a desk and in the field, as accounts have them.
const (
	roleDuty       = "duty"
	roleTownDuty   = "town_duty"
	roleAssistant  = "assistant"
	roleSupervisor = "supervisor"
)

// Default is the policy where none was entered: the duty desks that watch the
// village at once, and for what is urgent its assistant and provider; then, at
// the times of the rules, further up the area tree.
func Default(s alerting.Severity, rules *alerting.Rules) Policy {
	desk := []Target{{Role: roleDuty}, {Role: roleTownDuty}}
	p := Policy{Severity: s, Steps: []Step{{Targets: desk}}}
	switch s {
	case alerting.Red, alerting.Orange:
		p.Steps[0].Targets = append(slices.Clip(desk), Target{Role: roleAssistant, Level: alerting.LevelVillage}, Target{Provider: true})
	case alerting.Blue:
		p.Steps[0].Targets = nil // it is in the worklist
	}
	switch s {
	case alerting.Red:
		p.UnseenS = 20
	case alerting.Orange:
		p.UnseenS = 120
	}
	levels := []string{alerting.LevelTown, alerting.LevelCounty}
	for i, after := range rules.Escalation[s] {
		level := levels[min(i, len(levels)-1)]
		p.Steps = append(p.Steps, Step{
			AfterS: int(after / time.Second),
			// The desks again: they have not answered.
			Targets: append(slices.Clip(desk), Target{Role: roleTownDuty, Level: level}, Target{Role: roleDuty, Level: level}, Target{Role: roleSupervisor, Level: level}),
		})
	}
	return p
}

func invalid(field, value, rule string) error {
	return &alerting.InputError{Field: field, Value: value, Rule: rule}
}
