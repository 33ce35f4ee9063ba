package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
	"shouwang/devices/database"
)

// alertColumns are all columns of alerts but sort_key, in the order of scanCase
// and PutAlert.
const alertColumns = `id, kind, severity, state, late, subject_type, subject, resident, resident_name, area, provider,
since, opened_at, rang_at, acked_at, acked_by, recovered_at, closed_at, assignee, outcome, evidence, rule_id, rule_version,
escalation, escalate_at, clock_at, raise_at, found_at, known_at, episode, merged_into,
ack_due, next_call, waits_until, see_by, delivered_at, delivered_to, silence, silence_until, frozen, again_at`

func scanCase(scan func(...any) error) (*alerting.Case, error) {
	var c alerting.Case
	var resident, name, assignee, outcome, evidence string
	var late, since, opened, rang, acked, recovered, closed, escalate, clock, raise, found, known, episode, ackDue, nextCall, waits, seeBy, delivered int64
	var deliveredTo, silence string
	var silenceUntil, again int64
	err := scan(
		&c.ID, &c.Kind, &c.Severity, &c.State, &late, &c.Subject.Type, &c.Subject.ID, &resident, &name, &c.Area, &c.Provider,
		&since, &opened, &rang, &acked, &c.AckedBy, &recovered, &closed, &assignee, &outcome, &evidence, &c.Rule.ID, &c.Rule.Version,
		&c.Escalation, &escalate, &clock, &raise, &found, &known, &episode, &c.MergedInto,
		&ackDue, &nextCall, &waits, &seeBy, &delivered, &deliveredTo, &silence, &silenceUntil, &c.Frozen, &again,
	)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal([]byte(evidence), &c.Evidence); err != nil {
		return nil, fmt.Errorf("evidence of alert %s: %w", c.ID, err)
	}
	if resident != "" {
		c.Resident = &alerting.ResidentRef{ID: resident, Name: name}
	}
	if outcome != "" {
		o := alerting.Outcome(outcome)
		c.Outcome = &o
	}
	c.Late, c.Assignee = late != 0, textPointer(assignee)
	c.Since, c.OpenedAt, c.RangAt = database.Time(since), database.Time(opened), database.Time(rang)
	c.AckedAt, c.RecoveredAt, c.ClosedAt, c.EscalateAt = pointer(acked), pointer(recovered), pointer(closed), pointer(escalate)
	c.ClockAt, c.RaiseAt, c.FoundAt = database.Time(clock), database.Time(raise), database.Time(found)
	c.KnownAt, c.Episode = database.Time(known), database.Time(episode)
	c.AckDue, c.NextCall, c.AgainAt = pointer(ackDue), pointer(nextCall), pointer(again)
	c.WaitsUntil, c.SeeBy = pointer(waits), database.Time(seeBy)
	c.DeliveredAt, c.DeliveredTo = pointer(delivered), textPointer(deliveredTo)
	if silence != "" {
		c.Silenced = &alerting.SilenceRef{ID: silence, Until: database.Time(silenceUntil)}
	}
	return &c, nil
}

// sortKey is the order of the worklist: what is not closed first, late ones
// after the others, then by severity, then the newest first; closed ones by
// time alone, newest first.
func sortKey(c *alerting.Case) string {
	newest := math.MaxInt64 - database.Micros(c.OpenedAt)
	if c.State == alerting.Closed {
		return fmt.Sprintf("1%019d%s", newest, c.ID)
	}
	return fmt.Sprintf("0%d%d%019d%s", bit(c.Late), c.Severity.Rank(), newest, c.ID)
}

func (t *tx) one(where string, args ...any) (*alerting.Case, error) {
	row := t.tx.QueryRowContext(t.ctx, `SELECT `+alertColumns+` FROM alerts WHERE `+where, args...)
	c, err := scanCase(row.Scan)
	if err != nil {
		return nil, err
	}
	c.Visit, err = newestVisit(t.ctx, t.tx, c.ID)
	return c, err
}

// Alert returns the alert, or alerting.ErrNotFound.
func (t *tx) Alert(id string) (*alerting.Case, error) {
	c, err := t.one(`id = $1`, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("alert %s: %w", id, alerting.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read alert %s: %w", id, err)
	}
	return c, nil
}

func (t *tx) OpenAlert(s alerting.Subject, k alerting.Kind) (*alerting.Case, bool, error) {
	c, err := t.one(`subject_type = $1 AND subject = $2 AND kind = $3 AND state <> 'closed'`, s.Type, s.ID, k)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read open alert: %w", err)
	}
	return c, true, nil
}

