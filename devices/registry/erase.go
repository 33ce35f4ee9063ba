package registry

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"shouwang/devices"
	"shouwang/devices/database"
)

// RequestErasure notes that what is known of the resident is to be erased. It
// needs no open registry: the service that runs on the database carries it out.
// A resident whose erasure was requested before keeps that request.
// With a type of data it is that type alone, which may be withdrawn again and again.
func RequestErasure(ctx context.Context, db *database.DB, resident string, data devices.DataType, actor string, at time.Time) error {
	err := db.Tx(ctx, func(tx *sql.Tx) error {
		var known int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM residents WHERE id = $1`, resident).Scan(&known); err != nil {
			return err
		}
		if known == 0 {
			return fmt.Errorf("resident %.140q: %w", resident, devices.ErrNotFound)
		}
		if err := insertErasure(ctx, tx, devices.Erasure{Resident: resident, Data: data, Actor: actor, Requested: at}); err != nil || data == "" {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE erasures SET actor = $1, requested = $2, state_done = 0, series_done = 0, journal_done = 0 WHERE resident = $3 AND data = $4`,
			actor, database.Micros(at), resident, string(data))
		return err
	})
	if err != nil {
		return fmt.Errorf("request erasure: %w", err)
	}
	return nil
}

func insertErasure(ctx context.Context, tx *sql.Tx, e devices.Erasure) error {
	spans, err := json.Marshal(e.Spans)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO erasures (resident, data, actor, requested, spans, state_done, series_done, journal_done) VALUES ($1, $2, $3, $4, $5, 0, 0, 0)
		ON CONFLICT (resident, data) DO NOTHING`, e.Resident, string(e.Data), e.Actor, database.Micros(e.Requested), string(spans))
	return err
}

// Erasures lists all erasures in order of request.
func Erasures(ctx context.Context, db *database.DB) ([]devices.Erasure, error) {
	list := []devices.Erasure{}
	err := each(ctx, db.Read, `SELECT resident, data, actor, requested, spans, state_done, series_done, journal_done FROM erasures ORDER BY requested, resident, data`, func(scan func(...any) error) error {
		var e devices.Erasure
		var requested, state, series, journal int64
		var spans string
		if err := scan(&e.Resident, &e.Data, &e.Actor, &requested, &spans, &state, &series, &journal); err != nil {
			return err
		}
		e.Requested, e.StateDone = database.Time(requested), database.Time(state)
		e.SeriesDone, e.JournalDone = database.Time(series), database.Time(journal)
		list = append(list, e)
		return json.Unmarshal([]byte(spans), &list[len(list)-1].Spans)
	})
	if err != nil {
		return nil, fmt.Errorf("list erasures: %w", err)
	}
	return list, nil
}

// PutErasure writes how far an erasure has come; one that is not there yet (the
// database is older than the erasure) is entered.
func PutErasure(ctx context.Context, db *database.DB, e devices.Erasure) error {
	err := db.Tx(ctx, func(tx *sql.Tx) error {
		if err := insertErasure(ctx, tx, e); err != nil {
			return err
		}
		spans, err := json.Marshal(e.Spans)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE erasures SET spans = $1, state_done = $2, series_done = $3, journal_done = $4 WHERE resident = $5 AND data = $6`,
			string(spans), database.Micros(e.StateDone), database.Micros(e.SeriesDone), database.Micros(e.JournalDone), e.Resident, string(e.Data))
		return err
	})
	if err != nil {
		return fmt.Errorf("write erasure: %w", err)
	}
	return nil
}

// Spans are the times for which the resident's devices told of the resident. A
// span that lasts ends at the time given.
func (r *Registry) Spans(ctx context.Context, resident string, until time.Time) ([]devices.Span, error) {
	assignments, err := r.Assignments(ctx, resident)
	if err != nil {
		return nil, fmt.Errorf("assignments of the erased: %w", err)
	}
	var spans []devices.Span
	for _, a := range assignments {
		if a.To.IsZero() || a.To.After(until) {
			a.To = until
		}
		if a.From.Before(a.To) {
			spans = append(spans, devices.Span{Device: a.Device, From: a.From, To: a.To})
		}
	}
	return spans, nil
}

