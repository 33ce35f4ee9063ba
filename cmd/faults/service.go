package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // to count what is stored, beside the service

	"shouwang/dashboard/access"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/registry"
	"shouwang/ingest/peer"
)

const (
	vendor   = "f"
	gateway  = "vendor:" + vendor
	password = "a secret of the faults, for loopback"
	metric   = "steps"
)

// service is the real program, which can be killed and started again at the same
// addresses and with the same data.
type service struct {
	*process
	binary     string
	dir, data  string
	http, mqtt string
	token      string
	args       []string
}

// newService makes the registry: bands that send readings, and callers that each
// call for help once.
func (h *harness) newService(ctx context.Context, dir string, bands, callers int, args ...string) (*service, error) {
	return h.serviceIn(ctx, dir, filepath.Join(dir, "data"), bands, callers, args...)
}

func (h *harness) serviceIn(ctx context.Context, dir, data string, bands, callers int, args ...string) (s *service, err error) {
	s = &service{binary: h.binary, dir: dir, data: data, args: args}
	h.services = append(h.services, s)
	if s.http, err = peer.FreeAddr(); err != nil {
		return nil, err
	}
	if s.mqtt, err = peer.FreeAddr(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return nil, err
	}
	db, err := database.Open(ctx, filepath.Join(s.data, "state.db"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	reg, err := registry.Open(ctx, db)
	if err != nil {
		return nil, err
	}
	in := devices.Import{
		Areas:    []devices.Area{{Path: "f", Name: "f"}, {Path: "f/town", Name: "town"}, {Path: "f/town/village", Name: "village"}},
		Gateways: []string{vendor}, Secrets: []devices.Secret{{User: gateway, Secret: password}},
	}
	enter := func(id string) {
		in.Residents = append(in.Residents, devices.Resident{ID: id, Name: "Resident " + id, Born: 1945, Area: "f/town/village", Tier: devices.TierYellow, State: devices.Active})
		in.Devices = append(in.Devices, devices.Device{ID: devices.DeviceID(vendor + "/" + id), Kind: devices.Wristband, Area: "f/town/village"})
		in.Assignments = append(in.Assignments, devices.Assignment{Device: devices.DeviceID(vendor + "/" + id), Resident: id})
	}
	for i := range bands {
		enter(band(i))
	}
	for i := range callers {
		enter(caller(i))
	}
	if err := reg.PutAll(ctx, in); err != nil {
		return nil, err
	}
	accounts := access.New(db, access.Options{})
	account := access.Account{Username: "faults", Name: "Faults", Role: access.Administrator, Areas: []devices.AreaPath{""}}
	if err := accounts.Create(ctx, account, "a password for the faults"); err != nil {
		return nil, err
	}
	s.token, err = accounts.NewToken(ctx, "faults")
	return s, err
}

func band(i int) string   { return fmt.Sprintf("b-%04d", i) }
func caller(i int) string { return fmt.Sprintf("c-%04d", i) }

// run starts the program and returns when it says that it is ready.
func (s *service) run(ctx context.Context) error {
	was := 0
	if s.process != nil {
		was = s.said("ready")
	}
	if err := s.launch(); err != nil {
		return err
	}
	return s.wait(ctx, "shouwang is ready", func() bool { return s.said("ready") > was })
}

// launch starts the program.
func (s *service) launch() (err error) {
	args := append([]string{"serve", "--data", s.data, "--http-listen", s.http, "--broker-listen", s.mqtt, "--broker-plain", "--canary-every", "0", "--log-level", "info"}, s.args...)
	s.process, err = start(filepath.Join(s.dir, "shouwang.log"), s.binary, args...)
	return err
}

// livesOfCalls kills the service that many times, each time while its share of the
// calls for help is sent, and holds them against the alerts at the end.
func (s *service) livesOfCalls(ctx context.Context, h *harness, help []*message, kills int) error {
	for i := range kills + 1 {
		helped := s.caller().start(ctx, help[i*len(help)/(kills+1):(i+1)*len(help)/(kills+1)])
		if i < kills {
			if err := pause(ctx, 150*time.Millisecond+time.Duration(h.random.IntN(800))*time.Millisecond); err != nil {
				return err
			}
			s.kill()
			if err := s.run(ctx); err != nil {
				return err
			}
		}
		if err := helped.wait(); err != nil {
			return err
		}
	}
	return s.expectAlerts(ctx, h, help)
}

// caller is a gateway with one message at a time, as a call for help is sent.
func (s *service) caller() *fleet {
	return &fleet{addr: s.mqtt, user: gateway, password: password, name: "call", connections: 1, inFlight: 1}
}

// fault is what the program's log says against it.
func (s *service) fault() error {
	for _, sign := range []string{"panic:", "fatal error:", "DATA RACE"} {
		if strings.Contains(s.log(), sign) {
			return fmt.Errorf("the log of shouwang says %q", sign)
		}
	}
	return nil
}

func (s *service) get(ctx context.Context, path string) ([]byte, error) {
	return get(ctx, "http://"+s.http+path, http.Header{"Authorization": {"Bearer " + s.token}}, http.StatusOK)
}

// gauge sums a metric of the program over its labels.
func (s *service) gauge(ctx context.Context, name string) (sum float64) {
	body, err := get(ctx, "http://"+s.http+"/metrics", nil, http.StatusOK)
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(body)) {
		if rest, ok := strings.CutPrefix(line, name); ok && (rest[0] == ' ' || rest[0] == '{') {
			fields := strings.Fields(line)
			v, _ := strconv.ParseFloat(fields[len(fields)-1], 64)
			sum += v
		}
	}
	return sum
}

type alert struct {
	Kind     string
	OpenedAt time.Time `json:"opened_at"`
	Resident *struct{ ID string }
}

// alerts are all there are of the kind, by resident; "" is every kind.
func (s *service) alerts(ctx context.Context, kind string) (byResident map[string][]alert, err error) {
	byResident = map[string][]alert{}
	for cursor := ""; ; {
		body, err := s.get(ctx, "/api/v1/alerts?limit=500&kind="+kind+"&cursor="+cursor)
		if err != nil {
			return nil, err
		}
		var page struct {
			Items []alert
			Next  *string
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return nil, err
		}
		for _, a := range page.Items {
			id := ""
			if a.Resident != nil {
				id = a.Resident.ID
			}
			byResident[id] = append(byResident[id], a)
		}
		if page.Next == nil || *page.Next == "" {
			return byResident, nil
		}
		cursor = *page.Next
	}
}

// stored says of each band which values are in the embedded series: the set of
// values, which are the numbers of the readings.
func (s *service) stored(ctx context.Context) (map[string]map[int]bool, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(s.data, "timeseries.db")+"?mode=ro")
	if err != nil {
		return nil, err
	}
	defer db.Close() //nolint:errcheck // read only
	rows, err := db.QueryContext(ctx, `SELECT s.device, p.value FROM points p JOIN series s ON s.id = p.series WHERE s.metric = ?`, metric)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // read to the end
	have := map[string]map[int]bool{}
	for rows.Next() {
		var device string
		var value float64
		if err := rows.Scan(&device, &value); err != nil {
			return nil, err
		}
		if have[device] == nil {
			have[device] = map[int]bool{}
		}
		have[device][int(value)] = true
	}
	return have, rows.Err()
}