func (t *tx) PutAlert(c *alerting.Case) error {
	evidence, err := json.Marshal(c.Evidence)
	if err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	var resident alerting.ResidentRef
	if c.Resident != nil {
		resident = *c.Resident
	}
	var outcome alerting.Outcome
	if c.Outcome != nil {
		outcome = *c.Outcome
	}
	var silence alerting.SilenceRef
	if c.Silenced != nil {
		silence = *c.Silenced
	}
	return t.exec("write alert", putAlert,
		c.ID, c.Kind, c.Severity, c.State, bit(c.Late), c.Subject.Type, c.Subject.ID, resident.ID, resident.Name, c.Area, c.Provider,
		database.Micros(c.Since), database.Micros(c.OpenedAt), database.Micros(c.RangAt), micros(c.AckedAt), c.AckedBy,
		micros(c.RecoveredAt), micros(c.ClosedAt), text(c.Assignee), outcome, string(evidence), c.Rule.ID, c.Rule.Version,
		c.Escalation, micros(c.EscalateAt), database.Micros(c.ClockAt), database.Micros(c.RaiseAt),
		database.Micros(c.FoundAt), database.Micros(c.KnownAt), database.Micros(c.Episode), c.MergedInto,
		micros(c.AckDue), micros(c.NextCall), micros(c.WaitsUntil), database.Micros(c.SeeBy), micros(c.DeliveredAt), text(c.DeliveredTo),
		silence.ID, database.Micros(silence.Until), c.Frozen, micros(c.AgainAt), sortKey(c))
}

// putAlert leaves alone what an alert keeps from its opening: id, kind,
// subject, resident, area and opened_at.
const putAlert = `INSERT INTO alerts (` + alertColumns + `, sort_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42)
ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, state = excluded.state, late = excluded.late,
provider = excluded.provider, since = excluded.since, rang_at = excluded.rang_at, acked_at = excluded.acked_at,
acked_by = excluded.acked_by, recovered_at = excluded.recovered_at, closed_at = excluded.closed_at,
assignee = excluded.assignee, outcome = excluded.outcome, evidence = excluded.evidence, rule_id = excluded.rule_id,
rule_version = excluded.rule_version, escalation = excluded.escalation, escalate_at = excluded.escalate_at,
clock_at = excluded.clock_at, raise_at = excluded.raise_at, found_at = excluded.found_at, known_at = excluded.known_at,
episode = excluded.episode, merged_into = excluded.merged_into, ack_due = excluded.ack_due, next_call = excluded.next_call,
waits_until = excluded.waits_until, see_by = excluded.see_by, delivered_at = excluded.delivered_at, delivered_to = excluded.delivered_to,
silence = excluded.silence, silence_until = excluded.silence_until, frozen = excluded.frozen, again_at = excluded.again_at, sort_key = excluded.sort_key`

// inScope limits to what the caller may see. A vendor sees no alerts and visits.
func inScope(c *database.Query, s devices.Scope) {
	c.Inside("area", s.Areas...)
	if s.Vendor != "" {
		c.Where(`1 = 0`)
	}
	if s.Provider != "" {
		c.Where(`provider = ?`, s.Provider)
	}
}

// Alert returns one alert that lies in the scope, or alerting.ErrNotFound.
func (s *Store) Alert(ctx context.Context, scope devices.Scope, id string) (alerting.Alert, error) {
	var a alerting.Alert
	err := s.read(ctx, func(q *sql.Tx) error {
		cond := &database.Query{}
		inScope(cond, scope)
		cond.Where(`id = ?`, id)
		c, err := scanCase(q.QueryRowContext(ctx, `SELECT `+alertColumns+` FROM alerts`+cond.SQL(), cond.Args()...).Scan)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("alert %s: %w", id, alerting.ErrNotFound)
		}
		if err != nil {
			return fmt.Errorf("read alert %s: %w", id, err)
		}
		c.Visit, err = newestVisit(ctx, q, c.ID)
		a = c.Alert
		if err == nil && a.Kind == alerting.KindDataOutage {
			err = tellMembers(ctx, q, &a)
		}
		return err
	})
	return a, err
}

