package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"shouwang/dashboard/access"
	"shouwang/devices"
)

type newUserIn struct {
	Body struct {
		Username string             `json:"username"`
		Name     string             `json:"name"`
		Role     access.Role        `json:"role" enum:"administrator,duty,town_duty,assistant,provider,supervisor,vendor,auditor"`
		Areas    []devices.AreaPath `json:"areas" minItems:"1" doc:"Roots of what the account sees; an empty path is everything."`
		Provider string             `json:"provider,omitempty" doc:"For the role provider: whose villages."`
		Vendor   string             `json:"vendor,omitempty" doc:"For the role vendor: whose devices."`
		Password string             `json:"password,omitempty" doc:"8 to 256 bytes; left out for a program, which has tokens and cannot sign in."`
	}
}

type editUserIn struct {
	UserIn
	Body struct {
		Name     string             `json:"name"`
		Role     access.Role        `json:"role" enum:"administrator,duty,town_duty,assistant,provider,supervisor,vendor,auditor"`
		Areas    []devices.AreaPath `json:"areas" minItems:"1" doc:"Roots of what the account sees; an empty path is everything."`
		Provider string             `json:"provider,omitempty" doc:"For the role provider: whose villages."`
		Vendor   string             `json:"vendor,omitempty" doc:"For the role vendor: whose devices."`
	}
}

// UserIn is the part of a path that names an account.
type UserIn struct {
	Username string `path:"username" maxLength:"64"`
}

type passwordIn struct {
	UserIn
	Body struct {
		Password string `json:"password" doc:"8 to 256 bytes."`
	}
}

type tokenBody struct {
	Token string       `json:"token" doc:"Shown once. Sent as Authorization: Bearer."`
	Item  access.Token `json:"item" doc:"As it is listed."`
}

type newTokenIn struct {
	UserIn
	Body *struct {
		Name     string             `json:"name,omitempty" maxLength:"64" doc:"What it is for."`
		Role     access.Role        `json:"role,omitempty" doc:"A role that may do no more than the account's; its own by default."`
		Areas    []devices.AreaPath `json:"areas,omitempty" doc:"Areas within the account's; all of them by default."`
		ReadOnly bool               `json:"read_only,omitempty" doc:"GET only."`
		Expires  time.Time          `json:"expires_at,omitzero" doc:"Never by default."`
	} `required:"false"`
}

func (in *newTokenIn) reach(maker string) access.TokenReach {
	r := access.TokenReach{Maker: maker}
	if b := in.Body; b != nil {
		r.Name, r.Role, r.Areas, r.ReadOnly, r.Expires = b.Name, b.Role, b.Areas, b.ReadOnly, b.Expires
	}
	return r
}

type tokenIn struct {
	UserIn
	ID string `path:"id" maxLength:"64"`
}

type tokensOut struct {
	Items []access.Token `json:"items"`
}

func (d *Dashboard) serveUsers() {
	users := d.opts.Access
	add(d, "list-users", "Accounts", func(ctx context.Context, in *struct{ Page }) (*listOut[access.Account], error) {
		list, err := users.Accounts(ctx, caller(ctx).Scope, in.Cursor, in.Limit)
		if err != nil {
			return nil, err
		}
		names := d.providerNames()
		for i := range list {
			list[i].ProviderName = names[list[i].Provider]
		}
		next := ""
		if len(list) == in.Limit {
			next = list[len(list)-1].Username
		}
		return &listOut[access.Account]{newList(list, next)}, nil
	})
	add(d, "create-user", "Enter an account", func(ctx context.Context, in *newUserIn) (*body[access.Account], error) {
		a := access.Account{
			Username: in.Body.Username, Name: in.Body.Name, Role: in.Body.Role, Areas: in.Body.Areas,
			Provider: in.Body.Provider, Vendor: in.Body.Vendor,
		}
		for _, area := range a.Areas {
			if err := d.mayEdit(ctx, "areas", area); err != nil {
				return nil, err
			}
		}
		if err := noAdministrator(ctx, a.Role); err != nil {
			return nil, err
		}
		if err := users.Create(ctx, a, in.Body.Password); err != nil {
			return nil, err
		}
		d.audit(ctx, "create-user", a.Username, "", string(a.Role))
		made, err := users.Account(ctx, a.Username)
		made.ProviderName = d.providerNames()[made.Provider]
		return &body[access.Account]{made}, err
	}, status(http.StatusCreated))
	add(d, "update-user", "Give an account another name, role or areas; holds at once for whoever is signed in with it", d.editUser)
	add(d, "set-user-password", "Set a password; ends the account's sessions", func(ctx context.Context, in *passwordIn) (*none, error) {
		if err := notOwn(ctx, in.Username, "an account's own password is changed with the present one"); err != nil {
			return nil, err
		}
		return nil, d.userChange(ctx, "set-user-password", in.Username, func() error { return users.SetPassword(ctx, in.Username, in.Body.Password) })
	}, status(http.StatusNoContent))
	add(d, "disable-user", "May not sign in any more; ends the account's sessions", func(ctx context.Context, in *UserIn) (*none, error) {
		if err := notOwn(ctx, in.Username, "an account cannot disable itself"); err != nil {
			return nil, err
		}
		return nil, d.userChange(ctx, "disable-user", in.Username, func() error { return users.Disable(ctx, in.Username) })
	}, status(http.StatusNoContent))
	add(d, "enable-user", "May sign in again", func(ctx context.Context, in *UserIn) (*none, error) {
		return nil, d.userChange(ctx, "enable-user", in.Username, func() error { return users.Enable(ctx, in.Username) })
	}, status(http.StatusNoContent))
	add(d, "revoke-user-tokens", "All API tokens of the account stop working", func(ctx context.Context, in *UserIn) (*none, error) {
		return nil, d.userChange(ctx, "revoke-user-tokens", in.Username, func() error { return users.RevokeTokens(ctx, in.Username) })
	}, status(http.StatusNoContent))
	add(d, "reset-user-factor", "Take the authenticator app away from somebody who has lost it; ends the account's sessions", func(ctx context.Context, in *UserIn) (*none, error) {
		if err := notOwn(ctx, in.Username, "another administrator, or the command user totp-reset on the machine, takes an account's own app away; with a code of it, see remove-factor"); err != nil {
			return nil, err
		}
		return nil, d.userChange(ctx, "reset-user-factor", in.Username, func() error { return users.ResetFactor(ctx, in.Username) })
	}, status(http.StatusNoContent))
	d.serveTokens()
}

