package dashboard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// Doors reads what was entered at the door.
type Doors interface {
	Entries(ctx context.Context, visit string) ([]alerting.DoorEntry, error)
	Photo(ctx context.Context, visit, id string) ([]byte, error)
	Home(ctx context.Context, resident string) (alerting.Home, error)
	// HeldVisit is a visit that the scope's provider once had.
	HeldVisit(ctx context.Context, scope devices.Scope, id string) (alerting.Visit, error)
	LastContact(resident string, at time.Time) time.Time
}

// PhoneTime is the part of an entry that says when, by the phone's clock.
type PhoneTime struct {
	UUID string    `json:"uuid" format:"uuid" doc:"Made on the phone. What is sent twice is taken once."`
	At   time.Time `json:"at,omitzero" doc:"When it happened by the phone's clock; the time of receipt by default."`
	Sent time.Time `json:"sent,omitzero" doc:"What the phone's clock says now, as it sends this: the difference to ours corrects at."`
}

func (p PhoneTime) time() alerting.PhoneTime { return alerting.PhoneTime{At: p.At, Sent: p.Sent} }

// position is where the phone is.
type position struct {
	Lat       float64       `json:"lat_deg" minimum:"-90" maximum:"90"`
	Lon       float64       `json:"lon_deg" minimum:"-180" maximum:"180"`
	AccuracyM float64       `json:"accuracy_m,omitempty" minimum:"0" maximum:"1000000"`
	Datum     devices.Datum `json:"datum,omitempty" enum:"wgs84,gcj02,bd09" doc:"wgs84 by default, which is what browsers give."`
}

func (p *position) position() *alerting.Position {
	if p == nil {
		return nil
	}
	return &alerting.Position{Lat: p.Lat, Lon: p.Lon, AccuracyM: p.AccuracyM, Datum: p.Datum}
}

type checkInIn struct {
	ByID
	Body struct {
		PhoneTime
		How      string    `json:"how" enum:"position,door_code,serial,word" doc:"By position, by the code at the door, by the serial number of a device in the home, or by nothing but a reason."`
		Position *position `json:"position,omitempty"`
		Code     string    `json:"code,omitempty" maxLength:"200" doc:"Door code, as scanned or typed, or serial number."`
		Reason   string    `json:"reason,omitempty" maxLength:"1000" doc:"Why it proves nothing, in the person's own words."`
	}
}

type checkOutIn struct {
	ByID
	Body struct{ PhoneTime }
}

type checklistIn struct {
	ByID
	Body struct {
		PhoneTime
		Step   string `json:"step" enum:"call_again,knock,look_inside,neighbours,family,supervisor,emergency_110,emergency_120,opened,entered"`
		Result string `json:"result" enum:"done,nothing,not_possible"`
		Note   string `json:"note,omitempty" maxLength:"1000" doc:"Who was asked, who opened."`
	}
}

type photoIn struct {
	ByID
	UUID    string    `query:"uuid" required:"true" format:"uuid" doc:"Made on the phone."`
	At      time.Time `query:"at"`
	Sent    time.Time `query:"sent"`
	RawBody []byte    `contentType:"image/jpeg"`
}

type photoID struct {
	ByID
	Photo string `path:"photo" maxLength:"64"`
}

type photoOut struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// entryOut answers an entry: what was made of it, and how the visit stands.
type entryOut struct {
	Entry alerting.DoorEntry `json:"entry"`
	Visit alerting.Visit     `json:"visit"`
}

type homeIn struct {
	ByID
	Body struct {
		Position *position `json:"position,omitempty"`
		Note     *string   `json:"note,omitempty" maxLength:"1000" doc:"What matters at the door: where the key is, a dog, hard of hearing."`
	}
}