// Alerts lists alerts in the order of the worklist (see sortKey). All of a page,
// and the event number with it, is from one instant; between pages an alert
// that changes may move.
func (s *Store) Alerts(ctx context.Context, f alerting.AlertFilter) (alerting.AlertPage, error) {
	page := alerting.AlertPage{Items: []alerting.Alert{}}
	cond, limit, err := begin(f.Cursor, f.Limit)
	if err != nil {
		return page, err
	}
	inScope(cond, f.Scope)
	cond.Inside("area", f.Area)
	database.In(cond, "state", f.State)
	database.In(cond, "severity", f.Severity)
	database.In(cond, "kind", f.Kind)
	if f.Resident != "" {
		cond.Where(`resident = ?`, f.Resident)
	}
	query := fmt.Sprintf(`SELECT sort_key, %s FROM alerts%s ORDER BY sort_key LIMIT %d`, alertColumns, cond.SQL(), limit+1)
	err = s.read(ctx, func(q *sql.Tx) error {
		var last string
		err := each(ctx, q, func(r *sql.Rows) error {
			if len(page.Items) == limit {
				page.Next = database.Cursor(last)
				return nil
			}
			c, err := scanCase(func(into ...any) error { return r.Scan(append([]any{&last}, into...)...) })
			if err != nil {
				return err
			}
			page.Items = append(page.Items, c.Alert)
			return nil
		}, query, cond.Args()...)
		if err != nil {
			return err
		}
		for i := range page.Items {
			a := &page.Items[i]
			if a.Visit, err = newestVisit(ctx, q, a.ID); err != nil {
				return err
			}
		}
		page.AsOfEvent, err = newestEvent(ctx, q)
		return err
	})
	if err != nil {
		return page, fmt.Errorf("list alerts: %w", err)
	}
	return page, nil
}

// read runs fn in one read transaction, so that all it sees is of one instant.
func (s *Store) read(ctx context.Context, fn func(*sql.Tx) error) error {
	q, err := s.db.Read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer q.Rollback() //nolint:errcheck // nothing was written
	return fn(q)
}

const episodeColumns = `subject_type, subject, kind, episode, alert, severity, recovered`

func (t *tx) episodes(where string, args ...any) ([]alerting.Episode, error) {
	var all []alerting.Episode
	err := each(t.ctx, t.tx, func(r *sql.Rows) error {
		var e alerting.Episode
		var start, recovered int64
		err := r.Scan(&e.Subject.Type, &e.Subject.ID, &e.Kind, &start, &e.Alert, &e.Severity, &recovered)
		e.Episode, e.Recovered = database.Time(start), recovered != 0
		all = append(all, e)
		return err
	}, `SELECT `+episodeColumns+` FROM alert_episodes WHERE `+where+` ORDER BY episode`, args...)
	if err != nil {
		return nil, fmt.Errorf("read episodes: %w", err)
	}
	return all, nil
}

func (t *tx) Episode(k alerting.EpisodeKey) (alerting.Episode, bool, error) {
	all, err := t.EpisodesBetween(k.Subject, k.Kind, k.Episode, k.Episode)
	if err != nil || len(all) == 0 {
		return alerting.Episode{}, false, err
	}
	return all[0], true, nil
}

func (t *tx) EpisodesBetween(s alerting.Subject, k alerting.Kind, from, to time.Time) ([]alerting.Episode, error) {
	return t.episodes(`subject_type = $1 AND subject = $2 AND kind = $3 AND episode >= $4 AND episode <= $5`,
		s.Type, s.ID, k, database.Micros(from), database.Micros(to))
}

func (t *tx) PutEpisode(e alerting.Episode) error {
	return t.exec("write episode", `INSERT INTO alert_episodes (`+episodeColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (subject_type, subject, kind, episode) DO UPDATE SET alert = excluded.alert, severity = excluded.severity, recovered = excluded.recovered`,
		e.Subject.Type, e.Subject.ID, e.Kind, database.Micros(e.Episode), e.Alert, e.Severity, bit(e.Recovered))
}

func (t *tx) MoveEpisodes(from, to string) error {
	if err := t.exec("move episodes", `UPDATE alert_episodes SET alert = $1 WHERE alert = $2`, to, from); err != nil {
		return err
	}
	if err := t.moveCalls(from, to); err != nil {
		return err
	}
	return t.moveMembers(from, to)
}
