package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"shouwang/devices"
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
		Listen  string `help:"Address of the board and the API." default:"127.0.0.1:8080"`
		TLSCert string `help:"Certificate file; with it the board speaks HTTPS." type:"path"`
		TLSKey  string `help:"Key file of the certificate." type:"path"`
		// A proxy that ends TLS before us speaks plain HTTP to us.
		SecureCookies bool     `help:"Mark the session cookie for HTTPS only: set it when a proxy in front speaks HTTPS. Always so with a certificate."`
		Origins       []string `help:"Further origins (https://host[:port]) whose pages may call the API, as when a proxy changes the host name." placeholder:"ORIGIN"`

		TOTP          string        `help:"Authenticator app beside the password: required (administrators and supervisors must have one, others may), optional or off." name:"totp" enum:"required,optional,off" default:"required"`
		TOTPGrace     time.Duration `help:"How long after an account was made its people may work without the app they must have." name:"totp-grace" default:"72h"`
		SessionIdle   time.Duration `help:"A session that was not used for so long ends; an open board is use." default:"12h"`
		SessionMax    time.Duration `help:"Every session ends so long after sign-in." default:"168h"`
		UnmaskedRoles []string      `help:"Roles that see names and phone numbers in lists as they are: ${enum}." enum:"administrator,duty,town_duty,assistant,provider,supervisor" default:"administrator"`

		MetricsToken string `help:"File with the bearer token for /metrics; without it /metrics answers on loopback only." name:"metrics-token-file" type:"path"`
	} `embed:"" prefix:"http-"`

	Consent struct {
		Default string `help:"What holds for a resident of whom no decision is entered: granted (they agreed by contract) or required (nothing is taken but calls for help)." enum:"granted,required" default:"granted"`
	} `embed:"" prefix:"consent-"`

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
		// ReserveMB is measured on the disk of the data folder.
		ReserveMB int64 `help:"Free disk below which telemetry is no longer acknowledged, so that events still find room." default:"512" name:"reserve-mb"`
	} `embed:"" prefix:"journal-"`

	Ingest struct {
		AgeLimit time.Duration `help:"Readings older than this are refused; 0 takes any." default:"840h"`
		Rate     int           `help:"Messages a device may send in a minute, events not counted; the rest reaches history later. 0 is no bound." default:"0" name:"rate-per-minute"`
		Letters  time.Duration `help:"How long messages that were refused are kept; 0 is for ever." default:"2160h" name:"dead-letters"`
		ExcessMB int64         `help:"Disk for what waits because of rate-per-minute; what does not fit is a dead letter." default:"256" name:"excess-mb"`
	} `embed:"" prefix:"ingest-"`

	Field struct {
		Photos time.Duration `help:"How long photos of visits are kept; 0 is for ever." default:"4320h"`
	} `embed:"" prefix:"field-"`

	Notify notifySettings `embed:"" prefix:"notify-"`

	Canary canarySettings `embed:"" prefix:"canary-"`

	Series struct {
		Store     string `help:"Where readings go: ${enum}." enum:"sqlite,influxdb" default:"sqlite"`
		URL       string `help:"Address of InfluxDB." default:"http://127.0.0.1:8086"`
		Org       string `help:"InfluxDB organisation; - for 1.8." default:"shouwang"`
		Bucket    string `help:"InfluxDB bucket; database/retention policy for 1.8." default:"readings"`
		TokenFile string `help:"File with the InfluxDB token; user:password for 1.8." type:"path"`

		DrainPerSecond int `help:"The most readings a second that go to the store, so that a backlog does not press it; 0 is no limit." default:"50000" name:"drain-per-second"`

		Retention struct {
			Position time.Duration `help:"How long positions are kept; 0 is for ever, as with the others." default:"2160h"`
			Vitals   time.Duration `help:"How long heart rate, steps and other signs of the body are kept." default:"17520h"`
			Other    time.Duration `help:"How long everything else is kept: water, batteries." default:"26304h"`
		} `embed:"" prefix:"retention-"`
	} `embed:"" prefix:"series-"`
}

