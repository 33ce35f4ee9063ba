package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"shouwang/devices"
	"shouwang/devices/simulate/load"
)

// simulateLoadCmd measures a broker and what is behind it. Without a ready file
// or a user it connects without a password, so it works against any broker.
type simulateLoadCmd struct {
	instance
	MQTT         string           `help:"Broker, host:port or URL (tcp://, ssl://), instead of the ready file's." name:"mqtt" placeholder:"ADDR"`
	CAFile       string           `help:"File with the certificates to trust, instead of the system's." type:"existingfile" name:"ca-file" placeholder:"FILE"`
	User         string           `help:"Publish as this user for all devices (a gateway: vendor:NAME)." placeholder:"USER"`
	PasswordFile string           `help:"File with the user's password." type:"existingfile" placeholder:"FILE"`
	Register     bool             `help:"Enter the devices, and made-up residents for them, before they publish."`
	Area         string           `help:"Area of the made-up residents." default:"load/town/village"`
	Vendor       string           `help:"Vendor of the devices, whose ids are load-000001 and so on." default:"load"`
	Devices      int              `help:"Number of devices." default:"1000"`
	Connections  int              `help:"Number of connections; 0 is one for each device that has a password of its own, else 10." default:"0"`
	Rate         float64          `help:"Messages a second; 0 is as fast as it goes." default:"0"`
	Messages     int64            `help:"Messages to send; 0 is no limit." default:"0"`
	Duration     time.Duration    `help:"How long to send; 10s when neither this nor --messages is given." default:"0s"`
	QoS          byte             `help:"0 or 1." default:"1" name:"qos"`
	Batch        int              `help:"Objects in one message, each with a time of its own." default:"1"`
	Metrics      []devices.Metric `help:"Metrics of each object; a message has --batch times as many readings." default:"heart_rate_bpm"`
	Size         int              `help:"Least size of a message of one object, in bytes: it is filled up with a field that nobody reads." default:"120"`
	InFlight     int              `help:"Unacknowledged messages on one connection." default:"20"`
	Seed         uint64           `help:"Of the values; times are those of the clock." default:"1"`
	JSON         bool             `help:"Print one line of JSON." name:"json"`
}

// loadReport is what a run prints. Durations are in milliseconds.
type loadReport struct {
	Messages     int64   `json:"messages"`
	Readings     int64   `json:"readings"`
	Acknowledged int64   `json:"acknowledged"`
	Resent       int64   `json:"resent"`
	Connections  int     `json:"connections"`
	Connects     int64   `json:"connects"`
	Devices      int     `json:"devices"`
	QoS          byte    `json:"qos"`
	MeanBytes    float64 `json:"mean_bytes"`
	Seconds      float64 `json:"seconds"`
	PerSecond    float64 `json:"messages_per_second"`
	P50          float64 `json:"puback_p50_ms"`
	P90          float64 `json:"puback_p90_ms"`
	P99          float64 `json:"puback_p99_ms"`
	Max          float64 `json:"puback_max_ms"`
	User         float64 `json:"cpu_user_s"`
	System       float64 `json:"cpu_system_s"`
}

// Run registers, publishes, and prints what was sent and acknowledged.
func (c *simulateLoadCmd) Run(ctx context.Context, stdout io.Writer) error {
	api, ready, err := c.open()
	if err != nil {
		return err
	}
	o, err := c.options(ctx, api, ready)
	if err != nil {
		return err
	}
	user, system := cpuTime()
	stats, err := load.Run(ctx, *o)
	if stats.Messages > 0 {
		userAfter, systemAfter := cpuTime()
		r := report(o, stats)
		r.User, r.System = (userAfter - user).Seconds(), (systemAfter - system).Seconds()
		if printErr := c.print(stdout, r); err == nil {
			err = printErr
		}
	}
	return err
}

func report(o *load.Options, s *load.Stats) loadReport {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return loadReport{
		Messages: s.Messages, Readings: s.Messages * int64(o.Batch*len(o.Metrics)), Acknowledged: s.Acknowledged, Resent: s.Resent,
		Connections: o.Connections, Connects: s.Connects, Devices: len(o.Devices), QoS: o.QoS,
		MeanBytes: float64(s.Bytes) / float64(s.Messages),
		Seconds:   s.Elapsed.Seconds(), PerSecond: float64(s.Messages) / s.Elapsed.Seconds(),
		P50: ms(s.Latency.Quantile(0.5)), P90: ms(s.Latency.Quantile(0.9)), P99: ms(s.Latency.Quantile(0.99)), Max: ms(s.Latency.Max()),
	}
}

