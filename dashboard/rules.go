package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

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
		r, err := in.Body.Rules.rules()
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
