package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
)

// Shred is Tx for a deletion that leaves nothing in the file: what is deleted is
// overwritten, which takes no longer than writing it did. What the write-ahead log
// has of it goes with the next Settle.
func (db *DB) Shred(ctx context.Context, fn func(*sql.Tx) error) error {
	conn, err := db.Write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("shred: %w", err)
	}
	defer conn.Close() //nolint:errcheck // gives it back to the pool
	if _, err := conn.ExecContext(ctx, `PRAGMA secure_delete = on`); err != nil {
		return fmt.Errorf("shred: %w", err)
	}
	defer func() {
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA secure_delete = fast`); err != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return run(ctx, tx, fn)
}

// Settle moves the write-ahead log into the file and empties it. An error means:
// try again later.
func (db *DB) Settle(ctx context.Context) error {
	var busy, frames, moved int
	if err := db.Write.QueryRowContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`).Scan(&busy, &frames, &moved); err != nil {
		return fmt.Errorf("empty the log: %w", err)
	}
	if busy != 0 {
		return errors.New("the log is still read")
	}
	return nil
}

// Scrub writes the file anew, so that nothing that was deleted or overwritten
// stays in its free pages or in the write-ahead log. It takes about a second for
// 100 MB, in which no write gets through. An error means: try again later.
func (db *DB) Scrub(ctx context.Context) error {
	if _, err := db.Write.ExecContext(ctx, `VACUUM`); err != nil {
		return fmt.Errorf("scrub: %w", err)
	}
	if err := db.Settle(ctx); err != nil {
		return fmt.Errorf("scrub: %w", err)
	}
	return nil
}
