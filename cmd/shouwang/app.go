package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"

	"shouwang/alerting"
	"shouwang/alerting/detect"
	"shouwang/alerting/rounds"
	"shouwang/alerting/store"
	"shouwang/dashboard"
	"shouwang/dashboard/access"
	"shouwang/devices"
	"shouwang/devices/database"
	"shouwang/devices/registry"
	"shouwang/ingest"
	"shouwang/ingest/broker"
	"shouwang/ingest/deadletter"
	"shouwang/ingest/influx"
	"shouwang/ingest/journal"
	"shouwang/ingest/mqtt"
	"shouwang/ingest/rollup"
	"shouwang/ingest/sqlite"
)

// series is a time-series store that can be asked whether it answers.
type series interface {
	ingest.RollupStore
	Check(ctx context.Context) error
	// Erase deletes what is stored of the device in [from, to), of the metrics or
	// without any of all, rollups too.
	Erase(ctx context.Context, device devices.DeviceID, from, to time.Time, metrics ...devices.Metric) error
	Latest(ctx context.Context, device devices.DeviceID) ([]devices.Reading, error)
	Close() error
}

// errRunning says that another process works in the data folder.
var errRunning = errors.New("another shouwang runs in this folder")

// app is the service in one process. open makes what lives on disk, so that the
// demo can enter its county before anything runs; Run starts the parts.
type app struct {
	settings settings
	log      zerolog.Logger
	metrics  *prometheus.Registry

	lock     *flock.Flock
	db       *database.DB
	registry *registry.Registry
	access   *access.Store
	alerts   *store.Store
	letters  *deadletter.Store
	series   series
	rollups  *rollup.Series
	keeper   *keeper // before series and letters
	telling  *telling
	canary   *canaryParts
	duty     *duty
	// decoded is what the two readers of a lane share.
	decoded map[ingest.Lane]*ingest.Decoded
	disk    *ingest.Disk     // from the start of Run on
	journal *journal.Journal // from ready on
	engine  *alerting.Engine // from ready on
	rounds  *rounds.Planner  // the same
	client  *mqtt.Client     // from ready on; nil without the role ingest

	// purgeEvery is the time between two purges of the journal, 0 for its own.
	purgeEvery time.Duration
	// incidents is set by the demo.
	incidents dashboard.Incidents
	// ready is closed when everything answers; the addresses stand from then.
	ready              chan struct{}
	httpAddr, mqttAddr string
}

// open opens the databases. The caller closes what it returns.
func open(ctx context.Context, s settings, log zerolog.Logger) (*app, error) {
	a := &app{settings: s, log: log, canary: newCanaryParts(), metrics: prometheus.NewRegistry(), ready: make(chan struct{}), decoded: map[ingest.Lane]*ingest.Decoded{}}
	for _, lane := range ingest.Lanes {
		a.decoded[lane] = &ingest.Decoded{}
	}
	a.metrics.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := os.MkdirAll(s.Data, 0o700); err != nil {
		return nil, fmt.Errorf("make data folder: %w", err)
	}
	a.lock = flock.New(filepath.Join(s.Data, "lock"))
	switch locked, err := a.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("lock data folder: %w", err)
	case !locked:
		return nil, fmt.Errorf("data: %s: %w", s.Data, errRunning)
	}
	var err error
	if a.db, err = database.Open(ctx, filepath.Join(s.Data, "state.db")); err != nil {
		return nil, errors.Join(err, a.lock.Unlock())
	}
	if a.registry, err = registry.Open(ctx, a.db); err != nil {
		return nil, errors.Join(fmt.Errorf("load registry: %w", err), a.close())
	}
	a.registry.RequireConsent(s.Consent.Default == "required")
	a.access = access.New(a.db, access.Options{
		Factor: access.FactorPolicy(s.HTTP.TOTP), FactorGrace: s.HTTP.TOTPGrace, Idle: s.HTTP.SessionIdle, Absolute: s.HTTP.SessionMax,
		Log: log.With().Str("component", "access").Logger(),
	})
	a.alerts = store.New(a.db)
	a.letters = deadletter.New(a.db)
	if a.series, err = openSeries(ctx, &s, a.metrics); err != nil {
		return nil, errors.Join(err, a.close())
	}
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return nil, errors.Join(err, a.close())
	}
	a.alerts.Zone = zone
	if a.rollups, err = rollup.Open(ctx, rollup.Options{Store: a.series, DB: a.db, Zone: zone, Log: log}); err != nil {
		return nil, errors.Join(err, a.close())
	}
	a.series = a.rollups
	if a.duty, err = a.newDuty(ctx, zone); err != nil {
		return nil, errors.Join(err, a.close())
	}
	if a.telling, err = a.newTelling(ctx, zone); err != nil {
		return nil, errors.Join(err, a.close())
	}
	a.keeper = &keeper{series: a.series, letters: a.letters, registry: a.registry}
	if err := a.newEraser().Restore(ctx); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func openSeries(ctx context.Context, s *settings, metrics prometheus.Registerer) (series, error) {
	zone, err := time.LoadLocation(s.TimeZone)
	if err != nil {
		return nil, err
	}
	if s.Series.Store == "sqlite" {
		return sqlite.Open(ctx, sqlite.Options{File: filepath.Join(s.Data, "timeseries.db"), Zone: zone, Metrics: metrics})
	}
	token, err := secret(s.Series.TokenFile)
	if err != nil {
		return nil, err
	}
	return influx.Open(influx.Options{
		URL: s.Series.URL, Org: s.Series.Org, Bucket: s.Series.Bucket, Token: token, Zone: zone, Metrics: metrics,
	})
}

