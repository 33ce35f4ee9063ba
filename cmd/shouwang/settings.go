package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
)

// settings are all settings of the service. The tags are the one definition: of
// the flag (--mqtt-url), of the environment (SHOUWANG_MQTT_URL) and of the key in
// the YAML file (mqtt.url). Secrets are given as files, so that neither a process
// list nor a log ever shows one.
type settings struct {
	Data     string   `help:"Folder for all state: databases, journal, broker." default:"./data" type:"path"`
	Roles    []string `help:"What this process does: ${enum}." enum:"broker,ingest,alerting,dashboard" default:"broker,ingest,alerting,dashboard"`
	TimeZone string   `help:"Zone of days and rollups." default:"Asia/Shanghai"`

	Log struct {
		Level  string `help:"One of ${enum}." enum:"debug,info,warn,error" default:"info"`
		Format string `help:"One of ${enum}." enum:"json,console" default:"json"`
	} `embed:"" prefix:"log-"`

	HTTP struct {
		Listen       string `help:"Address of the board and the API." default:"127.0.0.1:8080"`
		TLSCert      string `help:"Certificate file; with it the board speaks HTTPS." type:"path"`
		TLSKey       string `help:"Key file of the certificate." type:"path"`
		MetricsToken string `help:"File with the bearer token for /metrics; without it /metrics answers on loopback only." name:"metrics-token-file" type:"path"`
	} `embed:"" prefix:"http-"`

	Broker struct {
		Listen     string        `help:"Address of the embedded MQTT listener." default:":8883"`
		TLSCert    string        `help:"Certificate file of the listener." type:"path"`
		TLSKey     string        `help:"Key file of the listener." type:"path"`
		Plain      bool          `help:"Listen without TLS: passwords and readings cross the network in clear."`
		Sync       time.Duration `help:"How often the broker syncs its files; 0 is always, before each PUBACK." default:"0s"`
		MaxStoreMB int64         `help:"Disk the broker may use for messages ingest has not yet taken." default:"2048" name:"max-store-mb"`
	} `embed:"" prefix:"broker-"`

	MQTT struct {
		URL          string `help:"Broker to read from (tcp://, ssl://); empty for the embedded one." placeholder:"URL"`
		User         string `help:"User name at that broker." default:"shouwang"`
		PasswordFile string `help:"File with the password." type:"path"`
		CAFile       string `help:"File with the certificates to trust, instead of the system's." type:"path" name:"ca-file"`
	} `embed:"" prefix:"mqtt-"`

	Journal struct {
		Replay time.Duration `help:"How long frames are kept after both readers have passed them (at most 168h)." default:"24h"`
	} `embed:"" prefix:"journal-"`

	Ingest struct {
		AgeLimit time.Duration `help:"Readings older than this are refused; 0 takes any." default:"840h"`
	} `embed:"" prefix:"ingest-"`

	Series struct {
		Store     string `help:"Where readings go: ${enum}." enum:"sqlite,influxdb" default:"sqlite"`
		URL       string `help:"Address of InfluxDB." default:"http://127.0.0.1:8086"`
		Org       string `help:"InfluxDB organisation; - for 1.8." default:"shouwang"`
		Bucket    string `help:"InfluxDB bucket; database/retention policy for 1.8." default:"readings"`
		TokenFile string `help:"File with the InfluxDB token; user:password for 1.8." type:"path"`
	} `embed:"" prefix:"series-"`
}

// has says whether the process has the role.
func (s *settings) has(role string) bool { return slices.Contains(s.Roles, role) }

// validate checks what a single value cannot show; errors name the key as it
// stands in the file.
func (s *settings) validate() error {
	var wrong []string
	bad := func(key, format string, args ...any) { wrong = append(wrong, key+": "+fmt.Sprintf(format, args...)) }
	if _, err := time.LoadLocation(s.TimeZone); err != nil {
		bad("time_zone", "%q: %v", s.TimeZone, err)
	}
	if s.Journal.Replay < 0 || s.Journal.Replay > 7*24*time.Hour {
		bad("journal.replay", "%v: must lie between 0 and 168h", s.Journal.Replay)
	}
	if s.Ingest.AgeLimit < 0 {
		bad("ingest.age_limit", "%v: must not be negative", s.Ingest.AgeLimit)
	}
	if s.Broker.Sync < 0 {
		bad("broker.sync", "%v: must not be negative", s.Broker.Sync)
	}
	if s.Broker.MaxStoreMB < 64 {
		bad("broker.max_store_mb", "%d: must be at least 64", s.Broker.MaxStoreMB)
	}
	if (s.HTTP.TLSCert == "") != (s.HTTP.TLSKey == "") {
		bad("http.tls_cert", "certificate and key must be given together")
	}
	if s.MQTT.URL == "" && s.has("broker") {
		if _, _, err := net.SplitHostPort(s.Broker.Listen); err != nil {
			bad("broker.listen", "%v", err)
		}
		if !s.Broker.Plain && (s.Broker.TLSCert == "" || s.Broker.TLSKey == "") {
			bad("broker.tls_cert", "missing: devices connect with TLS, which needs broker.tls_cert and broker.tls_key; set broker.plain to do without on a network you trust")
		}
		if s.Broker.Plain && s.Broker.TLSCert != "" {
			bad("broker.plain", "true: must not be set together with broker.tls_cert")
		}
	}
	if s.MQTT.URL == "" && !s.has("broker") && s.has("ingest") {
		bad("mqtt.url", "missing: without the role broker, ingest needs one to read from")
	}
	for key, file := range map[string]string{
		"http.tls_cert": s.HTTP.TLSCert, "http.tls_key": s.HTTP.TLSKey, "http.metrics_token_file": s.HTTP.MetricsToken,
		"broker.tls_cert": s.Broker.TLSCert, "broker.tls_key": s.Broker.TLSKey,
		"mqtt.password_file": s.MQTT.PasswordFile, "mqtt.ca_file": s.MQTT.CAFile, "series.token_file": s.Series.TokenFile,
	} {
		if file == "" {
			continue
		}
		if f, err := os.Open(file); err != nil {
			bad(key, "%v", err)
		} else {
			_ = f.Close()
		}
	}
	if s.Series.Store == "influxdb" && s.Series.TokenFile == "" {
		bad("series.token_file", "missing: InfluxDB needs a token")
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("configuration: %s", strings.Join(wrong, "; "))
	}
	return nil
}

// secret reads a secret from its file, without the newline at its end; no file
// is no secret.
func secret(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("read secret: %w", err)
	}
	return strings.TrimRight(string(b), "\r\n"), nil
}

// logger applies the log settings.
func (s *settings) logger(log zerolog.Logger) zerolog.Logger {
	level, err := zerolog.ParseLevel(s.Log.Level)
	if err != nil {
		level = zerolog.InfoLevel // kong has checked the name
	}
	if s.Log.Format == "console" {
		log = log.Output(zerolog.ConsoleWriter{Out: os.Stderr, TimeFormat: time.TimeOnly})
	}
	return log.Level(level)
}
