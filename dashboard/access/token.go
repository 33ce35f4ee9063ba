package access

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"shouwang/devices"
	"shouwang/devices/database"
)

// Token is an API token of an account as it is listed; the token itself was
// shown once.
type Token struct {
	ID       string             `json:"id"`
	Name     string             `json:"name" doc:"What it is for."`
	Role     Role               `json:"role" doc:"Narrower than the account's; empty: the account's."`
	Areas    []devices.AreaPath `json:"areas" doc:"Narrower than the account's; empty: the account's."`
	ReadOnly bool               `json:"read_only"`
	Created  time.Time          `json:"created_at"`
	Expires  *time.Time         `json:"expires_at" doc:"null: never."`
	Used     *time.Time         `json:"used_at" doc:"Last use, to a minute; null: never used."`
	Maker    string             `json:"maker" doc:"Who made it; empty: on the machine itself."`
}

// TokenReach narrows a token; its zero value is all that the account may do,
// without an end.
type TokenReach struct {
	Name     string
	Role     Role
	Areas    []devices.AreaPath
	ReadOnly bool
	Expires  time.Time
	Maker    string
}

// Includes says whether an account of the role r may have a token of the role o:
// one whose routes are all open to r. The administrator may have any, and what is
// not the administrator's stays closed to it, see Caller.MayUse. Vendor and
// provider see by what they are, so nothing includes them but themselves.
func (r Role) Includes(o Role) bool {
	if r == o {
		return true
	}
	if !o.Known() || o == Vendor || o == Provider {
		return false
	}
	if r == Administrator {
		return true
	}
	return !slices.ContainsFunc(Routes(), func(route Route) bool { return route.Allows(o) && !route.Allows(r) })
}

func (t TokenReach) check(a Account, now time.Time) error {
	if utf8.RuneCountInString(t.Name) > 64 {
		return invalid("name", t.Name, "must have at most 64 characters")
	}
	if t.Role != "" && !a.Role.Includes(t.Role) {
		return invalid("role", string(t.Role), fmt.Sprintf("must be a role that may do no more than %s", a.Role))
	}
	for _, area := range t.Areas {
		if !a.scope().Area(area) {
			return invalid("areas", string(area), "must lie in the account's areas")
		}
	}
	if !t.Expires.IsZero() && !t.Expires.After(now) {
		return invalid("expires_at", t.Expires.Format(time.RFC3339), "must lie in the future")
	}
	return nil
}

// NewToken makes an API token that may do all the account may; it is shown once.
func (s *Store) NewToken(ctx context.Context, username string) (string, error) {
	_, token, err := s.IssueToken(ctx, username, TokenReach{})
	return token, err
}

// IssueToken makes an API token; it is shown once.
func (s *Store) IssueToken(ctx context.Context, username string, reach TokenReach) (Token, string, error) {
	secret, err := newToken()
	if err != nil {
		return Token{}, "", err
	}
	t, err := s.putToken(ctx, username, secret, reach)
	return t, secret, err
}

// SetToken makes the given token work for the account, beside others it has.
// Only for tokens that are random and long; setting one again changes nothing.
func (s *Store) SetToken(ctx context.Context, username, token string) error {
	if len(token) < 22 {
		return invalid("token", "(not shown)", "must be random and of at least 22 characters")
	}
	_, err := s.putToken(ctx, username, token, TokenReach{})
	return err
}

func (s *Store) putToken(ctx context.Context, username, secret string, reach TokenReach) (Token, error) {
	a, err := s.Account(ctx, username)
	if err != nil {
		return Token{}, err
	}
	now := s.opts.Now()
	if err := reach.check(a, now); err != nil {
		return Token{}, err
	}
	if reach.Areas == nil {
		reach.Areas = []devices.AreaPath{}
	}
	areas, err := json.Marshal(reach.Areas)
	if err != nil {
		return Token{}, fmt.Errorf("encode areas: %w", err)
	}
	hash, readOnly := hashToken(secret), 0
	if reach.ReadOnly {
		readOnly = 1
	}
	_, err = s.db.Write.ExecContext(ctx, `INSERT INTO api_tokens (hash, username, created, id, name, role, areas, read_only, expires, used, maker)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10) ON CONFLICT (hash) DO NOTHING`,
		hash, username, database.Micros(now), tokenID(hash), reach.Name, string(reach.Role), string(areas), readOnly, database.Micros(reach.Expires), reach.Maker)
	if err != nil {
		return Token{}, fmt.Errorf("insert token: %w", err)
	}
	return Token{
		ID: tokenID(hash), Name: reach.Name, Role: reach.Role, Areas: reach.Areas, ReadOnly: reach.ReadOnly,
		Created: now.UTC(), Expires: orNil(reach.Expires), Maker: reach.Maker,
	}, nil
}

