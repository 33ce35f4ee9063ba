package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"github.com/pquerna/otp/totp"

	"shouwang/devices/database"
)

// FactorPolicy says who needs an authenticator app beside the password.
type FactorPolicy string

// The policies. Under FactorRequired administrators and supervisors need one,
// others may have one; under FactorOff nobody is asked, not even who has one.
const (
	FactorOff      FactorPolicy = "off"
	FactorOptional FactorPolicy = "optional"
	FactorRequired FactorPolicy = "required"
)

// The codes of the app are those of RFC 6238 as every app makes them: six
// digits, SHA-1, a new one every 30 s. One step before and after is taken, for
// clocks that are not quite right.
const (
	factorStep    = 30 // seconds
	factorSkew    = 1  // steps
	factorIssuer  = "Shouwang"
	recoveryCodes = 10
)

// Errors of the second factor.
var (
	// ErrCodeNeeded: the password is right, and the app's code is needed too.
	ErrCodeNeeded = errors.New("the code of the authenticator app is needed, too")
	// ErrCode does not say whether the code is wrong or was used before.
	ErrCode = errors.New("the code is wrong, or was used before")
	// ErrEnrolled: there is one already.
	ErrEnrolled = errors.New("an authenticator app is set up already: remove it first")
	// ErrNotEnrolling: no app is being set up.
	ErrNotEnrolling = errors.New("no authenticator app is being set up")
)

// NeedsFactor says whether people of the role must have an authenticator app.
func (p FactorPolicy) NeedsFactor(r Role) bool {
	return p == FactorRequired && (r == Administrator || r == Supervisor)
}

// Factor is how an account stands with its second factor.
type Factor struct {
	Policy    FactorPolicy `json:"policy" enum:"off,optional,required" doc:"Of the service."`
	Enrolled  bool         `json:"enrolled"`
	Since     *time.Time   `json:"since" doc:"null: not set up."`
	Codes     int          `json:"recovery_codes" doc:"Recovery codes that are left."`
	Required  bool         `json:"required" doc:"This account must have one."`
	Overdue   bool         `json:"overdue" doc:"Until it is set up nothing else is open."`
	MustUntil *time.Time   `json:"must_until" doc:"By when it must be set up; null when it need not be."`
}

// Enrolment is what an authenticator app is set up with, shown once.
type Enrolment struct {
	Secret string // base32, to be typed in
	URL    string // otpauth://, as the QR code holds it
}

// Factor tells how the account stands.
func (s *Store) Factor(ctx context.Context, username string) (Factor, error) {
	a, err := s.Account(ctx, username)
	if err != nil {
		return Factor{}, err
	}
	f := Factor{Policy: s.opts.Factor, Required: s.opts.Factor.NeedsFactor(a.Role)}
	var confirmed int64
	err = s.db.Read.QueryRowContext(ctx, `SELECT coalesce((SELECT confirmed FROM second_factors WHERE username = $1), 0),
		(SELECT count(*) FROM recovery_codes WHERE username = $1 AND used = 0)`, username).Scan(&confirmed, &f.Codes)
	if err != nil {
		return Factor{}, fmt.Errorf("read second factor: %w", err)
	}
	if confirmed != 0 {
		since := database.Time(confirmed)
		f.Enrolled, f.Since = true, &since
	} else if f.Required {
		until := a.Created.Add(s.opts.FactorGrace)
		f.MustUntil, f.Overdue = &until, !s.opts.Now().Before(until)
	}
	return f, nil
}

// BeginFactor makes a secret for the account's app. It counts from ConfirmFactor
// on; one that was begun before is replaced.
func (s *Store) BeginFactor(ctx context.Context, username string) (Enrolment, error) {
	key, err := totp.Generate(totp.GenerateOpts{Issuer: factorIssuer, AccountName: username, Period: factorStep, Rand: rand.Reader})
	if err != nil {
		return Enrolment{}, fmt.Errorf("make secret: %w", err)
	}
	if _, err := s.Account(ctx, username); err != nil {
		return Enrolment{}, err
	}
	res, err := s.db.Write.ExecContext(ctx, `INSERT INTO second_factors (username, secret, confirmed, step) VALUES ($1, $2, 0, 0)
		ON CONFLICT (username) DO UPDATE SET secret = excluded.secret WHERE second_factors.confirmed = 0`, username, key.Secret())
	if err != nil {
		return Enrolment{}, fmt.Errorf("keep secret: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return Enrolment{}, errors.Join(err, ErrEnrolled)
	}
	return Enrolment{Secret: key.Secret(), URL: key.URL()}, nil
}

// ConfirmFactor takes the first code of the app: from now on one is asked for at
// every sign-in. It returns the recovery codes, which are shown once. Errors:
// ErrCode, ErrNotEnrolling, *LockedError.
func (s *Store) ConfirmFactor(ctx context.Context, username, code string) ([]string, error) {
	var confirmed int64
	err := s.db.Read.QueryRowContext(ctx, `SELECT confirmed FROM second_factors WHERE username = $1`, username).Scan(&confirmed)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil, ErrNotEnrolling
	case err != nil:
		return nil, fmt.Errorf("read second factor: %w", err)
	case confirmed != 0:
		return nil, ErrEnrolled
	}
	if err := s.takeCode(ctx, username, code, false); err != nil {
		return nil, err
	}
	return s.newRecoveryCodes(ctx, username, true)
}

// NewRecoveryCodes replaces the account's recovery codes; it takes a code.
func (s *Store) NewRecoveryCodes(ctx context.Context, username, code string) ([]string, error) {
	if err := s.enrolledCode(ctx, username, code); err != nil {
		return nil, err
	}
	return s.newRecoveryCodes(ctx, username, false)
}

