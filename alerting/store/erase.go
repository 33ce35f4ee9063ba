package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

// plainData are the entries of an event that are words of ours, numbers and
// times, and tell nothing of the resident's life beyond the case's own steps.
var plainData = map[string]bool{
	"action": true, "via": true, "early": true, "skipped": true, "reachable": true, "told": true, "from": true, "to": true, "step": true, "level": true, "area": true, "outcome": true, "cause": true, "percent": true, "overdue": true, "plan": true, "into": true, "merged": true, "due": true,
	"acked_by": true, "acked_at": true, "rings": true, "severity_from": true, "severity_to": true, "direction": true, "seconds": true, "started": true, "next_call": true, "result": true,
}

// Erase takes the resident out of alerts, visits and events: the cases with
// their ids, kinds, times, numbers and outcomes stay, name, evidence, notes and
// reports go. Contacts and what detectors have saved of the resident and the
// devices are deleted. What was erased can be erased again.
func (s *Store) Erase(ctx context.Context, resident string, worn []devices.DeviceID) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, step := range []struct {
			query string
			args  []any
		}{
			{`UPDATE alerts SET resident_name = $1, evidence = '{}', raise_at = 0 WHERE resident = $2`, []any{devices.ErasedName, resident}},
			{`UPDATE visits SET resident_name = $1, report_note = '' WHERE resident = $2`, []any{devices.ErasedName, resident}},
			{`UPDATE alert_rules SET body = '{}', reason = '' WHERE resident = $1`, []any{resident}},
			{`UPDATE calls SET whom = '', number = '' WHERE resident = $1 OR alert IN (SELECT id FROM alerts WHERE resident = $1)`, []any{resident}},
			{`DELETE FROM alert_contacts WHERE resident = $1`, []any{resident}},
			{`UPDATE alert_labels SET evidence = '{}', unusual = 0, from_at = 0, to_at = 0 WHERE resident = $1`, []any{resident}},
			{`UPDATE silences SET reason = '', end_reason = '' WHERE resident = $1`, []any{resident}},
			{`UPDATE handover_lines SET line = '' WHERE resident = $1`, []any{resident}},
			{`UPDATE resident_turns SET reason = '' WHERE resident = $1`, []any{resident}},
			{`DELETE FROM alert_states WHERE subject_type = $1 AND subject = $2`, []any{string(alerting.SubjectResident), resident}},
			{`DELETE FROM alert_snapshots WHERE subject_type = $1 AND subject = $2`, []any{string(alerting.SubjectResident), resident}},
		} {
			if _, err := tx.ExecContext(ctx, step.query, step.args...); err != nil {
				return err
			}
		}
		for _, query := range doorErasure() {
			if _, err := tx.ExecContext(ctx, query, resident); err != nil {
				return err
			}
		}
		for _, d := range worn {
			for _, table := range []string{"alert_states", "alert_snapshots"} {
				if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE subject_type = $1 AND subject = $2`, string(alerting.SubjectDevice), string(d)); err != nil {
					return err
				}
			}
		}
		err := s.eraseEvents(ctx, tx, resident, func(e *logged) error {
			e.text = ""
			return e.redact(resident)
		})
		if err != nil {
			return err
		}
		return eraseMember(ctx, tx, resident)
	})
	if err != nil {
		return fmt.Errorf("erase resident from alerts: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.contacts, resident)
	delete(s.unusual, resident)
	s.rules.Forget(resident)
	s.reached = slices.DeleteFunc(s.reached, func(r reached) bool { return r.resident == resident })
	return nil
}

// eraseEvents takes from the events what tells of the resident, with the salts of
// their digests, and has an entry of its own say what is left of them.
func (s *Store) eraseEvents(ctx context.Context, q *sql.Tx, resident string, redact func(*logged) error) error {
	var events []logged
	err := each(ctx, q, func(r *sql.Rows) error {
		e, err := scanLogged(r.Scan)
		events = append(events, e)
		return err
	}, `SELECT `+loggedColumns+` FROM alert_events
WHERE alert IN (SELECT id FROM alerts WHERE resident = $1) OR visit IN (SELECT id FROM visits WHERE resident = $1)
OR alert IN (SELECT alert FROM alert_members WHERE resident = $1) AND data LIKE $2 ORDER BY number`,
		resident, `%"resident":"`+resident+`"%`) // calls about an outage
	if err != nil {
		return err
	}
	left := erasedData{Left: map[string]string{}}
	for i := range events {
		e := &events[i]
		was := *e
		if err := redact(e); err != nil {
			return fmt.Errorf("event %d: %w", e.number, err)
		}
		if *e == was {
			continue
		}
		e.salt = newSalt()
		left.Left[strconv.FormatInt(e.number, 10)] = e.content()
		if _, err := q.ExecContext(ctx, `UPDATE alert_events SET text = $1, data = $2, alert_json = $3, visit_json = $4, salt = $5 WHERE number = $6`,
			e.text, e.data, e.alertJSON, e.visitJSON, e.salt, e.number); err != nil {
			return err
		}
	}
	if len(left.Left) == 0 {
		return nil
	}
	data, err := marshal(left)
	if err != nil {
		return err
	}
	t := &tx{ctx: ctx, tx: q}
	return t.append(&logged{kind: string(alerting.LogErased), at: database.Micros(s.Now()), actor: alerting.System().User, data: data})
}

func (e *logged) redact(resident string) error {
	data := map[string]any{}
	if err := json.Unmarshal([]byte(e.data), &data); err != nil {
		return err
	}
	for key := range data {
		if !plainData[key] {
			delete(data, key)
		}
	}
	var err error
	if e.data, err = marshal(data); err != nil {
		return err
	}
	if e.alertJSON != "" {
		var a alerting.Alert
		if err := json.Unmarshal([]byte(e.alertJSON), &a); err != nil {
			return err
		}
		eraseName(a.Resident, resident)
		a.Evidence = map[string]any{}
		eraseVisit(a.Visit, resident)
		if e.alertJSON, err = marshal(&a); err != nil {
			return err
		}
	}
	if e.visitJSON != "" {
		var v alerting.Visit
		if err := json.Unmarshal([]byte(e.visitJSON), &v); err != nil {
			return err
		}
		eraseVisit(&v, resident)
		if e.visitJSON, err = marshal(&v); err != nil {
			return err
		}
	}
	return nil
}

func eraseVisit(v *alerting.Visit, resident string) {
	if v == nil {
		return
	}
	eraseName(v.Resident, resident)
	if v.Report != nil {
		v.Report.Note, v.Report.ReportMore = "", alerting.ReportMore{}
	}
}

func eraseName(r *alerting.ResidentRef, resident string) {
	if r != nil && r.ID == resident {
		r.Name = devices.ErasedName
	}
}

// OpenAlerts lists the resident's alerts that are not closed.
func (s *Store) OpenAlerts(ctx context.Context, resident string) ([]string, error) {
	ids, err := s.ids(ctx, `SELECT id FROM alerts WHERE resident = $1 AND state <> 'closed' ORDER BY id`, resident)
	if err != nil {
		return nil, fmt.Errorf("open alerts: %w", err)
	}
	return ids, nil
}
