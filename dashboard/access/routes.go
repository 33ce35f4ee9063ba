package access

import "slices"

// Reach says what part of the service a route shows or changes, and so how far
// the handler must narrow it for the caller.
type Reach string

// The reaches.
const (
	Public  Reach = "public"  // nobody needs to be signed in
	Self    Reach = "self"    // the caller's own session, or the service's state without data
	Areas   Reach = "areas"   // what lies in the caller's areas and, for a provider, in villages it serves
	Devices Reach = "devices" // as Areas; for a vendor its own devices
	Own     Reach = "own"     // a vendor sees its own, the other roles everything
	Service Reach = "service" // the whole service, for roles that run it
)

// By says whether a program, with a token, may do what people of the role may.
type By string

// What is People's is what shows that somebody was there, what guards accounts and
// says who is told what, and what cannot be undone: a token that is stolen, or left
// behind by who has gone, must not make itself a longer life. A program that sets a
// deployment up has Whole tokens, but makes no administrators with them.
const (
	Anyone By = "anyone" // people who are signed in, and programs
	Whole  By = "whole"  // people, and tokens with all that their account may, without an end
	People By = "people" // people who are signed in
)

// Route is one way into the service: the operation, where it answers, and to
// whom.
type Route struct {
	Operation string
	Method    string // "" takes every method
	Path      string // a pattern of net/http.ServeMux
	Reach     Reach
	Roles     []Role // empty on a public route
	By        By
	// Optional routes are there only when the service is started with what
	// they need (the demo's incidents).
	Optional bool
}

// Pattern is how net/http.ServeMux is told of the route.
func (r Route) Pattern() string {
	if r.Method == "" {
		return r.Path
	}
	return r.Method + " " + r.Path
}

// OpenTo says whether the route takes callers of this kind at all: with a token,
// or signed in.
func (r Route) OpenTo(c *Caller) bool {
	return !c.ByToken() || r.By == Anyone || r.By == Whole && c.whole
}

// Allows says whether the role may use the route.
func (r Route) Allows(role Role) bool { return r.Reach == Public || slices.Contains(r.Roles, role) }

// Settles says whether somebody who must set up an authenticator app first may
// use the route already.
func (r Route) Settles() bool {
	switch r.Operation {
	case "get-session", "sign-out", "get-factor", "begin-factor", "confirm-factor", "change-own-password":
		return true
	}
	return false
}

