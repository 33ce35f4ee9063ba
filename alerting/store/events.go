package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"shouwang/alerting"
	"shouwang/devices/database"
)

// AddEvent numbers the change inside the transaction. Transactions are one
// after another, so numbers grow in the order of commits and have no gaps.
func (t *tx) AddEvent(ch alerting.Change) error {
	if ch.Data == nil {
		ch.Data = map[string]any{}
	}
	var err error
	var alert, visit, alertJSON, visitJSON string
	area, provider := string(ch.Area), ch.Provider
	if v := ch.Visit; v != nil {
		visit, area, provider = v.ID, string(v.Area), text(v.Provider)
		if visitJSON, err = marshal(v); err != nil {
			return err
		}
	}
	if c := ch.Case; c != nil {
		alert, area, provider = c.ID, string(c.Area), c.Provider
		if alertJSON, err = marshal(&c.Alert); err != nil {
			return err
		}
	}
	if err := t.noteHandover(ch, provider); err != nil {
		return err
	}
	data, err := json.Marshal(ch.Data)
	if err != nil {
		return fmt.Errorf("event data: %w", err)
	}
	return t.append(&logged{
		kind: string(ch.Type), at: database.Micros(ch.At), alert: alert, visit: visit, area: area, provider: provider,
		actor: ch.Actor.User, text: ch.Text, data: string(data), alertJSON: alertJSON, visitJSON: visitJSON,
	})
}

// providerBefore is the key of an event's data under which the provider stands
// that had the alert until this change, where another has it from now on.
const providerBefore = "provider_before"

// noteHandover keeps whose board the alert was on: there it must be taken away.
func (t *tx) noteHandover(ch alerting.Change, provider string) error {
	if ch.Case == nil {
		return nil
	}
	var before string
	err := t.tx.QueryRowContext(t.ctx, `SELECT provider FROM alert_events WHERE alert = $1 ORDER BY number DESC LIMIT 1`, ch.Case.ID).Scan(&before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("provider before: %w", err)
	}
	if before != "" && before != provider {
		ch.Data[providerBefore] = before
	}
	return nil
}

func marshal(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("event: %w", err)
	}
	return string(b), nil
}

// EventsAfter returns the events after a number, at most limit, in order.
func (s *Store) EventsAfter(ctx context.Context, after int64, limit int) ([]alerting.Event, error) {
	events := []alerting.Event{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var e alerting.Event
		var at int64
		var data, alert, visit string
		if err := r.Scan(&e.Number, &e.Type, &at, &e.Area, &e.Provider, &e.Actor, &e.Text, &data, &alert, &visit); err != nil {
			return err
		}
		e.At = database.Time(at)
		for _, part := range []struct {
			text string
			into any
		}{{data, &e.Data}, {alert, &e.Alert}, {visit, &e.Visit}} {
			if part.text == "" {
				continue
			}
			if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
				return fmt.Errorf("event %d: %w", e.Number, err)
			}
		}
		e.ProviderBefore, _ = e.Data[providerBefore].(string)
		events = append(events, e)
		return nil
	}, `SELECT number, type, at, area, provider, actor, text, data, alert_json, visit_json
FROM alert_events WHERE number > $1 ORDER BY number LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read events: %w", err)
	}
	return events, nil
}

func newestEvent(ctx context.Context, q queryer) (int64, error) {
	var n int64
	if err := q.QueryRowContext(ctx, `SELECT last FROM alert_event_number WHERE one = 1`).Scan(&n); err != nil {
		return 0, fmt.Errorf("newest event: %w", err)
	}
	return n, nil
}

// NewestEvent is the number of the last event, 0 before the first.
func (s *Store) NewestEvent(ctx context.Context) (int64, error) { return newestEvent(ctx, s.db.Read) }

// OldestEvent is the number of the first event that is still kept; without any
// it is the one that comes next. A client that saw its predecessor or later can
// catch up.
func (s *Store) OldestEvent(ctx context.Context) (int64, error) {
	var n int64
	err := s.db.Read.QueryRowContext(ctx, `SELECT COALESCE((SELECT min(number) FROM alert_events),
(SELECT last + 1 FROM alert_event_number WHERE one = 1))`).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("oldest event: %w", err)
	}
	return n, nil
}

// Log is the history of one alert, oldest first: who did what and when.
func (s *Store) Log(ctx context.Context, alert string) ([]alerting.LogEntry, error) {
	entries := []alerting.LogEntry{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var e alerting.LogEntry
		var at int64
		var data string
		if err := r.Scan(&e.Event, &at, &e.Type, &e.Actor, &e.Text, &data); err != nil {
			return err
		}
		e.At = database.Time(at)
		entries = append(entries, e)
		return json.Unmarshal([]byte(data), &entries[len(entries)-1].Data)
	}, `SELECT number, at, type, actor, text, data FROM alert_events WHERE alert = $1 ORDER BY number`, alert)
	if err != nil {
		return nil, fmt.Errorf("read log of alert %s: %w", alert, err)
	}
	return entries, nil
}
