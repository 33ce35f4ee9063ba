package dashboard

import (
	"context"
	"errors"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// fieldIn asks for the caller's visits.
type fieldIn struct {
	Until time.Time `query:"until" doc:"Leaves out visits that are due then or later; by default those of the next 36 hours."`
	Visit string    `query:"visit" doc:"This one only, whenever it is due and however it stands."`
}

// fieldOut is all that a phone keeps for when it has no signal.
type fieldOut struct {
	Now   time.Time   `json:"now"`
	Items []fieldCard `json:"items"`
	More  bool        `json:"more" doc:"There are more visits than a phone is sent."`
}

// fieldCard is one visit with what matters at the door.
type fieldCard struct {
	Visit    alerting.Visit       `json:"visit"`
	Resident *ResidentBody        `json:"resident"`
	Devices  []worn               `json:"devices"`
	Absences []absenceBody        `json:"absences"`
	Alert    *alerting.Alert      `json:"alert"`
	Home     *homeBody            `json:"home"`
	Signs    []sign               `json:"signs" doc:"The last signs of life, the newest first."`
	Entries  []alerting.DoorEntry `json:"entries"`
	Rules    fieldRules           `json:"rules"`
}

type fieldRules struct {
	CheckInM  float64 `json:"check_in_m"`
	AccuracyM float64 `json:"accuracy_m"`
}

// homeBody is where a resident lives: as measured, and on the datums of the maps
// that navigate there.
type homeBody struct {
	Position *homePosition `json:"position" doc:"null while not known."`
	Note     string        `json:"note" doc:"What matters at the door."`
	Masked   bool          `json:"masked,omitempty" doc:"The position is known and left out, as the address is."`
	DoorCode bool          `json:"door_code" doc:"A code hangs at the door."`
}

type homePosition struct {
	Lat    float64             `json:"lat_deg" doc:"WGS-84"`
	Lon    float64             `json:"lon_deg"`
	GCJLat float64             `json:"gcj_lat_deg" doc:"GCJ-02, for Amap and Tencent."`
	GCJLon float64             `json:"gcj_lon_deg"`
	BDLat  float64             `json:"bd_lat_deg" doc:"BD-09, for Baidu."`
	BDLon  float64             `json:"bd_lon_deg"`
	Source alerting.HomeSource `json:"source" enum:"entered,door"`
}

// showHome leaves out where it is when the address is masked, too.
func showHome(h alerting.Home, masked bool) *homeBody {
	b := &homeBody{Note: h.Note, DoorCode: h.DoorCode != ""}
	if h.Known() && masked {
		b.Masked = true
	} else if h.Known() {
		p := &homePosition{Lat: h.Lat, Lon: h.Lon, Source: h.Source}
		p.GCJLat, p.GCJLon = devices.GCJ02.FromWGS84(h.Lat, h.Lon)
		p.BDLat, p.BDLon = devices.BD09.FromWGS84(h.Lat, h.Lon)
		b.Position = p
	}
	return b
}

// sign is something that shows that somebody lives.
type sign struct {
	Kind  string    `json:"kind" enum:"contact,water,heart_rate_bpm,steps" doc:"contact: a person was reached."`
	At    time.Time `json:"at"`
	Value float64   `json:"value,omitempty" doc:"Litres in the hour from at on, beats a minute, steps of the day."`
}

const (
	// fieldAhead is how far ahead a phone is told: today, and tomorrow morning.
	fieldAhead = 36 * time.Hour
	// fieldCards is how many visits a phone is sent: more than a person makes.
	fieldCards = 60
	// waterBack is how far back use of water is looked for.
	waterBack = 72 * time.Hour
)

func (d *Dashboard) listField(ctx context.Context, in *fieldIn) (*body[fieldOut], error) {
	now := time.Now().UTC()
	out := fieldOut{Now: now, Items: []fieldCard{}}
	visits, more, err := d.fieldVisits(ctx, in, now)
	if err != nil {
		return nil, err
	}
	out.More = more
	for _, v := range visits {
		card, err := d.fieldCard(ctx, v, now)
		if err != nil {
			return nil, err
		}
		out.Items = append(out.Items, card)
		if v.Resident != nil && d.seenCards.first(caller(ctx).User+"\x00"+v.ID, now) {
			d.audit(ctx, "list-field", v.Resident.ID, v.Area, "visit "+v.ID)
		}
	}
	return &body[fieldOut]{out}, nil
}

func (d *Dashboard) fieldVisits(ctx context.Context, in *fieldIn, now time.Time) (list []alerting.Visit, more bool, err error) {
	scope := caller(ctx).Scope
	if in.Visit != "" {
		v, err := d.visit(ctx, in.Visit)
		return []alerting.Visit{v}, false, err
	}
	until := in.Until
	if until.IsZero() {
		until = now.Add(fieldAhead)
	}
	open, err := d.opts.Alerts.Visits(ctx, alerting.VisitFilter{
		Scope: scope, State: []alerting.VisitState{alerting.VisitPlanned, alerting.VisitStarted}, DueBefore: until, Limit: fieldCards,
	})
	if err != nil {
		return nil, false, err
	}
	// What was done today is shown as done.
	done, err := d.opts.Alerts.Visits(ctx, alerting.VisitFilter{
		Scope: scope, State: []alerting.VisitState{alerting.VisitReported}, Since: now.Add(-16 * time.Hour), Limit: fieldCards,
	})
	if err != nil {
		return nil, false, err
	}
	list = open.Items
	for _, v := range done.Items {
		if v.Report != nil && (v.Report.By == caller(ctx).User || v.Assignee != nil && *v.Assignee == caller(ctx).User) {
			list = append(list, v)
		}
	}
	return list, open.Next != "", nil
}

func (d *Dashboard) fieldCard(ctx context.Context, v alerting.Visit, now time.Time) (fieldCard, error) {
	card := fieldCard{Visit: d.showVisit(caller(ctx), v, false), Devices: []worn{}, Absences: []absenceBody{}, Signs: []sign{}}
	scope := alerting.RuleScope{Area: v.Area}
	var err error
	if card.Entries, err = d.opts.Doors.Entries(ctx, v.ID); err != nil {
		return card, err
	}
	if v.Resident != nil {
		r, err := d.resident(ctx, v.Resident.ID)
		switch {
		case errors.Is(err, devices.ErrNotFound): // moved out of the caller's area since
		case err != nil:
			return card, err
		default:
			scope.Resident, scope.Tier = r.ID, r.Tier
			if err := d.fieldResident(ctx, &card, r, now); err != nil {
				return card, err
			}
		}
	}
	if v.Alert != nil {
		a, err := d.alert(ctx, *v.Alert)
		switch {
		case err == nil:
			if err := d.hideOthers(ctx, &a); err != nil {
				return card, err
			}
			a = d.showAlert(caller(ctx), a, false)
			card.Alert = &a
		case !errors.Is(err, devices.ErrNotFound):
			return card, err
		}
	}
	rules := d.opts.Rules.Rules(now, scope).Field
	card.Rules = fieldRules{CheckInM: rules.CheckInM, AccuracyM: rules.AccuracyM}
	return card, nil
}

func (d *Dashboard) fieldResident(ctx context.Context, card *fieldCard, r devices.ResidentView, now time.Time) error {
	shown := showResident(r.Resident)
	if v := &card.Visit; !v.State.Active() || !v.Due.Before(now.Add(fieldAhead)) {
		// Nobody is to go there now: as on the resident's page.
		var err error
		if shown, err = d.openResident(ctx, shown); err != nil {
			return err
		}
	}
	card.Resident = &shown
	home, err := d.opts.Doors.Home(ctx, r.ID)
	if err != nil {
		return err
	}
	card.Home = showHome(home, shown.Masked)
	for _, dev := range r.Devices {
		card.Devices = append(card.Devices, worn{ID: dev.ID, Kind: dev.Kind, From: dev.Created})
	}
	for _, a := range r.Absences {
		card.Absences = append(card.Absences, absenceBody{ID: a.ID, From: a.From, To: orNil(a.To), Reason: a.Reason})
	}
	if card.Visit.State == alerting.VisitReported || shown.Masked {
		return nil
	}
	if at := d.opts.Doors.LastContact(r.ID, now); !at.IsZero() {
		card.Signs = append(card.Signs, sign{Kind: "contact", At: at})
	}
	since, err := d.since(ctx, r.ID, now)
	if err != nil {
		return err
	}
	for _, dev := range r.Devices {
		signs, err := d.signsOf(ctx, dev, since[dev.ID], now)
		if err != nil {
			// The card is of use without them, also when the series is out of order.
			d.log.Warn().Err(err).Str("device", string(dev.ID)).Msg("signs of life not read")
			continue
		}
		card.Signs = append(card.Signs, signs...)
	}
	newestFirst(card.Signs)
	return nil
}
