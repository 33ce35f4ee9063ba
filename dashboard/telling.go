package dashboard

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"shouwang/alerting"
	"shouwang/alerting/notify"
	"shouwang/devices"
)

// Telling is how people are told: their channels, what waits to be sent, and
// the links in messages.
type Telling struct {
	People     *notify.People
	Dispatcher *notify.Dispatcher
	Outbox     Outbox
	Links      *notify.Links
	Texts      *notify.Texts
}

// Outbox is what the dashboard reads and changes of the outbox.
type Outbox interface {
	OutboxPage(ctx context.Context, f notify.Filter) (notify.EntryPage, error)
	Notices(ctx context.Context, keys []string) ([]notify.Entry, error)
	RetryNotice(ctx context.Context, e *notify.Entry) error
	AddTest(ctx context.Context, n alerting.Notice) error
	UseLink(ctx context.Context, link string, now time.Time) (first bool, err error)
	LinkUsed(ctx context.Context, link string) (time.Time, error)
}

type personChannel struct {
	Channel    string     `json:"channel" doc:"Name of a configured channel."`
	Address    string     `json:"address" maxLength:"254" doc:"Phone number, e-mail address, or whom to mention in a group; may be empty for a group."`
	Enabled    bool       `json:"enabled"`
	QuietFrom  string     `json:"quiet_from,omitempty" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" doc:"From then on only red comes, county time; together with quiet_to."`
	QuietTo    string     `json:"quiet_to,omitempty" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$"`
	VerifiedAt *time.Time `json:"verified_at,omitempty" nullable:"true" readOnly:"true" doc:"When the channel last took a test; not taken from what is sent."`
}

type toldBody struct {
	Language string          `json:"language" enum:"zh,en" doc:"Of messages."`
	Channels []personChannel `json:"channels" maxItems:"20" doc:"In the order in which they are tried."`
}

type availableChannel struct {
	Name   string `json:"name"`
	Kind   string `json:"kind" enum:"webhook,wecom,dingtalk,feishu,sms,voice,email"`
	Shared bool   `json:"shared" doc:"A group's: others read what is sent."`
}

type toldAnswer struct {
	Language  string             `json:"language" enum:"zh,en"`
	Channels  []personChannel    `json:"channels"`
	Available []availableChannel `json:"available" doc:"The channels the service has."`
}

type putChannelsIn struct {
	Body toldBody
}

type putUserChannelsIn struct {
	UserIn
	Body toldBody
}

type testIn struct {
	Body struct {
		Channel string `json:"channel"`
		Address string `json:"address,omitempty" maxLength:"254"`
	}
}

type testAnswer struct {
	State string `json:"state" enum:"waiting,delivered,sent,settled,failed"`
	Error string `json:"error,omitempty" doc:"The provider's words."`
}

type channelAnswer struct {
	Name        string     `json:"name"`
	Kind        string     `json:"kind" enum:"webhook,wecom,dingtalk,feishu,sms,voice,email"`
	Shared      bool       `json:"shared"`
	Waiting     int        `json:"waiting" doc:"Notices it is about to send."`
	Failing     bool       `json:"failing" doc:"Its newest message was not taken."`
	Failed      int        `json:"failed" doc:"Messages not taken in the last 24 h, since the start."`
	LastSuccess *time.Time `json:"last_success"`
	LastError   string     `json:"last_error"`
}

type attemptAnswer struct {
	Channel string    `json:"channel"`
	Address string    `json:"address" doc:"Masked."`
	State   string    `json:"state" enum:"sending,taken,delivered,failed,limited,refused"`
	Tries   int       `json:"tries"`
	At      time.Time `json:"at"`
	Error   string    `json:"error"`
}

type noticeAnswer struct {
	Key      string            `json:"key"`
	Person   string            `json:"person"`
	Reason   string            `json:"reason"`
	Alert    string            `json:"alert"`
	Kind     string            `json:"kind"`
	Severity alerting.Severity `json:"severity"`
	Area     devices.AreaPath  `json:"area"`
	At       time.Time         `json:"at"`
	State    string            `json:"state" enum:"waiting,delivered,sent,settled,failed"`
	Why      string            `json:"why" doc:"Of what was settled or has failed: acknowledged, closed, too_old, no_channel, refused, gave_up."`
	Via      string            `json:"via" doc:"Channel that took it."`
	NextAt   *time.Time        `json:"next_at" doc:"When it is looked at again, while it waits."`
	DoneAt   *time.Time        `json:"done_at"`
	Attempts []attemptAnswer   `json:"attempts"`
}

type outboxIn struct {
	Page
	State   []string `query:"state" enum:"waiting,delivered,sent,settled,failed"`
	Reason  []string `query:"reason"`
	Person  string   `query:"person" maxLength:"64"`
	Channel string   `query:"channel" maxLength:"64"`
	Alert   string   `query:"alert" maxLength:"64"`
}

type retryIn struct {
	Body struct {
		Key string `json:"key" maxLength:"500"`
	}
}

