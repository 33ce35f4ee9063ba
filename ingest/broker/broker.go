// Package broker is the embedded MQTT broker: nats-server in this process, with
// its MQTT 3.1.1 listener and its file store, which also carries the journal in
// an account of its own. Devices prove themselves against the registry, may use
// their own topics only and cannot touch each other's sessions; an acknowledged
// message is on disk. docs/broker.md says what it is good for and what not.
package broker

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"shouwang/devices"
	"shouwang/ingest"
)

const (
	// MaxPayload is the largest MQTT message taken, its topic and about 26
	// bytes of headers included. It also bounds a journal frame.
	MaxPayload = 1 << 20

	devicesAccount = "devices"
	journalAccount = "journal"
	adminUser      = "broker"
	journalUser    = "journal"

	// ackWait is after how long an unacknowledged message is sent to the
	// service again, and so how long a restarted service waits for what its
	// predecessor had not acknowledged.
	ackWait = 10 * time.Second
	// maxAckPending bounds what the service may hold unacknowledged.
	maxAckPending = 1024
	// defaultStoreWait is four times the server's own.
	defaultStoreWait = 20 * time.Second

	noLimit           = 1 << 60
	defaultMaxWaiting = 1 << 30
	minMaxWaiting     = 64 << 10
	startTimeout      = 30 * time.Second
)

// Authenticator knows the devices. The error says why a login is refused, for
// the log; it must not contain the password.
type Authenticator interface {
	Authenticate(username, password string) (devices.Login, error)
}

// Service is the user as whom the service itself reads messages and writes to
// devices. An empty User is "shouwang", an empty Password a random one; see
// Broker.Service.
type Service struct{ User, Password string }

// Options of a broker. Dir and Auth are required.
type Options struct {
	// Dir is the data folder; everything is in its subfolder jetstream. Two
	// processes must not use one folder.
	Dir string
	// MQTTAddr is host:port of the MQTT listener; port 0 takes a free one. ""
	// is none: devices use another broker and this one carries the journal.
	MQTTAddr string
	// TLS, when set, makes the listener a TLS one (by custom on port 8883).
	TLS *tls.Config
	// MaxStoreBytes bounds all that is stored, the journal included, with a
	// part of it kept for the devices' messages however large the journal
	// grows; 0 leaves it to Disk.
	MaxStoreBytes int64
	// MaxWaitingBytes bounds the messages of devices that the service has not
	// yet taken over; 0 is 1 GiB, at most an eighth of the store.
	MaxWaitingBytes int64
	// Disk says what may still be taken from devices; nil: everything.
	Disk *ingest.Disk
	// SyncInterval is how often acknowledged messages are forced to disk. 0
	// forces each one before its acknowledgement; otherwise a power cut can
	// lose that much (a killed process loses nothing).
	SyncInterval time.Duration
	// StoreWait is how long a publisher's message may wait for the disk before
	// its connection is closed, 20 s when 0. Too short, and a thousand devices
	// that come back with a backlog are all thrown out, send everything again
	// behind what still waits, and so for ever: nobody gets a PUBACK any more.
	StoreWait time.Duration
	Service   Service
	Auth      Authenticator
	// Await lists the topic filters which must have a stored QoS 1
	// subscription before devices are let in, else the first messages would
	// be acknowledged and dropped. nil is the four channels devices publish
	// on; an empty list lets devices in at once.
	Await   []string
	Log     zerolog.Logger
	Metrics prometheus.Registerer
}

// Broker is made by New, started by Run and used once.
type Broker struct {
	server           *server.Server
	options          *server.Options
	addr             string // set before ready is closed, like damaged
	damaged          []Damage
	serverLog        *serverLog
	log              zerolog.Logger
	metrics          *metrics
	auth             Authenticator
	service          Service
	await            []string
	maxWaiting       int64
	disk             *ingest.Disk
	internalPassword string
	conns            *connections
	ids              *clientIDs

	open     chan struct{} // streams are bounded: the service may come in
	admit    chan struct{} // messages have a reader: devices may come in
	ready    chan struct{}
	stopping chan struct{}
}

