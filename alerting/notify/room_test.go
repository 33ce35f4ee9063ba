package notify_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/alerting/notify"
	"shouwang/alerting/store"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/database/databasetest"
)

// room is a duty room with a real store and channels that do as they are told.
// It lives in a bubble of synctest, where a minute is no time.
type room struct {
	t        *testing.T
	file     string
	db       *database.DB
	store    *store.Store
	people   *notify.People
	channels []notify.Channel
	timing   notify.Timing
	links    notify.Links
	desk     *alerting.Desk
	outbox   notify.Outbox // the store, or what stands before it
	mu       sync.Mutex
	shown    []string // proofs of delivery
	stop     func()
	running  *notify.Dispatcher
}

// carrier is a channel of the test.
type carrier struct {
	mu     sync.Mutex
	got    []notify.Message
	to     []notify.Address
	at     []time.Time
	answer func(n int, to notify.Address) (notify.Receipt, error) // nil takes everything
	takes  time.Duration
}

func (c *carrier) Send(ctx context.Context, to notify.Address, m notify.Message) (notify.Receipt, error) {
	if c.takes > 0 {
		select {
		case <-ctx.Done():
			return notify.Receipt{}, ctx.Err()
		case <-time.After(c.takes):
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got, c.to, c.at = append(c.got, m), append(c.to, to), append(c.at, time.Now())
	if c.answer == nil {
		return notify.Receipt{ID: fmt.Sprint(len(c.got)), Delivered: true}, nil
	}
	return c.answer(len(c.got), to)
}

func (c *carrier) messages() []notify.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

// keys counts how often each notice was sent.
func (c *carrier) keys() map[string]int {
	n := map[string]int{}
	for _, m := range c.messages() {
		for _, k := range m.Notices {
			n[k]++
		}
	}
	return n
}

func inRoom(t *testing.T, test func(r *room)) {
	t.Helper()
	file := databasetest.File(t)
	synctest.Test(t, func(t *testing.T) {
		r := &room{t: t, file: file, timing: notify.DefaultTiming(), links: notify.Links{Key: []byte("k"), Base: "https://sw.example", Lasts: 12 * time.Hour}}
		r.open()
		defer func() { r.halt(); r.must(r.db.Close()) }()
		test(r)
	})
}

func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) open() {
	r.db = databasetest.At(r.t, r.file)
	r.store = store.New(r.db)
	r.outbox = r.store
	_, err := r.store.Load(r.t.Context())
	r.must(err)
	r.desk = alerting.NewDesk(alerting.DeskOptions{Book: r.store, Directory: nobody{}})
}

// add configures a channel.
func (r *room) add(name, kind string, c *carrier, limits notify.Limits) {
	r.channels = append(r.channels, notify.Channel{Name: name, Kind: kind, Sender: c, Limits: limits, Shared: kind == "dingtalk"})
}

// told says by which channels the person is told, in this order.
func (r *room) told(person string, by ...notify.PersonChannel) {
	r.t.Helper()
	for i := range by {
		by[i].Enabled = true
	}
	people, err := notify.OpenPeople(r.t.Context(), r.store, r.channels)
	r.must(err)
	r.must(people.Put(r.t.Context(), person, notify.Person{Language: "zh", Channels: by}))
}

// start lets the dispatcher run.
func (r *room) start() {
	r.t.Helper()
	people, err := notify.OpenPeople(r.t.Context(), r.store, r.channels)
	r.must(err)
	r.people = people
	d := notify.NewDispatcher(notify.Options{
		Outbox: r.outbox, People: people, Channels: r.channels, Timing: r.timing,
		Texts: notify.Texts{
			AreaName: func(a devices.AreaPath) string {
				return map[devices.AreaPath]string{"c/t": "观城镇", "c/t/v": "李庄村"}[a]
			},
			Link: r.links.For(time.Now), Zone: time.UTC,
		},
		Delivered: func(_ context.Context, alert, person, via string, _ time.Time) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.shown = append(r.shown, alert+" "+person+" "+via)
			return nil
		},
		Log: zerolog.Nop(), Metrics: prometheus.NewRegistry(),
	})
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	r.running = d
	r.stop = func() {
		cancel()
		r.must(<-done)
	}
}

// halt stops the dispatcher.
func (r *room) halt() {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
}

// pass lets time go by.
func (r *room) pass(d time.Duration) {
	time.Sleep(d) // of the bubble
	synctest.Wait()
}

// alert opens one, red unless said otherwise.
func (r *room) alert(id string, severity alerting.Severity) {
	r.t.Helper()
	now := time.Now().UTC()
	r.must(r.store.Tx(r.t.Context(), func(tx alerting.Tx) error {
		return tx.PutAlert(&alerting.Case{Alert: alerting.Alert{
			ID: id, Kind: alerting.KindSOS, Severity: severity, State: alerting.Open, Area: "c/t/v",
			Subject: alerting.ResidentSubject(id), Resident: &alerting.ResidentRef{ID: id, Name: "王秀英"},
			Since: now, OpenedAt: now, RangAt: now, FoundAt: now, KnownAt: now, Evidence: map[string]any{},
		}})
	}))
}

// notice asks that the person be told of the alert.
func (r *room) notice(key, person, alert string, severity alerting.Severity) {
	r.t.Helper()
	r.notices(alerting.Notice{Key: key, Person: person, Reason: alerting.NoticeOpened, Alert: alert, Severity: severity, Area: "c/t/v", At: time.Now().UTC()})
}

func (r *room) notices(list ...alerting.Notice) {
	r.t.Helper()
	r.must(r.store.Tx(r.t.Context(), func(tx alerting.Tx) error {
		for _, n := range list {
			if err := tx.AddNotice(n); err != nil {
				return err
			}
		}
		return nil
	}))
}

// wantEnd checks how a notice has ended.
func (r *room) wantEnd(key string, state notify.State, detail string) {
	r.t.Helper()
	e := r.entry(key)
	if e.State != state || (e.Why != detail && e.Via != detail) {
		r.t.Errorf("notice %s: %s, why %q, via %q, next %v; want %s, %q: %+v", key, e.State, e.Why, e.Via, e.NextAt, state, detail, e.Attempts)
	}
}

func (r *room) entry(key string) notify.Entry {
	r.t.Helper()
	list, err := r.store.Notices(r.t.Context(), []string{key})
	r.must(err)
	if len(list) != 1 {
		r.t.Fatalf("notice %s: %d", key, len(list))
	}
	return list[0]
}

// nobody is a directory of an empty county.
type nobody struct{ alerting.Directory }

func (nobody) Resident(string, time.Time) (*devices.Resident, bool) { return nil, false }
func (nobody) Away(string, time.Time) bool                          { return false }
func (nobody) Provider(devices.AreaPath, time.Time) string          { return "" }
