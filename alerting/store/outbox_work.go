package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/notify"
	"shouwang/devices/database"
)

var _ notify.Outbox = (*Store)(nil)

// Noticed returns a channel that is closed when the next notices are committed.
func (s *Store) Noticed() <-chan struct{} {
	s.wakeMu.Lock()
	defer s.wakeMu.Unlock()
	return s.noticed
}

func (s *Store) wakeOutbox() {
	s.wakeMu.Lock()
	defer s.wakeMu.Unlock()
	close(s.noticed)
	s.noticed = make(chan struct{})
}

// DueNotices lists the keys of the notices that are to be looked at, the most
// urgent and then the oldest first, and when the next is due after that.
func (s *Store) DueNotices(ctx context.Context, now time.Time) (keys []string, next time.Time, err error) {
	keys, err = s.ids(ctx, `SELECT key FROM outbox WHERE state = 'waiting' AND next_at <= $1
ORDER BY CASE severity WHEN 'red' THEN 1 WHEN 'orange' THEN 2 WHEN 'yellow' THEN 3 ELSE 4 END, at, key`, database.Micros(now))
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("due notices: %w", err)
	}
	var at sql.NullInt64
	row := s.db.Read.QueryRowContext(ctx, `SELECT min(next_at) FROM outbox WHERE state = 'waiting' AND next_at > $1`, database.Micros(now))
	if err := row.Scan(&at); err != nil {
		return nil, time.Time{}, fmt.Errorf("next notice: %w", err)
	}
	return keys, database.Time(at.Int64), nil
}

// entryColumns are those of scanEntry, of outbox o and alerts a.
const entryColumns = `o.key, o.person, o.reason, o.alert, o.severity, o.area, o.at, o.data, o.state, o.why, o.via, o.next_at, o.done_at,
coalesce(a.kind, ''), coalesce(a.severity, ''), coalesce(a.state, ''), coalesce(a.area, ''), coalesce(a.since, 0)`

func scanEntry(scan func(...any) error) (e notify.Entry, err error) {
	var at, next, done, since int64
	var data string
	var f notify.Facts
	err = scan(&e.Key, &e.Person, &e.Reason, &e.Alert, &e.Severity, &e.Area, &at, &data, &e.State, &e.Why, &e.Via, &next, &done,
		&f.Kind, &f.Severity, &f.State, &f.Area, &since)
	if err != nil {
		return e, err
	}
	if err := json.Unmarshal([]byte(data), &e.Data); err != nil {
		return e, fmt.Errorf("data of notice %s: %w", e.Key, err)
	}
	e.At, e.NextAt, e.DoneAt, f.Since = database.Time(at), database.Time(next), database.Time(done), database.Time(since)
	if f.Kind != "" {
		e.Facts = &f
	}
	return e, nil
}

// Notices reads the notices with these keys, at most some hundreds, in their
// order; those that are not there are left out.
func (s *Store) Notices(ctx context.Context, keys []string) ([]notify.Entry, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	q := &database.Query{}
	database.In(q, "o.key", keys)
	found := map[string]notify.Entry{}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		e, err := scanEntry(r.Scan)
		found[e.Key] = e
		return err
	}, `SELECT `+entryColumns+` FROM outbox o LEFT JOIN alerts a ON a.id = o.alert`+q.SQL(), q.Args()...)
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	list := make([]notify.Entry, 0, len(found))
	for _, key := range keys {
		if e, ok := found[key]; ok {
			list = append(list, e)
		}
	}
	return list, s.addAttempts(ctx, list)
}

func (s *Store) addAttempts(ctx context.Context, list []notify.Entry) error {
	if len(list) == 0 {
		return nil
	}
	at := map[string]int{}
	keys := make([]string, len(list))
	for i := range list {
		at[list[i].Key], keys[i] = i, list[i].Key
	}
	q := &database.Query{}
	database.In(q, "key", keys)
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		a, err := scanAttempt(r.Scan)
		if err == nil {
			e := &list[at[a.Key]]
			e.Attempts = append(e.Attempts, a)
		}
		return err
	}, `SELECT `+attemptColumns+` FROM notice_attempts`+q.SQL()+` ORDER BY at`, q.Args()...)
	if err != nil {
		return fmt.Errorf("read attempts: %w", err)
	}
	return nil
}

const attemptColumns = `key, channel, address, message, tries, state, at, next_at, provider, error`