// ages is how long each class of readings is kept.
func (s *settings) ages() map[devices.Class]time.Duration {
	keep := &s.Series.Retention
	return map[devices.Class]time.Duration{devices.Position: keep.Position, devices.Vitals: keep.Vitals, devices.Other: keep.Other}
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
	if err := checkAddr(s.HTTP.Listen); err != nil {
		bad("http.listen", "%v", err)
	}
	if s.HTTP.TOTPGrace < 0 {
		bad("http.totp_grace", "%v: must not be negative", s.HTTP.TOTPGrace)
	}
	if s.HTTP.SessionIdle < 0 || s.HTTP.SessionMax < s.HTTP.SessionIdle {
		bad("http.session_max", "%v: must be at least http.session_idle (%v)", s.HTTP.SessionMax, s.HTTP.SessionIdle)
	}
	if s.Journal.Replay < 0 || s.Journal.Replay > 7*24*time.Hour {
		bad("journal.replay", "%v: must lie between 0 and 168h", s.Journal.Replay)
	}
	if s.Ingest.AgeLimit < 0 {
		bad("ingest.age_limit", "%v: must not be negative", s.Ingest.AgeLimit)
	}
	for key, age := range map[string]time.Duration{
		"position": s.Series.Retention.Position, "vitals": s.Series.Retention.Vitals, "other": s.Series.Retention.Other,
	} {
		if age != 0 && age < s.Ingest.AgeLimit || age < 0 {
			bad("series.retention."+key, "%v: must be 0 or at least ingest.age_limit (%v), or late uploads are taken and lost", age, s.Ingest.AgeLimit)
		}
	}
	if s.Ingest.Letters < 0 {
		bad("ingest.dead_letters", "%v: must not be negative", s.Ingest.Letters)
	}
	if s.Field.Photos != 0 && s.Field.Photos < 24*time.Hour {
		bad("field.photos", "%v: must be 0 or at least 24h", s.Field.Photos)
	}
	if s.Ingest.Rate < 0 {
		bad("ingest.rate_per_minute", "%d: must not be negative", s.Ingest.Rate)
	}
	if s.Ingest.ExcessMB < 1 {
		bad("ingest.excess_mb", "%d: must be at least 1", s.Ingest.ExcessMB)
	}
	if s.Broker.Sync < 0 {
		bad("broker.sync", "%v: must not be negative", s.Broker.Sync)
	}
	if s.Journal.ReserveMB < 8 {
		bad("journal.reserve_mb", "%d: must be at least 8", s.Journal.ReserveMB)
	}
	if s.Series.DrainPerSecond < 0 {
		bad("series.drain_per_second", "%d: must not be negative", s.Series.DrainPerSecond)
	}
	if s.Broker.MaxStoreMB < 64 {
		bad("broker.max_store_mb", "%d: must be at least 64", s.Broker.MaxStoreMB)
	}
	if (s.HTTP.TLSCert == "") != (s.HTTP.TLSKey == "") {
		bad("http.tls_cert", "certificate and key must be given together")
	}
	if s.MQTT.URL == "" && s.has("broker") {
		if err := checkAddr(s.Broker.Listen); err != nil {
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
		"canary.password_file": s.Canary.PasswordFile, "mqtt.password_file": s.MQTT.PasswordFile, "mqtt.ca_file": s.MQTT.CAFile, "series.token_file": s.Series.TokenFile,
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
	s.Notify.check(bad)
	if s.Series.Store == "influxdb" && s.Series.TokenFile == "" {
		bad("series.token_file", "missing: InfluxDB needs a token")
	}
	s.Canary.validate(bad, &s.Notify)
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("configuration: %s", strings.Join(wrong, "; "))
	}
	return nil
}

// checkAddr says what is wrong with an address to listen on.
func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("%q: must be host:port", addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q: the port must be a number from 0 to 65535", addr)
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
