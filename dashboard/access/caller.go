package access

import (
	"context"
	"fmt"
	"slices"

	"shouwang/devices"
)

// Role is what an account is for; Routes says what each role may do.
type Role string

// The roles.
const (
	Administrator Role = "administrator" // residents, devices, people, areas; reads everything
	Duty          Role = "duty"          // the county's duty desk
	TownDuty      Role = "town_duty"     // the duty desk of one town
	Assistant     Role = "assistant"     // village assistant, 协理员 or 网格员
	Provider      Role = "provider"      // a care organisation, in the villages it serves
	Supervisor    Role = "supervisor"    // figures and thresholds
	Vendor        Role = "vendor"        // a device maker, its own devices only
	Auditor       Role = "auditor"       // reads, changes nothing
)

// AllRoles lists every role.
func AllRoles() []Role {
	return []Role{Administrator, Duty, TownDuty, Assistant, Provider, Supervisor, Vendor, Auditor}
}

// Known says whether the role exists.
func (r Role) Known() bool {
	return slices.Contains(AllRoles(), r)
}

// Caller is who makes a request, as proved by a session or a token.
type Caller struct {
	User  string
	Name  string
	Role  Role
	Scope devices.Scope
	// ReadOnly: by a token that may only read.
	ReadOnly bool
	// MustEnrol: nothing is open until an authenticator app is set up.
	MustEnrol bool
	// account is the account's own role where a token has another, else "".
	account Role
	// credential is the hash by which the caller was found, so that it can be
	// looked up again; bearer tells tokens from sessions.
	credential string
	bearer     bool
	// whole: by a token with all that the account may, without an end.
	whole bool
}

// Sees says whether something that lies in the area is the caller's to see:
// inside the caller's areas and, for a provider, in a village it serves.
// servedBy answers which provider serves an area.
func (c *Caller) Sees(area devices.AreaPath, servedBy func(devices.AreaPath) string) bool {
	if !c.Scope.Area(area) {
		return false
	}
	return c.Scope.Provider == "" || c.Scope.Provider == servedBy(area)
}

// Same says whether a later look-up found the same person with the same rights.
func (c *Caller) Same(o *Caller) bool {
	return c.User == o.User && c.Role == o.Role && c.ReadOnly == o.ReadOnly && c.MustEnrol == o.MustEnrol && fmt.Sprint(c.Scope) == fmt.Sprint(o.Scope)
}

// MayUse says whether the route is open to the caller: to the role it acts in and,
// by a narrower token, to the account's own as well.
func (c *Caller) MayUse(r Route) bool {
	return r.Allows(c.Role) && (c.account == "" || r.Allows(c.account))
}

// ByToken says that a program calls, with a token.
func (c *Caller) ByToken() bool { return c.bearer }

type callerKey struct{}

// With puts the caller into the context of a request.
func With(ctx context.Context, c *Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// From is the caller of the request, nil on a public route.
func From(ctx context.Context) *Caller {
	c, _ := ctx.Value(callerKey{}).(*Caller)
	return c
}