// tokenID names a token: the beginning of its hash, from which nobody finds
// the token.
func tokenID(hash string) string { return hash[:16] }

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Tokens lists the account's tokens, oldest first.
func (s *Store) Tokens(ctx context.Context, username string) ([]Token, error) {
	if _, err := s.Account(ctx, username); err != nil {
		return nil, err
	}
	rows, err := s.db.Read.QueryContext(ctx, `SELECT id, name, role, areas, read_only, created, expires, used, maker FROM api_tokens WHERE username = $1 ORDER BY created, id`, username)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	list := []Token{}
	for rows.Next() {
		var t Token
		var areas string
		var readOnly, created, expires, used int64
		if err := rows.Scan(&t.ID, &t.Name, &t.Role, &areas, &readOnly, &created, &expires, &used, &t.Maker); err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		if err := json.Unmarshal([]byte(areas), &t.Areas); err != nil {
			return nil, fmt.Errorf("areas of a token: %w", err)
		}
		t.ReadOnly, t.Created = readOnly != 0, database.Time(created)
		t.Expires, t.Used = orNil(database.Time(expires)), orNil(database.Time(used))
		list = append(list, t)
	}
	return list, rows.Err()
}

// RevokeToken makes one token of the account stop working; ErrNotFound when it
// has none of that id.
func (s *Store) RevokeToken(ctx context.Context, username, id string) error {
	res, err := s.db.Write.ExecContext(ctx, `DELETE FROM api_tokens WHERE username = $1 AND id = $2`, username, id)
	if err != nil {
		return fmt.Errorf("delete token: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, ErrNotFound)
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

// ByToken is the account that holds the API token, as far as the token reaches,
// or ErrNoSession.
func (s *Store) ByToken(ctx context.Context, token string) (*Caller, error) {
	return s.byToken(ctx, hashToken(token))
}

func (s *Store) byToken(ctx context.Context, hash string) (*Caller, error) {
	var role Role
	var areas string
	var readOnly, expires, used int64
	a, err := scanAccount(s.db.Read.QueryRowContext(ctx, `SELECT `+accountColumns+`, t.role, t.areas, t.read_only, t.expires, t.used FROM api_tokens t
		JOIN accounts a ON a.username = t.username WHERE t.hash = $1 AND a.disabled = 0`, hash).Scan, &role, &areas, &readOnly, &expires, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrNoSession
	}
	if err != nil {
		return nil, fmt.Errorf("read token: %w", err)
	}
	now := s.opts.Now()
	if expires != 0 && !now.Before(database.Time(expires)) {
		return nil, ErrNoSession
	}
	c := a.caller(hash, true)
	c.ReadOnly = readOnly != 0
	c.whole = !c.ReadOnly && role == "" && expires == 0
	// The account may have got narrower than the token since.
	if role != "" {
		if !a.Role.Includes(role) {
			return nil, ErrNoSession
		}
		c.Role, c.account = role, a.Role
	}
	var narrow []devices.AreaPath
	if err := json.Unmarshal([]byte(areas), &narrow); err != nil {
		return nil, fmt.Errorf("areas of a token: %w", err)
	}
	if len(narrow) > 0 {
		narrow = slices.DeleteFunc(narrow, func(area devices.AreaPath) bool { return !c.Scope.Area(area) })
		if len(narrow) == 0 {
			return nil, ErrNoSession
		}
		c.Scope.Areas, c.whole = narrow, false
	}
	if now.Sub(database.Time(used)) >= touchEvery {
		if _, err := s.db.Write.ExecContext(ctx, `UPDATE api_tokens SET used = $2 WHERE hash = $1`, hash, database.Micros(now)); err != nil {
			s.opts.Log.Error().Err(err).Str("user", a.Username).Msg("use of the token not noted")
		}
	}
	return c, nil
}
