// Package deadletter keeps the messages that were refused, with the reason, so
// that a vendor sees what to mend. Adding the same refusal again changes
// nothing, so frames of the journal may be handed in more than once; and a
// device gone mad cannot fill the disk: what comes too thick is only counted.
package deadletter

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shouwang/devices"
	"shouwang/devices/database"
)

// perMinute is how many refusals of one device and minute are kept with their
// payload. More than one a second nobody reads; at 120 bytes each that is 10 MB
// a day for a device that sends nothing but nonsense, so old ones are purged.
const perMinute = 60

// maxPayload is how much of a payload is kept.
const maxPayload = 4 << 10

// Store keeps dead letters in SQL.
type Store struct{ db *database.DB }

// New makes a store on a migrated database.
func New(db *database.DB) *Store { return &Store{db: db} }

// Add keeps refusals, all or none. Those it has already are left as they are.
//
// A refusal is told by device, topic, code, field, receipt time and SHA-256 of
// the payload. Beyond perMinute rows of a device's minute it is counted, in one
// row per code and topic. That row remembers the newest receipt time it has
// counted, and refusals up to it count as known: exact as long as a topic's
// messages come in order of receipt, as within a lane they do, and as all
// refusals of one message come in one call. Where our clock was set back the
// count is too low, never too high.
func (s *Store) Add(ctx context.Context, refusals []devices.Refusal) error {
	if len(refusals) == 0 {
		return nil
	}
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		b := batch{ctx: ctx, tx: tx, slots: map[slotKey]map[string]bool{}, counts: map[string]*counting{}}
		for _, r := range refusals {
			if err := b.add(r); err != nil {
				return err
			}
		}
		return b.finish()
	})
	if err != nil {
		return fmt.Errorf("keep dead letters: %w", err)
	}
	return nil
}

// batch is one call of Add. A storm of garbage comes as thousands of refusals in
// one call, so each costs a look into memory, and SQL is asked once for each
// device and minute.
type batch struct {
	ctx context.Context //nolint:containedctx // lives no longer than the call
	tx  *sql.Tx
	// slots are the letters that are kept with their payload, by their ids.
	slots  map[slotKey]map[string]bool
	counts map[string]*counting
}

type slotKey struct {
	bucket string
	minute int64
}

// counting is one row that counts, and what this call adds to it.
type counting struct {
	refusal devices.Refusal // what the row says
	slot    slotKey
	exists  bool
	mark    int64 // newest receipt time counted before this call
	newest  int64
	count   int64
}

func (b *batch) add(r devices.Refusal) error {
	received := database.Micros(r.Received)
	slot := slotKey{bucketOf(r), received / time.Minute.Microseconds()}
	id := key("letter", string(r.Device), r.Topic, string(r.Code), r.Field, strconv.FormatInt(received, 10), r.SHA256)
	kept, err := b.kept(slot)
	switch {
	case err != nil:
		return err
	case kept[id]:
		return nil
	case len(kept) >= perMinute:
		return b.count(r, slot, received)
	}
	kept[id] = true
	payload := r.Payload[:min(len(r.Payload), maxPayload)]
	if payload == nil {
		payload = []byte{} // NULL means counted
	}
	return b.insert(id, r, slot, received, payload, 1)
}

// kept are the letters of a slot that have their payload. One that is known lies
// in its own slot: device, code and time of receipt say which that is.
func (b *batch) kept(slot slotKey) (map[string]bool, error) {
	if kept, ok := b.slots[slot]; ok {
		return kept, nil
	}
	kept := map[string]bool{}
	rows, err := b.tx.QueryContext(b.ctx, `SELECT id FROM dead_letters WHERE bucket = $1 AND minute = $2 AND payload IS NOT NULL`, slot.bucket, slot.minute)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err below says what went wrong
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		kept[id] = true
	}
	b.slots[slot] = kept
	return kept, rows.Err()
}

func (b *batch) count(r devices.Refusal, slot slotKey, received int64) error {
	if r.Code == devices.WrongTopic {
		r.Topic = "" // there is no end of wrong topics
	}
	r.Device, r.Field, r.Value, r.SHA256, r.Payload = counted(r), "", "", "", nil
	r.Rule = "more in the same minute, counted and not kept"
	id := key("count", slot.bucket, strconv.FormatInt(slot.minute, 10), string(r.Code), r.Topic)
	c, ok := b.counts[id]
	if !ok {
		c = &counting{refusal: r, slot: slot}
		err := b.tx.QueryRowContext(b.ctx, `SELECT received FROM dead_letters WHERE id = $1`, id).Scan(&c.mark)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		c.exists = err == nil
		b.counts[id] = c
	}
	if c.exists && received <= c.mark {
		return nil
	}
	c.count++
	c.newest = max(c.newest, received)
	return nil
}

// finish writes what was counted.
func (b *batch) finish() error {
	for id, c := range b.counts {
		var err error
		switch {
		case c.count == 0:
		case c.exists:
			_, err = b.tx.ExecContext(b.ctx, `UPDATE dead_letters SET count = count + $1, received = CASE WHEN received > $2 THEN received ELSE $2 END WHERE id = $3`, c.count, c.newest, id)
		default:
			err = b.insert(id, c.refusal, c.slot, c.newest, nil, c.count)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) insert(id string, r devices.Refusal, slot slotKey, received int64, payload []byte, count int64) error {
	_, err := b.tx.ExecContext(b.ctx, `INSERT INTO dead_letters (id, received, bucket, minute, vendor, device, topic, code, field, value, rule, sha256, payload, count)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
		id, received, slot.bucket, slot.minute, r.Device.Vendor(), string(r.Device), r.Topic, string(r.Code), r.Field, r.Value, r.Rule, r.SHA256, payload, count)
	return err
}

// bucketOf is the device; ids that nobody has entered are made up as easily as
// payloads, so they share their vendor's bucket.
func bucketOf(r devices.Refusal) string {
	if r.Code == devices.UnknownDevice {
		return r.Device.Vendor() + "/"
	}
	return string(r.Device)
}

// counted is the device a counting row is about.
func counted(r devices.Refusal) devices.DeviceID {
	if r.Code == devices.UnknownDevice {
		return devices.DeviceID(r.Device.Vendor() + "/")
	}
	return r.Device
}

// key is a short id of the parts. A slash of lengths keeps "a","bc" from being
// "ab","c".
func key(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(strconv.Itoa(len(p)))
		b.WriteByte('/')
		b.WriteString(p)
	}
	sum := sha256.Sum256([]byte(b.String()))
	return hex.EncodeToString(sum[:16])
}

// Purge deletes what was received before a time and says how many rows went.
func (s *Store) Purge(ctx context.Context, before time.Time) (int64, error) {
	var n int64
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `DELETE FROM dead_letters WHERE received < $1`, database.Micros(before))
		if err != nil {
			return err
		}
		n, err = done.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("purge dead letters: %w", err)
	}
	return n, nil
}
