package dashboard

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// Preview says what rules would have done with the readings that are stored.
type Preview interface {
	Preview(ctx context.Context, q PreviewQuery) (PreviewResult, error)
}

// PreviewQuery is what a preview is asked.
type PreviewQuery struct {
	Scope    devices.Scope
	Area     devices.AreaPath // "": all of the scope
	From, To time.Time
	Tier     devices.Tier // "": all
	Resident string       // "": all
	// Before are the rules that hold for somebody, After those that are proposed.
	Before, After func(alerting.RuleScope) *alerting.Rules
}

// PreviewResult compares two sets of rules.
type PreviewResult struct {
	From      time.Time     `json:"from"`
	To        time.Time     `json:"to"`
	Residents int           `json:"residents" doc:"How many were looked at."`
	Complete  bool          `json:"complete" doc:"False when time ran out before all residents of the area were looked at; the figures are of those that were."`
	Readings  int           `json:"readings"`
	Kinds     []PreviewKind `json:"kinds" doc:"Only kinds of which there would have been an alert."`
}

// PreviewKind compares the alerts of one kind.
type PreviewKind struct {
	Kind     alerting.Kind `json:"kind"`
	Now      PreviewCount  `json:"now"`
	Proposed PreviewCount  `json:"proposed"`
}

// PreviewCount counts alerts.
type PreviewCount struct {
	Alerts   int                       `json:"alerts"`
	Away     int                       `json:"away" doc:"Of these, while nobody used water for more than 30 h: most likely nobody was at home."`
	PerMonth float64                   `json:"per_resident_month"`
	Severity map[alerting.Severity]int `json:"severity" doc:"By the highest severity they reached."`
}

// ErrPreviewBusy says that another preview is being made.
var ErrPreviewBusy = errors.New("another preview is being made")

type previewIn struct {
	Body struct {
		Rules    *rulesBody       `json:"rules,omitempty" doc:"The proposed thresholds of the whole service."`
		Settings *rulesPart       `json:"settings,omitempty" doc:"Instead of rules: what is proposed to differ in the scope, in place of all that it has set."`
		Scope    ruleScope        `json:"scope,omitzero" doc:"For whom; only they are looked at."`
		Area     devices.AreaPath `json:"area,omitempty" doc:"Only this area; all of the caller's without it."`
		Days     int              `json:"days,omitempty" minimum:"1" maximum:"60" default:"60" doc:"How far back."`
	}
}

// previewTime is the longest a preview may take: less than a connection waits.
const previewTime = time.Minute

func (d *Dashboard) servePreview() {
	add(d, "preview-rules", "What other thresholds would have done in the last days", func(ctx context.Context, in *previewIn) (*body[PreviewResult], error) {
		now := time.Now().UTC().Truncate(time.Second)
		of, err := d.scopeOf(ctx, in.Body.Scope)
		if err != nil {
			return nil, err
		}
		c, err := ruleChange(in.Body.Rules, in.Body.Settings, of)
		if err != nil {
			return nil, err
		}
		after, err := d.opts.Rules.TryRules(c)
		if err != nil {
			return nil, onlyHere(ctx, of, err)
		}
		if in.Body.Area == "" {
			in.Body.Area = of.Area
		} else if !of.Area.Contains(in.Body.Area) {
			return nil, invalid("area", string(in.Body.Area), "must lie in the scope's area")
		}
		if in.Body.Area != "" && !caller(ctx).Scope.Area(in.Body.Area) {
			return nil, newProblem(http.StatusNotFound, "there is no such area")
		}
		if d.opts.Preview == nil {
			return nil, newProblem(http.StatusServiceUnavailable, "this service makes no previews")
		}
		ctx, stop := context.WithTimeout(ctx, previewTime)
		defer stop()
		result, err := d.opts.Preview.Preview(ctx, PreviewQuery{
			Scope: caller(ctx).Scope, Area: in.Body.Area, Tier: of.Tier, Resident: of.Resident,
			From: now.AddDate(0, 0, -in.Body.Days), To: now, After: after,
			Before: func(of alerting.RuleScope) *alerting.Rules { return d.opts.Rules.Rules(c.From, of) },
		})
		if errors.Is(err, ErrPreviewBusy) {
			return nil, newProblem(http.StatusConflict, "another preview is being made; try again in a minute")
		}
		if err != nil {
			return nil, err
		}
		return &body[PreviewResult]{result}, nil
	})
}

// onlyHere leaves out of a refusal who has other settings, where that may be
// somebody outside the caller's areas.
func onlyHere(ctx context.Context, of alerting.RuleScope, err error) error {
	e, ok := errors.AsType[*alerting.InputError](err)
	if !ok || caller(ctx).Scope.Area(of.Area) {
		return err
	}
	rule, _, _ := strings.Cut(e.Rule, " (for ")
	return &alerting.InputError{Field: e.Field, Value: e.Value, Rule: rule}
}