func (a *app) close() error {
	var err error
	if a.series != nil {
		err = a.series.Close()
	}
	return errors.Join(err, a.db.Close(), a.lock.Unlock())
}

// Run starts every part, in the order in which a reading passes them, and runs
// until ctx ends or a part fails. It is one function on purpose: who needs what,
// and what must be there first, is read from top to bottom.
func (a *app) Run(ctx context.Context) (err error) {
	l := newLifecycle(ctx)
	defer func() { err = errors.Join(err, l.stop()) }()
	s := &a.settings

	if a.disk, err = a.newDisk(); err != nil {
		return err
	}
	l.start("disk", a.disk.Run)
	brk, err := a.newBroker()
	if err != nil {
		return err
	}
	l.start("broker", brk.Run)
	if err := await(l.ending, brk.Ready()); err != nil {
		return nil //nolint:nilerr // the part's own error comes from stop
	}
	a.mqttAddr = brk.MQTTAddr()

	conn, err := brk.Journal()
	if err != nil {
		return fmt.Errorf("connect to the journal: %w", err)
	}
	l.closing("journal connection", func() error { conn.Close(); return nil })
	jrn, err := journal.Open(l.ending, conn, journal.Options{ReplayWindow: s.Journal.Replay, Disk: a.disk, PurgeEvery: a.purgeEvery, Log: a.log, Metrics: a.metrics})
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	a.journal = jrn
	l.start("journal", jrn.Run)

	decoding := ingest.NewMetrics(a.metrics)
	var client *mqtt.Client
	if s.has("ingest") {
		limit, err := a.startExcess(l, jrn, decoding)
		if err != nil {
			return err
		}
		if client, err = a.newClient(brk, jrn, limit); err != nil {
			return err
		}
		a.client = client
		// The readers are behind the journal, so they may stop after the client.
		a.startHistory(l, jrn, decoding)
		l.start("rollups", a.rollups.Run)
		l.start("retention", func(ctx context.Context) error { return ingest.Retention(ctx, a.forgetful(), s.ages(), a.log) })
	}
	engine := alerting.NewEngine(alerting.EngineOptions{
		Book: a.alerts, Checkpoints: a.alerts, Directory: a.registry, Detectors: detect.New, Log: a.log, Metrics: a.metrics,
	})
	a.engine = engine
	if a.rounds, err = a.newRounds(engine); err != nil {
		return err
	}
	if s.has("alerting") {
		if err := a.startAlerting(l, jrn, engine, client, decoding); err != nil {
			return err
		}
	} else if _, err := a.alerts.Load(l.ending); err != nil { // rules and contacts, for the desk
		return fmt.Errorf("load alerting: %w", err)
	}
	if s.has("alerting") {
		l.start("notify", a.telling.dispatch.Run)
	}
	l.start("duty", a.duty.run)
	erasing := a.newEraser()
	erasing.journal = jrn
	if s.has("alerting") {
		erasing.engine = engine
	}
	l.start("erasures", erasing.Run)
	if client != nil {
		l.start("mqtt", client.Run)
		l.start("ticks", func(ctx context.Context) error { return ingest.Ticks(ctx, jrn, a.hears(client.Connected)) })
	}
	if err := a.newCanary(brk); err != nil {
		return fmt.Errorf("canary: %w", err)
	}
	if s.has("dashboard") {
		if err := a.startDashboard(l, brk, jrn, engine, client); err != nil {
			return err
		}
	}
	if a.ownListener() && s.has("ingest") {
		if err := await(l.ending, brk.Admitting()); err != nil {
			return nil //nolint:nilerr // the part's own error comes from stop
		}
		if err := until(l.ending, client.Connected); err != nil {
			return nil //nolint:nilerr // the part's own error comes from stop
		}
	}
	if m := a.canary.monitor; m != nil {
		l.start("canary", func(ctx context.Context) error {
			if a.canary.hold != nil && await(ctx, a.canary.hold) != nil {
				return nil
			}
			return m.Run(ctx)
		})
	}
	a.log.Info().Str("http", a.httpAddr).Str("mqtt", a.mqttAddr).Str("version", version).Msg("ready")
	close(a.ready)
	<-l.ending.Done()
	return nil
}