func (d *Dashboard) serveTelling() {
	add(d, "get-own-channels", "How I am told", func(ctx context.Context, _ *struct{}) (*body[toldAnswer], error) {
		return d.person(ctx, caller(ctx).User)
	})
	add(d, "put-own-channels", "Change how I am told", func(ctx context.Context, in *putChannelsIn) (*body[toldAnswer], error) {
		return d.putPerson(ctx, "put-own-channels", caller(ctx).User, in.Body)
	})
	add(d, "test-own-channel", "Send me a test by one of my channels, and wait for its answer", d.testChannel)
	add(d, "get-user-channels", "How somebody is told", func(ctx context.Context, in *UserIn) (*body[toldAnswer], error) {
		if err := d.checkUser(ctx, in.Username); err != nil {
			return nil, err
		}
		return d.person(ctx, in.Username)
	})
	add(d, "put-user-channels", "Change how somebody is told", func(ctx context.Context, in *putUserChannelsIn) (*body[toldAnswer], error) {
		if err := d.checkUser(ctx, in.Username); err != nil {
			return nil, err
		}
		return d.putPerson(ctx, "put-user-channels", in.Username, in.Body)
	})
	add(d, "list-channels", "The service's channels and how they are doing", func(context.Context, *struct{}) (*listOut[channelAnswer], error) {
		return &listOut[channelAnswer]{newList(d.channels(), "")}, nil
	})
	add(d, "list-outbox", "What people are told, newest first", d.listOutbox)
	add(d, "retry-notice", "Send again what failed", d.retryNotice)
}

func (d *Dashboard) telling() (*Telling, error) {
	if d.opts.Telling == nil {
		return nil, newProblem(http.StatusServiceUnavailable, "this service tells nobody")
	}
	return d.opts.Telling, nil
}

// checkUser answers 404 for an account that is not wholly in the caller's areas.
func (d *Dashboard) checkUser(ctx context.Context, username string) error {
	a, err := d.opts.Access.Account(ctx, username)
	if err != nil {
		return err
	}
	if !a.Inside(caller(ctx).Scope) {
		return notFound("user")
	}
	return nil
}

func (d *Dashboard) person(ctx context.Context, user string) (*body[toldAnswer], error) {
	t, err := d.telling()
	if err != nil {
		return nil, err
	}
	p, err := t.People.Person(ctx, user)
	if err != nil {
		return nil, err
	}
	out := toldAnswer{Language: p.Language, Channels: []personChannel{}, Available: []availableChannel{}}
	for _, c := range p.Channels {
		shown := personChannel{Channel: c.Channel, Address: c.Address, Enabled: c.Enabled, VerifiedAt: orNil(c.VerifiedAt)}
		if c.QuietFrom != c.QuietTo {
			shown.QuietFrom, shown.QuietTo = clockOf(c.QuietFrom), clockOf(c.QuietTo)
		}
		out.Channels = append(out.Channels, shown)
	}
	for _, c := range t.Dispatcher.Configured() {
		out.Available = append(out.Available, availableChannel{c.Name, c.Kind, c.Shared})
	}
	return &body[toldAnswer]{out}, nil
}

func (d *Dashboard) putPerson(ctx context.Context, operation, user string, in toldBody) (*body[toldAnswer], error) {
	t, err := d.telling()
	if err != nil {
		return nil, err
	}
	p := notify.Person{Language: in.Language}
	for i, c := range in.Channels {
		if (c.QuietFrom == "") != (c.QuietTo == "") {
			return nil, invalid(fmt.Sprintf("channels[%d].quiet_to", i), c.QuietTo, "quiet_from and quiet_to must be given together")
		}
		p.Channels = append(p.Channels, notify.PersonChannel{
			Channel: c.Channel, Address: strings.TrimSpace(c.Address), Enabled: c.Enabled, QuietFrom: minuteOf(c.QuietFrom), QuietTo: minuteOf(c.QuietTo),
		})
	}
	if err := t.People.Put(ctx, user, p); err != nil {
		return nil, err
	}
	d.audit(ctx, operation, user, "", strconv.Itoa(len(p.Channels))+" channels")
	return d.person(ctx, user)
}

func clockOf(minute int) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

// minuteOf is the inverse of clockOf; the pattern has been checked.
func minuteOf(clock string) int {
	hour, minute, _ := strings.Cut(clock, ":")
	h, _ := strconv.Atoi(hour)
	m, _ := strconv.Atoi(minute)
	return h*60 + m
}

// maxTests are the tests one person may send within testsWithin: they cost money,
// go to any number, and take of what a channel may send.
const (
	maxTests    = 10
	testsWithin = 10 * time.Minute
)

// tests counts them by user name, of accounts alone.
type tests struct {
	mu sync.Mutex
	by map[string]*allowance
}

func (t *tests) take(user string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.by == nil {
		t.by = map[string]*allowance{}
	}
	if t.by[user] == nil {
		t.by[user] = &allowance{most: maxTests, within: testsWithin}
	}
	return t.by[user].take(now)
}

// testWithin is how long a test is waited for.
const testWithin = 12 * time.Second

