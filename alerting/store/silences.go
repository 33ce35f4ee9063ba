package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

// silence is one in memory: as with contacts, it holds from when it was recorded,
// so that a record is judged alike live and in a replay.
type silence struct {
	id                     string
	recorded, until, ended time.Time // ended is zero while nobody has
}

func (s *silence) covers(at time.Time) bool {
	return !at.Before(s.recorded) && at.Before(s.until) && (s.ended.IsZero() || at.Before(s.ended))
}

// silent is whom and what a silence is of; one of the first two is empty.
type silent struct {
	resident string
	device   devices.DeviceID
	kind     alerting.Kind
}

// Silenced is the silence that covers alerts of the subject and kind at a time of
// receipt; of several the one that ends last.
func (s *Store) Silenced(subject alerting.Subject, resident string, k alerting.Kind, at time.Time) (alerting.SilenceRef, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.silences) == 0 {
		return alerting.SilenceRef{}, false
	}
	var found *silence
	look := func(of silent) {
		for _, x := range s.silences[of] {
			if x.covers(at) && (found == nil || x.until.After(found.until)) {
				found = x
			}
		}
	}
	if resident != "" {
		look(silent{resident: resident, kind: k})
	}
	if subject.Type == alerting.SubjectDevice {
		look(silent{device: devices.DeviceID(subject.ID), kind: k})
	}
	if found == nil {
		return alerting.SilenceRef{}, false
	}
	return alerting.SilenceRef{ID: found.id, Until: found.until}, true
}

// SilencedAlerts lists the alerts that a silence holds back.
func (s *Store) SilencedAlerts(ctx context.Context) ([]string, error) {
	return s.ids(ctx, `SELECT id FROM alerts WHERE silence <> '' AND state <> 'closed' ORDER BY id`)
}

const silenceColumns = `s.id, s.resident, s.device, s.kind, s.area, s.provider, s.recorded, s.until_at, s.reason, s.actor, s.ended, s.ended_by, s.end_reason`

func scanSilence(scan func(...any) error, more ...any) (alerting.Silence, error) {
	var s alerting.Silence
	var resident string
	var recorded, until, ended int64
	err := scan(append([]any{&s.ID, &resident, &s.Device, &s.Kind, &s.Area, &s.Provider, &recorded, &until, &s.Reason, &s.By, &ended, &s.EndedBy, &s.EndedFor}, more...)...)
	if resident != "" {
		s.Resident = &alerting.ResidentRef{ID: resident}
	}
	s.Recorded, s.Until, s.EndedAt = database.Time(recorded), database.Time(until), pointer(ended)
	return s, err
}

// loadSilences fills memory; s.mu is not needed yet. What ended longer ago than any
// journal is kept stays in SQL alone.
func loadSilences(ctx context.Context, q *sql.Tx, since time.Time) (map[silent][]*silence, error) {
	all := map[silent][]*silence{}
	err := each(ctx, q, func(r *sql.Rows) error {
		s, err := scanSilence(r.Scan)
		keep(all, &s)
		return err
	}, `SELECT `+silenceColumns+` FROM silences AS s WHERE s.until_at > $1`, database.Micros(since))
	if err != nil {
		return nil, fmt.Errorf("silences: %w", err)
	}
	return all, nil
}

func keep(all map[silent][]*silence, s *alerting.Silence) {
	of := silent{device: s.Device, kind: s.Kind}
	if s.Resident != nil {
		of.resident = s.Resident.ID
	}
	x := &silence{id: s.ID, recorded: s.Recorded, until: s.Until}
	if s.EndedAt != nil {
		x.ended = *s.EndedAt
	}
	all[of] = append(all[of], x)
}

// PutSilence and EndSilence are written when all else is, as note demands.
func (t *tx) PutSilence(s *alerting.Silence) error {
	t.silences = append(t.silences, silenceChange{put: s})
	return nil
}

func (t *tx) EndSilence(id string, by alerting.Actor, reason string) error {
	t.silences = append(t.silences, silenceChange{end: id, by: by.User, reason: reason})
	return nil
}

