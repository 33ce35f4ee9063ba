package dashboard

import (
	"context"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// Rounds tells of planned visits, quotas and work.
type Rounds interface {
	Quotas(ctx context.Context, scope devices.Scope, at, now time.Time) ([]alerting.VisitQuota, error)
	Work(ctx context.Context, scope devices.Scope, at time.Time) ([]alerting.VisitWork, error)
	// Month is the time of a month as people write it, 2026-11; "" is that of now.
	Month(text string, now time.Time) (from, to time.Time, ok bool)
}

type monthIn struct {
	Month string `query:"month" maxLength:"7" doc:"As 2026-11; this month by default."`
}

type quotasOut struct {
	Month string                `json:"month"`
	Items []alerting.VisitQuota `json:"items"`
}

type truthIn struct {
	From time.Time `query:"from" doc:"Closed from then on; 90 days ago by default."`
	To   time.Time `query:"to" doc:"Closed before; now by default."`
}

type truthBody struct {
	alerting.TruthRate

	Rate *float64 `json:"rate" doc:"Share of those judged that were real or useful, 0 to 1; null while none was judged."`
}

type truthOut struct {
	From  time.Time   `json:"from"`
	To    time.Time   `json:"to"`
	Items []truthBody `json:"items"`
}

type labelsOut struct {
	Items []alerting.Label `json:"items"`
}

type providerView struct {
	ID        string             `json:"id" minLength:"1" maxLength:"64"`
	Name      string             `json:"name" minLength:"1" maxLength:"100"`
	Villages  []devices.AreaPath `json:"villages" doc:"Villages, or whole towns or counties, that it serves."`
	Residents int                `json:"residents" readOnly:"true" doc:"Who lives there and is watched over."`
	Staff     []staffBody        `json:"staff" readOnly:"true"`
}

type staffBody struct {
	Username string `json:"username"`
	Name     string `json:"name"`
	Disabled bool   `json:"disabled"`
}

type newProvider struct {
	ID       string             `json:"id" minLength:"1" maxLength:"64"`
	Name     string             `json:"name" minLength:"1" maxLength:"100"`
	Villages []devices.AreaPath `json:"villages" doc:"Villages, or whole towns or counties, that it serves; those of before that are not named it serves no longer."`
}

type providersOut struct {
	Items []providerView `json:"items"`
}

type workBody struct {
	alerting.VisitWork

	Name string `json:"name" doc:"Of the person; the user name of an account that is gone."`
}

type workOut struct {
	Month string     `json:"month"`
	Items []workBody `json:"items"`
}

func (d *Dashboard) serveRounds() {
	add(d, "list-visit-quotas", "Visits of a month by county and town, and what is asked for", func(ctx context.Context, in *monthIn) (*body[quotasOut], error) {
		from, _, err := d.month(in)
		if err != nil {
			return nil, err
		}
		list, err := d.opts.Rounds.Quotas(ctx, caller(ctx).Scope, from, time.Now())
		if err != nil {
			return nil, err
		}
		return &body[quotasOut]{quotasOut{from.Format("2006-01"), list}}, nil
	})
	add(d, "get-truth-rates", "How alerts of each kind and rule ended", d.truthRates)
	add(d, "list-resident-labels", "What people found out about what detectors said of a resident", func(ctx context.Context, in *ByID) (*body[labelsOut], error) {
		r, err := d.resident(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		list, err := d.opts.Alerts.Labels(ctx, r.ID)
		if err != nil {
			return nil, err
		}
		return &body[labelsOut]{labelsOut{slices.DeleteFunc(list, func(l alerting.Label) bool { return !caller(ctx).Scope.Area(l.Area) })}}, nil
	})
	add(d, "get-alert-ladder", "Whom to ask next, before and at the door", d.ladder)
	add(d, "list-providers", "Provider organisations, their people and what they serve", d.listProviders)
	add(d, "put-provider", "Enter or change a provider", d.putProvider)
	add(d, "list-provider-work", "Visits and hours of a month, by provider and person", d.providerWork)
}

func (d *Dashboard) month(in *monthIn) (from, to time.Time, err error) {
	from, to, ok := d.opts.Rounds.Month(in.Month, time.Now())
	if !ok {
		return from, to, invalid("month", in.Month, "must be a month such as 2026-11")
	}
	return from, to, nil
}

func (d *Dashboard) truthRates(ctx context.Context, in *truthIn) (*body[truthOut], error) {
	if in.To.IsZero() {
		in.To = time.Now().UTC().Add(time.Second).Truncate(time.Second)
	}
	if in.From.IsZero() {
		in.From = in.To.AddDate(0, 0, -90)
	}
	if !in.From.Before(in.To) {
		return nil, invalid("from", in.From.Format(time.RFC3339), "must be before to")
	}
	rates, err := d.opts.Alerts.TruthRates(ctx, caller(ctx).Scope, in.From, in.To)
	if err != nil {
		return nil, err
	}
	out := truthOut{From: in.From, To: in.To, Items: []truthBody{}}
	for _, r := range rates {
		b := truthBody{TruthRate: r}
		if share, ok := r.Rate(); ok {
			b.Rate = &share
		}
		out.Items = append(out.Items, b)
	}
	return &body[truthOut]{out}, nil
}

// ladder answers how far the desk has come on the way to the person.
func (d *Dashboard) ladder(ctx context.Context, in *ByID) (*body[alerting.Ladder], error) {
	a, err := d.alert(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	f := alerting.LadderFor{Alert: &a}
	of := alerting.RuleScope{Area: a.Area}
	if a.Resident != nil {
		r, err := d.resident(ctx, a.Resident.ID)
		if err != nil {
			return nil, err
		}
		f.Resident = &r.Resident
		of = alerting.RuleScope{Area: r.Area, Tier: r.Tier, Resident: r.ID}
		village, err := d.opts.Access.Workers(ctx, access.WorkerFilter{Role: []access.Role{access.Assistant}, Area: &r.Area})
		if err != nil {
			return nil, err
		}
		for _, w := range village {
			f.Assistants = append(f.Assistants, w.Name)
		}
	}
	f.Rules = &d.opts.Rules.Rules(time.Now(), of).Visits
	if f.Calls, err = d.opts.Alerts.Calls(ctx, alerting.CallFilter{Scope: caller(ctx).Scope, Alert: a.ID}); err != nil {
		return nil, err
	}
	visits, err := d.opts.Alerts.Visits(ctx, alerting.VisitFilter{Scope: caller(ctx).Scope, Alert: a.ID})
	if err != nil {
		return nil, err
	}
	f.Visits = visits.Items
	l := alerting.NewLadder(f)
	if !d.named(caller(ctx), a.ClosedAt, false) {
		for i := range l.Rungs {
			if r := &l.Rungs[i]; r.Relation != "" || r.Kind == alerting.RungContact {
				r.Whom = maskWhom(r.Whom)
			}
		}
	}
	return &body[alerting.Ladder]{l}, nil
}

// providers are those the caller may see: a provider itself, others those that
// serve something in their areas.
func (d *Dashboard) providers(ctx context.Context) []devices.Provider {
	scope := caller(ctx).Scope
	return slices.DeleteFunc(d.opts.Registry.Providers(), func(p devices.Provider) bool {
		if scope.Provider != "" {
			return p.ID != scope.Provider
		}
		return !slices.ContainsFunc(p.Villages, func(v devices.AreaPath) bool {
			return scope.Area(v) || slices.ContainsFunc(scope.Areas, v.Contains)
		}) && !slices.Contains(scope.Areas, "")
	})
}

// providerNames are the names of all providers by id.
func (d *Dashboard) providerNames() map[string]string {
	names := map[string]string{}
	for _, p := range d.opts.Registry.Providers() {
		names[p.ID] = p.Name
	}
	return names
}

func (d *Dashboard) listProviders(ctx context.Context, _ *struct{}) (*body[providersOut], error) {
	people, err := d.opts.Access.Workers(ctx, access.WorkerFilter{Role: []access.Role{access.Provider}, Disabled: true})
	if err != nil {
		return nil, err
	}
	now := time.Now()
	serves := map[string]int{}
	scope := caller(ctx).Scope
	for _, r := range d.opts.Registry.Everybody(now) {
		if r.State == devices.Active && scope.Area(r.Area) {
			serves[d.opts.Registry.Provider(r.Area, now)]++
		}
	}
	out := providersOut{Items: []providerView{}}
	for _, p := range d.providers(ctx) {
		b := providerView{ID: p.ID, Name: p.Name, Residents: serves[p.ID], Staff: []staffBody{}, Villages: []devices.AreaPath{}}
		for _, v := range p.Villages {
			if scope.Area(v) || slices.ContainsFunc(scope.Areas, v.Contains) {
				b.Villages = append(b.Villages, v)
			}
		}
		for _, a := range people {
			if a.Provider == p.ID {
				b.Staff = append(b.Staff, staffBody{a.Username, a.Name, a.Disabled})
			}
		}
		out.Items = append(out.Items, b)
	}
	return &body[providersOut]{out}, nil
}

func (d *Dashboard) putProvider(ctx context.Context, in *body[newProvider]) (*body[newProvider], error) {
	p := devices.Provider{ID: in.Body.ID, Name: in.Body.Name, Villages: in.Body.Villages}
	if err := d.put(ctx, devices.Import{Providers: []devices.Provider{p}}); err != nil {
		return nil, err
	}
	var area devices.AreaPath
	if len(p.Villages) > 0 {
		area = p.Villages[0]
	}
	d.audit(ctx, "put-provider", p.ID, area, "")
	return &body[newProvider]{in.Body}, nil
}

func (d *Dashboard) providerWork(ctx context.Context, in *monthIn) (*body[workOut], error) {
	from, _, err := d.month(in)
	if err != nil {
		return nil, err
	}
	list, err := d.opts.Rounds.Work(ctx, caller(ctx).Scope, from)
	if err != nil {
		return nil, err
	}
	people, err := d.opts.Access.Workers(ctx, access.WorkerFilter{Role: access.AllRoles(), Disabled: true})
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, a := range people {
		names[a.Username] = a.Name
	}
	out := workOut{Month: from.Format("2006-01"), Items: []workBody{}}
	for _, w := range list {
		b := workBody{VisitWork: w, Name: names[w.Person]}
		if b.Name == "" {
			b.Name = w.Person
		}
		out.Items = append(out.Items, b)
	}
	return &body[workOut]{out}, nil
}
