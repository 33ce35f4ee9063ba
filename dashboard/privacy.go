package dashboard

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// afterwards is how long after its end a case shows whom it is about: as long as
// it may be opened again.
const afterwards = 24 * time.Hour

// clear says whether the role sees names and phone numbers in lists as they are.
func (d *Dashboard) clear(role access.Role) bool { return slices.Contains(d.opts.Unmasked, role) }

// works says whether it is the role's work to phone residents or to go to them.
func works(role access.Role) bool {
	switch role {
	case access.Administrator, access.Duty, access.TownDuty, access.Assistant, access.Provider:
		return true
	}
	return false
}

// named says whether the caller sees the name on a case, which ended at the time
// (nil: it goes on). Who works on cases must tell two 王 apart while they last;
// a supervisor sees the name of the one that is opened; an auditor never does.
func (d *Dashboard) named(c *access.Caller, ended *time.Time, listed bool) bool {
	if d.clear(c.Role) {
		return true
	}
	if ended != nil && time.Since(*ended) > afterwards {
		return false
	}
	return works(c.Role) || c.Role == access.Supervisor && !listed
}

// positions are what evidence says of where somebody is.
var positions = []string{string(devices.LatDeg), string(devices.LonDeg), string(devices.AccuracyM), "fix_at"} //nolint:gochecknoglobals // a constant

// showAlert is the alert as the caller may see it: in a list, in a live frame,
// and by itself. What is shared with others is not changed.
func (d *Dashboard) showAlert(c *access.Caller, a alerting.Alert, listed bool) alerting.Alert {
	if !d.named(c, a.ClosedAt, listed) {
		a.Resident = maskRef(a.Resident)
	}
	if a.Visit != nil {
		v := d.showVisit(c, *a.Visit, listed)
		a.Visit = &v
	}
	// Where somebody is, is shown only while the alert is open.
	if a.State == alerting.Closed || c.Role == access.Auditor {
		a.Evidence = withoutPosition(a.Evidence)
	}
	return a
}

func withoutPosition(evidence map[string]any) map[string]any {
	if !slices.ContainsFunc(positions, func(key string) bool { _, there := evidence[key]; return there }) {
		return evidence
	}
	evidence = maps.Clone(evidence)
	for _, key := range positions {
		delete(evidence, key)
	}
	return evidence
}

// showVisit is showAlert for a visit.
func (d *Dashboard) showVisit(c *access.Caller, v alerting.Visit, listed bool) alerting.Visit {
	var ended *time.Time
	if v.Report != nil {
		ended = &v.Report.Received
	}
	if !d.named(c, ended, listed) {
		if v.Report != nil {
			r := *v.Report // what is shared with others is not changed
			r.Note = maskText(r.Note, v.Resident)
			v.Report = &r
		}
		v.Resident = maskRef(v.Resident)
	}
	return v
}

func maskRef(r *alerting.ResidentRef) *alerting.ResidentRef {
	if r == nil {
		return nil
	}
	return &alerting.ResidentRef{ID: r.ID, Name: access.MaskName(r.Name)}
}

// maskContact masks how to reach the resident, and the name too if it is not to
// be shown.
func maskContact(b ResidentBody, name bool) ResidentBody {
	if name {
		b.Name = access.MaskName(b.Name)
	}
	b.Phone, b.Address, b.Masked = devices.MaskPhone(b.Phone), "", true
	b.Contacts = slices.Clone(b.Contacts)
	for i := range b.Contacts {
		b.Contacts[i].Name, b.Contacts[i].Phone = access.MaskName(b.Contacts[i].Name), devices.MaskPhone(b.Contacts[i].Phone)
	}
	return b
}

// listResident is a resident in a list.
func (d *Dashboard) listResident(c *access.Caller, b ResidentBody) ResidentBody {
	if d.clear(c.Role) {
		return b
	}
	b = maskContact(b, true)
	b.Contacts = nil
	return b
}

// listedName is what a list calls a resident; empty for one who is not the
// caller's to see.
func (d *Dashboard) listedName(ctx context.Context, id string) string {
	r, ok := d.opts.Registry.Resident(id, time.Now())
	if !ok || !caller(ctx).Scope.Area(r.Area) {
		return ""
	}
	return d.listResident(caller(ctx), ResidentBody{Name: r.Name}).Name
}

