package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"shouwang/alerting"
)

type rulesIn struct {
	Body struct {
		Rules  rulesBody `json:"rules"`
		Reason string    `json:"reason" minLength:"1" maxLength:"1000" doc:"Why; kept in the audit log."`
	}
}

type ruleVersionBody struct {
	Version int       `json:"version"`
	From    time.Time `json:"from" doc:"Holds since then."`
	By      string    `json:"by"`
	Reason  string    `json:"reason"`
	Rules   rulesBody `json:"rules"`
}

type ruleVersions struct {
	Items    []ruleVersionBody `json:"items" doc:"Newest first; at most 100."`
	Defaults rulesBody         `json:"defaults" doc:"What held before the first change."`
}

const mostRuleVersions = 100

func (d *Dashboard) ruleVersions(_ context.Context, _ *struct{}) (*body[ruleVersions], error) {
	versions := d.opts.Rules.RuleVersions(mostRuleVersions, func(alerting.RuleScope) bool { return true })
	out := ruleVersions{Items: make([]ruleVersionBody, len(versions)), Defaults: showRules(*alerting.DefaultRules())}
	for i, v := range versions {
		out.Items[i] = ruleVersionBody{v.Version, v.From, v.By, v.Reason, showRules(*v.Rules)}
	}
	return &body[ruleVersions]{out}, nil
}

func (d *Dashboard) serveRules() {
	add(d, "list-rule-versions", "Who changed the thresholds, when and why", d.ruleVersions)
	add(d, "get-rules", "The thresholds that hold now", func(context.Context, *struct{}) (*body[rulesBody], error) {
		return &body[rulesBody]{showRules(*d.opts.Rules.Rules(time.Now(), alerting.RuleScope{}))}, nil
	})
	add(d, "put-rules", "Change the thresholds from now on", func(ctx context.Context, in *rulesIn) (*body[rulesBody], error) {
		r, err := in.Body.Rules.rules()
		if err != nil {
			return nil, err
		}
		if !caller(ctx).Scope.Area("") {
			return nil, newProblem(http.StatusForbidden, "the thresholds hold for the whole service; they are not for an account of one area to change")
		}
		now := time.Now().UTC()
		if v := d.opts.Rules.Rules(now, alerting.RuleScope{}).Version; r.Version != 0 && r.Version != v {
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
