package dashboard

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"shouwang/dashboard/access"
	"shouwang/devices"
)

// ResidentBody is a resident as the API shows and takes it.
type ResidentBody struct {
	ID       string                  `json:"id" minLength:"1" maxLength:"64"`
	Name     string                  `json:"name" minLength:"1" maxLength:"100"`
	Phone    string                  `json:"phone,omitempty" maxLength:"40"`
	Address  string                  `json:"address,omitempty" maxLength:"300"`
	Born     int                     `json:"born,omitempty" minimum:"1880" maximum:"2100" doc:"Year of birth; left out when not known."`
	Area     devices.AreaPath        `json:"area" minLength:"1" maxLength:"200"`
	Tier     devices.Tier            `json:"tier,omitempty" enum:"red,yellow,green" doc:"Risk grade, green by default."`
	State    devices.ResidentState   `json:"state,omitempty" enum:"active,hospital,institution,moved,deceased,left" doc:"active by default."`
	Contacts []devices.ContactPerson `json:"contacts,omitempty" doc:"Whom to call, in order."`
	Masked   bool                    `json:"masked,omitempty" readOnly:"true" doc:"Something is masked or left out; reveal-resident shows it."`
}

func showResident(r devices.Resident) ResidentBody {
	return ResidentBody{ID: r.ID, Name: r.Name, Phone: r.Phone, Address: r.Address, Born: r.Born, Area: r.Area, Tier: r.Tier, State: r.State, Contacts: r.Contacts}
}

func (b ResidentBody) resident() devices.Resident {
	return devices.Resident{
		ID: b.ID, Name: b.Name, Phone: b.Phone, Address: b.Address, Born: b.Born, Area: b.Area,
		Tier: cmp.Or(b.Tier, devices.TierGreen), State: cmp.Or(b.State, devices.Active), Contacts: b.Contacts,
	}
}

// worn is a device of a resident, now or once.
type worn struct {
	ID   devices.DeviceID `json:"id" doc:"vendor/id"`
	Kind devices.Kind     `json:"kind"`
	From time.Time        `json:"from"`
	To   *time.Time       `json:"to" doc:"null: until further notice."`
}

type absenceBody struct {
	ID     string     `json:"id"`
	From   time.Time  `json:"from"`
	To     *time.Time `json:"to" doc:"null: no end is known."`
	Reason string     `json:"reason"`
}

type residentDetail struct {
	ResidentBody
	Devices  []worn        `json:"devices"`
	Absences []absenceBody `json:"absences"`
	Blind    *blindBody    `json:"blind" doc:"How long something may go unseen at worst; null when no device's cadence is known yet."`
	Home     *homeBody     `json:"home" doc:"Where the home is and what matters at its door."`
}

// blindBody says how long something that happens may go unseen, and why.
type blindBody struct {
	Hours      float64          `json:"hours" doc:"Until the next measurement, and from there until the next report; what a rule waits for comes on top."`
	Device     devices.DeviceID `json:"device" doc:"The quickest of the resident's devices."`
	MeasureMin int              `json:"measure_min" doc:"How often it measures, as learnt; 0 when not known."`
	UploadMin  int              `json:"upload_min" doc:"How often it reports, as learnt."`
	DailyCall  bool             `json:"daily_call" doc:"Too long for the resident's risk: somebody is to phone every day."`
}

// blind is nil when nothing is known of the devices.
func (d *Dashboard) blind(r *devices.Resident, assigned []devices.Assignment, now time.Time) *blindBody {
	if d.opts.Blind == nil {
		return nil
	}
	var ids []devices.DeviceID
	for _, a := range assigned {
		if !a.From.After(now) && (a.To.IsZero() || a.To.After(now)) {
			ids = append(ids, a.Device)
		}
	}
	b, known := d.opts.Blind(r, ids)
	if !known {
		return nil
	}
	return &blindBody{
		Hours: math.Round(b.Time.Hours()*100) / 100, Device: b.Device, DailyCall: b.DailyCall,
		MeasureMin: int(math.Round(b.Measure.Minutes())), UploadMin: int(math.Round(b.Upload.Minutes())),
	}
}