func scanAttempt(scan func(...any) error) (a notify.Attempt, err error) {
	var at, next int64
	err = scan(&a.Key, &a.Channel, &a.Address, &a.Message, &a.Tries, &a.State, &at, &next, &a.ID, &a.Error)
	a.At, a.NextAt = database.Time(at), database.Time(next)
	return a, err
}

// Begin notes that the attempts are about to be made, of those notices that are
// still wanted, and returns their keys. The others are settled by it.
func (s *Store) Begin(ctx context.Context, attempts []notify.Attempt) (wanted map[string]bool, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		wanted = map[string]bool{}
		for _, a := range attempts {
			var state notify.State
			var reason alerting.NoticeReason
			var alert alerting.State
			row := tx.QueryRowContext(ctx, `SELECT o.state, o.reason, coalesce(a.state, '') FROM outbox o LEFT JOIN alerts a ON a.id = o.alert WHERE o.key = $1`, a.Key)
			switch err := row.Scan(&state, &reason, &alert); {
			case errors.Is(err, sql.ErrNoRows):
				continue
			case err != nil:
				return err
			}
			if state != notify.Waiting {
				continue
			}
			if notify.Settles(reason, alert) != "" {
				continue // the dispatcher looks at it again, with what it was sent before
			}
			wanted[a.Key] = true
			if err := putAttempt(ctx, tx, &a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("begin to send: %w", err)
	}
	return wanted, nil
}

func putAttempt(ctx context.Context, tx *sql.Tx, a *notify.Attempt) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO notice_attempts (`+attemptColumns+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
ON CONFLICT (key, channel, address) DO UPDATE SET message = excluded.message, tries = excluded.tries, state = excluded.state,
at = excluded.at, next_at = excluded.next_at, provider = excluded.provider, error = excluded.error`,
		a.Key, a.Channel, a.Address, a.Message, a.Tries, a.State, database.Micros(a.At), database.Micros(a.NextAt), a.ID, a.Error)
	return err
}

// Record writes how attempts ended and what becomes of their notices, in one
// transaction. A notice that has ended meanwhile stays as it is.
func (s *Store) Record(ctx context.Context, attempts []notify.Attempt, turns []notify.Turn) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		for i := range attempts {
			if err := putAttempt(ctx, tx, &attempts[i]); err != nil {
				return err
			}
			if a := &attempts[i]; a.State == notify.TryTaken || a.State == notify.TryDelivered {
				if err := verified(ctx, tx, a); err != nil {
					return err
				}
			}
		}
		for _, t := range turns {
			done := int64(0)
			if t.State != notify.Waiting {
				done = database.Micros(t.At)
			}
			if _, err := tx.ExecContext(ctx, `UPDATE outbox SET state = $1, why = $2, via = $3, next_at = $4, done_at = $5,
tries = (SELECT coalesce(sum(tries), 0) FROM notice_attempts WHERE key = $6) WHERE key = $6 AND state = 'waiting'`,
				t.State, t.Why, t.Via, database.Micros(t.NextAt), done, t.Key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("record what was sent: %w", err)
	}
	return nil
}

// verified notes that the channel took a test of its person.
func verified(ctx context.Context, tx *sql.Tx, a *notify.Attempt) error {
	_, err := tx.ExecContext(ctx, `UPDATE person_channels SET verified_at = $1
WHERE channel = $2 AND address = $3 AND person = (SELECT person FROM outbox WHERE key = $4 AND reason = 'test')`,
		database.Micros(a.At), a.Channel, a.Address, a.Key)
	return err
}

// RecentMessages hands fn what was given to providers since then: one attempt
// of each message.
func (s *Store) RecentMessages(ctx context.Context, since time.Time, fn func(notify.Attempt)) error {
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		a, err := scanAttempt(r.Scan)
		fn(a)
		return err
	}, `SELECT min(key), channel, min(address), message, max(tries), max(state), max(at), 0, '', max(error) FROM notice_attempts
WHERE at >= $1 AND state IN ('sending', 'taken', 'delivered') GROUP BY channel, message ORDER BY max(at)`, database.Micros(since))
	if err != nil {
		return fmt.Errorf("recent messages: %w", err)
	}
	return nil
}

// ForgetNotices deletes what has ended before then; keys that are gone may come
// again, so it is done long after anybody would write them.
func (s *Store) ForgetNotices(ctx context.Context, before time.Time) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		const old = `done_at > 0 AND done_at < $1`
		for _, query := range []string{
			`DELETE FROM notice_attempts WHERE key IN (SELECT key FROM outbox WHERE ` + old + `)`,
			`DELETE FROM outbox WHERE ` + old,
			`DELETE FROM used_links WHERE at < $1`,
		} {
			if _, err := tx.ExecContext(ctx, query, database.Micros(before)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("forget notices: %w", err)
	}
	return nil
}

