package dashboard

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/alerting/rounds"
	"shouwang/alerting/store"
	"shouwang/dashboard/access"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/database/databasetest"
	"shouwang/devices/registry"
	"shouwang/ingest/deadletter"
)

// house is one resident with a band, an alert and a visit.
type house struct {
	village  devices.AreaPath
	resident string
	device   devices.DeviceID
	alert    string
	visit    string
	letter   string // SHA-256 of a message that was refused
	absence  string
	user     string
	silence  string
	sheet    string
	check    string
	photo    string
	notice   string
}

// county is the real dashboard over real stores, with one house in the area of
// the test accounts and one outside.
type county struct {
	t      *testing.T
	url    string
	access *access.Store
	store  *store.Store
	desk   *alerting.Desk

	registry  *registry.Registry
	handovers *alerting.Handovers
	series    *memorySeries
	d         *Dashboard
	here      house
	there     house
	stop      func()
	tokens    map[access.Role]string // by user name
	sessions  map[access.Role]string // the same; of who has needed one
	people    *http.ServeMux         // routes that take no token
	db        *database.DB
	letters   *deadletter.Store

	mu  sync.Mutex
	got []followed
}

// followed is what one live client saw.
type followed struct {
	role   access.Role
	events []int64
}

func value(t *testing.T, c prometheus.Counter) float64 {
	t.Helper()
	var m dto.Metric
	must(t, c.Write(&m))
	return m.GetCounter().GetValue()
}

const password = "correct horse"

// townAdministrator is the user name of an administrator of one town; all other
// accounts of the tests are called after their roles.
const townAdministrator = access.Role("town_administrator")

