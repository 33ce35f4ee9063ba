package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"shouwang/devices"
	"shouwang/devices/database"
)

// Assign gives the device to a resident from a time on (zero: now), and takes
// it from whoever had it then. For alerts it counts from when it was entered,
// or from from if that is later; for history from from.
func (r *Registry) Assign(ctx context.Context, device devices.DeviceID, resident string, from time.Time) error {
	return r.PutAll(ctx, devices.Import{Assignments: []devices.Assignment{{Device: device, Resident: resident, From: from}}})
}

// Unassign ends the device's assignment at a time (zero: now).
func (r *Registry) Unassign(ctx context.Context, device devices.DeviceID, at time.Time) error {
	return r.edit(ctx, func(e *edit) error {
		if r.device(e, device) == nil {
			return fmt.Errorf("device %.140q: %w", string(device), devices.ErrNotFound)
		}
		if at.IsZero() {
			at = e.now
		}
		return r.endAssignments(e, device, micros(at))
	})
}

func (r *Registry) assign(e *edit, a devices.Assignment) error {
	entry, resident := r.device(e, a.Device), r.resident(e, a.Resident)
	switch {
	case entry == nil:
		return &devices.InputError{Field: "device", Value: clip(string(a.Device)), Rule: "must be a device that exists"}
	case resident == nil:
		return &devices.InputError{Field: "resident", Value: clip(a.Resident), Rule: "must be a resident who exists"}
	case !a.To.IsZero() && !a.To.After(a.From):
		return &devices.InputError{Field: "to", Value: a.To.Format(time.RFC3339), Rule: "must be after from"}
	}
	if err := r.checkErased("resident", a.Resident); err != nil {
		return err
	}
	if err := e.inside("device", string(a.Device), r.place(e, a.Device)); err != nil {
		return err
	}
	if err := e.inside("resident", a.Resident, resident.now.Area); err != nil {
		return err
	}
	if a.From.IsZero() {
		a.From = e.now
	}
	n := &assignment{span: span{from: micros(a.From), to: micros(a.To)}, resident: resident, edit: e.id}
	for _, old := range r.assigned(e, a.Device) {
		if old.resident == resident && old.endedAt == 0 && !e.ended[old] && old.from <= n.from && old.to == n.to {
			return nil // so it is already
		}
	}
	if err := r.endAssignments(e, a.Device, n.from); err != nil {
		return err
	}
	e.assigned[a.Device] = append(e.assigned[a.Device], n)
	e.then(func(recorded int64) {
		n.recorded = recorded
		entry.assigned = append(entry.assigned, n)
		r.turns.add(turn{device: entry}, recorded, n.from, n.to)
	})
	return e.exec(`INSERT INTO assignments (device, edit, from_at, resident, to_at, ended_at, ended) VALUES ($1, $2, $3, $4, $5, 0, 0)`,
		a.Device, e.id, n.from, a.Resident, n.to)
}

// assigned lists the assignments of a device as this edit sees them.
func (r *Registry) assigned(e *edit, device devices.DeviceID) []*assignment {
	var list []*assignment
	if d := r.devices[device]; d != nil {
		list = append(list, d.assigned...)
	}
	return append(list, e.assigned[device]...)
}

// endAssignments ends at a time whatever would last beyond it.
func (r *Registry) endAssignments(e *edit, device devices.DeviceID, at int64) error {
	for _, a := range r.assigned(e, device) {
		if end := a.end(); end != 0 && end <= at || a.endedAt != 0 || e.ended[a] {
			continue
		}
		e.ended[a] = true
		entry := r.device(e, device)
		e.then(func(recorded int64) {
			a.endedAt, a.endedRecorded = at, recorded
			r.turns.add(turn{device: entry}, recorded, at)
		})
		if err := e.exec(`UPDATE assignments SET ended_at = $1, ended = $2 WHERE device = $3 AND edit = $4 AND from_at = $5`, at, e.id, device, a.edit, a.from); err != nil {
			return err
		}
	}
	return nil
}

