package database_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"shouwang/devices/database"
	"shouwang/devices/database/databasetest"
)

func TestAlsoIsThereWithTheChangeAndNotWithoutIt(t *testing.T) {
	db := databasetest.Open(t)
	if _, err := db.Write.ExecContext(t.Context(), `CREATE TABLE said (what TEXT)`); err != nil {
		t.Fatal(err)
	}
	say := func(what string) func(*sql.Tx) error {
		return func(tx *sql.Tx) error {
			_, err := tx.ExecContext(t.Context(), `INSERT INTO said VALUES ($1)`, what)
			return err
		}
	}
	count := func() (n int) {
		if err := db.Read.QueryRowContext(t.Context(), `SELECT count(*) FROM said`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	refused := errors.New("refused")
	ctx := database.Also(t.Context(), say("also"))
	err := db.Tx(ctx, func(tx *sql.Tx) error { return errors.Join(say("change")(tx), refused) })
	if !errors.Is(err, refused) || count() != 0 {
		t.Fatalf("%v, %d", err, count())
	}
	// The next is the one, and only that.
	for range 2 {
		if err := db.Tx(ctx, say("change")); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(); n != 3 {
		t.Errorf("%d, want two changes and what goes with the first", n)
	}
	// What cannot be written takes the change with it.
	ctx = database.Also(t.Context(), func(*sql.Tx) error { return refused })
	if err := db.Tx(ctx, say("change")); !errors.Is(err, refused) || count() != 3 {
		t.Errorf("%v, %d", err, count())
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := db.Tx(database.Also(canceled, say("also")), say("change")); err == nil || count() != 3 {
		t.Errorf("%v, %d", err, count())
	}
}
