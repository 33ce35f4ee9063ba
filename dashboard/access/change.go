package access

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// SetPassword gives the account a new password and ends its sessions.
func (s *Store) SetPassword(ctx context.Context, username, password string) error {
	if err := checkPassword(password); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	s.names.forget(username)
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		return change(ctx, tx, username, `UPDATE accounts SET password = $2 WHERE username = $1`, hash)
	})
}

// Disable keeps the account from signing in and ends its sessions; its tokens
// do not work while it is disabled. ErrLastAdministrator for that one.
func (s *Store) Disable(ctx context.Context, username string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		before, err := accountOf(ctx, tx, username)
		if err != nil {
			return err
		}
		if err := change(ctx, tx, username, `UPDATE accounts SET disabled = $2 WHERE username = $1`, 1); err != nil {
			return err
		}
		return stillAdministered(ctx, tx, before)
	})
}

// Enable takes Disable back.
func (s *Store) Enable(ctx context.Context, username string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		return change(ctx, tx, username, `UPDATE accounts SET disabled = $2 WHERE username = $1`, 0)
	})
}

// Edit gives the account of that name the name, role, areas, provider or vendor of
// a; all else of it stays. It holds for what is signed in already: sessions, tokens
// and live connections are narrowed with the account. Errors: ErrNotFound,
// ErrLastAdministrator, *InputError.
func (s *Store) Edit(ctx context.Context, a Account) (before Account, err error) {
	if err := a.check(); err != nil {
		return before, err
	}
	areas, err := json.Marshal(a.Areas)
	if err != nil {
		return before, fmt.Errorf("encode areas: %w", err)
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		if before, err = accountOf(ctx, tx, a.Username); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE accounts SET name = $2, role = $3, areas = $4, provider = $5, vendor = $6 WHERE username = $1`,
			a.Username, a.Name, string(a.Role), string(areas), a.Provider, a.Vendor)
		if err != nil {
			return fmt.Errorf("update account: %w", err)
		}
		return stillAdministered(ctx, tx, before)
	})
	return before, err
}

func accountOf(ctx context.Context, tx *sql.Tx, username string) (Account, error) {
	a, err := scanAccount(tx.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.username = $1`, username).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return a, ErrNotFound
	}
	if err != nil {
		return a, fmt.Errorf("read account: %w", err)
	}
	return a, nil
}

// stillAdministered refuses what leaves the areas of an administrator without one:
// only who sees all of them can help there.
func stillAdministered(ctx context.Context, tx *sql.Tx, before Account) error {
	if before.Role != Administrator || before.Disabled {
		return nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.role = $1 AND a.disabled = 0`, string(Administrator))
	if err != nil {
		return fmt.Errorf("read administrators: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	for rows.Next() {
		a, err := scanAccount(rows.Scan)
		if err != nil {
			return fmt.Errorf("read administrators: %w", err)
		}
		if before.Inside(a.scope()) {
			return nil
		}
	}
	return errors.Join(rows.Err(), ErrLastAdministrator)
}

func change(ctx context.Context, tx *sql.Tx, username, update string, value any) error {
	res, err := tx.ExecContext(ctx, update, username, value)
	if err != nil {
		return fmt.Errorf("update account: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNotFound)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE username = $1`, username); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}
