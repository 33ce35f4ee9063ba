package registry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"shouwang/devices"
	"shouwang/devices/database"
)

// gatewayPrefix begins the user name of a vendor's gateway.
const gatewayPrefix = "vendor:"

// minSecret is the least length of a secret: 22 characters of base64 or 32 of
// hex hold 128 bits. What is that random needs no slow hash: nobody guesses
// it, so SHA-256 is enough, and thousands of devices reconnecting at once after
// a power cut cost nothing.
const minSecret = 22

// Why a login failed, for the log of who runs the service; a device only hears
// "no".
var (
	errUnknownUser = errors.New("unknown user")
	errNoSecret    = errors.New("no secret was made for this user")
	errWrongSecret = errors.New("wrong secret")
	errDisabled    = errors.New("device is disabled")
)

// Authenticate says who the MQTT user is. The error says why it is refused and
// never contains the password.
func (r *Registry) Authenticate(username, password string) (devices.Login, error) {
	got := sha256.Sum256([]byte(password))
	login, want, why := r.login(username)
	if want == nil {
		// As long as for a user that exists.
		want = &[32]byte{}
	}
	if subtle.ConstantTimeCompare(got[:], want[:]) != 1 && why == nil {
		why = errWrongSecret
	}
	if why != nil {
		return devices.Login{}, fmt.Errorf("user %.140q: %w", username, why)
	}
	return login, nil
}

func (r *Registry) login(username string) (devices.Login, *[32]byte, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if vendor, ok := strings.CutPrefix(username, gatewayPrefix); ok {
		g, ok := r.gateways[vendor]
		switch {
		case !ok:
			return devices.Login{}, nil, errUnknownUser
		case g.secret == nil:
			return devices.Login{}, nil, errNoSecret
		}
		return devices.Login{User: username, Vendor: vendor}, g.secret, nil
	}
	e, ok := r.devices[devices.DeviceID(username)]
	switch {
	case !ok:
		return devices.Login{}, nil, errUnknownUser
	case e.secret == nil:
		return devices.Login{}, nil, errNoSecret
	case e.now.Disabled:
		return devices.Login{}, e.secret, errDisabled
	}
	return devices.Login{User: username, Vendor: e.now.ID.Vendor(), Device: e.now.ID, ClientID: e.now.ClientID}, e.secret, nil
}

// setHash puts the hash where login looks for it.
func (r *Registry) setHash(user string, hash *[32]byte) {
	if vendor, ok := strings.CutPrefix(user, gatewayPrefix); ok {
		if g := r.gateways[vendor]; g != nil {
			g.secret = hash
		}
		return
	}
	if e := r.devices[devices.DeviceID(user)]; e != nil {
		e.secret = hash
	}
}

// NewSecret makes a random secret of 128 bits for the user, "vendor/device" or
// "vendor:vendor". It replaces the one before and cannot be shown again.
func (r *Registry) NewSecret(ctx context.Context, user string) (string, error) {
	secret := rand.Text()
	return secret, r.SetSecret(ctx, user, secret)
}

// SetSecret gives the user a secret that was made elsewhere, at random.
func (r *Registry) SetSecret(ctx context.Context, user, secret string) error {
	return r.PutAll(ctx, devices.Import{Secrets: []devices.Secret{{User: user, Secret: secret}}})
}

func (r *Registry) putSecret(e *edit, s devices.Secret) error {
	if len(s.Secret) < minSecret {
		// Not even a secret that is refused is repeated.
		return &devices.InputError{Field: "secret", Rule: "must hold at least 128 random bits: 22 characters or more"}
	}
	if !r.userExists(e, s.User) {
		return fmt.Errorf("user %.140q: %w", s.User, devices.ErrNotFound)
	}
	hash := sha256.Sum256([]byte(s.Secret))
	if _, old, _ := r.login(s.User); old != nil && *old == hash {
		return nil
	}
	err := e.exec(`INSERT INTO credentials (username, sha256, created) VALUES ($1, $2, $3)
		ON CONFLICT (username) DO UPDATE SET sha256 = excluded.sha256, created = excluded.created`,
		s.User, hex.EncodeToString(hash[:]), database.Micros(e.now))
	e.then(func(int64) { r.setHash(s.User, &hash) })
	return err
}

func (r *Registry) userExists(e *edit, user string) bool {
	if vendor, ok := strings.CutPrefix(user, gatewayPrefix); ok {
		return r.gateways[vendor] != nil || e.gateways[vendor]
	}
	return r.device(e, devices.DeviceID(user)) != nil
}
