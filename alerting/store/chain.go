package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
)

// The event log is a chain: every entry has the hash of the one before it among
// what its own hash is made of (see docs/event-log.md).

// logged is a row of alert_events. Text, data and the two documents may name people
// and go with an erasure; in the chain they are digest alone.
type logged struct {
	number                              int64
	kind                                string
	at                                  int64
	alert, visit, area, provider, actor string
	text, data, alertJSON, visitJSON    string
	salt, digest, hash                  string
}

const loggedColumns = `number, type, at, alert, visit, area, provider, actor, text, data, alert_json, visit_json, salt, digest, hash`

func scanLogged(scan func(...any) error) (e logged, err error) {
	err = scan(&e.number, &e.kind, &e.at, &e.alert, &e.visit, &e.area, &e.provider, &e.actor,
		&e.text, &e.data, &e.alertJSON, &e.visitJSON, &e.salt, &e.digest, &e.hash)
	return e, err
}

// content digests what an erasure may take away. Without the salt nobody can find
// out what it was by trying names.
func (e *logged) content() string {
	h := sha256.New()
	fields(h, "shouwang content 1", e.salt, e.text, e.data, e.alertJSON, e.visitJSON)
	return hex.EncodeToString(h.Sum(nil))
}

// link is the entry's hash, after the one with the hash before.
func (e *logged) link(before string) string {
	h := sha256.New()
	fields(h, "shouwang event 1", before)
	numbers := [2]int64{e.number, e.at}
	_ = binary.Write(h, binary.BigEndian, numbers[:]) // a hash takes everything
	fields(h, e.kind, e.alert, e.visit, e.area, e.provider, e.actor, e.digest)
	return hex.EncodeToString(h.Sum(nil))
}

// fields writes texts so that no two lists of them are the same bytes.
func fields(h hash.Hash, texts ...string) {
	var size [8]byte
	for _, s := range texts {
		binary.BigEndian.PutUint64(size[:], uint64(len(s)))
		h.Write(size[:])
		h.Write([]byte(s))
	}
}

// seal fills in what chains the entry to the one before.
func (e *logged) seal(before string) {
	e.salt = newSalt()
	e.digest = e.content()
	e.hash = e.link(before)
}

// newSalt is 128 bits that nobody can guess.
func newSalt() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// append numbers the entry, chains it and writes it.
func (t *tx) append(e *logged) error {
	if err := t.tx.QueryRowContext(t.ctx, `UPDATE alert_event_number SET last = last + 1 WHERE one = 1 RETURNING last`).Scan(&e.number); err != nil {
		return fmt.Errorf("number event: %w", err)
	}
	before, err := t.headBefore(e.number)
	if err != nil {
		return err
	}
	e.seal(before)
	t.head, t.headOf = e.hash, e.number
	t.events++
	return t.exec("write event", `INSERT INTO alert_events (`+loggedColumns+`)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
		e.number, e.kind, e.at, e.alert, e.visit, e.area, e.provider, e.actor, e.text, e.data, e.alertJSON, e.visitJSON, e.salt, e.digest, e.hash)
}

// headBefore is the hash of the entry before the number, "" before the first. A
// log that somebody has damaged stops no alert: it is for Verify to find.
func (t *tx) headBefore(number int64) (string, error) {
	if t.headOf > 0 && t.headOf == number-1 {
		return t.head, nil
	}
	var before string
	err := t.tx.QueryRowContext(t.ctx, `SELECT hash FROM alert_events WHERE number = $1`, number-1).Scan(&before)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read chain: %w", err)
	case before != "":
		return before, nil
	}
	return chainOn(t.ctx, t.tx, number-1)
}

// chainPart is how many entries of an older database are chained at once.
const chainPart = 2000

// buildChain chains what an older release wrote.
func (s *Store) buildChain(ctx context.Context) error {
	for {
		var first, last sql.NullInt64
		err := s.db.Read.QueryRowContext(ctx, `SELECT min(number), max(number) FROM alert_events WHERE hash = ''`).Scan(&first, &last)
		if err != nil {
			return fmt.Errorf("look for unchained events: %w", err)
		}
		if !first.Valid {
			return nil
		}
		err = s.db.Tx(ctx, func(q *sql.Tx) error {
			_, err := chainOn(ctx, q, min(first.Int64+chainPart-1, last.Int64))
			return err
		})
		if err != nil {
			return err
		}
	}
}

// chainOn chains all entries up to and with the number that are not, and returns
// the hash of the last.
func chainOn(ctx context.Context, q *sql.Tx, upTo int64) (string, error) {
	var first int64
	if err := q.QueryRowContext(ctx, `SELECT min(number) FROM alert_events WHERE hash = ''`).Scan(&first); err != nil {
		return "", fmt.Errorf("chain events: %w", err)
	}
	before := ""
	err := q.QueryRowContext(ctx, `SELECT hash FROM alert_events WHERE number < $1 ORDER BY number DESC LIMIT 1`, first).Scan(&before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("chain events: %w", err)
	}
	var list []logged
	err = each(ctx, q, func(r *sql.Rows) error {
		e, err := scanLogged(r.Scan)
		list = append(list, e)
		return err
	}, `SELECT `+loggedColumns+` FROM alert_events WHERE number >= $1 AND number <= $2 AND hash = '' ORDER BY number`, first, upTo)
	if err != nil {
		return "", fmt.Errorf("chain events: %w", err)
	}
	for i := range list {
		e := &list[i]
		e.seal(before)
		before = e.hash
		if _, err := q.ExecContext(ctx, `UPDATE alert_events SET salt = $1, digest = $2, hash = $3 WHERE number = $4`, e.salt, e.digest, e.hash, e.number); err != nil {
			return "", fmt.Errorf("chain events: %w", err)
		}
	}
	return before, nil
}
