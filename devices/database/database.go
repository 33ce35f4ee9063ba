// Package database opens the SQL database that holds the service's state
// (areas, residents, devices, people, alerts, visits) and brings its schema up
// to date. All packages that keep state write portable SQL against it; the one
// ordered list of migrations lives here.
package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"slices"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// DB is an open database. SQLite takes one writer at a time, so writes go
// through Write, whose pool has a single connection: a transaction on it is the
// only one. Reads run beside it on Read.
type DB struct {
	Write *sql.DB
	Read  *sql.DB
}

// Open opens or creates the SQLite file at path and migrates it. Commits are
// synced to disk: an answer given to a person survives a power cut.
func Open(ctx context.Context, file string) (*DB, error) {
	db := &DB{}
	var err error
	if db.Write, err = open(file, "immediate"); err != nil {
		return nil, err
	}
	db.Write.SetMaxOpenConns(1)
	if err := migrate(ctx, db.Write); err != nil {
		return nil, errors.Join(fmt.Errorf("migrate %s: %w", file, err), db.Write.Close())
	}
	if db.Read, err = open(file, "deferred"); err != nil {
		return nil, errors.Join(err, db.Write.Close())
	}
	db.Read.SetMaxOpenConns(4)
	return db, nil
}

func open(file, lock string) (*sql.DB, error) {
	q := url.Values{}
	q.Set("_txlock", lock)
	for _, pragma := range []string{"journal_mode(wal)", "synchronous(full)", "busy_timeout(10000)", "foreign_keys(1)", "secure_delete(fast)"} {
		q.Add("_pragma", pragma)
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	return db, nil
}

// Close closes both pools.
func (db *DB) Close() error { return errors.Join(db.Read.Close(), db.Write.Close()) }

// Tx runs fn in one write transaction and commits it, or rolls back when fn
// returns an error.
func (db *DB) Tx(ctx context.Context, fn func(*sql.Tx) error) error {
	tx, err := db.Write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	work, committed := with(ctx, fn)
	if err := run(ctx, tx, work); err != nil {
		return err
	}
	committed()
	return nil
}

// TxLazy is Tx for what can be done again: it does not wait for the disk. A power
// cut may undo it, but not if a later Tx has been committed.
func (db *DB) TxLazy(ctx context.Context, fn func(*sql.Tx) error) error {
	conn, err := db.Write.Conn(ctx)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer conn.Close() //nolint:errcheck // gives it back to the pool
	if _, err := conn.ExecContext(ctx, `PRAGMA synchronous = normal`); err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		if _, err := conn.ExecContext(context.WithoutCancel(ctx), `PRAGMA synchronous = full`); err != nil {
			// What others write on this connection must last.
			_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		}
	}()
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	return run(ctx, tx, fn)
}

func run(ctx context.Context, tx *sql.Tx, fn func(*sql.Tx) error) error {
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	if err := fn(tx); err != nil {
		return err
	}
	err := tx.Commit()
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		// It was rolled back because the context ended, which is what the
		// caller is to hear.
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

func migrate(ctx context.Context, db *sql.DB) error {
	const table = `CREATE TABLE IF NOT EXISTS migrations (name TEXT PRIMARY KEY, applied BIGINT NOT NULL)`
	if _, err := db.ExecContext(ctx, table); err != nil {
		return err
	}
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		if err := apply(ctx, db, name); err != nil {
			return fmt.Errorf("%s: %w", path.Base(name), err)
		}
	}
	return nil
}

func apply(ctx context.Context, db *sql.DB, name string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	var done int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM migrations WHERE name = $1`, path.Base(name)).Scan(&done); err != nil || done > 0 {
		return err
	}
	text, err := migrations.ReadFile(name)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, string(text)); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO migrations (name, applied) VALUES ($1, $2)`, path.Base(name), Micros(time.Now())); err != nil {
		return err
	}
	return tx.Commit()
}

// Micros is how times are kept in SQL: microseconds since 1970, UTC; the zero
// time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the inverse of Micros.
func Time(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
