package access

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/devices/database"
)

// Errors a caller can tell apart. ErrSignIn does not say whether the name or
// the password was wrong; ErrNoAccount is an ErrSignIn that says so to the
// service alone, in the same words.
var (
	ErrSignIn    = errors.New("user name or password is wrong")
	ErrNotFound  = devices.ErrNotFound
	ErrExists    = errors.New("an account of this name exists")
	ErrNoSession = errors.New("not signed in")
	ErrBusy      = errors.New("too many are signing in at this moment: try again")
	ErrNoAccount = fmt.Errorf("%w", ErrSignIn)
	// ErrLastAdministrator: nobody would be left to administer the account's areas.
	ErrLastAdministrator = errors.New("this is the last administrator of its areas: name another one first")
)

// LockedError says that too many wrong passwords were tried and how long the
// next try must wait.
type LockedError struct{ Wait time.Duration }

func (e *LockedError) Error() string {
	return fmt.Sprintf("too many wrong passwords: wait %s", e.Wait.Round(time.Second))
}

// InputError names a field that cannot stand, what it held and the rule.
type InputError = devices.InputError

func invalid(field, value, rule string) error {
	return &InputError{Field: field, Value: value, Rule: rule}
}

// Account is one person or program that may sign in.
type Account struct {
	Username string             `json:"username"`
	Name     string             `json:"name"`
	Role     Role               `json:"role" enum:"administrator,duty,town_duty,assistant,provider,supervisor,vendor,auditor"`
	Areas    []devices.AreaPath `json:"areas" doc:"Roots of the account's area trees; an empty path is everything."`
	Provider string             `json:"provider" doc:"The organisation a provider account works for."`
	// ProviderName is filled in by who shows the account.
	ProviderName string    `json:"provider_name,omitempty" doc:"Of that organisation."`
	Vendor       string    `json:"vendor" doc:"The vendor whose devices a vendor account sees."`
	Disabled     bool      `json:"disabled"`
	Created      time.Time `json:"created_at"`
}

// Options are the limits of sessions; zero fields take the defaults.
type Options struct {
	// Idle ends a session that was not used for so long; default 12 h, a shift
	// at the duty desk. An open live connection counts as use.
	Idle time.Duration
	// Absolute ends every session so long after sign-in; default 7 days.
	Absolute time.Duration
	// Factor says who needs an authenticator app; FactorOptional by default.
	Factor FactorPolicy
	// FactorGrace is how long after an account was made its people may work
	// before they must have set one up; none by default.
	FactorGrace time.Duration
	// Now is the clock, time.Now by default.
	Now func() time.Time
	Log zerolog.Logger
}

// Store keeps accounts, sessions, tokens and the audit log in SQL.
type Store struct {
	db     *database.DB
	opts   Options
	hasher *hasher
	// Failed sign-ins by user name, known or not, and by address; failed codes
	// of the second factor by user name.
	names, addresses, codes *lockout
}