type silenceChange struct {
	put             *alerting.Silence
	end, by, reason string
	at              time.Time
}

func (t *tx) writeSilences(note func() time.Time) error {
	for i := range t.silences {
		ch := &t.silences[i]
		ch.at = note()
		if ch.put == nil {
			err := t.exec("end silence", `UPDATE silences SET ended = $1, ended_by = $2, end_reason = $3 WHERE id = $4 AND ended = 0`,
				database.Micros(ch.at), ch.by, ch.reason, ch.end)
			if err != nil {
				return err
			}
			continue
		}
		s := ch.put
		s.Recorded = ch.at
		resident := ""
		if s.Resident != nil {
			resident = s.Resident.ID
		}
		err := t.exec("write silence", `INSERT INTO silences (id, resident, device, kind, area, provider, recorded, until_at, reason, actor, ended, ended_by, end_reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, '', '')`,
			s.ID, resident, s.Device, s.Kind, s.Area, s.Provider, database.Micros(s.Recorded), database.Micros(s.Until), s.Reason, s.By)
		if err != nil {
			return err
		}
	}
	return nil
}

// rememberSilences takes over what was committed; s.mu is held. Entries are
// replaced and never changed.
func (s *Store) rememberSilences(changes []silenceChange) {
	for _, ch := range changes {
		if ch.put != nil {
			keep(s.silences, ch.put)
			continue
		}
		for of, list := range s.silences {
			i := slices.IndexFunc(list, func(x *silence) bool { return x.id == ch.end && x.ended.IsZero() })
			if i < 0 {
				continue
			}
			ended := *list[i]
			ended.ended = ch.at
			s.silences[of][i] = &ended
		}
	}
}

// SilenceOf returns one silence, or alerting.ErrNotFound.
func (s *Store) SilenceOf(ctx context.Context, id string) (alerting.Silence, error) {
	list, err := s.silencesWhere(ctx, &database.Query{}, id, 1)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("silence %s: %w", id, alerting.ErrNotFound)
	}
	if err != nil {
		return alerting.Silence{}, err
	}
	return list[0], nil
}

// Silences lists silences, those that end next first.
func (s *Store) Silences(ctx context.Context, f alerting.SilenceFilter) ([]alerting.Silence, error) {
	cond := &database.Query{}
	cond.Inside("s.area", f.Scope.Areas...)
	if f.Scope.Vendor != "" {
		cond.Where(`1 = 0`)
	}
	if f.Scope.Provider != "" {
		cond.Where(`s.provider = ?`, f.Scope.Provider)
	}
	if f.Running {
		cond.Where(`s.until_at > ? AND s.ended = 0`, database.Micros(f.Now))
	}
	if f.Resident != "" {
		cond.Where(`s.resident = ?`, f.Resident)
	}
	if f.Device != "" {
		cond.Where(`s.device = ?`, string(f.Device))
	}
	limit := f.Limit
	if limit == 0 {
		limit = 500
	}
	return s.silencesWhere(ctx, cond, "", limit)
}

func (s *Store) silencesWhere(ctx context.Context, cond *database.Query, id string, limit int) ([]alerting.Silence, error) {
	if id != "" {
		cond.Where(`s.id = ?`, id)
	}
	list := []alerting.Silence{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var name sql.NullString
		var held int
		x, err := scanSilence(r.Scan, &name, &held)
		if x.Resident != nil {
			x.Resident.Name = name.String
		}
		x.Held = held
		list = append(list, x)
		return err
	}, `SELECT `+silenceColumns+`, r.name, (SELECT count(*) FROM alerts AS a WHERE a.silence <> '' AND a.silence = s.id AND a.state <> 'closed')
FROM silences AS s LEFT JOIN residents AS r ON r.id = s.resident`+cond.SQL()+fmt.Sprintf(` ORDER BY s.until_at, s.id LIMIT %d`, limit), cond.Args()...)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("read silences: %w", err)
	}
	return list, nil
}
