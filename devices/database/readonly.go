package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"slices"
)

// ErrOther says that the database is of another release than this program.
var ErrOther = errors.New("the database is of another release: use that release's program, or start the service once")

// OpenReadOnly opens the file to look at it: nothing is written, migrated or
// created, not even beside it when no service has it open. A service may be running
// on it. ErrOther when the schema is not this program's.
func OpenReadOnly(ctx context.Context, file string) (*DB, error) {
	if _, err := os.Stat(file); err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	q := url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)", "query_only(1)"}}
	if log, err := os.Stat(file + "-wal"); errors.Is(err, fs.ErrNotExist) || err == nil && log.Size() == 0 {
		// Nobody writes, or has anything to add: without this SQLite would make
		// its two files beside it.
		if _, err := os.Stat(file + "-shm"); errors.Is(err, fs.ErrNotExist) {
			q.Set("immutable", "1")
		}
	}
	conn, err := sql.Open("sqlite", "file:"+(&url.URL{Path: file}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", file, err)
	}
	conn.SetMaxOpenConns(4)
	db := &DB{Write: conn, Read: conn}
	if err := current(ctx, conn); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", file, err), conn.Close())
	}
	return db, nil
}

// current says whether exactly the migrations of this program were applied.
func current(ctx context.Context, db *sql.DB) error {
	names, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return err
	}
	for i := range names {
		names[i] = path.Base(names[i])
	}
	slices.Sort(names)
	rows, err := db.QueryContext(ctx, `SELECT name FROM migrations ORDER BY name`)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var applied []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return err
		}
		applied = append(applied, name)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if !slices.Equal(names, applied) {
		return ErrOther
	}
	return nil
}