// New checks the options and makes the data folder; it starts nothing.
func New(o Options) (*Broker, error) {
	if o.Auth == nil {
		return nil, errors.New("broker: no authenticator")
	}
	if o.Dir == "" {
		return nil, errors.New("broker: no data folder")
	}
	b := &Broker{
		log: o.Log.With().Str("component", "broker").Logger(), auth: o.Auth, service: o.Service,
		internalPassword: rand.Text(),
		open:             make(chan struct{}), admit: make(chan struct{}), ready: make(chan struct{}), stopping: make(chan struct{}),
	}
	b.conns = newConnections(b.alive)
	if b.service.User == "" {
		b.service.User = "shouwang"
	}
	if strings.ContainsAny(b.service.User, "/:~") {
		return nil, fmt.Errorf("broker: service user %q: a name with / : ~ could be a device's", b.service.User)
	}
	if b.service.Password == "" {
		b.service.Password = rand.Text()
	}
	if o.Await == nil {
		o.Await = topics("+", "+", upChannels[:])
	}
	var err error
	if b.await, err = subjects(o.Await); err != nil {
		return nil, fmt.Errorf("broker: await: %w", err)
	}
	if b.maxWaiting, err = maxWaiting(o); err != nil {
		return nil, err
	}
	b.disk = o.Disk
	b.metrics, err = newMetrics(o.Metrics, func() float64 { return float64(b.server.NumClients()) })
	if err != nil {
		return nil, err
	}
	opts, err := serverOptions(o)
	if err != nil {
		return nil, err
	}
	opts.CustomClientAuthentication = gate{b}
	b.options = opts
	if err := os.MkdirAll(opts.StoreDir, 0o700); err != nil {
		return nil, fmt.Errorf("broker: data folder: %w", err)
	}
	if b.server, err = server.NewServer(opts); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	b.serverLog = newServerLog(b.log, b.metrics)
	b.server.SetLoggerV2(b.serverLog, false, false, false)
	return b, nil
}

// maxWaiting settles the bound of the message stream as far as the options
// tell it.
func maxWaiting(o Options) (int64, error) {
	n := o.MaxWaitingBytes
	if n == 0 {
		n = defaultMaxWaiting
		if o.MaxStoreBytes > 0 {
			n = min(n, o.MaxStoreBytes/8)
		}
	}
	if n < minMaxWaiting {
		return 0, fmt.Errorf("broker: waiting messages: %d bytes: at least %d are needed", n, minMaxWaiting)
	}
	if o.MaxStoreBytes > 0 && reserved(n) > o.MaxStoreBytes/2 {
		return 0, fmt.Errorf("broker: waiting messages: %d bytes: with room for QoS 2 and retained ones more than half of the store of %d bytes", n, o.MaxStoreBytes)
	}
	return n, nil
}

// reserved is what the MQTT side may take of the store in all: the waiting
// messages, an eighth each for QoS 2 and retained ones, and a quarter for
// sessions and client ids.
func reserved(waiting int64) int64 { return waiting + waiting/2 }

