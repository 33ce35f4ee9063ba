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

// Try is one try to sign in.
type Try struct {
	// Address is where it comes from, as precise as it is to be held back.
	Address            string
	Username, Password string
	// Code of the authenticator app, or a recovery code; empty when none was
	// given.
	Code string
}

// SignIn checks the password, and the code of who has an authenticator app, and
// begins a session. The token is handed to the caller and only its hash is kept.
// Errors: ErrSignIn, ErrNoAccount, ErrCodeNeeded, ErrCode, ErrBusy, *LockedError.
func (s *Store) SignIn(ctx context.Context, t Try) (token string, c *Caller, err error) {
	now := s.opts.Now()
	if wait := s.addresses.try(t.Address, now); wait > 0 {
		return "", nil, &LockedError{Wait: wait}
	}
	if wait := s.names.try(t.Username, now); wait > 0 {
		return "", nil, &LockedError{Wait: wait}
	}
	a, err := s.checkPassword(ctx, t)
	if err != nil {
		return "", nil, err
	}
	s.names.forget(t.Username)
	if s.opts.Factor != FactorOff {
		has, err := s.hasFactor(ctx, a.Username)
		if err == nil && has && t.Code == "" {
			err = ErrCodeNeeded
		} else if err == nil && has {
			err = s.takeCode(ctx, a.Username, t.Code, true)
		}
		if err != nil {
			if !errors.Is(err, ErrCode) {
				s.addresses.undo(t.Address) // nothing was guessed
			}
			return "", nil, err
		}
	}
	s.addresses.undo(t.Address)
	if token, err = newToken(); err != nil {
		return "", nil, err
	}
	hash := hashToken(token)
	_, err = s.db.Write.ExecContext(ctx, `INSERT INTO sessions (hash, username, created, used) VALUES ($1, $2, $3, $3)`,
		hash, a.Username, database.Micros(now))
	if err != nil {
		return "", nil, fmt.Errorf("insert session: %w", err)
	}
	c, err = s.bySession(ctx, hash)
	return token, c, err
}

// checkPassword returns whose password it is, and brings a hash of older
// parameters up to date: only now the password is known.
func (s *Store) checkPassword(ctx context.Context, t Try) (Account, error) {
	var stored string
	a, err := scanAccount(s.db.Read.QueryRowContext(ctx,
		`SELECT `+accountColumns+`, a.password FROM accounts a WHERE a.username = $1`, t.Username).Scan, &stored)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return a, fmt.Errorf("read account: %w", err)
	}
	password := t.Password
	if len(password) > maxPassword || a.Disabled {
		password, stored = "", ""
	}
	ok, err := s.hasher.verify(ctx, password, stored)
	switch {
	case err != nil:
		s.names.undo(t.Username) // nothing was guessed
		return a, err
	case !ok && a.Username == "":
		return a, ErrNoAccount
	case !ok:
		return a, ErrSignIn
	}
	if s.hasher.outdated(stored) {
		fresh, err := s.hasher.hash(ctx, password)
		if err == nil {
			_, err = s.db.Write.ExecContext(ctx, `UPDATE accounts SET password = $2 WHERE username = $1 AND password = $3`, a.Username, fresh, stored)
		}
		if err != nil { // the next sign-in will
			s.opts.Log.Error().Err(err).Str("user", a.Username).Msg("password not hashed again")
		}
	}
	return a, nil
}

// CheckOwnPassword says whether it is the account's, for a change of it;
// ErrSignIn when it is not. It counts as a try to sign in.
func (s *Store) CheckOwnPassword(ctx context.Context, username, password string) error {
	if wait := s.names.try(username, s.opts.Now()); wait > 0 {
		return &LockedError{Wait: wait}
	}
	if _, err := s.checkPassword(ctx, Try{Username: username, Password: password}); err != nil {
		return err
	}
	s.names.forget(username)
	return nil
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
	var created, used, enrolled int64
	a, err := scanAccount(s.db.Read.QueryRowContext(ctx, `SELECT `+accountColumns+`, s.created, s.used, coalesce(f.confirmed, 0) FROM sessions s
		JOIN accounts a ON a.username = s.username LEFT JOIN second_factors f ON f.username = a.username
		WHERE s.hash = $1 AND a.disabled = 0`, hash).Scan, &created, &used, &enrolled)
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
	c := a.caller(hash, false)
	c.MustEnrol = s.opts.Factor.NeedsFactor(a.Role) && enrolled == 0 && !now.Before(a.Created.Add(s.opts.FactorGrace))
	return c, nil
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
