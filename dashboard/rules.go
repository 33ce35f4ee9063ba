package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

type rulesIn struct {
	Body struct {
		Rules    *rulesBody `json:"rules,omitempty" doc:"All thresholds of the whole service. Without a scope."`
		Settings *rulesPart `json:"settings,omitempty" doc:"Instead of rules: what differs in the scope. It takes the place of all that this scope has set before; without any setting the scope has what it inherits."`
		Scope    ruleScope  `json:"scope,omitzero" doc:"For whom; for the whole service without it."`
		Version  int        `json:"version,omitempty" minimum:"0" doc:"With settings: the version of the scope's rules that it started from, refused when another came first; 0 does not check."`
		Reason   string     `json:"reason" minLength:"1" maxLength:"1000" doc:"Why; kept in the audit log."`
	}
}

type ruleVersionBody struct {
	Version  int       `json:"version"`
	From     time.Time `json:"from" doc:"Holds since then."`
	By       string    `json:"by"`
	Reason   string    `json:"reason"`
	Scope    ruleScope `json:"scope" doc:"For whom; the whole service when it is empty."`
	Settings rulesPart `json:"settings" doc:"What the scope sets; the rest it inherits."`
	Rules    rulesBody `json:"rules" doc:"What the scope has had since."`
}

type ruleVersions struct {
	Items    []ruleVersionBody `json:"items" doc:"Newest first; at most 100."`
	Defaults rulesBody         `json:"defaults" doc:"What held before the first change."`
}

// ruleChangeBody is one change of the rules of one scope.
type ruleChangeBody struct {
	Version  int       `json:"version"`
	From     time.Time `json:"from" doc:"Holds since then."`
	By       string    `json:"by"`
	Reason   string    `json:"reason"`
	Scope    ruleScope `json:"scope" doc:"For whom; the whole service when it is empty. Of a resident: who it is, with the area and tier they had then."`
	Settings rulesPart `json:"settings" doc:"What the scope sets; the rest it inherits."`
}

func showChange(c alerting.RuleChange) ruleChangeBody {
	return ruleChangeBody{c.Version, c.From, c.By, c.Reason, ruleScope(c.Scope), rulesPart{c.Settings}}
}

type ruleSource struct {
	Field   string    `json:"field" example:"silence.meter" doc:"Path of the setting."`
	Version int       `json:"version" doc:"The change that set it."`
	Scope   ruleScope `json:"scope"`
}

type effectiveRules struct {
	Scope   ruleScope        `json:"scope" doc:"Of a resident: with the area and the tier that they have."`
	Rules   rulesBody        `json:"rules"`
	Sources []ruleSource     `json:"sources" doc:"Where the settings that are not the defaults come from."`
	History []ruleChangeBody `json:"history" doc:"The changes that these rules have come from, newest first; at most 100."`
}

// ruleScope says for whom rules are.
type ruleScope struct {
	Area     devices.AreaPath `json:"area,omitempty" query:"area" maxLength:"200" doc:"An area; the whole service without one."`
	Tier     devices.Tier     `json:"tier,omitempty" query:"tier" enum:"red,yellow,green" doc:"Only the residents of this tier there."`
	Resident string           `json:"resident,omitempty" query:"resident" maxLength:"200" doc:"One resident, by id; without area and tier, which are theirs."`
}

const mostRuleVersions = 100

// scopeOf checks that a scope is the caller's to look at: an area of theirs, a
// resident there, or the service, whose rules everybody has.
func (d *Dashboard) scopeOf(ctx context.Context, s ruleScope) (alerting.RuleScope, error) {
	mine := caller(ctx).Scope
	if s.Resident == "" {
		if s.Area != "" && !mine.Area(s.Area) {
			return alerting.RuleScope{}, newProblem(http.StatusNotFound, "there is no such area")
		}
		return alerting.RuleScope(s), nil
	}
	r, err := d.opts.Registry.GetResident(ctx, mine, s.Resident)
	if err != nil {
		return alerting.RuleScope{}, err
	}
	for _, f := range []struct{ field, sent, held string }{{"area", string(s.Area), string(r.Area)}, {"tier", string(s.Tier), string(r.Tier)}} {
		if f.sent != "" && f.sent != f.held {
			return alerting.RuleScope{}, invalid("scope."+f.field, f.sent, "must be left out with a resident, or be theirs")
		}
	}
	return alerting.RuleScope{Area: r.Area, Tier: r.Tier, Resident: r.ID}, nil
}

// maySet checks that the rules of a scope are the caller's to change.
func (d *Dashboard) maySet(ctx context.Context, s alerting.RuleScope) error {
	if !caller(ctx).Scope.Area(s.Area) {
		return newProblem(http.StatusForbidden, "the thresholds hold for the whole service; they are not for an account of one area to change")
	}
	if s.Area == "" || s.Resident != "" {
		return nil
	}
	areas, err := d.opts.Registry.Areas(ctx, caller(ctx).Scope)
	if err != nil {
		return err
	}
	for i := range areas {
		if areas[i].Path == s.Area {
			return nil
		}
	}
	return newProblem(http.StatusNotFound, "there is no such area")
}