func newCounty(t *testing.T, change ...func(*Options)) *county {
	t.Helper()
	ctx := t.Context()
	db := databasetest.Open(t)
	reg, err := registry.Open(ctx, db)
	must(t, err)
	alerts := store.New(db)
	_, err = alerts.Load(ctx)
	must(t, err)
	c := &county{
		t: t, access: access.New(db, access.Options{Factor: access.FactorRequired}), store: alerts, series: &memorySeries{}, letters: deadletter.New(db), registry: reg,
		desk: alerting.NewDesk(alerting.DeskOptions{Book: alerts, Directory: reg, Person: func(ctx context.Context, id string) (devices.Resident, error) {
			r, err := reg.GetResident(ctx, devices.Scope{Areas: []devices.AreaPath{""}}, id)
			return r.Resident, err
		}}), tokens: map[access.Role]string{}, sessions: map[access.Role]string{}, people: http.NewServeMux(), db: db,
	}
	for _, route := range access.Routes() {
		if route.By != access.Anyone {
			c.people.HandleFunc(route.Pattern(), func(http.ResponseWriter, *http.Request) {})
		}
	}
	for path, name := range map[devices.AreaPath]string{"xian": "县"} {
		must(t, reg.PutArea(ctx, devices.Area{Path: path, Name: name}))
	}
	for _, path := range []devices.AreaPath{"xian/a", "xian/b", "xian/a/1", "xian/b/1"} {
		must(t, reg.PutArea(ctx, devices.Area{Path: path, Name: string(path)}))
	}
	must(t, reg.PutProvider(ctx, "p1", "康养", []devices.AreaPath{"xian/a/1"}))
	must(t, reg.PutProvider(ctx, "p2", "安心", []devices.AreaPath{"xian/b/1"}))
	for role, scope := range map[access.Role]access.Account{
		access.Administrator: {Areas: []devices.AreaPath{""}},
		access.Duty:          {Areas: []devices.AreaPath{"xian/a"}},
		access.TownDuty:      {Areas: []devices.AreaPath{"xian/a"}},
		access.Assistant:     {Areas: []devices.AreaPath{"xian/a/1"}},
		access.Provider:      {Areas: []devices.AreaPath{"xian"}, Provider: "p1"},
		access.Supervisor:    {Areas: []devices.AreaPath{"xian/a"}},
		access.Vendor:        {Areas: []devices.AreaPath{""}, Vendor: "v1"},
		access.Auditor:       {Areas: []devices.AreaPath{"xian/a"}},
	} {
		scope.Username, scope.Name, scope.Role = string(role), "name of "+string(role), role
		secret := ""
		if role == access.Duty {
			secret = password // hashing takes its time, and the others use tokens
		}
		must(t, c.access.Create(ctx, scope, secret))
		c.tokens[role], err = c.access.NewToken(ctx, string(role))
		must(t, err)
	}
	must(t, c.access.Create(ctx, access.Account{
		Username: string(townAdministrator), Name: "of one town", Role: access.Administrator, Areas: []devices.AreaPath{"xian/a"},
	}, ""))
	c.tokens[townAdministrator], err = c.access.NewToken(ctx, string(townAdministrator))
	must(t, err)
	c.handovers = alerting.NewHandovers(alerting.HandoverOptions{Store: alerts, Supervisors: func(context.Context, devices.AreaPath) ([]string, error) { return nil, nil }})
	c.here = c.house(reg, "xian/a/1", "v1", "p1")
	c.there = c.house(reg, "xian/b/1", "v2", "p2")

	opts := Options{
		Shift: alerts, States: reg, Handovers: c.handovers,
		Access: c.access, Alerts: alerts, Doors: alerts, Desk: c.desk, Registry: reg, Series: c.series, DeadLetters: c.letters, Erasures: erasing{db}, Rules: alerts, Duty: alerts,
		Telling:   telling(t, alerts),
		Reports:   alerts,
		Rounds:    rounds.New(rounds.Options{Store: alerts, Registry: reg, People: c.access, Zone: time.FixedZone("CST", 8*3600), Metrics: prometheus.NewRegistry()}),
		Incidents: demoIncidents{}, Log: zerolog.New(zerolog.NewTestWriter(t)), Version: "test",
		Live: LiveOptions{Beat: 100 * time.Millisecond, Write: 2 * time.Second, Read: 5 * time.Second},
	}
	for _, f := range change {
		f(&opts)
	}
	c.d, err = New(opts)
	must(t, err)
	run, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.d.Run(run) }()
	server := httptest.NewServer(c.d.Handler())
	c.url = server.URL
	stopped := false
	c.stop = func() {
		if !stopped {
			stopped = true
			cancel()
			if err := <-done; err != nil {
				t.Errorf("Run: %v", err)
			}
		}
	}
	t.Cleanup(func() { c.stop(); server.Close() })
	return c
}

func (c *county) house(reg *registry.Registry, village devices.AreaPath, vendor, provider string) house {
	ctx, t := c.t.Context(), c.t
	h := house{village: village, resident: "r-" + vendor, device: devices.DeviceID(vendor + "/band1"), user: "user-" + vendor}
	must(t, reg.PutResident(ctx, devices.Resident{ID: h.resident, Name: "王" + vendor, Area: village, Tier: devices.TierGreen, State: devices.Active}))
	must(t, reg.PutDevice(ctx, devices.Device{ID: h.device, Kind: devices.Wristband, Area: village}))
	must(t, reg.Assign(ctx, h.device, h.resident, time.Now().Add(-time.Hour)))
	absence, err := reg.AddAbsence(ctx, devices.Absence{Resident: h.resident, From: time.Now().Add(time.Hour)})
	must(t, err)
	h.absence = absence.ID
	h.alert = c.open(h, provider, alerting.KindSOS)
	v, err := c.desk.CreateVisit(ctx, alerting.System(), alerting.NewVisit{Resident: h.resident, Due: time.Now().Add(time.Hour)})
	must(t, err)
	h.visit = v.ID
	h.photo = c.photo(h)
	silence, err := c.desk.Silence(ctx, alerting.System(), alerting.NewSilence{Resident: h.resident, Kind: alerting.KindHeartRate, Until: time.Now().Add(time.Hour), Reason: "x"})
	must(t, err)
	h.silence = silence.ID
	sheet, err := c.handovers.Sign(ctx, alerting.System(), []devices.AreaPath{village}, alerting.NewSheet{})
	must(t, err)
	h.sheet = sheet.ID
	check := alerting.AskNow(village, alerting.System(), time.Now().Add(-time.Second))
	must(t, c.store.PutDutyCheck(ctx, check))
	h.check = check.ID
	h.letter = "sha-of-" + vendor
	must(t, c.letters.Add(ctx, []devices.Refusal{{
		Device: h.device, Code: devices.Malformed, Topic: "homecare/v1/" + string(h.device) + "/telemetry", Received: time.Now().UTC(), SHA256: h.letter, Payload: []byte("{"),
	}}))
	h.notice = "notice of " + vendor
	must(t, c.store.AddTest(ctx, alerting.Notice{Key: h.notice, Person: h.user, Reason: alerting.NoticeOpened, Alert: h.alert, Severity: alerting.Red, Area: village, At: time.Now()}))
	must(t, c.access.Create(ctx, access.Account{Username: h.user, Name: "x", Role: access.Assistant, Areas: []devices.AreaPath{village}}, ""))
	return h
}

