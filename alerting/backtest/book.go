package backtest

import (
	"context"
	"slices"
	"time"

	"shouwang/alerting"
	"shouwang/devices"
)

// book is alerting.Book in memory, for one home. It notes every episode that the
// engine writes; that is the list of alerts of a backtest. An episode that has
// recovered has ended: the next one is an alert of its own.
type book struct {
	rules    *alerting.Rules
	cases    map[string]*alerting.Case
	open     map[about]string
	episodes map[alerting.EpisodeKey]*alerting.Episode
	notes    *notes
}

type about struct {
	subject alerting.Subject
	kind    alerting.Kind
}

var _ alerting.Book = (*book)(nil)

func newBook(rules *alerting.Rules, n *notes) *book {
	return &book{
		rules: rules, notes: n, cases: map[string]*alerting.Case{}, open: map[about]string{},
		episodes: map[alerting.EpisodeKey]*alerting.Episode{},
	}
}

// Tx runs fn. What it wrote stays, whatever it returns: an error ends the
// backtest.
func (b *book) Tx(_ context.Context, fn func(alerting.Tx) error) error { return fn(&tx{book: b}) }

// Load gives nothing: every backtest begins at the beginning.
func (*book) Load(context.Context) (alerting.Saved, error) { return alerting.Saved{}, nil }

// Callout: nobody is there to be told.
func (*book) Callout(time.Time, *alerting.Case, devices.Tier, *alerting.Rules) alerting.Callout {
	return alerting.Callout{}
}

// EscalationsDue: nobody is there to escalate to.
func (*book) EscalationsDue(context.Context, time.Time) ([]string, error) { return nil, nil }

// RaisesDue: nobody closes alerts, so none comes back.
func (*book) RaisesDue(context.Context, time.Time) ([]string, error) { return nil, nil }

// AcksDue: nobody acknowledges.
func (*book) AcksDue(context.Context, time.Time) ([]string, error) { return nil, nil }

// Nobody silences anything.
func (*book) SilencedAlerts(context.Context) ([]string, error) { return nil, nil }
func (*book) Silenced(alerting.Subject, string, alerting.Kind, time.Time) (alerting.SilenceRef, bool) {
	return alerting.SilenceRef{}, false
}

// SilenceOf: see Silenced.
func (*book) SilenceOf(context.Context, string) (alerting.Silence, error) {
	return alerting.Silence{}, alerting.ErrNotFound
}

// Rules are the same all the time.
func (b *book) Rules(time.Time, alerting.RuleScope) *alerting.Rules { return b.rules }

// NewestRules never change.
func (b *book) NewestRules(time.Time) int { return b.rules.Version }

// LastContact: nobody was reached.
func (*book) LastContact(string, time.Time) time.Time { return time.Time{} }

// Unusual: nobody has said so.
func (*book) Unusual(string, time.Time) []alerting.Window { return nil }

// tx has what a home on its own can come to; of storms it knows nothing.
type tx struct {
	alerting.Tx // nil
	*book
}

func (t *tx) Alert(id string) (*alerting.Case, error) {
	c, ok := t.cases[id]
	if !ok {
		return nil, alerting.ErrNotFound
	}
	own := *c
	return &own, nil
}

func (t *tx) OpenAlert(s alerting.Subject, k alerting.Kind) (*alerting.Case, bool, error) {
	id, ok := t.open[about{s, k}]
	if !ok {
		return nil, false, nil
	}
	c, err := t.Alert(id)
	return c, err == nil, err
}

func (t *tx) PutAlert(c *alerting.Case) error {
	own := *c
	t.cases[c.ID] = &own
	key := about{c.Subject, c.Kind}
	switch over := c.State == alerting.Closed || c.RecoveredAt != nil; {
	case !over:
		t.open[key] = c.ID
	case t.open[key] == c.ID:
		delete(t.open, key)
	}
	return nil
}

func (t *tx) Episode(k alerting.EpisodeKey) (alerting.Episode, bool, error) {
	if e, ok := t.episodes[k]; ok {
		return *e, true, nil
	}
	return alerting.Episode{}, false, nil
}