// New returns the store; it starts nothing.
func New(db *database.DB, opts Options) *Store {
	if opts.Idle == 0 {
		opts.Idle = 12 * time.Hour
	}
	if opts.Absolute == 0 {
		opts.Absolute = 7 * 24 * time.Hour
	}
	if opts.Factor == "" {
		opts.Factor = FactorOptional
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Store{
		db: db, opts: opts, hasher: newHasher(),
		names: newLockout(freeOfName, ceilingOfName), addresses: newLockout(freeOfAddress, ceilingOfAddress),
		codes: newLockout(freeOfCode, ceilingOfCode),
	}
}

var usernameRule = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,63}$`)

func (a Account) check() error {
	if !usernameRule.MatchString(a.Username) {
		return invalid("username", a.Username, "must be 2 to 64 of a-z 0-9 . _ - and begin with a letter or digit")
	}
	if a.Name == "" || utf8.RuneCountInString(a.Name) > 64 {
		return invalid("name", a.Name, "must have 1 to 64 characters")
	}
	if !a.Role.Known() {
		return invalid("role", string(a.Role), "must be one of the roles")
	}
	if (a.Role == Vendor) != (a.Vendor != "") {
		return invalid("vendor", a.Vendor, "must be given for the role vendor and for no other")
	}
	if (a.Role == Provider) != (a.Provider != "") {
		return invalid("provider", a.Provider, "must be given for the role provider and for no other")
	}
	if len(a.Areas) == 0 {
		return invalid("areas", "[]", "must name at least one area; an empty path is everything")
	}
	return nil
}

func checkPassword(password string) error {
	if len(password) < minPassword || len(password) > maxPassword {
		return invalid("password", "(not shown)", fmt.Sprintf("must have %d to %d bytes", minPassword, maxPassword))
	}
	return nil
}

// Create enters an account; ErrExists when the name is taken. One without a
// password is for a program: it has tokens and cannot sign in.
func (s *Store) Create(ctx context.Context, a Account, password string) error {
	if err := a.check(); err != nil {
		return err
	}
	hash := ""
	if password != "" {
		if err := checkPassword(password); err != nil {
			return err
		}
		var err error
		if hash, err = s.hasher.hash(ctx, password); err != nil {
			return fmt.Errorf("hash password: %w", err)
		}
	}
	areas, err := json.Marshal(a.Areas)
	if err != nil {
		return fmt.Errorf("encode areas: %w", err)
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO accounts (username, name, role, areas, provider, vendor, password, disabled, created)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 0, $8) ON CONFLICT (username) DO NOTHING`,
			a.Username, a.Name, string(a.Role), string(areas), a.Provider, a.Vendor, hash, database.Micros(s.opts.Now()))
		if err != nil {
			return fmt.Errorf("insert account: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrExists)
		}
		return nil
	})
}

const accountColumns = `a.username, a.name, a.role, a.areas, a.provider, a.vendor, a.disabled, a.created`

func scanAccount(scan func(...any) error, more ...any) (Account, error) {
	var a Account
	var areas string
	var disabled, created int64
	err := scan(append([]any{&a.Username, &a.Name, &a.Role, &areas, &a.Provider, &a.Vendor, &disabled, &created}, more...)...)
	if err != nil {
		return a, err
	}
	a.Disabled, a.Created = disabled != 0, database.Time(created)
	if err := json.Unmarshal([]byte(areas), &a.Areas); err != nil {
		return a, fmt.Errorf("areas of account: %w", err)
	}
	return a, nil
}

// Account is the account of that name, or ErrNotFound.
func (s *Store) Account(ctx context.Context, username string) (Account, error) {
	a, err := scanAccount(s.db.Read.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.username = $1`, username).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return a, ErrNotFound
	}
	if err != nil {
		return a, fmt.Errorf("read account: %w", err)
	}
	return a, nil
}

// Inside says whether the account sees nothing but what the scope sees.
func (a Account) Inside(scope devices.Scope) bool {
	return !slices.ContainsFunc(a.Areas, func(area devices.AreaPath) bool { return !scope.Area(area) })
}

// Accounts lists up to limit accounts that are inside the scope in order of
// name, after the given one.
func (s *Store) Accounts(ctx context.Context, scope devices.Scope, after string, limit int) ([]Account, error) {
	rows, err := s.db.Read.QueryContext(ctx, `SELECT `+accountColumns+` FROM accounts a WHERE a.username > $1 ORDER BY a.username`, after)
	if err != nil {
		return nil, fmt.Errorf("list accounts: %w", err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var list []Account
	for len(list) < limit && rows.Next() {
		a, err := scanAccount(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list accounts: %w", err)
		}
		if a.Inside(scope) {
			list = append(list, a)
		}
	}
	return list, rows.Err()
}

func (a Account) caller(credential string, bearer bool) *Caller {
	return &Caller{
		User: a.Username, Name: a.Name, Role: a.Role, credential: credential, bearer: bearer,
		Scope: a.scope(),
	}
}

func (a Account) scope() devices.Scope {
	return devices.Scope{Areas: a.Areas, Provider: a.Provider, Vendor: a.Vendor}
}