// open opens an alert the way the engine writes one.
func (c *county) open(h house, provider string, kind alerting.Kind) string {
	now := time.Now().UTC().Truncate(time.Microsecond)
	one := &alerting.Case{Provider: provider, Alert: alerting.Alert{
		ID: uuid.NewString(), Kind: kind, Severity: alerting.Red, State: alerting.Open, Subject: alerting.ResidentSubject(h.resident),
		Resident: &alerting.ResidentRef{ID: h.resident, Name: "王"}, Area: h.village, Since: now, OpenedAt: now, RangAt: now,
		FoundAt: now, KnownAt: now, Evidence: map[string]any{"device": string(h.device)}, Rule: alerting.RuleRef{ID: string(kind), Version: 1},
	}}
	must(c.t, c.store.Tx(context.Background(), func(tx alerting.Tx) error {
		if err := tx.PutAlert(one); err != nil {
			return err
		}
		return tx.AddEvent(alerting.Change{Type: alerting.AlertOpened, At: now, Case: one, Actor: alerting.System()})
	}))
	return one.ID
}

// as sends a request with the role's token, or with its session where tokens are
// not taken; role "" sends neither.
func (c *county) as(role access.Role, method, path string, body any) (int, map[string]any, http.Header) {
	c.t.Helper()
	r := c.request(method, path, body)
	if _, people := c.people.Handler(r); role != "" && people != "" {
		r.AddCookie(&http.Cookie{Name: cookieName, Value: c.session(role)})
	} else if role != "" {
		r.Header.Set("Authorization", "Bearer "+c.tokens[role])
	}
	return c.do(r)
}

// byToken is as, but always with the token.
func (c *county) byToken(role access.Role, method, path string, body any) (int, map[string]any, http.Header) {
	c.t.Helper()
	r := c.request(method, path, body)
	r.Header.Set("Authorization", "Bearer "+c.tokens[role])
	return c.do(r)
}

// byNarrowToken is as, with a token that has an end.
func (c *county) byNarrowToken(role access.Role, method, path string, body any) (int, map[string]any, http.Header) {
	c.t.Helper()
	_, token, err := c.access.IssueToken(c.t.Context(), string(role), access.TokenReach{Expires: time.Now().Add(time.Hour)})
	must(c.t, err)
	r := c.request(method, path, body)
	r.Header.Set("Authorization", "Bearer "+token)
	return c.do(r)
}

// session is what a sign-in gives, without the hashing of a password: most
// accounts of the tests have none. Who needs an app has one.
func (c *county) session(user access.Role) string {
	c.t.Helper()
	if c.sessions[user] == "" {
		token := "session of " + string(user)
		sum, now := sha256.Sum256([]byte(token)), database.Micros(time.Now())
		_, err := c.db.Write.ExecContext(c.t.Context(), `INSERT INTO sessions (hash, username, created, used) VALUES ($1, $2, $3, $3)`, hex.EncodeToString(sum[:]), string(user), now)
		must(c.t, err)
		_, err = c.db.Write.ExecContext(c.t.Context(), `INSERT INTO second_factors (username, secret, confirmed, step) VALUES ($1, 'JBSWY3DPEHPK3PXP', $2, 0) ON CONFLICT DO NOTHING`, string(user), now)
		must(c.t, err)
		c.sessions[user] = token
	}
	return c.sessions[user]
}

