package database

import (
	"context"
	"database/sql"
)

// also is what is to be written with a change.
type also struct {
	fn   func(*sql.Tx) error
	done bool
}

type alsoKey struct{}

// Also returns a context of which the first Tx that commits runs fn too, at its
// end: what must be there whenever the change is there, and not without it. It is
// for one goroutine.
func Also(ctx context.Context, fn func(*sql.Tx) error) context.Context {
	return context.WithValue(ctx, alsoKey{}, &also{fn: fn})
}

// with is the transaction's work and what its context adds to it.
func with(ctx context.Context, fn func(*sql.Tx) error) (work func(*sql.Tx) error, committed func()) {
	a, ok := ctx.Value(alsoKey{}).(*also)
	if !ok || a.done {
		return fn, func() {}
	}
	return func(tx *sql.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return a.fn(tx)
	}, func() { a.done = true }
}