func serverOptions(o Options) (*server.Options, error) {
	opts := &server.Options{
		ServerName: "shouwang",
		DontListen: true, // the only NATS connections are in-process
		NoSigs:     true,

		MaxPayload: MaxPayload,

		JetStream: true,
		StoreDir:  o.Dir, // the server adds /jetstream
		// Without a limit the server would stop at three quarters of the disk,
		// for events too.
		JetStreamMaxStore:  cmp.Or(o.MaxStoreBytes, noLimit),
		JetStreamMaxMemory: 64 << 20, // nothing of ours is kept in memory
		SyncAlways:         o.SyncInterval <= 0,
		SyncInterval:       o.SyncInterval,
	}
	opts.JetStreamLimits.DefaultMaxConsumers = -1 // else the 1000th QoS 1 subscription is refused
	var err error
	if opts.MQTT.Host, opts.MQTT.Port, err = listener(o.MQTTAddr); err != nil {
		return nil, err
	}
	// Consumer options beyond these stay unset: an inactivity threshold or
	// memory storage breaks QoS 1 delivery for good.
	opts.MQTT.AckWait = ackWait
	opts.MQTT.MaxAckPending = maxAckPending
	opts.MQTT.JSAPITimeout = cmp.Or(o.StoreWait, defaultStoreWait)
	opts.MQTT.AuthTimeout = 10 // seconds, for narrow-band radios
	if o.TLS != nil {
		opts.MQTT.TLSConfig = o.TLS.Clone()
		opts.MQTT.TLSTimeout = 10
	}

	// Accounts with JetStream can only be told in the configuration language.
	// A QoS 2 subscription is served as QoS 1, what we send is QoS 0 anyway.
	journalLimit := "-1"
	if o.MaxStoreBytes > 0 {
		w, err := maxWaiting(o)
		if err != nil {
			return nil, err
		}
		journalLimit = strconv.FormatInt(o.MaxStoreBytes-reserved(w), 10)
	}
	config := fmt.Sprintf(`
		accounts {
			%s { jetstream: enabled }
			%s { jetstream { max_mem: 0, max_file: %s, max_streams: -1, max_consumers: -1 } }
		}
		mqtt { downgrade_qos2_subscribe: true }`, devicesAccount, journalAccount, journalLimit)
	if err := opts.ProcessConfigString(config); err != nil {
		return nil, fmt.Errorf("broker: %w", err)
	}
	return opts, nil
}

// listener splits an address the way the server wants it: port 0 is no
// listener and -1 a free port.
func listener(addr string) (host string, port int, err error) {
	if addr == "" {
		return "", 0, nil
	}
	host, p, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, fmt.Errorf("broker: MQTT address: %w", err)
	}
	n, err := strconv.ParseUint(p, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("broker: MQTT address %q: port: %w", addr, err)
	}
	if host == "" {
		host = "0.0.0.0"
	}
	if n == 0 {
		return host, server.RANDOM_PORT, nil
	}
	return host, int(n), nil
}

// Run starts the broker and keeps it until the context ends, then closes all
// connections and the store. A port in use or a folder it cannot use is its
// error.
//
// What is damaged in the store is left out and reported, see Damaged; the rest
// is kept.
func (b *Broker) Run(ctx context.Context) error {
	if err := b.repair(); err != nil {
		return err
	}
	b.server.Start()
	defer func() {
		close(b.stopping)
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}()
	if err := b.serverLog.fatalError(); err != nil {
		return err
	}
	if !b.server.ReadyForConnections(startTimeout) {
		return fmt.Errorf("broker: not ready after %s", startTimeout)
	}
	if b.options.MQTT.Port == 0 {
		close(b.ready)
		return b.keep(ctx, func() error { return nil })
	}
	admin, err := b.connect(adminUser)
	if err != nil {
		return err
	}
	defer admin.Close()
	js, err := jetstream.New(admin, jetstream.WithDefaultTimeout(storeTimeout))
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	if err := b.prepare(ctx, js); err != nil {
		if ctx.Err() != nil {
			return nil //nolint:nilerr // stopped while starting
		}
		return err
	}
	// The server writes the port it was given into the options it was made of.
	b.addr = net.JoinHostPort(b.options.MQTT.Host, strconv.Itoa(b.options.MQTT.Port))
	b.log.Info().Str("addr", b.addr).Msg("MQTT broker listens")
	close(b.open)
	close(b.ready)
	return b.watch(ctx, js)
}

