package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"shouwang/devices/database"
)

// touchEvery is how exactly the last use of a session is kept: once a minute,
// so that a request does not cost a write.
const touchEvery = time.Minute

// SignIn checks the password and begins a session. The token is handed to the
// caller and only its hash is kept. address is where the try comes from, as
// precise as it is to be held back. Errors: ErrSignIn, ErrNoAccount, ErrBusy,
// *LockedError.
func (s *Store) SignIn(ctx context.Context, address, username, password string) (token string, c *Caller, err error) {
	now := s.opts.Now()
	if wait := s.addresses.try(address, now); wait > 0 {
		return "", nil, &LockedError{Wait: wait}
	}
	if wait := s.names.try(username, now); wait > 0 {
		return "", nil, &LockedError{Wait: wait}
	}
	var stored string
	a, err := scanAccount(s.db.Read.QueryRowContext(ctx,
		`SELECT `+accountColumns+`, a.password FROM accounts a WHERE a.username = $1`, username).Scan, &stored)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", nil, fmt.Errorf("read account: %w", err)
	}
	if len(password) > maxPassword || a.Disabled {
		password, stored = "", ""
	}
	ok, err := s.hasher.verify(ctx, password, stored)
	switch {
	case err != nil:
		s.names.undo(username) // nothing was guessed
		return "", nil, err
	case !ok && a.Username == "":
		return "", nil, ErrNoAccount
	case !ok:
		return "", nil, ErrSignIn
	}
	s.addresses.undo(address)
	s.names.forget(username)
	if token, err = newToken(); err != nil {
		return "", nil, err
	}
	hash := hashToken(token)
	_, err = s.db.Write.ExecContext(ctx, `INSERT INTO sessions (hash, username, created, used) VALUES ($1, $2, $3, $3)`,
		hash, username, database.Micros(now))
	if err != nil {
		return "", nil, fmt.Errorf("insert session: %w", err)
	}
	return token, a.caller(hash, false), nil
}

// SignOut ends the caller's session; a caller by token has none.
func (s *Store) SignOut(ctx context.Context, c *Caller) error {
	if c.bearer {
		return nil
	}
	if _, err := s.db.Write.ExecContext(ctx, `DELETE FROM sessions WHERE hash = $1`, c.credential); err != nil {
		return fmt.Errorf("delete session: %w", err)
	}
	return nil
}

// BySession is who holds the session, or ErrNoSession.
func (s *Store) BySession(ctx context.Context, token string) (*Caller, error) {
	return s.bySession(ctx, hashToken(token))
}

func (s *Store) bySession(ctx context.Context, hash string) (*Caller, error) {
	var created, used int64
	a, err := scanAccount(s.db.Read.QueryRowContext(ctx, `SELECT `+accountColumns+`, s.created, s.used FROM sessions s
		JOIN accounts a ON a.username = s.username WHERE s.hash = $1 AND a.disabled = 0`, hash).Scan, &created, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoSession
	}
	if err != nil {
		return nil, fmt.Errorf("read session: %w", err)
	}
	now := s.opts.Now()
	if now.Sub(database.Time(created)) >= s.opts.Absolute || now.Sub(database.Time(used)) >= s.opts.Idle {
		return nil, ErrNoSession
	}
	if now.Sub(database.Time(used)) >= touchEvery {
		if _, err := s.db.Write.ExecContext(ctx, `UPDATE sessions SET used = $2 WHERE hash = $1`, hash, database.Micros(now)); err != nil {
			// A full disk must not put the desk out of the room.
			s.opts.Log.Error().Err(err).Str("user", a.Username).Msg("use of the session not noted")
		}
	}
	return a.caller(hash, false), nil
}

// ByToken is the account that holds the API token, or ErrNoSession.
func (s *Store) ByToken(ctx context.Context, token string) (*Caller, error) {
	return s.byToken(ctx, hashToken(token))
}

func (s *Store) byToken(ctx context.Context, hash string) (*Caller, error) {
	a, err := scanAccount(s.db.Read.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM api_tokens t
		JOIN accounts a ON a.username = t.username WHERE t.hash = $1 AND a.disabled = 0`, hash).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoSession
	}
	if err != nil {
		return nil, fmt.Errorf("read token: %w", err)
	}
	return a.caller(hash, true), nil
}

// Again looks the caller up once more, for a connection that stays open: the
// session may have ended or the account may have changed since. ErrNoSession
// when it may no longer be served.
func (s *Store) Again(ctx context.Context, c *Caller) (*Caller, error) {
	if c.bearer {
		return s.byToken(ctx, c.credential)
	}
	return s.bySession(ctx, c.credential)
}

// NewToken makes an API token for the account; it is shown once.
func (s *Store) NewToken(ctx context.Context, username string) (string, error) {
	token, err := newToken()
	if err != nil {
		return "", err
	}
	return token, s.SetToken(ctx, username, token)
}

// SetToken makes the given token work for the account, beside others it has.
// Only for tokens that are random and long; setting one again changes nothing.
func (s *Store) SetToken(ctx context.Context, username, token string) error {
	if len(token) < 22 {
		return invalid("token", "(not shown)", "must be random and of at least 22 characters")
	}
	if _, err := s.Account(ctx, username); err != nil {
		return err
	}
	_, err := s.db.Write.ExecContext(ctx, `INSERT INTO api_tokens (hash, username, created) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING`,
		hashToken(token), username, database.Micros(s.opts.Now()))
	if err != nil {
		return fmt.Errorf("insert token: %w", err)
	}
	return nil
}

// RevokeTokens makes all API tokens of the account stop working.
func (s *Store) RevokeTokens(ctx context.Context, username string) error {
	if _, err := s.Account(ctx, username); err != nil {
		return err
	}
	if _, err := s.db.Write.ExecContext(ctx, `DELETE FROM api_tokens WHERE username = $1`, username); err != nil {
		return fmt.Errorf("delete tokens: %w", err)
	}
	return nil
}

// Purge forgets sessions that have ended.
func (s *Store) Purge(ctx context.Context) error {
	now := s.opts.Now()
	_, err := s.db.Write.ExecContext(ctx, `DELETE FROM sessions WHERE created <= $1 OR used <= $2`,
		database.Micros(now.Add(-s.opts.Absolute)), database.Micros(now.Add(-s.opts.Idle)))
	if err != nil {
		return fmt.Errorf("purge sessions: %w", err)
	}
	return nil
}
