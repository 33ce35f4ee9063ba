package alerting

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	"slices"
	"time"

	"shouwang/devices"
)

// What is done at the door, as the log names it.
const (
	ActCheckIn   = Action(EntryCheckIn)
	ActCheckOut  = Action(EntryCheckOut)
	ActChecklist = Action(EntryChecklist)
	ActPhoto     = Action(EntryPhoto)
)

// NewEntry is what a phone hands in.
type NewEntry struct {
	UUID string
	Kind EntryKind
	Time PhoneTime

	// Of a check-in. Serials are the ids of the resident's devices.
	How      CheckInHow
	Position *Position
	Code     string
	Reason   string
	Serials  []string

	// Of a step of the checklist.
	Step   DoorStep
	Result StepResult
	Note   string

	// Of a photo, as CleanJPEG gives it.
	Photo         []byte
	Width, Height int

	// Moved says that the visit is with another organisation now.
	Moved bool
}

func (e *NewEntry) check() error {
	var err error
	if e.UUID, err = checkUUID(e.UUID); err != nil {
		return err
	}
	for field, text := range map[string]string{"reason": e.Reason, "note": e.Note, "code": e.Code} {
		if err := checkText(field, text, false); err != nil {
			return err
		}
	}
	switch e.Kind {
	case EntryCheckIn:
		if p := e.Position; p != nil {
			if !(math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 && p.AccuracyM >= 0) {
				return &InputError{Field: "position", Value: fmt.Sprint(p.Lat, p.Lon, p.AccuracyM), Rule: "must be degrees and metres"}
			}
		}
		return checkOneOf("how", e.How, CheckInHows())
	case EntryChecklist:
		if err := checkOneOf("step", e.Step, DoorSteps()); err != nil {
			return err
		}
		return checkOneOf("result", e.Result, StepResults())
	}
	return nil
}

// Enter takes what was entered at the door, once for each uuid: the same again
// answers with what is there and changes nothing.
func (d *Desk) Enter(ctx context.Context, visit string, by Actor, in NewEntry) (DoorEntry, Visit, error) {
	var done DoorEntry
	if err := in.check(); err != nil {
		return done, Visit{}, err
	}
	v, err := d.step(ctx, visit, Action(in.Kind), by, func(tx Tx, v *Visit, c *Case, ch *Change) error {
		switch old, ok, err := tx.Entry(in.UUID); {
		case err != nil:
			return err
		case ok && old.Visit == v.ID && old.Kind == in.Kind:
			done = old
			return errSame
		case ok:
			return &InputError{Field: "uuid", Value: in.UUID, Rule: "belongs to another entry"}
		}
		e := DoorEntry{UUID: in.UUID, Visit: v.ID, Kind: in.Kind, PhoneAt: in.Time.At.UTC().Truncate(time.Microsecond), Received: ch.At, By: by.User}
		e.At, e.Clock = in.Time.Correct(ch.At)
		e.Conflict = conflictOf(v, c, by, e.At, in.Moved)
		e.Note, e.Reason = in.Note, in.Reason
		switch in.Kind {
		case EntryCheckIn:
			if err := d.arrive(tx, v, &e, in, ch); err != nil {
				return err
			}
		case EntryCheckOut:
			if v.Left == nil || e.At.After(*v.Left) {
				v.Left = &e.At
			}
		case EntryChecklist:
			e.Step, e.Result = in.Step, in.Result
			ch.Data["door_step"], ch.Data["step_result"] = e.Step, e.Result
		case EntryPhoto:
			e.Photo, e.Width, e.Height = newID(), in.Width, in.Height
			if err := tx.AddPhoto(v.ID, e.Photo, in.Photo); err != nil {
				return err
			}
		}
		ch.Text, ch.Data["at"] = e.Note, e.At
		if e.Conflict != NoConflict {
			ch.Data["conflict"] = e.Conflict
		}
		done = e
		return tx.AddEntry(e)
	})
	return done, v, err
}

// arrive judges the check-in. The earliest one is when somebody came.
func (d *Desk) arrive(tx Tx, v *Visit, e *DoorEntry, in NewEntry, ch *Change) error {
	e.How = in.How
	p := door{serials: in.Serials, rules: d.fieldRules(v, ch.At)}
	if v.Resident != nil {
		home, err := tx.Home(v.Resident.ID)
		if err != nil {
			return err
		}
		p.home = home
	}
	if p.judge(&e.DoorData, in.Position, in.Code) && v.Resident != nil {
		p.home.Resident = v.Resident.ID
		p.home.Lat, p.home.Lon = in.Position.wgs()
		p.home.Source, p.home.Changed, p.home.Actor = HomeAtDoor, ch.At, e.By
		if err := tx.PutHome(p.home); err != nil {
			return err
		}
	}
	ch.Data["door_how"] = e.How
	if e.Mark != "" {
		ch.Data["door_mark"] = e.Mark
	}
	if e.DistanceM != nil {
		ch.Data["distance_m"] = *e.DistanceM
	}
	if v.Arrived == nil || e.At.Before(*v.Arrived) {
		v.Arrived = &e.At
	}
	if v.State == VisitPlanned {
		v.State = VisitStarted
	}
	if v.Started == nil {
		v.Started = &e.At
	}
	if v.Assignee == nil {
		v.Assignee = &e.By
	}
	return nil
}

