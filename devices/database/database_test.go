package database

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
)

// A service that is told to stop in the middle of a write has no fault to report.
func TestTxOfAnEndedContext(t *testing.T) {
	db, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // of a test
	ctx, cancel := context.WithCancel(t.Context())
	err = db.Tx(ctx, func(tx *sql.Tx) error {
		cancel()
		for !errors.Is(tx.Commit(), sql.ErrTxDone) { // until it is rolled back
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the end of the context", err)
	}
}
