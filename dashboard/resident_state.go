package dashboard

import (
	"context"
	"fmt"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// States changes residents' states and says what is to be done about it.
type States interface {
	SetState(ctx context.Context, resident string, state devices.ResidentState, by, reason string) error
	States(ctx context.Context, resident string) ([]devices.ResidentTurn, error)
	// OpenTurns are those that have not been followed up; TurnDone says that one
	// has been.
	OpenTurns(ctx context.Context) ([]devices.ResidentTurn, error)
	TurnDone(ctx context.Context, t devices.ResidentTurn) error
	ToCollect(ctx context.Context, scope devices.Scope) ([]devices.Collectable, error)
}

type stateIn struct {
	ByID
	Body struct {
		State  devices.ResidentState `json:"state" enum:"active,hospital,institution,moved,deceased,left" doc:"In a hospital or an institution alerts are as in an absence. Moved, deceased and left stop monitoring and visits at once."`
		Reason string                `json:"reason" minLength:"1" maxLength:"1000"`
	}
}

type stateChange struct {
	From   devices.ResidentState `json:"from"`
	To     devices.ResidentState `json:"to"`
	At     time.Time             `json:"at"`
	By     string                `json:"by" doc:"User name; empty when it came with an import."`
	Reason string                `json:"reason"`
}

type statesOut struct {
	State devices.ResidentState `json:"state" doc:"As it is now."`
	Items []stateChange         `json:"items" doc:"Newest first."`
	// Collect are devices that are still with a resident who is not watched over.
	Collect []collectable `json:"collect" doc:"Devices to collect."`
}

type collectable struct {
	Device   devices.DeviceID      `json:"device"`
	Kind     devices.Kind          `json:"kind"`
	Resident alerting.ResidentRef  `json:"resident"`
	Area     devices.AreaPath      `json:"area"`
	State    devices.ResidentState `json:"state"`
	Since    time.Time             `json:"since"`
}

type collectOut struct {
	Items []collectable `json:"items"`
}

func (d *Dashboard) serveResidentStates() {
	add(d, "set-resident-state", "Change whether and how a resident is watched over", func(ctx context.Context, in *stateIn) (*body[statesOut], error) {
		r, err := d.resident(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		written := d.audited(ctx, "set-resident-state", r.ID, r.Area, string(r.State)+" to "+string(in.Body.State))
		if err := d.opts.States.SetState(written, in.ID, in.Body.State, caller(ctx).User, in.Body.Reason); err != nil {
			return nil, err
		}
		// What follows is done again later if this fails: the change stands.
		if err := d.followTurns(ctx); err != nil {
			d.log.Error().Err(err).Msg("a change of state is not followed up yet")
		}
		return d.states(ctx, in.ID)
	})
	add(d, "list-resident-states", "Changes of a resident's state, and the devices to collect", func(ctx context.Context, in *ByID) (*body[statesOut], error) {
		if _, err := d.resident(ctx, in.ID); err != nil {
			return nil, err
		}
		return d.states(ctx, in.ID)
	})
	add(d, "list-collectable", "Devices still with residents who are not watched over any more", func(ctx context.Context, _ *struct{}) (*body[collectOut], error) {
		items, err := d.collectables(ctx)
		if err != nil {
			return nil, err
		}
		return &body[collectOut]{collectOut{items}}, nil
	})
	add(d, "collect-device", "The device was taken back from a resident who is not watched over any more", func(ctx context.Context, in *deviceIn) (*none, error) {
		e, err := d.device(ctx, in.device())
		if err != nil {
			return nil, err
		}
		items, err := d.collectables(ctx)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(items, func(c collectable) bool { return c.Device == e.ID }) {
			return nil, &alerting.StateError{Action: "collect-device", State: "with a resident who is watched over, or with nobody"}
		}
		if err := d.opts.Registry.Unassign(ctx, e.ID, time.Now().UTC()); err != nil {
			return nil, err
		}
		d.audit(ctx, "collect-device", string(e.ID), e.Place, "")
		return nil, nil
	})
}

func (d *Dashboard) states(ctx context.Context, id string) (*body[statesOut], error) {
	r, err := d.resident(ctx, id)
	if err != nil {
		return nil, err
	}
	turns, err := d.opts.States.States(ctx, id)
	if err != nil {
		return nil, err
	}
	out := statesOut{State: r.State, Items: []stateChange{}, Collect: []collectable{}}
	for _, t := range turns {
		out.Items = append(out.Items, stateChange{From: t.From, To: t.To, At: t.At, By: t.By, Reason: t.Reason})
	}
	all, err := d.collectables(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Resident.ID == id {
			out.Collect = append(out.Collect, c)
		}
	}
	return &body[statesOut]{out}, nil
}

func (d *Dashboard) collectables(ctx context.Context) ([]collectable, error) {
	c := caller(ctx)
	list, err := d.opts.States.ToCollect(ctx, c.Scope)
	if err != nil {
		return nil, err
	}
	out := make([]collectable, len(list))
	for i, x := range list {
		out[i] = collectable{Device: x.Device, Kind: x.Kind, Resident: alerting.ResidentRef{ID: x.Resident, Name: x.Name}, Area: x.Area, State: x.State, Since: x.Since}
		if !d.named(c, nil, true) {
			out[i].Resident.Name = access.MaskName(x.Name)
		}
	}
	return out, nil
}

// followTurns calls off visits and freezes alerts of those who are not watched over
// any more, or takes it back. Every change is followed up at least once, also when
// the service died in between.
func (d *Dashboard) followTurns(ctx context.Context) error {
	if d.opts.States == nil {
		return nil
	}
	d.turning.Lock()
	defer d.turning.Unlock()
	turns, err := d.opts.States.OpenTurns(ctx)
	if err != nil {
		return err
	}
	for _, t := range turns {
		if err := d.opts.Desk.Turned(ctx, t); err != nil {
			return fmt.Errorf("follow up a change of state: %w", err)
		}
		if err := d.opts.States.TurnDone(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// turns follows up what an import or another process has changed.
func (d *Dashboard) turns(ctx context.Context) error {
	every := time.NewTicker(10 * time.Second)
	defer every.Stop()
	failing := false
	for {
		err := d.followTurns(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			d.log.Error().Err(err).Msg("changes of state are not followed up, tried again every ten seconds")
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-every.C:
		}
	}
}
