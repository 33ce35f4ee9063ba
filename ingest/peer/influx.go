package peer

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Influx is a running InfluxDB that tests may write to.
type Influx struct {
	URL    string
	Token  string // of 1.8: user:password
	Org    string // of 1.8: "-"
	Bucket string // of 1.8: database/retention
	// Major is 1 or 2; 0 when the server is not ours to know.
	Major int
}

// InfluxServer is the InfluxDB of one test binary: found or started at the
// first Get, stopped by Stop, which TestMain calls. The zero value is ready.
//
// The first that is found of:
//   - SHOUWANG_TEST_INFLUXDB, a URL; with SHOUWANG_TEST_INFLUXDB_TOKEN (or the
//     URL's user:password for 1.8), SHOUWANG_TEST_INFLUXDB_ORG ("-") and
//     SHOUWANG_TEST_INFLUXDB_BUCKET ("shouwang/autogen"). Tests write to that
//     bucket, under names of their own;
//   - influxd in PATH, 2.x or 1.8;
//   - .cache/bin/influxd in the repository, 1.8.
//
// With Major 2 it is .cache/bin/influxd2 in the repository, a 2.7.
type InfluxServer struct {
	Major int

	once   sync.Once
	influx Influx
	err    error
	stop   func()
}

var errNoInflux2 = errors.New("no InfluxDB 2: `make tools` builds one into .cache/bin where Rust (cargo) is installed")

var errNoInflux = errors.New("no InfluxDB: set SHOUWANG_TEST_INFLUXDB, put influxd into PATH, or run `make test`, which builds one into .cache/bin")

// Get returns the server. Without any the test is skipped, or fails when the
// environment says CI=true.
func (s *InfluxServer) Get(t testing.TB) Influx {
	t.Helper()
	s.once.Do(func() {
		find := findInflux
		if s.Major == 2 {
			find = findInflux2
		}
		s.influx, s.stop, s.err = find()
	})
	switch {
	case errors.Is(s.err, errNoInflux2) && (os.Getenv("CI") != "true" || !buildsInflux2()):
		t.Skip(s.err)
	case errors.Is(s.err, errNoInflux) && os.Getenv("CI") != "true":
		t.Skip(s.err)
	case s.err != nil:
		t.Fatal(s.err)
	}
	return s.influx
}

// Stop ends the server, if it was started, and waits for its end.
func (s *InfluxServer) Stop() {
	if s.stop != nil {
		s.stop()
	}
}

func findInflux() (Influx, func(), error) {
	if address := os.Getenv("SHOUWANG_TEST_INFLUXDB"); address != "" {
		influx, err := givenInflux(address)
		return influx, nil, err
	}
	binary, err := exec.LookPath("influxd")
	if err != nil {
		if binary, err = cached("influxd"); err != nil {
			return Influx{}, nil, errNoInflux
		}
	}
	return startInflux(binary)
}

func findInflux2() (Influx, func(), error) {
	binary, err := cached("influxd2")
	if err != nil {
		return Influx{}, nil, errNoInflux2
	}
	return startInflux(binary)
}

// buildsInflux2 says whether this machine can build it, so that it must be there.
func buildsInflux2() bool {
	_, err := exec.LookPath("cargo")
	return err == nil
}

func givenInflux(address string) (Influx, error) {
	u, err := url.Parse(address)
	if err != nil {
		return Influx{}, errors.New("SHOUWANG_TEST_INFLUXDB is not a URL")
	}
	influx := Influx{Token: os.Getenv("SHOUWANG_TEST_INFLUXDB_TOKEN"), Org: os.Getenv("SHOUWANG_TEST_INFLUXDB_ORG"), Bucket: os.Getenv("SHOUWANG_TEST_INFLUXDB_BUCKET")}
	if u.User != nil && influx.Token == "" {
		password, _ := u.User.Password()
		influx.Token = u.User.Username() + ":" + password
	}
	u.User = nil
	influx.URL = u.String()
	if influx.Org == "" {
		influx.Org = "-"
	}
	if influx.Bucket == "" {
		influx.Bucket = "shouwang/autogen"
	}
	return influx, nil
}

// cached finds a program in .cache/bin of the repository.
func cached(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			file := filepath.Join(dir, ".cache", "bin", name)
			_, err := os.Stat(file)
			return file, err
		}
		if filepath.Dir(dir) == dir {
			return "", os.ErrNotExist
		}
		dir = filepath.Dir(dir)
	}
}