// testChannel sends a test through the outbox, the way a notice goes. Of several
// in half a minute one is sent.
func (d *Dashboard) testChannel(ctx context.Context, in *testIn) (*body[testAnswer], error) {
	t, err := d.telling()
	if err != nil {
		return nil, err
	}
	user, now := caller(ctx).User, time.Now().UTC()
	p, err := t.People.Person(ctx, user)
	if err != nil {
		return nil, err
	}
	mine := false
	for _, c := range p.Channels {
		mine = mine || c.Channel == in.Body.Channel && c.Address == in.Body.Address
	}
	if !mine {
		return nil, invalid("channel", in.Body.Channel, "must be one of your channels, saved before it is tried")
	}
	if !d.tests.take(user, now) {
		p := newProblem(http.StatusTooManyRequests, "too many tests: wait some minutes")
		p.retryAfter = int(testsWithin / time.Second)
		return nil, p
	}
	n := alerting.Notice{
		Key:    fmt.Sprintf("test/%s/%s/%s/%d", user, in.Body.Channel, in.Body.Address, now.Unix()/30),
		Person: user, Reason: alerting.NoticeTest, Severity: alerting.Blue, At: now,
		Data: map[string]any{"channel": in.Body.Channel, "address": in.Body.Address},
	}
	if err := t.Outbox.AddTest(ctx, n); err != nil {
		return nil, err
	}
	d.audit(ctx, "test-own-channel", user, "", in.Body.Channel)
	late := time.After(testWithin)
	for {
		list, err := t.Outbox.Notices(ctx, []string{n.Key})
		if err != nil || len(list) == 0 {
			return nil, err
		}
		out := testAnswer{State: string(list[0].State)}
		for _, a := range list[0].Attempts {
			out.Error = a.Error
		}
		if list[0].State != notify.Waiting || out.Error != "" {
			return &body[testAnswer]{out}, nil
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-late:
			return &body[testAnswer]{out}, nil
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (d *Dashboard) channels() []channelAnswer {
	list := []channelAnswer{}
	if d.opts.Telling == nil {
		return list
	}
	states := d.opts.Telling.Dispatcher.Channels()
	for i, c := range d.opts.Telling.Dispatcher.Configured() {
		s := states[i]
		list = append(list, channelAnswer{
			c.Name, c.Kind, c.Shared, s.Waiting, s.Failing, s.Failed, orNil(s.LastSuccess), s.LastError,
		})
	}
	return list
}

func (d *Dashboard) listOutbox(ctx context.Context, in *outboxIn) (*listOut[noticeAnswer], error) {
	t, err := d.telling()
	if err != nil {
		return nil, err
	}
	f := notify.Filter{Scope: caller(ctx).Scope, Person: in.Person, Channel: in.Channel, Alert: in.Alert, Cursor: in.Cursor, Limit: in.Limit}
	for _, s := range in.State {
		f.State = append(f.State, notify.State(s))
	}
	for _, r := range in.Reason {
		f.Reason = append(f.Reason, alerting.NoticeReason(r))
	}
	page, err := t.Outbox.OutboxPage(ctx, f)
	if err != nil {
		return nil, err
	}
	items := make([]noticeAnswer, len(page.Items))
	for i := range page.Items {
		items[i] = noticeOf(&page.Items[i])
	}
	return &listOut[noticeAnswer]{newList(items, page.Next)}, nil
}

func noticeOf(e *notify.Entry) noticeAnswer {
	n := noticeAnswer{
		Key: e.Key, Person: e.Person, Reason: string(e.Reason), Alert: e.Alert, Severity: e.Severity, Area: e.Area, At: e.At,
		State: string(e.State), Why: e.Why, Via: e.Via, NextAt: orNil(e.NextAt), DoneAt: orNil(e.DoneAt), Attempts: []attemptAnswer{},
	}
	if e.Reason == alerting.NoticeTest { // its key holds an address
		n.Key = "test"
	}
	if e.Facts != nil {
		n.Kind = string(e.Facts.Kind)
	}
	for _, a := range e.Attempts {
		n.Attempts = append(n.Attempts, attemptAnswer{a.Channel, notify.Masked(a.Address), string(a.State), a.Tries, a.At, a.Error})
	}
	return n
}

func (d *Dashboard) retryNotice(ctx context.Context, in *retryIn) (*body[noticeAnswer], error) {
	t, err := d.telling()
	if err != nil {
		return nil, err
	}
	list, err := t.Outbox.Notices(ctx, []string{in.Body.Key})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || !caller(ctx).Scope.Area(list[0].Area) {
		return nil, notFound("notice")
	}
	e := &list[0]
	if e.State != notify.Failed {
		p := newProblem(http.StatusConflict, "only what failed can be sent again: it is "+string(e.State))
		p.State = string(e.State)
		return nil, p
	}
	if err := t.Outbox.RetryNotice(ctx, e); err != nil {
		return nil, err
	}
	d.audit(ctx, "retry-notice", e.Person, e.Area, e.Alert)
	e.State, e.Why = notify.Waiting, ""
	return &body[noticeAnswer]{noticeOf(e)}, nil
}
