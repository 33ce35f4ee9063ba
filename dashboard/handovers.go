package dashboard

import (
	"context"
	"net/http"
	"slices"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// Handovers makes and signs the sheets of shifts.
type Handovers interface {
	Draft(ctx context.Context, by alerting.Actor, areas []devices.AreaPath, in alerting.NewSheet) (alerting.Sheet, error)
	Seal(ctx context.Context, by alerting.Actor, areas []devices.AreaPath, in alerting.NewSheet) (alerting.Sheet, error)
	Keep(ctx context.Context, s alerting.Sheet) (alerting.Sheet, error)
	Take(ctx context.Context, id string, by alerting.Actor, note string, heard bool) (alerting.Sheet, error)
}

type handoversIn struct {
	Page
	State []string `query:"state" enum:"waiting,taken,withdrawn" doc:"Any of these, with commas between."`
}

type remark struct {
	Alert string `json:"alert"`
	Text  string `json:"text" maxLength:"4000"`
}

type signOffIn struct {
	Body struct {
		UUID       string   `json:"uuid,omitempty" format:"uuid" doc:"Made by the client, and the sheet's id. The same sent twice is signed once."`
		Remarks    []remark `json:"remarks,omitempty" maxItems:"500" doc:"What is to be known of single cases."`
		Note       string   `json:"note,omitempty" maxLength:"4000"`
		SoundHeard bool     `json:"sound_heard,omitempty" doc:"The siren was tested at the end of the shift, and heard."`
	}
}

type takeIn struct {
	ByID
	Body struct {
		Note       string `json:"note,omitempty" maxLength:"4000"`
		SoundHeard bool   `json:"sound_heard,omitempty" doc:"The siren was tested at the beginning of the shift, and heard."`
	}
}

func (d *Dashboard) serveHandovers() {
	add(d, "draft-handover", "The sheet of the caller's shift as it would be signed now", func(ctx context.Context, _ *struct{}) (*body[alerting.Sheet], error) {
		s, err := d.opts.Handovers.Draft(ctx, actor(ctx), caller(ctx).Scope.Areas, alerting.NewSheet{Warnings: d.warnings()})
		if err != nil {
			return nil, err
		}
		return &body[alerting.Sheet]{d.showSheet(caller(ctx), s)}, nil
	})
	add(d, "sign-handover", "Sign the shift off; it waits for who comes", func(ctx context.Context, in *signOffIn) (*body[alerting.Sheet], error) {
		n := alerting.NewSheet{ID: in.Body.UUID, Remarks: map[string]string{}, Note: in.Body.Note, SoundHeard: in.Body.SoundHeard, Warnings: d.warnings()}
		for _, r := range in.Body.Remarks {
			n.Remarks[r.Alert] = r.Text
		}
		s, err := d.opts.Handovers.Seal(ctx, actor(ctx), caller(ctx).Scope.Areas, n)
		if err != nil {
			return nil, err
		}
		if s, err = d.opts.Handovers.Keep(d.audited(ctx, "sign-handover", s.ID, areaOfSheet(&s), s.Digest), s); err != nil {
			return nil, err
		}
		return &body[alerting.Sheet]{d.showSheet(caller(ctx), s)}, nil
	}, status(http.StatusCreated))
	add(d, "take-handover", "Take the shift over; somebody else than who signed it off", func(ctx context.Context, in *takeIn) (*body[alerting.Sheet], error) {
		s, err := d.sheet(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		written := d.audited(ctx, "take-handover", s.ID, areaOfSheet(&s), s.Digest)
		if s, err = d.opts.Handovers.Take(written, in.ID, actor(ctx), in.Body.Note, in.Body.SoundHeard); err != nil {
			return nil, err
		}
		return &body[alerting.Sheet]{d.showSheet(caller(ctx), s)}, nil
	})
	add(d, "list-handovers", "Sheets without their lines, newest first", func(ctx context.Context, in *handoversIn) (*listOut[alerting.Sheet], error) {
		p, err := d.opts.Shift.Sheets(ctx, alerting.SheetFilter{Scope: caller(ctx).Scope, State: words[alerting.SheetState](in.State), Cursor: in.Cursor, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		return &listOut[alerting.Sheet]{newList(p.Items, p.Next)}, nil
	})
	add(d, "get-handover", "One sheet as it was signed", func(ctx context.Context, in *ByID) (*body[alerting.Sheet], error) {
		s, err := d.sheet(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		d.audit(ctx, "get-handover", s.ID, areaOfSheet(&s), s.Digest)
		return &body[alerting.Sheet]{d.showSheet(caller(ctx), s)}, nil
	})
}

// sheet is one of a desk all of whose areas the caller sees.
func (d *Dashboard) sheet(ctx context.Context, id string) (alerting.Sheet, error) {
	s, err := d.opts.Shift.Sheet(ctx, id)
	if err != nil {
		return s, err
	}
	scope := caller(ctx).Scope
	if scope.Provider != "" || slices.ContainsFunc(s.Areas, func(a devices.AreaPath) bool { return !scope.Area(a) }) {
		return s, notFound("hand-over")
	}
	return s, nil
}

func (d *Dashboard) showSheet(c *access.Caller, s alerting.Sheet) alerting.Sheet {
	if s.Lines == nil {
		s.Lines = []alerting.SheetLine{}
	}
	if d.named(c, s.TakenAt, false) {
		return s
	}
	s.Lines = slices.Clone(s.Lines)
	s.TakeNote, s.Head.Note = maskText(s.TakeNote, nil), maskText(s.Head.Note, nil)
	for i := range s.Lines {
		l := &s.Lines[i]
		l.Remark = maskText(l.Remark, &alerting.ResidentRef{Name: l.Name})
		if l.Name != "" {
			l.Name = access.MaskName(l.Name)
		}
		if l.Whom != "" {
			l.Whom = maskWhom(l.Whom)
		}
	}
	return s
}

// areaOfSheet is where the audit log has the sheet.
func areaOfSheet(s *alerting.Sheet) devices.AreaPath {
	if len(s.Areas) == 0 {
		return ""
	}
	return s.Areas[0]
}

func (d *Dashboard) warnings() []string {
	list := []string{}
	for _, w := range d.opts.State().Warnings {
		list = append(list, string(w))
	}
	return list
}