func (t *tx) EpisodesBetween(s alerting.Subject, k alerting.Kind, from, to time.Time) ([]alerting.Episode, error) {
	var found []alerting.Episode
	for key, e := range t.episodes {
		if key.Subject == s && key.Kind == k && !key.Episode.Before(from) && !key.Episode.After(to) {
			found = append(found, *e)
		}
	}
	slices.SortFunc(found, func(a, b alerting.Episode) int { return a.Episode.Compare(b.Episode) })
	return found, nil
}

func (t *tx) PutEpisode(e alerting.Episode) error {
	before := t.episodes[e.EpisodeKey]
	t.episodes[e.EpisodeKey] = &e
	t.notes.episode(before, &e, t.cases[e.Alert])
	return nil
}

func (t *tx) MoveEpisodes(from, to string) error {
	for _, e := range t.episodes {
		if e.Alert == from {
			e.Alert = to
		}
	}
	return nil
}

// Outages are of many homes, and each home is judged for itself here.
func (*tx) OpenOutages() ([]*alerting.Case, error)                               { return nil, nil }
func (*tx) OpenOfDevices(time.Time) ([]*alerting.Case, error)                    { return nil, nil }
func (*tx) OpenInArea(alerting.Kind, devices.AreaPath) ([]*alerting.Case, error) { return nil, nil }
func (*tx) Members(string) ([]alerting.Member, error)                            { return nil, nil }
func (*tx) PutMember(string, alerting.Member) error                              { return nil }
func (*tx) MemberCounts(string) (alerting.MemberCounts, error)                   { return alerting.MemberCounts{}, nil }
func (*tx) Member(string, alerting.Subject, alerting.Kind) (alerting.Member, bool, error) {
	return alerting.Member{}, false, nil
}
func (*tx) PutOutageCall(string, string, string, time.Time, alerting.Actor) error { return nil }

func (*tx) Visit(string) (*alerting.Visit, error)              { return nil, alerting.ErrNotFound }
func (*tx) VisitsOf(string) ([]*alerting.Visit, error)         { return nil, nil }
func (*tx) ReportOf(string) (visit string, ok bool, err error) { return "", false, nil }
func (*tx) PutReport(string, string) error                     { return nil }
func (*tx) PutVisit(*alerting.Visit) error                     { return nil }
func (*tx) AddContact(alerting.Contact) error                  { return nil }
func (*tx) AddEvent(alerting.Change) error                     { return nil }

// directory is what the registry says of one home, all the time.
type directory struct{ *Home }

var _ alerting.Directory = directory{}

// Device implements alerting.Directory.
func (d directory) Device(id devices.DeviceID, _ time.Time) (*devices.Device, bool) {
	for i := range d.Devices {
		if d.Devices[i].ID == id {
			return &d.Devices[i].Device, true
		}
	}
	return nil, false
}

// Standing implements alerting.Directory.
func (d directory) Standing(id devices.DeviceID, at time.Time) (devices.Standing, bool) {
	dev, ok := d.Device(id, at)
	if !ok {
		return devices.Standing{}, false
	}
	return devices.Standing{Device: dev, Resident: d.Home.Resident, Away: d.Away("", at)}, true
}

// Resident implements alerting.Directory.
func (d directory) Resident(string, time.Time) (*devices.Resident, bool) {
	return d.Home.Resident, d.Home.Resident != nil
}

// Away implements alerting.Directory.
func (d directory) Away(_ string, at time.Time) bool {
	for i := range d.Absences {
		a := &d.Absences[i]
		if !at.Before(a.From) && !at.Before(a.Recorded) && (a.To.IsZero() || at.Before(a.To)) {
			return true
		}
	}
	return false
}

// WatchedSince implements alerting.Directory: always.
func (directory) WatchedSince(string, time.Time) time.Time { return time.Time{} }

// WithheldOf implements alerting.Directory: nothing.
func (directory) WithheldOf(string, time.Time) devices.Withheld { return 0 }

// Provider implements alerting.Directory.
func (directory) Provider(devices.AreaPath, time.Time) string { return "" }
