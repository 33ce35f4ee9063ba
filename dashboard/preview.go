package dashboard

import (
	"context"
	"errors"
	"net/http"
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
	// Before are the rules that hold, After those that are proposed.
	Before, After *alerting.Rules
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
		Rules rulesBody        `json:"rules" doc:"The proposed thresholds."`
		Area  devices.AreaPath `json:"area,omitempty" doc:"Only this area; all of the caller's without it."`
		Days  int              `json:"days,omitempty" minimum:"1" maximum:"60" default:"60" doc:"How far back."`
	}
}

// previewTime is the longest a preview may take: less than a connection waits.
const previewTime = time.Minute

func (d *Dashboard) servePreview() {
	add(d, "preview-rules", "What other thresholds would have done in the last days", func(ctx context.Context, in *previewIn) (*body[PreviewResult], error) {
		now := time.Now().UTC().Truncate(time.Second)
		before := d.opts.Rules.Rules(now, alerting.RuleScope{})
		after, err := in.Body.Rules.rules()
		if err != nil {
			return nil, err
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
			Scope: caller(ctx).Scope, Area: in.Body.Area,
			From: now.AddDate(0, 0, -in.Body.Days), To: now, Before: before, After: &after,
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