func (d *Desk) fieldRules(v *Visit, now time.Time) FieldRules {
	s := RuleScope{Area: v.Area}
	if v.Resident != nil {
		s.Resident = v.Resident.ID
		if r, ok := d.Directory.Resident(v.Resident.ID, now); ok {
			s.Tier = r.Tier
		}
	}
	return d.Book.Rules(now, s).Field
}

// conflictOf says what had happened to a visit before something came from a phone.
func conflictOf(v *Visit, c *Case, by Actor, at time.Time, moved bool) Conflict {
	switch {
	case v.State == VisitCanceled:
		return ConflictCanceled
	case v.Report != nil && v.Report.By != by.User:
		return ConflictReported
	case moved, v.Assignee != nil && *v.Assignee != by.User:
		return ConflictReassigned
	case c != nil && c.ClosedAt != nil && c.ClosedAt.Before(at):
		return ConflictClosed
	}
	return NoConflict
}

// HomeChange is what is entered of a home; nil parts stay as they are.
type HomeChange struct {
	Position *Position
	Note     *string
}

// SetHome enters where a resident lives and what matters at the door.
func (d *Desk) SetHome(ctx context.Context, resident string, by Actor, in HomeChange) (Home, error) {
	var lat, lon float64
	if p := in.Position; p != nil {
		if p.Datum != "" && !slices.Contains([]devices.Datum{devices.WGS84, devices.GCJ02, devices.BD09}, p.Datum) {
			return Home{}, &InputError{Field: "datum", Value: string(p.Datum), Rule: "must be wgs84, gcj02 or bd09"}
		}
		lat, lon = p.wgs()
		if !(math.Abs(lat) <= 90 && math.Abs(lon) <= 180) || lat == 0 && lon == 0 {
			return Home{}, &InputError{Field: "lat", Value: fmt.Sprint(p.Lat, p.Lon), Rule: "must be a position in degrees"}
		}
	}
	if in.Note != nil {
		if err := checkText("note", *in.Note, false); err != nil {
			return Home{}, err
		}
	}
	return d.home(ctx, resident, func(h *Home, now time.Time) bool {
		h.Changed, h.Actor = now, by.User
		if in.Position != nil {
			h.Lat, h.Lon, h.Source = lat, lon, HomeEntered
		}
		if in.Note != nil {
			h.Note = *in.Note
		}
		return true
	})
}

// NewDoorCode makes the code to hang at the resident's door, or returns the one
// that is there; fresh makes another, and the old one proves nothing any more.
func (d *Desk) NewDoorCode(ctx context.Context, resident string, by Actor, fresh bool) (Home, error) {
	return d.home(ctx, resident, func(h *Home, now time.Time) bool {
		if h.DoorCode != "" && !fresh {
			return false
		}
		// 50 bits of base 32: nobody guesses it, and it can be typed.
		h.DoorCode, h.Changed, h.Actor = rand.Text()[:10], now, by.User
		return true
	})
}

func (d *Desk) home(ctx context.Context, resident string, change func(*Home, time.Time) bool) (Home, error) {
	var h Home
	err := d.Book.Tx(ctx, func(tx Tx) error {
		var err error
		if h, err = tx.Home(resident); err != nil {
			return err
		}
		h.Resident = resident
		if !change(&h, d.now()) {
			return nil
		}
		return tx.PutHome(h)
	})
	return h, err
}

// correct fills in when it was found by our clock, and what had happened to the
// visit before it arrived.
func (r *Report) correct(v *Visit, c *Case, by Actor, ch *Change) {
	phone := r.At.UTC().Truncate(time.Microsecond)
	r.At, r.Clock = PhoneTime{At: r.At, Sent: r.Sent}.Correct(ch.At)
	r.Conflict = conflictOf(v, c, by, r.At, r.Moved)
	r.Sent, r.Moved, r.PhoneAt = time.Time{}, false, time.Time{}
	if r.Clock != ClockTrusted {
		r.PhoneAt, ch.Data["phone_at"], ch.Data["clock"] = phone, phone, r.Clock
	}
	if r.Conflict != NoConflict {
		ch.Data["conflict"] = r.Conflict
	}
	if r.Condition != "" {
		ch.Data["condition"] = r.Condition
	}
	if r.FollowUp {
		ch.Data["follow_up"] = true
	}
}
