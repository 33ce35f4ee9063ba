package registry

import (
	"context"
	"fmt"
	"time"

	"shouwang/devices"
	"shouwang/devices/database"
)

// SetState changes a resident's state, and notes who did it and why. It holds from
// then on; what follows for alerts and visits is for whoever asks for OpenTurns.
func (r *Registry) SetState(ctx context.Context, resident string, state devices.ResidentState, by, reason string) error {
	return r.edit(ctx, func(e *edit) error {
		if err := text("reason", reason, 1, 1000); err != nil {
			return err
		}
		was, err := r.GetResident(ctx, devices.Everywhere(), resident)
		if err != nil {
			return err
		}
		p := was.Resident
		p.State, e.by, e.reason = state, by, reason
		return r.putResident(e, p)
	})
}

// noteTurn notes a change of state in the edit that makes it.
func (e *edit) noteTurn(resident string, from, to devices.ResidentState) error {
	return e.exec(`INSERT INTO resident_turns (edit, resident, from_state, to_state, reason, actor, applied) VALUES ($1, $2, $3, $4, $5, $6, 0)
		ON CONFLICT (resident, edit) DO UPDATE SET to_state = excluded.to_state`, e.id, resident, from, to, e.reason, e.by)
}

func (r *Registry) turnsWhere(ctx context.Context, where string, args ...any) ([]devices.ResidentTurn, error) {
	list := []devices.ResidentTurn{}
	err := each(ctx, r.db.Read, `SELECT t.edit, t.resident, t.from_state, t.to_state, t.reason, t.actor, e.recorded
		FROM resident_turns AS t JOIN registry_edits AS e ON e.id = t.edit WHERE `+where, func(scan func(...any) error) error {
		var t devices.ResidentTurn
		var at int64
		err := scan(&t.Edit, &t.Resident, &t.From, &t.To, &t.Reason, &t.By, &at)
		t.At = database.Time(at)
		list = append(list, t)
		return err
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("changes of state: %w", err)
	}
	return list, nil
}

// States lists the changes of a resident's state, newest first.
func (r *Registry) States(ctx context.Context, resident string) ([]devices.ResidentTurn, error) {
	return r.turnsWhere(ctx, `t.resident = $1 ORDER BY t.edit DESC`, resident)
}

// OpenTurns lists the changes that have not been followed up, oldest first.
func (r *Registry) OpenTurns(ctx context.Context) ([]devices.ResidentTurn, error) {
	return r.turnsWhere(ctx, `t.applied = 0 ORDER BY t.edit, t.resident`)
}

// TurnDone says that a change has been followed up.
func (r *Registry) TurnDone(ctx context.Context, t devices.ResidentTurn) error {
	if _, err := r.db.Write.ExecContext(ctx, `UPDATE resident_turns SET applied = 1 WHERE resident = $1 AND edit = $2`, t.Resident, t.Edit); err != nil {
		return fmt.Errorf("follow up a change of state: %w", err)
	}
	return nil
}

// WatchedSince is from when on the resident is watched over again, as known at
// that time; zero for one who always was, or is not.
func (r *Registry) WatchedSince(resident string, at time.Time) time.Time {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, ok := r.residents[resident]
	if !ok {
		return time.Time{}
	}
	return e.watchedSince(r.asOf(at))
}

func (e *residentEntry) watchedSince(t int64) time.Time {
	if len(e.older) == 0 {
		return time.Time{}
	}
	since := int64(0)
	for _, v := range append([]version[devices.Resident]{{e.now, e.since}}, e.older...) {
		switch {
		case v.since > t: // not yet
		case !v.of.State.Stopped():
			since = v.since
		case since != 0:
			return time.UnixMicro(since).UTC()
		default:
			return time.Time{}
		}
	}
	return time.Time{}
}

// ToCollect lists the devices that are with residents who are not watched over any
// more, the oldest first.
func (r *Registry) ToCollect(ctx context.Context, scope devices.Scope) ([]devices.Collectable, error) {
	w := &database.Query{}
	if scope.Vendor != "" {
		w.Where("1 = 0")
	}
	inScope(w, "p.area", scope)
	now := r.present()
	w.Where(`p.state IN ('deceased', 'moved', 'left')`)
	w.Where(`a.from_at <= ? AND (a.to_at = 0 OR a.to_at > ?) AND (a.ended_at = 0 OR a.ended_at > ?)`, now, now, now)
	list := []devices.Collectable{}
	err := each(ctx, r.db.Read, `SELECT a.device, d.kind, p.id, p.name, p.area, p.state, e.recorded
		FROM assignments AS a JOIN residents AS p ON p.id = a.resident JOIN devices AS d ON d.id = a.device JOIN registry_edits AS e ON e.id = p.edit`+
		w.SQL()+` ORDER BY e.recorded, a.device`, func(scan func(...any) error) error {
		var c devices.Collectable
		var since int64
		err := scan(&c.Device, &c.Kind, &c.Resident, &c.Name, &c.Area, &c.State, &since)
		c.Since = database.Time(since)
		list = append(list, c)
		return err
	}, w.Args()...)
	if err != nil {
		return nil, fmt.Errorf("devices to collect: %w", err)
	}
	return list, nil
}
