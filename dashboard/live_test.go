package dashboard

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"shouwang/alerting"
	"shouwang/dashboard/access"
	"shouwang/devices"
)

// message is any frame of the live view.
type message struct {
	Type     string     `json:"type"`
	Event    int64      `json:"event"`
	Prev     int64      `json:"prev"`
	Gone     string     `json:"gone"`
	DataAsOf *time.Time `json:"data_as_of"`
	Alert    *struct {
		ID   string           `json:"id"`
		Area devices.AreaPath `json:"area"`
	} `json:"alert"`
	Visit *struct {
		Area devices.AreaPath `json:"area"`
	} `json:"visit"`
	Visits []string `json:"visits"`
}

func (c *county) dial(role access.Role, query string, header http.Header) (*websocket.Conn, *http.Response, error) {
	if header == nil {
		header = http.Header{"Authorization": {"Bearer " + c.tokens[role]}}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return websocket.DefaultDialer.DialContext(ctx, "ws"+strings.TrimPrefix(c.url, "http")+"/api/v1/live"+query, header)
}

func (c *county) live(role access.Role, query string) *websocket.Conn {
	c.t.Helper()
	conn, _, err := c.dial(role, query, nil)
	must(c.t, err)
	c.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func next(conn *websocket.Conn) (message, error) {
	var m message
	if err := conn.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return m, err
	}
	_, data, err := conn.ReadMessage()
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(data, &m)
}

// until reads frames up to one that fits.
func until(t *testing.T, conn *websocket.Conn, fits func(message) bool) message {
	t.Helper()
	for {
		m, err := next(conn)
		must(t, err)
		if fits(m) {
			return m
		}
	}
}

func isType(name string) func(message) bool { return func(m message) bool { return m.Type == name } }

func TestLiveFramesCatchUpAndChain(t *testing.T) {
	c := newCounty(t)
	newest, err := c.store.NewestEvent(t.Context())
	must(t, err)
	tail, behind := c.live(access.TownDuty, ""), c.live(access.TownDuty, "?after=0")
	if m, err := next(tail); err != nil || m.Type != "hello" || m.Event != newest {
		t.Fatalf("first frame %+v, %v; want hello with event %d", m, err, newest)
	}
	until(t, behind, isType("hello"))
	// What happened before: alert and visit of the house in its area and what was
	// entered at its door, and nothing of the other.
	last := int64(0)
	for range 3 {
		m := until(t, behind, func(m message) bool { return m.Type != "beat" })
		if m.Prev != last {
			t.Errorf("event %d: prev %d, want %d", m.Event, m.Prev, last)
		}
		last = m.Event
		if m.Alert != nil && m.Alert.Area != c.here.village || m.Visit != nil && m.Visit.Area != c.here.village {
			t.Errorf("event %d is of another area: %+v", m.Event, m)
		}
	}
	begin := time.Now()
	_, err = c.desk.Ack(t.Context(), c.there.alert, alerting.System())
	must(t, err)
	_, err = c.desk.Ack(t.Context(), c.here.alert, alerting.System())
	must(t, err)
	for conn, prev := range map[*websocket.Conn]int64{tail: newest, behind: last} {
		m := until(t, conn, func(m message) bool { return m.Type != "beat" })
		if m.Type != "alert.acked" || m.Alert == nil || m.Alert.ID != c.here.alert || m.Prev != prev {
			t.Errorf("got %+v, want alert.acked of %s with prev %d", m, c.here.alert, prev)
		}
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("a change took %s to reach the screens", took)
	}
	if m := until(t, tail, isType("beat")); m.Event != newest+2 {
		t.Errorf("beat says event %d, want %d: everything up to there was sent", m.Event, newest+2)
	}
	must(t, tail.WriteJSON(map[string]any{"type": "seen", "event": newest + 2}))
	until(t, tail, isType("beat"))
}

// A village goes to another provider, and with the next visit the alert does: it
// leaves the board of the one before, who learns nothing more of it.
func TestLiveTakesAnAlertFromTheProviderBefore(t *testing.T) {
	c := newCounty(t)
	board := c.live(access.Provider, "")
	until(t, board, isType("hello"))
	visit, err := c.desk.CreateVisit(t.Context(), alerting.System(), alerting.NewVisit{Alert: c.here.alert})
	must(t, err)
	if m := until(t, board, isType("visit.created")); m.Alert == nil || m.Visit == nil {
		t.Fatalf("its own: %+v", m)
	}
	must(t, c.registry.PutProvider(t.Context(), "p1", "康养", nil))
	must(t, c.registry.PutProvider(t.Context(), "p2", "安心", []devices.AreaPath{"xian/a/1", "xian/b/1"}))
	_, err = c.desk.CreateVisit(t.Context(), alerting.System(), alerting.NewVisit{Alert: c.here.alert})
	must(t, err)
	m := until(t, board, func(m message) bool { return m.Type != "beat" })
	if m.Type != "alert.gone" || m.Gone != c.here.alert || m.Alert != nil || m.Visit != nil {
		t.Errorf("got %+v, want alert.gone", m)
	}
	_, err = c.desk.Note(t.Context(), c.here.alert, alerting.System(), "not for p1")
	must(t, err)
	_, err = c.desk.StartVisit(t.Context(), visit.ID, alerting.System())
	must(t, err)
	if m := until(t, board, func(m message) bool { return m.Type != "beat" }); m.Type != "visit.updated" || m.Alert != nil || m.Visit == nil {
		t.Errorf("got %+v, want the provider's own visit alone", m)
	}
}

// What was planned in a village comes as one frame with ids, to those who see it.
func TestLiveTellsOfAVillagesPlanOnce(t *testing.T) {
	c := newCounty(t)
	boards := map[access.Role]*websocket.Conn{access.Duty: c.live(access.Duty, ""), access.Provider: c.live(access.Provider, "")}
	for _, board := range boards {
		until(t, board, isType("hello"))
	}
	must(t, c.store.Tx(t.Context(), func(tx alerting.Tx) error {
		for _, provider := range []string{"p9", "p1"} {
			err := tx.AddEvent(alerting.Change{
				Type: alerting.VisitsPlanned, At: time.Now(), Actor: alerting.System(), Area: c.here.village, Provider: provider,
				Data: map[string]any{"count": 2, "visits": []string{provider + "-a", provider + "-b"}},
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	for role, want := range map[access.Role][]string{access.Duty: {"p9-a", "p9-b"}, access.Provider: {"p1-a", "p1-b"}} {
		m := until(t, boards[role], isType("visit.planned"))
		if !slices.Equal(m.Visits, want) || m.Visit != nil || m.Alert != nil {
			t.Errorf("%s got %+v, want %v", role, m, want)
		}
	}
}

// A change reaches the screens at once: the beat and the hub's own look at the
// log would both be too late here.
func TestLiveIsWokenByTheCommit(t *testing.T) {
	c := newCounty(t, func(o *Options) { o.Live.Beat = time.Hour })
	conn := c.live(access.Duty, "")
	until(t, conn, isType("hello"))
	slowest := time.Duration(0)
	for range 20 {
		begin := time.Now()
		_, err := c.desk.Note(t.Context(), c.here.alert, alerting.System(), "x")
		must(t, err)
		until(t, conn, isType("alert.updated"))
		slowest = max(slowest, time.Since(begin))
	}
	t.Logf("20 changes, from the action to the frame: at most %s", slowest)
	if slowest > time.Second {
		t.Errorf("a change took %s", slowest)
	}
}

func TestLiveResetWhenTheLogDoesNotReachBack(t *testing.T) {
	c := newCounty(t)
	conn := c.live(access.Duty, "?after=99999")
	hello := until(t, conn, isType("hello"))
	if m, err := next(conn); err != nil || m.Type != "reset" {
		t.Fatalf("got %+v, %v; want reset", m, err)
	}
	_, err := c.desk.Ack(t.Context(), c.here.alert, alerting.System())
	must(t, err)
	if m := until(t, conn, func(m message) bool { return m.Type != "beat" }); m.Prev != hello.Event {
		t.Errorf("after a reset prev is %d, want the hello's %d", m.Prev, hello.Event)
	}
}

func TestLiveRefusesOtherOriginsAndBadNumbers(t *testing.T) {
	c := newCounty(t)
	header := http.Header{"Authorization": {"Bearer " + c.tokens[access.Duty]}, "Origin": {"https://elsewhere.example"}}
	if _, resp, err := c.dial("", "", header); err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another site was let in: %v", err)
	}
	if _, resp, err := c.dial(access.Duty, "?after=yesterday", nil); err == nil || resp == nil || resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("after=yesterday was taken: %v", err)
	}
	if _, resp, err := c.dial(access.Vendor, "", nil); err == nil || resp == nil || resp.StatusCode != http.StatusForbidden {
		t.Errorf("a vendor may follow alerts: %v", err)
	}
}

// closeCode reads until the connection ends.
func closeCode(conn *websocket.Conn) int {
	for {
		if _, err := next(conn); err != nil {
			if e := new(websocket.CloseError); asClose(err, &e) {
				return e.Code
			}
			return -1
		}
	}
}

func asClose(err error, e **websocket.CloseError) bool {
	c, ok := err.(*websocket.CloseError) //nolint:errorlint // gorilla does not wrap it
	*e = c
	return ok
}

func TestLiveEndsWithTheAccountAndTheService(t *testing.T) {
	c := newCounty(t)
	gone, stays := c.live(access.Duty, ""), c.live(access.TownDuty, "")
	must(t, c.access.Disable(t.Context(), "duty"))
	if code := closeCode(gone); code != websocket.ClosePolicyViolation {
		t.Errorf("disabled account: closed with %d, want 1008", code)
	}
	until(t, stays, isType("beat"))
	go c.stop()
	if code := closeCode(stays); code != websocket.CloseGoingAway {
		t.Errorf("service stops: closed with %d, want 1001", code)
	}
}

// realAlerts has another name than its method Alerts, so that it can be embedded.
type realAlerts interface{ Alerts }

// growingLog is an event log in memory whose events are written by the test.
type growingLog struct {
	realAlerts
	mu     sync.Mutex
	events []alerting.Event
	wake   chan struct{}
}

func (g *growingLog) EventsAfter(_ context.Context, after int64, limit int) ([]alerting.Event, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	after = min(after, int64(len(g.events)))
	return g.events[after:min(int64(len(g.events)), after+int64(limit))], nil
}

func (g *growingLog) OldestEvent(context.Context) (int64, error) { return 1, nil }

func (g *growingLog) NewestEvent(context.Context) (int64, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return int64(len(g.events)), nil
}

func (g *growingLog) Changed() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.wake
}

func (g *growingLog) add(area devices.AreaPath, note string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := int64(len(g.events) + 1)
	g.events = append(g.events, alerting.Event{
		Number: n, Type: alerting.AlertUpdated, At: at(int(n)), Area: area,
		Alert: &alerting.Alert{ID: fmt.Sprint(n), Area: area, Evidence: map[string]any{"note": note}},
	})
	close(g.wake)
	g.wake = make(chan struct{})
}

// Twenty clients come and go at random while events happen; each sees every
// event of its area once, in order, with an unbroken chain of prev.
func TestLiveLosesNothingOverReconnects(t *testing.T) {
	const clients, events = 20, 1500
	log := &growingLog{wake: make(chan struct{})}
	c := newCounty(t, func(o *Options) { log.realAlerts = o.Alerts; o.Alerts = log })
	areas := []devices.AreaPath{"xian/a/1", "xian/b/1", "xian/a", "elsewhere/x"}
	var wg sync.WaitGroup
	roles := []access.Role{access.Administrator, access.TownDuty}
	for i := range clients {
		wg.Go(func() {
			if err := follow(c, roles[i%2], uint64(i), events); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		})
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for n := 1; n < events; n++ {
		log.add(areas[rng.IntN(len(areas))], "")
		if n%100 == 0 {
			time.Sleep(5 * time.Millisecond) // a burst every few milliseconds
		}
	}
	log.add("xian/a", "last")
	wg.Wait()
	c.followed(t, log)
}

// follow reads to the last event over many connections and checks the chain.
func follow(c *county, role access.Role, seed uint64, last int64) error {
	rng := rand.New(rand.NewPCG(1, seed))
	position, got := int64(0), []int64{}
	deadline := time.Now().Add(time.Minute)
	for position < last && time.Now().Before(deadline) {
		conn, _, err := c.dial(role, fmt.Sprintf("?after=%d", position), nil)
		if err != nil {
			return err
		}
		for left := 20 + rng.IntN(300); left > 0 && position < last; left-- {
			m, err := next(conn)
			if err != nil {
				return err
			}
			switch m.Type {
			case "hello", "beat":
				continue
			case "reset":
				return fmt.Errorf("reset at %d", position)
			}
			if m.Prev != position {
				return fmt.Errorf("event %d has prev %d, the client stands at %d", m.Event, m.Prev, position)
			}
			position = m.Event
			got = append(got, m.Event)
		}
		_ = conn.Close()
	}
	if position != last {
		return fmt.Errorf("ended at %d of %d", position, last)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, followed{role, got})
	return nil
}

// followed compares what every client got with the log itself.
func (c *county) followed(t *testing.T, log *growingLog) {
	want := map[access.Role][]int64{}
	for _, e := range log.events {
		want[access.Administrator] = append(want[access.Administrator], e.Number)
		if devices.AreaPath("xian/a").Contains(e.Area) {
			want[access.TownDuty] = append(want[access.TownDuty], e.Number)
		}
	}
	for i, f := range c.got {
		if fmt.Sprint(f.events) != fmt.Sprint(want[f.role]) {
			t.Errorf("client %d (%s) saw %d events, want %d", i, f.role, len(f.events), len(want[f.role]))
		}
	}
}

// A client that stops reading is closed, and costs the others nothing.
func TestLiveClosesTheSlowClient(t *testing.T) {
	log := &growingLog{wake: make(chan struct{})}
	c := newCounty(t, func(o *Options) {
		log.realAlerts = o.Alerts
		o.Alerts = log
		o.Live.Write, o.Live.Read = 4*time.Second, time.Minute
	})
	slow, quick := c.live(access.Administrator, "?after=0"), c.live(access.Administrator, "?after=0")
	note := strings.Repeat("x", 64<<10)
	const events = 200 // 12 MB: more than the sockets' buffers hold
	for range events {
		log.add("xian/a", note)
	}
	for n := int64(0); n < events; {
		m, err := next(quick)
		must(t, err)
		if m.Type != "hello" && m.Type != "beat" { // which name numbers they do not bring
			n = m.Event
		}
	}
	deadline := time.Now().Add(time.Minute)
	for value(t, c.d.hub.slow) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the client that does not read is still served")
		}
		time.Sleep(10 * time.Millisecond)
	}
	for {
		if _, err := next(slow); err != nil {
			break // after what its buffers held
		}
	}
	until(t, quick, isType("beat"))
}
