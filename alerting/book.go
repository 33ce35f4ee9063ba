package alerting

import (
	"context"
	"time"

	"shouwang/devices"
)

// System is the actor of what the service does by itself.
func System() Actor { return Actor{User: "system", Name: "system"} }

// Case is an alert together with what only the service itself needs of it.
type Case struct {
	Alert
	// Provider is who served the area when the alert opened, or who was given
	// its last visit; it decides which provider may see the alert.
	Provider string
	AckedBy  string
	// Episode is the current one: the newest that was found.
	Episode time.Time
	// ClockAt is when the escalation clock was started, zero for a late alert.
	ClockAt time.Time
	// SeeBy is by when somebody must have seen it, or the next step is taken; zero
	// when nobody need.
	SeeBy time.Time
	// RaiseAt is when a closed alert comes back, zero when it does not.
	RaiseAt    time.Time
	MergedInto string
}

// EpisodeKey tells findings apart.
type EpisodeKey struct {
	Subject Subject
	Kind    Kind
	Episode time.Time
}

// Episode is what has been made of the findings with one key.
type Episode struct {
	EpisodeKey
	Alert     string
	Severity  Severity // the highest that was found
	Recovered bool
}

// Contact is one proof that a resident was reached alive.
type Contact struct {
	Resident string
	At       time.Time
	// Recorded is when the service learned of it; from then on it holds. The
	// book fills it in as it commits.
	Recorded time.Time
	Alert    string // "" when it came from a planned visit
	How      string
	Actor    string
}

// Change is one event to be numbered and written.
type Change struct {
	Type  EventType
	At    time.Time
	Case  *Case  // nil for a planned visit
	Visit *Visit // nil when it is about the alert alone
	Actor Actor
	Text  string
	Data  map[string]any
	// Provider of a visit without an alert; of planned visits, where Area is.
	Provider string
	Area     devices.AreaPath
}

// Snapshot is the saved state of a subject: of all its detectors, or, as older
// releases wrote it, of the one that is named.
type Snapshot struct {
	Subject  Subject
	Detector string
	State    []byte
}

// Clock is the engine's clock of watched time.
type Clock struct {
	Watched   time.Duration
	LastTick  time.Time
	Connected bool // as of the last tick
	Sweep     Sweep
}

// Sweep brings new rules to those who are silent, some with each tick: while
// Left ticks are to come, a part of the subjects sees in its ticks the rules of
// the time From, the others those of To. With none to come, From says nothing.
type Sweep struct {
	From, To time.Time
	Left     int
}

// Saved is a checkpoint: where reading goes on, and the clock as of there. The
// states it goes with are at it or beyond, each by its own Mark.
type Saved struct {
	Positions map[string]uint64
	Clock     Clock
}

// Mark is how far the engine had read when a state was saved.
type Mark struct {
	Positions map[string]uint64 // last frame of each lane
	Watched   time.Duration     // Clock.Watched
}

// Checkpoints keep what the engine needs to go on after a restart. Each
// call is one transaction, and none holds more than it is given.
type Checkpoints interface {
	// EachState hands fn all states. The mark is nil for a state that is no
	// further than the checkpoint; the maps of marks are shared.
	EachState(ctx context.Context, fn func(Snapshot, *Mark) error) error
	// SaveStates writes states that were saved at one instant, in place of all
	// that were written of their subjects. They may be lost in a power cut, as
	// long as SaveCheckpoint makes them last.
	SaveStates(ctx context.Context, at Mark, states []Snapshot) error
	// SaveCheckpoint moves the checkpoint, once all states that had changed by
	// then are written.
	SaveCheckpoint(ctx context.Context, s Saved) error
	// Rewind sets back to seq all that says it has read further on the lane.
	Rewind(ctx context.Context, lane string, seq uint64) error
}

// Book is the SQL store as the engine, the desk and the escalation use it.
type Book interface {
	// Tx runs fn in one write transaction. What fn returns rolls it back and
	// is returned as it is. There is one write transaction at a time.
	Tx(ctx context.Context, fn func(Tx) error) error
	// Load reads rules and contacts into memory, and the last checkpoint without
	// its states.
	Load(ctx context.Context) (Saved, error)
	// EscalationsDue and RaisesDue list the alerts whose time has come.
	EscalationsDue(ctx context.Context, now time.Time) ([]string, error)
	RaisesDue(ctx context.Context, now time.Time) ([]string, error)
	// AcksDue lists the acknowledged alerts whose countdown has run out.
	AcksDue(ctx context.Context, now time.Time) ([]string, error)
	// SilencedAlerts lists the alerts that a silence holds back.
	SilencedAlerts(ctx context.Context) ([]string, error)
	// Silenced is the silence that covers alerts of the subject and kind at a time
	// of receipt, from memory; of several the one that ends last.
	Silenced(s Subject, resident string, k Kind, at time.Time) (SilenceRef, bool)
	// SilenceOf returns ErrNotFound for an unknown id.
	SilenceOf(ctx context.Context, id string) (Silence, error)
	// Rules and LastContact answer from memory, as of a time of receipt. The
	// rules are shared: they must not be changed.
	Rules(at time.Time, of RuleScope) *Rules
	// Callout says who is told of a case and when, as of now; rules are the case's.
	Callout(now time.Time, c *Case, tier devices.Tier, rules *Rules) Callout
	// NewestRules is the version of the newest change for anybody.
	NewestRules(at time.Time) int
	LastContact(resident string, at time.Time) time.Time
	// Unusual are the stretches of the resident's life that are no habit, as known
	// at a time of receipt, in the order in which they became known; shared.
	Unusual(resident string, at time.Time) []Window
}