// openResident is the resident's own page: in full where there is something to
// phone or to go for, else without phone, address and contacts, which a click
// with a reason reveals.
func (d *Dashboard) openResident(ctx context.Context, b ResidentBody) (ResidentBody, error) {
	c := caller(ctx)
	if d.clear(c.Role) {
		return b, nil
	}
	if c.Role == access.Auditor {
		return maskContact(b, true), nil
	}
	wanted, err := d.wanted(ctx, b.ID)
	if err != nil || wanted {
		return b, err
	}
	return maskContact(b, false), nil
}

// wanted says whether somebody is to phone the resident or to go there now: an
// alert is open, or a visit is due within a day.
func (d *Dashboard) wanted(ctx context.Context, resident string) (bool, error) {
	alerts, err := d.openAlerts(ctx, resident)
	if err != nil || len(alerts) > 0 {
		return len(alerts) > 0, err
	}
	visits, err := d.opts.Alerts.Visits(ctx, alerting.VisitFilter{
		Scope: caller(ctx).Scope, Resident: resident, State: []alerting.VisitState{alerting.VisitPlanned, alerting.VisitStarted},
		DueBefore: time.Now().Add(24 * time.Hour), Limit: 1,
	})
	return len(visits.Items) > 0, err
}

func (d *Dashboard) openAlerts(ctx context.Context, resident string) ([]alerting.Alert, error) {
	p, err := d.opts.Alerts.Alerts(ctx, alerting.AlertFilter{
		Scope: caller(ctx).Scope, Resident: resident, Limit: 50,
		State: []alerting.State{alerting.Open, alerting.Acknowledged, alerting.Dispatched, alerting.Visited},
	})
	return p.Items, err
}

// mayLocate says whether the caller may be shown where the resident is, and
// notes it: while an alert about the resident is open, or for a reason. The
// administrator's request needs no reason and is noted all the same.
func (d *Dashboard) mayLocate(ctx context.Context, r devices.ResidentView, reason string) (bool, error) {
	c := caller(ctx)
	if c.Role == access.Auditor || c.Role == access.Vendor {
		return false, nil
	}
	alerts, err := d.openAlerts(ctx, r.ID)
	if err != nil {
		return false, err
	}
	if reason = strings.TrimSpace(reason); utf8.RuneCountInString(reason) < 2 {
		reason = ""
	}
	detail := reason
	switch i := slices.IndexFunc(alerts, func(a alerting.Alert) bool { return a.Subject.Type == alerting.SubjectResident }); {
	case i >= 0:
		d.read(ctx, "read-position", r.ID, r.Area, "alert "+alerts[i].ID)
		return true, nil
	case reason == "" && c.Role != access.Administrator:
		return false, nil
	case reason == "":
		d.read(ctx, "read-position", r.ID, r.Area, "no reason was given")
		return true, nil
	}
	d.audit(ctx, "read-position", r.ID, r.Area, detail)
	return true, nil
}

// noPosition is the answer to who may not be shown where somebody is.
func noPosition(c *access.Caller) *Problem {
	if c.Role == access.Auditor {
		return newProblem(http.StatusForbidden, "where somebody is, is not shown to auditors")
	}
	p := newProblem(http.StatusForbidden, "where somebody is, is shown while an alert about them is open, or for a reason: give one as reason")
	p.Code = "reason_required"
	return p
}

type revealIn struct {
	ByID
	Body struct {
		Reason string `json:"reason" minLength:"2" maxLength:"200" doc:"Why, e.g. an alert's id. It goes into the audit log."`
	}
}

func (d *Dashboard) serveReveal() {
	add(d, "reveal-resident", "Name, phone, address and contacts of a resident, for a reason that is audited", func(ctx context.Context, in *revealIn) (*body[ResidentBody], error) {
		r, err := d.resident(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		d.audit(ctx, "reveal-resident", r.ID, r.Area, in.Body.Reason)
		return &body[ResidentBody]{showResident(r.Resident)}, nil
	})
}

// checkUnmasked refuses to store what a list had masked.
func checkUnmasked(field string, b ResidentBody) error {
	wrong := func(name, value string) error {
		return invalid(field+name, value, "must not be masked: reveal it, or leave the resident as it is")
	}
	switch {
	case access.Masked(b.Name):
		return wrong("name", b.Name)
	case access.Masked(b.Phone):
		return wrong("phone", b.Phone)
	}
	for _, c := range b.Contacts {
		if access.Masked(c.Name) || access.Masked(c.Phone) {
			return wrong("contacts", c.Name)
		}
	}
	return nil
}