// RemoveFactor takes the app away, for another one; it takes a code.
func (s *Store) RemoveFactor(ctx context.Context, username, code string) error {
	if err := s.enrolledCode(ctx, username, code); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error { return dropFactor(ctx, tx, username) })
}

// ResetFactor takes the app away from somebody who has lost it, and ends the
// account's sessions.
func (s *Store) ResetFactor(ctx context.Context, username string) error {
	if _, err := s.Account(ctx, username); err != nil {
		return err
	}
	s.codes.forget(username)
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := dropFactor(ctx, tx, username); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM sessions WHERE username = $1`, username); err != nil {
			return fmt.Errorf("end sessions: %w", err)
		}
		return nil
	})
}

func dropFactor(ctx context.Context, tx *sql.Tx, username string) error {
	for _, table := range []string{`DELETE FROM recovery_codes WHERE username = $1`, `DELETE FROM second_factors WHERE username = $1`} {
		if _, err := tx.ExecContext(ctx, table, username); err != nil {
			return fmt.Errorf("remove second factor: %w", err)
		}
	}
	return nil
}

func (s *Store) enrolledCode(ctx context.Context, username, code string) error {
	enrolled, err := s.hasFactor(ctx, username)
	if err != nil {
		return err
	}
	if !enrolled {
		return ErrNotEnrolling
	}
	return s.takeCode(ctx, username, code, true)
}

func (s *Store) hasFactor(ctx context.Context, username string) (bool, error) {
	var n int
	err := s.db.Read.QueryRowContext(ctx, `SELECT count(*) FROM second_factors WHERE username = $1 AND confirmed <> 0`, username).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("read second factor: %w", err)
	}
	return n > 0, nil
}

// takeCode uses up a code of the app or, where it may stand in, a recovery code.
// Only who knows the password, or has the session, gets here: so failures may
// make that account wait longer than those of a password do.
func (s *Store) takeCode(ctx context.Context, username, code string, recovery bool) error {
	now := s.opts.Now()
	if wait := s.codes.try(username, now); wait > 0 {
		return &LockedError{Wait: wait}
	}
	code = plainCode(code)
	var ok bool
	var err error
	if len(code) == otp.DigitsSix.Length() {
		ok, err = s.takeStep(ctx, username, code, now)
	} else if recovery && len(code) == recoveryLength {
		ok, err = s.takeRecovery(ctx, username, code, now)
	}
	if err != nil {
		s.codes.undo(username) // nothing was guessed
		return err
	}
	if !ok {
		return ErrCode
	}
	s.codes.forget(username)
	return nil
}

// plainCode is the code without what people type between its parts.
func plainCode(code string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u3000' {
			return -1
		}
		return r
	}, code))
}

func (s *Store) takeStep(ctx context.Context, username, code string, now time.Time) (bool, error) {
	var secret string
	err := s.db.Read.QueryRowContext(ctx, `SELECT secret FROM second_factors WHERE username = $1`, username).Scan(&secret)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read second factor: %w", err)
	}
	step, err := stepOf(secret, code, now)
	if err != nil || step == 0 {
		return false, err
	}
	res, err := s.db.Write.ExecContext(ctx, `UPDATE second_factors SET step = $2 WHERE username = $1 AND step < $2`, username, step)
	if err != nil {
		return false, fmt.Errorf("use code: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// stepOf is the time step that the code is of, 0 when it is of none.
func stepOf(secret, code string, now time.Time) (int64, error) {
	at, step := now.Unix()/factorStep, int64(0)
	for i := at - factorSkew; i <= at+factorSkew; i++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(i), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}) //nolint:gosec // after 1970
		if err != nil {
			return 0, fmt.Errorf("second factor: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			step = i
		}
	}
	return step, nil
}

func (s *Store) takeRecovery(ctx context.Context, username, code string, now time.Time) (bool, error) {
	res, err := s.db.Write.ExecContext(ctx, `UPDATE recovery_codes SET used = $3 WHERE username = $1 AND hash = $2 AND used = 0`,
		username, hashToken(code), database.Micros(now))
	if err != nil {
		return false, fmt.Errorf("use recovery code: %w", err)
	}
	n, err := res.RowsAffected()
	return n > 0, err
}

// recoveryLength is that of a recovery code: 80 random bits in base32.
const recoveryLength = 16

// newRecoveryCodes replaces all; with confirm, the app counts from then on.
func (s *Store) newRecoveryCodes(ctx context.Context, username string, confirm bool) ([]string, error) {
	codes := make([]string, recoveryCodes)
	for i := range codes {
		codes[i] = strings.ToLower(rand.Text()[:recoveryLength])
	}
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		if confirm {
			if _, err := tx.ExecContext(ctx, `UPDATE second_factors SET confirmed = $2 WHERE username = $1`, username, database.Micros(s.opts.Now())); err != nil {
				return fmt.Errorf("confirm second factor: %w", err)
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_codes WHERE username = $1`, username); err != nil {
			return fmt.Errorf("drop recovery codes: %w", err)
		}
		for _, code := range codes {
			if _, err := tx.ExecContext(ctx, `INSERT INTO recovery_codes (username, hash, used) VALUES ($1, $2, 0)`, username, hashToken(code)); err != nil {
				return fmt.Errorf("keep recovery code: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for i, code := range codes { // easier to read
		codes[i] = strings.Join(slices.Collect(chunks(code, 4)), "-")
	}
	return codes, nil
}

func chunks(s string, n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for part := range slices.Chunk([]byte(s), n) {
			if !yield(string(part)) {
				return
			}
		}
	}
}
