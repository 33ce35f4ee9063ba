package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

// AddLabel keeps the label until all else is written: it holds from then on.
func (t *tx) AddLabel(l alerting.Label) error {
	t.labels = append(t.labels, l)
	return nil
}

// writeLabels is, with writeContacts, the last act of a transaction.
func (t *tx) writeLabels(note func() time.Time) error {
	for i := range t.labels {
		l := &t.labels[i]
		l.Recorded = note()
		evidence, err := marshal(l.Evidence)
		if err != nil {
			return err
		}
		err = t.exec("write label", `INSERT INTO alert_labels
(alert, recorded, resident, kind, severity, area, rule, version, outcome, cause, from_at, to_at, unusual, evidence)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (alert, recorded) DO NOTHING`,
			l.Alert, database.Micros(l.Recorded), l.Resident, l.Kind, l.Severity, l.Area, l.Rule.ID, l.Rule.Version, l.Outcome, l.Cause,
			database.Micros(l.From), database.Micros(l.To), bit(l.Unusual), evidence)
		if err != nil {
			return err
		}
	}
	return nil
}

// oddities are the stretches of one resident's life that are no habit, in the order
// in which they became known.
type oddities struct {
	windows []alerting.Window
	alerts  []string
	// until is when a later word about the same alert took its place, zero while it
	// holds; taken says that there is such a one.
	until []time.Time
	taken bool
}

// word takes what was said of an alert, which is instead of all said of it before.
func (o *oddities) word(alert string, unusual bool, w alerting.Window) {
	for i := range o.alerts {
		if o.alerts[i] == alert && o.until[i].IsZero() {
			o.until[i], o.taken = w.Recorded, true
		}
	}
	if unusual {
		o.windows, o.alerts, o.until = append(o.windows, w), append(o.alerts, alert), append(o.until, time.Time{})
	}
}

// loadUnusual reads what was said of alerts of which at least once was said that
// their time is no habit.
func loadUnusual(ctx context.Context, q queryer) (map[string]*oddities, error) {
	of := map[string]*oddities{}
	err := each(ctx, q, func(r *sql.Rows) error {
		var id, alert string
		var from, to, recorded, unusual int64
		if err := r.Scan(&id, &alert, &from, &to, &recorded, &unusual); err != nil {
			return err
		}
		if of[id] == nil {
			of[id] = &oddities{}
		}
		of[id].word(alert, unusual == 1, alerting.Window{From: database.Time(from), To: database.Time(to), Recorded: database.Time(recorded)})
		return nil
	}, `SELECT resident, alert, from_at, to_at, recorded, unusual FROM alert_labels
WHERE resident <> '' AND alert IN (SELECT alert FROM alert_labels WHERE unusual = 1) ORDER BY recorded, alert`)
	return of, err
}

// Unusual are the stretches of the resident's life that are no habit, as known at
// a time of receipt, in the order in which they became known; shared.
func (s *Store) Unusual(resident string, at time.Time) []alerting.Window {
	s.mu.RLock()
	defer s.mu.RUnlock()
	o := s.unusual[resident]
	if o == nil {
		return nil
	}
	n := len(o.windows)
	for n > 0 && o.windows[n-1].Recorded.After(at) {
		n--
	}
	if !o.taken {
		return o.windows[:n:n]
	}
	var hold []alerting.Window
	for i, w := range o.windows[:n] {
		if until := o.until[i]; until.IsZero() || until.After(at) {
			hold = append(hold, w)
		}
	}
	return hold
}

// rememberLabel takes a label into memory; s.mu is held.
func (s *Store) rememberLabel(l *alerting.Label) {
	if l.Resident == "" {
		return
	}
	o := s.unusual[l.Resident]
	if o == nil {
		if !l.Unusual {
			return
		}
		o = &oddities{}
		s.unusual[l.Resident] = o
	}
	o.word(l.Alert, l.Unusual, alerting.Window{From: l.From, To: l.To, Recorded: l.Recorded})
}

// Labels are what was found out about what detectors said of a resident, newest
// first: of each alert the newest.
func (s *Store) Labels(ctx context.Context, resident string) ([]alerting.Label, error) {
	list := []alerting.Label{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var l alerting.Label
		var recorded, from, to, unusual int64
		var evidence string
		err := r.Scan(&l.Alert, &recorded, &l.Resident, &l.Kind, &l.Severity, &l.Area, &l.Rule.ID, &l.Rule.Version, &l.Outcome, &l.Cause, &from, &to, &unusual, &evidence)
		if err != nil {
			return err
		}
		l.Recorded, l.From, l.To, l.Unusual = database.Time(recorded), database.Time(from), database.Time(to), unusual == 1
		if err := json.Unmarshal([]byte(evidence), &l.Evidence); err != nil {
			return fmt.Errorf("evidence: %w", err)
		}
		if !slices.ContainsFunc(list, func(o alerting.Label) bool { return o.Alert == l.Alert }) {
			list = append(list, l)
		}
		return nil
	}, `SELECT alert, recorded, resident, kind, severity, area, rule, version, outcome, cause, from_at, to_at, unusual, evidence
FROM alert_labels WHERE resident = $1 ORDER BY recorded DESC LIMIT 500`, resident)
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	return list, nil
}

// TruthRates are, by kind and rule, how the alerts ended that were closed in
// [from, to).
func (s *Store) TruthRates(ctx context.Context, scope devices.Scope, from, to time.Time) ([]alerting.TruthRate, error) {
	cond := &database.Query{}
	inScope(cond, scope)
	cond.Where(`closed_at >= ?`, database.Micros(from))
	cond.Where(`closed_at < ?`, database.Micros(to))
	cond.Where(`closed_at > 0`)
	of := map[alerting.TruthOf]*alerting.TruthRate{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var about alerting.TruthOf
		var outcome alerting.Outcome
		var cause alerting.Cause
		var n int
		if err := r.Scan(&about.Kind, &about.Rule, &outcome, &cause, &n); err != nil {
			return err
		}
		if of[about] == nil {
			of[about] = &alerting.TruthRate{TruthOf: about}
		}
		of[about].Count(outcome, cause, n)
		return nil
	}, `SELECT kind, rule_id, outcome, COALESCE((SELECT l.cause FROM alert_labels l WHERE l.alert = alerts.id
AND l.recorded = (SELECT MAX(n.recorded) FROM alert_labels n WHERE n.alert = alerts.id)), '') AS why, COUNT(*)
FROM alerts`+cond.SQL()+` GROUP BY kind, rule_id, outcome, why`, cond.Args()...)
	if err != nil {
		return nil, fmt.Errorf("truth rates: %w", err)
	}
	return alerting.SortedTruth(of), nil
}
