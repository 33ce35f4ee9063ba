package registry

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"shouwang/devices"
	"shouwang/devices/database"
)

// consent is one decision; to 0 is no end.
type consent struct {
	data     devices.DataType
	granted  bool
	from, to int64
	recorded int64
	paper    string
}

// RequireConsent says how residents of whom no decision is known are treated:
// with on, none of their data is taken; without, they agreed by contract. It is
// called before anything is asked.
func (r *Registry) RequireConsent(on bool) { r.consentRequired = on }

// PutConsents enters decisions, all or none. A zero From is now. One that says
// what holds already is left alone.
func (r *Registry) PutConsents(ctx context.Context, list []devices.Consent) error {
	return r.edit(ctx, func(e *edit) error { return all(e, list, "consents", r.putConsent) })
}

func (r *Registry) putConsent(e *edit, c devices.Consent) error {
	entry := r.resident(e, c.Resident)
	switch {
	case entry == nil:
		return &devices.InputError{Field: "resident", Value: clip(c.Resident), Rule: "must be a resident who exists"}
	case !c.Data.Known():
		return &devices.InputError{Field: "data", Value: clip(string(c.Data)), Rule: "must be water, vitals, motion or position"}
	}
	if err := r.checkErased("resident", c.Resident); err != nil {
		return err
	}
	if err := e.inside("resident", c.Resident, entry.now.Area); err != nil {
		return err
	}
	if err := text("paper", c.Paper, 0, 200); err != nil {
		return err
	}
	if c.From.IsZero() {
		c.From = e.now
	}
	if !c.To.IsZero() && !c.To.After(c.From) {
		return &devices.InputError{Field: "to", Value: c.To.Format(time.RFC3339), Rule: "must be after from"}
	}
	n := &consent{data: c.Data, granted: c.Granted, from: micros(c.From), to: micros(c.To), paper: c.Paper}
	if i := slices.IndexFunc(entry.consents, func(o *consent) bool { return o.data == n.data }); i >= 0 {
		newest := entry.consents[i]
		for _, o := range entry.consents[i:] {
			if o.data == n.data {
				newest = o
			}
		}
		if newest.granted == n.granted && newest.from <= n.from && newest.to == n.to && newest.paper == n.paper {
			return nil
		}
	}
	e.then(func(recorded int64) {
		n.recorded = recorded
		entry.consents = append(entry.consents, n)
		r.turns.add(turn{resident: entry}, recorded, n.from, n.to)
	})
	return e.exec(`INSERT INTO consents (id, resident, data, granted, from_at, to_at, paper, by_user, edit) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		uuid.NewString(), c.Resident, string(n.data), flag(n.granted), n.from, n.to, c.Paper, c.By, e.id)
}

// Consents lists a resident's decisions, newest first.
func (r *Registry) Consents(ctx context.Context, resident string) ([]devices.Consent, error) {
	list := []devices.Consent{}
	err := each(ctx, r.db.Read, `SELECT c.id, c.data, c.granted, c.from_at, c.to_at, c.paper, c.by_user, e.recorded
		FROM consents c JOIN registry_edits e ON e.id = c.edit WHERE c.resident = $1 ORDER BY c.edit DESC, c.data`, func(scan func(...any) error) error {
		c := devices.Consent{Resident: resident}
		var granted, from, to, entered int64
		if err := scan(&c.ID, &c.Data, &granted, &from, &to, &c.Paper, &c.By, &entered); err != nil {
			return err
		}
		c.Granted, c.From, c.To, c.Entered = granted != 0, database.Time(from), database.Time(to), database.Time(entered)
		list = append(list, c)
		return nil
	}, resident)
	return list, err
}

// Decided says whether any decision of the resident is known.
func (r *Registry) Decided(resident string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, ok := r.residents[resident]
	return ok && len(e.consents) > 0
}

// Withheld are the types of data that must not be taken from the device at that
// time, by what was known then; see Standing.
func (r *Registry) Withheld(id devices.DeviceID, at time.Time) devices.Withheld {
	s, _ := r.Standing(id, at)
	return s.Withheld
}

// WithheldOf is Withheld of the resident.
func (r *Registry) WithheldOf(resident string, at time.Time) devices.Withheld {
	r.mu.RLock()
	defer r.mu.RUnlock()
	e, ok := r.residents[resident]
	if !ok {
		return 0
	}
	return r.withheld(e, r.asOf(at))
}

func (r *Registry) withheld(e *residentEntry, at int64) devices.Withheld {
	var out, known devices.Withheld
	for _, c := range slices.Backward(e.consents) {
		if known.Has(c.data) || at < c.recorded || at < c.from {
			continue
		}
		known |= devices.Withhold(c.data)
		if !c.granted || c.to != 0 && at >= c.to {
			out |= devices.Withhold(c.data)
		}
	}
	if r.consentRequired {
		out |= devices.Withhold(devices.DataTypes()...) &^ known
	}
	return out
}
