package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

func (t *tx) openCases(where string, args ...any) ([]*alerting.Case, error) {
	var all []*alerting.Case
	err := each(t.ctx, t.tx, func(r *sql.Rows) error {
		c, err := scanCase(r.Scan)
		all = append(all, c)
		return err
	}, `SELECT `+alertColumns+` FROM alerts WHERE state <> 'closed' AND `+where+` ORDER BY subject_type, subject, kind`, args...)
	if err != nil {
		return nil, fmt.Errorf("read open alerts: %w", err)
	}
	for _, c := range all {
		if c.Visit, err = newestVisit(t.ctx, t.tx, c.ID); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// OpenOutages implements alerting.Tx.
func (t *tx) OpenOutages() ([]*alerting.Case, error) {
	return t.openCases(`subject_type IN ('area', 'system') AND kind = $1`, alerting.KindDataOutage)
}

// OpenOfDevices implements alerting.Tx.
func (t *tx) OpenOfDevices(since time.Time) ([]*alerting.Case, error) {
	return t.openCases(`subject_type = 'device' AND known_at >= $1`, database.Micros(since))
}

// OpenInArea implements alerting.Tx.
func (t *tx) OpenInArea(k alerting.Kind, area devices.AreaPath) ([]*alerting.Case, error) {
	return t.openCases(`subject_type = 'resident' AND kind = $1 AND area = $2`, k, area)
}

const memberColumns = `subject_type, subject, kind, episode, resident, resident_name, area, provider,
severity, rule_id, rule_version, found_at, known_at, back, evidence`

func readMembers(ctx context.Context, q queryer, where string, args ...any) ([]alerting.Member, error) {
	var all []alerting.Member
	err := each(ctx, q, func(r *sql.Rows) error {
		var m alerting.Member
		var ref alerting.ResidentRef
		var evidence string
		var episode, found, known, back int64
		err := r.Scan(&m.Subject.Type, &m.Subject.ID, &m.Kind, &episode, &ref.ID, &ref.Name, &m.Area, &m.Provider,
			&m.Severity, &m.Rule.ID, &m.Rule.Version, &found, &known, &back, &evidence)
		if err != nil {
			return err
		}
		if ref.ID != "" {
			m.Resident = &ref
		}
		m.Episode, m.FoundAt, m.KnownAt, m.Back = database.Time(episode), database.Time(found), database.Time(known), back != 0
		if err := json.Unmarshal([]byte(evidence), &m.Evidence); err != nil {
			return err
		}
		all = append(all, m)
		return nil
	}, `SELECT `+memberColumns+` FROM alert_members WHERE `+where+` ORDER BY subject_type, subject, kind`, args...)
	if err != nil {
		return nil, fmt.Errorf("read members of an outage: %w", err)
	}
	return all, nil
}

// Members implements alerting.Tx.
func (t *tx) Members(alert string) ([]alerting.Member, error) {
	return readMembers(t.ctx, t.tx, `alert = $1`, alert)
}

// Member implements alerting.Tx.
func (t *tx) Member(alert string, s alerting.Subject, k alerting.Kind) (alerting.Member, bool, error) {
	all, err := readMembers(t.ctx, t.tx, `alert = $1 AND subject_type = $2 AND subject = $3 AND kind = $4`, alert, s.Type, s.ID, k)
	if err != nil || len(all) == 0 {
		return alerting.Member{}, false, err
	}
	return all[0], true, nil
}

// PutMember implements alerting.Tx.
func (t *tx) PutMember(alert string, m alerting.Member) error {
	evidence, err := marshal(m.Evidence)
	if err != nil {
		return err
	}
	var ref alerting.ResidentRef
	if m.Resident != nil {
		ref = *m.Resident
	}
	return t.exec("write member of an outage", `INSERT INTO alert_members (alert, `+memberColumns+`)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
ON CONFLICT (alert, subject_type, subject, kind) DO UPDATE SET episode = excluded.episode, resident = excluded.resident,
resident_name = excluded.resident_name, area = excluded.area, provider = excluded.provider, severity = excluded.severity,
rule_id = excluded.rule_id, rule_version = excluded.rule_version, found_at = excluded.found_at, known_at = excluded.known_at,
back = excluded.back, evidence = excluded.evidence`,
		alert, m.Subject.Type, m.Subject.ID, m.Kind, database.Micros(m.Episode), ref.ID, ref.Name, m.Area, m.Provider,
		m.Severity, m.Rule.ID, m.Rule.Version, database.Micros(m.FoundAt), database.Micros(m.KnownAt), bit(m.Back), evidence)
}

// MemberCounts implements alerting.Tx.
func (t *tx) MemberCounts(alert string) (alerting.MemberCounts, error) {
	n := alerting.MemberCounts{Kinds: map[alerting.Kind]int{}}
	var since int64
	err := t.tx.QueryRowContext(t.ctx, `SELECT count(*), COALESCE(sum(back), 0), COALESCE(min(episode), 0) FROM
(SELECT min(back) AS back, min(episode) AS episode FROM alert_members WHERE alert = $1 GROUP BY subject_type, subject) AS one`, alert).
		Scan(&n.Subjects, &n.Back, &since)
	n.Since = database.Time(since)
	if err == nil {
		err = t.tx.QueryRowContext(t.ctx, `SELECT count(DISTINCT m.resident), count(DISTINCT c.resident) FROM alert_members m
LEFT JOIN alert_calls c ON c.alert = m.alert AND c.resident = m.resident WHERE m.alert = $1 AND m.resident <> ''`, alert).
			Scan(&n.Residents, &n.Called)
	}
	if err == nil {
		err = each(t.ctx, t.tx, func(r *sql.Rows) error {
			var kind alerting.Kind
			var count int
			err := r.Scan(&kind, &count)
			n.Kinds[kind] = count
			return err
		}, `SELECT kind, count(*) FROM alert_members WHERE alert = $1 GROUP BY kind`, alert)
	}
	if err != nil {
		return n, fmt.Errorf("count members of an outage: %w", err)
	}
	return n, nil
}

// PutOutageCall implements alerting.Tx.
func (t *tx) PutOutageCall(alert, resident, result string, at time.Time, by alerting.Actor) error {
	return t.exec("write call about an outage", `INSERT INTO alert_calls (alert, resident, at, result, actor) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (alert, resident) DO UPDATE SET at = excluded.at, result = excluded.result, actor = excluded.actor`,
		alert, resident, database.Micros(at), result, by.User)
}

// moveMembers gives what one outage stands for to another. What the other has
// already stays as it is there.
func (t *tx) moveMembers(from, to string) error {
	for _, table := range []struct{ name, key, same string }{
		{"alert_members", "members", "o.subject_type = alert_members.subject_type AND o.subject = alert_members.subject AND o.kind = alert_members.kind"},
		{"alert_calls", "calls", "o.resident = alert_calls.resident"},
	} {
		err := t.exec("move "+table.key, `DELETE FROM `+table.name+` WHERE alert = $1 AND EXISTS
(SELECT 1 FROM `+table.name+` o WHERE o.alert = $2 AND `+table.same+`)`, from, to)
		if err != nil {
			return err
		}
		if err := t.exec("move "+table.key, `UPDATE `+table.name+` SET alert = $1 WHERE alert = $2`, to, from); err != nil {
			return err
		}
	}
	return nil
}

// tellMembers adds to the evidence of an outage what it stands for: its devices,
// and the residents who are to be phoned with the newest call to each.
func tellMembers(ctx context.Context, q queryer, a *alerting.Alert) error {
	members, err := readMembers(ctx, q, `alert = $1`, a.ID)
	if err != nil {
		return err
	}
	calls := map[string]*alerting.OutageCall{}
	err = each(ctx, q, func(r *sql.Rows) error {
		var resident string
		var at int64
		c := &alerting.OutageCall{}
		err := r.Scan(&resident, &at, &c.Result, &c.By)
		c.At = database.Time(at)
		calls[resident] = c
		return err
	}, `SELECT resident, at, result, actor FROM alert_calls WHERE alert = $1`, a.ID)
	if err != nil {
		return fmt.Errorf("read calls about an outage: %w", err)
	}
	listed, residents, at := []alerting.OutageDevice{}, []alerting.AtRisk{}, map[string]int{}
	for i := range members {
		m := &members[i]
		d := alerting.OutageDevice{ID: m.Subject.ID, Kind: m.Kind, Since: m.Episode, Back: m.Back}
		if m.Resident != nil {
			d.Resident = m.Resident.ID
			n, known := at[d.Resident]
			if !known {
				n = len(residents)
				at[d.Resident] = n
				residents = append(residents, alerting.AtRisk{ID: m.Resident.ID, Name: m.Resident.Name, Back: true, Call: calls[d.Resident]})
			}
			residents[n].Back = residents[n].Back && m.Back
		}
		if m.Subject.Type == alerting.SubjectDevice {
			listed = append(listed, d)
		}
	}
	if a.Evidence == nil {
		a.Evidence = map[string]any{}
	}
	a.Evidence["devices"], a.Evidence["residents"] = listed, residents
	return nil
}

// eraseMember takes a resident out of the outages.
func eraseMember(ctx context.Context, tx *sql.Tx, resident string) error {
	_, err := tx.ExecContext(ctx, `UPDATE alert_members SET resident = '', resident_name = '', evidence = '{}' WHERE resident = $1`, resident)
	if err == nil {
		_, err = tx.ExecContext(ctx, `DELETE FROM alert_calls WHERE resident = $1`, resident)
	}
	if err != nil {
		return fmt.Errorf("erase from outages: %w", err)
	}
	return nil
}
