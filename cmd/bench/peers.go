package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"shouwang/dashboard/access"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/registry"
)

// devicesOfLoad is the number of devices that publish, unless it is said
// otherwise.
const devicesOfLoad = 1000

// metric is what the load publishes unless it is said otherwise.
const metric = "heart_rate_bpm"

// peer is one of the two that are compared.
type peer interface {
	name() string
	// start runs it against the broker; it writes to the database at url.
	start(ctx context.Context, dir, broker, url, database string) (*process, error)
	// stored is where a metric of the load is in InfluxDB.
	stored(metric string) (measurement, field string)
}

// telegrafPeer is Telegraf, set up as its manual advises for speed: QoS 1 with a
// persistent session, batches of 5000, room for several of them undelivered, no
// compression on one machine. The object form of json_v2 takes what the contract
// allows, one object or an array with any metrics; the field form, which is
// cheaper, only one object with metrics that are known beforehand.
type telegrafPeer struct {
	binary  string
	metrics []string
	array   bool
	flush   time.Duration
}

func (telegrafPeer) name() string { return "Telegraf" }

func (telegrafPeer) stored(metric string) (measurement, field string) { return "vitals", metric }

func (t telegrafPeer) start(_ context.Context, dir, broker, url, db string) (*process, error) {
	var parser strings.Builder
	if t.array {
		parser.WriteString(`
    [[inputs.mqtt_consumer.json_v2.object]]
      path = "@this"
      timestamp_key = "ts"
      timestamp_format = "unix_ms"
      disable_prepend_keys = true
      excluded_keys = ["seq", "model"]
`)
	} else {
		parser.WriteString("    timestamp_path = \"ts\"\n    timestamp_format = \"unix_ms\"\n")
		for _, m := range t.metrics {
			fmt.Fprintf(&parser, "    [[inputs.mqtt_consumer.json_v2.field]]\n      path = \"metrics.%s\"\n", m)
		}
	}
	const config = `[agent]
  interval = "1s"
  flush_interval = "%[1]s"
  flush_jitter = "0s"
  metric_batch_size = 5000
  metric_buffer_limit = 1000000
  omit_hostname = true
  quiet = true
[[outputs.influxdb_v2]]
  urls = ["%[2]s"]
  token = "%[3]s"
  organization = "-"
  bucket = "%[4]s/autogen"
  content_encoding = "identity"
[[inputs.mqtt_consumer]]
  servers = ["tcp://%[5]s"]
  topics = ["homecare/v1/+/+/telemetry"]
  topic_tag = ""
  qos = 1
  persistent_session = true
  client_id = "telegraf"
  max_undelivered_messages = 20000
  data_format = "json_v2"
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "homecare/v1/+/+/telemetry"
    tags = "_/_/vendor/device/_"
  [[inputs.mqtt_consumer.json_v2]]
    measurement_name = "vitals"
%[6]s`
	file := filepath.Join(dir, "telegraf.conf")
	text := fmt.Sprintf(config, t.flush, url, influxUser+":"+influxPassword, db, broker, parser.String())
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, err
	}
	return start(filepath.Join(dir, "telegraf.log"), t.binary, "--config", file)
}

// shouwangPeer is the whole service: ingest, journal on disk, both readers,
// detectors and the board.
type shouwangPeer struct {
	binary   string
	template string
	more     []string // arguments
}

func (shouwangPeer) name() string { return "shouwang" }

func (shouwangPeer) stored(metric string) (measurement, field string) { return metric, "value" }

func (s shouwangPeer) start(_ context.Context, dir, broker, url, db string) (*process, error) {
	data := filepath.Join(dir, "data")
	if _, err := os.Stat(data); err != nil {
		if err := copyState(s.template, data); err != nil {
			return nil, err
		}
	}
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte(influxUser+":"+influxPassword), 0o600); err != nil {
		return nil, err
	}
	args := []string{
		"serve", "--data", data, "--http-listen", "127.0.0.1:0", "--mqtt-url", "tcp://" + broker, "--log-level", "info",
		"--series-store", "influxdb", "--series-url", url, "--series-org", "-", "--series-bucket", db + "/autogen", "--series-token-file", token,
		"--series-drain-per-second", "0", // the limit spares a store that others use too
	}
	return start(filepath.Join(dir, "shouwang.log"), s.binary, append(args, s.more...)...)
}

func copyState(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	in, err := os.Open(filepath.Join(from, "state.db"))
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // read only
	out, err := os.Create(filepath.Join(to, "state.db"))
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// makeState makes a state.db with n devices as `simulate load` names them, each
// worn by a resident, a gateway that speaks for all, and an administrator whose
// token it returns.
func makeState(ctx context.Context, dir string, n int) (token string, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	db, err := database.Open(ctx, filepath.Join(dir, "state.db"))
	if err != nil {
		return "", err
	}
	defer func() {
		if closed := db.Close(); err == nil {
			err = closed
		}
	}()
	reg, err := registry.Open(ctx, db)
	if err != nil {
		return "", err
	}
	in := devices.Import{
		Areas: []devices.Area{
			{Path: "load", Name: "load"}, {Path: "load/town", Name: "town"}, {Path: "load/town/village", Name: "village"},
		},
		Gateways: []string{"load"},
		Secrets:  []devices.Secret{{User: gateway, Secret: gatewayPassword}},
	}
	for i := range n {
		id := fmt.Sprintf("load-%06d", i+1)
		in.Residents = append(in.Residents, devices.Resident{
			ID: id, Name: "Resident " + id, Born: 1945, Area: "load/town/village", Tier: devices.TierYellow, State: devices.Active,
		})
		in.Devices = append(in.Devices, devices.Device{ID: devices.DeviceID("load/" + id), Kind: devices.Wristband, Area: "load/town/village"})
		in.Assignments = append(in.Assignments, devices.Assignment{Device: devices.DeviceID("load/" + id), Resident: id})
		if len(in.Devices) == 5000 || i == n-1 {
			if err := reg.PutAll(ctx, in); err != nil {
				return "", fmt.Errorf("enter devices: %w", err)
			}
			in = devices.Import{}
		}
	}
	accounts := access.New(db, access.Options{})
	account := access.Account{Username: "bench", Name: "Bench", Role: access.Administrator, Areas: []devices.AreaPath{""}}
	if err := accounts.Create(ctx, account, "a password for the bench"); err != nil {
		return "", err
	}
	return accounts.NewToken(ctx, "bench")
}

const (
	gateway         = "vendor:load"
	gatewayPassword = "a secret of the bench for loopback"
)
