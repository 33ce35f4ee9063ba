package alerting

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
)

// A shift is handed over by a sheet: who goes writes on each open case what is to
// be known and signs, who comes reads it and signs too. It is kept as it was
// signed. What nobody takes in time goes to the supervisor.

// ShiftStore is what a sheet is made of and where it is kept.
type ShiftStore interface {
	Book
	Alerts(ctx context.Context, f AlertFilter) (AlertPage, error)
	Silences(ctx context.Context, f SilenceFilter) ([]Silence, error)
	Callbacks(ctx context.Context, scope devices.Scope, until time.Time) ([]Callback, error)
	SilentResidents(ctx context.Context, scope devices.Scope) ([]SilentResident, error)
	Sheets(ctx context.Context, f SheetFilter) (SheetPage, error)
	Sheet(ctx context.Context, id string) (Sheet, error)
}

// HandoverOptions are what the hand-over needs.
type HandoverOptions struct {
	Store ShiftStore
	// Supervisors are the user names of those who watch over an area.
	Supervisors func(ctx context.Context, area devices.AreaPath) ([]string, error)
	Now         func() time.Time // nil is time.Now
	Log         zerolog.Logger
}

// Handovers makes, signs and watches the sheets.
type Handovers struct{ HandoverOptions }

// NewHandovers makes it; Run lets it watch.
func NewHandovers(o HandoverOptions) *Handovers {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Log = o.Log.With().Str("component", "handover").Logger()
	return &Handovers{o}
}

func (h *Handovers) now() time.Time { return h.Now().UTC().Truncate(time.Microsecond) }

// Draft is the sheet as it would be signed now.
func (h *Handovers) Draft(ctx context.Context, by Actor, areas []devices.AreaPath, in NewSheet) (Sheet, error) {
	now := h.now()
	s := Sheet{State: SheetWaiting, Areas: slices.Sorted(slices.Values(areas)), Outgoing: by.User, SignedAt: now, Intact: true}
	scope := devices.Scope{Areas: s.Areas}
	cases, err := h.cases(ctx, scope)
	if err != nil {
		return s, err
	}
	for _, a := range cases {
		s.Lines = append(s.Lines, h.line(&a, in.Remarks[a.ID]))
	}
	for id, remark := range in.Remarks {
		if remark == "" || slices.ContainsFunc(cases, func(a Alert) bool { return a.ID == id }) {
			continue
		}
		return s, &InputError{Field: "remarks." + id, Value: "", Rule: "must be of a case that is open"}
	}
	calls, err := h.Store.Callbacks(ctx, scope, now.Add(furthestPromise))
	if err != nil {
		return s, err
	}
	for _, c := range calls {
		l := SheetLine{Section: SectionCallback, Alert: c.Alert, Area: c.Area, Kind: c.Kind, Severity: c.Severity, State: c.State, Due: c.Due, Assignee: c.By, Whom: c.Whom}
		if c.Resident != nil {
			l.Resident, l.Name = c.Resident.ID, c.Resident.Name
		}
		s.Lines = append(s.Lines, l)
	}
	silences, err := h.Store.Silences(ctx, SilenceFilter{Scope: scope, Running: true, Now: now})
	if err != nil {
		return s, err
	}
	for _, q := range silences {
		l := SheetLine{Section: SectionSilence, Silence: q.ID, Device: q.Device, Area: q.Area, Kind: q.Kind, Since: q.Recorded, Due: q.Until, Assignee: q.By, Remark: q.Reason}
		if q.Resident != nil {
			l.Resident, l.Name = q.Resident.ID, q.Resident.Name
		}
		s.Lines = append(s.Lines, l)
	}
	silent, err := h.Store.SilentResidents(ctx, scope)
	if err != nil {
		return s, err
	}
	for _, r := range silent {
		s.Lines = append(s.Lines, SheetLine{Section: SectionSilent, Alert: r.Alert, Resident: r.Resident, Name: r.Name, Area: r.Area, Kind: r.Kind, Since: r.Since})
	}
	s.Head = SheetHead{
		Outgoing: by.User, Areas: s.Areas, At: now, Note: in.Note, SoundHeard: in.SoundHeard,
		Warnings: append([]string{}, in.Warnings...), Counts: map[Section]int{},
	}
	for _, l := range s.Lines {
		s.Head.Counts[l.Section]++
	}
	return s, nil
}

