package dashboard

import (
	"context"
	"net/http"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// Shift reads silences and the sheets of shifts.
type Shift interface {
	Silences(ctx context.Context, f alerting.SilenceFilter) ([]alerting.Silence, error)
	SilenceOf(ctx context.Context, id string) (alerting.Silence, error)
	Sheets(ctx context.Context, f alerting.SheetFilter) (alerting.SheetPage, error)
	Sheet(ctx context.Context, id string) (alerting.Sheet, error)
}

type silencesIn struct {
	Running  bool   `query:"running" doc:"Leaves out those that are over."`
	Resident string `query:"resident"`
	Device   string `query:"device" doc:"vendor/id"`
	Limit    int    `query:"limit" default:"500" minimum:"1" maximum:"1000"`
}

type silencesOut struct {
	Items []alerting.Silence `json:"items"`
	// Kinds may be silenced, Most is how long at most.
	Kinds []alerting.Kind `json:"kinds" doc:"The kinds that may be silenced."`
}

type newSilenceIn struct {
	Body struct {
		Resident string           `json:"resident,omitempty" doc:"Whose alerts of the kind are held back; or give a device."`
		Device   devices.DeviceID `json:"device,omitempty" doc:"vendor/id, for kinds about devices."`
		Kind     string           `json:"kind" doc:"Never sos, fall or no_sign_of_life; and what is red rings in any kind."`
		Until    time.Time        `json:"until" doc:"At most as far ahead as the setting quiet.silence_most."`
		Reason   string           `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

func (d *Dashboard) serveSilences() {
	add(d, "list-silences", "Silences, those that end next first", func(ctx context.Context, in *silencesIn) (*body[silencesOut], error) {
		c := caller(ctx)
		list, err := d.opts.Shift.Silences(ctx, alerting.SilenceFilter{
			Scope: c.Scope, Running: in.Running, Now: time.Now(), Resident: in.Resident, Device: devices.DeviceID(in.Device), Limit: in.Limit,
		})
		if err != nil {
			return nil, err
		}
		for i := range list {
			list[i] = d.showSilence(c, list[i])
		}
		return &body[silencesOut]{silencesOut{Items: list, Kinds: alerting.Silenceables()}}, nil
	})
	add(d, "create-silence", "Hold back alerts of one kind, of a resident or a device", d.createSilence, status(http.StatusCreated))
	add(d, "end-silence", "End it before its time: what it holds back rings if it lasts", func(ctx context.Context, in *reasonIn) (*body[alerting.Silence], error) {
		was, err := d.silence(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		s, err := d.opts.Desk.EndSilence(ctx, in.ID, actor(ctx), in.reason())
		if err != nil {
			return nil, err
		}
		d.audit(ctx, "end-silence", s.ID, was.Area, string(s.Kind))
		return &body[alerting.Silence]{d.showSilence(caller(ctx), s)}, nil
	})
}

func (d *Dashboard) createSilence(ctx context.Context, in *newSilenceIn) (*body[alerting.Silence], error) {
	n := alerting.NewSilence{Resident: in.Body.Resident, Device: in.Body.Device, Kind: alerting.Kind(in.Body.Kind), Until: in.Body.Until, Reason: in.Body.Reason}
	// What lies outside the caller's areas does not exist.
	if n.Resident != "" {
		if _, err := d.resident(ctx, n.Resident); err != nil {
			return nil, err
		}
	}
	if n.Device != "" {
		if _, err := d.device(ctx, n.Device); err != nil {
			return nil, err
		}
	}
	s, err := d.opts.Desk.Silence(ctx, actor(ctx), n)
	if err != nil {
		return nil, err
	}
	d.audit(ctx, "create-silence", s.ID, s.Area, string(s.Kind)+" until "+s.Until.Format(time.RFC3339))
	return &body[alerting.Silence]{d.showSilence(caller(ctx), s)}, nil
}

// silence is one that the caller may see.
func (d *Dashboard) silence(ctx context.Context, id string) (alerting.Silence, error) {
	s, err := d.opts.Shift.SilenceOf(ctx, id)
	if err != nil {
		return s, err
	}
	if c := caller(ctx); !c.Scope.Area(s.Area) || c.Scope.Provider != "" && c.Scope.Provider != s.Provider {
		return s, notFound("silence")
	}
	return s, nil
}

func (d *Dashboard) showSilence(c *access.Caller, s alerting.Silence) alerting.Silence {
	ended := s.EndedAt
	if now := time.Now(); ended == nil && s.Until.Before(now) {
		ended = &s.Until
	}
	if !d.named(c, ended, true) {
		s.Reason = maskText(s.Reason, s.Resident)
		s.Resident = maskRef(s.Resident)
	}
	return s
}
