package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"shouwang/devices"
)

type consentBody struct {
	ID      string           `json:"id"`
	Data    devices.DataType `json:"data" enum:"water,vitals,motion,position"`
	Granted bool             `json:"granted" doc:"false: refused or withdrawn."`
	From    time.Time        `json:"from"`
	To      *time.Time       `json:"to" doc:"null: until further notice."`
	Paper   string           `json:"paper" doc:"Where the signed paper is."`
	By      string           `json:"by" doc:"User name of who entered it."`
	Entered time.Time        `json:"entered_at" doc:"It counts for what came in later."`
}

// consentState is what holds now for one type of data.
type consentState struct {
	Data  devices.DataType `json:"data" enum:"water,vitals,motion,position"`
	Taken bool             `json:"taken" doc:"Readings of this type are stored, judged and shown."`
	Known bool             `json:"known" doc:"A decision was entered; else the service's default holds."`
}

type consentsOut struct {
	Now   []consentState `json:"now"`
	Items []consentBody  `json:"items" doc:"All decisions, newest first. The newest one of a type that has begun counts."`
}

// Decision is what a resident agrees to, or withdraws.
type Decision struct {
	Data    []devices.DataType `json:"data" minItems:"1" maxItems:"4" enum:"water,vitals,motion,position"`
	Granted bool               `json:"granted" doc:"false withdraws: from then on nothing of the type is stored, judged or shown. What is stored already stays until it is erased."`
	From    time.Time          `json:"from,omitzero" doc:"Now by default."`
	To      time.Time          `json:"to,omitzero" doc:"Until further notice by default."`
	Paper   string             `json:"paper,omitempty" maxLength:"200" doc:"Where the signed paper is."`
}

// of is the decision by type of data.
func (c Decision) of(resident, by string) []devices.Consent {
	list := make([]devices.Consent, len(c.Data))
	for i, data := range c.Data {
		list[i] = devices.Consent{Resident: resident, Data: data, Granted: c.Granted, From: c.From, To: c.To, Paper: c.Paper, By: by}
	}
	return list
}

type newConsentIn struct {
	ByID
	Body Decision
}

func (d *Dashboard) serveConsents() {
	add(d, "list-consents", "What a resident agrees to, by type of data", func(ctx context.Context, in *ByID) (*body[consentsOut], error) {
		if _, err := d.resident(ctx, in.ID); err != nil {
			return nil, err
		}
		return d.consents(ctx, in.ID)
	})
	add(d, "put-consent", "Enter what a resident agrees to, or withdraws", func(ctx context.Context, in *newConsentIn) (*body[consentsOut], error) {
		r, err := d.resident(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		all := devices.Import{Within: &caller(ctx).Scope}
		names := make([]string, len(in.Body.Data))
		for i, data := range in.Body.Data {
			names[i] = string(data)
		}
		all.Consents = in.Body.of(r.ID, caller(ctx).User)
		if err := d.opts.Registry.PutAll(ctx, all); err != nil {
			return nil, err
		}
		d.audit(ctx, "put-consent", r.ID, r.Area, fmt.Sprintf("%s: granted %t", strings.Join(names, ", "), in.Body.Granted))
		return d.consents(ctx, r.ID)
	}, status(http.StatusCreated))
}

func (d *Dashboard) consents(ctx context.Context, resident string) (*body[consentsOut], error) {
	list, err := d.opts.Registry.Consents(ctx, resident)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	out := consentsOut{Items: []consentBody{}}
	known := map[devices.DataType]bool{}
	for _, c := range list {
		out.Items = append(out.Items, consentBody{
			ID: c.ID, Data: c.Data, Granted: c.Granted, From: c.From, To: orNil(c.To), Paper: c.Paper, By: c.By, Entered: c.Entered,
		})
		known[c.Data] = known[c.Data] || !c.From.After(now)
	}
	not := d.opts.Registry.WithheldOf(resident, now)
	for _, data := range devices.DataTypes() {
		out.Now = append(out.Now, consentState{Data: data, Taken: !not.Has(data), Known: known[data]})
	}
	return &body[consentsOut]{out}, nil
}

// typeOf is the type of data a metric is, wherever it comes from: of one that is
// not in the contract nobody knows, so it is taken for a sign of the body.
func typeOf(m devices.Metric) devices.DataType { return m.Data(devices.Wristband) }
