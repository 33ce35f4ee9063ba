package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"shouwang/alerting"
	"shouwang/devices"
)

// EraseData takes one type of data of the resident out of alerts and events: what
// the type's own kinds have found, and its values in the evidence of others, e.g. the
// place of a call for help. Cases, notes and outcomes stay. What detectors have saved
// of the resident and the devices goes as a whole: it is learnt anew from what is
// still agreed to. What was erased can be erased again.
func (s *Store) EraseData(ctx context.Context, resident string, data devices.DataType, worn []devices.DeviceID) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"alerts", "alert_labels"} {
			if err := eraseEvidence(ctx, tx, table, resident, data); err != nil {
				return err
			}
		}
		subjects := []alerting.Subject{alerting.ResidentSubject(resident)}
		for _, d := range worn {
			subjects = append(subjects, alerting.DeviceSubject(d))
		}
		for _, subject := range subjects {
			for _, table := range []string{"alert_states", "alert_snapshots"} {
				if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE subject_type = $1 AND subject = $2`, string(subject.Type), subject.ID); err != nil {
					return err
				}
			}
		}
		return s.eraseEvents(ctx, tx, resident, func(e *logged) error { return e.redactData(data) })
	})
	if err != nil {
		return fmt.Errorf("erase %s of resident: %w", data, err)
	}
	return nil
}

// eraseEvidence goes through the evidence of the table, by alert.
func eraseEvidence(ctx context.Context, tx *sql.Tx, table, resident string, data devices.DataType) error {
	key := map[string]string{"alerts": "id", "alert_labels": "alert"}[table]
	left := map[string]string{}
	err := each(ctx, tx, func(r *sql.Rows) error {
		var id, text string
		var kind alerting.Kind
		if err := r.Scan(&id, &kind, &text); err != nil {
			return err
		}
		evidence := map[string]any{}
		if err := json.Unmarshal([]byte(text), &evidence); err != nil {
			return err
		}
		if !withoutData(evidence, kind, data) {
			return nil
		}
		var err error
		left[id], err = marshal(evidence)
		return err
	}, `SELECT `+key+`, kind, evidence FROM `+table+` WHERE resident = $1`, resident)
	if err != nil {
		return err
	}
	for id, text := range left {
		if _, err := tx.ExecContext(ctx, `UPDATE `+table+` SET evidence = $1 WHERE `+key+` = $2`, text, id); err != nil {
			return err
		}
	}
	return nil
}

// withoutData takes the type's values out of evidence, all of it from a kind that is
// judged by the type, and says whether there were any.
func withoutData(evidence map[string]any, kind alerting.Kind, data devices.DataType) (found bool) {
	judged := kind.JudgedBy(data)
	for key := range evidence {
		own := devices.Metric(key).Data("") == data || data == devices.PositionData && key == "fix_at"
		if own || judged && !plainData[key] && key != "device" {
			delete(evidence, key)
			found = true
		}
	}
	return found
}

// redactData is redact for one type of data. What says nothing of it is left as it is,
// to the letter.
func (e *logged) redactData(data devices.DataType) error {
	if e.alertJSON == "" {
		return nil
	}
	var a alerting.Alert
	if err := json.Unmarshal([]byte(e.alertJSON), &a); err != nil {
		return err
	}
	var err error
	if withoutData(a.Evidence, a.Kind, data) {
		if e.alertJSON, err = marshal(&a); err != nil {
			return err
		}
	}
	said := map[string]any{}
	if err := json.Unmarshal([]byte(e.data), &said); err != nil {
		return err
	}
	if withoutData(said, "", data) {
		e.data, err = marshal(said)
	}
	return err
}
