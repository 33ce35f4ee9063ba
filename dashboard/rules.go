package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwang/alerting"
)

// length is a duration as people write it.
type length time.Duration

// MarshalText writes it as Go does, "24h0m0s".
func (l length) MarshalText() ([]byte, error) { return []byte(time.Duration(l).String()), nil }

// UnmarshalText reads a Go duration.
func (l *length) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q: must be a length of time such as 45m or 24h", text)
	}
	*l = length(d)
	return nil
}

// Schema tells huma that it is a string.
func (length) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Description: "A length of time such as 45m or 24h0m0s.", Examples: []any{"24h0m0s"}}
}

// rulesBody is alerting.Rules as the API writes them.
type rulesBody struct {
	Version         int `json:"version,omitempty" doc:"Given by the service. On a change: the version it started from, refused when another came first; 0 does not check."`
	WaterInactivity struct {
		LimitL float64 `json:"limit_l" doc:"Litres below which a home counts as unused."`
		Window length  `json:"window" doc:"How long that must be proven."`
	} `json:"water_inactivity"`
	LowBatteryPct float64 `json:"low_battery_pct"`
	Silence       struct {
		Meter length `json:"meter"`
		Band  length `json:"band"`
	} `json:"silence" doc:"Time without a message after which a device counts as silent."`
	Escalation map[string][]length `json:"escalation" doc:"By severity: how long an alert may stand unacknowledged, per step."`
	VisitDue   map[string]length   `json:"visit_due" doc:"By severity: how long after dispatch a visit is due."`
	RaiseAgain length              `json:"raise_again"`
	Late       length              `json:"late"`
}

func showRules(r alerting.Rules) rulesBody {
	b := rulesBody{
		Version: r.Version, LowBatteryPct: r.LowBatteryPct, RaiseAgain: length(r.RaiseAgain), Late: length(r.Late),
		Escalation: map[string][]length{}, VisitDue: map[string]length{},
	}
	b.WaterInactivity.LimitL, b.WaterInactivity.Window = r.WaterInactivity.LimitL, length(r.WaterInactivity.Window)
	b.Silence.Meter, b.Silence.Band = length(r.Silence.Meter), length(r.Silence.Band)
	for s, steps := range r.Escalation {
		b.Escalation[string(s)] = []length{}
		for _, step := range steps {
			b.Escalation[string(s)] = append(b.Escalation[string(s)], length(step))
		}
	}
	for s, due := range r.VisitDue {
		b.VisitDue[string(s)] = length(due)
	}
	return b
}

// rules are those that hold with what the body says put over them: a setting that
// the API does not write stays as it is.
func (b rulesBody) rules(r alerting.Rules) (alerting.Rules, error) {
	r.Version, r.LowBatteryPct, r.RaiseAgain, r.Late = b.Version, b.LowBatteryPct, time.Duration(b.RaiseAgain), time.Duration(b.Late)
	r.Escalation, r.VisitDue = map[alerting.Severity][]time.Duration{}, map[alerting.Severity]time.Duration{}
	r.WaterInactivity.LimitL, r.WaterInactivity.Window = b.WaterInactivity.LimitL, time.Duration(b.WaterInactivity.Window)
	r.Silence.Meter, r.Silence.Band = time.Duration(b.Silence.Meter), time.Duration(b.Silence.Band)
	for s, steps := range b.Escalation {
		if alerting.Severity(s).Rank() > 4 {
			return r, invalid("escalation", s, "must be red, orange, yellow or blue")
		}
		r.Escalation[alerting.Severity(s)] = []time.Duration{}
		for _, step := range steps {
			r.Escalation[alerting.Severity(s)] = append(r.Escalation[alerting.Severity(s)], time.Duration(step))
		}
	}
	for s, due := range b.VisitDue {
		if alerting.Severity(s).Rank() > 4 {
			return r, invalid("visit_due", s, "must be red, orange, yellow or blue")
		}
		r.VisitDue[alerting.Severity(s)] = time.Duration(due)
	}
	return r, r.Check()
}

type rulesIn struct {
	Body struct {
		Rules  rulesBody `json:"rules"`
		Reason string    `json:"reason" minLength:"1" maxLength:"1000" doc:"Why; kept in the audit log."`
	}
}

func (d *Dashboard) serveRules() {
	add(d, "get-rules", "The thresholds that hold now", func(context.Context, *struct{}) (*body[rulesBody], error) {
		return &body[rulesBody]{showRules(*d.opts.Rules.Rules(time.Now()))}, nil
	})
	add(d, "put-rules", "Change the thresholds from now on", func(ctx context.Context, in *rulesIn) (*body[rulesBody], error) {
		r, err := in.Body.Rules.rules(*d.opts.Rules.Rules(time.Now()))
		if err != nil {
			return nil, err
		}
		if !caller(ctx).Scope.Area("") {
			return nil, newProblem(http.StatusForbidden, "the thresholds hold for the whole service; they are not for an account of one area to change")
		}
		now := time.Now().UTC()
		if v := d.opts.Rules.Rules(now).Version; r.Version != 0 && r.Version != v {
			return nil, newProblem(http.StatusConflict, fmt.Sprintf("version: %d: somebody changed the thresholds meanwhile; they are at version %d", r.Version, v),
				FieldProblem{Field: "version", Value: r.Version, Rule: fmt.Sprintf("must be %d, the version that holds", v)})
		}
		if r.Version, err = d.opts.Rules.PutRules(ctx, &r, actor(ctx), in.Body.Reason, now); err != nil {
			return nil, err
		}
		d.audit(ctx, "put-rules", fmt.Sprintf("version %d", r.Version), "", in.Body.Reason)
		return &body[rulesBody]{showRules(r)}, nil
	})
}