// OutboxFigures counts the waiting notices by severity, those that failed since
// then, and says how old the oldest waiting red one is.
func (s *Store) OutboxFigures(ctx context.Context, since time.Time) (notify.Figures, error) {
	f := notify.Figures{Waiting: map[alerting.Severity]int{}}
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		var severity alerting.Severity
		var n int
		var oldest int64
		if err := r.Scan(&severity, &n, &oldest); err != nil {
			return err
		}
		f.Waiting[severity] = n
		if severity == alerting.Red {
			f.OldestRed = database.Time(oldest)
		}
		return nil
	}, `SELECT severity, count(*), min(at) FROM outbox WHERE state = 'waiting' GROUP BY severity`)
	if err != nil {
		return f, fmt.Errorf("outbox figures: %w", err)
	}
	row := s.db.Read.QueryRowContext(ctx, `SELECT count(*) FROM outbox WHERE state = 'failed' AND done_at >= $1 AND reason <> 'test'`, database.Micros(since))
	if err := row.Scan(&f.Failed); err != nil {
		return f, fmt.Errorf("outbox figures: %w", err)
	}
	return f, nil
}

// OutboxPage lists notices that lie in the scope, newest first.
func (s *Store) OutboxPage(ctx context.Context, f notify.Filter) (notify.EntryPage, error) {
	q := &database.Query{}
	q.Inside("o.area", f.Scope.Areas...)
	database.In(q, "o.state", f.State)
	database.In(q, "o.reason", f.Reason)
	if f.Person != "" {
		q.Where("o.person = ?", f.Person)
	}
	if f.Alert != "" {
		q.Where("o.alert = ?", f.Alert)
	}
	if f.Channel != "" {
		q.Where("EXISTS (SELECT 1 FROM notice_attempts t WHERE t.key = o.key AND t.channel = ?)", f.Channel)
	}
	if f.Cursor != "" {
		after, err := database.Key(f.Cursor)
		if err != nil {
			return notify.EntryPage{}, err
		}
		at, key, ok := strings.Cut(after, " ")
		if !ok {
			return notify.EntryPage{}, database.WrongCursor(f.Cursor)
		}
		var micros int64
		if _, err := fmt.Sscanf(at, "%d", &micros); err != nil {
			return notify.EntryPage{}, database.WrongCursor(f.Cursor)
		}
		q.Where("(o.at < ? OR (o.at = ? AND o.key > ?))", micros, micros, key)
	}
	limit := database.Limit(f.Limit)
	var page notify.EntryPage
	err := each(ctx, s.db.Read, func(r *sql.Rows) error {
		e, err := scanEntry(r.Scan)
		page.Items = append(page.Items, e)
		return err
	}, `SELECT `+entryColumns+` FROM outbox o LEFT JOIN alerts a ON a.id = o.alert`+q.SQL()+` ORDER BY o.at DESC, o.key LIMIT `+q.Arg(limit+1), q.Args()...)
	if err != nil {
		return page, fmt.Errorf("list notices: %w", err)
	}
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := &page.Items[limit-1]
		page.Next = database.Cursor(fmt.Sprintf("%d %s", database.Micros(last.At), last.Key))
	}
	return page, s.addAttempts(ctx, page.Items)
}

// RetryNotice lets a notice that failed be sent again: by all its channels, at
// once. One that is not there, or not in the scope, is alerting.ErrNotFound.
func (s *Store) RetryNotice(ctx context.Context, e *notify.Entry) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM notice_attempts WHERE key = $1 AND EXISTS (SELECT 1 FROM outbox WHERE key = $1 AND state = 'failed')`, e.Key); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE outbox SET state = 'waiting', why = '', via = '', next_at = 0, done_at = 0, tries = 0 WHERE key = $1 AND state = 'failed'`, e.Key)
		return err
	})
	if err != nil {
		return fmt.Errorf("retry notice: %w", err)
	}
	s.wakeOutbox()
	return nil
}

// AddTest puts a test of one channel into the outbox.
func (s *Store) AddTest(ctx context.Context, n alerting.Notice) error {
	return s.Tx(ctx, func(tx alerting.Tx) error { return tx.AddNotice(n) })
}
