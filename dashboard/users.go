package dashboard

import (
	"context"
	"net/http"
	"strconv"

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
	Token string `json:"token" doc:"Shown once. Sent as Authorization: Bearer."`
}

type auditIn struct {
	Page
}

func (d *Dashboard) serveUsers() {
	users := d.opts.Access
	add(d, "list-users", "Accounts", func(ctx context.Context, in *struct{ Page }) (*listOut[access.Account], error) {
		list, err := users.Accounts(ctx, caller(ctx).Scope, in.Cursor, in.Limit)
		if err != nil {
			return nil, err
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
		if err := users.Create(ctx, a, in.Body.Password); err != nil {
			return nil, err
		}
		d.audit(ctx, "create-user", a.Username, "", string(a.Role))
		made, err := users.Account(ctx, a.Username)
		return &body[access.Account]{made}, err
	}, status(http.StatusCreated))
	add(d, "set-user-password", "Set a password; ends the account's sessions", func(ctx context.Context, in *passwordIn) (*none, error) {
		return nil, d.userChange(ctx, "set-user-password", in.Username, func() error { return users.SetPassword(ctx, in.Username, in.Body.Password) })
	}, status(http.StatusNoContent))
	add(d, "disable-user", "May not sign in any more; ends the account's sessions", func(ctx context.Context, in *UserIn) (*none, error) {
		if in.Username == caller(ctx).User {
			return nil, newProblem(http.StatusConflict, "an account cannot disable itself")
		}
		return nil, d.userChange(ctx, "disable-user", in.Username, func() error { return users.Disable(ctx, in.Username) })
	}, status(http.StatusNoContent))
	add(d, "enable-user", "May sign in again", func(ctx context.Context, in *UserIn) (*none, error) {
		return nil, d.userChange(ctx, "enable-user", in.Username, func() error { return users.Enable(ctx, in.Username) })
	}, status(http.StatusNoContent))
	add(d, "revoke-user-tokens", "All API tokens of the account stop working", func(ctx context.Context, in *UserIn) (*none, error) {
		return nil, d.userChange(ctx, "revoke-user-tokens", in.Username, func() error { return users.RevokeTokens(ctx, in.Username) })
	}, status(http.StatusNoContent))
	add(d, "new-user-token", "Make an API token for programs", func(ctx context.Context, in *UserIn) (*body[tokenBody], error) {
		var token string
		err := d.userChange(ctx, "new-user-token", in.Username, func() (err error) {
			token, err = users.NewToken(ctx, in.Username)
			return err
		})
		if err != nil {
			return nil, err
		}
		return &body[tokenBody]{tokenBody{Token: token}}, nil
	}, status(http.StatusCreated))
}

// userChange does it if the account lies in the caller's areas, and audits it.
func (d *Dashboard) userChange(ctx context.Context, action, username string, change func() error) error {
	a, err := d.opts.Access.Account(ctx, username)
	if err != nil {
		return err
	}
	if !a.Inside(caller(ctx).Scope) {
		return notFound("user")
	}
	if err := change(); err != nil {
		return err
	}
	d.audit(ctx, action, username, "", "")
	return nil
}

func (d *Dashboard) serveAudit() {
	add(d, "list-audit", "Who did what, newest first", func(ctx context.Context, in *auditIn) (*listOut[access.Entry], error) {
		before := int64(0)
		if in.Cursor != "" {
			var err error
			if before, err = strconv.ParseInt(in.Cursor, 10, 64); err != nil || before <= 0 {
				return nil, invalid("cursor", in.Cursor, "must be the next of an earlier page")
			}
		}
		list, err := d.opts.Access.AuditLog(ctx, access.AuditFilter{Scope: caller(ctx).Scope, Before: before, Limit: in.Limit})
		if err != nil {
			return nil, err
		}
		next := ""
		if len(list) == in.Limit {
			next = strconv.FormatInt(list[len(list)-1].ID, 10)
		}
		return &listOut[access.Entry]{newList(list, next)}, nil
	})
}