func (d *Dashboard) serveField() {
	add(d, "list-field", "What somebody on the road needs of each visit, the next due first", d.listField)
	add(d, "checkin-visit", "At the door: taken whatever it proves", func(ctx context.Context, in *checkInIn) (*body[entryOut], error) {
		return d.entered(ctx, in.ID, alerting.NewEntry{
			UUID: in.Body.UUID, Kind: alerting.EntryCheckIn, Time: in.Body.time(), How: alerting.CheckInHow(in.Body.How),
			Position: in.Body.Position.position(), Code: in.Body.Code, Reason: in.Body.Reason,
		})
	})
	add(d, "checkout-visit", "Leaving", func(ctx context.Context, in *checkOutIn) (*body[entryOut], error) {
		return d.entered(ctx, in.ID, alerting.NewEntry{UUID: in.Body.UUID, Kind: alerting.EntryCheckOut, Time: in.Body.time()})
	})
	add(d, "check-visit-step", "A step of the checklist for a door that nobody opens", func(ctx context.Context, in *checklistIn) (*body[entryOut], error) {
		return d.entered(ctx, in.ID, alerting.NewEntry{
			UUID: in.Body.UUID, Kind: alerting.EntryChecklist, Time: in.Body.time(),
			Step: alerting.DoorStep(in.Body.Step), Result: alerting.StepResult(in.Body.Result), Note: in.Body.Note,
		})
	})
	add(d, "add-visit-photo", "A JPEG picture of at most 1 MiB; what the camera wrote beside it is taken out", d.addPhoto, func(op *huma.Operation) {
		op.MaxBodyBytes = alerting.MaxPhoto + 1<<10
		op.BodyReadTimeout = 90 * time.Second // 2G
	})
	add(d, "get-visit-photo", "A picture", func(ctx context.Context, in *photoID) (*photoOut, error) {
		v, err := d.visit(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		jpeg, err := d.opts.Doors.Photo(ctx, v.ID, in.Photo)
		if err != nil {
			return nil, err
		}
		d.audit(ctx, "get-visit-photo", v.ID, v.Area, in.Photo)
		return &photoOut{ContentType: "image/jpeg", Body: jpeg}, nil
	}, func(op *huma.Operation) {
		op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{"image/jpeg": {}}}
	})
	add(d, "list-visit-entries", "What was entered at the door, in the order in which it happened", func(ctx context.Context, in *ByID) (*listOut[alerting.DoorEntry], error) {
		v, err := d.visit(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		entries, err := d.opts.Doors.Entries(ctx, v.ID)
		if err != nil {
			return nil, err
		}
		return &listOut[alerting.DoorEntry]{newList(entries, "")}, nil
	})
	add(d, "put-home", "Where a resident lives, and what matters at the door", func(ctx context.Context, in *homeIn) (*body[homeBody], error) {
		r, err := d.resident(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		h, err := d.opts.Desk.SetHome(ctx, r.ID, actor(ctx), alerting.HomeChange{Position: in.Body.Position.position(), Note: in.Body.Note})
		if err != nil {
			return nil, err
		}
		d.audit(ctx, "put-home", r.ID, r.Area, "")
		shown, err := d.openResident(ctx, showResident(r.Resident))
		if err != nil {
			return nil, err
		}
		// Who has just entered the place knows it.
		return &body[homeBody]{*showHome(h, shown.Masked && in.Body.Position == nil)}, nil
	})
	add(d, "make-door-code", "The code to hang at the door; made when there is none", d.makeDoorCode)
}

// heldVisit is a visit that the caller may enter something about: one it sees, or
// one its organisation had when the phone went out of reach.
func (d *Dashboard) heldVisit(ctx context.Context, id string) (v alerting.Visit, moved bool, err error) {
	v, err = d.visit(ctx, id)
	if errors.Is(err, alerting.ErrNotFound) {
		v, err = d.opts.Doors.HeldVisit(ctx, caller(ctx).Scope, id)
		moved = err == nil
	}
	return v, moved, err
}

func (d *Dashboard) entered(ctx context.Context, id string, e alerting.NewEntry) (*body[entryOut], error) {
	v, moved, err := d.heldVisit(ctx, id)
	if err != nil {
		return nil, err
	}
	e.Moved = moved
	if err := d.roomFor(ctx, id, &e); err != nil {
		return nil, err
	}
	if e.How == alerting.BySerial && v.Resident != nil {
		if e.Serials, err = d.serials(ctx, v.Resident.ID); err != nil {
			return nil, err
		}
	}
	made, after, err := d.opts.Desk.Enter(ctx, id, actor(ctx), e)
	if err != nil {
		return nil, err
	}
	d.audit(ctx, string(e.Kind)+"-visit", v.ID, v.Area, string(made.Mark)+string(made.Step))
	return &body[entryOut]{entryOut{Entry: made, Visit: d.showHeld(caller(ctx), after, moved)}}, nil
}

// How much is taken at one door.
const (
	maxPhotos  = 20
	maxEntries = 200
)

// roomFor refuses what would fill the disk. What is there already may come again.
func (d *Dashboard) roomFor(ctx context.Context, visit string, e *alerting.NewEntry) error {
	entries, err := d.opts.Doors.Entries(ctx, visit)
	if err != nil {
		return err
	}
	photos := 0
	for i := range entries {
		if strings.EqualFold(entries[i].UUID, e.UUID) {
			return nil
		}
		if entries[i].Kind == alerting.EntryPhoto {
			photos++
		}
	}
	switch {
	case e.Kind == alerting.EntryPhoto && photos >= maxPhotos:
		return invalid("photo", "", fmt.Sprintf("a visit takes at most %d pictures", maxPhotos))
	case len(entries) >= maxEntries:
		return invalid("uuid", e.UUID, fmt.Sprintf("a visit takes at most %d entries", maxEntries))
	}
	return nil
}

// showHeld is showVisit for who sent something of it. Of one that is with another
// organisation by now that is all they see.
func (d *Dashboard) showHeld(c *access.Caller, v alerting.Visit, moved bool) alerting.Visit {
	v = d.showVisit(c, v, false)
	if !moved {
		return v
	}
	v.Resident = maskRef(v.Resident)
	if v.Assignee != nil && *v.Assignee != c.User {
		v.Assignee = nil
	}
	if v.Report != nil && v.Report.By != c.User {
		v.Report = nil
	}
	return v
}

// serials are the ids of the devices that the resident has now, without vendor.
func (d *Dashboard) serials(ctx context.Context, resident string) ([]string, error) {
	assigned, err := d.opts.Registry.Assignments(ctx, resident)
	if err != nil {
		return nil, err
	}
	var ids []string
	now := time.Now()
	for _, a := range assigned {
		if !a.From.After(now) && (a.To.IsZero() || a.To.After(now)) {
			_, id := a.Device.Split()
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func (d *Dashboard) addPhoto(ctx context.Context, in *photoIn) (*body[entryOut], error) {
	jpeg, size, err := alerting.CleanJPEG(in.RawBody)
	if err != nil {
		return nil, err
	}
	return d.entered(ctx, in.ID, alerting.NewEntry{
		UUID: in.UUID, Kind: alerting.EntryPhoto, Time: alerting.PhoneTime{At: in.At, Sent: in.Sent},
		Photo: jpeg, Width: size.Width, Height: size.Height,
	})
}

// reportVisit takes a report, of a visit that was given to others meanwhile too.
func (d *Dashboard) reportVisit(ctx context.Context, id string, r alerting.Report) (*body[alerting.Visit], error) {
	before, moved, err := d.heldVisit(ctx, id)
	if err != nil {
		return nil, err
	}
	r.By, r.Received, r.Moved = caller(ctx).User, time.Now().UTC(), moved
	v, err := d.opts.Desk.ReportVisit(d.audited(ctx, "report-visit", before.ID, before.Area, ""), id, actor(ctx), r)
	if err != nil {
		return nil, err
	}
	return &body[alerting.Visit]{d.showHeld(caller(ctx), v, moved)}, nil
}
