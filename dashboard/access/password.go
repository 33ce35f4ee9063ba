package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/sync/semaphore"
)

// Argon2id parameters: the second choice of the OWASP Password Storage Cheat
// Sheet (19 MiB, 2 passes, 1 lane), about 30 ms on one core. They are written
// into each hash, so that they can be raised later.
const (
	argonMemoryKiB = 19 * 1024
	argonPasses    = 2
	argonLanes     = 1
	argonKeyLen    = 32
	argonSaltLen   = 16
)

// The length of a password in bytes. The upper bound keeps hashing cheap.
const (
	minPassword = 8
	maxPassword = 256
)

// hasher bounds how many passwords are hashed at the same time, so that a flood
// of sign-ins costs neither all memory nor all cores, and how many sign-ins wait
// for it: who stands in a short line is served within a second.
type hasher struct {
	slots, line *semaphore.Weighted
	cost        cost
}

// cost is what one hash takes.
type cost struct{ memoryKiB, passes uint32 }

// prefix is how a hash of that cost begins.
func (c cost) prefix() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$", argon2.Version, c.memoryKiB, c.passes, argonLanes)
}

// text is the hash as it is stored.
func (c cost) text(salt, key []byte) string {
	return c.prefix() + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(key)
}

const (
	hashesAtOnce = 2
	maxLine      = 16 // sign-ins being checked or waiting
)

func newHasher() *hasher {
	return &hasher{semaphore.NewWeighted(hashesAtOnce), semaphore.NewWeighted(maxLine), cost{argonMemoryKiB, argonPasses}}
}

func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, argonSaltLen)
	if _, err := rand.Read(salt); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return "", err
	}
	defer h.slots.Release(1)
	key := argon2.IDKey([]byte(password), salt, h.cost.passes, h.cost.memoryKiB, argonLanes, argonKeyLen)
	return h.cost.text(salt, key), nil
}

// verify says whether the password makes the hash. It takes as long for an
// empty hash, which nothing makes: a caller cannot tell which names exist.
// ErrBusy when too many wait already.
func (h *hasher) verify(ctx context.Context, password, encoded string) (bool, error) {
	if !h.line.TryAcquire(1) {
		return false, ErrBusy
	}
	defer h.line.Release(1)
	known := encoded != ""
	if !known {
		encoded = h.cost.text(make([]byte, argonSaltLen), make([]byte, argonKeyLen))
	}
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false, errors.New("stored password hash: unknown form")
	}
	var version int
	var memory, passes uint32
	var lanes uint8
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, errors.New("stored password hash: unknown version")
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil {
		return false, fmt.Errorf("stored password hash: parameters: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("stored password hash: salt: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("stored password hash: key: %w", err)
	}
	if err := h.slots.Acquire(ctx, 1); err != nil {
		return false, err
	}
	defer h.slots.Release(1)
	got := argon2.IDKey([]byte(password), salt, passes, memory, lanes, uint32(len(want))) //nolint:gosec // a stored hash is short
	return subtle.ConstantTimeCompare(got, want) == 1 && known, nil
}

// outdated says whether the hash was made with other parameters than are used
// now.
func (h *hasher) outdated(encoded string) bool {
	return !strings.HasPrefix(encoded, h.cost.prefix())
}

// newToken makes a random token of 256 bits.
func newToken() (string, error) {
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("make token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// hashToken is what is stored of a token. Tokens are random and long, so a fast
// hash is enough.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
