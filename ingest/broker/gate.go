package broker

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nuid"

	"shouwang/devices"
)

// admitWait is how long a connection may wait for its CONNACK while the broker
// starts; MQTT clients commonly wait 10 to 30 s.
const admitWait = 5 * time.Second

// refusal is the reason of a refused connection as a metric label.
type refusal string

const (
	badCredentials refusal = "credentials"
	badClientID    refusal = "client_id"
	starting       refusal = "starting"
	internal       refusal = "internal"
)

type refusedError struct {
	reason refusal
	err    error
}

func (e *refusedError) Error() string { return e.err.Error() }
func (e *refusedError) Unwrap() error { return e.err }

func refuse(reason refusal, format string, v ...any) error {
	return &refusedError{reason, fmt.Errorf(format, v...)}
}

// gate is asked by the server about every new connection.
type gate struct{ b *Broker }

var _ server.Authentication = gate{}

// Check lets a connection in or not; the server answers a refused MQTT client
// with CONNACK code 5. It runs in the connection's own goroutine without any
// server lock and may take its time.
func (g gate) Check(c server.ClientAuthentication) bool {
	b := g.b
	user, err := b.identify(c)
	if err == nil {
		c.RegisterUser(user)
		return true
	}
	reason := internal
	if r := new(refusedError); errors.As(err, &r) {
		reason = r.reason
	}
	b.metrics.loginsRefused.WithLabelValues(string(reason)).Inc()
	remote := ""
	if a := c.RemoteAddress(); a != nil {
		remote = a.String()
	}
	name := c.GetOpts().Username
	if len(name) > 130 {
		name = name[:130]
	}
	b.serverLog.client(func() {
		b.log.Warn().Str("user", name).Str("remote", remote).Str("reason", string(reason)).Err(err).Msg("connection refused")
	})
	return false
}

func (b *Broker) identify(c server.ClientAuthentication) (*server.User, error) {
	isMQTT, clientID, err := origin(c)
	if err != nil {
		return nil, err
	}
	opts := c.GetOpts()
	if !isMQTT {
		return b.identifyInternal(c, opts)
	}
	// Entered before the login is checked, so that a revocation in the
	// meantime finds the connection.
	name, id := opts.Username, c.GetID()
	b.conns.add(name, id, clientID)
	user, err := b.identifyMQTT(clientID, opts)
	if err != nil {
		b.conns.remove(name, id)
	}
	return user, err
}

// identifyInternal knows the two connections the process itself makes. The
// server has no NATS listener, so nobody else comes this way; the passwords
// are random all the same.
func (b *Broker) identifyInternal(c server.ClientAuthentication, opts *server.ClientOpts) (*server.User, error) {
	if c.Kind() != server.CLIENT || !same(opts.Password, b.internalPassword) {
		return nil, refuse(badCredentials, "not an internal connection")
	}
	switch opts.Username {
	case adminUser:
		acc, err := b.server.LookupAccount(devicesAccount)
		if err != nil {
			return nil, err
		}
		return &server.User{Username: adminUser, Account: acc, Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: []string{"$JS.API.>", "$JS.ACK.>", clientIDSubject + ">"}},
			Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
		}}, nil
	case journalUser:
		acc, err := b.server.LookupAccount(journalAccount)
		if err != nil {
			return nil, err
		}
		all := &server.SubjectPermission{Allow: []string{">"}}
		return &server.User{Username: journalUser, Account: acc, Permissions: &server.Permissions{Publish: all, Subscribe: all}}, nil
	}
	return nil, refuse(badCredentials, "not an internal connection")
}

func (b *Broker) identifyMQTT(clientID string, opts *server.ClientOpts) (*server.User, error) {
	if opts.Username == "" {
		return nil, refuse(badCredentials, "no user name")
	}
	if err := b.wait(b.open); err != nil {
		return nil, err
	}
	acc, err := b.server.LookupAccount(devicesAccount)
	if err != nil {
		return nil, err
	}
	if opts.Username == b.service.User {
		if !same(opts.Password, b.service.Password) {
			return nil, refuse(badCredentials, "wrong password")
		}
		if !ownID(clientID, b.service.User) {
			return nil, refuse(badClientID, "client id %q: the service's begins with its user name", clientID)
		}
		perms, err := servicePermissions()
		if err != nil {
			return nil, err
		}
		return &server.User{Username: b.service.User, Account: acc, Permissions: perms}, nil
	}
	login, err := b.auth.Authenticate(opts.Username, opts.Password)
	if err != nil {
		return nil, &refusedError{badCredentials, err}
	}
	if login.User != opts.Username {
		return nil, refuse(internal, "login of %q answered with %q", opts.Username, login.User)
	}
	perms, err := loginPermissions(login)
	if err != nil {
		return nil, err
	}
	if !allowedID(clientID, login, b.service.User) {
		return nil, refuse(badClientID, "client id %q: must be empty, the device id or the user name, either followed by ~ and anything, or the one registered", clientID)
	}
	if err := b.wait(b.admit); err != nil {
		return nil, err
	}
	if !generatedID(clientID) {
		if err := b.ids.claim(clientID, login.User); err != nil {
			return nil, err
		}
	}
	return &server.User{Username: login.User, Account: acc, Permissions: perms}, nil
}

// wait holds a connection that comes while the broker starts.
func (b *Broker) wait(opened <-chan struct{}) error {
	select {
	case <-opened:
		return nil
	default:
	}
	timeout := time.NewTimer(admitWait)
	defer timeout.Stop()
	select {
	case <-opened:
		return nil
	case <-b.stopping:
		return refuse(starting, "broker is stopping")
	case <-timeout.C:
		return refuse(starting, "the service does not read messages yet")
	}
}

// allowedID holds a device to client ids of its own and keeps it off the
// service's, whose session holds everybody's unread messages.
func allowedID(clientID string, login devices.Login, service string) bool {
	if ownID(clientID, service) {
		return false
	}
	if generatedID(clientID) || clientID != "" && clientID == login.ClientID || ownID(clientID, login.User) {
		return true
	}
	_, id := login.Device.Split()
	return id != "" && ownID(clientID, id)
}

// ownID says whether the client id is the name, or the name, ~ and anything.
func ownID(clientID, name string) bool {
	rest, ok := strings.CutPrefix(clientID, name)
	return ok && (rest == "" || rest[0] == '~')
}

// generatedID recognises the id the server gave to a client without one: it
// comes from this process's own nuid sequence, whose random prefix no client
// can know.
func generatedID(clientID string) bool {
	const prefix, length = 12, 22
	return len(clientID) == length && same(clientID[:prefix], nuid.Next()[:prefix])
}

// same compares two secrets in a time that does not depend on them.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