type residentsIn struct {
	Page
	Area   string   `query:"area" doc:"This area and what lies in it."`
	Tier   []string `query:"tier" enum:"red,yellow,green" doc:"Any of these, with commas between."`
	State  []string `query:"state" enum:"active,hospital,institution,moved,deceased,left" doc:"Any of these, with commas between."`
	Search string   `query:"search" maxLength:"100" doc:"Part of the name, or the beginning of the id."`
}

type areaBody struct {
	Path devices.AreaPath `json:"path" minLength:"1" maxLength:"200" doc:"county/town/village, in short codes."`
	Name string           `json:"name" minLength:"1" maxLength:"100"`
}

type areasOut struct {
	Items []areaBody `json:"items"`
}

func (d *Dashboard) serveResidents() {
	add(d, "list-residents", "Residents", func(ctx context.Context, in *residentsIn) (*listOut[ResidentBody], error) {
		p, err := d.opts.Registry.Residents(ctx, devices.ResidentFilter{
			Scope: caller(ctx).Scope, Area: devices.AreaPath(in.Area), Tier: words[devices.Tier](in.Tier),
			State: words[devices.ResidentState](in.State), Query: in.Search, Cursor: in.Cursor, Limit: in.Limit,
		})
		if err != nil {
			return nil, err
		}
		items := make([]ResidentBody, len(p.Items))
		for i, r := range p.Items {
			items[i] = d.listResident(caller(ctx), showResident(r.Resident))
		}
		return &listOut[ResidentBody]{newList(items, p.Next)}, nil
	})
	add(d, "get-resident", "One resident with devices and absences", d.getResident)
	add(d, "get-resident-history", "One metric of a resident over time, from all devices the resident had", d.residentHistory)
	add(d, "list-areas", "The caller's part of the area tree", func(ctx context.Context, _ *struct{}) (*body[areasOut], error) {
		areas, err := d.opts.Registry.Areas(ctx, caller(ctx).Scope)
		if err != nil {
			return nil, err
		}
		out := areasOut{Items: make([]areaBody, len(areas))}
		for i, a := range areas {
			out.Items[i] = areaBody(a)
		}
		return &body[areasOut]{out}, nil
	})
}

// resident is one that the caller may see, else it does not exist.
func (d *Dashboard) resident(ctx context.Context, id string) (devices.ResidentView, error) {
	return d.opts.Registry.GetResident(ctx, caller(ctx).Scope, id)
}

func (d *Dashboard) getResident(ctx context.Context, in *ByID) (*body[residentDetail], error) {
	r, err := d.resident(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	assigned, err := d.opts.Registry.Assignments(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	absences, err := d.opts.Registry.Absences(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	shown, err := d.openResident(ctx, showResident(r.Resident))
	if err != nil {
		return nil, err
	}
	out := residentDetail{ResidentBody: shown, Devices: []worn{}, Absences: []absenceBody{}}
	now := time.Now()
	for _, a := range assigned {
		w := worn{ID: a.Device, From: a.From, To: orNil(a.To)}
		if dev, ok := d.opts.Registry.Device(a.Device, now); ok {
			w.Kind = dev.Kind
		}
		out.Devices = append(out.Devices, w)
	}
	slices.SortStableFunc(out.Devices, func(a, b worn) int { return b.From.Compare(a.From) })
	for _, a := range absences {
		out.Absences = append(out.Absences, absenceBody{ID: a.ID, From: a.From, To: orNil(a.To), Reason: a.Reason})
	}
	out.Blind = d.blind(&r.Resident, assigned, now)
	home, err := d.opts.Doors.Home(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	out.Home = showHome(home, shown.Masked)
	if caller(ctx).Role == access.Auditor && shown.Masked { // it says where the key is
		out.Home.Note = ""
	}
	d.audit(ctx, "get-resident", r.ID, r.Area, "")
	return &body[residentDetail]{out}, nil
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