// ruleChange is what a body asks for.
func ruleChange(rules *rulesBody, part *rulesPart, of alerting.RuleScope) (alerting.RuleChange, error) {
	c := alerting.RuleChange{Scope: of, From: time.Now().UTC()}
	switch {
	case rules != nil && part != nil:
		return c, invalid("settings", "", "must be left out when there are rules")
	case rules == nil && part == nil:
		return c, invalid("rules", "", "must be there, or settings instead")
	case part != nil:
		c.Settings = part.settings
		return c, part.check()
	case of != alerting.RuleScope{}:
		return c, invalid("rules", "", "must be left out with a scope, which has settings")
	}
	r, err := rules.rules()
	if err != nil {
		return c, err
	}
	c.Settings, err = json.Marshal(r)
	return c, err
}

func (d *Dashboard) putRules(ctx context.Context, in *rulesIn) (*body[rulesBody], error) {
	of, err := d.scopeOf(ctx, in.Body.Scope)
	if err != nil {
		return nil, err
	}
	c, err := ruleChange(in.Body.Rules, in.Body.Settings, of)
	if err != nil {
		return nil, err
	}
	if err := d.maySet(ctx, of); err != nil {
		return nil, err
	}
	from := in.Body.Version
	if in.Body.Rules != nil {
		from = in.Body.Rules.held.Version
	}
	if v := d.opts.Rules.Rules(c.From, of).Version; from != 0 && from != v {
		return nil, newProblem(http.StatusConflict, fmt.Sprintf("version: %d: somebody changed the thresholds meanwhile; they are at version %d", from, v),
			FieldProblem{Field: "version", Value: from, Rule: fmt.Sprintf("must be %d, the version that holds", v)})
	}
	c.By, c.Reason = caller(ctx).User, in.Body.Reason
	version, err := d.opts.Rules.ChangeRules(ctx, c)
	if err != nil {
		return nil, err
	}
	object, detail := fmt.Sprintf("version %d", version), in.Body.Reason
	switch {
	case of.Resident != "":
		object, detail = of.Resident, object // a reason about a person is kept where it can be erased
	case of != alerting.RuleScope{}:
		object += " of " + of.String()
	}
	d.audit(ctx, "put-rules", object, of.Area, detail)
	return &body[rulesBody]{showRules(*d.opts.Rules.Rules(time.Now(), of))}, nil
}

// sees says whether the rules of a scope are for the caller to look at: those of
// their areas, of what lies above them, and the service's.
func sees(c *access.Caller) func(alerting.RuleScope) bool {
	return func(s alerting.RuleScope) bool {
		if s.Area == "" && s.Resident == "" || c.Scope.Area(s.Area) {
			return true
		}
		if s.Resident != "" {
			return false
		}
		return slices.ContainsFunc(c.Scope.Areas, s.Area.Contains)
	}
}

func (d *Dashboard) ruleVersions(ctx context.Context, _ *struct{}) (*body[ruleVersions], error) {
	versions := d.opts.Rules.RuleVersions(mostRuleVersions, sees(caller(ctx)))
	out := ruleVersions{Items: make([]ruleVersionBody, len(versions)), Defaults: showRules(*alerting.DefaultRules())}
	for i, v := range versions {
		c := showChange(v.RuleChange)
		out.Items[i] = ruleVersionBody{c.Version, c.From, c.By, c.Reason, c.Scope, c.Settings, showRules(*v.Rules)}
	}
	return &body[ruleVersions]{out}, nil
}

func (d *Dashboard) effectiveRules(ctx context.Context, in *ruleScope) (*body[effectiveRules], error) {
	of, err := d.scopeOf(ctx, *in)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	out := effectiveRules{
		Scope: ruleScope(of), Rules: showRules(*d.opts.Rules.Rules(now, of)), Sources: []ruleSource{}, History: []ruleChangeBody{},
	}
	for _, s := range d.opts.Rules.RuleSources(now, of) {
		out.Sources = append(out.Sources, ruleSource{s.Field, s.Version, ruleScope(s.Scope)})
	}
	for _, c := range d.opts.Rules.RuleChanges(of) {
		if len(out.History) < mostRuleVersions {
			out.History = append(out.History, showChange(c))
		}
	}
	return &body[effectiveRules]{out}, nil
}

func (d *Dashboard) serveRules() {
	add(d, "list-rule-versions", "Who changed the thresholds, when and why", d.ruleVersions)
	add(d, "get-rules", "The thresholds that hold now, for the whole service or for somebody", func(ctx context.Context, in *ruleScope) (*body[rulesBody], error) {
		of, err := d.scopeOf(ctx, *in)
		if err != nil {
			return nil, err
		}
		return &body[rulesBody]{showRules(*d.opts.Rules.Rules(time.Now(), of))}, nil
	})
	add(d, "get-effective-rules", "The thresholds that hold now, and where each comes from", d.effectiveRules)
	add(d, "put-rules", "Change the thresholds from now on", d.putRules)
}