func startInflux(binary string) (Influx, func(), error) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	// 1.8 prints its default configuration; 2.x does not know the command.
	out, _ := exec.CommandContext(ctx, binary, "config").Output()
	start := influx2
	if bytes.Contains(out, []byte("[retention]")) {
		start = influx1
	}
	dir, err := os.MkdirTemp("", "shouwang-influxd-*")
	if err != nil {
		return Influx{}, nil, err
	}
	influx, stop, err := start(ctx, binary, dir)
	end := func() {
		if stop != nil {
			stop()
		}
		_ = os.RemoveAll(dir)
	}
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		end()
		return Influx{}, nil, fmt.Errorf("start %s: %w\n%s", binary, err, log[max(0, len(log)-2000):])
	}
	return influx, end, nil
}

const influx1Config = `reporting-disabled = true
bind-address = "127.0.0.1:%[2]d"
[meta]
  dir = "%[1]s/meta"
[data]
  dir = "%[1]s/data"
  wal-dir = "%[1]s/wal"
  index-version = "tsi1"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:%[3]d"
  flux-enabled = true
  auth-enabled = true
  log-enabled = false
[monitor]
  store-enabled = false
[continuous_queries]
  enabled = false
`

func influx1(ctx context.Context, binary, dir string) (Influx, func(), error) {
	ports, err := freePorts(2)
	if err != nil {
		return Influx{}, nil, err
	}
	config := filepath.Join(dir, "influxdb.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, influx1Config, dir, ports[0], ports[1]), 0o600); err != nil {
		return Influx{}, nil, err
	}
	influx := Influx{URL: fmt.Sprintf("http://127.0.0.1:%d", ports[1]), Org: "-", Bucket: "shouwang/autogen", Major: 1}
	stop, err := launch(filepath.Join(dir, "log"), binary, "run", "-config", config)
	if err != nil {
		return influx, nil, err
	}
	if err := answers(ctx, influx.URL+"/ping"); err != nil {
		return influx, stop, err
	}
	password := rand.Text()
	influx.Token = "shouwang:" + password
	for _, q := range []string{"CREATE USER shouwang WITH PASSWORD '" + password + "' WITH ALL PRIVILEGES", "CREATE DATABASE shouwang"} {
		if err := influx.Influx1Query(ctx, q); err != nil {
			return influx, stop, err
		}
	}
	return influx, stop, nil
}

// Influx1Query runs one statement of InfluxQL on a 1.8 server.
func (i Influx) Influx1Query(ctx context.Context, q string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.URL+"/query", strings.NewReader(url.Values{"q": {q}}.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	user, password, _ := strings.Cut(i.Token, ":")
	req.SetBasicAuth(user, password)
	_, err = answer(req)
	return err
}

func influx2(ctx context.Context, binary, dir string) (Influx, func(), error) {
	ports, err := freePorts(1)
	if err != nil {
		return Influx{}, nil, err
	}
	influx := Influx{URL: fmt.Sprintf("http://127.0.0.1:%d", ports[0]), Org: "shouwang", Bucket: "shouwang", Token: rand.Text(), Major: 2}
	stop, err := launch(filepath.Join(dir, "log"), binary, "--reporting-disabled", "--log-level=error",
		"--http-bind-address", fmt.Sprintf("127.0.0.1:%d", ports[0]), "--engine-path", filepath.Join(dir, "engine"),
		"--bolt-path", filepath.Join(dir, "bolt"), "--sqlite-path", filepath.Join(dir, "sqlite"))
	if err != nil {
		return influx, nil, err
	}
	if err := answers(ctx, influx.URL+"/ping"); err != nil {
		return influx, stop, err
	}
	setup, err := json.Marshal(map[string]string{
		"username": "admin", "password": rand.Text(), "org": influx.Org, "bucket": influx.Bucket, "token": influx.Token,
	})
	if err != nil {
		return influx, stop, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, influx.URL+"/api/v2/setup", bytes.NewReader(setup))
	if err != nil {
		return influx, stop, err
	}
	req.Header.Set("Content-Type", "application/json")
	_, err = answer(req)
	return influx, stop, err
}

func answer(req *http.Request) ([]byte, error) {
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing to do about it
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %s", req.Method, req.URL.Path, resp.Status, body)
	}
	return body, nil
}