func (d *Dashboard) serveTokens() {
	users := d.opts.Access
	add(d, "new-user-token", "Make an API token for a program, as narrow as it may be", func(ctx context.Context, in *newTokenIn) (*body[tokenBody], error) {
		var out tokenBody
		reach := in.reach(caller(ctx).User)
		// A token must not reach further than who makes it.
		for _, area := range reach.Areas {
			if err := d.mayEdit(ctx, "areas", area); err != nil {
				return nil, err
			}
		}
		err := d.userChange(ctx, "new-user-token", in.Username, func() (err error) {
			a, err := users.Account(ctx, in.Username)
			if err == nil {
				err = noAdministrator(ctx, a.Role)
			}
			if err != nil {
				return err
			}
			out.Item, out.Token, err = users.IssueToken(ctx, in.Username, reach)
			return err
		})
		if err != nil {
			return nil, err
		}
		return &body[tokenBody]{out}, nil
	}, status(http.StatusCreated))
	add(d, "list-user-tokens", "The API tokens of an account", func(ctx context.Context, in *UserIn) (*body[tokensOut], error) {
		if _, err := d.user(ctx, in.Username); err != nil {
			return nil, err
		}
		list, err := users.Tokens(ctx, in.Username)
		return &body[tokensOut]{tokensOut{Items: list}}, err
	})
	add(d, "revoke-user-token", "One API token stops working", func(ctx context.Context, in *tokenIn) (*none, error) {
		return nil, d.userChange(ctx, "revoke-user-token", in.Username, func() error { return users.RevokeToken(ctx, in.Username, in.ID) })
	}, status(http.StatusNoContent))
}

// user is an account in the caller's areas.
func (d *Dashboard) user(ctx context.Context, username string) (access.Account, error) {
	a, err := d.opts.Access.Account(ctx, username)
	if err == nil && !a.Inside(caller(ctx).Scope) {
		err = notFound("user")
	}
	return a, err
}

// userChange does it if the account lies in the caller's areas, and audits it.
func (d *Dashboard) userChange(ctx context.Context, action, username string, change func() error) error {
	if _, err := d.user(ctx, username); err != nil {
		return err
	}
	if err := change(); err != nil {
		return err
	}
	d.hub.recheck()
	d.audit(ctx, action, username, "", "")
	return nil
}

// notOwn refuses what an administrator does to others only.
func notOwn(ctx context.Context, username, rule string) error {
	if username == caller(ctx).User {
		return newProblem(http.StatusConflict, rule)
	}
	return nil
}

// noAdministrator keeps programs from making administrators, or tokens for them.
func noAdministrator(ctx context.Context, role access.Role) error {
	if role == access.Administrator && caller(ctx).ByToken() {
		return newProblem(http.StatusForbidden, "administrators, and tokens for them, are made by people who are signed in, not with a token")
	}
	return nil
}

// editUser is held to the caller's areas with what the account was as with what it
// is to be.
func (d *Dashboard) editUser(ctx context.Context, in *editUserIn) (*body[access.Account], error) {
	if err := notOwn(ctx, in.Username, "another administrator changes an account's own role and areas"); err != nil {
		return nil, err
	}
	if _, err := d.user(ctx, in.Username); err != nil {
		return nil, err
	}
	for _, area := range in.Body.Areas {
		if err := d.mayEdit(ctx, "areas", area); err != nil {
			return nil, err
		}
	}
	before, err := d.opts.Access.Edit(ctx, access.Account{
		Username: in.Username, Name: in.Body.Name, Role: in.Body.Role, Areas: in.Body.Areas, Provider: in.Body.Provider, Vendor: in.Body.Vendor,
	})
	if err != nil {
		return nil, err
	}
	d.hub.recheck()
	now, err := d.opts.Access.Account(ctx, in.Username)
	if err != nil {
		return nil, err
	}
	now.ProviderName = d.providerNames()[now.Provider]
	d.audit(ctx, "update-user", now.Username, "", fmt.Sprintf("%s → %s", reachOf(before), reachOf(now)))
	return &body[access.Account]{now}, nil
}

// reachOf is what an account is for, in a line of the audit log.
func reachOf(a access.Account) string {
	return fmt.Sprintf("%s %q%s", a.Role, a.Areas, strings.TrimRight(" "+a.Provider+a.Vendor, " "))
}