// Routes is the authorisation table: every route there is. A route that is not
// in it cannot be served, and one in it that nobody serves stops the start.
func Routes() []Route {
	var (
		everybody = AllRoles()
		desk      = []Role{Administrator, Duty, TownDuty, Supervisor}
		field     = []Role{Administrator, Duty, TownDuty, Supervisor, Assistant, Provider}
		readers   = []Role{Administrator, Duty, TownDuty, Supervisor, Assistant, Provider, Auditor}
		devices   = []Role{Administrator, Duty, TownDuty, Supervisor, Assistant, Auditor, Vendor}
		rules     = []Role{Administrator, Duty, TownDuty, Supervisor, Auditor}
		setters   = []Role{Administrator, Supervisor}
		tellers   = []Role{Administrator, Supervisor, Auditor}
		admin     = []Role{Administrator}
		vendors   = []Role{Administrator, Vendor}
		audit     = []Role{Administrator, Auditor}
	)
	return []Route{
		{"healthz", "GET", "/healthz", Public, nil, Anyone, false},
		{"readyz", "GET", "/readyz", Public, nil, Anyone, false},
		// metrics is open to the programs the settings name, see dashboard.
		{"metrics", "GET", "/metrics", Public, nil, Anyone, false},
		{"openapi", "GET", "/openapi.json", Public, nil, Anyone, false},
		{"docs", "GET", "/docs", Public, nil, Anyone, false},
		{"docs-files", "GET", "/docs/{file}", Public, nil, Anyone, false},
		{"assets", "GET", "/assets/", Public, nil, Anyone, false},
		{"page", "", "/", Public, nil, Anyone, false},
		{"no-such-api", "", "/api/", Public, nil, Anyone, false},

		{"sign-in", "POST", "/api/v1/session", Public, nil, Anyone, false},
		{"get-session", "GET", "/api/v1/session", Self, everybody, Anyone, false},
		{"sign-out", "DELETE", "/api/v1/session", Self, everybody, Anyone, false},
		{"get-factor", "GET", "/api/v1/session/factor", Self, everybody, Anyone, false},
		{"begin-factor", "POST", "/api/v1/session/factor", Self, everybody, People, false},
		{"confirm-factor", "POST", "/api/v1/session/factor/confirm", Self, everybody, People, false},
		{"new-recovery-codes", "POST", "/api/v1/session/factor/recovery-codes", Self, everybody, People, false},
		{"remove-factor", "POST", "/api/v1/session/factor/remove", Self, everybody, People, false},
		{"change-own-password", "POST", "/api/v1/session/password", Self, everybody, People, false},
		{"get-status", "GET", "/api/v1/status", Self, everybody, Anyone, false},

		{"list-alerts", "GET", "/api/v1/alerts", Areas, readers, Anyone, false},
		{"get-alert", "GET", "/api/v1/alerts/{id}", Areas, readers, Anyone, false},
		{"get-alert-log", "GET", "/api/v1/alerts/{id}/log", Areas, readers, Anyone, false},
		{"list-alert-residents", "GET", "/api/v1/alerts/{id}/residents", Areas, readers, Anyone, false},
		{"list-alert-calls", "GET", "/api/v1/alerts/{id}/calls", Areas, readers, Anyone, false},
		{"list-callbacks", "GET", "/api/v1/calls", Areas, readers, Anyone, false},
		{"ack-alert", "POST", "/api/v1/alerts/{id}/ack", Areas, desk, Anyone, false},
		{"assign-alert", "POST", "/api/v1/alerts/{id}/assign", Areas, desk, Anyone, false},
		{"note-alert", "POST", "/api/v1/alerts/{id}/note", Areas, field, Anyone, false},
		{"call-alert", "POST", "/api/v1/alerts/{id}/call", Areas, field, Anyone, false},
		{"lower-alert", "POST", "/api/v1/alerts/{id}/lower", Areas, desk, Anyone, false},
		{"escalate-alert", "POST", "/api/v1/alerts/{id}/escalate", Areas, desk, Anyone, false},
		{"merge-alert", "POST", "/api/v1/alerts/{id}/merge", Areas, desk, Anyone, false},
		{"reopen-alert", "POST", "/api/v1/alerts/{id}/reopen", Areas, desk, Anyone, false},
		{"close-alert", "POST", "/api/v1/alerts/{id}/close", Areas, desk, Anyone, false},
		{"live", "GET", "/api/v1/live", Areas, readers, Anyone, false},

		{"list-visits", "GET", "/api/v1/visits", Areas, readers, Anyone, false},
		{"get-visit", "GET", "/api/v1/visits/{id}", Areas, readers, Anyone, false},
		{"create-visit", "POST", "/api/v1/visits", Areas, desk, Anyone, false},
		{"start-visit", "POST", "/api/v1/visits/{id}/start", Areas, field, Anyone, false},
		{"report-visit", "POST", "/api/v1/visits/{id}/report", Areas, field, Anyone, false},
		{"cancel-visit", "POST", "/api/v1/visits/{id}/cancel", Areas, desk, Anyone, false},
		{"list-field", "GET", "/api/v1/field", Areas, field, Anyone, false},
		{"checkin-visit", "POST", "/api/v1/visits/{id}/checkin", Areas, field, Anyone, false},
		{"checkout-visit", "POST", "/api/v1/visits/{id}/checkout", Areas, field, Anyone, false},
		{"check-visit-step", "POST", "/api/v1/visits/{id}/checklist", Areas, field, Anyone, false},
		{"add-visit-photo", "POST", "/api/v1/visits/{id}/photos", Areas, field, Anyone, false},
		{"get-visit-photo", "GET", "/api/v1/visits/{id}/photos/{photo}", Areas, field, Anyone, false},
		{"list-visit-entries", "GET", "/api/v1/visits/{id}/entries", Areas, field, Anyone, false},
		{"put-home", "POST", "/api/v1/residents/{id}/home", Areas, field, Anyone, false},
		{"make-door-code", "POST", "/api/v1/residents/{id}/door-code", Areas, desk, Anyone, false},

		{"list-visit-quotas", "GET", "/api/v1/visits/quotas", Areas, rules, Anyone, false},
		{"get-alert-ladder", "GET", "/api/v1/alerts/{id}/ladder", Areas, readers, Anyone, false},
		{"get-truth-rates", "GET", "/api/v1/rules/truth", Areas, rules, Anyone, false},
		{"list-resident-labels", "GET", "/api/v1/residents/{id}/labels", Areas, rules, Anyone, false},
		{"list-providers", "GET", "/api/v1/providers", Areas, readers, Anyone, false},
		{"put-provider", "POST", "/api/v1/providers", Areas, admin, Anyone, false},
		{"list-provider-work", "GET", "/api/v1/providers/work", Areas, readers, Anyone, false},

		{"list-silences", "GET", "/api/v1/silences", Areas, readers, Anyone, false},
		{"create-silence", "POST", "/api/v1/silences", Areas, desk, Anyone, false},
		{"end-silence", "POST", "/api/v1/silences/{id}/end", Areas, desk, Anyone, false},
		{"draft-handover", "GET", "/api/v1/handovers/draft", Areas, desk, Anyone, false},
		{"list-handovers", "GET", "/api/v1/handovers", Areas, rules, Anyone, false},
		{"get-handover", "GET", "/api/v1/handovers/{id}", Areas, rules, Anyone, false},
		{"sign-handover", "POST", "/api/v1/handovers", Areas, desk, People, false},
		{"take-handover", "POST", "/api/v1/handovers/{id}/take", Areas, desk, People, false},

		{"list-residents", "GET", "/api/v1/residents", Areas, readers, Anyone, false},
		{"set-resident-state", "POST", "/api/v1/residents/{id}/state", Areas, desk, Anyone, false},
		{"list-resident-states", "GET", "/api/v1/residents/{id}/states", Areas, readers, Anyone, false},
		{"list-collectable", "GET", "/api/v1/collectable-devices", Areas, readers, Anyone, false},
		{"collect-device", "POST", "/api/v1/devices/{vendor}/{id}/collect", Areas, field, Anyone, false},
		{"get-resident", "GET", "/api/v1/residents/{id}", Areas, readers, Anyone, false},
		{"get-resident-history", "GET", "/api/v1/residents/{id}/history", Areas, readers, Anyone, false},
		{"erase-resident", "POST", "/api/v1/residents/{id}/erase", Areas, admin, People, false},
		{"reveal-resident", "POST", "/api/v1/residents/{id}/reveal", Areas, field, People, false},
		{"list-consents", "GET", "/api/v1/residents/{id}/consents", Areas, readers, Anyone, false},
		{"put-consent", "POST", "/api/v1/residents/{id}/consents", Areas, desk, Anyone, false},
		{"list-areas", "GET", "/api/v1/areas", Areas, readers, Anyone, false},
		{"list-devices", "GET", "/api/v1/devices", Devices, devices, Anyone, false},
		{"get-device", "GET", "/api/v1/devices/{vendor}/{id}", Devices, devices, Anyone, false},
		{"get-device-latest", "GET", "/api/v1/devices/{vendor}/{id}/latest", Devices, devices, Anyone, false},
		{"list-deadletters", "GET", "/api/v1/deadletters", Own, vendors, Anyone, false},

		{"get-rules", "GET", "/api/v1/rules", Areas, rules, Anyone, false},
		{"list-rule-versions", "GET", "/api/v1/rules/versions", Areas, rules, Anyone, false},
		{"get-effective-rules", "GET", "/api/v1/rules/effective", Areas, rules, Anyone, false},
		{"put-rules", "PUT", "/api/v1/rules", Areas, setters, Anyone, false},
		{"preview-rules", "POST", "/api/v1/rules/preview", Areas, setters, Anyone, false},

		{"get-duty-now", "GET", "/api/v1/roster/now", Areas, rules, Anyone, false},
		{"get-coverage", "GET", "/api/v1/roster/coverage", Areas, rules, Anyone, false},
		{"list-policies", "GET", "/api/v1/roster/policies", Areas, rules, Anyone, false},
		{"put-policy", "PUT", "/api/v1/roster/policies", Areas, setters, Anyone, false},
		{"list-rotas", "GET", "/api/v1/roster/rotas", Areas, rules, Anyone, false},
		{"put-rota", "PUT", "/api/v1/roster/rotas/{id}", Areas, setters, Anyone, false},
		{"remove-rota", "DELETE", "/api/v1/roster/rotas/{id}", Areas, setters, Anyone, false},
		{"list-overrides", "GET", "/api/v1/roster/overrides", Areas, rules, Anyone, false},
		{"put-override", "POST", "/api/v1/roster/overrides", Areas, desk, Anyone, false},
		{"remove-override", "DELETE", "/api/v1/roster/overrides/{id}", Areas, desk, Anyone, false},
		{"list-holidays", "GET", "/api/v1/roster/holidays", Areas, rules, Anyone, false},
		{"put-holiday", "POST", "/api/v1/roster/holidays", Areas, setters, Anyone, false},
		{"remove-holiday", "DELETE", "/api/v1/roster/holidays/{id}", Areas, setters, Anyone, false},
		{"get-duty-settings", "GET", "/api/v1/roster/settings", Areas, rules, Anyone, false},
		{"put-duty-settings", "PUT", "/api/v1/roster/settings", Areas, setters, Anyone, false},
		{"list-roster-changes", "GET", "/api/v1/roster/changes", Areas, rules, Anyone, false},
		{"list-alert-sightings", "GET", "/api/v1/alerts/{id}/seen", Areas, readers, Anyone, false},

		{"ack-page", "GET", "/a/{token}", Public, nil, Anyone, false},
		{"ack-by-link", "POST", "/a/{token}", Public, nil, Anyone, false},
		{"get-own-channels", "GET", "/api/v1/me/channels", Self, everybody, People, false},
		{"put-own-channels", "PUT", "/api/v1/me/channels", Self, everybody, People, false},
		{"test-own-channel", "POST", "/api/v1/me/channels/test", Self, everybody, People, false},
		{"get-user-channels", "GET", "/api/v1/users/{username}/channels", Service, admin, Anyone, false},
		{"put-user-channels", "PUT", "/api/v1/users/{username}/channels", Service, admin, People, false},
		{"list-channels", "GET", "/api/v1/channels", Service, setters, Anyone, false},
		{"list-outbox", "GET", "/api/v1/outbox", Areas, tellers, Anyone, false},
		{"retry-notice", "POST", "/api/v1/outbox/retry", Areas, setters, Anyone, false},

		{"get-report", "GET", "/api/v1/reports/month", Areas, rules, Anyone, false},
		{"list-report-items", "GET", "/api/v1/reports/month/items", Areas, rules, Anyone, false},
		{"export-report", "GET", "/api/v1/reports/month/file", Areas, rules, Anyone, false},
		{"list-duty-checks", "GET", "/api/v1/duty-checks", Areas, rules, Anyone, false},
		{"get-duty-check", "GET", "/api/v1/duty-checks/current", Areas, []Role{Duty, TownDuty}, Anyone, false},
		{"ask-duty-check", "POST", "/api/v1/duty-checks", Areas, setters, Anyone, false},
		{"answer-duty-check", "POST", "/api/v1/duty-checks/{id}/answer", Areas, []Role{Duty, TownDuty}, People, false},

		{"put-area", "POST", "/api/v1/areas", Areas, admin, Anyone, false},
		{"put-resident", "POST", "/api/v1/residents", Areas, admin, Anyone, false},
		{"put-device", "POST", "/api/v1/devices", Devices, admin, Anyone, false},
		{"new-device-secret", "POST", "/api/v1/devices/{vendor}/{id}/secret", Devices, admin, Anyone, false},
		{"disable-device", "POST", "/api/v1/devices/{vendor}/{id}/disable", Devices, admin, Anyone, false},
		{"enable-device", "POST", "/api/v1/devices/{vendor}/{id}/enable", Devices, admin, Anyone, false},
		{"put-assignment", "POST", "/api/v1/assignments", Areas, admin, Anyone, false},
		{"put-absence", "POST", "/api/v1/absences", Areas, desk, Anyone, false},
		{"end-absence", "POST", "/api/v1/absences/{id}/end", Areas, desk, Anyone, false},
		{"import-registry", "POST", "/api/v1/registry/import", Service, admin, Anyone, false},

		{"list-users", "GET", "/api/v1/users", Service, admin, Anyone, false},
		{"create-user", "POST", "/api/v1/users", Service, admin, Whole, false},
		{"update-user", "PUT", "/api/v1/users/{username}", Service, admin, People, false},
		{"set-user-password", "POST", "/api/v1/users/{username}/password", Service, admin, People, false},
		{"new-user-token", "POST", "/api/v1/users/{username}/token", Service, admin, Whole, false},
		{"list-user-tokens", "GET", "/api/v1/users/{username}/tokens", Service, admin, Anyone, false},
		{"revoke-user-token", "DELETE", "/api/v1/users/{username}/tokens/{id}", Service, admin, Anyone, false},
		{"reset-user-factor", "DELETE", "/api/v1/users/{username}/factor", Service, admin, People, false},
		{"revoke-user-tokens", "DELETE", "/api/v1/users/{username}/token", Service, admin, Anyone, false},
		{"disable-user", "POST", "/api/v1/users/{username}/disable", Service, admin, Anyone, false},
		{"enable-user", "POST", "/api/v1/users/{username}/enable", Service, admin, People, false},
		{"list-erasures", "GET", "/api/v1/erasures", Areas, audit, Anyone, false},
		{"export-audit", "GET", "/api/v1/audit/export", Areas, audit, Anyone, false},
		{"list-audit", "GET", "/api/v1/audit", Areas, audit, Anyone, false},

		{"list-incidents", "GET", "/api/v1/demo/incidents", Devices, desk, Anyone, true},
		{"start-incident", "POST", "/api/v1/demo/incidents", Devices, desk, Anyone, true},
	}
}
