package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	influxUser     = "bench"
	influxPassword = "of-the-loopback-interface"
)

// influx is a real InfluxDB 1.8; each session has a database of its own in it.
type influx struct {
	*process
	url string
}

func startInflux(ctx context.Context, binary, dir string) (*influx, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	rpc, err := freePort()
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	const config = `reporting-disabled = true
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
  auth-enabled = true
  log-enabled = false
[monitor]
  store-enabled = false
[continuous_queries]
  enabled = false
`
	file := filepath.Join(dir, "influxdb.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, dir, rpc, port), 0o600); err != nil {
		return nil, err
	}
	i := &influx{url: fmt.Sprintf("http://127.0.0.1:%d", port)}
	if i.process, err = start(filepath.Join(dir, "log"), binary, "run", "-config", file); err != nil {
		return nil, err
	}
	err = i.wait(ctx, "InfluxDB answers", func() bool { _, err := get(ctx, i.url+"/ping", "", ""); return err == nil })
	if err == nil {
		_, err = i.query(ctx, "", "CREATE USER "+influxUser+" WITH PASSWORD '"+influxPassword+"' WITH ALL PRIVILEGES")
	}
	if err != nil {
		i.stop()
		return nil, err
	}
	return i, nil
}

// query runs one statement and returns the numbers of its first row.
func (i *influx) query(ctx context.Context, database, q string) ([]float64, error) {
	body, err := get(ctx, i.url+"/query?"+url.Values{"db": {database}, "q": {q}}.Encode(), influxUser, influxPassword)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Results []struct {
			Error  string
			Series []struct{ Values [][]any }
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	var row []float64
	for _, r := range answer.Results {
		if r.Error != "" {
			return nil, fmt.Errorf("%s: %s", q, r.Error)
		}
		for _, s := range r.Series {
			if len(s.Values) == 0 {
				continue
			}
			for _, v := range s.Values[0][1:] {
				n, _ := v.(float64)
				row = append(row, n)
			}
		}
	}
	return row, nil
}

// count counts the stored points of one field.
func (i *influx) count(ctx context.Context, database, measurement, field string) (int, error) {
	row, err := i.query(ctx, database, fmt.Sprintf("SELECT count(%q) FROM %q", field, measurement))
	if err != nil || len(row) == 0 {
		return 0, err
	}
	return int(row[0]), nil
}

// points is how many points InfluxDB was given since its start: cheap to ask, so
// that waiting costs the machine little. What was stored is counted afterwards.
func (i *influx) points(ctx context.Context) (int, error) {
	body, err := get(ctx, i.url+"/debug/vars", influxUser, influxPassword)
	if err != nil {
		return 0, err
	}
	var vars struct {
		Write struct {
			Values struct {
				PointReq int `json:"pointReq"`
			} `json:"values"`
		} `json:"write"`
	}
	return vars.Write.Values.PointReq, json.Unmarshal(body, &vars)
}

// mosquitto is a real broker that neither drops nor bounds what waits.
type mosquitto struct {
	*process
	addr string
}

func startMosquitto(dir string) (*mosquitto, error) {
	binary := ""
	for _, name := range []string{"mosquitto", "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"} {
		if path, err := exec.LookPath(name); err == nil {
			binary = path
			break
		}
	}
	if binary == "" {
		return nil, fmt.Errorf("mosquitto is not installed (Debian and Ubuntu: apt-get install mosquitto)")
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	lines := []string{
		fmt.Sprintf("listener %d 127.0.0.1", port), "allow_anonymous true", "set_tcp_nodelay true",
		"max_inflight_messages 5000", "max_queued_messages 0", "log_dest stderr", "log_type subscribe", "log_type error",
	}
	if os.Getuid() == 0 {
		lines = append(lines, "user root") // else it gives up the right to its own folder
	}
	file := filepath.Join(dir, "mosquitto.conf")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return nil, err
	}
	m := &mosquitto{addr: fmt.Sprintf("127.0.0.1:%d", port)}
	if m.process, err = start(filepath.Join(dir, "mosquitto.log"), binary, "-c", file); err != nil {
		return nil, err
	}
	time.Sleep(100 * time.Millisecond)
	return m, nil
}

// subscribed says whether somebody has subscribed to the telemetry.
func (m *mosquitto) subscribed() bool {
	out, _ := os.ReadFile(m.logFile)
	return strings.Contains(string(out), "homecare/v1/+/+/telemetry")
}
