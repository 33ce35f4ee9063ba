package alerting

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"shouwang/devices"
)

// A silence holds back what is found of one kind, of one resident or of one
// device. The finding still makes its alert, which is listed as held back: it does
// not ring and does not climb the area tree. When the silence ends and the episode
// lasts, it rings. What is red is never held back, nor is a cry for help.

// Silence is what a person has entered. It holds from Recorded until Until, or
// until it was ended.
type Silence struct {
	ID       string           `json:"id"`
	Resident *ResidentRef     `json:"resident" doc:"Whose alerts are held back, null for a device's."`
	Device   devices.DeviceID `json:"device" doc:"vendor/id, empty for a resident's."`
	Kind     Kind             `json:"kind"`
	Area     devices.AreaPath `json:"area"`
	Recorded time.Time        `json:"from"`
	Until    time.Time        `json:"until"`
	Reason   string           `json:"reason"`
	By       string           `json:"by" doc:"User name."`
	EndedAt  *time.Time       `json:"ended_at" doc:"When somebody ended it before its time, null while nobody has."`
	EndedBy  string           `json:"ended_by"`
	EndedFor string           `json:"ended_for" doc:"Why it was ended."`
	Held     int              `json:"held" doc:"Alerts that it holds back now."`
	Provider string           `json:"-"`
}

// SilenceRef says on an alert which silence holds it back, and until when.
type SilenceRef struct {
	ID    string    `json:"id"`
	Until time.Time `json:"until"`
}

// NewSilence asks for a silence of a resident or of a device.
type NewSilence struct {
	Resident string
	Device   devices.DeviceID
	Kind     Kind
	Until    time.Time
	Reason   string
}

// SilenceFilter selects silences; zero fields select all in the scope.
type SilenceFilter struct {
	Scope    devices.Scope
	Running  bool // leaves out those that are over
	Now      time.Time
	Resident string
	Device   devices.DeviceID
	Limit    int // 0: 500
}

// Silenceable says whether alerts of the kind may be silenced: never a cry for
// help, never that no life is seen, and no outage, which stands for many.
func (k Kind) Silenceable() bool {
	info, ok := k.Info()
	return ok && !info.Urgent && k != KindNoSignOfLife && k != KindDataOutage && k != KindCanary
}

// Silenceables lists the kinds that may be silenced.
func Silenceables() []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !k.Silenceable() })
}

// Silence enters one. What rings already goes on ringing: somebody must still
// take it up.
func (d *Desk) Silence(ctx context.Context, by Actor, in NewSilence) (Silence, error) {
	now := d.now()
	s := Silence{ID: newID(), Device: in.Device, Kind: in.Kind, Reason: in.Reason, By: by.User, Until: in.Until.UTC().Truncate(time.Microsecond)}
	var of RuleScope
	switch {
	case (in.Resident == "") == (in.Device == ""):
		return s, &InputError{Field: "resident", Value: in.Resident, Rule: "either a resident or a device must be given, not both"}
	case in.Resident != "":
		r, ok := d.Directory.Resident(in.Resident, now)
		if !ok {
			return s, &InputError{Field: "resident", Value: in.Resident, Rule: "must be a resident"}
		}
		s.Resident, s.Area = &ResidentRef{ID: r.ID, Name: r.Name}, r.Area
		of = RuleScope{Area: r.Area, Tier: r.Tier, Resident: r.ID}
	default:
		known, ok := d.Directory.Standing(in.Device, now)
		if !ok {
			return s, &InputError{Field: "device", Value: string(in.Device), Rule: "must be a device"}
		}
		s.Area = known.Device.Area
		if r := known.Resident; r != nil {
			s.Area = r.Area
			of = RuleScope{Tier: r.Tier, Resident: r.ID}
		}
		of.Area = s.Area
		if !ofDevice(in.Kind) {
			return s, &InputError{Field: "kind", Value: string(in.Kind), Rule: "must be a kind about devices, or be silenced for the resident"}
		}
	}
	if !in.Kind.Silenceable() {
		return s, &InputError{Field: "kind", Value: string(in.Kind), Rule: "must be one that may be silenced: " + kindList(Silenceables())}
	}
	if err := checkText("reason", in.Reason, true); err != nil {
		return s, err
	}
	most := d.Book.Rules(now, of).Quiet.SilenceMost
	switch {
	case !s.Until.After(now):
		return s, &InputError{Field: "until", Value: in.Until.Format(time.RFC3339), Rule: "must lie ahead"}
	case s.Until.Sub(now) > most+time.Minute: // clocks of pages
		return s, &InputError{Field: "until", Value: in.Until.Format(time.RFC3339), Rule: fmt.Sprintf("must be at most %s ahead", most)}
	}
	s.Provider = d.Directory.Provider(s.Area, now)
	err := d.Book.Tx(ctx, func(tx Tx) error {
		s := s
		return tx.PutSilence(&s)
	})
	if err != nil {
		return s, err
	}
	return d.Book.SilenceOf(ctx, s.ID)
}

// EndSilence ends one before its time: what it holds back rings with the next
// tick, if it lasts. One that is over stays as it is.
func (d *Desk) EndSilence(ctx context.Context, id string, by Actor, reason string) (Silence, error) {
	if err := checkText("reason", reason, false); err != nil {
		return Silence{}, err
	}
	s, err := d.Book.SilenceOf(ctx, id)
	if err != nil {
		return s, err
	}
	if s.EndedAt != nil || !s.Until.After(d.now()) {
		return s, &StateError{Action: "end-silence", State: "over"}
	}
	if err := d.Book.Tx(ctx, func(tx Tx) error { return tx.EndSilence(id, by, reason) }); err != nil {
		return s, err
	}
	return d.Book.SilenceOf(ctx, id)
}

func kindList(kinds []Kind) string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

// hush holds the case back when a silence covers it at a time of receipt, and
// says whether it does.
func (f *fold) hush(c *Case, at time.Time) bool {
	c.Silenced = nil
	if f.silenced == nil || c.Severity == Red || !c.Kind.Silenceable() {
		return false
	}
	ref, ok := f.silenced(c.Subject, c.Resident, c.Kind, at)
	if !ok {
		return false
	}
	c.Silenced = &ref
	c.stopClock()
	return true
}

// lift lets a case ring whose silence is over at a time of receipt, if its episode
// lasts and nobody has taken it up meanwhile. One that is frozen may ring when it
// thaws.
func (f *fold) lift(id string, at time.Time) error {
	c, err := f.tx.Alert(id)
	if err != nil || c.Silenced == nil || c.State == Closed {
		return err
	}
	was := *c.Silenced
	if ref, ok := f.silenced(c.Subject, c.Resident, c.Kind, at); ok {
		if ref == was {
			return nil
		}
		c.Silenced = &ref // another one goes on
		return f.event(AlertUpdated, c, map[string]any{"silence": ref.ID, "until": ref.Until})
	}
	c.Silenced = nil
	data := map[string]any{"silence_over": was.ID}
	if c.State == Open && c.RecoveredAt == nil && !c.Late && c.Frozen == "" {
		c.ring(f.now, f.of(c))
		data["rings"] = true
	}
	return f.event(AlertUpdated, c, data)
}
