package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"shouwang/dashboard/access"
	"shouwang/devices"
	"shouwang/devices/database"
)

// userCmd enters accounts from the machine itself: how the first administrator
// gets in.
type userCmd struct {
	Add   userAddCmd   `cmd:"" help:"Enter an account; its password is printed once."`
	Token userTokenCmd `cmd:"" help:"Make an API token for an account, printed once, or revoke all it has."`

	TOTPReset userTOTPResetCmd `cmd:"" name:"totp-reset" help:"Take the authenticator app away from an account whose owner has lost it, recovery codes too."`
}

// openAccounts opens the accounts in the data folder, and makes both when the
// service has never run there.
func openAccounts(ctx context.Context, data string) (accounts *access.Store, done func() error, err error) {
	if err := os.MkdirAll(data, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make data folder: %w", err)
	}
	db, err := database.Open(ctx, filepath.Join(data, "state.db"))
	if err != nil {
		return nil, nil, err
	}
	return access.New(db, access.Options{}), db.Close, nil
}

type userTokenCmd struct {
	Data     string `help:"Data folder of the service." default:"./data" type:"path"`
	Revoke   bool   `help:"Make all tokens of the account stop working, at once, and make no new one."`
	Username string `arg:"" help:"User name of the account."`
}

// Run makes the token, or revokes all. The service may be running.
func (c *userTokenCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	accounts, done, err := openAccounts(ctx, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if c.Revoke {
		if err := accounts.RevokeTokens(ctx, c.Username); err != nil {
			return fmt.Errorf("%s: %w", c.Username, err)
		}
		_, err = fmt.Fprintln(stdout, "all tokens of", c.Username, "are revoked")
		return err
	}
	token, err := accounts.NewToken(ctx, c.Username)
	if err != nil {
		return fmt.Errorf("%s: %w", c.Username, err)
	}
	_, err = fmt.Fprintln(stdout, token)
	return err
}

type userTOTPResetCmd struct {
	Data     string `help:"Data folder of the service." default:"./data" type:"path"`
	Username string `arg:"" help:"User name of the account."`
}

// Run removes the app and ends the account's sessions. The service may be
// running.
func (c *userTOTPResetCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	accounts, done, err := openAccounts(ctx, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	if err := accounts.ResetFactor(ctx, c.Username); err != nil {
		return fmt.Errorf("%s: %w", c.Username, err)
	}
	if err := accounts.Audit(ctx, access.Entry{Action: "reset-user-factor", Object: c.Username, Detail: "on the machine itself"}); err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, "the authenticator app of", c.Username, "is removed; a new one is set up after the next sign-in")
	return err
}

type userAddCmd struct {
	Data     string   `help:"Data folder of the service." default:"./data" type:"path"`
	Role     string   `help:"One of ${enum}." enum:"administrator,duty,town_duty,assistant,provider,supervisor,vendor,auditor" default:"administrator"`
	Name     string   `help:"Name that people read; the user name when missing."`
	Area     []string `help:"Area the account sees, by its path; everything when missing."`
	Provider string   `help:"Organisation of a provider account."`
	Vendor   string   `help:"Vendor of a vendor account."`

	Username string `arg:"" help:"User name to sign in with."`
}

// Run enters the account. The service may be running.
func (c *userAddCmd) Run(ctx context.Context, stdout io.Writer) (err error) {
	accounts, done, err := openAccounts(ctx, c.Data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	account := access.Account{
		Username: c.Username, Name: c.Name, Role: access.Role(c.Role), Provider: c.Provider, Vendor: c.Vendor,
	}
	if account.Name == "" {
		account.Name = c.Username
	}
	for _, area := range c.Area {
		account.Areas = append(account.Areas, devices.AreaPath(area))
	}
	if len(account.Areas) == 0 {
		account.Areas = []devices.AreaPath{""}
	}
	password := strings.ToLower(rand.Text())[:16]
	if err := accounts.Create(ctx, account, password); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "user name %s\npassword  %s\n", c.Username, password)
	return err
}
