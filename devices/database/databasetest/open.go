// Package databasetest opens databases for tests, cheaply: the migrations run once
// for all of them, and no commit waits for the disk, since tests kill processes
// and never the machine.
package databasetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"shouwang/devices/database"
)

// Open opens a new database, which is closed when the test ends.
func Open(t testing.TB) *database.DB {
	t.Helper()
	db := At(t, File(t))
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// File makes the file of a new database.
func File(t testing.TB) string {
	t.Helper()
	empty, err := migrated()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(file, empty, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// At opens the database in the file; the caller closes it.
func At(t testing.TB, file string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Write.ExecContext(t.Context(), `PRAGMA synchronous = off`); err != nil {
		_ = db.Close()
		t.Fatal(err)
	}
	return db
}

// migrated is an empty database file, made once in a process.
var migrated = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "databasetest")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // left to the system then
	file := filepath.Join(dir, "state.db")
	db, err := database.Open(context.Background(), file)
	if err != nil {
		return nil, err
	}
	if err := db.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(file) //nolint:gosec // the file made above
})