// Erase takes out what the registry knows of the resident: name, phone, address,
// year of birth, contacts and the reasons of absences. The id stays, without
// devices from then on, and can never be used again; no device is the
// resident's any more at any time in the past, and readings of the spans count
// as erased. A resident who is not there is none to erase, but the spans count.
func (r *Registry) Erase(ctx context.Context, erasure devices.Erasure) error {
	err := r.edit(ctx, func(e *edit) error {
		resident := erasure.Resident
		spans := slices.Clone(erasure.Spans)
		entry := r.residents[resident]
		if entry == nil {
			e.then(func(int64) { r.forget(nil, resident, spans) })
			return nil
		}
		for device, d := range r.devices {
			for _, a := range d.assigned {
				if a.resident == entry && a.endedAt == 0 && (a.to == 0 || a.to > e.now.UnixMicro()) {
					if err := r.endAssignments(e, device, e.now.UnixMicro()); err != nil {
						return err
					}
				}
			}
		}
		e.then(func(int64) { r.forget(entry, resident, spans) })
		if err := e.exec(`UPDATE residents SET name = $1, phone = '', address = '', born = 0, contacts = '[]', state = $2 WHERE id = $3`,
			devices.ErasedName, string(devices.Left), resident); err != nil {
			return err
		}
		if err := e.exec(`UPDATE consents SET paper = '' WHERE resident = $1`, resident); err != nil {
			return err
		}
		return e.exec(`UPDATE absences SET reason = '' WHERE resident = $1`, resident)
	})
	if err != nil {
		return fmt.Errorf("erase resident: %w", err)
	}
	return nil
}

// forget brings memory up to date with an erasure; r.mu is held, or nobody else
// knows r yet. entry is nil for a resident who is not there.
func (r *Registry) forget(entry *residentEntry, resident string, spans []devices.Span) {
	r.erased[resident] = true
	for _, s := range spans {
		r.erasedSpans[s.Device] = append(r.erasedSpans[s.Device], s)
	}
	if entry == nil {
		return
	}
	// Versions that were handed out are not changed.
	clean := func(p *devices.Resident, state devices.ResidentState) *devices.Resident {
		return &devices.Resident{ID: p.ID, Name: devices.ErasedName, Area: p.Area, Tier: p.Tier, State: state}
	}
	entry.now = clean(entry.now, devices.Left)
	for i := range entry.older {
		entry.older[i].of = clean(entry.older[i].of, entry.older[i].of.State)
	}
	for _, d := range r.devices {
		d.assigned = slices.DeleteFunc(d.assigned, func(a *assignment) bool { return a.resident == entry })
	}
}

// erasedData is a span of which one type of data was erased.
type erasedData struct {
	devices.Span

	data devices.DataType
}

// EraseData notes that one type of data of the spans is erased: what comes of it
// later, from the journal or from the device, is not stored again.
func (r *Registry) EraseData(erasure devices.Erasure) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgetData(erasure)
}

func (r *Registry) forgetData(erasure devices.Erasure) {
	for _, s := range erasure.Spans {
		list := slices.DeleteFunc(slices.Clone(r.erasedData[s.Device]), func(o erasedData) bool { return o.data == erasure.Data && o.From.Equal(s.From) })
		r.erasedData[s.Device] = append(list, erasedData{s, erasure.Data})
	}
}

// ErasedReading says whether the reading is erased, so that it may not be stored
// again.
func (r *Registry) ErasedReading(reading devices.Reading) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if slices.ContainsFunc(r.erasedSpans[reading.Device], func(s devices.Span) bool { return s.Covers(reading.At) }) {
		return true
	}
	list := r.erasedData[reading.Device]
	if len(list) == 0 {
		return false
	}
	var kind devices.Kind
	if d := r.devices[reading.Device]; d != nil {
		kind = d.now.Kind
	}
	return slices.ContainsFunc(list, func(s erasedData) bool { return s.data == reading.Metric.Data(kind) && s.Covers(reading.At) })
}

// ErasedLetter says whether a message of the device that came then, as it came, may
// not be kept: it may hold what is erased.
func (r *Registry) ErasedLetter(device devices.DeviceID, received time.Time) bool {
	if r.Erased(device, received) {
		return true
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.ContainsFunc(r.erasedData[device], func(s erasedData) bool { return s.Covers(received) })
}

// Erased says whether readings of the device at that time are erased, so that
// none may be stored again.
func (r *Registry) Erased(device devices.DeviceID, at time.Time) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.ContainsFunc(r.erasedSpans[device], func(s devices.Span) bool { return s.Covers(at) })
}

// ErasedResident says whether the id is of somebody who was erased.
func (r *Registry) ErasedResident(id string) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.erased[id]
}

// loadErasures is the last step of load.
func (r *Registry) loadErasures(ctx context.Context) error {
	list, err := Erasures(ctx, r.db)
	if err != nil {
		return err
	}
	for _, e := range list {
		switch {
		case e.Data != "":
			r.forgetData(e)
		case !e.StateDone.IsZero():
			r.forget(r.residents[e.Resident], e.Resident, e.Spans)
		}
	}
	return nil
}

// checkErased refuses to enter somebody again under an erased id: what is known
// under it must stay nothing.
func (r *Registry) checkErased(field, id string) error {
	if r.erased[id] {
		return &devices.InputError{Field: field, Value: clip(id), Rule: "must be another id: this resident was erased"}
	}
	return nil
}