func (c *county) request(method, path string, body any) *http.Request {
	c.t.Helper()
	var payload io.Reader
	if s, ok := body.(string); ok {
		payload = bytes.NewBufferString(s)
	} else if body != nil {
		data, err := json.Marshal(body)
		must(c.t, err)
		payload = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, payload)
	must(c.t, err)
	if payload != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	return r
}

func (c *county) do(r *http.Request) (int, map[string]any, http.Header) {
	c.t.Helper()
	resp, err := http.DefaultClient.Do(r)
	must(c.t, err)
	defer resp.Body.Close() //nolint:errcheck // read to its end
	data, err := io.ReadAll(resp.Body)
	must(c.t, err)
	var out map[string]any
	if len(data) > 0 && data[0] == '{' {
		must(c.t, json.Unmarshal(data, &out))
	} else if len(data) > 0 {
		out = map[string]any{"text": string(data)}
	}
	return resp.StatusCode, out, resp.Header
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type demoIncidents struct{}

func (demoIncidents) Kinds() []string { return []string{"sos"} }

func (demoIncidents) Start(_ context.Context, kind, device string) (any, error) {
	return map[string]string{"kind": kind, "device": device}, nil
}

// memorySeries is a time series that needs no store.
type memorySeries struct{ readings []devices.Reading }

func (m *memorySeries) History(_ context.Context, q devices.HistoryQuery) ([]devices.Point, error) {
	points := []devices.Point{}
	if q.Every > 0 {
		for at := q.From.Truncate(q.Every); at.Before(q.To); at = at.Add(q.Every) {
			p := devices.Point{At: at}
			sum, n := 0.0, 0.0
			for _, r := range m.readings {
				if r.Device == q.Device && r.Metric == q.Metric && !r.At.Before(at) && !r.At.Before(q.From) && r.At.Before(at.Add(q.Every)) && r.At.Before(q.To) {
					sum, n = sum+r.Value, n+1
				}
			}
			if n > 0 {
				mean := sum / n
				p.Value = &mean
			}
			points = append(points, p)
		}
		return points[:min(len(points), q.Limit)], nil
	}
	for _, r := range m.readings {
		if r.Device == q.Device && r.Metric == q.Metric && !r.At.Before(q.From) && r.At.Before(q.To) {
			points = append(points, devices.Point{At: r.At, Value: &r.Value})
		}
	}
	slices.SortFunc(points, func(a, b devices.Point) int { return a.At.Compare(b.At) })
	return points[:min(len(points), q.Limit)], nil
}

func (m *memorySeries) Latest(_ context.Context, id devices.DeviceID) ([]devices.Reading, error) {
	var list []devices.Reading
	for _, r := range m.readings {
		if r.Device == id {
			list = append(list, r)
		}
	}
	return list, nil
}

func text(v map[string]any) string {
	data, _ := json.Marshal(v)
	return string(data)
}

func at(seconds int) time.Time { return time.Date(2026, 11, 23, 8, 0, seconds, 0, time.UTC) }

func found(id string) map[string]any {
	return map[string]any{"uuid": id, "outcome": "well", "note": "在家，平安"}
}

// erasing takes requests; nobody carries them out here.
type erasing struct{ db *database.DB }

var _ Erasures = erasing{}

func (e erasing) Request(ctx context.Context, resident string, data devices.DataType, actor string) (devices.Erasure, error) {
	at := time.Now()
	return devices.Erasure{Resident: resident, Data: data, Actor: actor, Requested: at}, registry.RequestErasure(ctx, e.db, resident, data, actor, at)
}

func (e erasing) Erasures(ctx context.Context) ([]devices.Erasure, error) {
	return registry.Erasures(ctx, e.db)
}
