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

// Route is one way into the service: the operation, where it answers, and to
// whom.
type Route struct {
	Operation string
	Method    string // "" takes every method
	Path      string // a pattern of net/http.ServeMux
	Reach     Reach
	Roles     []Role // empty on a public route
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
		{"healthz", "GET", "/healthz", Public, nil, false},
		{"readyz", "GET", "/readyz", Public, nil, false},
		// metrics is open to the programs the settings name, see dashboard.
		{"metrics", "GET", "/metrics", Public, nil, false},
		{"openapi", "GET", "/openapi.json", Public, nil, false},
		{"docs", "GET", "/docs", Public, nil, false},
		{"docs-files", "GET", "/docs/{file}", Public, nil, false},
		{"assets", "GET", "/assets/", Public, nil, false},
		{"page", "", "/", Public, nil, false},
		{"no-such-api", "", "/api/", Public, nil, false},

		{"sign-in", "POST", "/api/v1/session", Public, nil, false},
		{"get-session", "GET", "/api/v1/session", Self, everybody, false},
		{"sign-out", "DELETE", "/api/v1/session", Self, everybody, false},
		{"get-factor", "GET", "/api/v1/session/factor", Self, everybody, false},
		{"begin-factor", "POST", "/api/v1/session/factor", Self, everybody, false},
		{"confirm-factor", "POST", "/api/v1/session/factor/confirm", Self, everybody, false},
		{"new-recovery-codes", "POST", "/api/v1/session/factor/recovery-codes", Self, everybody, false},
		{"remove-factor", "POST", "/api/v1/session/factor/remove", Self, everybody, false},
		{"change-own-password", "POST", "/api/v1/session/password", Self, everybody, false},
		{"get-status", "GET", "/api/v1/status", Self, everybody, false},

		{"list-alerts", "GET", "/api/v1/alerts", Areas, readers, false},
		{"get-alert", "GET", "/api/v1/alerts/{id}", Areas, readers, false},
		{"get-alert-log", "GET", "/api/v1/alerts/{id}/log", Areas, readers, false},
		{"list-alert-residents", "GET", "/api/v1/alerts/{id}/residents", Areas, readers, false},
		{"list-alert-calls", "GET", "/api/v1/alerts/{id}/calls", Areas, readers, false},
		{"list-callbacks", "GET", "/api/v1/calls", Areas, readers, false},
		{"ack-alert", "POST", "/api/v1/alerts/{id}/ack", Areas, desk, false},
		{"assign-alert", "POST", "/api/v1/alerts/{id}/assign", Areas, desk, false},
		{"note-alert", "POST", "/api/v1/alerts/{id}/note", Areas, field, false},
		{"call-alert", "POST", "/api/v1/alerts/{id}/call", Areas, field, false},
		{"lower-alert", "POST", "/api/v1/alerts/{id}/lower", Areas, desk, false},
		{"escalate-alert", "POST", "/api/v1/alerts/{id}/escalate", Areas, desk, false},
		{"merge-alert", "POST", "/api/v1/alerts/{id}/merge", Areas, desk, false},
		{"reopen-alert", "POST", "/api/v1/alerts/{id}/reopen", Areas, desk, false},
		{"close-alert", "POST", "/api/v1/alerts/{id}/close", Areas, desk, false},
		{"live", "GET", "/api/v1/live", Areas, readers, false},

		{"list-visits", "GET", "/api/v1/visits", Areas, readers, false},
		{"get-visit", "GET", "/api/v1/visits/{id}", Areas, readers, false},
		{"create-visit", "POST", "/api/v1/visits", Areas, desk, false},
		{"start-visit", "POST", "/api/v1/visits/{id}/start", Areas, field, false},
		{"report-visit", "POST", "/api/v1/visits/{id}/report", Areas, field, false},
		{"cancel-visit", "POST", "/api/v1/visits/{id}/cancel", Areas, desk, false},
		{"list-field", "GET", "/api/v1/field", Areas, field, false},
		{"checkin-visit", "POST", "/api/v1/visits/{id}/checkin", Areas, field, false},
		{"checkout-visit", "POST", "/api/v1/visits/{id}/checkout", Areas, field, false},
		{"check-visit-step", "POST", "/api/v1/visits/{id}/checklist", Areas, field, false},
		{"add-visit-photo", "POST", "/api/v1/visits/{id}/photos", Areas, field, false},
		{"get-visit-photo", "GET", "/api/v1/visits/{id}/photos/{photo}", Areas, readers, false},
		{"list-visit-entries", "GET", "/api/v1/visits/{id}/entries", Areas, readers, false},
		{"put-home", "POST", "/api/v1/residents/{id}/home", Areas, field, false},
		{"make-door-code", "POST", "/api/v1/residents/{id}/door-code", Areas, desk, false},

		{"list-visit-quotas", "GET", "/api/v1/visits/quotas", Areas, rules, false},
		{"get-alert-ladder", "GET", "/api/v1/alerts/{id}/ladder", Areas, readers, false},
		{"get-truth-rates", "GET", "/api/v1/rules/truth", Areas, rules, false},
		{"list-resident-labels", "GET", "/api/v1/residents/{id}/labels", Areas, rules, false},
		{"list-providers", "GET", "/api/v1/providers", Areas, readers, false},
		{"put-provider", "POST", "/api/v1/providers", Areas, admin, false},
		{"list-provider-work", "GET", "/api/v1/providers/work", Areas, readers, false},

		{"list-silences", "GET", "/api/v1/silences", Areas, readers, false},
		{"create-silence", "POST", "/api/v1/silences", Areas, desk, false},
		{"end-silence", "POST", "/api/v1/silences/{id}/end", Areas, desk, false},
		{"draft-handover", "GET", "/api/v1/handovers/draft", Areas, desk, false},
		{"list-handovers", "GET", "/api/v1/handovers", Areas, rules, false},
		{"get-handover", "GET", "/api/v1/handovers/{id}", Areas, rules, false},
		{"sign-handover", "POST", "/api/v1/handovers", Areas, desk, false},
		{"take-handover", "POST", "/api/v1/handovers/{id}/take", Areas, desk, false},

		{"list-residents", "GET", "/api/v1/residents", Areas, readers, false},
		{"set-resident-state", "POST", "/api/v1/residents/{id}/state", Areas, desk, false},
		{"list-resident-states", "GET", "/api/v1/residents/{id}/states", Areas, readers, false},
		{"list-collectable", "GET", "/api/v1/collectable-devices", Areas, readers, false},
		{"collect-device", "POST", "/api/v1/devices/{vendor}/{id}/collect", Areas, field, false},
		{"get-resident", "GET", "/api/v1/residents/{id}", Areas, readers, false},
		{"get-resident-history", "GET", "/api/v1/residents/{id}/history", Areas, readers, false},
		{"erase-resident", "POST", "/api/v1/residents/{id}/erase", Areas, admin, false},
		{"reveal-resident", "POST", "/api/v1/residents/{id}/reveal", Areas, field, false},
		{"list-consents", "GET", "/api/v1/residents/{id}/consents", Areas, readers, false},
		{"put-consent", "POST", "/api/v1/residents/{id}/consents", Areas, desk, false},
		{"list-areas", "GET", "/api/v1/areas", Areas, readers, false},
		{"list-devices", "GET", "/api/v1/devices", Devices, devices, false},
		{"get-device", "GET", "/api/v1/devices/{vendor}/{id}", Devices, devices, false},
		{"get-device-latest", "GET", "/api/v1/devices/{vendor}/{id}/latest", Devices, devices, false},
		{"list-deadletters", "GET", "/api/v1/deadletters", Own, vendors, false},

		{"get-rules", "GET", "/api/v1/rules", Areas, rules, false},
		{"list-rule-versions", "GET", "/api/v1/rules/versions", Areas, rules, false},
		{"get-effective-rules", "GET", "/api/v1/rules/effective", Areas, rules, false},
		{"put-rules", "PUT", "/api/v1/rules", Areas, setters, false},
		{"preview-rules", "POST", "/api/v1/rules/preview", Areas, setters, false},

		{"get-duty-now", "GET", "/api/v1/roster/now", Areas, rules, false},
		{"get-coverage", "GET", "/api/v1/roster/coverage", Areas, rules, false},
		{"list-policies", "GET", "/api/v1/roster/policies", Areas, rules, false},
		{"put-policy", "PUT", "/api/v1/roster/policies", Areas, setters, false},
		{"list-rotas", "GET", "/api/v1/roster/rotas", Areas, rules, false},
		{"put-rota", "PUT", "/api/v1/roster/rotas/{id}", Areas, setters, false},
		{"remove-rota", "DELETE", "/api/v1/roster/rotas/{id}", Areas, setters, false},
		{"list-overrides", "GET", "/api/v1/roster/overrides", Areas, rules, false},
		{"put-override", "POST", "/api/v1/roster/overrides", Areas, desk, false},
		{"remove-override", "DELETE", "/api/v1/roster/overrides/{id}", Areas, desk, false},
		{"list-holidays", "GET", "/api/v1/roster/holidays", Areas, rules, false},
		{"put-holiday", "POST", "/api/v1/roster/holidays", Areas, setters, false},
		{"remove-holiday", "DELETE", "/api/v1/roster/holidays/{id}", Areas, setters, false},
		{"get-duty-settings", "GET", "/api/v1/roster/settings", Areas, rules, false},
		{"put-duty-settings", "PUT", "/api/v1/roster/settings", Areas, setters, false},
		{"list-roster-changes", "GET", "/api/v1/roster/changes", Areas, rules, false},
		{"list-alert-sightings", "GET", "/api/v1/alerts/{id}/seen", Areas, readers, false},

		{"ack-page", "GET", "/a/{token}", Public, nil, false},
		{"ack-by-link", "POST", "/a/{token}", Public, nil, false},
		{"get-own-channels", "GET", "/api/v1/me/channels", Self, everybody, false},
		{"put-own-channels", "PUT", "/api/v1/me/channels", Self, everybody, false},
		{"test-own-channel", "POST", "/api/v1/me/channels/test", Self, everybody, false},
		{"get-user-channels", "GET", "/api/v1/users/{username}/channels", Service, admin, false},
		{"put-user-channels", "PUT", "/api/v1/users/{username}/channels", Service, admin, false},
		{"list-channels", "GET", "/api/v1/channels", Service, setters, false},
		{"list-outbox", "GET", "/api/v1/outbox", Areas, tellers, false},
		{"retry-notice", "POST", "/api/v1/outbox/retry", Areas, setters, false},

		{"get-report", "GET", "/api/v1/reports/month", Areas, rules, false},
		{"list-report-items", "GET", "/api/v1/reports/month/items", Areas, rules, false},
		{"export-report", "GET", "/api/v1/reports/month/file", Areas, rules, false},
		{"list-duty-checks", "GET", "/api/v1/duty-checks", Areas, rules, false},
		{"get-duty-check", "GET", "/api/v1/duty-checks/current", Areas, []Role{Duty, TownDuty}, false},
		{"ask-duty-check", "POST", "/api/v1/duty-checks", Areas, setters, false},
		{"answer-duty-check", "POST", "/api/v1/duty-checks/{id}/answer", Areas, []Role{Duty, TownDuty}, false},

		{"put-area", "POST", "/api/v1/areas", Areas, admin, false},
		{"put-resident", "POST", "/api/v1/residents", Areas, admin, false},
		{"put-device", "POST", "/api/v1/devices", Devices, admin, false},
		{"new-device-secret", "POST", "/api/v1/devices/{vendor}/{id}/secret", Devices, admin, false},
		{"disable-device", "POST", "/api/v1/devices/{vendor}/{id}/disable", Devices, admin, false},
		{"enable-device", "POST", "/api/v1/devices/{vendor}/{id}/enable", Devices, admin, false},
		{"put-assignment", "POST", "/api/v1/assignments", Areas, admin, false},
		{"put-absence", "POST", "/api/v1/absences", Areas, desk, false},
		{"end-absence", "POST", "/api/v1/absences/{id}/end", Areas, desk, false},
		{"import-registry", "POST", "/api/v1/registry/import", Service, admin, false},

		{"list-users", "GET", "/api/v1/users", Service, admin, false},
		{"create-user", "POST", "/api/v1/users", Service, admin, false},
		{"set-user-password", "POST", "/api/v1/users/{username}/password", Service, admin, false},
		{"new-user-token", "POST", "/api/v1/users/{username}/token", Service, admin, false},
		{"list-user-tokens", "GET", "/api/v1/users/{username}/tokens", Service, admin, false},
		{"revoke-user-token", "DELETE", "/api/v1/users/{username}/tokens/{id}", Service, admin, false},
		{"reset-user-factor", "DELETE", "/api/v1/users/{username}/factor", Service, admin, false},
		{"revoke-user-tokens", "DELETE", "/api/v1/users/{username}/token", Service, admin, false},
		{"disable-user", "POST", "/api/v1/users/{username}/disable", Service, admin, false},
		{"enable-user", "POST", "/api/v1/users/{username}/enable", Service, admin, false},
		{"list-erasures", "GET", "/api/v1/erasures", Areas, audit, false},
		{"export-audit", "GET", "/api/v1/audit/export", Areas, audit, false},
		{"list-audit", "GET", "/api/v1/audit", Areas, audit, false},

		{"list-incidents", "GET", "/api/v1/demo/incidents", Devices, desk, true},
		{"start-incident", "POST", "/api/v1/demo/incidents", Devices, desk, true},
	}
}
