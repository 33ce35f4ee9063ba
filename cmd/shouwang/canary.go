package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"shouwang/alerting"
	"shouwang/alerting/canary"
	"shouwang/alerting/notify"
	"shouwang/dashboard"
	"shouwang/dashboard/access"
	"shouwang/devices"
	"shouwang/devices/registry"
	"shouwang/devices/simulate/publisher"
	"shouwang/ingest/broker"
)

// canarySettings are of the service's own heartbeat (docs/canary.md).
type canarySettings struct {
	Every        time.Duration `help:"How often the service sends a message of its own through everything, and watches that it comes out; 0 is never." default:"1m"`
	User         string        `help:"User of the canary at the broker of mqtt.url." default:"shouwang-canary"`
	PasswordFile string        `help:"File with its password there; without it the canary rests." type:"path"`
	Channel      string        `help:"Channel of notify by which a broken heartbeat is told at once, past the database." placeholder:"NAME"`
	Address      string        `help:"Address on that channel: a number, an e-mail address, a member of a group."`

	within, backlog time.Duration // of tests
}

func (s *canarySettings) validate(bad func(key, format string, args ...any), n *notifySettings) {
	if s.Every != 0 && (s.Every < 10*time.Second || s.Every > time.Hour) {
		bad("canary.every", "%v: must be 0 or lie between 10s and 1h", s.Every)
	}
	if s.Channel == "" {
		if s.Address != "" {
			bad("canary.address", "%q: needs canary.channel", s.Address)
		}
		return
	}
	list, err := n.channels()
	if err != nil {
		return // said elsewhere
	}
	c, ok := channelOf(list, s.Channel)
	if !ok {
		bad("canary.channel", "%q: must be a channel that is set under notify", s.Channel)
		return
	}
	if rule := notify.CheckAddress(c.Kind, s.Address); rule != "" {
		bad("canary.address", "%q: %s", s.Address, rule)
	}
}

func channelOf(list []notify.Channel, name string) (notify.Channel, bool) {
	for _, c := range list {
		if c.Name == name {
			return c, true
		}
	}
	return notify.Channel{}, false
}

// canaryUser is the gateway that speaks for the canary's devices.
const canaryUser = "vendor:" + devices.CanaryVendor

// canaryDoor lets the canary in at the embedded broker, and all others by the
// registry.
type canaryDoor struct {
	*registry.Registry

	secret string // "": nobody
}

// Authenticate implements broker.Authenticator.
func (d canaryDoor) Authenticate(username, password string) (devices.Login, error) {
	if username == canaryUser && d.secret != "" && subtle.ConstantTimeCompare([]byte(password), []byte(d.secret)) == 1 {
		return devices.Login{User: canaryUser, Vendor: devices.CanaryVendor}, nil
	}
	return d.Registry.Authenticate(username, password)
}

// canaryDirectory knows the canary's devices beside those of the registry, so that
// their messages are decoded. Nothing else asks it.
type canaryDirectory struct{ *registry.Registry }

// Standing implements ingest.Directory.
func (d canaryDirectory) Standing(id devices.DeviceID, at time.Time) (devices.Standing, bool) {
	if own, ok := devices.Canary(id); ok {
		return devices.Standing{Device: own}, true
	}
	return d.Registry.Standing(id, at)
}

// canaryParts are what the parts of the service need of the canary before it runs.
type canaryParts struct {
	// secret and token are new with each start and leave the process only by way
	// of its own listeners.
	secret, token string
	monitor       *canary.Monitor // nil: it rests
	// hold keeps it from beginning until it is closed; nil: it begins with the
	// service.
	hold chan struct{}
	// locked lets tests shut the canary out.
	locked atomic.Bool
}

func newCanaryParts() *canaryParts { return &canaryParts{secret: rand.Text(), token: rand.Text()} }

// board is what the dashboard needs.
func (p *canaryParts) board(a *app) *dashboard.Canary {
	if p.monitor == nil {
		return nil
	}
	return &dashboard.Canary{Token: p.token, Beats: a.alerts.Beats}
}

// warnings are what the boards show.
func (p *canaryParts) warnings(list []dashboard.Warning) []dashboard.Warning {
	if p.monitor != nil && p.monitor.State().Broken {
		list = append(list, dashboard.CanarySilent)
	}
	return list
}

