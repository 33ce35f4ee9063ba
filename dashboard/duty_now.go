package dashboard

import (
	"context"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/roster"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

type nowIn struct {
	Area     devices.AreaPath  `query:"area" maxLength:"200" doc:"A village, or any area; one that is the caller's to look at."`
	Severity alerting.Severity `query:"severity" enum:"red,orange,yellow,blue" default:"red"`
}

// dutyPeople are all accounts, with whether they can be told.
type dutyPeople struct {
	list []dutyPerson
	by   map[string]*dutyPerson
}

type dutyPerson struct {
	colleague

	areas []devices.AreaPath
}

// people reads who there is.
func (d *Dashboard) people(ctx context.Context, now time.Time) (*dutyPeople, error) {
	p := &dutyPeople{by: map[string]*dutyPerson{}}
	accounts, err := d.opts.Access.Workers(ctx, access.WorkerFilter{})
	if err != nil {
		return nil, err
	}
	for _, a := range accounts {
		if a.Role == access.Vendor || a.Role == access.Auditor {
			continue
		}
		watching := d.opts.Presence.Watching(a.Username, now)
		p.list = append(p.list, dutyPerson{colleague{
			User: a.Username, Name: a.Name, Role: a.Role, Watching: watching,
			Reachable: watching || d.opts.Reachable != nil && d.opts.Reachable(a.Username, now),
		}, a.Areas})
	}
	for i := range p.list {
		p.by[p.list[i].User] = &p.list[i]
	}
	return p, nil
}

// named shows people by their user names; one without an account is shown by that
// alone.
func (p *dutyPeople) named(users []string) []colleague {
	list := make([]colleague, len(users))
	for i, u := range users {
		list[i] = colleague{User: u, Name: u}
		if one := p.by[u]; one != nil {
			list[i] = one.colleague
		}
	}
	return list
}

func (d *Dashboard) dutyNow(ctx context.Context, in *nowIn) (*body[nowOut], error) {
	if err := d.dutyArea(ctx, in.Area, false); err != nil {
		return nil, err
	}
	now := time.Now().UTC()
	people, err := d.people(ctx, now)
	if err != nil {
		return nil, err
	}
	c := d.opts.Duty.CalloutAt(now, roster.Asked{Severity: in.Severity, Area: in.Area, Provider: d.servedBy(in.Area)})
	out := nowOut{
		Area: in.Area, Severity: in.Severity, At: now, Policy: d.effectivePolicy(in.Area, in.Severity),
		OnDuty: d.onDuty(ctx, in.Area, now, people), Steps: make([]nowStep, len(c.Steps)), UnseenS: int(c.Unseen / time.Second),
		WaitsUntil: orNil(c.WaitUntil), Watching: []colleague{},
	}
	for i, s := range c.Steps {
		out.Steps[i] = nowStep{int(s.After / time.Second), s.Level, people.named(s.People), s.Reachable}
	}
	for _, p := range people.list {
		if p.Watching && isDesk(p.Role) && slices.ContainsFunc(p.areas, func(a devices.AreaPath) bool { return a.Contains(in.Area) }) {
			out.Watching = append(out.Watching, p.colleague)
		}
	}
	return &body[nowOut]{out}, nil
}

// onDuty lists the rotas of an area, of what lies in it and of what lies above.
func (d *Dashboard) onDuty(ctx context.Context, area devices.AreaPath, now time.Time, people *dutyPeople) []nowRota {
	r := d.opts.Duty.Roster()
	list := []nowRota{}
	see := seesDuty(caller(ctx))
	for _, one := range r.Rotas() {
		if !see(one.Area) || !one.Area.Contains(area) && !area.Contains(one.Area) {
			continue
		}
		n := nowRota{ID: one.ID, Name: one.Name, People: people.named(r.OnDuty(one.ID, now))}
		if week := r.Shifts(one.ID, now, now.Add(7*24*time.Hour)); len(week) > 1 {
			n.Until = &week[0].To
		}
		list = append(list, n)
	}
	return list
}