// Assignments lists who had which device when, oldest first, ended ones too.
func (r *Registry) Assignments(ctx context.Context, resident string) ([]devices.Assignment, error) {
	var list []devices.Assignment
	err := each(ctx, r.db.Read, `SELECT device, from_at, to_at, ended_at, ended FROM assignments WHERE resident = $1 ORDER BY from_at, device`, func(scan func(...any) error) error {
		a := devices.Assignment{Resident: resident}
		s := span{}
		if err := scan(&a.Device, &s.from, &s.to, &s.endedAt, &s.endedRecorded); err != nil {
			return err
		}
		if end := s.end(); end == 0 || end > s.from { // not taken back before it began
			a.From, a.To = database.Time(s.from), database.Time(end)
			list = append(list, a)
		}
		return nil
	}, resident)
	return list, err
}

// AddAbsence notes that a resident is away. A zero From is now; the answer has
// the id that was given.
func (r *Registry) AddAbsence(ctx context.Context, a devices.Absence) (devices.Absence, error) {
	err := r.edit(ctx, func(e *edit) error {
		entry := r.resident(e, a.Resident)
		if entry == nil {
			return &devices.InputError{Field: "resident", Value: clip(a.Resident), Rule: "must be a resident who exists"}
		}
		if a.From.IsZero() {
			a.From = e.now
		}
		if !a.To.IsZero() && !a.To.After(a.From) {
			return &devices.InputError{Field: "to", Value: a.To.Format(time.RFC3339), Rule: "must be after from"}
		}
		if err := text("reason", a.Reason, 0, 300); err != nil {
			return err
		}
		a.ID = uuid.NewString()
		a.From, a.To = database.Time(micros(a.From)), database.Time(micros(a.To))
		n := &absence{span: span{from: micros(a.From), to: micros(a.To)}, resident: entry.now.ID}
		e.then(func(recorded int64) {
			n.recorded = recorded
			r.absences[a.ID] = n
			entry.absences = append(entry.absences, n)
			r.turns.add(turn{resident: entry}, recorded, n.from, n.to)
		})
		return e.exec(`INSERT INTO absences (id, resident, from_at, to_at, reason, edit, ended_at, ended) VALUES ($1, $2, $3, $4, $5, $6, 0, 0)`,
			a.ID, a.Resident, n.from, n.to, a.Reason, e.id)
	})
	return a, err
}

// EndAbsence notes that the resident came back at a time (zero: now). An
// absence that is over stays as it is.
func (r *Registry) EndAbsence(ctx context.Context, id string, at time.Time) error {
	return r.edit(ctx, func(e *edit) error {
		a := r.absences[id]
		if a == nil {
			return fmt.Errorf("absence %.140q: %w", id, devices.ErrNotFound)
		}
		if at.IsZero() {
			at = e.now
		}
		t := micros(at)
		if end := a.end(); end != 0 && end <= t || a.endedAt != 0 {
			return nil
		}
		e.then(func(recorded int64) {
			a.endedAt, a.endedRecorded = t, recorded
			if entry := r.residents[a.resident]; entry != nil {
				r.turns.add(turn{resident: entry}, recorded, t)
			}
		})
		return e.exec(`UPDATE absences SET ended_at = $1, ended = $2 WHERE id = $3`, t, e.id, id)
	})
}

// Absences lists a resident's absences, newest first.
func (r *Registry) Absences(ctx context.Context, resident string) ([]devices.Absence, error) {
	var list []devices.Absence
	err := each(ctx, r.db.Read, `SELECT id, from_at, to_at, reason, ended_at, ended FROM absences WHERE resident = $1 ORDER BY from_at DESC, id`, func(scan func(...any) error) error {
		a := devices.Absence{Resident: resident}
		s := span{}
		if err := scan(&a.ID, &s.from, &s.to, &a.Reason, &s.endedAt, &s.endedRecorded); err != nil {
			return err
		}
		a.From, a.To = database.Time(s.from), database.Time(s.end())
		list = append(list, a)
		return nil
	}, resident)
	return list, err
}
