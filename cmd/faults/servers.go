package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"shouwang/ingest/peer"
)

const (
	influxUser     = "faults"
	influxPassword = "of-the-loopback-interface"
	influxDatabase = "faults"
)

// influx is a real InfluxDB 1.8 that can be killed and started again.
type influx struct {
	*process
	url, dir, binary string
}

func (h *harness) tool(name string) (string, error) {
	if file := filepath.Join(h.Tools, name); isFile(file) {
		return file, nil
	}
	for _, where := range []string{"", "/usr/sbin/", "/usr/local/sbin/"} {
		if file, err := exec.LookPath(where + name); err == nil {
			return file, nil
		}
	}
	return "", &missingError{name}
}

func isFile(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}

func (h *harness) newInflux(ctx context.Context, dir string) (*influx, error) {
	binary, err := h.tool("influxd")
	if err != nil {
		return nil, err
	}
	i := &influx{dir: filepath.Join(dir, "influxdb"), binary: binary}
	if err := os.MkdirAll(i.dir, 0o700); err != nil {
		return nil, err
	}
	addr, err := peer.FreeAddr()
	if err != nil {
		return nil, err
	}
	rpc, err := peer.FreeAddr()
	if err != nil {
		return nil, err
	}
	i.url = "http://" + addr
	const config = `reporting-disabled = true
bind-address = %[2]q
[meta]
  dir = "%[1]s/meta"
[data]
  dir = "%[1]s/data"
  wal-dir = "%[1]s/wal"
  index-version = "tsi1"
  query-log-enabled = false
[http]
  bind-address = %[3]q
  auth-enabled = true
  log-enabled = false
[monitor]
  store-enabled = false
[continuous_queries]
  enabled = false
`
	if err := os.WriteFile(filepath.Join(i.dir, "influxdb.conf"), fmt.Appendf(nil, config, i.dir, rpc, addr), 0o600); err != nil {
		return nil, err
	}
	if err := i.run(ctx); err != nil {
		return nil, err
	}
	for _, q := range []string{"CREATE USER " + influxUser + " WITH PASSWORD '" + influxPassword + "' WITH ALL PRIVILEGES", "CREATE DATABASE " + influxDatabase} {
		if _, err := i.query(ctx, q); err != nil {
			i.kill()
			return nil, err
		}
	}
	return i, nil
}

func (i *influx) run(ctx context.Context) (err error) {
	if i.process, err = start(filepath.Join(i.dir, "log"), i.binary, "run", "-config", filepath.Join(i.dir, "influxdb.conf")); err != nil {
		return err
	}
	return i.wait(ctx, "InfluxDB answers", func() bool {
		_, err := get(ctx, i.url+"/ping", nil, http.StatusNoContent)
		return err == nil
	})
}

// query runs one statement and returns the first row without its time.
func (i *influx) query(ctx context.Context, q string) ([]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, i.url+"/query",
		strings.NewReader(url.Values{"db": {influxDatabase}, "q": {q}}.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(influxUser, influxPassword)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // nothing to do about it
	var answer struct {
		Error   string
		Results []struct {
			Error  string
			Series []struct{ Values [][]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, fmt.Errorf("%s", answer.Error)
	}
	var row []float64
	for _, r := range answer.Results {
		if r.Error != "" {
			return nil, fmt.Errorf("%s", r.Error)
		}
		for _, s := range r.Series {
			for _, v := range s.Values[0][1:] {
				n, _ := v.(float64)
				row = append(row, n)
			}
		}
	}
	return row, nil
}

// count counts the points of a field, each of which is a distinct reading.
func (i *influx) count(ctx context.Context, measurement, field string) int {
	row, err := i.query(ctx, fmt.Sprintf("SELECT count(%q) FROM %q", field, measurement))
	if err != nil || len(row) == 0 {
		return 0
	}
	return int(row[0])
}

// expectPoints waits until there are n, or until nothing has come for quiet.
func (i *influx) expectPoints(ctx context.Context, measurement, field string, n int, quiet time.Duration) (have int, took time.Duration) {
	began, moved := time.Now(), time.Now()
	for have < n && time.Since(moved) < quiet && ctx.Err() == nil {
		if now := i.count(ctx, measurement, field); now > have {
			have, moved = now, time.Now()
		}
		_ = pause(ctx, 100*time.Millisecond)
	}
	return have, time.Since(began)
}

// seriesArgs let the service write there.
func (i *influx) seriesArgs(dir string) ([]string, error) {
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte(influxUser+":"+influxPassword), 0o600); err != nil {
		return nil, err
	}
	return []string{"--series-store", "influxdb", "--series-url", i.url, "--series-org", "-", "--series-bucket", influxDatabase + "/autogen", "--series-token-file", token}, nil
}

// mosquitto is a real broker with its defaults and the lines that are given.
type mosquitto struct {
	*process
	addr, dir, binary string
	lines             []string
}

func (h *harness) newMosquitto(ctx context.Context, dir string, lines ...string) (*mosquitto, error) {
	binary, err := h.tool("mosquitto")
	if err != nil {
		return nil, err
	}
	m := &mosquitto{dir: dir, binary: binary}
	if m.addr, err = peer.FreeAddr(); err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(m.addr)
	if err != nil {
		return nil, err
	}
	m.lines = append([]string{"listener " + port + " 127.0.0.1", "allow_anonymous true", "set_tcp_nodelay true", "log_dest stderr", "log_type all"}, lines...)
	if os.Getuid() == 0 {
		m.lines = append(m.lines, "user root") // else it gives up the right to its own folder
	}
	return m, m.run(ctx)
}

func (m *mosquitto) run(ctx context.Context) (err error) {
	file := filepath.Join(m.dir, "mosquitto.conf")
	if err := os.WriteFile(file, []byte(strings.Join(m.lines, "\n")+"\n"), 0o600); err != nil {
		return err
	}
	if m.process, err = start(os.DevNull, m.binary, "-c", file); err != nil {
		return err
	}
	return m.wait(ctx, "mosquitto answers", func() bool {
		conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", m.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

const telegrafConfig = `[agent]
  interval = "1s"
  flush_interval = "1s"
  flush_jitter = "0s"
  metric_batch_size = 5000
  metric_buffer_limit = 1000000
  omit_hostname = true
  quiet = true
[[outputs.influxdb_v2]]
  urls = ["%[1]s"]
  token = "%[2]s"
  organization = "-"
  bucket = "%[3]s/autogen"
[[inputs.mqtt_consumer]]
  servers = ["tcp://%[4]s"]
  topics = ["homecare/v1/+/+/telemetry"]
  topic_tag = ""
  qos = 1
  persistent_session = true
  client_id = "telegraf"
  max_undelivered_messages = %[5]d
  data_format = "json_v2"
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "homecare/v1/+/+/telemetry"
    tags = "_/_/vendor/device/_"
  [[inputs.mqtt_consumer.json_v2]]
    measurement_name = "vitals"
    timestamp_path = "ts"
    timestamp_format = "unix_ms"
    [[inputs.mqtt_consumer.json_v2.field]]
      path = "metrics.steps"
`

func (h *harness) startTelegraf(ctx context.Context, dir, broker string, i *influx, undelivered int) (*process, error) {
	binary, err := h.tool("telegraf")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "telegraf.conf")
	text := fmt.Sprintf(telegrafConfig, i.url, influxUser+":"+influxPassword, influxDatabase, broker, undelivered)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	p, err := start(filepath.Join(dir, "telegraf.log"), binary, "--config", file)
	if err != nil {
		return nil, err
	}
	return p, pause(ctx, 2*time.Second) // it does not say when it has subscribed
}