// Tx is one write transaction. Alerts and visits it returns are the caller's
// own copies.
type Tx interface {
	// Alert returns ErrNotFound for an unknown id.
	Alert(id string) (*Case, error)
	// OpenAlert is the one alert of subject and kind that is not closed.
	OpenAlert(Subject, Kind) (*Case, bool, error)
	// PutAlert inserts or updates; the visit on the alert is not written.
	PutAlert(*Case) error

	Episode(EpisodeKey) (Episode, bool, error)
	// EpisodesBetween lists episodes of subject and kind with from ≤ start ≤ to.
	EpisodesBetween(s Subject, k Kind, from, to time.Time) ([]Episode, error)
	PutEpisode(Episode) error
	// MoveEpisodes gives all episodes of one alert to another, and what it stands
	// for as an outage.
	MoveEpisodes(from, to string) error

	// OpenOutages are the outages that are not closed, and OpenOfDevices the
	// alerts about devices that are not closed and became known since, both by
	// subject and kind.
	OpenOutages() ([]*Case, error)
	OpenOfDevices(since time.Time) ([]*Case, error)
	// OpenInArea are the alerts of a kind in an area that are not closed.
	OpenInArea(Kind, devices.AreaPath) ([]*Case, error)
	// Members is what the outage stands for, by subject and kind.
	Members(alert string) ([]Member, error)
	Member(alert string, s Subject, k Kind) (Member, bool, error)
	PutMember(alert string, m Member) error
	MemberCounts(alert string) (MemberCounts, error)
	// PutOutageCall keeps the newest call to a resident about an outage.
	PutOutageCall(alert, resident, result string, at time.Time, by Actor) error

	// Visit returns ErrNotFound for an unknown id.
	Visit(id string) (*Visit, error)
	VisitsOf(alert string) ([]*Visit, error)
	// ReportOf is the id of the visit that the report with this uuid is of.
	ReportOf(uuid string) (visit string, ok bool, err error)
	// PutReport keeps the uuid of a further report of a visit.
	PutReport(visit, uuid string) error
	PutVisit(*Visit) error
	// Planned says whether a visit with that key was made before.
	Planned(key string) (bool, error)
	// AddLabel keeps what people found out about what a detector had said.
	AddLabel(Label) error

	// Entry is what was entered at the door with the uuid.
	Entry(uuid string) (DoorEntry, bool, error)
	AddEntry(DoorEntry) error
	AddPhoto(visit, id string, jpeg []byte) error
	// Home is the zero one while nothing is known of the resident's.
	Home(resident string) (Home, error)
	PutHome(Home) error

	// AddCall keeps a call, recorded at; promises about the same resident on the
	// alert are kept by it. NextCall is the earliest that is still promised.
	AddCall(c CallRecord, at time.Time) error
	NextCall(alert string) (*time.Time, error)

	// PutBeat keeps the newest beat of its lane.
	PutBeat(Beat) error

	AddContact(Contact) error
	// AddSeen keeps that the case was shown to a person since it last rang, and
	// says whether that is new.
	AddSeen(c *Case, person, via string, at time.Time) (bool, error)
	// PutSilence and EndSilence hold from when they are written.
	PutSilence(*Silence) error
	EndSilence(id string, by Actor, reason string) error
	// OpenOfResident are the alerts of a resident that are not closed, and
	// VisitsOfResident the visits that are still to come.
	OpenOfResident(resident string) ([]*Case, error)
	VisitsOfResident(resident string) ([]*Visit, error)
	// Sheet returns ErrNotFound for an unknown id; WaitingSheets come without
	// their lines. PutSheet writes of a sheet that is there only what became of it.
	Sheet(id string) (*Sheet, error)
	WaitingSheets() ([]*Sheet, error)
	PutSheet(*Sheet) error
	// AddNotice puts the notice into the outbox, unless its key is there.
	AddNotice(Notice) error
	// AddEvent gives the change its number and writes it.
	AddEvent(Change) error
}