func await(ctx context.Context, ready <-chan struct{}) error {
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// until asks again and again, often enough that nobody notices.
func until(ctx context.Context, done func() bool) error {
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// ownListener says whether devices connect to the embedded broker.
func (a *app) ownListener() bool { return a.settings.MQTT.URL == "" && a.settings.has("broker") }

func (a *app) newBroker() (*broker.Broker, error) {
	s := &a.settings
	o := broker.Options{
		Dir: filepath.Join(s.Data, "broker"), SyncInterval: s.Broker.Sync, MaxWaitingBytes: s.Broker.MaxStoreMB << 20, Disk: a.disk,
		Auth: canaryDoor{a.registry, a.canary.secret}, Log: a.log, Metrics: a.metrics,
	}
	if a.ownListener() { // else only the journal is ours
		o.MQTTAddr = s.Broker.Listen
		if s.Broker.TLSCert != "" {
			cert, err := tls.LoadX509KeyPair(s.Broker.TLSCert, s.Broker.TLSKey)
			if err != nil {
				return nil, fmt.Errorf("broker.tls_cert: %w", err)
			}
			o.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
		}
	}
	return broker.New(o)
}

func (a *app) newClient(brk *broker.Broker, jrn *journal.Journal, limit mqtt.Limit) (*mqtt.Client, error) {
	o, err := a.brokerOptions(brk)
	if err != nil {
		return nil, err
	}
	o.Journal, o.Limit, o.Log, o.Metrics = jrn, limit, a.log, a.metrics
	return mqtt.New(o)
}

// brokerOptions say where the broker is and how the service signs in there.
func (a *app) brokerOptions(brk *broker.Broker) (mqtt.Options, error) {
	s := &a.settings
	o := mqtt.Options{Broker: s.MQTT.URL, Username: s.MQTT.User}
	if a.ownListener() {
		service := brk.Service()
		o.Broker, o.Username, o.Password = "tcp://"+loopback(a.mqttAddr), service.User, service.Password
		if s.Broker.TLSCert != "" {
			cert, err := tls.LoadX509KeyPair(s.Broker.TLSCert, s.Broker.TLSKey)
			if err != nil {
				return o, fmt.Errorf("broker.tls_cert: %w", err)
			}
			o.Broker, o.TLS = "ssl://"+loopback(a.mqttAddr), pinned(cert)
		}
		return o, nil
	}
	var err error
	if o.Password, err = secret(s.MQTT.PasswordFile); err != nil {
		return o, err
	}
	if s.MQTT.CAFile != "" {
		pem, err := os.ReadFile(s.MQTT.CAFile)
		if err != nil {
			return o, fmt.Errorf("mqtt.ca_file: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return o, fmt.Errorf("mqtt.ca_file: %s: no certificate in it", s.MQTT.CAFile)
		}
		o.TLS = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return o, nil
}

// loopback is the address at which this machine reaches its own listener.
func loopback(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// pinned trusts exactly this certificate: our own listener, reached by an
// address that its names need not hold.
func pinned(own tls.Certificate) *tls.Config {
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // the certificate itself is compared below
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 || !bytes.Equal(state.PeerCertificates[0].Raw, own.Certificate[0]) {
				return errors.New("the listener shows another certificate than broker.tls_cert")
			}
			return nil
		},
	}
}

// listen serves the board until ctx ends, then lets requests finish.
func (a *app) listen(server *http.Server) (run func(context.Context) error, err error) {
	s := &a.settings
	listener, err := net.Listen("tcp", s.HTTP.Listen) //nolint:noctx // bound for the life of the process
	if err != nil {
		return nil, fmt.Errorf("http.listen: %w", err)
	}
	a.httpAddr = listener.Addr().String()
	return func(ctx context.Context) error {
		failed := make(chan error, 1)
		go func() {
			if s.HTTP.TLSCert != "" {
				failed <- server.ServeTLS(listener, s.HTTP.TLSCert, s.HTTP.TLSKey)
			} else {
				failed <- server.Serve(listener)
			}
		}()
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
		}
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			_ = server.Close() // what is still open after the grace is cut off
		}
		return nil
	}, nil
}