// newCanary makes the canary where all that it watches is in this process.
func (a *app) newCanary(brk *broker.Broker) error {
	s := &a.settings
	own := a.ownListener()
	switch {
	case s.Canary.Every == 0:
		return nil
	case !s.has("ingest") || !s.has("alerting") || !s.has("dashboard"):
		a.log.Info().Msg("canary rests: this process does not have all of ingest, alerting and dashboard")
		return nil
	case !own && s.Canary.PasswordFile == "":
		a.log.Warn().Msg("canary rests: canary.password_file is missing")
		return nil
	}
	login := publisher.Login{User: canaryUser, ClientID: canaryUser}
	conn, err := a.brokerOptions(brk)
	if err != nil {
		return err
	}
	login.Broker, login.TLS = conn.Broker, conn.TLS
	if !own {
		login.User, login.ClientID = s.Canary.User, s.Canary.User
		if a.canary.secret, err = secret(s.Canary.PasswordFile); err != nil {
			return err
		}
	}
	o := canary.Options{
		Every: s.Canary.Every, First: min(s.Canary.Every, 10*time.Second), Within: s.Canary.within, Backlog: s.Canary.backlog,
		Publish: func(ctx context.Context, device devices.DeviceID, channel string, payload []byte) error {
			l := login
			_, id := device.Split()
			l.ClientID += "~" + id
			if l.Password = a.canary.secret; a.canary.locked.Load() {
				l.Password = "wrong"
			}
			client, err := publisher.Dial(ctx, l)
			if err != nil {
				return err
			}
			defer client.Close()
			return client.Publish(ctx, "homecare/v1/"+string(device)+"/"+channel, payload, false)
		},
		Dial: a.dialLive, Latest: a.canaryLatest, Report: a.reportCanary,
		Log: a.log, Metrics: a.metrics,
	}
	if s.Canary.Channel != "" {
		if o.Direct, err = a.canaryDirect(); err != nil {
			return err
		}
	}
	a.canary.monitor = canary.New(o)
	return nil
}

// dialLive opens the service's own live view as any client does.
func (a *app) dialLive(ctx context.Context) (*websocket.Conn, error) {
	dialer := websocket.Dialer{HandshakeTimeout: 5 * time.Second}
	address := "ws://" + loopback(a.httpAddr)
	if s := &a.settings; s.HTTP.TLSCert != "" {
		cert, err := tls.LoadX509KeyPair(s.HTTP.TLSCert, s.HTTP.TLSKey)
		if err != nil {
			return nil, fmt.Errorf("http.tls_cert: %w", err)
		}
		address, dialer.TLSClientConfig = "wss://"+loopback(a.httpAddr), pinned(cert)
	}
	conn, resp, err := dialer.DialContext(ctx, address+"/api/v1/live", http.Header{"Authorization": {"Bearer " + a.canary.token}})
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	return conn, err
}

func (a *app) canaryLatest(ctx context.Context) (float64, error) {
	list, err := a.series.Latest(ctx, devices.CanaryMeter)
	if err != nil {
		return 0, err
	}
	for _, r := range list {
		if r.Metric == devices.VolumeM3 {
			return r.Value, nil
		}
	}
	return 0, errors.New("nothing is stored of the canary's meter")
}

// reportCanary opens the alert, or lets it recover, and tells the administrators.
func (a *app) reportCanary(ctx context.Context, o canary.Outcome) error {
	now := time.Now()
	var notices []alerting.Notice
	if o.Broken {
		administrators, err := a.access.Workers(ctx, access.WorkerFilter{Role: []access.Role{access.Administrator}})
		if err != nil {
			return err
		}
		for _, p := range administrators {
			notices = append(notices, alerting.Notice{
				Key: "canary/" + o.Since.UTC().Format(time.RFC3339) + "/" + p.Username, Person: p.Username,
				Reason: alerting.NoticeCanary, Severity: alerting.Red, At: now, Data: map[string]any{"stage": string(o.Stage)},
			})
		}
	}
	return alerting.ReportCanary(ctx, a.alerts, a.registry, now, o.Broken, map[string]any{"stage": string(o.Stage)}, notices)
}

// canaryDirect tells by a channel of its own, past outbox and database.
func (a *app) canaryDirect() (func(context.Context, canary.Outcome) error, error) {
	s := &a.settings
	list, err := s.Notify.channels()
	if err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	c, ok := channelOf(list, s.Canary.Channel)
	if !ok {
		return nil, fmt.Errorf("canary.channel: %q: must be a channel that is set under notify", s.Canary.Channel)
	}
	return func(ctx context.Context, o canary.Outcome) error {
		m := notify.Message{
			Title: "守望：系统自检恢复", Text: "系统自身的消息已恢复正常。", Severity: alerting.Blue,
			Reason: alerting.NoticeCanary, Language: "zh", At: time.Now(), Key: fmt.Sprintf("canary/ok/%d", time.Now().Unix()),
		}
		if o.Broken {
			m.Key, m.Severity = fmt.Sprintf("canary/%d", o.Since.Unix()), alerting.Red
			m.Title = "守望：系统自检中断"
			m.Text = "系统自身的消息没有到达值守页面，值守页面可能不反映实际情况。请立即检查服务（环节：" + string(o.Stage) + "）。"
			m.Voice = "守望系统自检中断，值守页面可能不反映实际情况，请立即检查服务。"
		}
		_, err := c.Sender.Send(ctx, notify.Address{To: s.Canary.Address}, m)
		return err
	}, nil
}