// ErrStore is the error of Run when the message store takes no writes any more:
// the disk was full, or failed. Once a write has failed the server refuses all
// that follow, also when there is room again; a new Broker goes on.
var ErrStore = errors.New("broker: the message store takes no writes any more")

// keep looks after the broker until the context ends or the store has failed.
func (b *Broker) keep(ctx context.Context, look func() error) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		err := look()
		if line := b.serverLog.store.Load(); line != nil && ctx.Err() == nil {
			return fmt.Errorf("%w: %s", ErrStore, *line)
		}
		if ctx.Err() == nil && !b.server.JetStreamEnabled() {
			return ErrStore
		}
		if err != nil && ctx.Err() == nil {
			b.serverLog.client(func() { b.log.Warn().Err(err).Msg("broker cannot look at its streams") })
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (b *Broker) prepare(ctx context.Context, js jetstream.JetStream) error {
	if err := b.bound(ctx, js); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	if err := b.dropOrphans(ctx, js); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	b.ids = newClientIDs(js, func(ctx context.Context, user, clientID string) (bool, error) {
		if b.conns.has(user, clientID) {
			return true, nil
		}
		return storedSession(ctx, js, clientID)
	})
	if err := b.ids.load(ctx); err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	return nil
}

func (b *Broker) repair() error {
	damaged, err := repair(filepath.Join(b.options.StoreDir, server.JetStreamStoreDir))
	if err != nil {
		return fmt.Errorf("broker: %w", err)
	}
	for _, d := range damaged {
		b.metrics.damaged.Add(float64(d.Bytes))
		level := zerolog.ErrorLevel
		if d.AtEnd { // as after any power cut
			level = zerolog.WarnLevel
		}
		b.log.WithLevel(level).Str("stream", d.Stream).Int("bytes", d.Bytes).Int("records_lost", d.Lost).Bool("at_end", d.AtEnd).Str("file", d.Block).
			Msg("store is damaged, everything else in it is kept")
	}
	b.damaged = damaged
	return nil
}

// Damaged says what of the store could not be kept at the start. It stands from
// Ready on.
func (b *Broker) Damaged() []Damage { return b.damaged }

// Ready is closed once the listener is up and the service may connect. Devices
// are let in when the service has subscribed (Options.Await).
func (b *Broker) Ready() <-chan struct{} { return b.ready }

// Admitting is closed once devices are let in.
func (b *Broker) Admitting() <-chan struct{} { return b.admit }

// MQTTAddr is the address of the MQTT listener, "" before Ready and without one.
func (b *Broker) MQTTAddr() string {
	select {
	case <-b.ready:
		return b.addr
	default:
		return ""
	}
}

// Service returns the user name and password the service connects with; its
// client ids begin with the user name, as in "shouwang~event".
func (b *Broker) Service() Service { return b.service }

// Journal opens an in-process connection to the journal's account, which MQTT
// clients can neither reach nor see. The caller closes it, before Run ends.
func (b *Broker) Journal() (*nats.Conn, error) {
	select {
	case <-b.ready:
		return b.connect(journalUser)
	default:
		return nil, errors.New("broker: journal: the broker is not running")
	}
}

func (b *Broker) connect(user string) (*nats.Conn, error) {
	conn, err := nats.Connect("", nats.InProcessServer(b.server), nats.UserInfo(user, b.internalPassword),
		nats.Name(user), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("broker: connect %s in process: %w", user, err)
	}
	return conn, nil
}

// Disconnect closes the user's connections at once. Revoke the login first:
// the device will try again at once.
func (b *Broker) Disconnect(user string) error {
	var errs []error
	for _, id := range b.conns.of(user) {
		// Not there any more is as good as closed.
		if err := b.server.DisconnectClientByID(id); err != nil && b.alive(id) {
			errs = append(errs, fmt.Errorf("broker: disconnect: %w", err))
		}
	}
	return errors.Join(errs...)
}

func (b *Broker) alive(connection uint64) bool { return b.server.GetClient(connection) != nil }
