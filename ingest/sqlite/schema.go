package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// steps lead from one schema version to the next; the file's user_version is
// the number of those that were taken. Only ever append.
var steps = [...]string{
	// A point's key is its place in the table, so one series lies together in
	// order of time: a query reads neighbours, the newest reading is one seek.
	`CREATE TABLE series (
		id     INTEGER PRIMARY KEY,
		device TEXT NOT NULL,
		metric TEXT NOT NULL,
		UNIQUE (device, metric)
	);
	CREATE TABLE points (
		series   INTEGER NOT NULL,
		ts       INTEGER NOT NULL, -- microseconds since 1970, UTC
		value    REAL NOT NULL,
		received INTEGER NOT NULL, -- microseconds since 1970, UTC; 0 when not known
		quality  TEXT NOT NULL,
		PRIMARY KEY (series, ts)
	) WITHOUT ROWID;`,
	// Rollups: what ingest.Cell says of each hour.
	`CREATE TABLE hours (
		series   INTEGER NOT NULL,
		hour     INTEGER NOT NULL, -- start, microseconds since 1970, UTC
		count    INTEGER NOT NULL,
		sum      REAL NOT NULL,
		min      REAL NOT NULL,
		max      REAL NOT NULL,
		first    REAL NOT NULL,
		last     REAL NOT NULL,
		first_at INTEGER NOT NULL,
		last_at  INTEGER NOT NULL,
		use      REAL, -- litres; NULL when not known
		PRIMARY KEY (series, hour)
	) WITHOUT ROWID;`,
}

func migrate(ctx context.Context, db *sql.DB) error {
	var version int
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if version > len(steps) {
		return fmt.Errorf("schema version %d was made by a newer version of the program, which knows up to %d", version, len(steps))
	}
	for ; version < len(steps); version++ {
		if err := step(ctx, db, version); err != nil {
			return fmt.Errorf("schema version %d: %w", version+1, err)
		}
	}
	return nil
}

func step(ctx context.Context, db *sql.DB, version int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	if _, err := tx.ExecContext(ctx, steps[version]); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, version+1)); err != nil {
		return err
	}
	return tx.Commit()
}