func (c *simulateLoadCmd) print(w io.Writer, r loadReport) error {
	if c.JSON {
		return json.NewEncoder(w).Encode(r)
	}
	cpu := r.User + r.System
	_, err := fmt.Fprintf(w, `sent %d messages of %.0f bytes (%d readings) of %d devices over %d connections in %.2f s: %.0f messages/s
`, r.Messages, r.MeanBytes, r.Readings, r.Devices, r.Connections, r.Seconds, r.PerSecond)
	if err == nil && r.QoS > 0 {
		_, err = fmt.Fprintf(w, `acknowledged %d, sent again %d; PUBACK after p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, at most %.2f ms
`, r.Acknowledged, r.Resent, r.P50, r.P90, r.P99, r.Max)
	}
	if err == nil {
		_, err = fmt.Fprintf(w, "CPU of the generator: %.2f s user, %.2f s system, %.2f s for 100 000 messages\n",
			r.User, r.System, cpu/float64(r.Messages)*100_000)
	}
	return err
}

func (c *simulateLoadCmd) options(ctx context.Context, api *apiClient, ready readyFile) (*load.Options, error) {
	o := &load.Options{
		Connections: c.Connections, QoS: c.QoS, Metrics: c.Metrics, Batch: c.Batch, Size: c.Size, Rate: c.Rate,
		Messages: c.Messages, Duration: c.Duration, InFlight: c.InFlight, Seed: c.Seed,
	}
	if o.Messages == 0 && o.Duration == 0 {
		o.Duration = 10 * time.Second
	}
	if err := c.address(o, ready); err != nil {
		return nil, err
	}
	passwords, err := c.logins(ctx, api, ready, o)
	if err != nil {
		return nil, err
	}
	switch {
	case c.User != "":
		o.Login = func([]devices.DeviceID) (string, string) { return c.User, passwords[c.User] }
	case len(passwords) > 0: // each device as itself
		if c.Connections != 0 && c.Connections != len(o.Devices) {
			return nil, fmt.Errorf("--connections: %d: a device speaks only for itself, so there are as many as devices (%d)", c.Connections, len(o.Devices))
		}
		o.Connections = len(o.Devices)
		o.Login = func(ids []devices.DeviceID) (string, string) { return string(ids[0]), passwords[string(ids[0])] }
	}
	if o.Connections == 0 {
		o.Connections = min(10, len(o.Devices))
	}
	return o, nil
}

func (c *simulateLoadCmd) address(o *load.Options, ready readyFile) error {
	address := c.MQTT
	if address == "" {
		address = ready.MQTT
	}
	if address == "" {
		return errors.New("which broker? --ready-file or --mqtt")
	}
	u, err := url.Parse(withScheme(address, "tcp://"))
	if err != nil {
		return fmt.Errorf("--mqtt: %w", err)
	}
	port := "1883"
	switch u.Scheme {
	case "ssl", "tls", "mqtts":
		port = "8883"
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		if c.CAFile != "" {
			pem, err := os.ReadFile(c.CAFile)
			if err != nil {
				return fmt.Errorf("--ca-file: %w", err)
			}
			o.TLS.RootCAs = x509.NewCertPool()
			if !o.TLS.RootCAs.AppendCertsFromPEM(pem) {
				return fmt.Errorf("--ca-file: %s: no certificate in it", c.CAFile)
			}
		}
	case "tcp", "mqtt":
	default:
		return fmt.Errorf("--mqtt: %s: must be tcp:// or ssl://", address)
	}
	if u.Port() != "" {
		port = u.Port()
	}
	o.Address = net.JoinHostPort(u.Hostname(), port)
	return nil
}

// logins names the devices, enters them if that is asked for, and returns the
// passwords there are, by user.
func (c *simulateLoadCmd) logins(ctx context.Context, api *apiClient, ready readyFile, o *load.Options) (map[string]string, error) {
	passwords := map[string]string{}
	if c.PasswordFile != "" {
		raw, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("read password: %w", err)
		}
		passwords[c.User] = strings.TrimSpace(string(raw))
	}
	if c.User == "" && !c.Register && len(ready.Devices) > 0 {
		for _, d := range ready.Devices { // as many as there are
			if d.Kind == devices.Wristband && len(o.Devices) < c.Devices {
				o.Devices = append(o.Devices, devices.DeviceID(d.Username))
				passwords[d.Username] = d.Password
			}
		}
		return passwords, nil
	}
	if c.Devices < 1 || c.Devices > 999_999 {
		return nil, fmt.Errorf("--devices: %d: must lie between 1 and 999999", c.Devices)
	}
	entered := make([]importDevice, c.Devices)
	for i := range entered {
		id, err := devices.NewDeviceID(c.Vendor, fmt.Sprintf("load-%06d", i+1))
		if err != nil {
			return nil, err
		}
		vendor, short := id.Split()
		o.Devices = append(o.Devices, id)
		entered[i] = importDevice{Vendor: vendor, ID: short, Kind: devices.Wristband}
	}
	if c.Register {
		return passwords, registerDevices(ctx, api, c.Area, "load", entered, c.User == "", passwords)
	}
	return passwords, nil
}
