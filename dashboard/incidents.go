package dashboard

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"shouwang/devices"
)

type incidentKinds struct {
	Kinds []string `json:"kinds"`
}

type incidentIn struct {
	Body struct {
		Kind   string           `json:"kind"`
		Device devices.DeviceID `json:"device,omitempty" doc:"vendor/id; any fitting device without one."`
	}
}

func (d *Dashboard) serveIncidents() {
	add(d, "list-incidents", "Kinds of made-up incidents the demo can play", func(context.Context, *struct{}) (*body[incidentKinds], error) {
		kinds := d.opts.Incidents.Kinds()
		if kinds == nil {
			kinds = []string{}
		}
		return &body[incidentKinds]{incidentKinds{kinds}}, nil
	})
	add(d, "start-incident", "Play an incident", func(ctx context.Context, in *incidentIn) (*body[any], error) {
		kinds := d.opts.Incidents.Kinds()
		if !slices.Contains(kinds, in.Body.Kind) {
			return nil, invalid("kind", in.Body.Kind, "must be one of "+strings.Join(kinds, ", "))
		}
		if in.Body.Device != "" {
			if _, err := d.device(ctx, in.Body.Device); err != nil {
				return nil, orInvalid(err, "device", string(in.Body.Device), "must be a registered device")
			}
		}
		made, err := d.opts.Incidents.Start(ctx, in.Body.Kind, string(in.Body.Device))
		if err != nil {
			return nil, err
		}
		d.audit(ctx, "start-incident", string(in.Body.Device), "", in.Body.Kind)
		return &body[any]{made}, nil
	}, status(http.StatusCreated))
}