// cases are the open ones. What only says that a device is silent is in a section
// of its own.
func (h *Handovers) cases(ctx context.Context, scope devices.Scope) ([]Alert, error) {
	var all []Alert
	f := AlertFilter{Scope: scope, State: []State{Open, Acknowledged, Dispatched, Visited}, Limit: 500}
	for {
		page, err := h.Store.Alerts(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, a := range page.Items {
			if a.Kind != KindDeviceSilent || a.Resident == nil || a.State != Open {
				all = append(all, a)
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return all, nil
		}
	}
}

func (*Handovers) line(a *Alert, remark string) SheetLine {
	l := SheetLine{
		Section: SectionCase, Alert: a.ID, Area: a.Area, Kind: a.Kind, Severity: a.Severity, State: a.State,
		Since: a.OpenedAt, Remark: remark, Frozen: a.Frozen,
	}
	if a.Resident != nil {
		l.Resident, l.Name = a.Resident.ID, a.Resident.Name
	}
	if a.Subject.Type == SubjectDevice {
		l.Device = devices.DeviceID(a.Subject.ID)
	}
	if a.Assignee != nil {
		l.Assignee = *a.Assignee
	}
	if a.Visit != nil && a.Visit.State.Active() {
		l.Due = a.Visit.Due
	}
	return l
}

// Sign seals the sheet as it is now, and keeps it.
func (h *Handovers) Sign(ctx context.Context, by Actor, areas []devices.AreaPath, in NewSheet) (Sheet, error) {
	s, err := h.Seal(ctx, by, areas, in)
	if err != nil {
		return s, err
	}
	return h.Keep(ctx, s)
}

// Seal makes the sheet as it is now, with its digest. Nothing is kept yet.
func (h *Handovers) Seal(ctx context.Context, by Actor, areas []devices.AreaPath, in NewSheet) (Sheet, error) {
	if err := checkText("note", in.Note, false); err != nil {
		return Sheet{}, err
	}
	for id, remark := range in.Remarks {
		if err := checkText("remarks."+id, remark, false); err != nil {
			return Sheet{}, err
		}
	}
	s, err := h.Draft(ctx, by, areas, in)
	if err != nil {
		return s, err
	}
	if s.ID, err = idOf(in.ID); err != nil {
		return s, err
	}
	var of RuleScope
	if len(s.Areas) > 0 {
		of.Area = s.Areas[0]
	}
	s.DueAt = s.SignedAt.Add(h.Store.Rules(s.SignedAt, of).Quiet.Handover)
	return s, s.seal()
}

// Keep lets a sealed sheet wait for who comes. One that still waits for the same
// desk is withdrawn; one that is kept already stays as it is.
func (h *Handovers) Keep(ctx context.Context, s Sheet) (Sheet, error) {
	err := h.Store.Tx(ctx, func(tx Tx) error {
		switch kept, err := tx.Sheet(s.ID); {
		case err == nil && kept.Outgoing == s.Outgoing && slices.Equal(kept.Areas, s.Areas):
			return errSame
		case err == nil:
			return &InputError{Field: "uuid", Value: s.ID, Rule: "belongs to another sheet"}
		case !errors.Is(err, ErrNotFound):
			return err
		}
		waiting, err := tx.WaitingSheets()
		if err != nil {
			return err
		}
		for _, w := range waiting {
			if slices.Equal(w.Areas, s.Areas) {
				w.State = SheetWithdrawn
				if err := tx.PutSheet(w); err != nil {
					return err
				}
			}
		}
		return tx.PutSheet(&s)
	})
	if err != nil && !errors.Is(err, errSame) {
		return s, err
	}
	return h.Store.Sheet(ctx, s.ID)
}

// Take signs for who comes, who must be somebody else.
func (h *Handovers) Take(ctx context.Context, id string, by Actor, note string, heard bool) (Sheet, error) {
	if err := checkText("note", note, false); err != nil {
		return Sheet{}, err
	}
	err := h.Store.Tx(ctx, func(tx Tx) error {
		s, err := tx.Sheet(id)
		switch {
		case err != nil:
			return err
		case s.State == SheetTaken:
			return &StateError{Action: "take-handover", State: State(s.State), By: *s.Incoming}
		case s.State != SheetWaiting:
			return &StateError{Action: "take-handover", State: State(s.State), Reason: "there is a newer sheet"}
		case s.Outgoing == by.User:
			return &StateError{Action: "take-handover", State: State(s.State), By: by.User, Reason: "somebody else must sign for it"}
		}
		now, user := h.now(), by.User
		s.State, s.Incoming, s.TakenAt, s.TakeNote, s.TakeHeard = SheetTaken, &user, &now, note, heard
		return tx.PutSheet(s)
	})
	if err != nil {
		return Sheet{}, err
	}
	return h.Store.Sheet(ctx, id)
}

// Run looks every ten seconds for sheets that nobody has taken, until ctx ends.
func (h *Handovers) Run(ctx context.Context) error {
	return Repeat(ctx, 10*time.Second, 10*time.Second, &h.Log, "looking at sheets that wait", h.Step)
}

// Step tells the supervisors of each sheet that waits too long, once.
func (h *Handovers) Step(ctx context.Context) error {
	now := h.now()
	page, err := h.Store.Sheets(ctx, SheetFilter{Scope: devices.Everywhere(), State: []SheetState{SheetWaiting}, Limit: 500})
	if err != nil {
		return err
	}
	for _, due := range page.Items {
		if due.ToldAt != nil || due.DueAt.After(now) {
			continue
		}
		people := []string{}
		for _, area := range due.Areas {
			list, err := h.Supervisors(ctx, area)
			if err != nil {
				return fmt.Errorf("supervisors: %w", err)
			}
			people = append(people, list...)
		}
		slices.Sort(people)
		people = slices.Compact(people)
		if len(people) == 0 {
			h.Log.Warn().Str("sheet", due.ID).Msg("a shift waits to be taken, and nobody supervises its area")
		}
		if err := h.tell(ctx, due.ID, people, now); err != nil {
			return fmt.Errorf("tell of sheet %s: %w", due.ID, err)
		}
	}
	return nil
}

func (h *Handovers) tell(ctx context.Context, id string, people []string, now time.Time) error {
	return h.Store.Tx(ctx, func(tx Tx) error {
		s, err := tx.Sheet(id)
		if err != nil || s.State != SheetWaiting || s.ToldAt != nil {
			return err
		}
		for _, person := range people {
			n := Notice{
				Key: "handover/" + id + "/" + person, Person: person, Reason: NoticeHandover, Severity: Orange, At: now,
				Data: map[string]any{"handover": id, "outgoing": s.Outgoing, "signed_at": s.SignedAt, "minutes": int(now.Sub(s.SignedAt).Minutes())},
			}
			if len(s.Areas) > 0 {
				n.Area = s.Areas[0]
			}
			if err := tx.AddNotice(n); err != nil {
				return err
			}
		}
		s.ToldAt = &now
		return tx.PutSheet(s)
	})
}
